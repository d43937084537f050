// What the parts of the view need from the element that shows them.

import { html, svg, type SVGTemplateResult, type TemplateResult } from "lit/html.js";
import type { Preview } from "./preview";
import type { Sources } from "./sources";
import { cut } from "./text";
import type { Citation, Hit, Stretch, Turn, Vote } from "./types";
import type { Words } from "./words";

/** A citation with the passage it stands in, as far as that came with the answer. */
export interface Source {
  citation: Citation;
  passage: Hit | undefined;
}

export interface Chat {
  readonly api: string;
  readonly words: Words;
  readonly target: "_self" | "_blank"; // articles open in a tab of their own, except from a page of their own
  readonly busy: boolean;
  readonly sources: Sources;
  readonly preview: Preview;
  readonly copied: unknown;
  ask(question: string, how?: { alone?: boolean; focus?: boolean }): void;
  retry(turn: Turn): void;
  copy(text: string, key: unknown): void;
  vote(turn: Turn, vote: Vote): void;
  requestUpdate(): void;
  emit(name: string, detail: unknown): void;
  given(attribute: string): string; // "" without
}

/** A text that stands at `from`, with what stands at `at` marked, if anything does. */
export function marked(text: string, from?: Stretch, at?: Stretch | null): unknown {
  if (!at) return text;
  const [before, inside, after] = cut(text, at.start - from!.start, at.end - from!.start);
  return html`${before}<mark>${inside}</mark>${after}`;
}

const LINES = {
  thumb: svg`<path d="M7 10.5v9.5H4v-9.5zm0 0 4-7.5a2.2 2.2 0 0 1 2.2 2.2V9h5.3a2 2 0 0 1 2 2.4l-1.4 7a2 2 0 0 1-2 1.6H7"/>`,
  copy: svg`<path d="M9 9h11v11H9zM5 15H4V4h11v1"/>`,
  close: svg`<path d="m6 6 12 12M18 6 6 18"/>`,
  restart: svg`<path d="M4 5v5h5M4.6 14a8 8 0 1 0 1.2-7.5L4 10"/>`,
};

export function icon(name: keyof typeof LINES): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${LINES[name]}</svg>`;
}

const MARK = "c-3.6 1.3-6 4.4-6 8.2 0 3.2 1.8 5.4 4.3 5.4 2 0 3.5-1.4 3.5-3.4 0-1.9-1.3-3.2-3.1-3.2-.4 0-.7 0-.9.1.3-1.9 1.7-3.6 3.6-4.5z";

/** The quotation marks of the sign; their ground is the accent colour. */
export const sign: SVGTemplateResult | TemplateResult = html`
  <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
  <rect width="32" height="32" rx="8"/><path d="M14 9.2${MARK}M24 9.2${MARK}"/></svg>`;
