// The box to ask in.

import { html, nothing, type TemplateResult } from "lit/html.js";
import type { Chat } from "./views";

const MOST_CHARACTERS = 2000;

/** One button asks and stops, so that the focus never falls off it. */
export function composer(chat: Chat, submit: () => void, stop: () => void): TemplateResult {
  const { words, busy } = chat;
  const disclaimer = chat.given("disclaimer");
  const press = (event: MouseEvent): void => {
    if (event.detail > 1) return; // the second press of a double click on "Ask" must not stop it
    if (busy) stop();
    else submit();
  };
  const key = (event: KeyboardEvent): void => {
    if (event.keyCode !== 13 || event.shiftKey) return; // 229 ends a composition, and `isComposing` is false in Safari
    event.preventDefault();
    submit();
  };
  return html`<form id="ask" autocomplete="off" @submit=${(event: Event) => event.preventDefault()}>
    <textarea id="question" rows="1" maxlength=${MOST_CHARACTERS} dir="auto"
      enterkeyhint="send" aria-label=${words.of("question")} aria-describedby="hint"
      placeholder=${chat.given("placeholder") || words.of("placeholder")} @keydown=${key} @input=${fit}></textarea>
    <button id="send" class="button ${busy ? "stop" : ""}" type="button" @click=${press}>
      ${words.of(busy ? "stop" : "ask")}</button>
    <p id="hint">${words.of("hint")}</p>
    ${disclaimer ? html`<p class="disclaimer" dir="auto">${disclaimer}</p>` : nothing}</form>`;
}

/** As high as its text, where the browser does not see to that itself. */
export function fit({ target }: Pick<Event, "target">): void {
  if (CSS.supports("field-sizing", "content")) return;
  const box = target as HTMLTextAreaElement;
  box.rows = 1;
  while (box.scrollHeight > box.clientHeight && box.rows < 6) box.rows += 1;
}
