// A glance at a source while its number is pointed at or focused: an extra, which goes with Esc and stays under a pointer.

import { html, nothing } from "lit/html.js";
import { ownSheet } from "./sheets";
import { glance } from "./source";
import type { Chat, Source } from "./views";

const DELAY_MS = 250;
const GAP = 8; // pixels

export class Preview {
  #source: Source | null = null;
  #anchor: HTMLElement | undefined;
  #timer = 0;
  #write: ((rules: string) => void) | undefined;

  constructor(
    private readonly chat: Chat,
    private readonly root: ShadowRoot,
  ) {}

  get shown(): boolean {
    return this.#source !== null;
  }

  /** In a moment; null takes it away. */
  soon(source: Source | null, anchor?: HTMLElement): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.now(source, anchor), DELAY_MS);
  }

  now(source: Source | null, anchor?: HTMLElement): void {
    clearTimeout(this.#timer);
    if (source !== this.#source) this.chat.requestUpdate();
    [this.#source, this.#anchor] = [source, anchor];
  }

  view(): unknown {
    if (!this.#source) return nothing;
    return html`<div id="preview" role="tooltip" @pointerenter=${() => clearTimeout(this.#timer)}
      @pointerleave=${() => this.soon(null)}>${glance(this.#source, this.chat)}</div>`;
  }

  /** Beside its number, inside the panel: below, or above where there is more room. */
  place(): void {
    const node = this.root.querySelector("#preview");
    const panel = this.root.querySelector("#panel")?.getBoundingClientRect();
    const at = this.#anchor?.getBoundingClientRect();
    if (!node || !panel || !at) return;
    const { width, height } = node.getBoundingClientRect();
    const left = Math.max(GAP, Math.min(at.left - panel.left - GAP, panel.width - width - GAP));
    const above = at.bottom + GAP + height > panel.bottom && at.top - panel.top > height;
    const top = above ? at.top - panel.top - height : at.bottom - panel.top;
    this.#write ??= ownSheet(this.root);
    this.#write(`#preview{left:${left}px;top:${top}px}`);
  }
}
