// What the interface sends, as far as it is shown, and what the widget keeps of it.

import type { Fault } from "./faults";

export interface Receipt {
  sha256: string;
}

/** Offsets of the interface in an article. */
export interface Stretch {
  start: number;
  end: number;
}

export interface Citation extends Stretch {
  marker: number;
  document_id: string;
  passage_id: string;
  title: string;
  author: string;
  published: string | null;
  inferred: string[];
  url: string;
  quote: string;
  start: number;
  end: number;
  page?: number | null;
  answer?: Stretch | null; // the words of it that answer
  receipt?: Receipt | null;
}

/** Kinds: quote, note, conflict, comparison, question, statement, about; one not known is shown as a note. */
export interface Segment {
  kind: string;
  text: string;
  citations: number[];
}

export interface Hit extends Stretch {
  document_id: string;
  passage_id: string;
  title: string;
  text: string;
}

export interface Answer {
  id: string;
  question: string;
  status: "answered" | "abstained" | "guided";
  text: string;
  confidence: number | null;
  reason: { code: string; missing: string[] } | null;
  segments: Segment[];
  citations: Citation[];
  evidence: Hit[];
  follow_ups: string[];
  standalone: string | null;
  phrasing?: { model: string; dropped: number } | null;
}

export interface DocumentInfo {
  id: string;
  title: string;
  author: string;
  published: string | null;
  inferred: string[];
}

export interface Vote {
  verdict: "up" | "down" | "";
  reasons: string[];
  comment: string;
}

/** What the check of a citation found; `code` "" while it is under way. */
export interface Check {
  marker: number | null;
  code: string;
}

/** One question and what came of it. `answer` is whole or null; `partial` is what has streamed so far. */
export interface Turn {
  question: string;
  state: "reading" | "done" | "stopped" | "failed";
  partial: Segment[];
  citations: Citation[];
  evidence: Hit[];
  answer: Answer | null;
  fault: Fault | null;
  checks: Check[] | null;
  problems: string[];
  vote: Vote;
  held: boolean; // the server has said when it may be asked again, and that is not yet
  alone: boolean; // asked without the turns before it
  votable: boolean; // the server has not said that it keeps no judgement of it
  asking: boolean; // the form for what was wrong is open
}
