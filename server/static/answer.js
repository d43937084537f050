// An answer of the interface as elements of the page.

import { checkLine } from "./checks.js";
import { articleUrl, copyOf, element } from "./shared.js";
import { openSource } from "./source.js";

const MOST_PASSAGES = 3;
const SUPPORT = ["Weakly supported: read the source before you rely on it", "Supported", "Well supported"];

/** The card for one answer, answered or abstained. */
export function answerCard(answer) {
  return answer.status === "answered" ? answered(answer) : abstained(answer);
}

function answered(answer) {
  const card = element("div", { className: "card" });
  for (const segment of answer.segments) {
    card.append(...(segment.kind === "quote" ? quote(segment, answer) : [note(segment.text, segment.kind)]));
  }
  card.append(support(answer.confidence));
  const cited = new Set(answer.citations.map((citation) => citation.passage_id));
  const others = answer.evidence.filter((hit) => !cited.has(hit.passage_id));
  if (others.length) card.append(passages("Other passages that were read", others, false));
  return card;
}

function abstained(answer) {
  const card = element("div", { className: "card abstained" });
  for (const segment of answer.segments) card.append(note(segment.text, segment.kind));
  if (answer.evidence.length) card.append(passages("The nearest passages", answer.evidence, true));
  return card;
}

/** Our own words: a note, the head of one side of a comparison, or a warning that articles differ. */
function note(text, kind) {
  return element(kind === "comparison" ? "h3" : "p", { className: kind, dir: "auto", textContent: text });
}

/** The quote with its markers, and below it whether each of its citations holds. */
function quote(segment, answer) {
  const block = copyOf("quote-template");
  block.querySelector(".words").textContent = segment.text;
  const cited = answer.citations.filter((one) => segment.citations.includes(one.marker));
  block.querySelector(".markers").append(...cited.map((citation) => marker(citation, answer)));
  return [block, ...cited.flatMap((citation) => checkLine(citation, cited.length > 1))];
}

function marker(citation, answer) {
  const button = element("button", { type: "button", className: "marker", textContent: `[${citation.marker}]` });
  button.setAttribute("aria-label", `[${citation.marker}] Show the source: ${citation.title}`);
  button.setAttribute("aria-expanded", "false");
  button.setAttribute("aria-controls", "source");
  const passage = answer.evidence.find((hit) => hit.passage_id === citation.passage_id);
  button.addEventListener("click", () => openSource(citation, passage, button));
  return button;
}

/** How sure it is that the first quote answers the question, in words; the dots only repeat them. */
function support(confidence) {
  const level = confidence >= 0.75 ? 3 : confidence >= 0.5 ? 2 : 1;
  const dots = element("span", { className: "level", ariaHidden: "true" });
  for (let n = 1; n <= 3; n += 1) dots.append(element("i", { className: n <= level ? "on" : "" }));
  return element("p", { className: "support" }, dots, SUPPORT[level - 1]);
}

function passages(heading, hits, open) {
  const details = copyOf("passages-template");
  details.open = open;
  details.querySelector("summary").textContent = heading;
  for (const hit of hits.slice(0, MOST_PASSAGES)) {
    const link = element("a", { href: articleUrl(hit.document_id, hit.start, hit.end), textContent: hit.title });
    details.querySelector("ul").append(element("li", { dir: "auto" }, link, element("p", { textContent: hit.text })));
  }
  return details;
}
