// The floating form: a launcher, a dialog beside the page, and on a phone a sheet over all of it.

import { html, type TemplateResult } from "lit/html.js";
import { ownSheet } from "./sheets";
import { sign } from "./views";

export interface Framed {
  readonly shortcut: string;
  open: boolean;
  entered(): void; // the dialog has opened
  left(): void;
}

export class Frame {
  readonly #phone = matchMedia("(max-width: 479.98px)");
  #write: ((rules: string) => void) | undefined;

  constructor(
    private readonly host: Framed,
    private readonly root: ShadowRoot,
  ) {}

  begin(): void {
    this.#phone.onchange = this.#reopen;
    window.visualViewport?.addEventListener("resize", this.#fit);
    window.addEventListener("keydown", this.#key);
  }

  end(): void {
    this.#phone.onchange = null;
    window.visualViewport?.removeEventListener("resize", this.#fit);
    window.removeEventListener("keydown", this.#key);
  }

  /** The dialog follows `open`; on a phone it is modal. */
  follow(): void {
    const { host } = this;
    const dialog = this.#dialog;
    if (!dialog || dialog.open === host.open) return;
    if (!host.open) {
      dialog.close();
      host.left();
      return;
    }
    if (this.#phone.matches) dialog.showModal();
    else dialog.show();
    this.#fit();
    host.entered();
  }

  get #dialog(): HTMLDialogElement | null {
    return this.root.querySelector("dialog");
  }

  readonly #reopen = (): void => {
    if (!this.#dialog?.open) return;
    this.#dialog.close();
    this.follow();
  };

  /** The keyboard of a phone covers no part of the sheet. */
  readonly #fit = (): void => {
    const view = window.visualViewport;
    if (!view || !this.#dialog?.open) return;
    this.#write ??= ownSheet(this.root);
    this.#write(this.#phone.matches ? `dialog.panel{height:${view.height}px;top:${view.offsetTop}px}` : "");
  };

  /** As in "mod+shift+i"; mod is Ctrl or Cmd. */
  readonly #key = (event: KeyboardEvent): void => {
    const keys = this.host.shortcut.toLowerCase().split("+");
    const held = { mod: event.ctrlKey || event.metaKey, alt: event.altKey, shift: event.shiftKey };
    if (keys.pop() !== event.key.toLowerCase()) return;
    if (!this.#dialog || Object.entries(held).some(([key, down]) => keys.includes(key) !== down)) return;
    event.preventDefault();
    this.host.open = !this.host.open;
  };
}

export function launcher(label: string, open: boolean, press: () => void): TemplateResult {
  return html`<button type="button" class="launcher" aria-haspopup="dialog"
    aria-expanded=${String(open)} aria-controls="panel" @click=${press}>${sign}<span>${label}</span></button>`;
}
