// Is an answer what it says it is? The check of a client who trusts neither this server nor any other.
//
// Needs WebCrypto, values.js, whole.js and canonical.js, nothing else. The same tests in the same order as in Python,
// and the first that fails gives a citation's code. A receipt proves where words come from, not that they are true;
// title, author, date and addresses are not covered.

import { hex, join, sha256, unhex, utf8 } from "./values.js";
import { isHash, isObject, isPair, isText, isWhole, shown, wholeNumber } from "./values.js";
import { corpusOf, problemsOf, signatureOf, statementsOf } from "./whole.js";

const AROUND = 32; // code points of prefix and of suffix
const LONGEST_PATH = 64;
const WHOLE = "a whole number from 0 to 2^53 - 1";
const NO_WEBCRYPTO = "a browser can only check pages that come over HTTPS or from its own machine";

/**
 * The verdict on an answer as it came (text or what it parses to), or on anything else; never throws.
 *
 * revisionOf(documentId, sha256) gives a revision's bytes or null, at once or as a promise. pinnedRoot (hex) and
 * publicKey (base64 of 32 bytes) are what the caller knows from elsewhere.
 *
 * {ok, root, signed_by, citations: [{marker, ok, code, detail}], problems: [sentence], statements: how many sentences
 * are a language model's, of which only the quotes they cite are checked, unchecked: [sentence]}; codes:
 * verified, malformed, unknown_revision, wrong_hash, wrong_span, wrong_quote, wrong_context, wrong_proof, wrong_source.
 * Two things are this verifier's own: the code unchecked, where there is no WebCrypto, and the list unchecked, of what
 * the browser is too old for and nobody asked for: a signature while no key is pinned.
 */
export async function verifyAnswer(answer, revisionOf, options) {
  const { pinnedRoot = null, publicKey = null } = options ?? {};
  let read;
  try {
    read = JSON.parse(typeof answer === "string" ? answer : JSON.stringify(answer)); // a copy that stays as it is
  } catch {
    return verdict(null, [], ["this is not JSON"]);
  }
  if (!isObject(read)) return verdict(null, [], [`this is ${shown(read)}, not an answer`]);
  const corpus = corpusOf(read);
  const statements = statementsOf(read).length;
  const known = remembering(revisionOf);
  const cited = Array.isArray(read.citations) ? read.citations : [];
  if (!globalThis.crypto?.subtle) {
    const none = cited.map((one) => checked(one, ["unchecked", NO_WEBCRYPTO]));
    return { ...verdict(corpus.root, none, [NO_WEBCRYPTO]), statements };
  }
  const citations = [];
  for (const one of cited) citations.push(checked(one, await checkedCitation(one, corpus, known)));
  const signature = await signatureOf(corpus, publicKey);
  const problems = await problemsOf(read, corpus, pinnedRoot);
  const all = [...problems, ...signature.problems];
  return { ...verdict(corpus.root, citations, all, signature.by, signature.unchecked), statements };
}

function verdict(root, citations, problems, signedBy = null, unchecked = []) {
  const ok = problems.length === 0 && citations.every((one) => one.ok);
  return { ok, root, signed_by: signedBy, citations, problems, unchecked, statements: 0 };
}

// One citation: [code, detail]

function checked(citation, [code, detail]) {
  return { marker: wholeNumber(citation?.marker), ok: code === "verified", code, detail };
}

async function checkedCitation(citation, corpus, known) {
  const wrong = malformed(citation);
  if (wrong) return ["malformed", wrong];
  const { code, detail, text } = await known(citation.document_id, citation.receipt.sha256);
  if (code) return [code, detail];
  return untrue(citation, text) ?? await unproved(citation, corpus) ?? unsourced(citation)
    ?? ["verified", "the quote stands in the article"];
}

/** Why this is no citation with a receipt, or null. */
function malformed(citation) {
  const receipt = citation?.receipt;
  const proof = receipt?.proof;
  const must = (owner, names, holds, wanted) => names.map((name) => [name, owner?.[name], holds, wanted]);
  const wrong = [
    ["the citation", citation, isObject, "an object"],
    ["its receipt", receipt, isObject, "an object"],
    ["its proof", proof, isObject, "an object"],
    ...must(proof, ["path"], isPath, `a list of at most ${LONGEST_PATH} hashes of 64 lower-case hex digits`),
    ...must(receipt, ["sha256"], isHash, "64 lower-case hex digits"),
    ...must(citation, ["document_id", "quote"], isText, "text without half surrogate pairs"),
    ...must(receipt, ["prefix", "suffix"], isText, "text without half surrogate pairs"),
    ...must(citation, ["start", "end", "source_start", "source_end", "marker"], isWhole, WHOLE),
    ...must(proof, ["index", "size"], isWhole, WHOLE),
    ...must(receipt, ["utf16", "bytes"], isPair, "two whole numbers from 0 to 2^53 - 1"),
  ].find(([, value, holds]) => !holds(value));
  return wrong ? `${wrong[0]} is ${shown(wrong[1])}, not ${wrong[3]}` : null;
}

