// Light or dark: as the host says, as its page says (data-theme or class), as the reader's system says.

const NAMES = ["data-theme", "data-color-scheme", "data-bs-theme", "data-mode", "class"];

export class Theme {
  readonly #system = matchMedia("(prefers-color-scheme: dark)");
  readonly #watcher = new MutationObserver(() => this.changed());

  constructor(private readonly changed: () => void) {}

  begin(): void {
    this.#system.onchange = this.changed;
    for (const node of [document.documentElement, document.body]) {
      this.#watcher.observe(node, { attributes: true, attributeFilter: NAMES });
    }
  }

  end(): void {
    this.#system.onchange = null;
    this.#watcher.disconnect();
  }

  of(wanted: string): string {
    if (wanted === "dark" || wanted === "light") return wanted;
    const said = [document.documentElement, document.body]
      .flatMap((node) => NAMES.flatMap((name) => (node.getAttribute(name) ?? "").toLowerCase().split(/\s+/)))
      .find((word) => word === "dark" || word === "light");
    return said ?? (this.#system.matches ? "dark" : "light");
  }
}
