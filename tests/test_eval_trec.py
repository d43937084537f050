"""TREC folders in, TREC files out: what trec_eval works out from those files is what we say."""

import gzip
import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import pytrec_eval

from eval.runs.run_file import NOWHERE, column, qrels_lines, read_run, run_lines, write_trec
from eval.scoring.latency import STAGES
from eval.scoring.run import Run, measure
from eval.sets.beir import read_topics, read_trec
from eval.sets.gold import GoldSet, GoldSpan, Question
from eval.sets.sets import resolve_set, set_sha256
from index.embedding.embedder import HashEmbedder
from index.errors import BadGold, NotFound
from index.settings import load_settings
from quotewell import run as quotewell
from rag.assistant import open_assistant
from rag.reading.reader import reader_files
from tests import make

ARTICLES = {
    "bakery": "The Marten bakery opened in 1987. It bakes forty kinds of rye bread. Oskar Lind has run it since 2011.",
    "bridge": "The Sollen bridge carries trams over the river Vey. It was closed for repairs in March 2019.",
    "comet": "Comet Harrow was discovered by Ilse Brandt in 1904. It returns every 61 years, as far as is known. "
    "Its tail was last seen from Earth in 2026.",
    "ferry": "The night ferry to Aldra leaves at nine. Tickets are sold in the old customs house.",
    "orchard": "Farmers in the Tamm valley grow red apples. Frost destroyed half of the harvest in 2021.",
    "theatre": "The Linden theatre seats 312 people. Its director, Petra Novak, stages only comedies.",
}
TOPICS = """<top>

<num> Number: 7
<title> Topic: comet and
 its <b>tail</b>
<desc> Description:
What of the comet?
<narr> Narrative:
Nothing else.
</top>
<top>
<num>8</num>
<desc>Who runs the bakery?</desc>
</top>
"""
TABBED = "qid\tquery\n7\twhen does the comet return\n8\twho runs the bakery\n9\tnever judged\n"
QRELS = "7 0 comet 2\n7 0 ferry 0\n8\t0\tbakery\t1\n8\t0\torchard\t1\n"


def trec_folder(folder: Path, *, topics: str = TABBED, qrels: str = QRELS) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "topics.txt").write_text(topics)
    (folder / "qrels.txt").write_text(qrels)
    rows = [json.dumps({"_id": id_, "title": "", "text": text}) for id_, text in ARTICLES.items()]
    (folder / "corpus.jsonl").write_text("\n".join(rows))
    return folder


def test_topics_are_read_from_blocks_with_or_without_closing_tags(tmp_path: Path) -> None:
    (tmp_path / "topics.txt").write_text(TOPICS)
    assert read_topics(tmp_path / "topics.txt") == {"7": "comet and its", "8": "Who runs the bakery?"}


def test_topics_are_read_from_tabs_also_packed(tmp_path: Path) -> None:
    (tmp_path / "topics.tsv.gz").write_bytes(gzip.compress(TABBED.encode()))
    assert list(read_topics(tmp_path / "topics.tsv.gz").items())[1:] == [
        ("8", "who runs the bakery"),
        ("9", "never judged"),
    ]


@pytest.mark.parametrize(
    ("topics", "line", "reason"),
    [
        ("7\tone\n8 two\n", 2, "expected a topic's id, a tab and its text"),
        ("7\tone\n7\ttwo\n", 2, "topic '7' stands above too"),
        ("<top>\n<num> 7\n<title> one\n", 1, "this <top> is not closed by </top>"),
        ("<top>\n<num> 7\n<title> one\n<top>\n", 1, "this <top> is not closed by </top>"),
        ("<top>\n<title> one\n</top>\n", 1, "this topic's <num> is '', expected a number or name"),
        ("<top>\n<num> 7\n</top>\n", 1, "topic '7' has neither <title> nor <desc>"),
        ("<top>\n<num> 7\n<title> one\n</top>\n<num> 8\n", 5, "expected <top>"),
    ],
)
def test_broken_topics_are_named_by_file_line_and_reason(tmp_path: Path, topics: str, line: int, reason: str) -> None:
    (tmp_path / "topics.txt").write_text(topics)
    with pytest.raises(BadGold) as caught:
        read_topics(tmp_path / "topics.txt")
    assert str(caught.value).startswith(f"{tmp_path / 'topics.txt'}, line {line}: {reason}")


