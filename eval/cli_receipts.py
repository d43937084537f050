"""The commands that measure what receipts are for: what became of a quote, and what supports a text."""

from functools import partial
from typing import Any

from eval.blocks import Write
from eval.changes import json_of_changes, judged_documents, markdown_of_changes, measure_changes, text_of_changes
from eval.cli_answers import Sets, Tuning, flag_of, joined, keep_table, measured, names_of
from eval.opening import Show, opened
from eval.sets import EvalSet, resolve_set
from eval.support import json_of_support, markdown_of_support, measure_support, text_of_support
from eval.tune import half
from index.console import emit, emit_json
from index.options import Json
from index.settings import load_settings


def changes(sets: Sets, tuning: Tuning = False, write: Write = None, as_json: Json = False) -> None:
    """Is it said rightly what became of a quote after its article was edited?"""

    def measure(questions: EvalSet, show: Show) -> Any:
        documents = judged_documents(half(questions, tuning=tuning))
        return measure_changes(documents, set_name=questions.name, progress=partial(show, questions.name))

    found = measured(sets, measure)
    emit_json([json_of_changes(one) for one in found]) if as_json else emit(joined(text_of_changes, found))
    keep_table(write, "changes", partial(markdown_of_changes, found), f"changes{flag_of(tuning)} {names_of(sets)}")


def support(sets: Sets, tuning: Tuning = False, write: Write = None, as_json: Json = False) -> None:
    """Is it said rightly which sentences of a text the articles support? Sets are strange to each other."""
    settings = load_settings()

    def measure(questions: EvalSet, show: Show) -> Any:
        indexes = {path: opened(resolve_set(path), settings, show)[0].index for path in sets}
        own = next(index for path, index in indexes.items() if resolve_set(path).name == questions.name)
        others = [index for index in indexes.values() if index is not own]
        return measure_support(questions.name, own, others, tuning=tuning, progress=partial(show, questions.name))

    found = measured(sets, measure)
    emit_json([json_of_support(one) for one in found]) if as_json else emit(joined(text_of_support, found))
    keep_table(write, "support", partial(markdown_of_support, found), f"support{flag_of(tuning)} {names_of(sets)}")
