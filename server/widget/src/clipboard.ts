// Copies for the reader, and knows for a moment what was copied, so that its button can say so.

const SHOWN_MS = 2000;

export class Clipboard {
  copied: unknown = null;

  constructor(private readonly changed: () => void) {}

  /** Browsers let it be copied only where the page came over HTTPS or from the reader's own machine. */
  async copy(text: string, key: unknown): Promise<boolean> {
    const asked = Promise.resolve(navigator.clipboard?.writeText(text) ?? Promise.reject());
    const done = await asked.then(() => true, () => false);
    this.#now(done && key);
    setTimeout(() => this.#now(null), SHOWN_MS);
    return done;
  }

  #now(copied: unknown): void {
    this.copied = copied;
    this.changed();
  }
}
