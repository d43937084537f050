// The panel that shows where a quote stands: beside the answer, or over it on a small screen.

import { byline, cut } from "./shared.js";

const stage = document.getElementById("stage");
const panel = document.getElementById("source");
const wide = window.matchMedia("(min-width: 60rem)");
const part = (name) => document.getElementById(`source-${name}`);

const HEADROOM_PX = 60; // two lines before the quote stay in view

let opener = null;

/** Show a citation with the passage it stands in; `button` is the marker that was pressed. */
export function openSource(citation, passage, button) {
  closeSource();
  opener = button;
  opener.setAttribute("aria-expanded", "true");
  part("marker").textContent = `[${citation.marker}]`;
  part("title").textContent = citation.title;
  part("byline").textContent = byline(citation);
  part("passage").replaceChildren(...marked(citation, passage));
  part("link").href = citation.url;
  stage.classList.add("with-source");
  if (wide.matches) panel.show();
  else panel.showModal();
  part("title").focus({ preventScroll: true });
  part("passage").scrollTop = part("passage").querySelector("mark").offsetTop - HEADROOM_PX;
}

function closeSource() {
  if (panel.open) panel.close();
}

function marked(citation, passage) {
  const mark = document.createElement("mark");
  mark.textContent = citation.quote;
  if (!passage) return [mark];
  const [before, , after] = cut(passage.text, citation.start - passage.start, citation.end - passage.start);
  return [before, mark, after];
}

panel.addEventListener("close", () => {
  stage.classList.remove("with-source");
  opener?.setAttribute("aria-expanded", "false");
  opener?.focus({ preventScroll: true });
  opener = null;
});

part("close").addEventListener("click", closeSource);

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && panel.open) closeSource();
});

panel.addEventListener("click", (event) => {
  if (event.target === panel && panel.matches(":modal")) closeSource(); // the backdrop
});

wide.addEventListener("change", closeSource);
