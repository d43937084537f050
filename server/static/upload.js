// Files dropped on the page are sent to be indexed, and what becomes of them is told below it.

import { askForKey, fetchJson, key } from "./shared.js";

const told = document.getElementById("upload");
const ASK_AGAIN_MS = 500;
const lines = new Map(); // file → what became of it

function tell(name, text) {
  lines.set(name, `${name}: ${text}`);
  told.textContent = [...lines.values()].join("\n");
  told.hidden = false;
}

async function send(file) {
  tell(file.name, "sending…");
  const body = new FormData();
  body.append("file", file);
  try {
    let operation = await fetchJson("v1/documents", { method: "POST", body });
    while (operation.status === "running") {
      tell(file.name, "reading…");
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
      operation = await fetchJson(`v1/operations/${operation.id}`);
    }
    const titles = operation.documents.map(({ title }) => `“${title}”`).join(", ");
    tell(file.name, [titles && `added ${titles}`, ...operation.problems, ...operation.warnings].filter(Boolean).join("; "));
  } catch (error) {
    tell(file.name, error.message);
    if (error.status === 401 || error.status === 403) askForKey(told);
  }
}

const chat = document.querySelector("quotewell-chat");
if (key()) chat.setAttribute("key", key());
chat.addEventListener("quotewell:error", ({ detail }) => detail.status === 401 && askForKey(told));

const hasFiles = (event) => event.dataTransfer?.types.includes("Files");

document.addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  if (told.hidden) {
    told.textContent = "Drop files here to add them to the articles.";
    told.hidden = false;
  }
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget && !lines.size) told.hidden = true;
});
document.addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  for (const file of event.dataTransfer.files) send(file);
});
