// The article page: fetches the article that its address names and marks the range behind the #, as in #120-180.

import { askForKey, byline, element, fetchJson, lengthOf } from "./shared.js";

const main = document.getElementById("article");
const byId = (name) => document.getElementById(name);

/** The range behind the #, in code points, or null. */
function citedRange(length) {
  const found = /^#(\d+)-(\d+)$/.exec(window.location.hash);
  const [start, end] = found ? [Number(found[1]), Number(found[2])] : [0, 0];
  return start < end && end <= length ? { start, end } : null;
}

/** One paragraph as <p>, or <h2> when all of it is a heading, with what is cited in <mark>. */
function paragraphElement(points, place, headings, cited) {
  const own = headings.filter(([start, end]) => start < place.end && place.start < end);
  const whole = own.some(([start, end]) => start <= place.start && place.end <= end);
  const made = document.createElement(whole ? "h2" : "p");
  const edges = [place.start, place.end, ...own.flat(), ...(cited ? [cited.start, cited.end] : [])];
  const inside = [...new Set(edges)].filter((at) => place.start <= at && at <= place.end).sort((a, b) => a - b);
  for (let n = 0; n + 1 < inside.length; n += 1) {
    let piece = points.slice(inside[n], inside[n + 1]).join("");
    const within = ([start, end]) => start <= inside[n] && inside[n + 1] <= end;
    if (!whole && own.some(within)) piece = element("b", {}, piece);
    if (cited && within([cited.start, cited.end])) piece = element("mark", {}, piece);
    made.append(piece);
  }
  return made;
}

/** Paragraphs are two line feeds apart in the cleaned text. */
function render(article) {
  const points = Array.from(article.text);
  const cited = citedRange(points.length);
  const paragraphs = [];
  let start = 0;
  for (const text of article.text.split("\n\n")) {
    const place = { start, end: start + lengthOf(text) };
    const begins = article.pages.filter(([from]) => place.start <= from && from < place.end);
    for (const [, page] of begins) paragraphs.push(element("p", { className: "page" }, `Page ${page}`));
    if (text) paragraphs.push(paragraphElement(points, place, article.headings, cited));
    start = place.end + 2;
  }
  byId("text").replaceChildren(...paragraphs);
  byId("legend").hidden = !cited;
  showMark();
}

function showMark() {
  const mark = byId("text").querySelector("mark");
  if (!mark) return;
  mark.tabIndex = -1;
  mark.focus({ preventScroll: true });
  mark.scrollIntoView({ block: "center" });
}

function head(article) {
  document.title = `${article.title} · Quotewell`;
  byId("title").textContent = article.title;
  byId("text").lang = article.language;
  const facts = byId("byline");
  facts.textContent = byline(article);
  if (/^https?:\/\//.test(article.url)) {
    facts.append(" · ", element("a", { href: article.url, rel: "noopener noreferrer", textContent: "original" }));
  }
}

try {
  const [, path] = /\/(documents\/.*)$/.exec(window.location.pathname);
  const article = await fetchJson(`v1/${path}`);
  head(article);
  main.querySelector("article").hidden = false;
  main.querySelector(".status").remove();
  render(article);
  window.addEventListener("hashchange", () => render(article));
} catch (error) {
  const gone = "This article is not in the index. It may have been removed, or its address may be wrong.";
  main.querySelector(".status").textContent = error.status === 404 ? gone : error.message;
  if (error.status === 401) askForKey(main);
}
main.removeAttribute("aria-busy");
