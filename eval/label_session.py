"""Labelling one question after the other: every decision is written down before the next question is shown."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from eval.candidates import Candidate
from eval.gold import Question
from eval.label_journal import KEPT, PASSED, Journal
from eval.labelling import SHOWN, Draft, Key, Refused, Scene, draft_of, marked_words, press, question_of
from eval.sameness import kind_of
from index.console import Line
from index.errors import BadInput, NotFound
from index.records import Document, Hit

ENTER = "\r"
_SHOWN_CHARS = 240  # of a passage that is not open
HELP = (
    "digit      open the passage; with one open, mark that sentence (another digit adds up to it), 0 is the tenth",
    "w WORDS    mark only these words      c  clear the last mark      p  back to the passages",
    "]  [       the mark ends a word later, earlier (also: right, left)      {  }  begins a word earlier, later",
    "a ANSWER   the short answer, several with | between; nothing: the marked words",
    "u          unanswerable, and back      e QUESTION  edit      t TAGS  tags      n QUESTION  another question",
    "enter, k   keep: write it into the gold file      s  pass over      b  back, undo      q  quit      ?  this help",
)


class Library(Protocol):
    """What labelling needs of an index."""

    def document(self, document_id: str) -> Document: ...


class Input(Protocol):
    """Where keys come from; None at the end of them."""

    def key(self) -> Key | None: ...
    def words(self, what: str) -> str | None: ...


@dataclass
class Session:
    """One run of `eval label`."""

    queue: list[Candidate]
    journal: Journal
    search: Callable[[str], Sequence[Hit]]
    library: Library
    show: Callable[[list[Line]], None]
    kept: int = 0
    passed: int = 0
    asks: bool = False  # for further questions when the queue is through
    _drafts: list[Draft] = field(default_factory=list)  # of the question that is shown, the newest last

    def run(self, keys: Input) -> bool:
        """Until nothing is left (True) or somebody quits (False). Raises BadInput where nothing can be written."""
        while (candidate := self._next()) or self.asks:
            if candidate is None:
                typed = keys.words("question")
                if not typed or not typed.strip():
                    return True
                self._add(typed)
            elif not self._label(candidate, keys):
                return False
        return True

    def _next(self) -> Candidate | None:
        done = self.journal.done
        return next((one for one in self.queue if one.question.id not in done), None)

    def _label(self, candidate: Candidate, keys: Input) -> bool:
        """False to quit; else something changed in the queue or in the journal."""
        self._drafts = [draft_of(candidate, self.library.document)]
        found: dict[str, Scene] = {}
        told = ""
        while True:
            draft = self._drafts[-1]
            asked = candidate.question.standalone or draft.text
            if asked not in found:
                passages = [hit.passage for hit in self.search(asked)[:SHOWN]]
                found[asked] = Scene(passages, self.library.document)
            scene = found[asked]
            self.show([*self._lines(draft, scene), *([Line(told, style="yellow")] if told else [])])
            key = keys.key()
            if key is None or key.name == "q":
                return False
            try:
                if self._acted(key, draft, scene):
                    return True
                told = ""
            except (Refused, BadInput) as reason:
                told = str(reason)

    def _acted(self, key: Key, draft: Draft, scene: Scene) -> bool:
        """True where another question is to be shown. Raises Refused and BadInput."""
        if key.name in (ENTER, "k"):
            self._keep(question_of(draft, scene))
        elif key.name == "s":
            self.journal.pass_over(draft.candidate.question.id)
            self.passed += 1
        elif key.name == "n":
            if not key.words.strip():
                raise Refused("type the question")
            self._add(key.words)
        elif key.name == "b" and len(self._drafts) == 1:
            self._take_back()
        else:
            if key.name == "b":
                del self._drafts[-1]
            elif key.name == "?":
                self.show([Line(line) for line in HELP])
            else:
                self._drafts.append(press(draft, key, scene))
            return False
        return True

    def _keep(self, question: Question) -> None:
        self.journal.keep(question)
        self.kept += 1

    def _take_back(self) -> None:
        last = self.journal.take_back()
        if last is None:
            raise Refused("this is the first question")
        self.kept -= last.done == KEPT
        self.passed -= last.done == PASSED

    def _add(self, words: str) -> None:
        text = " ".join(words.split())
        id_ = f"typed-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
        question = Question(id_, text, False, (), (), (kind_of(text),))
        if id_ in self.journal.done:
            raise Refused("this question is labelled already")
        current = self._next()
        place = self.queue.index(current) if current else len(self.queue)
        self.queue.insert(place, Candidate(question, known=False))

    def _lines(self, draft: Draft, scene: Scene) -> Iterator[Line]:
        question = draft.candidate.question
        left = sum(one.question.id not in self.journal.done for one in self.queue)
        yield Line()
        yield Line(
            " · ".join(part for part in (f"{left} to do", question.id, draft.candidate.note) if part), style="dim"
        )
        yield from (Line(f"before: {turn}", style="dim") for turn in question.history)
        yield Line(draft.text, style="bold")
        answers = " | ".join(draft.answers) or "none yet"
        state = f"answer: {answers}" if draft.answerable else "unanswerable"
        yield Line(f"tags: {' '.join(draft.tags) or 'none'} · {state}")
        if draft.answerable:
            for mark in draft.marks:
                yield Line(f"marked: {mark.document_id}: “{marked_words(mark, scene.document_of)}”", style="green")
        yield from _passage_lines(draft, scene)


def _passage_lines(draft: Draft, scene: Scene) -> Iterator[Line]:
    if draft.passage is None:
        for number, passage in enumerate(scene.passages, start=1):
            yield Line(f"{number}  {_title(passage.document_id, scene)}: {_short(passage.text)}", indent=2)
        return
    passage = scene.passages[draft.passage]
    yield Line(f"{_title(passage.document_id, scene)}, its sentences:", indent=2)
    for number, (start, end) in enumerate(passage.sentences, start=1):
        yield Line(f"{number}  {passage.text[start - passage.start : end - passage.start].strip()}", indent=4)


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _SHOWN_CHARS else f"{words[:_SHOWN_CHARS].rsplit(' ', 1)[0]} …"


def _title(document_id: str, scene: Scene) -> str:
    try:
        return scene.document_of(document_id).title or document_id
    except NotFound:
        return document_id
