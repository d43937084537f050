// What the chat page and the article page have in common. Text goes into the page as text nodes, never as markup.

/**
 * Text cut at two offsets of the interface: [before, inside, after].
 * The interface counts Unicode code points, JavaScript counts UTF-16 units: an emoji is one of those, two of these.
 */
export function cut(text, start, end) {
  const from = unitsOf(text, start);
  const to = from + unitsOf(text.slice(from), end - start);
  return [text.slice(0, from), text.slice(from, to), text.slice(to)];
}

/** How many UTF-16 units the first `points` code points of a text take. */
function unitsOf(text, points) {
  let units = 0;
  for (let n = 0; n < points && units < text.length; n += 1) {
    units += text.codePointAt(units) > 0xffff ? 2 : 1;
  }
  return units;
}

/** How many code points a text has. */
export function lengthOf(text) {
  let points = 0;
  for (const _ of text) points += 1;
  return points;
}

const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });
const MONTH = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });

/** "11 August 2025", "about June 2026 (date inferred)" or "undated". */
export function day(published, inferred) {
  if (!published) return "undated";
  const date = new Date(`${published}T00:00:00Z`);
  return inferred.includes("published") ? `about ${MONTH.format(date)} (date inferred)` : DAY.format(date);
}

/** Author, publisher and date, as far as they are known. */
export function byline({ author, publisher, published, inferred }) {
  return [author, publisher, day(published, inferred)].filter(Boolean).join(" · ");
}

/** Where an article is shown, with a range marked. */
export function articleUrl(id, start, end) {
  return `/documents/${encodeURIComponent(id)}#${start}-${end}`;
}

/** An element with properties and children; strings become text nodes. */
export function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** A copy of a <template>'s first element. */
export function copyOf(templateId) {
  return document.getElementById(templateId).content.firstElementChild.cloneNode(true);
}

/** JSON from this server. Throws an Error with a message that can be shown to a person, and the HTTP status if any. */
export async function fetchJson(path, body) {
  const options = body && {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("The server cannot be reached. See that it is running, then try again.");
  }
  const reply = await response.json().catch(() => null);
  if (response.ok && reply !== null) return reply;
  const message = sentence(reply?.detail ?? `the server answered with status ${response.status}`);
  throw Object.assign(new Error(message), { status: response.status });
}

function sentence(text) {
  const end = /[.!?]$/.test(text) ? "" : ".";
  return text.charAt(0).toUpperCase() + text.slice(1) + end;
}
