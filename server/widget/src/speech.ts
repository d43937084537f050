// The language that is spoken now, and the one that is on its way.

import { ENGLISH, fetchedWords, languageOf, Words, wordsUrl } from "./words";

export class Speech {
  words: Words = ENGLISH;
  #awaited = ""; // the address of words that are on their way

  /** Nothing is seen before its words are there, or cannot be had. */
  get awaited(): boolean {
    return this.#awaited !== "";
  }

  /** From the file `own`, else from the server `api` in the language that is wanted; gives the address that failed, or "". */
  async speak(api: string, own: string, lang: string): Promise<string> {
    const language = own ? lang || document.documentElement.lang || "en" : languageOf(lang);
    const url = own || wordsUrl(api, language);
    this.words = new Words(language, {});
    this.#awaited = url;
    const words = url ? await fetchedWords(url, language).catch(() => null) : this.words;
    if (this.#awaited !== url) return ""; // another is wanted meanwhile
    this.words = words ?? ENGLISH;
    this.#awaited = "";
    return words ? "" : url;
  }
}
