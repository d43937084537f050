// Did it help? One press says so; what was wrong may be added, and all of it taken back.

import { html, nothing, type TemplateResult } from "lit/html.js";
import { faultOf } from "./faults";
import { sendJson } from "./client";
import { reference } from "./text";
import type { Turn, Vote } from "./types";
import { icon, type Chat } from "./views";

const REASONS = ["wrong_quote", "not_relevant", "incomplete", "outdated", "should_know", "other"];
const READER = "quotewell.reader";
let mine = "";
const NONE: Vote = { verdict: "", reasons: [], comment: "" };

/** A token of this tab's own, so that nobody else can replace or take back what its reader said. */
function reader(): string {
  mine ||= crypto.getRandomValues(new Uint32Array(4)).join("-");
  try {
    mine = sessionStorage.getItem(READER) ?? mine;
    sessionStorage.setItem(READER, mine);
  } catch {
    // the page may keep nothing
  }
  return mine;
}

/** Throws a Fault where it was not kept. */
export async function sendVote(api: string, id: string, vote: Vote): Promise<void> {
  const url = `${api}/v1/answers/${id}/feedback`;
  const whose = { headers: { "X-Quotewell-Reader": reader() } };
  const reply = await sendJson(url, vote.verdict ? "PUT" : "DELETE", vote.verdict ? vote : undefined, whose);
  if (!reply.ok) throw await faultOf(reply);
}

/** The row below an answer: copy it, judge it. */
export function feedback(chat: Chat, turn: Turn): unknown {
  const answer = turn.answer!;
  const { words } = chat;
  const sources = answer.citations.map((one) => `[${one.marker}] ${reference(chat.api, one, words)}`);
  const copy = (): void => chat.copy([answer.text, ...sources].join("\n"), turn);
  return html`<div class="actions">
    <button type="button" class="plain copy" @click=${copy}>${icon("copy")}${words.of(
      chat.copied === turn ? "copied" : "copyAnswer",
    )}</button>${turn.votable ? [thumb(chat, turn, "up"), thumb(chat, turn, "down")] : nothing}</div>
    ${turn.votable && turn.asking ? reasons(chat, turn) : nothing}`;
}

function thumb(chat: Chat, turn: Turn, verdict: "up" | "down"): TemplateResult {
  const pressed = turn.vote.verdict === verdict;
  const press = (event: Event): void => {
    const card = (event.target as HTMLElement).closest(".card");
    turn.asking = !pressed && verdict === "down";
    chat.vote(turn, pressed ? NONE : { ...NONE, verdict });
    setTimeout(() => card?.querySelector(".reasons")?.scrollIntoView({ block: "nearest" })); // once it is drawn
  };
  return html`<button type="button" class="plain icon-only thumb ${verdict}"
    aria-pressed=${String(pressed)} aria-label=${chat.words.of(verdict)} @click=${press}>${icon("thumb")}</button>`;
}

function reasons(chat: Chat, turn: Turn): TemplateResult {
  const { vote } = turn;
  const toggle = (reason: string): void => {
    const others = vote.reasons.filter((one) => one !== reason);
    turn.vote = { ...vote, reasons: others.length < vote.reasons.length ? others : [...vote.reasons, reason] };
    chat.requestUpdate();
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const comment = new FormData(form).get("comment");
    form.closest(".card")?.querySelector<HTMLElement>(".down")?.focus(); // the form goes away
    turn.asking = false;
    chat.vote(turn, { ...turn.vote, comment: String(comment ?? "").trim() });
  };
  const chips = REASONS.map((reason) => html`<button type="button" class="plain reason"
    aria-pressed=${String(vote.reasons.includes(reason))} @click=${() => toggle(reason)}>${chat.words.of(reason)}</button>`);
  return html`<form class="reasons" @submit=${submit}>
    <p class="why">${chat.words.of("why")}</p><div class="actions">${chips}</div>
    <textarea name="comment" rows="2" maxlength="2000" dir="auto"
      aria-label=${chat.words.of("comment")} placeholder=${chat.words.of("comment")}></textarea>
    <button type="submit" class="button send-reasons">${chat.words.of("send")}</button></form>`;
}
