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

const ROOT = new URL("..", import.meta.url).href; // of the server, below whatever path a proxy gives it

const KEPT = "quotewell.key";

/** The key that somebody gave to the pages of this server, or "". */
export function key() {
  try {
    return localStorage.getItem(KEPT) ?? "";
  } catch {
    return ""; // the browser keeps nothing
  }
}

/** Puts a form that takes a key before an element, once; the page is loaded again with it. */
export function askForKey(before) {
  if (document.getElementById("key")) return;
  const field = element("input", { type: "password", autocomplete: "off", required: true, ariaLabel: "Key" });
  const form = element("form", { id: "key", className: "key" }, field, element("button", { className: "plain" }, "Use this key"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    localStorage.setItem(KEPT, field.value.trim());
    window.location.reload();
  });
  before.before(form);
}

/** JSON from this server, `path` counted from its root. Throws an Error with a message that can be shown to a person, and the HTTP status if any. */
export async function fetchJson(path, options) {
  const headers = key() ? { Authorization: `Bearer ${key()}` } : {};
  let response;
  try {
    response = await fetch(ROOT + path, { ...options, headers });
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
