// What stands where: the head, the conversation with the box to ask in, and the source over it or beside it.

import { html, nothing, type TemplateResult } from "lit/html.js";
import { turnView } from "./answer";
import { composer } from "./composer";
import type { Conversation } from "./conversation";
import { sourcePanel } from "./source";
import type { Start } from "./start";
import { icon, sign, type Chat } from "./views";

export interface Shown extends Chat {
  readonly mode: string; // floating, inline or page
  readonly heading: string;
  readonly wide: boolean; // there is room for the source beside the answer
  readonly away: boolean; // the latest turn is out of sight below
  readonly conversation: Conversation;
  readonly start: Start;
  open: boolean;
  reset(): void;
  submit(): void;
  scrolled(): void;
  toLatest(): void;
}

export function masthead(shown: Shown): TemplateResult {
  const { words, mode } = shown;
  const page = mode === "page";
  const close = html`<button type="button" id="close" class="plain icon-only" aria-label=${words.of("close")}
    @click=${() => (shown.open = false)}>${icon("close")}</button>`;
  return html`<header class="masthead">
    <div id="title" role="heading" aria-level=${page ? 1 : 2} tabindex="-1">
    <a class="brand" href=${page ? "./" : nothing}>${sign}<span>${shown.heading}</span></a></div>
    ${page ? html`<p class="promise">${words.of("promise")}</p>` : nothing}
    ${shown.conversation.turns.length
      ? html`<button type="button" id="restart" class="plain" aria-label=${words.of("restart")}
        @click=${() => shown.reset()}>${icon("restart")}<span>${words.of("restart")}</span></button>`
      : nothing}${mode === "floating" ? close : nothing}</header>`;
}

export function stage(shown: Shown): TemplateResult {
  const { words, busy, conversation } = shown;
  const { turns } = conversation;
  const page = shown.mode === "page";
  const level = page ? 2 : 3;
  const latest = html`<button type="button" id="latest" class="plain" @click=${() => shown.toLatest()}>${words.of("latest")}</button>`;
  return html`<div class="stage"><div class="conversation" ?inert=${shown.sources.shown !== null && !shown.wide}>
    <div id="log" role="log" aria-live="off" aria-label=${words.of("log")} aria-busy=${String(busy)}
      tabindex="0" @scroll=${() => shown.scrolled()}><div class="column">${turns.length
        ? turns.map((turn) => turnView(shown, turn, level))
        : shown.start.view(level, page)}</div></div>
    ${shown.away ? latest : nothing}
    ${composer(shown, () => shown.submit(), () => conversation.stop())}
    </div>${sourcePanel(shown)}</div>`;
}
