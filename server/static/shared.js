// What the article page is made with. Text goes into the page as text nodes, never as markup.

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

/** An element with properties and children; strings become text nodes. */
export function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** JSON from this server. Throws an Error with a message that can be shown to a person, and the HTTP status if any. */
export async function fetchJson(path, options) {
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
