// Every word of the widget's own, in the language that the host, its page or the browser asks for.

import english from "../strings/en.json";

type Table = Record<string, string>;

const OTHERS = ["es"]; // English comes with the script; each of these is a file beside it
const FROM_THE_RIGHT = /^(ar|dv|fa|he|ku|ps|sd|ug|ur|yi)\b/;

export class Words {
  readonly #table: Table;

  /** A key that `table` lacks is said in English. */
  constructor(
    readonly language: string,
    table: Table,
  ) {
    this.#table = { ...english, ...table };
  }

  of(key: string, values: Record<string, string | number> = {}): string {
    const text = this.#table[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
  }

  /** `key.one`, `key.few` … as the language has them, else `key.other`. */
  plural(key: string, n: number): string {
    const form = `${key}.${new Intl.PluralRules(this.language).select(n)}`;
    return this.of(form in this.#table ? form : `${key}.other`, { n: n.toLocaleString(this.language) });
  }

  get direction(): "rtl" | "ltr" {
    return FROM_THE_RIGHT.test(this.language) ? "rtl" : "ltr";
  }
}

export const ENGLISH = new Words("en", {});

/** `given` (the lang attribute), then the page's, then the browser's: the first for which there are words. */
export function languageOf(given: string): string {
  const known = [given, document.documentElement.lang, ...navigator.languages].filter((language) =>
    ["en", ...OTHERS].includes(base(language)),
  );
  return valid(known[0] ?? "en");
}

/** Where the words of a language are; "" for English. */
export function wordsUrl(api: string, language: string): string {
  return base(language) === "en" ? "" : `${api}/static/widget.${base(language)}.json`;
}

/** A JSON object with the keys of the English one, as many as there are. Throws where it cannot be had. */
export async function fetchedWords(url: string, language: string): Promise<Words> {
  const reply = await fetch(url);
  const table: unknown = await reply.json();
  const texts = Object.entries(table ?? {}).filter(([, text]) => typeof text === "string");
  return new Words(valid(language), Object.fromEntries(texts));
}

function base(language: string): string {
  return language.toLowerCase().split("-")[0] ?? "";
}

function valid(language: string): string {
  try {
    return Intl.getCanonicalLocales(language)[0] ?? "en";
  } catch {
    return "en";
  }
}
