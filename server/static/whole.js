// What can be wrong with an answer as a whole, whatever its citations say: root, signature, id, quotes without one.

import { answerId } from "./canonical.js";
import { bytesOf, isHash, isObject, isWhole, shown, utf8, wholeNumber } from "./values.js";

const SIGNATURE_BYTES = 64;
const PUBLIC_BYTES = 32;

/** What an answer says of the corpus behind it; null for what it does not say as it should. */
export function corpusOf({ corpus }) {
  return {
    root: isHash(corpus?.root) ? corpus.root : null,
    documents: wholeNumber(corpus?.documents),
    signature: corpus?.signature ?? null,
    key: corpus?.public_key ?? null,
  };
}

/** All but what is wrong with the signature. */
export async function problemsOf(answer, corpus, pinnedRoot) {
  const id = await misnamed(answer);
  return [...unanswered(answer), ...unrooted(corpus, pinnedRoot), ...id, ...uncited(answer), ...unsupported(answer)];
}

function* unanswered({ status, citations, mode }) {
  if (status !== "answered" && status !== "abstained") yield `status is ${shown(status)}, not answered or abstained`;
  if (!Array.isArray(citations)) yield `citations is ${shown(citations)}, not a list`;
  else if (status === "answered" && citations.length === 0) yield "answered, and yet nothing is cited";
  else if (status === "abstained" && citations.length > 0 && mode !== "evidence") {
    yield "abstained, and yet something is cited";
  }
}

function* unrooted({ root, documents }, pinnedRoot) {
  if (root === null) yield "the root of the corpus is missing";
  if (documents === null) yield "the number of documents in the corpus is missing";
  if (pinnedRoot !== null && root !== pinnedRoot) {
    yield `the answer names the root ${shown(root)}, not the pinned ${shown(pinnedRoot)}`;
  }
}

/** {by: key or null, problems, unchecked}. It need not be there unless a key is pinned; if there, it must be right. */
export async function signatureOf({ root, documents, signature, key }, pinned) {
  const said = (...problems) => ({ by: null, problems, unchecked: [] });
  if (signature === null && key === null) return pinned === null ? said() : said("the corpus is not signed");
  if (pinned !== null && key !== pinned) {
    return said(`the corpus names the key ${shown(key)}, not the pinned ${shown(pinned)}`);
  }
  const [public32, signature64] = [bytesOf(key, PUBLIC_BYTES), bytesOf(signature, SIGNATURE_BYTES)];
  const whole = public32 && signature64 && root !== null && documents !== null;
  const message = utf8(`quotewell corpus v1\n${root}\n${documents}\n`);
  const right = whole ? await isSigned(message, signature64, public32) : false;
  if (right) return { by: key, problems: [], unchecked: [] };
  if (right === false) return said("the signature of the corpus is not right");
  const open = "the signature of the corpus was not checked: this browser does not know ed25519";
  return pinned === null ? { by: null, problems: [], unchecked: [open] } : said(open);
}

/** Null where the browser does not know ed25519. */
async function isSigned(message, signature, key) {
  try {
    const imported = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", imported, signature, message);
  } catch (error) {
    return error?.name === "NotSupportedError" ? null : false;
  }
}

async function misnamed(answer) {
  try {
    const right = await answerId(answer);
    return answer.id === right ? [] : [`id is ${shown(answer.id)}, and what the answer holds has the id "${right}"`];
  } catch (error) {
    return [`the answer has no id: ${error.message}`];
  }
}

/** A segment that is shown as a quote must be the quote of a citation that it names. */
function* uncited({ segments, citations }) {
  for (const { kind, text, citations: markers } of listed(segments)) {
    if (kind !== "quote") continue;
    const numbers = (Array.isArray(markers) ? markers : []).filter(isWhole);
    const cites = (one) => numbers.includes(one.marker) && typeof text === "string" && one.quote === text;
    if (listed(citations).some(cites)) continue;
    yield `the answer shows ${shown(text)} as a quote, and no citation has these words`;
  }
}

/** Segments in a language model's words. No verifier can say that they are true, only what they must name. */
export function statementsOf(answer) {
  return listed(answer.segments).filter(({ kind }) => kind === "statement");
}

/** A statement names a citation or more, all of which are there, and the answer names the model that wrote it. */
function* unsupported(answer) {
  const there = listed(answer.citations).map(({ marker }) => marker).filter(isWhole);
  const statements = statementsOf(answer);
  for (const { text, citations } of statements) {
    const markers = Array.isArray(citations) ? citations : [];
    if (markers.length > 0 && markers.every((marker) => there.includes(marker))) continue;
    yield `the answer states ${shown(text)} and cites nothing that is there for it`;
  }
  if (statements.length > 0 && typeof answer.phrasing?.model !== "string") {
    yield "the answer states something in other words than the articles, and names no model that wrote them";
  }
}

function listed(value) {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