def test_a_trec_folder_gives_its_judged_topics_and_says_which_documents_were_refused(tmp_path: Path) -> None:
    found = resolve_set(trec_folder(tmp_path / "small"))
    assert found == read_trec(tmp_path / "small")
    assert [question.id for question in found.questions] == ["7", "8"]
    assert (found.relevant, found.rejected) == (
        {"7": {"comet": 2}, "8": {"bakery": 1, "orchard": 1}},
        {"7": {"ferry": 0}},
    )
    assert (found.name, found.unjudged, found.corpus.name) == ("small", ("9",), "corpus.jsonl")


def test_the_corpus_of_a_trec_folder_may_be_a_folder_and_a_missing_one_is_an_error(tmp_path: Path) -> None:
    folder = trec_folder(tmp_path / "small")
    (folder / "corpus.jsonl").unlink()
    with pytest.raises(NotFound, match=r"no corpus in .*small; put corpus.jsonl or a folder corpus/"):
        read_trec(folder)
    (folder / "corpus").mkdir()
    assert read_trec(folder).corpus == folder / "corpus"


@pytest.mark.parametrize(
    ("qrels", "reason"),
    [
        ("7 0 comet 1\n7 0 comet\n", "line 2: relevance is 'comet', expected a whole number"),
        ("7 0 comet 1\n5 0 comet 1\n", "line 2: no question '5' in the queries"),
        ("7 0 comet 1\n7 0 comet 0\n", "line 2: document 'comet' was judged differently"),
        ("7 0 comet 0\n", "holds no judged question"),
        ("", "holds no judged question"),
    ],
)
def test_broken_or_empty_qrels_are_named(tmp_path: Path, qrels: str, reason: str) -> None:
    with pytest.raises(BadGold, match=reason):
        resolve_set(trec_folder(tmp_path / "small", qrels=qrels))


