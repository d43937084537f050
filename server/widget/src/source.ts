// Where a quote stands: the article, and the passage with the exact words marked.

import { html, nothing, type TemplateResult } from "lit/html.js";
import { byline, citationText, citationUrl } from "./text";
import { icon, marked, type Chat, type Source } from "./views";

export function sourcePanel(chat: Chat): unknown {
  const { words } = chat;
  const source = chat.sources.shown;
  if (!source) return nothing;
  const { citation, passage } = source;
  const copy = (): void => chat.copy(citationText(chat.api, citation, words), citation);
  return html`<section id="source" role="dialog" aria-labelledby="source-title">
    <header><p class="kicker">${words.of("source", { n: citation.marker })}</p>
    <button type="button" id="source-close" class="plain icon-only"
      aria-label=${words.of("back")} @click=${() => chat.sources.close()}>${icon("close")}</button></header>
    <p id="source-title" role="heading" aria-level="2" tabindex="-1" dir="auto">${citation.title}</p>
    <p id="source-byline" class="byline" dir="auto">${byline(citation, words)}</p>
    <p id="source-passage" class="passage" dir="auto" tabindex="0" role="group"
      aria-label=${words.of("passage")}>${marked(passage?.text ?? citation.quote, passage ?? citation, citation)}</p>
    <div class="actions"><a id="source-link" class="button" target=${chat.target}
      href=${citationUrl(chat.api, citation)}>${words.of("openArticle")}</a>
    <button type="button" class="plain copy" @click=${copy}>
      ${icon("copy")}${words.of(chat.copied === citation ? "copied" : "copyCitation")}</button></div></section>`;
}

/** A glance at the source, beside its number. */
export function glance({ citation }: Source, { words }: Chat): TemplateResult {
  return html`<p class="kicker" dir="auto">${citation.title}</p>
    <p class="byline" dir="auto">${byline(citation, words)}</p>
    <p class="excerpt" dir="auto">“${citation.quote}”</p>`;
}
