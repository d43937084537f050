// <quotewell-chat>: the element; it shows a conversation floating over a page, inside one, or as one.

import { html, nothing, type TemplateResult } from "lit/html.js";
import { Announcer, regions } from "./announcer";
import { turnView } from "./answer";
import { Component } from "./component";
import { composer, fit } from "./composer";
import { Conversation } from "./conversation";
import { Frame, launcher } from "./frame";
import { serverRoot } from "./origin";
import { Preview } from "./preview";
import { Scroller } from "./scroller";
import { ownSheet, styles } from "./sheets";
import { sourcePanel } from "./source";
import { Start } from "./start";
import { Theme } from "./theme";
import type { Turn, Vote } from "./types";
import { icon, sign, type Chat, type Source } from "./views";
import { ENGLISH, fetchedWords, languageOf, Words, wordsUrl } from "./words";

const WIDE = 880; // pixels: room for the source beside the answer
const NARROW = 480;
const COPIED_MS = 2000;
const HEADROOM = 60; // pixels: two lines before the quote stay in view

export class QuotewellChat extends Component implements Chat {
  static readonly observedAttributes = ["heading", "lang", "open", "placeholder", "disclaimer", "position", "strings", "theme"];

  api = "";
  words: Words = ENGLISH;
  source: Source | null = null;
  copied: unknown = null;
  readonly announcer = new Announcer(this.root);
  readonly conversation = new Conversation(this);
  readonly #preview = new Preview(this, this.root);
  readonly #scroller = new Scroller(this.root);
  readonly #start = new Start(this);
  readonly #frame = new Frame(this, this.root);
  readonly #colours = new Theme(() => this.requestUpdate());
  readonly #resized = new ResizeObserver(([entry]) => this.#measured(entry!.contentRect.width));
  #opener: HTMLElement | undefined;
  #width = 0;
  #away = false;
  #awaited = ""; // the address of words that are on their way

  constructor() {
    super();
    ownSheet(this.root)(styles);
  }

  get mode(): string {
    return this.given("mode") || "inline";
  }

  get open(): boolean {
    return this.hasAttribute("open");
  }

  set open(value: boolean) {
    this.toggleAttribute("open", value);
  }

  get shortcut(): string {
    return this.given("shortcut");
  }

  get target(): "_self" | "_blank" {
    return this.mode === "page" ? "_self" : "_blank";
  }

  get busy(): boolean {
    return this.conversation.busy;
  }

  // For the host page

  show(): void {
    this.open = true;
  }

  hide(): void {
    this.open = false;
  }

  ask(question: string, { alone = false, focus = false } = {}): void {
    const typed = question.trim();
    this.show();
    if (focus || !typed) this.#box?.focus({ preventScroll: true });
    if (this.busy || !typed) return;
    this.closeSource(false);
    this.#scroller.follow();
    this.conversation.ask(typed, alone);
  }

  reset(): void {
    this.closeSource(false);
    this.conversation.reset();
    this.#box?.focus();
  }

  // For the parts of the view

  retry(turn: Turn): void {
    if (this.busy) return;
    this.#scroller.follow();
    this.conversation.retry(turn);
    this.#box?.focus({ preventScroll: true });
  }

