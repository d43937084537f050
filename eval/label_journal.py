"""What was labelled so far: the gold file, and beside it a journal of what was kept or passed over, in order.

Both are written at every step, so that labelling can be left at any moment and taken up again.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from eval.gold import Question, read_gold
from eval.gold_file import add_line, drop_line, line_of
from eval.sameness import Form, form_of, likeness
from index.errors import BadInput

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
