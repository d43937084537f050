// What somebody's JSON may hold, told apart without trust, and the bytes it may stand for.

const MOST_SHOWN = 60;

export const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
export const isHash = (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
export const isWhole = (value) => Number.isSafeInteger(value) && value >= 0;
export const isPair = (value) => Array.isArray(value) && value.length === 2 && value.every(isWhole);
export const wholeNumber = (value) => (isWhole(value) ? value : null);

/** A string in which each surrogate has its other half; only such a string has UTF-8 bytes. */
export const isText = (value) => typeof value === "string" && !/\p{Surrogate}/u.test(value);

/** A value in a sentence: short, on one line, whatever it is. */
export function shown(value) {
  if (typeof value === "string") {
    return JSON.stringify(value.length <= MOST_SHOWN ? value : `${value.slice(0, MOST_SHOWN)}…`);
  }
  if (value === null || value === undefined) return "missing";
  if (typeof value === "object") return Array.isArray(value) ? "a list" : "an object";
  return String(value);
}

/** The bytes that standard base64 with padding says, if it is that and says `size` of them; else null. */
export function bytesOf(value, size) {
  try {
    const binary = typeof value === "string" ? atob(value) : "";
    const right = binary.length === size && btoa(binary) === value;
    return right ? Uint8Array.from(binary, (one) => one.charCodeAt(0)) : null;
  } catch {
    return null;
  }
}

export function utf8(text) {
  return new TextEncoder().encode(text);
}

export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function unhex(digits) {
  return Uint8Array.from(digits.match(/../g), (pair) => parseInt(pair, 16));
}

export function join(...parts) {
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)));
}

/** 32 bytes. */
export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
