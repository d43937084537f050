// What can go wrong between here and the server, and how it is said to a reader.

import type { Words } from "./words";

export type FaultKind = "offline" | "unreachable" | "broken" | "refused";

export class Fault extends Error {
  constructor(
    readonly kind: FaultKind,
    readonly status = 0,
    readonly detail = "",
    readonly retryAfter = 0, // seconds; 0: not said
    readonly requestId = "",
  ) {
    super(detail || kind);
  }
}

/** From a reply that is no success; never throws. */
export async function faultOf(reply: Response): Promise<Fault> {
  const said = await reply.json().catch(() => null);
  const retryAfter = Number(reply.headers.get("Retry-After")) || 0;
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  return new Fault("refused", reply.status, text(said?.detail), retryAfter, text(said?.request_id));
}

export function inWords(fault: Fault, words: Words): string {
  if (fault.kind !== "refused") return words.of(fault.kind);
  if (fault.status === 429) return words.plural("tooMany", Math.ceil(fault.retryAfter) || 1);
  return fault.detail ? sentence(fault.detail) : words.of("status", { n: fault.status });
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}