  openSource(source: Source, opener: HTMLElement): void {
    [this.source, this.#opener] = [source, opener];
    this.#preview.now(null);
    this.emit("source", { citation: source.citation });
    this.requestUpdate();
    void this.updateComplete.then(() => {
      const passage = this.byId("source-passage");
      passage!.scrollTop = (passage!.querySelector("mark")?.offsetTop ?? 0) - HEADROOM;
      this.byId("source-title")?.focus({ preventScroll: true });
    });
  }

  closeSource(refocus = true): void {
    if (!this.source) return;
    this.source = null;
    this.requestUpdate();
    void this.updateComplete.then(() => {
      if (refocus) this.#opener?.focus({ preventScroll: true });
      this.#preview.now(null); // the focus that came back is no wish to look again
    });
  }

  peek(source: Source | null, anchor?: HTMLElement): void {
    this.#preview.soon(source, anchor);
  }

  /** Browsers let it be copied only where the page came over HTTPS or from the reader's own machine. */
  async copy(text: string, key: unknown): Promise<void> {
    const copied = Promise.resolve(navigator.clipboard?.writeText(text) ?? Promise.reject());
    const done = await copied.then(() => true, () => false);
    this.announcer.say(this.words.of(done ? "copied" : "notCopied"));
    this.copied = done && key;
    this.requestUpdate();
    setTimeout(() => {
      this.copied = null;
      this.requestUpdate();
    }, COPIED_MS);
  }

  vote(turn: Turn, vote: Vote): void {
    void this.conversation.vote(turn, vote);
  }

  // For the conversation and the frame

  emit(name: string, detail: unknown = {}): void {
    this.dispatchEvent(new CustomEvent(`quotewell:${name}`, { detail, bubbles: true, composed: true }));
  }

  refused(question: string): void {
    if (this.#box) this.#box.value ||= question;
  }

  entered(): void {
    this.#begin();
    const eager = matchMedia("(pointer: fine)").matches; // elsewhere a keyboard would cover the half of it
    (eager ? this.#box : this.byId("title"))?.focus({ preventScroll: true });
    this.emit("open");
  }

  left(): void {
    this.#preview.now(null);
    this.root.querySelector<HTMLElement>(".launcher")?.focus();
    this.emit("close");
  }

  // The life of the element

  connectedCallback(): void {
    this.api = serverRoot(this.given("server"));
    if (!this.conversation.turns.length) this.conversation.restore();
    if (this.mode !== "floating") this.#begin();
    this.#colours.begin();
    this.#frame.begin();
    void this.#speak();
    this.draw();
    this.#resized.observe(this.byId("panel")!);
    if (this.mode === "page" && matchMedia("(pointer: fine)").matches) this.#box?.focus({ preventScroll: true });
  }

  disconnectedCallback(): void {
    this.conversation.stop();
    this.#colours.end();
    this.#frame.end();
    this.#resized.disconnect();
  }

  attributeChangedCallback(name: string): void {
    if (!this.isConnected) return;
    if (name === "lang" || name === "strings") void this.#speak();
    this.requestUpdate();
  }

  /** In the language that is wanted. Nothing is seen before its words are there, or cannot be had. */
  async #speak(): Promise<void> {
    const [own, lang] = [this.given("strings"), this.given("lang")];
    const language = own ? lang || document.documentElement.lang || "en" : languageOf(lang);
    const url = own || wordsUrl(this.api, language);
    this.words = new Words(language, {});
    this.#awaited = url;
    try {
      const words = url ? await fetchedWords(url, language) : this.words;
      if (this.#awaited === url) this.words = words;
    } catch {
      this.words = ENGLISH;
      this.emit("error", { message: url });
    }
    if (this.#awaited === url) this.#awaited = "";
    this.requestUpdate();
  }

  protected drawn(): void {
    this.#frame.follow();
    this.#scroller.settle();
    this.#preview.place();
  }

  protected view(): TemplateResult {
    const { words } = this;
    const style = [this.mode, this.#colours.dark(this.given("theme")) ? "dark" : "light", this.#width < NARROW ? "narrow" : "",
      this.#wide ? "wide" : "", /start|left/.test(this.given("position")) ? "at-start" : "", this.source ? "with-source" : "", this.#awaited ? "awaiting" : ""];
    const inside = html`${this.#head()} ${this.#stage()} ${this.#preview.view()} ${regions}`;
    return html`<div class="root ${style.filter(Boolean).join(" ")}" lang=${words.language}
      dir=${words.direction ?? nothing} @keydown=${this.#key}>${this.mode === "floating"
        ? html`<section aria-label=${this.#name}>${launcher(this.#name, this.open, () => (this.open = !this.open))}
          <dialog id="panel" class="panel" aria-labelledby="title" @cancel=${this.#cancelled}
          @close=${() => (this.open = false)}>${inside}</dialog></section>`
        : html`<section id="panel" class="panel" aria-labelledby="title">${inside}</section>`}</div>`;
  }

  #head(): TemplateResult {
    const { words, mode } = this;
    const page = mode === "page";
    const name = html`${sign}<span>${this.#name}</span>`;
    const close = html`<button type="button" id="close" class="plain icon-only" aria-label=${words.of("close")}
      @click=${() => (this.open = false)}>${icon("close")}</button>`;
    return html`<header class="masthead">
      <div id="title" role="heading" aria-level=${page ? 1 : 2} tabindex="-1">${page
        ? html`<a class="brand" href="/">${name}</a>`
        : html`<span class="brand">${name}</span>`}</div>
      ${page ? html`<p class="promise">${words.of("promise")}</p>` : nothing}
      ${this.conversation.turns.length
        ? html`<button type="button" id="restart" class="plain" aria-label=${words.of("restart")}
          @click=${() => this.reset()}>${icon("restart")}<span>${words.of("restart")}</span></button>`
        : nothing}${mode === "floating" ? close : nothing}</header>`;
  }

  #stage(): TemplateResult {
    const { words, busy } = this;
    const [placeholder, disclaimer] = [this.given("placeholder"), this.given("disclaimer")];
    const { turns } = this.conversation;
    const level = this.mode === "page" ? 2 : 3;
    const latest = html`<button type="button" id="latest" @click=${this.#toLatest}>${words.of("latest")}</button>`;
    return html`<div class="stage"><div class="conversation" ?inert=${this.source !== null && !this.#wide}>
      <div id="log" role="log" aria-live="off" aria-label=${words.of("log")} aria-busy=${String(busy)}
        tabindex="0" @scroll=${this.#scrolled}><div class="column">${turns.length
          ? turns.map((turn) => turnView(this, turn, level))
          : this.#start.view(level, this.mode === "page")}</div></div>
      ${this.#away ? latest : nothing}
      ${composer({ words, placeholder, disclaimer, busy, submit: this.#submit, stop: () => this.conversation.stop() })}
      </div>${sourcePanel(this)}</div>`;
  }

  get #name(): string {
    return this.given("heading") || (this.mode === "page" ? "Quotewell" : this.words.of("title"));
  }

  get #box(): HTMLTextAreaElement | null {
    return this.byId("question") as HTMLTextAreaElement | null;
  }

  get #wide(): boolean {
    return this.#width >= WIDE;
  }

  #begin(): void {
    const questions = this.given("questions");
    this.#start.begin(questions.split(/[|\n]/).map((one) => one.trim()).filter(Boolean));
  }

  readonly #submit = (): void => {
    const box = this.#box;
    if (!box || this.busy) return;
    const question = box.value;
    box.value = "";
    fit({ target: box });
    this.ask(question, { focus: !question.trim() });
  };

  readonly #toLatest = (): void => {
    this.#scroller.follow();
    this.#scroller.settle();
    this.byId("log")?.focus({ preventScroll: true }); // the button goes away
  };

  readonly #scrolled = (): void => {
    const away = this.#scroller.scrolled();
    if (away !== this.#away) this.requestUpdate();
    this.#away = away;
  };

  readonly #key = (event: KeyboardEvent): void => {
    if (event.key === "F6") {
      event.preventDefault();
      this.byId(this.root.activeElement === this.#box ? "log" : "question")?.focus();
    }
    if (event.key === "Escape" && this.#escape()) event.preventDefault();
  };

  readonly #cancelled = (event: Event): void => {
    event.preventDefault();
    this.#escape();
  };

  /** The nearest thing that can be closed; false where there is none. */
  #escape(): boolean {
    if (this.#preview.shown) this.#preview.now(null);
    else if (this.source) this.closeSource();
    else if (this.mode === "floating" && this.open) this.open = false;
    else return false;
    return true;
  }

  #measured(width: number): void {
    if (width === this.#width) return;
    this.#width = width;
    this.requestUpdate();
  }
}
