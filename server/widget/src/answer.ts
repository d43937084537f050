// A turn of the conversation: the question, and an answer, an abstention, or what went wrong.

import { html, nothing, type TemplateResult } from "lit/html.js";
import { checkLine, wholeLine } from "./checks";
import { inWords } from "./faults";
import { feedback } from "./feedback";
import { marker } from "./marker";
import { articleUrl } from "./text";
import type { Answer, Citation, Hit, Segment, Turn } from "./types";
import { marked, type Chat } from "./views";

const MOST_PASSAGES = 3;

export function turnView(chat: Chat, turn: Turn, level: number): TemplateResult {
  return html`<article class="turn">
    <div class="asked" role="heading" aria-level=${level} dir="auto">${turn.question}</div>
    <div class="reply">${understood(chat, turn)} ${card(chat, turn)} ${ending(chat, turn)}</div></article>`;
}

function card(chat: Chat, turn: Turn): unknown {
  const { answer } = turn;
  const segments = answer?.segments ?? turn.partial.filter(Boolean);
  if (!answer && !segments.length) return nothing;
  if (answer?.status === "abstained") {
    return html`<div class="card abstained">
      <p class="absent">${chat.words.of(`absent.${answer.reason?.code ?? "off_corpus"}`)}</p>
      ${segments.map((one) => note(chat, turn, one))} ${passages(chat, "nearest", answer.evidence, true)} ${feedback(chat, turn)}</div>`;
  }
  return html`<div class="card">${grouped(segments).map((group, n, all) => groupView(chat, turn, group, all[n + 1]?.[0]))}
    ${answer ? conclusion(chat, turn, answer) : nothing}</div>`;
}

/** Statements that follow each other read as one paragraph; all else stands alone. */
function grouped(segments: Segment[]): Segment[][] {
  const groups: Segment[][] = [];
  for (const segment of segments) {
    const last = groups.at(-1);
    if (segment.kind === "statement" && last?.[0]?.kind === "statement") last.push(segment);
    else groups.push([segment]);
  }
  return groups;
}

function groupView(chat: Chat, turn: Turn, group: Segment[], next?: Segment): unknown {
  const first = group[0]!;
  if (first.kind !== "quote" && first.kind !== "statement") return note(chat, turn, first, next);
  const cited = citationsOf(turn, group.flatMap(({ citations }) => citations));
  const verbatim = first.kind === "quote";
  const words = verbatim ? quote(chat, turn, first) : statements(chat, turn, group);
  return [words, cited.map((citation) => checkLine(turn, citation, !verbatim || cited.length > 1, chat.words))];
}

function quote(chat: Chat, turn: Turn, segment: Segment): TemplateResult {
  const [citation] = citationsOf(turn, segment.citations); // none while it streams
  return html`<blockquote dir="auto">“<span class="words">${marked(segment.text, citation, citation?.answer)}</span>”${markers(chat, turn, segment)}</blockquote>`;
}

function statements(chat: Chat, turn: Turn, group: Segment[]): TemplateResult {
  const sentences = group.map((one) => html`<span class="words">${one.text.trim()}</span>${markers(chat, turn, one)} `);
  return html`<p class="statement" dir="auto">${sentences}</p>`;
}

function markers(chat: Chat, turn: Turn, segment: Segment): unknown {
  const { evidence } = turn.answer ?? turn;
  return citationsOf(turn, segment.citations).map((citation) =>
    marker(chat, { citation, passage: evidence.find((hit) => hit.passage_id === citation.passage_id) }),
  );
}

function citationsOf(turn: Turn, numbers: number[]): Citation[] {
  return (turn.answer ?? turn).citations.filter((one) => numbers.includes(one.marker));
}

/**
 * Our own words: a note, a heading, that articles differ, or what is known of an article, with where it begins.
 * A heading opens where the date in it stands nowhere in the article, and says so.
 */
function note(chat: Chat, turn: Turn, segment: Segment, next?: Segment): TemplateResult {
  const { text, citations } = segment;
  const kind = ["about", "conflict", "comparison", "question"].find((one) => one === segment.kind) ?? "note";
  const headed = kind === "note" && !citations.length && next?.kind === "quote" && citationsOf(turn, next.citations)[0];
  return headed && headed.inferred.includes("published")
    ? html`<details class="inferred"><summary class="note" dir="auto">${text} ≈</summary>${chat.words.of("dateInferred")}</details>`
    : html`<p class=${kind} dir="auto">${text}${kind === "about" ? markers(chat, turn, segment) : nothing}</p>`;
}

