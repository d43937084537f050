// JSON of which there is only one spelling (RFC 8785), and the id of an answer, a hash over it.

import { hex, isText, sha256, utf8 } from "./values.js";

const DEEPEST = 100; // levels, as everywhere else that checks receipts
const ID_DIGITS = 32;

/**
 * 32 hex digits over an answer but its "id"; what explains it ("workings") and what is measured ("confidence", and
 * "score", "scores" and "ranks" of its evidence) is left out.
 * Throws for what has no JSON form, and with no WebCrypto.
 */
export async function answerId(answer) {
  const { id: _, workings: __, confidence: ___, ...rest } = answer;
  if (Array.isArray(rest.evidence)) rest.evidence = rest.evidence.map(unmeasured);
  return hex(await sha256(utf8(canonical(rest)))).slice(0, ID_DIGITS);
}

function unmeasured(hit) {
  if (hit === null || typeof hit !== "object" || Array.isArray(hit)) return hit;
  const { score: _, scores: __, ranks: ___, ...rest } = hit;
  return rest;
}

/** Throws a TypeError for what has no JSON form: NaN, half a surrogate pair, undefined, great depth. */
export function canonical(value, depth = 0) {
  if (depth > DEEPEST) throw new TypeError(`nested deeper than ${DEEPEST} levels`);
  if (Array.isArray(value)) return `[${value.map((part) => canonical(part, depth + 1)).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const field = (name) => `${scalar(name)}:${canonical(value[name], depth + 1)}`;
    return `{${Object.keys(value).sort().map(field).join(",")}}`;
  }
  return scalar(value);
}

function scalar(value) {
  const json = value === null || typeof value === "boolean" || Number.isFinite(value) || isText(value);
  if (!json) throw new TypeError(`${String(value)} is no JSON value`);
  return JSON.stringify(value);
}
