// Questions and their answers, one at a time: asked, stopped, tried again, judged, kept.

import type { Announcer } from "./announcer";
import { check, found } from "./checks";
import { askServer } from "./client";
import { Fault, inWords } from "./faults";
import { sendVote } from "./feedback";
import { grow, history, keep, newTurn, restored } from "./turns";
import type { Turn, Vote } from "./types";
import type { Words } from "./words";

const READ_PASSAGES = 100; // more than are ever read, so that each cited passage comes with the answer

export interface Listener {
  readonly api: string;
  readonly words: Words;
  readonly announcer: Announcer;
  requestUpdate(): void;
  emit(name: string, detail: unknown): void;
  refused(question: string): void; // as it is, it would be refused again: let it be corrected
}

export class Conversation {
  turns: Turn[] = [];
  #running: AbortController | null = null;

  constructor(private readonly host: Listener) {}

  get busy(): boolean {
    return this.#running !== null;
  }

  restore(): void {
    this.turns = restored(this.#key);
    for (const turn of this.turns) void this.#check(turn);
  }

  /** `alone`: as it was typed, without the turns before it. */
  ask(question: string, alone: boolean): void {
    const turn = newTurn(question, alone);
    this.turns = [...this.turns, turn];
    void this.#run(turn);
  }

  retry(turn: Turn): void {
    Object.assign(turn, newTurn(turn.question, turn.alone));
    void this.#run(turn);
  }

  stop(): void {
    this.#running?.abort();
  }

  reset(): void {
    this.stop();
    this.#running = null;
    this.turns = [];
    keep(this.#key, []);
    this.host.requestUpdate();
  }

  /** At once for the reader; undone where it could not be kept. */
  async vote(turn: Turn, vote: Vote): Promise<void> {
    const { api, words, announcer } = this.host;
    const { id } = turn.answer!;
    const before = turn.vote;
    turn.vote = vote;
    this.host.requestUpdate();
    try {
      await sendVote(api, id, vote);
      announcer.say(words.of(vote.verdict ? "thanks" : "withdrawn"));
      this.host.emit("feedback", { answer_id: id, ...vote });
      keep(this.#key, this.turns);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const refused = error.status === 404 || error.status === 405;
      Object.assign(turn, { vote: before, votable: !refused, asking: false });
      announcer.warn(refused ? words.of("notKept") : inWords(error, words));
      this.host.requestUpdate();
    }
  }

  async #run(turn: Turn): Promise<void> {
    const { announcer, api, words } = this.host;
    const before = this.turns.slice(0, this.turns.indexOf(turn));
    const running = new AbortController();
    this.#running = running;
    announcer.warn("");
    announcer.say(words.of("answering"));
    this.host.emit("submit", { question: turn.question });
    this.host.requestUpdate();
    const question = { question: turn.question, history: turn.alone ? [] : history(before), limit: READ_PASSAGES };
    try {
      turn.answer = await askServer(api, question, running.signal, this.#progress(turn));
      turn.state = "done";
    } catch (error) {
      turn.state = running.signal.aborted ? "stopped" : "failed";
      if (turn.state === "failed") turn.fault = error instanceof Fault ? error : new Fault("broken");
    }
    if (this.#running !== running) return; // it was all cleared meanwhile
    this.#running = null;
    this.#ended(turn);
  }

  #progress(turn: Turn): Parameters<typeof askServer>[3] {
    const then = (change: () => void): void => {
      change();
      this.host.requestUpdate();
    };
    return {
      sources: (evidence) => then(() => (turn.evidence = evidence)),
      delta: (index, piece) => then(() => grow(turn, index, piece)),
      citations: (citations) => then(() => (turn.citations = citations)),
    };
  }

  #ended(turn: Turn): void {
    const { announcer, words } = this.host;
    const { answer, fault } = turn;
    if (answer) {
      announcer.say(answer.text);
      keep(this.#key, this.turns);
      this.host.emit("answer", { answer });
      void this.#check(turn);
    } else if (fault) {
      announcer.warn(inWords(fault, words));
      this.#hold(turn, fault.retryAfter);
      this.host.emit("error", { message: inWords(fault, words), status: fault.status, question: turn.question });
      if (fault.status === 422) this.host.refused(turn.question);
    } else {
      announcer.say(words.of("stopped"));
    }
    this.host.requestUpdate();
  }

  #hold(turn: Turn, seconds: number): void {
    turn.held = seconds > 0;
    setTimeout(() => {
      turn.held = false;
      this.host.requestUpdate();
    }, seconds * 1000);
  }

  async #check(turn: Turn): Promise<void> {
    const fresh = this.turns.at(-1) === turn && !turn.checks;
    await check(turn, this.host.api);
    this.host.requestUpdate();
    const said = found(turn, this.host.words);
    if (fresh && said && !this.busy) this.host.announcer.say(said); // else it would be taken for the next answer
  }

  get #key(): string {
    const { api } = this.host;
    return api === location.origin ? "quotewell.answers" : `quotewell.answers ${api}`;
  }
}
