"""The commands that measure parts of an answer: follow-ups, conflicts, reasons, summaries, readers, rankings …"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar

import typer

from eval.bench.sweep import markdown_of_sweep, name_of, read_grid, text_of_sweep
from eval.bench.sweep import sweep as run_sweep
from eval.commands.run import keep
from eval.experiments import changes as edits
from eval.experiments import conversation as talk
from eval.experiments import fusion as arms
from eval.experiments.conflicts import ConflictBench, markdown_of_conflicts, text_of_conflicts
from eval.experiments.conflicts import measure as measure_conflicts
from eval.experiments.follow_ups import markdown_of_followups, measure_followups, text_of_followups
from eval.experiments.readers import json_of_matches, markdown_of_matches, match, text_of_matches
from eval.experiments.refusal_reasons import markdown_of_reasons, measure_reasons, text_of_reasons
from eval.experiments.summaries import MOST_ARTICLES, markdown_of_summaries, measure_summaries, text_of_summaries
from eval.experiments.text_check import markdown_of_support, measure_support, text_of_support
from eval.runs.plots import pareto
from eval.runs.tables import Write, json_of, write_block
from eval.scoring.run import Run
from eval.scoring.run import run as run_questions
from eval.sets.beir import BeirSet
from eval.sets.gold import GoldSet
from eval.sets.sets import WORK, EvalSet, half, opened, resolve_set
from index.embedding.embedder import load_embedder
from index.options import Json
from index.settings import Settings, load_settings
from index.terminal import Show, emit, emit_json, progress, tell
from rag.assistant import assistant_over
from rag.reading.reader import load_reader

LINEAR = "trained"  # the reader that reads with no model
SHOWN_ARMS = ("bm25", "dense", "rrf", "convex 0.4", "convex 0.5", "convex 0.6", "reader")
SHOWN_PAIRS = (("convex 0.5", "rrf"), *(("reader", other) for other in ("bm25", "dense", "rrf", "convex 0.5")))

Sets: TypeAlias = Annotated[list[Path], typer.Argument(metavar="SET...", help="Gold files or BEIR-style folders.")]
Tuning: TypeAlias = Annotated[bool, typer.Option("--tuning", help="The halves that are tuned on, not the others.")]

Found = TypeVar("Found")


def measured(sets: Sequence[Path], measure: Callable[[EvalSet, Show], Found]) -> list[Found]:
    """What is found on each set, while its progress is shown."""
    found: list[Found] = []
    for path in sets:
        with progress() as show:
            found.append(measure(resolve_set(path), show))
    return found


def told(
    sets: Sequence[Path],
    measure: Callable[[EvalSet, Show], Found],
    text_of: Callable[[Found], str],
    as_json: bool,
    json_of: Callable[[Found], Any] = json_of,
) -> list[Found]:
    """What is found on each set, which is shown on stdout too."""
    found = measured(sets, measure)
    emit_json(list(map(json_of, found))) if as_json else emit("\n\n".join(map(text_of, found)))
    return found


def command_on(sets: Sequence[Path], name: str, *, tuning: bool = False) -> str:
    """As it stands below a table: sets by name, wherever they lie."""
    return f"quotewell eval {name}{' --tuning' if tuning else ''} {' '.join(path.name for path in sets)}"


def follow_ups(sets: Sets, write: Write = None, as_json: Json = False) -> None:
    """Are follow-up questions found as well as in words that need no history?"""
    settings = load_settings()

    def measure(questions: EvalSet, show: Show) -> Any:
        assistant, _ = opened(questions, settings, show)
        return measure_followups(assistant, questions, progress=partial(show, f"{questions.name}: asking"))

    for one in told(sets, measure, text_of_followups, as_json):
        table = markdown_of_followups(one, command=f"quotewell eval follow-ups {one.set_name}")
        write_block(write, f"follow-ups-{one.set_name}", table)


def conflicts(sets: Sets, tuning: Tuning = False, write: Write = None, as_json: Json = False) -> None:
    """Are planted contradictions shown side by side, and no others?"""
    settings = load_settings()
    bench = ConflictBench(
        settings, load_embedder(settings.embedder, settings.model_path), partial(load_reader, settings.reader)
    )

    def measure(questions: EvalSet, show: Show) -> Any:
        index = opened(questions, settings, show)[0].index
        return measure_conflicts(questions, index, bench, tuning=tuning, progress=partial(show, questions.name))

    found = told(sets, measure, text_of_conflicts, as_json)
    write_block(write, "conflicts", markdown_of_conflicts(found, command=command_on(sets, "conflicts", tuning=tuning)))


def reasons(sets: Sets, tuning: Tuning = False, write: Write = None, as_json: Json = False) -> None:
    """Does an abstention give the right reason, on cases built so that it is known?"""
    settings = load_settings()

    def measure(questions: EvalSet, show: Show) -> Any:
        assistant, own = opened(questions, settings, show)
        asked = half(questions, tuning=tuning)

        def without(gone: frozenset[str]) -> Any:
            return assistant_over(assistant.index.without(gone), own)

        return measure_reasons(assistant, asked, without, progress=partial(show, questions.name))

    found = told(sets, measure, text_of_reasons, as_json)
    write_block(write, "reasons", markdown_of_reasons(found, command=command_on(sets, "reasons", tuning=tuning)))


def conversation(
    turns: Annotated[Path, typer.Argument(metavar="FILE", help="Turns with what a helpful reply to each is.")],
    articles: Annotated[
        Path | None, typer.Option(metavar="PATH", help="The articles that they are about, if not the bundled ones.")
    ] = None,
    write: Write = None,
    as_json: Json = False,
) -> None:
    """Is the reply to every turn of a conversation a helpful one, and is every frame that is shown right?"""
    asked, name = talk.read_turns(turns), turns.parent.name if articles is None else f"{turns.parent.name}-{turns.stem}"
    over = BeirSet(name, articles, (), {}, ()) if articles else GoldSet(name, ())
    with progress() as show:
        assistant, _ = opened(over, load_settings(), show)
        found = talk.measure_conversation(assistant, asked, set_name=name, progress=partial(show, "asking"))
    emit_json(json_of(found)) if as_json else emit(talk.text_of_conversation(found))
    command = f"quotewell eval conversation {turns}{f' --articles {articles}' if articles else ''}"
    write_block(write, name, talk.markdown_of_conversation(found, command=command))


def summaries(
    sets: Sets,
    most: Annotated[int, typer.Option(min=1, help="The first so many articles of each set.")] = MOST_ARTICLES,
    write: Write = None,
    as_json: Json = False,
) -> None:
    """Do key sentences cover what an article's own abstract says, beside its first sentences?"""
    settings = load_settings()
    embedder = load_embedder(settings.embedder, settings.model_path)

    def measure(questions: EvalSet, show: Show) -> Any:
        return measure_summaries(questions, settings, embedder, most=most, progress=partial(show, questions.name))

    found = told(sets, measure, text_of_summaries, as_json)
    write_block(write, "summaries", markdown_of_summaries(found, command=command_on(sets, f"summaries --most {most}")))


