// The number behind a quote: press it for the source, point at it for a glance.

import { html, type TemplateResult } from "lit/html.js";
import type { Chat, Source } from "./views";

export function marker(chat: Chat, source: Source): TemplateResult {
  const { citation } = source;
  const label = chat.words.of("sourceOf", { n: citation.marker, title: citation.title });
  const here = (event: Event): HTMLElement => event.currentTarget as HTMLElement;
  const glance = (event: PointerEvent): void => {
    if (event.pointerType === "mouse") chat.preview.soon(source, here(event));
  };
  const focused = (event: Event): void => {
    if (here(event).matches(":focus-visible")) chat.preview.soon(source, here(event));
  };
  const away = (): void => chat.preview.soon(null);
  return html`<sup><button type="button" class="marker" aria-label=${label}
    aria-expanded=${String(chat.sources.shown?.citation === citation)} aria-controls="source"
    @click=${(event: Event) => chat.sources.open(source, here(event))}
    @pointerenter=${glance} @pointerleave=${away} @focus=${focused} @blur=${away}>${citation.marker}</button></sup>`;
}
