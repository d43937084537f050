// <quotewell-chat>: the element; it shows a conversation floating over a page, inside one, or as one.

import { html, type TemplateResult } from "lit/html.js";
import { Announcer, regions } from "./announcer";
import { useKey } from "./client";
import { Clipboard } from "./clipboard";
import { fit } from "./composer";
import { Conversation } from "./conversation";
import { Frame, launcher } from "./frame";
import { Hosted } from "./hosted";
import { masthead, stage, type Shown } from "./layout";
import { serverRoot } from "./origin";
import { Preview } from "./preview";
import { Scroller } from "./scroller";
import { ownSheet, styles } from "./sheets";
import { Sources } from "./sources";
import { Speech } from "./speech";
import { Start } from "./start";
import { Theme } from "./theme";
import type { Turn, Vote } from "./types";
import type { Words } from "./words";

const WIDE = 880; // pixels: room for the source beside the answer
const NARROW = 480;

export class QuotewellChat extends Hosted implements Shown {
  api = "";
  away = false;
  readonly announcer = new Announcer(this.root);
  readonly conversation = new Conversation(this);
  readonly start = new Start(this);
  readonly sources = new Sources(this);
  readonly preview = new Preview(this, this.root);
  readonly #scroller = new Scroller(this.root);
  readonly #frame = new Frame(this, this.root);
  readonly #speech = new Speech();
  readonly #clipboard = new Clipboard(() => this.requestUpdate());
  readonly #colours = new Theme(() => this.requestUpdate());
  readonly #resized = new ResizeObserver(([entry]) => this.#measured(entry!.contentRect.width));
  #width = 0;

  constructor() {
    super();
    ownSheet(this.root)(styles);
  }

  get heading(): string {
    return this.given("heading") || (this.mode === "page" ? "Quotewell" : this.words.of("title"));
  }

  get words(): Words {
    return this.#speech.words;
  }

  get copied(): unknown {
    return this.#clipboard.copied;
  }

  get busy(): boolean {
    return this.conversation.busy;
  }

  get wide(): boolean {
    return this.#width >= WIDE;
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
    void this.sources.close(false);
    this.#scroller.follow();
    this.conversation.ask(typed, alone);
  }

  reset(): void {
    void this.sources.close(false);
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

  async copy(text: string, key: unknown): Promise<void> {
    const done = await this.#clipboard.copy(text, key);
    this.announcer.say(this.words.of(done ? "copied" : "notCopied"));
  }

  vote(turn: Turn, vote: Vote): void {
    void this.conversation.vote(turn, vote);
  }

  submit(): void {
    const box = this.#box;
    if (!box || this.busy) return;
    const question = box.value;
    box.value = "";
    fit({ target: box });
    this.ask(question, { focus: !question.trim() });
  }

  scrolled(): void {
    const away = this.#scroller.scrolled();
    if (away !== this.away) this.requestUpdate();
    this.away = away;
  }

  toLatest(): void {
    this.#scroller.follow();
    this.#scroller.settle();
    this.byId("log")?.focus({ preventScroll: true }); // the button goes away
  }

  // For the conversation and the frame

  emit(name: string, detail: unknown = {}): void {
    this.dispatchEvent(new CustomEvent(`quotewell:${name}`, { detail, bubbles: true, composed: true }));
  }

  refused(question: string): void {
    if (this.#box) this.#box.value ||= question;
  }

  entered(): void {
    this.start.begin(this.questions);
    const eager = matchMedia("(pointer: fine)").matches; // elsewhere a keyboard would cover the half of it
    (eager ? this.#box : this.byId("title"))?.focus({ preventScroll: true });
    this.emit("open");
  }

  left(): void {
    this.preview.now(null);
    this.root.querySelector<HTMLElement>(".launcher")?.focus();
    this.emit("close");
  }

  // The life of the element

  connectedCallback(): void {
    this.api = serverRoot(this.given("server"));
    useKey(this.api, this.given("key"));
    if (!this.conversation.turns.length) this.conversation.restore();
    if (this.mode !== "floating") this.start.begin(this.questions);
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
    if (name === "key") useKey(this.api, this.given("key"));
    if (name === "lang" || name === "strings") void this.#speak();
    this.requestUpdate();
  }

  async #speak(): Promise<void> {
    const failed = await this.#speech.speak(this.api, this.given("strings"), this.given("lang"));
    if (failed) this.emit("error", { message: failed });
    this.requestUpdate();
  }

  protected drawn(): void {
    this.#frame.follow();
    this.#scroller.settle();
    this.preview.place();
  }

  protected view(): TemplateResult {
    const { words, heading } = this;
    const looks = {
      [this.mode]: true,
      [this.#colours.of(this.given("theme"))]: true,
      narrow: this.#width < NARROW,
      wide: this.wide,
      "at-start": this.atStart,
      "with-source": this.sources.shown,
      awaiting: this.#speech.awaited,
    };
    const inside = html`${masthead(this)} ${stage(this)} ${this.preview.view()} ${regions}`;
    return html`<div class="root ${named(looks)}" lang=${words.language}
      dir=${this.given("dir") || words.direction} @keydown=${this.#key}>${this.mode === "floating"
        ? html`<section aria-label=${heading}>${launcher(heading, this.open, () => (this.open = !this.open))}
          <dialog id="panel" class="panel" aria-labelledby="title" @cancel=${this.#cancelled}
          @close=${() => (this.open = false)}>${inside}</dialog></section>`
        : html`<section id="panel" class="panel" aria-labelledby="title">${inside}</section>`}</div>`;
  }

  get #box(): HTMLTextAreaElement | null {
    return this.byId("question") as HTMLTextAreaElement | null;
  }

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
    if (this.preview.shown) this.preview.now(null);
    else if (this.sources.shown) void this.sources.close();
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

function named(looks: Record<string, unknown>): string {
  return Object.keys(looks).filter((name) => looks[name]).join(" ");
}
