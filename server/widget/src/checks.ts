// Checks an answer's citations against the bytes of the articles, and says beside each quote what came of it.
// In words: sign and colour only repeat them.

import { html, nothing, type TemplateResult } from "lit/html.js";
import { send } from "./client";
import type { Check, Citation, Turn } from "./types";
import type { Words } from "./words";

const UNDECIDED = ["unknown_revision", "unchecked", "unloaded"];

interface Verdict {
  citations: Check[];
  problems: string[];
}

/**
 * Fills in `checks` and `problems` of a turn; does nothing where an older answer has no receipts.
 * The verifier is a file of its own at the server: who only looks at the page need not load it.
 */
export async function check(turn: Turn, api: string): Promise<void> {
  const { answer } = turn;
  if (!answer?.citations.some((one) => one.receipt)) return;
  const revision = async (documentId: string, sha256: string): Promise<ArrayBuffer | null> => {
    // made here rather than believed from revision_url
    const reply = await send(`${api}/v1/documents/${encodeURIComponent(documentId)}/revisions/${sha256}`, {});
    return reply.ok ? reply.arrayBuffer() : null;
  };
  try {
    const { verifyAnswer } = await import(`${api}/static/receipts.js`);
    const { citations, problems }: Verdict = await verifyAnswer(answer, revision);
    const good = ({ code }: Check): number => +(code === "verified");
    turn.checks = citations.sort((a, b) => good(a) - good(b)); // of two for one marker, the bad one
    turn.problems = turn.checks.some(({ code }) => code === "unchecked") ? [] : problems;
  } catch {
    turn.checks = answer.citations.map(({ marker }) => ({ marker, code: "unloaded" }));
  }
}

/** The line below a quote that says whether its citation holds; none where the same can be said once for all of them. */
export function checkLine(turn: Turn, citation: Citation, numbered: boolean, words: Words): unknown {
  if (!citation.receipt || !turn.answer || common(turn) !== undefined) return nothing;
  return line(codeOf(turn, citation), words, numbered ? words.of("sourceOf", { n: citation.marker, title: "" }) : "");
}

/** Once below the answer: what is true of all citations, and what is wrong with it as a whole. */
export function wholeLine(turn: Turn, words: Words): unknown {
  const code = common(turn);
  return [code === undefined ? nothing : line(code, words), turn.problems.length ? line("whole", words, "", turn.problems) : nothing];
}

function codeOf({ checks }: Turn, { marker }: Citation): string {
  return checks?.find((one) => one.marker === marker)?.code ?? (checks ? "malformed" : "");
}

/** The code of every citation that has a receipt, where it is one and the same. */
function common(turn: Turn): string | undefined {
  const codes = new Set(turn.answer?.citations.filter((one) => one.receipt).map((one) => codeOf(turn, one)));
  return codes.size === 1 ? [...codes][0] : undefined;
}

/** What was found, in a sentence; "" without receipts. */
export function found({ checks, problems }: Turn, words: Words): string {
  if (!checks?.length) return "";
  const bad = checks.find(({ code }) => code !== "verified")?.code ?? (problems.length ? "whole" : "");
  return bad ? resultOf(bad, words, problems)[2] : `${words.of("checked")}.`;
}

/** Its kind, its sign, and what is said of it. */
function resultOf(code: string, words: Words, problems: string[] = []): [kind: string, sign: string, said: string] {
  if (!code) return ["", "", words.of("checking")];
  if (code === "verified") return ["good", "✓", words.of("checked")];
  if (code === "whole") return ["wrong", "✗", words.of("wrongWhole", { why: problems.join("; ") })];
  const why = { why: words.of(`code.${code}`) };
  return UNDECIDED.includes(code) ? ["undecided", "?", words.of("unchecked", why)] : ["wrong", "✗", words.of("wrong", why)];
}

function line(code: string, words: Words, number = "", problems?: string[]): TemplateResult {
  const [kind, sign, said] = resultOf(code, words, problems);
  return html`<p class="check ${kind}">
    <span class="sign" aria-hidden="true">${sign}</span><span class="number">${number}</span>
    <span class="state">${said}</span></p>`;
}
