// What a screen reader is told: in regions that exist before there is anything to say.

import { html, type TemplateResult } from "lit/html.js";

const AFTER_FOCUS_MS = 250; // NVDA drops what coincides with a change of focus

export const regions: TemplateResult = html`
  <div class="said unseen" aria-live="polite"></div>
  <div class="said unseen" aria-live="polite"></div>
  <div class="alarm unseen" role="alert"></div>`;

export class Announcer {
  #times = 0;

  constructor(private readonly root: ShadowRoot) {}

  /** Two regions take turns, and each is empty before: the same words twice are spoken twice. */
  say(text: string): void {
    const region = this.root.querySelectorAll(".said")[this.#times++ % 2]!;
    region.textContent = "";
    setTimeout(() => {
      region.textContent = text;
    }, AFTER_FOCUS_MS);
  }

  warn(text: string): void {
    this.root.querySelector(".alarm")!.textContent = text;
  }
}
