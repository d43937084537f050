"""The commands that measure parts of an answer: follow-ups, conflicts, reasons, and two readers side by side."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar

import typer

from eval.blocks import Write, write_block
from eval.conflicts import Bench, json_of_conflicts, markdown_of_conflicts, text_of_conflicts
from eval.conflicts import measure as measure_conflicts
from eval.followups import json_of_followups, markdown_of_followups, measure_followups, text_of_followups
from eval.opening import EMBEDDER_384, WORK_384, Show, opened
from eval.readers import json_of_matches, markdown_of_matches, match, text_of_matches
from eval.reasons import json_of_reasons, markdown_of_reasons, measure_reasons, text_of_reasons
from eval.run import Report
from eval.run import run as run_questions
from eval.sets import EvalSet, resolve_set
from eval.tune import half
from index.console import emit, emit_json, progress
from index.embed import load_embedder
from index.options import Json
from index.settings import Settings, load_settings
from rag.assistant import assistant_over
from rag.reader import load_reader

PLAIN = {"reader": "plain", "embedder": EMBEDDER_384}

Sets: TypeAlias = Annotated[list[Path], typer.Argument(metavar="SET...", help="Gold files or BEIR-style folders.")]
Tuning: TypeAlias = Annotated[bool, typer.Option("--tuning", help="The halves that are tuned on, not the others.")]

Found = TypeVar("Found")


def follow_ups(sets: Sets, write: Write = None, as_json: Json = False) -> None:
    """Are follow-up questions found as well as in words that need no history?"""
    settings = load_settings()

    def measure(questions: EvalSet, show: Show) -> Any:
        assistant, _ = opened(questions, settings, show)
        return measure_followups(assistant, questions, progress=partial(show, f"{questions.name}: asking"))

    found = measured(sets, measure)
    emit_json([json_of_followups(one) for one in found]) if as_json else emit(joined(text_of_followups, found))
    for one in found:
        keep_table(
            write, f"follow-ups-{one.set_name}", partial(markdown_of_followups, one), f"follow-ups {one.set_name}"
        )


def conflicts(sets: Sets, tuning: Tuning = False, write: Write = None, as_json: Json = False) -> None:
    """Are planted contradictions shown side by side, and no others?"""
    settings = load_settings()
    bench = Bench(
        settings, load_embedder(settings.embedder, settings.model_path), partial(load_reader, settings.reader)
    )

    def measure(questions: EvalSet, show: Show) -> Any:
        index = opened(questions, settings, show)[0].index
        return measure_conflicts(questions, index, bench, tuning=tuning, progress=partial(show, questions.name))

    found = measured(sets, measure)
    emit_json([json_of_conflicts(one) for one in found]) if as_json else emit(joined(text_of_conflicts, found))
    keep_table(
        write, "conflicts", partial(markdown_of_conflicts, found), f"conflicts{flag_of(tuning)} {names_of(sets)}"
    )


def reasons(sets: Sets, tuning: Tuning = False, write: Write = None, as_json: Json = False) -> None:
    """Does an abstention give the right reason, on cases built so that it is known?"""
    settings = load_settings()

    def measure(questions: EvalSet, show: Show) -> Any:
        assistant, own = opened(questions, settings, show)
        asked = half(questions, tuning=tuning)

        def without(gone: frozenset[str]) -> Any:
            return assistant_over(assistant.index.without(gone), own)

        return measure_reasons(assistant, asked, without, progress=partial(show, questions.name))

    found = measured(sets, measure)
    emit_json([json_of_reasons(one) for one in found]) if as_json else emit(joined(text_of_reasons, found))
    keep_table(write, "reasons", partial(markdown_of_reasons, found), f"reasons{flag_of(tuning)} {names_of(sets)}")


def readers(sets: Sets, tuning: Tuning = False, write: Write = None, as_json: Json = False) -> None:
    """The reader of the settings beside the plain one on the same questions, with paired differences."""
    settings = load_settings()

    def measure(questions: EvalSet, show: Show) -> Any:
        asked = half(questions, tuning=tuning)
        reports = [
            _report(questions, asked, settings, show),
            _report(questions, asked, settings.model_copy(update=PLAIN), show, work=WORK_384),
        ]
        return match(*reports)

    found, names = measured(sets, measure), (settings.reader, PLAIN["reader"])
    emit_json(json_of_matches(found, *names)) if as_json else emit(text_of_matches(found, *names))
    table = partial(markdown_of_matches, found, *names)
    keep_table(write, "readers", table, f"readers{flag_of(tuning)} {names_of(sets)}")


def _report(questions: EvalSet, asked: EvalSet, settings: Settings, show: Show, **work: Path) -> Report:
    assistant, _ = opened(questions, settings, show, **work)
    return run_questions(assistant, asked, progress=partial(show, f"{questions.name}: asking {settings.reader}"))


def measured(sets: Sequence[Path], measure: Callable[[EvalSet, Show], Found]) -> list[Found]:
    found: list[Found] = []
    for path in sets:
        with progress() as show:
            found.append(measure(resolve_set(path), show))
    return found


def keep_table(write: Sequence[Path] | None, block: str, table: Callable[..., str], command: str) -> None:
    if write:
        write_block(write, block, table(command=f"quotewell eval {command}"))


def joined(text_of: Callable[[Found], str], found: Sequence[Found]) -> str:
    return "\n\n".join(map(text_of, found))


def names_of(sets: Sequence[Path]) -> str:
    return " ".join(path.name for path in sets)


def flag_of(tuning: bool) -> str:
    return " --tuning" if tuning else ""
