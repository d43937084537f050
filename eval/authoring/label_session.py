"""Labelling one question after the other: every decision is written down before the next question is shown."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from eval.authoring.duplicates import Form, form_of, kind_of, likeness
from eval.authoring.label import SHOWN, Draft, KeyPress, LabelScene, Refused, draft_of, marked_words, press, question_of
from eval.authoring.propose import ProposedQuestion
from eval.sets.gold import Question, add_line, drop_line, line_of, read_gold
from index.errors import BadInput, NotFound
from index.records import Hit
from index.search import Index
from index.terminal import Paragraph

# What was labelled so far: the gold file, and beside it a journal of what was kept or passed over, in order.
#
# Both are written at every step, so that labelling can be left at any moment and taken up again.

KEPT, PASSED = "kept", "passed over"


@dataclass(frozen=True, slots=True)
class Step:
    """One decision; `line` is what was written into the gold file, "" for a question that was passed over."""

    id: str
    done: str
    line: str


class Journal:
    """Of one gold file; a question that stands in it is done, whoever wrote it."""

    def __init__(self, gold: Path) -> None:
        """Raises BadGold for a gold file with a broken line, which must be corrected before anything is added."""
        self._gold = gold
        self._path = gold.with_name(f"{gold.name}.journal")
        self._forms: dict[str, tuple[Form, str]] = {}
        for question in read_gold(gold) if gold.exists() else []:
            self._remember(question)
        self._steps = _read(self._path)

    @property
    def done(self) -> frozenset[str]:
        return frozenset((*(step.id for step in self._steps), *self._forms))

    def repeats(self, question: Question) -> str:
        """What stands against adding it: a question of the same id or form; "" where nothing does."""
        if question.id in self._forms:
            return f"id {question.id!r} stands in '{self._gold}' already"
        form = form_of(question.asked)
        for id_, (other, text) in self._forms.items():
            if not question.history and likeness(form, other) == "same":
                return f"'{self._gold}' asks this already: {id_}, {text!r}"
        return ""

    def keep(self, question: Question) -> None:
        """Raises BadInput for one that the gold file has already."""
        if reason := self.repeats(question):
            raise BadInput(f"{reason}; edit the question or pass it over")
        line = line_of(question)
        add_line(self._gold, line)
        self._remember(question)
        self._step(Step(question.id, KEPT, line))

    def pass_over(self, id_: str) -> None:
        self._step(Step(id_, PASSED, ""))

    def take_back(self) -> Step | None:
        """The last decision, undone; None where there is none."""
        if not self._steps:
            return None
        last = self._steps[-1]
        if last.done == KEPT and drop_line(self._gold, last.line):
            self._forms.pop(last.id, None)
        drop_line(self._path, _line(last))
        del self._steps[-1]
        return last

    def _step(self, step: Step) -> None:
        add_line(self._path, _line(step))
        self._steps.append(step)

    def _remember(self, question: Question) -> None:
        self._forms[question.id] = (form_of(question.asked), question.text)


def _line(step: Step) -> str:
    return json.dumps({"id": step.id, "done": step.done, "line": step.line}, ensure_ascii=False)


def _read(path: Path) -> list[Step]:
    if not path.exists():
        return []
    try:
        fields = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        return [Step(str(each["id"]), str(each["done"]), str(each["line"])) for each in fields]
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"'{path}' is no journal of eval label ({error}); move it away to label all again") from error


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


class Input(Protocol):
    """Where keys come from; None at the end of them."""

    def key(self) -> KeyPress | None: ...
    def words(self, what: str) -> str | None: ...


@dataclass
class Session:
    """One run of `eval label`."""

    queue: list[ProposedQuestion]
    journal: Journal
    search: Callable[[str], Sequence[Hit]]
    library: Index
    show: Callable[[list[Paragraph]], None]
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

    def _next(self) -> ProposedQuestion | None:
        done = self.journal.done
        return next((one for one in self.queue if one.question.id not in done), None)

    def _label(self, candidate: ProposedQuestion, keys: Input) -> bool:
        """False to quit; else something changed in the queue or in the journal."""
        self._drafts = [draft_of(candidate, self.library.document)]
        found: dict[str, LabelScene] = {}
        told = ""
        while True:
            draft = self._drafts[-1]
            asked = candidate.question.standalone or draft.text
            if asked not in found:
                passages = [hit.passage for hit in self.search(asked)[:SHOWN]]
                found[asked] = LabelScene(passages, self.library.document)
            scene = found[asked]
            self.show([*self._lines(draft, scene), *([Paragraph(told, style="yellow")] if told else [])])
            key = keys.key()
            if key is None or key.name == "q":
                return False
            try:
                if self._acted(key, draft, scene):
                    return True
                told = ""
            except (Refused, BadInput) as reason:
                told = str(reason)

    def _acted(self, key: KeyPress, draft: Draft, scene: LabelScene) -> bool:
        """True where another question is to be shown. Raises Refused and BadInput."""
        if key.name in (ENTER, "k"):
            self.journal.keep(question_of(draft, scene))
            self.kept += 1
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
                self.show([Paragraph(line) for line in HELP])
            else:
                self._drafts.append(press(draft, key, scene))
            return False
        return True

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
        self.queue.insert(place, ProposedQuestion(question, known=False))

    def _lines(self, draft: Draft, scene: LabelScene) -> Iterator[Paragraph]:
        question = draft.candidate.question
        left = sum(one.question.id not in self.journal.done for one in self.queue)
        yield Paragraph()
        yield Paragraph(
            " · ".join(part for part in (f"{left} to do", question.id, draft.candidate.note) if part), style="dim"
        )
        yield from (Paragraph(f"before: {turn}", style="dim") for turn in question.history)
        yield Paragraph(draft.text, style="bold")
        answers = " | ".join(draft.answers) or "none yet"
        state = f"answer: {answers}" if draft.answerable else "unanswerable"
        yield Paragraph(f"tags: {' '.join(draft.tags) or 'none'} · {state}")
        if draft.answerable:
            for mark in draft.marks:
                yield Paragraph(f"marked: {mark.document_id}: “{marked_words(mark, scene.document_of)}”", style="green")
        yield from _passage_lines(draft, scene)


def _passage_lines(draft: Draft, scene: LabelScene) -> Iterator[Paragraph]:
    if draft.passage is None:
        for number, passage in enumerate(scene.passages, start=1):
            yield Paragraph(f"{number}  {_title(passage.document_id, scene)}: {_short(passage.text)}", indent=2)
        return
    passage = scene.passages[draft.passage]
    yield Paragraph(f"{_title(passage.document_id, scene)}, its sentences:", indent=2)
    for number, span in enumerate(passage.sentences, start=1):
        yield Paragraph(f"{number}  {passage.said(*span).strip()}", indent=4)


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _SHOWN_CHARS else f"{words[:_SHOWN_CHARS].rsplit(' ', 1)[0]} …"


def _title(document_id: str, scene: LabelScene) -> str:
    try:
        return scene.document_of(document_id).title or document_id
    except NotFound:
        return document_id