function conclusion(chat: Chat, turn: Turn, answer: Answer): TemplateResult {
  const others = answer.evidence.filter((hit) => answer.citations.every((one) => one.passage_id !== hit.passage_id));
  return html`${phrased(chat, answer)} ${wholeLine(turn, chat.words)}
    ${answer.confidence === null ? nothing : support(chat, answer.confidence)}
    ${passages(chat, "others", others, false)} ${feedback(chat, turn)}`;
}

/** A language model chose the words; the reader is told so. */
function phrased({ words }: Chat, { phrasing }: Answer): unknown {
  if (!phrasing) return nothing;
  const dropped = phrasing.dropped ? words.plural("dropped", phrasing.dropped) : "";
  return html`<p class="note phrased">${words.of("phrased", { model: phrasing.model })} ${dropped}</p>`;
}

/** How sure it is that the first quote answers the question, in words; the dots only repeat them. */
function support({ words }: Chat, confidence: number): TemplateResult {
  const level = confidence >= 0.75 ? 3 : confidence >= 0.5 ? 2 : 1;
  const dots = [1, 2, 3].map((n) => html`<i class=${n <= level ? "on" : ""}></i>`);
  return html`<p class="support">
    <span class="level" aria-hidden="true">${dots}</span>${words.of(`support.${level}`)}</p>`;
}

function passages(chat: Chat, heading: string, hits: Hit[], open: boolean): unknown {
  if (!hits.length) return nothing;
  const items = hits.slice(0, MOST_PASSAGES).map(
    (hit) => html`<li dir="auto"><a target=${chat.target}
      href=${articleUrl(chat.api, hit.document_id, hit.start, hit.end)}>${hit.title}</a><p>${hit.text}</p></li>`,
  );
  return html`<details class="passages" ?open=${open}>
    <summary>${chat.words.of(heading)}</summary><ul>${items}</ul></details>`;
}

/** A follow-up was read in other words than it was typed in: they are shown, and can be undone. */
function understood(chat: Chat, { answer, question }: Turn): unknown {
  if (!answer?.standalone) return nothing;
  const undo = (): void => chat.ask(question, { alone: true });
  return html`<p class="understood" dir="auto">
    ${chat.words.of("understood", { question: answer.standalone })}
    <button type="button" class="plain undo" @click=${undo}>${chat.words.of("typed")}</button></p>`;
}

/** Below the answer: what to ask next, that it is under way, or why there is no whole answer. */
function ending(chat: Chat, turn: Turn): unknown {
  const { words } = chat;
  if (turn.state === "reading") {
    return html`<p class="busy"><span class="dots" aria-hidden="true"></span>
      ${words.of(turn.partial.length ? "answering" : "reading")}</p>`;
  }
  if (turn.fault) return failed(chat, turn);
  if (turn.state === "stopped") {
    return html`<p class="stopped">${words.of("stopped")} ${again(chat, turn, "plain")}</p>`;
  }
  return turn.answer?.follow_ups?.length ? questions(chat, turn.answer.follow_ups, "next") : nothing;
}

function failed(chat: Chat, turn: Turn): TemplateResult {
  const fault = turn.fault!;
  const id = fault.requestId && fault.status >= 500 ? chat.words.of("request", { id: fault.requestId }) : "";
  return html`<div class="card error">
    <p class="head">${chat.words.of("failed")}</p><p class="why">${inWords(fault, chat.words)}</p>
    ${id ? html`<p class="note">${id}</p>` : nothing}
    ${fault.status === 422 ? nothing : again(chat, turn, "button")}</div>`; // 422 would be refused again
}

function again(chat: Chat, turn: Turn, style: string): TemplateResult {
  return html`<button type="button" class="again ${style}" ?disabled=${turn.held} @click=${() => chat.retry(turn)}>
    ${chat.words.of("again")}</button>`;
}

/** Questions as buttons: on the start screen, and below an answer. */
export function questions(chat: Chat, texts: string[], style: string): TemplateResult {
  const items = texts.map(
    (text) => html`<li><button type="button" class="example" dir="auto"
      @click=${() => chat.ask(text, { focus: true })}>${text}</button></li>`,
  );
  return html`<ul class=${style} aria-label=${chat.words.of(style)}>${items}</ul>`;
}