function isPath(value) {
  return Array.isArray(value) && value.length <= LONGEST_PATH && value.every(isHash);
}

/** Asks for each revision once: {text}, or {code, detail} of what is wrong with it. */
function remembering(revisionOf) {
  const kept = new Map();
  return (documentId, digest) => {
    const key = `${digest} ${documentId}`;
    if (!kept.has(key)) kept.set(key, revision(revisionOf, documentId, digest));
    return kept.get(key);
  };
}

async function revision(revisionOf, documentId, digest) {
  const named = `revision ${digest.slice(0, 12)}… of document ${shown(documentId)}`;
  let bytes;
  try {
    bytes = await revisionOf(documentId, digest);
    if (bytes instanceof ArrayBuffer) bytes = new Uint8Array(bytes);
  } catch (error) {
    const why = error instanceof Error ? error.message : "no reason given";
    return { code: "unknown_revision", detail: `${named} cannot be had: ${why}` };
  }
  if (!(bytes instanceof Uint8Array)) return { code: "unknown_revision", detail: `${named} is not known here` };
  if (hex(await sha256(bytes)) !== digest) {
    return { code: "wrong_hash", detail: `the bytes of document ${shown(documentId)} have another hash` };
  }
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { code: "wrong_hash", detail: `the bytes of document ${shown(documentId)} are not UTF-8 text` };
  }
}

function untrue({ start, end, quote, receipt }, text) {
  const from = unitsOf(text, 0, start);
  const to = unitsOf(text, from, end - start);
  if (!(start < end && to !== null)) return ["wrong_span", `${start}:${end} is no span of this text`];
  const [first, length] = [text.slice(0, from), text.slice(from, to)].map((piece) => utf8(piece).length);
  for (const [name, right] of [["utf16", `${from}:${to}`], ["bytes", `${first}:${first + length}`]]) {
    const said = receipt[name].join(":");
    if (said !== right) return ["wrong_span", `${name} is ${said} where it should be ${right}`];
  }
  const found = text.slice(from, to);
  if (found !== quote) return ["wrong_quote", `at ${start}:${end} stands ${shown(found)}`];
  const prefix = Array.from(text.slice(Math.max(from - 2 * AROUND, 0), from)).slice(-AROUND).join("");
  const suffix = Array.from(text.slice(to, to + 2 * AROUND)).slice(0, AROUND).join("");
  if (prefix === receipt.prefix && suffix === receipt.suffix) return null;
  return ["wrong_context", `prefix or suffix is not what stands around the quote, ${AROUND} characters to each side`];
}

/** Where in UTF-16 units `points` code points after unit `from` end; null beyond the end of the text. */
function unitsOf(text, from, points) {
  if (from === null || points > text.length) return null;
  let units = from;
  for (let n = 0; n < points; n += 1) {
    if (units >= text.length) return null;
    units += text.codePointAt(units) > 0xffff ? 2 : 1;
  }
  return units;
}

async function unproved({ document_id: documentId, receipt }, { root, documents }) {
  const { size } = receipt.proof;
  if (root === null) return ["wrong_proof", "the answer names no root to which a proof could lead"];
  if (size !== documents) {
    return ["wrong_proof", `the proof is of ${size} documents, the corpus has ${shown(documents)}`];
  }
  const leaf = join(utf8(`${documentId}\0`), unhex(receipt.sha256));
  if (await rootFrom(leaf, receipt.proof) === root) return null;
  return ["wrong_proof", `the proof does not lead to the root ${root.slice(0, 12)}…`];
}

/** The root, in hex, to which an audit path leads; null if nowhere (RFC 9162, section 2.1.3.2). To 2^53: no bits. */
async function rootFrom(leaf, { index, size, path }) {
  if (index >= size) return null;
  let [at, last, found] = [index, size - 1, await sha256(join([0], leaf))];
  const up = () => { [at, last] = [Math.floor(at / 2), Math.floor(last / 2)]; };
  for (const other of path.map(unhex)) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      found = await sha256(join([1], other, found));
      while (at % 2 === 0 && at > 0) up();
    } else {
      found = await sha256(join([1], found, other));
    }
    up();
  }
  return last === 0 ? hex(found) : null;
}

function unsourced({ source_start: start, source_end: end }) {
  return start < end ? null : ["wrong_source", `${start}:${end} is no span of the source`];
}
