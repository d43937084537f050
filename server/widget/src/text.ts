// Facts about articles as text, and text cut where the interface says.

import type { Citation } from "./types";
import type { Words } from "./words";

/**
 * Text cut at two offsets of the interface: [before, inside, after].
 * The interface counts Unicode code points, JavaScript counts UTF-16 units: an emoji is one of those, two of these.
 */
export function cut(text: string, start: number, end: number): [string, string, string] {
  const from = unitsOf(text, start);
  const to = from + unitsOf(text.slice(from), end - start);
  return [text.slice(0, from), text.slice(from, to), text.slice(to)];
}

function unitsOf(text: string, points: number): number {
  let units = 0;
  for (let n = 0; n < points && units < text.length; n += 1) units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
  return units;
}

/** "11 August 2025", "about June 2026 (date inferred)" or "undated". */
export function day(published: string | null, inferred: string[], words: Words): string {
  if (!published) return words.of("undated");
  const language = words.language === "en" ? "en-GB" : words.language; // en alone would put the month first
  const format = (options: Intl.DateTimeFormatOptions): string =>
    new Intl.DateTimeFormat(language, { ...options, timeZone: "UTC" }).format(new Date(`${published}T00:00:00Z`));
  if (!inferred.includes("published")) return format({ dateStyle: "long" });
  return words.of("about", { date: format({ month: "long", year: "numeric" }) });
}

export function byline(about: Pick<Citation, "author" | "published" | "inferred" | "page">, words: Words): string {
  return [about.author, day(about.published, about.inferred, words), about.page && `p. ${about.page}`]
    .filter(Boolean).join(" · ");
}

/** The page of an article on the server `api`, with a range marked. Nothing else can be an address here. */
export function articleUrl(api: string, id: string, start: number, end: number): string {
  return `${api}/documents/${encodeURIComponent(id)}#${start}-${end}`;
}

export function citationUrl(api: string, { url, document_id, start, end }: Citation): string {
  return /^\/documents\//.test(url) ? api + url : articleUrl(api, document_id, start, end);
}

/** “Quote” (Author, Title, date, address) */
export function citationText(api: string, citation: Citation, words: Words): string {
  return `“${citation.quote}” (${reference(api, citation, words)})`;
}

export function reference(api: string, citation: Citation, words: Words): string {
  const date = day(citation.published, citation.inferred, words);
  return [citation.author, citation.title, date, citationUrl(api, citation)].filter(Boolean).join(", ");
}