def readers(sets: Sets, tuning: Tuning = False, write: Write = None, as_json: Json = False) -> None:
    """The reader of the settings beside the linear one on the same questions, with paired differences."""
    settings = load_settings()
    other = settings.model_copy(update={"reader": LINEAR})

    def measure(questions: EvalSet, show: Show) -> Any:
        asked = half(questions, tuning=tuning)
        return match(_run(questions, asked, settings, show), _run(questions, asked, other, show))

    found, names = measured(sets, measure), (settings.reader, LINEAR)
    emit_json(json_of_matches(found, *names)) if as_json else emit(text_of_matches(found, *names))
    write_block(
        write, "readers", markdown_of_matches(found, *names, command=command_on(sets, "readers", tuning=tuning))
    )


def _run(questions: EvalSet, asked: EvalSet, settings: Settings, show: Show) -> Run:
    assistant, _ = opened(questions, settings, show)
    return run_questions(assistant, asked, progress=partial(show, f"{questions.name}: asking {settings.reader}"))


def fusion(
    sets: Sets,
    test: Annotated[bool, typer.Option("--test", help="The halves that are never tuned on.")] = False,
    write: Write = None,
    as_json: Json = False,
) -> None:
    """Compare ways of ordering passages, pair by pair, on the tuning half of each set or on the other one."""
    settings = load_settings()
    embedder = load_embedder(settings.embedder, settings.model_path)
    found: list[arms.Comparison] = []
    for path in sets:
        with progress() as show:
            questions = half(resolve_set(path), tuning=not test)
            found.append(arms.compare_fusions(questions, settings, embedder, WORK, show))
        emit_json(arms.json_of_comparison(found[-1])) if as_json else emit(f"{arms.text_of_comparison(found[-1])}\n")
    command = command_on(sets, "fusion --test" if test else "fusion")
    block = "fusion-test" if test else "fusion-tuning"
    write_block(write, block, arms.markdown_of_arms(found, SHOWN_ARMS, SHOWN_PAIRS, command=command))


