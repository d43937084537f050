// The source that is looked at: opened from a number, to which the focus goes back.

import type { Preview } from "./preview";
import type { Source } from "./views";

const HEADROOM = 60; // pixels: two lines before the quote stay in view

export interface Looked {
  readonly preview: Preview;
  readonly updateComplete: Promise<void>;
  requestUpdate(): void;
  byId(id: string): HTMLElement | null;
  emit(name: string, detail: unknown): void;
}

export class Sources {
  shown: Source | null = null;
  #opener: HTMLElement | undefined;

  constructor(private readonly host: Looked) {}

  async open(source: Source, opener: HTMLElement): Promise<void> {
    const { host } = this;
    this.#opener = opener;
    host.emit("source", { citation: source.citation });
    await this.#show(source);
    const passage = host.byId("source-passage");
    if (!passage) return; // closed meanwhile
    passage.scrollTop = (passage.querySelector("mark")?.offsetTop ?? 0) - HEADROOM;
    host.byId("source-title")?.focus({ preventScroll: true });
  }

  async close(refocus = true): Promise<void> {
    if (!this.shown) return;
    await this.#show(null);
    if (refocus) this.#opener?.focus({ preventScroll: true });
    this.host.preview.now(null); // the focus that came back is no wish to look again
  }

  #show(source: Source | null): Promise<void> {
    this.shown = source;
    this.host.preview.now(null);
    this.host.requestUpdate();
    return this.host.updateComplete;
  }
}
