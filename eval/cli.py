"""The group `eval`: its commands by name; costs are measured here, all else in eval/commands."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from eval.bench.bench import bench as measure_costs
from eval.bench.bench import markdown_of_bench, text_of_bench
from eval.bench.growth import block_of, markdown_of_growth, plot_of_growth, text_of_growth
from eval.bench.growth import growth as measure_growth
from eval.bench.growth import scaling as measure_scaling
from eval.bench.peers import markdown_of_peers
from eval.bench.peers import peers as measure_peers
from eval.commands import experiments
from eval.commands.authoring import check, from_feedback, label, new
from eval.commands.compare import compare, gate
from eval.commands.run import report, run
from eval.commands.training import calibrate, export_reader, fit_blend, train_model, train_reader
from eval.runs.tables import Write, json_of, write_block
from eval.sets.beir import read_beir
from eval.sets.sets import opened, resolve_set
from index.errors import NotFound
from index.options import Data, Json, same_data
from index.settings import load_settings
from index.terminal import emit, emit_json, progress, tell

GROWTH_SIZES = (1_000, 10_000)
MOST_ASKED = 200  # questions of a set whose costs are measured
BENCH_QUESTIONS = Path(__file__).parent / "gold" / "articles-dev.jsonl"

app = typer.Typer(rich_markup_mode=None, help="Measure answers and search on judged questions.")


for _command in (  # in the order in which they are listed
    run, compare, gate, report, experiments.sweep, new, label, check, from_feedback, experiments.readers,
    experiments.follow_ups, experiments.conversation, experiments.conflicts, experiments.reasons,
    experiments.summaries, experiments.changes, experiments.support,
    train_reader, train_model, export_reader, fit_blend, calibrate, experiments.fusion,
):  # fmt: skip
    app.command()(_command)


@app.command()
def bench(
    judged: Annotated[
        Path | None, typer.Argument(metavar="[SET]", help="A set whose questions are asked, of an index of it.")
    ] = None,
    data: Data = None,
    write: Write = None,
    as_json: Json = False,
) -> None:
    """Measure the CPU time and memory of answers and of indexing; without SET and --data, on the bundled articles."""
    settings = load_settings(data=data)
    asked = resolve_set(judged or BENCH_QUESTIONS)
    with progress() as show, TemporaryDirectory(prefix="quotewell-bench-") as work:
        if judged:
            settings = opened(asked, settings, show)[1]
        found = measure_costs(settings, [one.asked for one in asked.questions[:MOST_ASKED]], Path(work), on=show)
    emit_json(json_of(found)) if as_json else emit(text_of_bench(found))
    command = f"quotewell eval bench {asked.name}" if judged else f"quotewell eval bench{same_data(settings)}"
    name = asked.name if judged else data.name if data else ""
    write_block(write, f"bench-{name}".strip("-"), markdown_of_bench(found, command=command))


@app.command()
def growth(
    size: Annotated[list[int] | None, typer.Option(metavar="N", help="Passages; give two or more.")] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Costs against passages.")] = None,
    write: Write = None,
    as_json: Json = False,
) -> None:
    """Measure how costs grow with the corpus, on made-up text of 1,000 and 10,000 passages or of other sizes."""
    sizes = size or GROWTH_SIZES
    if plot and not plot.parent.is_dir():
        raise NotFound(f"no folder {plot.parent} to draw into; make it first")
    with progress() as show, TemporaryDirectory(prefix="quotewell-growth-") as work:
        found = measure_growth(sizes, load_settings(), Path(work), on=show)
    emit_json(json_of(found)) if as_json else emit(text_of_growth(found))
    if plot:
        plot.write_text(plot_of_growth(found), encoding="utf-8")
        tell(f"drawn as {plot}")
    told = "".join(f" --size {one}" for one in size or ())
    write_block(write, "growth", markdown_of_growth(found, command=f"quotewell eval growth{told}"))


@app.command()
def peers(
    judged: Annotated[Path, typer.Argument(metavar="SET", help="A BEIR-style folder.")],
    environments: Annotated[Path, typer.Option(help="Where each peer is installed.")] = Path(".peers"),
    write: Write = None,
) -> None:
    """Measure quality and cost beside other ways to search, each in its own environment; needs uv and the network."""
    found, project = read_beir(judged), Path(__file__).parent.parent
    with progress() as show, TemporaryDirectory(prefix="quotewell-peers-") as work:
        measured = measure_peers(found, project, Path(work), environments, on=show)
    table = markdown_of_peers(measured, found, command=f"quotewell eval peers {found.name}")
    emit(table)
    write_block(write, f"peers-{found.name}", table)


@app.command()
def scaling(
    size: Annotated[list[int] | None, typer.Option(metavar="N", help="Passages; give one or more.")] = None,
    store: Annotated[
        str, typer.Option(metavar="STORE", help="As the setting: under its name all is replaced; default: Milvus Lite.")
    ] = "",
    graph: Annotated[bool, typer.Option("--graph", help="Find vectors by a graph, as for more than 200,000.")] = False,
    write: Write = None,
    as_json: Json = False,
) -> None:
    """Compare a search engine with memory on made-up text: what is found alike, its time, what a server holds."""
    with progress() as show, TemporaryDirectory(prefix="quotewell-scaling-") as work:
        found = measure_scaling(size or GROWTH_SIZES, store or f"{work}/lite.db", Path(work), on=show, graph=graph)
    emit_json(json_of(found)) if as_json else emit(text_of_growth(found))
    told = "".join(f" --size {one}" for one in size or ())
    told += (" --graph" if graph else "") + (f" --store {store.partition('://')[0]}://…" if "://" in store else "")
    table = markdown_of_growth(found, command=f"quotewell eval scaling{told}")
    write_block(write, block_of(store, graph=graph), table)
