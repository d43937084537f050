// The conversation: its turns, what a follow-up leans on, and what is kept in this tab until it is closed.

import type { Message } from "./client";
import type { Answer, Segment, Turn, Vote } from "./types";

const MOST_KEPT = 30;
const MOST_TURNS = 6; // more are not looked at

interface Kept {
  answer: Answer;
  vote: Vote;
}

export function newTurn(question: string, alone = false): Turn {
  return {
    question,
    state: "reading",
    partial: [],
    citations: [],
    evidence: [],
    answer: null,
    fault: null,
    checks: null,
    problems: [],
    vote: { verdict: "", reasons: [], comment: "" },
    held: false,
    alone,
    votable: true,
    asking: false,
  };
}

/** Joins a piece of a stream to what came before it. */
export function grow(turn: Turn, index: number, { kind, text, citations }: Segment): void {
  const before = turn.partial[index];
  turn.partial[index] = {
    kind,
    text: (before?.text ?? "") + text,
    citations: [...(before?.citations ?? []), ...(citations ?? [])],
  };
}

/** The last answered turns, oldest first, as chat clients keep them. */
export function history(turns: Turn[]): Message[] {
  return turns
    .flatMap(({ answer }) => answer ?? [])
    .slice(-MOST_TURNS)
    .flatMap(({ question, text }): Message[] => [
      { role: "user", content: question },
      { role: "assistant", content: text },
    ]);
}

export function restored(key: string): Turn[] {
  try {
    const kept: Kept[] = JSON.parse(sessionStorage.getItem(key) ?? "[]");
    return kept.map(({ answer, vote }) => ({ ...newTurn(answer.question), state: "done", answer, vote }));
  } catch {
    return [];
  }
}

/** In this tab only, so that a look at the article does not lose the answers. */
export function keep(key: string, turns: Turn[]): void {
  const kept = turns.flatMap(({ answer, vote }) => (answer ? { answer, vote } : [])).slice(-MOST_KEPT);
  try {
    if (kept.length) sessionStorage.setItem(key, JSON.stringify(kept));
    else sessionStorage.removeItem(key);
  } catch {
    // storage is full or forbidden: the answers are then only on the page
  }
}
