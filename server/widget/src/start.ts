// Before the first question: what may be asked, and what it is answered from.

import { html, nothing, type TemplateResult } from "lit/html.js";
import { questions } from "./answer";
import { fetchJson } from "./client";
import { Fault, inWords } from "./faults";
import { byline } from "./text";
import type { DocumentInfo } from "./types";
import type { Chat } from "./views";

const MOST_TITLES = 6;
const RETRY_MS = 2000;

interface Corpus {
  documents: DocumentInfo[];
  total: number;
}

export class Start {
  #corpus: Corpus | null = null;
  #suggestions: string[] = [];
  #fault: Fault | null = null;
  #begun = false;

  constructor(private readonly chat: Chat) {}

  /** Once; until there is an index it says why there is none, which may be loading or being built. */
  begin(given: string[]): void {
    if (!this.#begun) void this.#load(given);
    this.#begun = true;
  }

  async #load(given: string[]): Promise<void> {
    try {
      this.#corpus = await fetchJson<Corpus>(`${this.chat.api}/v1/documents?page_size=${MOST_TITLES}`);
      this.#fault = null;
      this.#suggestions = given;
      this.chat.requestUpdate();
      // last: a new index answers them first, which takes seconds
      const made = given.length ? null : await fetchJson<{ suggestions: string[] }>(`${this.chat.api}/v1/suggestions`);
      if (made) this.#suggestions = made.suggestions;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#fault = error;
      if (error.status === 401) this.chat.emit("error", { message: inWords(error, this.chat.words), status: error.status });
      if (error.status === 503) setTimeout(() => void this.#load(given), RETRY_MS);
    }
    this.chat.requestUpdate();
  }

  view(level: number, titles: boolean): TemplateResult {
    const { words } = this.chat;
    return html`<section id="welcome" aria-labelledby="welcome-title">
      <p id="welcome-title" role="heading" aria-level=${level}>${words.of("welcome")}</p>
      <p class="lede">${words.of("lede")}</p>
      ${this.#fault ? html`<p id="trouble">${inWords(this.#fault, words)}</p>` : nothing}
      ${this.#suggestions.length
        ? html`<div id="examples"><p class="kicker" aria-hidden="true">${words.of("examples")}</p>
          ${questions(this.chat, this.#suggestions, "examples")}</div>`
        : nothing}
      ${titles && this.#corpus?.total ? this.#titles(this.#corpus) : nothing}</section>`;
  }

  #titles({ documents, total }: Corpus): TemplateResult {
    const { api, target, words } = this.chat;
    const more = total - documents.length;
    const items = documents.map((one) => html`<li dir="auto"><a target=${target}
      href="${api}/documents/${encodeURIComponent(one.id)}">${one.title}</a>
      <span class="byline">${byline(one, words)}</span></li>`);
    return html`<div id="corpus"><p class="kicker">${words.plural("corpus", total)}</p>
      <ul>${items}${more > 0 ? html`<li>${words.of("more", { n: more.toLocaleString(words.language) })}</li>` : nothing}</ul></div>`;
  }
}