@pytest.fixture(scope="module")
def by_document(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("trec")
    questions = resolve_set(trec_folder(folder / "small set"))
    return measure(questions, load_settings(embedder="hash"), lambda *_: None, folder / "work")


@pytest.fixture(scope="module")
def by_passage(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """First sentences in their own words, a span that no passage holds whole, and a question without an answer."""
    folder = tmp_path_factory.mktemp("gold")
    texts = {f"{name} x": text for name, text in ARTICLES.items()}
    settings = make.indexed(folder, texts, passage_tokens=16, overlap_sentences=0)
    asked = [asking(name, text, text.index(".")) for name, text in ARTICLES.items()]
    asked += [asking("comet", ARTICLES["comet"], len(ARTICLES["comet"]), id_="whole article")]
    asked += [Question("none", "What is quux?", False, (), (), ())]
    return measure(GoldSet("gold", tuple(asked)), settings, lambda *_: None)


def asking(name: str, text: str, end: int, id_: str = "") -> Question:
    span = GoldSpan(f"{name} x", 0, end, text[:end])
    return Question(id_ or name, f"{span.quote[:60]}?", True, (text[4:20],), (span,), ())


MEASURES = {
    "success_1": "Success@1",
    "success_5": "Success@5",
    "recip_rank": "RR@10",
    "ndcg_cut_10": "nDCG@10",
    "recall_10": "R@10",
    "recall_100": "R@100",
}


def read(lines: Iterator[str], unit: int, value: int) -> dict[str, dict[str, Any]]:
    """Question → document → number, of the columns of TREC's files."""
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        cells = line.split(" ")
        found.setdefault(cells[0], {})[cells[unit]] = int(cells[value])
    return found


@pytest.mark.parametrize("kind", ["by_document", "by_passage"])
def test_trec_eval_finds_the_same_figures_in_the_files(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    report: Run = request.getfixturevalue(kind)
    write_trec(report, tmp_path)
    run, qrels = tmp_path / f"{report.set_name}.run", tmp_path / f"{report.set_name}.qrels"
    judgements = read(iter(qrels.read_text().splitlines()), 2, 3)
    scores = read(iter(run.read_text().splitlines()), 2, 4)
    evaluator = pytrec_eval.RelevanceEvaluator(judgements, {"success", "recip_rank", "ndcg_cut", "recall"})
    found: Mapping[str, Mapping[str, float]] = evaluator.evaluate(scores)
    figures = {figure.name: figure.value for figure in report.figures}
    checked = [(theirs, ours) for theirs, ours in MEASURES.items() if ours in figures]
    assert len(checked) == (6 if kind == "by_document" else 4)
    for theirs, ours in checked:
        values = [found.get(question_id, {}).get(theirs, 0.0) for question_id in judgements]
        assert sum(values) / len(judgements) == pytest.approx(figures[ours]), ours
    for row in report.rows:
        for theirs, ours in checked if row.answerable else ():
            assert found.get(column(row.id), {}).get(theirs, 0.0) == pytest.approx(row.measures[ours])


def test_the_lines_are_those_that_trec_eval_reads(by_document: Run, by_passage: Run) -> None:
    first = next(run_lines(by_document)).split(" ")
    assert (first[0], first[1], first[3], first[4], first[5]) == ("7", "Q0", "1", "6", "quotewell")
    assert list(qrels_lines(by_document)) == ["7 0 comet 2", "7 0 ferry 0", "8 0 bakery 1", "8 0 orchard 1"]
    assert all(len(line.split()) == 6 for line in run_lines(by_passage))
    assert f"whole%20article 0 {NOWHERE} 1" in list(qrels_lines(by_passage))
    assert "ferry 0 ferry%20x#0 1" in list(qrels_lines(by_passage))
    assert not [line for line in qrels_lines(by_passage) if line.startswith("none ")]


def test_ids_without_blanks_are_written_as_they_are() -> None:
    assert [column(name) for name in ("a/b#1", "ü", "50% a\u00a0b")] == ["a/b#1", "ü", "50%25%20a%C2%A0b"]


def test_a_span_that_no_passage_holds_lowers_the_ceiling(by_passage: Run) -> None:
    ceiling = next(figure for figure in by_passage.figures if figure.name == "spans whole in a passage")
    assert ceiling.value == pytest.approx(6 / 7)
    assert ceiling.n == 7
    assert by_passage.rows[6].measures["Success@5"] == 0


def test_every_answer_is_timed_by_stage_and_the_stages_add_up(by_passage: Run) -> None:
    for row in by_passage.rows:
        assert tuple(row.latency) == STAGES
        assert sum(row.latency.values()) == pytest.approx(2 * row.latency["all"])
        assert min(row.latency["all"], row.latency["search"], row.latency["read"]) > 0
        assert row.latency["rest"] > -1e-9
    figures = {figure.name: figure for figure in by_passage.figures}
    median, tail = figures["all, median CPU ms"], figures["all, p95 CPU ms"]
    assert median.value == sorted(row.latency["all"] for row in by_passage.rows)[3]
    assert (median.n, tail.n, tail.value) == (8, 0, None)  # eight are too few for a 95th percentile


def test_a_timed_assistant_answers_as_any_other(by_passage: Run, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = next(tmp_path_factory.getbasetemp().glob("gold*"))
    settings = load_settings(data=folder / "data", embedder="hash", passage_tokens=16, overlap_sentences=0)
    assistant = open_assistant(settings=settings, embedder=HashEmbedder())
    for row in by_passage.rows:
        answer = assistant.ask(row.question, limit=10)
        assert (row.status, row.confidence) == (answer.status, answer.confidence)
        assert [quoted.quote for quoted in row.citations] == [citation.quote for citation in answer.citations]
        assert row.ranks == tuple(hit.ranks for hit in answer.evidence)
        assert row.ranker_scores == tuple(hit.scores for hit in answer.evidence)


def test_a_run_says_what_it_was_made_with(by_passage: Run) -> None:
    made = by_passage.makings
    assert (made.embedder, made.index_version) == ("hash", by_passage.index_version)
    settings = made.settings
    assert (settings["passage_tokens"], settings["stem"], settings["reader"]) == (16, "snowball", "model")
    assert settings["threshold"] == by_passage.rows[0].threshold
    own = reader_files("model")
    assert own.model is not None
    assert made.weights_sha256["reader"] == sha256(own.written).hexdigest()
    assert made.weights_sha256["reading model"] == own.model.sha256
    assert made.questions_sha256 != set_sha256(GoldSet("gold", ()))


@pytest.fixture
def settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to run commands in, with the embedder that needs no model."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QUOTEWELL_EMBEDDER", "hash")
    return tmp_path


def test_several_sets_are_run_and_kept_by_one_command(settled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trec_folder(settled / "one")
    trec_folder(settled / "two", topics=TOPICS)
    (settled / "page.md").write_text("<!-- eval:sets -->\n<!-- /eval:sets -->\n")
    asked = ["eval", "run", "one", "two", "--out", "kept", "--write", "page.md", "--json", "--measure", "rr@10"]
    assert quotewell(asked) == 0
    printed = json.loads(capsys.readouterr().out)["runs"]
    assert [(run["set"], list(run["figures"])) for run in printed] == [("one", ["RR@10"]), ("two", ["RR@10"])]
    kept = read_run(settled / "kept" / "one.json")
    assert {figure.name: figure.value for figure in kept.figures}["RR@10"] == printed[0]["figures"]["RR@10"]["value"]
    assert len(kept.figures) > 30  # what is kept is whole
    assert kept.made_with is not None
    assert sorted(path.name for path in (settled / "kept").iterdir()) == [
        f"{name}.{kind}" for name in ("one", "two") for kind in ("json", "qrels", "run", "txt")
    ]
    assert (settled / "page.md").read_text().count("\n| one | ") == 1


def test_a_set_is_not_judged_over_another_one_of_its_name(settled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    versions = []
    for place in ("a", "b", "a"):
        (settled / place).mkdir(exist_ok=True)
        trec_folder(settled / place / "one")
        assert quotewell(["eval", "run", f"{place}/one", "--json"]) == 0
        versions.append(json.loads(capsys.readouterr().out)["index_version"])
    assert len(set(versions)) == 1


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["one", "--measure", "nDGC"], "there is no measure 'nDGC'; the nearest is 'nDCG@10'"),
        (["one", "one"], "two sets are named 'one'"),
        (
            ["broken"],
            "topics.txt, line 1: expected a topic's id, a tab and its text, or <top> blocks; correct this line",
        ),
        (["bare"], "no corpus in bare"),
        (["empty.jsonl"], "empty.jsonl holds no judged question"),
        (["gold.jsonl"], "gold.jsonl, line 1: not JSON"),
        (["one", "nowhere"], "no evaluation set at nowhere"),
    ],
)
def test_bad_input_exits_2_before_anything_is_asked(
    settled: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str
) -> None:
    for name in ("one", "broken", "bare"):
        trec_folder(settled / name, topics="7 comet\n" if name == "broken" else TABBED)
    (settled / "bare" / "corpus.jsonl").unlink()
    (settled / "empty.jsonl").write_text("\n")
    (settled / "gold.jsonl").write_text("{\n")
    assert quotewell(["eval", "run", *arguments]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert problem in said.err
    assert not (settled / ".eval").exists()
