"""What each family of hand-written rules serves: which questions are answered otherwise, and rightly, only with it.

A family is what has a name in a pattern file (`[forecast]`, `TIMELINE`), or one function of FUNCTIONS. Each is watched
while a question is asked; where it had any say, the question is asked again without it.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial, wraps
from inspect import signature
from types import FunctionType, ModuleType
from typing import Any

from eval.experiments.conversation import ConversationTurn, asked_behind, fault_of
from eval.runs.tables import Table, paragraphs
from eval.scoring.judge import Judge
from eval.scoring.rows import row_of
from eval.scoring.run import OnQuestion, followed
from eval.sets.gold import Question
from eval.sets.sets import EvalSet
from rag.answer import Answer
from rag.assistant import Assistant
from rag.language.patterns import Patterns, read_patterns
from rag.question.spelling import Respelt

_FILES = (("rag.question", "purpose.txt"), ("rag.question", "out_of_scope.txt"), ("rag", "catalogue.txt"))
_WATCHED = ("rag.question", "rag.follow_ups", "rag.refusal", "rag.catalogue", "rag.selection")


def _first(first: Any, *_: Any, **__: Any) -> Any:
    return first


def _nothing(*_: Any, **__: Any) -> None:
    return None


# What a function gives where it has no say.
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "rag.understand.quiet": _first,
    "rag.question.purpose.several": lambda message: (message,),
    "rag.question.purpose.asked_inside": _first,
    "rag.question.analysis.with_names": _first,
    "rag.question.spelling.Speller.respell": lambda _, question: Respelt(question),
    "rag.question.shape.sides": _nothing,
    "rag.language.quantities.spelled_out": _first,
    "rag.refusal.unheard_of": lambda *_, **__: (),
    "rag.refusal.unreached": _nothing,
    "rag.refusal.apart": lambda *_, **__: (),
    "rag.refusal.missing": lambda *_, **__: (),
    "rag.follow_ups.fragments.at_another_time": lambda *_, **__: "",
    "rag.follow_ups.fragments.counted": _first,
    "rag.follow_ups.fragments.is_fragment": lambda *_, **__: False,
    "rag.follow_ups.fragments._timed": lambda *_, **__: "",
    "rag.follow_ups.fragments._swapped": lambda *_, **__: (),
    "rag.follow_ups.fragments._swapped_behind": lambda *_, **__: (),
    "rag.follow_ups.resolve._leans": lambda *_, **__: False,
    "rag.follow_ups.resolve._thin": lambda *_, **__: False,
    "rag.follow_ups.resolve._answered": _first,
    "rag.follow_ups.resolve._who_is": lambda *_, **__: False,
    "rag.follow_ups.pronouns._bound_inside": lambda *_, **__: False,
    "rag.follow_ups.pronouns._surname": _first,
    "rag.follow_ups.referents._of_a_people": lambda *_, **__: False,
    "rag.follow_ups.referents._like_a_person": lambda *_, **__: True,
    "rag.follow_ups.mentions.owners": lambda *_, **__: [],
    "rag.follow_ups.mentions.with_first_names": lambda mentions, *_: list(mentions),
    "rag.selection.conflicts.find_conflict": _nothing,
    "rag.selection.frames.comparable": _nothing,
    "rag.selection.choose._told": _nothing,
    "rag.selection.choose._answering": _first,
    "rag.selection.choose._defining": lambda _, __, kept: kept,
    "rag.selection.choose._of_one_row": _first,
    "rag.selection.context._whole_row": _first,
    "rag.selection.context._turn": _first,
    "rag.selection.context._unbroken": _first,
    "rag.selection.context._with_speaker": _first,
    "rag.selection.context._with_antecedent": _first,
    "rag.selection.context._with_count": _first,
    "rag.selection.context._whole_list": _first,
    "rag.selection.context._introduced": _first,
    "rag.text_check.yes_no.verdict": lambda *_, **__: "",
}
_OF_PATTERNS: Mapping[str, Callable[..., Any]] = {
    **dict.fromkeys(("match", "search", "fullmatch"), _nothing),
    **dict.fromkeys(("findall", "finditer"), lambda *_, **__: []),
    "sub": lambda _, text, *__: text,
    "subn": lambda _, text, *__: (text, 0),
    "split": lambda text, *_: [text],
}


@dataclass(slots=True)
class Board:
    """Which family is switched off, and which had a say since the set was emptied."""

    off: str = ""
    fired: set[str] = field(default_factory=set)

    def through(self, family: str, said: Any, nothing: Any) -> Any:
        """What is said with the family, or what is said without it."""
        if said != nothing:
            self.fired.add(family)
        return nothing if self.off == family else said


class _WatchedPattern:
    """A pattern that tells the board where it fits."""

    def __init__(self, pattern: re.Pattern[str], family: str, board: Board) -> None:
        self._pattern, self._family, self._board = pattern, family, board

    def __getattr__(self, name: str) -> Any:
        method, empty = getattr(self._pattern, name), _OF_PATTERNS.get(name)
        if empty is None:
            return method

        def call(*args: Any) -> Any:
            said = method(*args)
            told = self._board.through(self._family, list(said) if name == "finditer" else said, empty(*args))
            return iter(told) if name == "finditer" else told

        return call


@contextmanager
def watched() -> Iterator[Board]:
    """Every family tells the board of it, until it is left."""
    board, undone = Board(), []
    modules = [module for name, module in sorted(sys.modules.items()) if name.startswith("rag.")]
    named = dict(_named_patterns(modules))
    functions = {_found(path): (path, empty) for path, empty in FUNCTIONS.items()}

    def exchanged(value: Any) -> Any:
        if isinstance(value, re.Pattern) and (family := named.get(value.pattern)):
            return _WatchedPattern(value, family, board)
        if isinstance(value, FunctionType) and value in functions:
            return _watched_function(value, *functions[value], board)
        if type(value) is tuple:
            return tuple(map(exchanged, value))
        return {key: exchanged(one) for key, one in value.items()} if type(value) is dict else value

    places = [(module, name) for module in modules for name in vars(module) if not name.startswith("__")]
    places += [(_found(path.rpartition(".")[0]), path.rpartition(".")[2]) for path in FUNCTIONS if _in_class(path)]
    try:
        for owner, name in places:
            value = getattr(owner, name)
            kept = owner.__name__.startswith(_WATCHED) and hasattr(value, "cache_clear")  # what is compiled when needed
            new = (
                _kept(exchanged(value.__wrapped__())) if kept and not signature(value).parameters else exchanged(value)
            )
            if new is not value and new != value:
                undone.append((owner, name, value))
                setattr(owner, name, new)
        yield board
    finally:
        for owner, name, value in reversed(undone):
            setattr(owner, name, value)


def _named_patterns(modules: Sequence[ModuleType]) -> Iterator[tuple[str, str]]:
    """Each pattern of a pattern file, and the name of its family."""
    texts = {module.__name__: vars(module).get("_TEXT") for module in modules if module.__name__.startswith(_WATCHED)}
    read = {name: text for name, text in texts.items() if isinstance(text, Patterns)}
    read |= {f"{package}.{name.removesuffix('.txt')}": read_patterns(package, name) for package, name in _FILES}
    for module, text in read.items():
        where = module.removeprefix("rag.")
        yield from ((pattern, f"{where} {name}") for name, pattern in text.pieces.items())
        yield from ((one, f"{where} [{name}]") for name, patterns in text.families.items() for one in patterns)


def _in_class(path: str) -> bool:
    return path.split(".")[-2][:1].isupper()


def _found(path: str) -> Any:
    """A function, or a class, by where it stands."""
    module, _, name = path.rpartition(".")
    return getattr(_found(module) if _in_class(path) else sys.modules[module], name)


def _watched_function(function: Any, path: str, empty: Callable[..., Any], board: Board) -> Any:
    family = path.removeprefix("rag.")

    @wraps(function)
    def call(*args: Any, **named: Any) -> Any:
        said = function(*args, **named)
        return board.through(family, said, empty(*args, **named))

    return call


def _kept(value: Any) -> Callable[[], Any]:
    return lambda: value


@dataclass(frozen=True, slots=True)
class RuleCase:
    """A question of a set, how it is asked, and whether an answer to it is right."""

    set_name: str
    ask: Callable[[], Answer]
    right: Callable[[Answer], bool]


@dataclass(slots=True)
class Served:
    """Of one family on one set: questions that are answered otherwise without it, right only with it, only without."""

    changed: int = 0
    only_with: int = 0
    only_without: int = 0


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """What each family serves by set; a family without a set changes nothing, and one of `silent` had no say."""

    questions: Mapping[str, int]  # by set
    served: Mapping[str, Mapping[str, Served]]  # family → set
    silent: tuple[str, ...]


def cases_of_questions(questions: EvalSet, judge: Judge, assistant: Assistant) -> list[RuleCase]:
    """Each question of a set behind those before it; a right quote or rightly none is right."""

    def case(question: Question) -> RuleCase:
        return RuleCase(
            questions.name,
            partial(asked_behind, assistant, question.history, question.text),
            lambda answer: bool(row_of(question, answer, judge, assistant.index).right),
        )

    return [case(question) for question in questions.questions]


def cases_of_turns(name: str, turns: Sequence[ConversationTurn], assistant: Assistant) -> list[RuleCase]:
    """Each turn of a conversation; a helpful reply is right."""

    def case(turn: ConversationTurn) -> RuleCase:
        return RuleCase(
            name, partial(asked_behind, assistant, turn.history, turn.text), lambda answer: not fault_of(turn, answer)
        )

    return [case(turn) for turn in turns]


def measure_rules(cases: Sequence[RuleCase], *, progress: OnQuestion | None = None) -> RuleFigures:
    """Ask each question once, and once more without each family that had a say; deterministic."""
    served: dict[str, dict[str, Served]] = {}
    questions: dict[str, int] = {}
    with watched() as board:
        for case in followed(cases, progress):
            questions[case.set_name] = questions.get(case.set_name, 0) + 1
            board.fired.clear()
            before = case.ask()
            for family in sorted(board.fired):
                board.off = family
                after = case.ask()
                board.off = ""
                here = served.setdefault(family, {})
                if _said(after) != _said(before):
                    one, right = here.setdefault(case.set_name, Served()), (case.right(before), case.right(after))
                    one.changed += 1
                    one.only_with += right == (True, False)
                    one.only_without += right == (False, True)
    known = {family for _, family in _named_patterns([m for n, m in sys.modules.items() if n.startswith("rag.")])}
    every = known | {path.removeprefix("rag.") for path in FUNCTIONS}
    return RuleFigures(questions, served, tuple(sorted(every - set(served))))


def _said(answer: Answer) -> tuple[object, ...]:
    return answer.status, answer.text, answer.standalone, round(answer.confidence, 4), answer.reason


def table_of_rules(found: RuleFigures) -> Table:
    """A family a line: questions changed, by set, and how many are right only with it and only without it."""
    rows = []
    for family, sets in sorted(found.served.items()):
        told = [f"{name} {one.changed} (+{one.only_with} −{one.only_without})" for name, one in sorted(sets.items())]
        rows.append((family, "; ".join(told)))
    return Table(("family", "answered otherwise without it (right only with it, only without it)"), rows)


def markdown_of_rules(found: RuleFigures, *, command: str) -> str:
    """The table, what had no say, and the command that gives them."""
    asked = ", ".join(f"{name} {count}" for name, count in found.questions.items())
    silent = f"Had no say in any of them: {', '.join(found.silent)}." if found.silent else ""
    return paragraphs(table_of_rules(found).as_markdown(), silent, f"Questions: {asked}. Written by `{command}`.")
