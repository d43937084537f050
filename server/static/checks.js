// Checks the citations of an answer on the page against the bytes of the articles, and says beside each quote what came
// of it. In words: sign and colour only repeat them.

import { verifyAnswer } from "./receipts.js";
import { copyOf } from "./shared.js";

const GOOD = "Checked in your browser";
const UNDECIDED = {
  unknown_revision: "the server did not give the version of the article that was quoted",
  unchecked: "browsers only check pages that come over HTTPS or from your own machine",
};
const WRONG = {
  malformed: "the receipt of this quote cannot be read",
  wrong_hash: "the server gave another text than the one that was quoted",
  wrong_span: "the places that the receipt names do not fit the article",
  wrong_quote: "other words stand there in the article",
  wrong_context: "the article has other words around the quote",
  wrong_proof: "this version of the article does not belong to the articles that the answer names",
  wrong_source: "there is no such place in the source of the article",
};

/** The line below a quote that says whether a citation holds; none where an older answer has no receipt for it. */
export function checkLine(citation, numbered) {
  if (!citation.receipt) return [];
  const line = copyOf("check-template");
  line.dataset.marker = citation.marker;
  line.querySelector(".number").textContent = numbered ? `[${citation.marker}] ` : "";
  return [line];
}

/** Fills in the lines of an answer on the page; resolves to what was found, in a sentence, or "" without receipts. */
export async function showChecks(shown, answer) {
  const lines = [...shown.querySelectorAll(".check")];
  if (lines.length === 0) return "";
  const { citations, problems } = await verifyAnswer(answer, revision);
  for (const line of lines) {
    const found = citations.filter((one) => String(one.marker) === line.dataset.marker);
    say(line, found.find((one) => !one.ok) ?? found[0] ?? { code: "malformed" });
  }
  const whole = wholeLine(problems, citations);
  if (whole) shown.querySelector(".support").before(whole);
  const bad = [...shown.querySelectorAll(".check:not(.good)")];
  return bad.length ? bad[0].textContent : `${GOOD}.`;
}

function say(line, { code }) {
  line.classList.add(code === "verified" ? "good" : code in UNDECIDED ? "undecided" : "wrong");
  line.querySelector(".sign").textContent = code === "verified" ? "✓" : code in UNDECIDED ? "?" : "✗";
  line.querySelector(".state").textContent = stateOf(code);
}

function stateOf(code) {
  if (code === "verified") return GOOD;
  return code in UNDECIDED ? `Could not be checked: ${UNDECIDED[code]}.` : `The check failed: ${WRONG[code]}.`;
}

/** What is wrong with the answer as a whole; nothing if nothing is, or if no check was made at all. */
function wholeLine(problems, citations) {
  if (problems.length === 0 || citations.some((one) => one.code === "unchecked")) return null;
  const line = copyOf("check-template");
  line.classList.add("wrong", "whole");
  line.querySelector(".sign").textContent = "✗";
  line.querySelector(".state").textContent = `The check of the whole answer failed: ${problems.join("; ")}.`;
  return line;
}

/** The address is that of the receipt's revision_url, made here rather than believed. */
async function revision(documentId, sha256) {
  const reply = await fetch(`/v1/documents/${encodeURIComponent(documentId)}/revisions/${sha256}`);
  return reply.ok ? reply.arrayBuffer() : null;
}
