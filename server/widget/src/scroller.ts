// Keeps the latest turn in view while it grows, unless the reader has scrolled elsewhere.

const HEADROOM = 16; // pixels above the question
const BELOW = 40;

export class Scroller {
  #follows = true;
  #last = 0; // where we put it ourselves

  constructor(private readonly root: ShadowRoot) {}

  /** The reader asked, or wants to be there. */
  follow(): void {
    this.#follows = true;
  }

  /** After each change of the view: the beginning of the latest turn at the top, as far as there is text below it. */
  settle(): void {
    const [log, turn] = this.#parts();
    if (!log || !turn || !this.#follows) return;
    log.scrollTop = turn.offsetTop - HEADROOM;
    this.#last = log.scrollTop;
  }

  /** After each scroll; says whether the latest turn is out of sight below. */
  scrolled(): boolean {
    const [log, turn] = this.#parts();
    if (!log || !turn) return false;
    if (Math.abs(log.scrollTop - this.#last) > 2) this.#follows = false;
    return turn.offsetTop - log.scrollTop > log.clientHeight - BELOW;
  }

  /** The conversation and its latest turn. */
  #parts(): (HTMLElement | null)[] {
    return ["#log", ".turn:last-child"].map((one) => this.root.querySelector<HTMLElement>(one));
  }
}
