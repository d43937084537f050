// A custom element drawn with Lit's templates. Lit's base class, of which little would be used, is an eighth of all that a
// host page may be made to load, so this stands in its place.

import { render } from "lit/html.js";

export abstract class Component extends HTMLElement {
  protected readonly root = this.attachShadow({ mode: "open" });
  #pending: Promise<void> | null = null;

  protected abstract view(): unknown;
  protected abstract drawn(): void; // after each drawing

  /** Draws once, however often it is asked for before the present task ends. */
  requestUpdate(): void {
    this.#pending ??= Promise.resolve().then(() => {
      this.#pending = null;
      if (!this.isConnected) return;
      this.draw();
    });
  }

  /** Resolves when what was changed is drawn. */
  get updateComplete(): Promise<void> {
    return this.#pending ?? Promise.resolve();
  }

  /** Each class and id is a part, too, which a host page can style. */
  protected draw(): void {
    render(this.view(), this.root, { host: this });
    for (const node of this.root.querySelectorAll("[class], [id]")) {
      const parts = `${node.className} ${node.id}`;
      if (node instanceof HTMLElement && node.part.value !== parts) node.part.value = parts;
    }
    this.drawn();
  }

  /** The value of an attribute; "" without. */
  given(name: string): string {
    return this.getAttribute(name) ?? "";
  }

  byId(id: string): HTMLElement | null {
    return this.root.getElementById(id);
  }
}
