// What a host page has: window.Quotewell, also before this script is there, and the element made from the script tag.

import { QuotewellChat } from "./chat";
import { script } from "./origin";

const TAG = "quotewell-chat";

type Call = [name: string, ...args: unknown[]];

const quotewell = {
  open: (): void => element().show(),
  close: (): void => element().hide(),
  ask: (question: string): void => element().ask(question),
  reset: (): void => element().reset(),
  /** Names as in `quotewell:answer`; gives back what ends it. */
  on(name: string, listener: (detail: unknown, event: Event) => void): () => void {
    const heard = (event: Event): void => listener((event as CustomEvent).detail, event);
    document.addEventListener(`quotewell:${name}`, heard);
    return () => document.removeEventListener(`quotewell:${name}`, heard);
  },
};

/** The one that floats, else the first; made where there is none. */
function element(): QuotewellChat {
  const found = document.querySelector<QuotewellChat>(`${TAG}[mode=floating]`) ?? document.querySelector<QuotewellChat>(TAG);
  return found ?? mount();
}

function mount(): QuotewellChat {
  const made = document.createElement(TAG) as QuotewellChat;
  made.setAttribute("mode", "floating");
  for (const name of QuotewellChat.observedAttributes) {
    const value = script?.dataset[name === "heading" ? "title" : name]; // a title attribute would be the browser's tooltip
    if (value !== undefined && !(name === "open" && value === "false")) made.setAttribute(name, value);
  }
  made.popover = "manual"; // above the page, where nothing that turns, dims or cuts it reaches
  document.body.append(made);
  made.showPopover();
  return made;
}

export function define(): void {
  customElements.define(TAG, QuotewellChat);
}

/** Does what was asked for before this script was there, then takes over. */
export function publish(): void {
  const alone = script !== null && script.dataset.auto !== "off" && !document.querySelector(TAG);
  if (alone) mount();
  const calls = (window as { Quotewell?: unknown }).Quotewell;
  Object.assign(window, { Quotewell: quotewell });
  if (!Array.isArray(calls)) return;
  for (const [name, ...args] of calls as Call[]) {
    if (Object.hasOwn(quotewell, name)) (quotewell[name as keyof typeof quotewell] as (...given: unknown[]) => void)(...args);
  }
}