# The commands that measure what receipts are for: what became of a quote, and what supports a text.


def changes(sets: Sets, tuning: Tuning = False, write: Write = None, as_json: Json = False) -> None:
    """Is it said rightly what became of a quote after its article was edited?"""

    def measure(questions: EvalSet, show: Show) -> Any:
        documents = edits.judged_documents(half(questions, tuning=tuning))
        return edits.measure_changes(documents, set_name=questions.name, progress=partial(show, questions.name))

    found = told(sets, measure, edits.text_of_changes, as_json, edits.json_of_changes)
    write_block(write, "changes", edits.markdown_of_changes(found, command=command_on(sets, "changes", tuning=tuning)))


def support(sets: Sets, tuning: Tuning = False, write: Write = None, as_json: Json = False) -> None:
    """Is it said rightly which sentences of a text the articles support? Sets are strange to each other."""
    settings = load_settings()

    def measure(questions: EvalSet, show: Show) -> Any:
        indexes = {path: opened(resolve_set(path), settings, show)[0].index for path in sets}
        own = next(index for path, index in indexes.items() if resolve_set(path).name == questions.name)
        others = [index for index in indexes.values() if index is not own]
        return measure_support(questions.name, own, others, tuning=tuning, progress=partial(show, questions.name))

    found = told(sets, measure, text_of_support, as_json)
    write_block(write, "support", markdown_of_support(found, command=command_on(sets, "support", tuning=tuning)))


# The command `eval sweep`.


def sweep(
    grid: Annotated[Path, typer.Argument(metavar="GRID.toml", help="As eval/sweeps/defaults.toml.")],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for the run of every cell.")] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Quality against CPU time.")] = None,
    write: Write = None,
    as_json: Json = False,
) -> None:
    """Try settings on what may be tuned on, and show quality against cost; the settings that ship come first."""
    wanted = read_grid(grid)
    with progress() as show:
        tried = run_sweep(wanted, WORK, show, partial(_keep, out))
    emit_json(list(map(json_of, tried))) if as_json else emit(text_of_sweep(tried))
    if plot:
        points = [(name_of(one.cell), one.cost_ms, one.quality.value or 0.0, one.best) for one in tried]
        plot.write_text(pareto(points, quality=wanted.quality), encoding="utf-8")
        tell(f"drawn as {plot}")
    write_block(write, f"sweep-{grid.stem}", markdown_of_sweep(tried, command=f"quotewell eval sweep {grid}"))


def _keep(out: Path | None, number: int, run: Run) -> None:
    if out:
        keep(run, out / f"cell-{number:03d}")
