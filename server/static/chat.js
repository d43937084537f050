// The chat page: takes a question, shows the answer, keeps both until the tab is closed.

import { answerCard } from "./answer.js";
import { showChecks } from "./checks.js";
import { copyOf, day, element, fetchJson } from "./shared.js";

const KEPT = "quotewell.answers";
const MOST_KEPT = 30;
const MOST_TITLES = 6;
const MOST_TURNS = 6; // more are not looked at
const RETRY_MS = 2000;
const READ_PASSAGES = 100; // more than are ever read, so that each cited passage comes with the answer

const byId = (name) => document.getElementById(name);
const [form, box, send, log] = ["ask", "question", "send", "log"].map(byId);

let busy = false;

/** `alone`: the question as it was typed, without the turns before it. */
async function ask(question, { alone = false } = {}) {
  if (busy || !question.trim()) {
    box.focus();
    return;
  }
  setBusy(true);
  const turn = addTurn(question.trim());
  const reply = turn.querySelector(".reply");
  reply.replaceChildren(copyOf("busy-template"));
  turn.scrollIntoView({ block: "start" });
  try {
    const history = alone ? [] : turnsBefore();
    const answer = await fetchJson("/v1/ask", { question, history, limit: READ_PASSAGES });
    showAnswer(reply, answer).then((found) => {
      if (!busy) byId("said").append(` ${found}`); // else it would be read out as the answer to the next question
    });
    byId("said").textContent = answer.text;
    keep(answer);
  } catch (error) {
    reply.replaceChildren(errorCard(error, turn, question));
    byId("alarm").textContent = error.message;
  }
  turn.scrollIntoView({ block: "start" });
  setBusy(false);
}

/** Resolves to what the check of its citations found. */
function showAnswer(reply, answer) {
  reply.replaceChildren(...replyParts(answer));
  return showChecks(reply, answer);
}

/** The last turns as chat clients keep them; what a follow-up leans on. */
function turnsBefore() {
  return keptAnswers()
    .slice(-MOST_TURNS)
    .flatMap(({ question, text }) => [
      { role: "user", content: question },
      { role: "assistant", content: text },
    ]);
}

function replyParts(answer) {
  const parts = [answerCard(answer)];
  if (answer.standalone) parts.unshift(understoodAs(answer));
  if (answer.follow_ups?.length) parts.push(nextQuestions(answer.follow_ups));
  return parts;
}

/** A follow-up was read in other words than it was typed in: they are shown, and can be undone. */
function understoodAs({ question, standalone }) {
  const undo = element("button", { type: "button", className: "undo", textContent: "Ask as typed" });
  undo.addEventListener("click", () => ask(question, { alone: true }));
  return element("p", { className: "understood" }, `Understood as: ${standalone} `, undo);
}

function nextQuestions(questions) {
  const list = element("ul", { className: "next", ariaLabel: "Ask next" });
  list.append(...questions.map(exampleItem));
  return list;
}

function setBusy(value) {
  busy = value;
  send.setAttribute("aria-disabled", String(value));
  log.setAttribute("aria-busy", String(value));
  if (!value) return;
  byId("alarm").textContent = "";
  byId("said").textContent = "Reading the articles…";
}

function addTurn(question) {
  const turn = copyOf("turn-template");
  turn.querySelector(".asked").textContent = question;
  log.append(turn);
  byId("welcome").hidden = true;
  byId("restart").hidden = false;
  return turn;
}

function errorCard(error, turn, question) {
  const card = copyOf("error-template");
  card.querySelector(".why").textContent = error.message;
  if (error.status === 422) { // the same question would be refused again: let it be corrected
    card.querySelector(".again").remove();
    box.value ||= question;
    return card;
  }
  card.querySelector(".again").addEventListener("click", () => {
    if (busy) return;
    turn.remove();
    ask(question);
    box.focus({ preventScroll: true });
  });
  return card;
}

// Kept in this tab only, so that a look at the article does not lose the answers.

function keptAnswers() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT)) ?? [];
  } catch {
    return [];
  }
}

function keep(answer) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify([...keptAnswers(), answer].slice(-MOST_KEPT)));
  } catch {
    // storage is full or forbidden: the answers are then only on the page
  }
}

function restart() {
  sessionStorage.removeItem(KEPT);
  window.location.assign("/");
}

// The page before the first question: examples and what is in the index.

async function welcome() {
  const { documents, total } = await fetchJson(`/v1/documents?page_size=${MOST_TITLES}`);
  const more = total - documents.length;
  const heading = total === 1 ? "The article it answers from" : `The ${total.toLocaleString("en")} articles it answers from`;
  byId("corpus").querySelector("h3").textContent = heading;
  byId("corpus").querySelector("ul").append(...documents.map(titleItem));
  if (more > 0) byId("corpus").querySelector("ul").append(element("li", {}, `and ${more.toLocaleString("en")} more`));
  byId("corpus").hidden = total === 0;
  const { suggestions } = await fetchJson("/v1/suggestions"); // last: a new index answers them first, which takes seconds
  byId("examples").querySelector("ul").append(...suggestions.map(exampleItem));
  byId("examples").hidden = suggestions.length === 0;
}

/** Until there is an index, says why there is none; it may be loading or being built. */
async function showWelcome() {
  try {
    await welcome();
    byId("trouble").hidden = true;
  } catch (error) {
    byId("trouble").textContent = error.message;
    byId("trouble").hidden = false;
    if (error.status === 503) setTimeout(showWelcome, RETRY_MS);
  }
}

function exampleItem(text) {
  const button = element("button", { type: "button", className: "example", textContent: text });
  button.addEventListener("click", () => {
    ask(text);
    box.focus({ preventScroll: true });
  });
  return element("li", {}, button);
}

function titleItem({ id, title, author, published, inferred }) {
  const link = element("a", { href: `/documents/${encodeURIComponent(id)}`, textContent: title, dir: "auto" });
  const about = [author, day(published, inferred)].filter(Boolean).join(" · ");
  return element("li", {}, link, " ", element("span", { className: "byline", textContent: about }));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (busy) return;
  const question = box.value;
  box.value = "";
  ask(question);
});

box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

byId("restart").addEventListener("click", restart);

for (const answer of keptAnswers()) {
  showAnswer(addTurn(answer.question).querySelector(".reply"), answer);
}
log.lastElementChild?.scrollIntoView({ block: "start" });
if (window.matchMedia("(pointer: fine)").matches) box.focus({ preventScroll: true });
showWelcome();
