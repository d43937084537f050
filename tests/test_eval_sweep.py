"""Settings are tried on what may be tuned on, and shown as quality against cost."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.bench.sweep import Grid, front, markdown_of_sweep, read_grid, sweep, text_of_sweep
from eval.commands.experiments import sweep as command
from eval.runs.plots import pareto, reliability, risk_coverage
from index.errors import BadInput, NotFound

GOLD = Path(__file__).parent.parent / "eval" / "gold"
SWEEPS = Path(__file__).parent.parent / "eval" / "sweeps"

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str) -> Path:
        path = tmp_path / "grid.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def beir(folder: Path) -> Path:
    """Two tiny articles, four questions; every second one may be tuned on."""
    folder.mkdir()
    folder.joinpath("corpus.jsonl").write_text(
        '{"_id": "ferry", "title": "Ferry", "text": "The night ferry to Aldra leaves at nine."}\n'
        '{"_id": "comet", "title": "Comet", "text": "Comet Harrow returns every 61 years."}\n'
    )
    asked = ("When does the ferry leave?", "How often does the comet return?") * 2
    lines = [f'{{"_id": "q{n}", "text": "{text}"}}\n' for n, text in enumerate(asked)]
    folder.joinpath("queries.jsonl").write_text("".join(lines))
    rows = [f"q{n}\t{('ferry', 'comet')[n % 2]}\t1\n" for n in range(4)]
    folder.joinpath("qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(rows))
    return folder


def test_the_committed_sweep_reads_and_starts_with_what_ships() -> None:
    grid = read_grid(SWEEPS / "defaults.toml")
    assert grid.cells[0] == {}
    assert len(grid.cells) == len({tuple(cell.items()) for cell in grid.cells}) > 10
    assert [questions.name for questions in grid.sets] == ["articles-dev"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sets = [", "not a TOML file"),
        ("", "sets must be a list"),
        (f'sets = ["{GOLD}/articles-test.jsonl"]\n[grid]\ndepth = [5]\n', "may be tuned on"),
        (f'sets = ["{GOLD}/articles-dev.jsonl"]\n', "must name settings"),
        (f'sets = ["{GOLD}/articles-dev.jsonl"]\n[grid]\ndeep = [5]\n', "no setting 'deep'"),
        (f'sets = ["{GOLD}/articles-dev.jsonl"]\n[grid]\ndepth = 5\n', "depth must be a list"),
        (f'sets = ["{GOLD}/articles-dev.jsonl"]\n[grid]\ndepth = [0]\n', "depth"),
        (f'sets = ["{GOLD}/articles-dev.jsonl"]\nquality = "nDCG@11"\n[grid]\ndepth = [5]\n', "nearest is 'nDCG@10'"),
        (f'sets = ["{GOLD}/articles-dev.jsonl"]\nspeed = 1\n[grid]\ndepth = [5]\n', "speed is no part"),
        (f'sets = ["{GOLD}/articles-dev.jsonl"]\n[grid]\ndepth = [{", ".join(map(str, range(1, 999)))}]\n', "cells"),
    ],
)
def test_a_grid_that_is_none_is_refused_before_anything_runs(write: Write, text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_grid(write(text))
    with pytest.raises(BadInput, match="there is no file"):
        read_grid(Path("nowhere.toml"))
    with pytest.raises(NotFound, match="no evaluation set at nowhere"):
        read_grid(write('sets = ["nowhere"]\n[grid]\ndepth = [5]\n'))


def test_every_cell_is_run_on_its_own_index_and_paired_with_the_first(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUOTEWELL_EMBEDDER", "hash")
    path = write(
        f'sets = ["{beir(tmp_path / "tiny")}"]\nquality = "nDCG@10"\n'
        '[grid]\npassage_tokens = [160, 32]\nfusion = ["convex", "rrf"]\n'
    )
    grid = read_grid(path)
    kept: list[tuple[int, int]] = []
    tried = sweep(grid, tmp_path / "work", lambda *_: None, lambda at, report: kept.append((at, len(report.rows))))
    assert [one.cell for one in tried] == [
        {},
        {"fusion": "rrf"},
        {"passage_tokens": 32},
        {"passage_tokens": 32, "fusion": "rrf"},
    ]
    assert kept == [(at, 2) for at in range(4)]
    assert len(list((tmp_path / "work").iterdir())) == 2
    assert tried[0].difference is None
    assert [one.difference and one.difference.n for one in tried[1:]] == [2, 2, 2]
    assert any(one.best for one in tried)
    assert all(one.cost_ms > 0 for one in tried)
    assert "as shipped" in text_of_sweep(tried)
    assert markdown_of_sweep(tried, command="quotewell eval sweep grid.toml").count("\n| ") == 4
    assert len(tried) == 4


def test_the_command_keeps_the_runs_the_plot_and_the_table(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QUOTEWELL_EMBEDDER", "hash")
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "page.md"
    page.write_text("<!-- eval:sweep-grid -->\n<!-- /eval:sweep-grid -->\n", encoding="utf-8")
    path = write(f'sets = ["{beir(tmp_path / "tiny")}"]\nquality = "RR@10"\n[grid]\nfusion = ["rrf"]\n')
    command(path, out=tmp_path / "runs", plot=tmp_path / "plot.svg", write=[page])
    assert "fusion rrf" in capsys.readouterr().out
    assert "fusion rrf" in page.read_text(encoding="utf-8")
    assert (tmp_path / "plot.svg").read_text(encoding="utf-8").startswith("<svg")
    assert (tmp_path / "runs" / "cell-001" / "tiny.json").exists()


def test_a_figure_that_no_question_has_cannot_be_swept(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUOTEWELL_EMBEDDER", "hash")
    grid = Grid(read_grid(write(f'sets = ["{beir(tmp_path / "tiny")}"]\n[grid]\ndepth = [5]\n')).sets, "AUROC", ({},))
    with pytest.raises(BadInput, match="'AUROC' of its own"):
        sweep(grid, tmp_path / "work", lambda *_: None, lambda *_: None)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12))
def test_somebody_is_always_best_and_nobody_on_the_front_is_beaten(pairs: list[tuple[int, int]]) -> None:
    best = front([value for value, _ in pairs], [cost for _, cost in pairs])
    assert any(best)
    for (value, cost), kept in zip(pairs, best, strict=True):
        beaten = any((v > value and c <= cost) or (v >= value and c < cost) for v, c in pairs)
        assert kept is not beaten


def test_the_same_numbers_are_drawn_with_the_same_bytes_and_readable_words() -> None:
    cells = [("as shipped", 50.0, 0.8, True), ("depth 5", 60.0, 0.7, False)]
    once, again = (pareto(cells, quality="nDCG@10") for _ in range(2))
    assert once == again
    assert "as shipped" in once
    for drawn in (risk_coverage([("run", [(0.1, 0.0), (1.0, 0.2)])]), reliability([(0.2, 0.3, 4)]), reliability([])):
        assert drawn.startswith("<svg")
        assert drawn.endswith("</svg>\n")
