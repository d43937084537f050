// The server: questions out, answers in, as a stream or in one piece. Throws nothing but Faults and AbortErrors.

import { createParser } from "eventsource-parser";
import { Fault, faultOf } from "./faults";
import type { Answer, Citation, Hit, Segment } from "./types";

const STREAM = "text/event-stream";
const LOADING_TRIES = 5; // while the index is being loaded the server says so and when to ask again
const LONGEST_WAIT_S = 5;

export interface Message {
  role: "user" | "assistant";
  content: string;
}

/** What a stream says before the answer is whole. */
export interface Progress {
  sources(evidence: Hit[]): void;
  delta(index: number, piece: Segment): void;
  citations(citations: Citation[]): void;
}

export async function fetchJson<T>(url: string): Promise<T> {
  const reply = await send(url, {});
  if (!reply.ok) throw await faultOf(reply);
  return (await reply.json()) as T;
}

const keys: Record<string, string> = {}; // root of a server → the key that it asks for; no other server is sent it

/** From now on sent to the server with this root; "" for none. */
export function useKey(api: string, key: string): void {
  keys[api] = key;
}

export async function send(url: string, options: RequestInit): Promise<Response> {
  const api = Object.keys(keys).find((one) => keys[one] && url.startsWith(`${one}/`));
  const headers = { ...options.headers, ...(api && { Authorization: `Bearer ${keys[api]}` }) };
  try {
    return await fetch(url, { ...options, headers });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Fault(navigator.onLine ? "unreachable" : "offline");
  }
}

export function sendJson(url: string, method: string, body?: unknown, more: RequestInit = {}): Promise<Response> {
  const headers = { "Content-Type": "application/json", ...more.headers };
  return send(url, { ...more, method, headers, body: body === undefined ? null : JSON.stringify(body) });
}

/** The answer to a question; what is known earlier goes to `progress`. */
export async function askServer(
  api: string,
  question: { question: string; history: Message[]; limit: number },
  signal: AbortSignal,
  progress: Progress,
): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    const reply = await sendJson(`${api}/v1/ask`, "POST", question, { signal, headers: { Accept: STREAM } });
    if (reply.ok) return answerOf(reply, signal, progress);
    const fault = await faultOf(reply);
    const soon = fault.retryAfter > 0 && fault.retryAfter <= LONGEST_WAIT_S;
    if (fault.status !== 503 || !soon || tries === LOADING_TRIES) throw fault;
    await pause(fault.retryAfter * 1000, signal);
  }
}

/** A proxy or an older server may give the whole answer as JSON: its type tells. */
async function answerOf(reply: Response, signal: AbortSignal, progress: Progress): Promise<Answer> {
  try {
    const streams = reply.headers.get("Content-Type")?.startsWith(STREAM);
    const answer = streams ? await streamed(reply, progress) : ((await reply.json()) as Answer);
    if (answer?.segments) return answer;
  } catch (error) {
    if (signal.aborted || error instanceof Fault) throw error;
  }
  throw new Fault(navigator.onLine ? "broken" : "offline");
}

/** Null where the stream ended before it was done. */
async function streamed(reply: Response, progress: Progress): Promise<Answer | null> {
  let answer: Answer | null = null;
  const onEvent = ({ event, data }: { event?: string; data: string }): void => {
    const said = JSON.parse(data);
    if (event === "sources") progress.sources(said.evidence);
    else if (event === "delta") progress.delta(said.segment, said);
    else if (event === "citations") progress.citations(said.citations);
    else if (event === "done") answer = said;
    else if (event === "error") throw new Fault("refused", said.status, said.detail, 0, said.request_id);
  };
  const parser = createParser({ onEvent });
  const decoder = new TextDecoder();
  const reader = reply.body!.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done || answer) return answer;
    parser.feed(decoder.decode(value, { stream: true }));
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    setTimeout(resolve, ms);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
