"""Reading judged sets: what is read is what was written, and every broken line is named with its reason."""

import gzip
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.sets.beir import read_beir
from eval.sets.gold import GoldSet, GoldSpan, Question, check_gold, read_gold, records
from eval.sets.sets import resolve_set
from index.errors import BadGold, NotFound

SPAN = {"document_id": "a", "start": 4, "end": 8, "quote": "rose"}
LINE: dict[str, Any] = {
    "id": "q1",
    "text": "What rose?",
    "answerable": True,
    "answers": ["exports"],
    "spans": [SPAN],
    "tags": ["short"],
}
UNANSWERABLE = {**LINE, "answerable": False, "answers": [], "spans": []}


def gold_file(folder: Path, *lines: object) -> Path:
    path = folder / "gold.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return path


def beir_folder(folder: Path, *, queries: list[dict[str, Any]], qrels: str) -> Path:
    (folder / "corpus.jsonl").write_text('{"_id": "d1", "title": "", "text": "One."}\n')
    (folder / "queries.jsonl").write_text("".join(json.dumps(query) + "\n" for query in queries))
    (folder / "qrels.tsv").write_text(qrels)
    return folder


def test_a_gold_line_becomes_a_question_with_its_spans(tmp_path: Path) -> None:
    assert read_gold(gold_file(tmp_path, LINE)) == [
        Question("q1", "What rose?", True, ("exports",), (GoldSpan("a", 4, 8, "rose"),), ("short",))
    ]


def test_a_follow_up_is_asked_in_its_standalone_form(tmp_path: Path) -> None:
    line = {**LINE, "text": "And there?", "history": ["What rose here?"], "standalone": "What rose in Peru?"}
    question = read_gold(gold_file(tmp_path, line))[0]
    assert (question.history, question.asked) == (("What rose here?",), "What rose in Peru?")
    assert read_gold(gold_file(tmp_path, LINE))[0].asked == "What rose?"


def test_blank_lines_a_byte_order_mark_and_windows_line_ends_are_no_fault(tmp_path: Path) -> None:
    path = gold_file(tmp_path)
    path.write_bytes(("\ufeff\r\n" + json.dumps(LINE) + "\r\n\r\n").encode())
    assert [question.id for question in read_gold(path)] == ["q1"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[1]", "a JSON object is expected, not [1]"),
        *[({k: v for k, v in LINE.items() if k != name}, f"field '{name}' is missing") for name in LINE],
        ({**LINE, "answer": "x"}, 'unknown field "answer"'),
        ({**LINE, "text": 3}, "field 'text' is 3, expected text"),
        ({**LINE, "text": " "}, "field 'text' is empty"),
        ({**LINE, "text": "\ud800"}, "field 'text' holds half of a surrogate pair"),
        ({**LINE, "answerable": 1}, "field 'answerable' is 1, expected true or false"),
        ({**LINE, "answers": "x"}, "field 'answers' is \"x\", expected a list"),
        ({**LINE, "answers": [1]}, "field 'answers' holds 1, expected texts only"),
        ({**LINE, "answers": [""]}, "field 'answers' is empty"),
        ({**LINE, "tags": None}, "field 'tags' is null, expected a list"),
        ({**LINE, "spans": [7]}, "field 'spans' holds something that is not an object"),
        ({**LINE, "spans": [{**SPAN, "start": True}]}, "field 'start' is true, expected a whole number"),
        ({**LINE, "spans": [{**SPAN, "end": 8.0}]}, "field 'end' is 8.0, expected a whole number"),
        ({**LINE, "spans": [{**SPAN, "end": 4}]}, "span 4:4 is empty"),
        ({**LINE, "spans": [{**SPAN, "start": -1}]}, "span -1:8 is empty or begins before the text"),
        ({**LINE, "spans": [{**SPAN, "page": 1}]}, 'unknown field "page"'),
        ({**LINE, "spans": []}, "an answerable question needs at least one span"),
        ({**UNANSWERABLE, "spans": [SPAN]}, "an unanswerable question cannot have spans"),
        ({**UNANSWERABLE, "answers": ["x"]}, "an unanswerable question cannot have answers"),
        ({**LINE, "history": ["Before?"]}, "a question with history needs its standalone form"),
        ({**LINE, "standalone": ""}, "field 'standalone' is empty"),
        ({**LINE, "id": "q0"}, "id 'q0' stands on an earlier line too"),
    ],
)
def test_a_broken_gold_line_is_named_by_file_line_and_reason(tmp_path: Path, line: object, reason: str) -> None:
    path = gold_file(tmp_path, {**LINE, "id": "q0"}, line)
    with pytest.raises(BadGold) as caught:
        read_gold(path)
    assert str(caught.value).startswith(f"{path}, line 2: {reason}")


def test_bytes_that_are_not_utf8_are_named_by_their_line(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_bytes(json.dumps(LINE).encode() + b"\n\xff\n")
    with pytest.raises(BadGold, match="line 2: not UTF-8"):
        read_gold(path)


def test_a_damaged_archive_is_bad_gold(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(LINE).encode() * 50)[:-20])
    with pytest.raises(BadGold, match="cannot be read"):
        list(records(path))


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail_in_any_other_way(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_bytes(content)
    try:
        assert isinstance(read_gold(path), list)
    except BadGold as error:
        assert str(path) in str(error)


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(str.strip)


@given(st.builds(Question, WORDS, WORDS, st.just(False), st.just(()), st.just(()), st.tuples(WORDS), standalone=WORDS))
def test_any_question_survives_being_written_and_read(
    tmp_path_factory: pytest.TempPathFactory, question: Question
) -> None:
    folder = tmp_path_factory.getbasetemp()
    line = asdict(question)
    del line["near"]  # known of public sets only
    assert read_gold(gold_file(folder, line)) == [question]


@pytest.mark.parametrize(
    ("span", "problem"),
    [
        (GoldSpan("a", 8, 12, "rose"), None),
        (GoldSpan("b", 8, 12, "rose"), "question 'q': no document 'b'"),
        (GoldSpan("a", 8, 99, "rose"), "question 'q': span 8:99 is outside of 'a', which has 22 characters"),
        (GoldSpan("a", 0, 4, "rose"), "question 'q': 'a' at 0:4 is 'Expo'; the quote stands at 8:12"),
        (GoldSpan("a", 0, 4, "fell"), "question 'q': 'a' at 0:4 is 'Expo'; the quote stands nowhere in it"),
    ],
)
def test_check_gold_says_what_does_not_fit_and_where_it_would(span: GoldSpan, problem: str | None) -> None:
    question = Question("q", "What rose?", True, (), (span,), ())
    assert check_gold([question], {"a": "Exports rose in March."}) == ([problem] if problem else [])


QUERIES: list[dict[str, Any]] = [
    {"_id": "1", "text": "Who?", "answers": ["Ada"], "answerable": True, "type": "who", "near_doc": "d1"},
    {"_id": "2", "text": "When?", "answers": [], "answerable": False},
    {"_id": "3", "text": "Where?"},
]


@pytest.mark.parametrize(
    "qrels",
    ["query-id\tcorpus-id\tscore\n1\td 1\t2\n1\td2\t0\n", "1\td 1\t2\n1\td 1\t2\n1\td2\t-1\n", "1\t0\td 1\t2\n\n"],
)
def test_a_beir_folder_gives_questions_and_gains_above_zero(tmp_path: Path, qrels: str) -> None:
    found = read_beir(beir_folder(tmp_path, queries=QUERIES, qrels=qrels))
    assert found.relevant == {"1": {"d 1": 2}}
    assert found.questions == (
        Question("1", "Who?", True, ("Ada",), (), ("who",), near="d1"),
        Question("2", "When?", False, (), (), ()),
    )
    assert (found.name, found.corpus, found.unjudged) == (tmp_path.name, tmp_path / "corpus.jsonl", ("3",))


def test_trec_columns_may_be_parted_by_blanks(tmp_path: Path) -> None:
    found = read_beir(beir_folder(tmp_path, queries=QUERIES, qrels="1 0 d1 1\n3 Q0 d2 3\n"))
    assert found.relevant == {"1": {"d1": 1}, "3": {"d2": 3}}


def test_packed_files_and_the_folder_of_judgements_are_found(tmp_path: Path) -> None:
    beir_folder(tmp_path, queries=QUERIES, qrels="1\td1\t1\n")
    for name in ("corpus.jsonl", "queries.jsonl"):
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress((tmp_path / name).read_bytes()))
        (tmp_path / name).unlink()
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels.tsv").rename(tmp_path / "qrels" / "test.tsv")
    found = read_beir(tmp_path)
    assert (found.corpus.name, found.relevant) == ("corpus.jsonl.gz", {"1": {"d1": 1}})


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1\td1", "expected three columns"),
        ("1\t\t1", "expected three columns"),
        ("1\td1\t1\tx\ty", "expected three columns"),
        ("1\td1\tyes", "relevance is 'yes', expected a whole number"),
        ("9\td1\t1", "no question '9' in the queries"),
        ("2\td1\t1", "question '2' is marked unanswerable, yet a document is judged relevant"),
        ("1\td0\t2", "document 'd0' was judged differently for question '1' before"),
        ("query-id\tcorpus-id\tscore", "relevance is 'score', expected a whole number"),
    ],
)
def test_a_broken_judgement_is_named_by_file_line_and_reason(tmp_path: Path, row: str, reason: str) -> None:
    folder = beir_folder(tmp_path, queries=QUERIES, qrels=f"1\td0\t1\n{row}\n")
    with pytest.raises(BadGold) as caught:
        read_beir(folder)
    assert str(caught.value).startswith(f"{folder / 'qrels.tsv'}, line 2: {reason}")


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"text": "Who?"}, "field '_id' is missing"),
        ({"_id": 4, "text": "Who?"}, "field '_id' is 4, expected text"),
        ({"_id": "4", "text": "Who?", "answerable": "no"}, "field 'answerable' is \"no\", expected true or false"),
        ({"_id": "1", "text": "Who?"}, "id '1' stands on an earlier line too"),
    ],
)
def test_a_broken_beir_question_is_named_by_file_line_and_reason(
    tmp_path: Path, query: dict[str, Any], reason: str
) -> None:
    folder = beir_folder(tmp_path, queries=[*QUERIES, query], qrels="1\td1\t1\n")
    with pytest.raises(BadGold) as caught:
        read_beir(folder)
    assert str(caught.value).startswith(f"{folder / 'queries.jsonl'}, line 4: {reason}")


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels.tsv"])
def test_a_folder_without_one_of_the_three_files_is_not_a_set(tmp_path: Path, name: str) -> None:
    (beir_folder(tmp_path, queries=QUERIES, qrels="1\td1\t1\n") / name).unlink()
    with pytest.raises(NotFound, match=name):
        read_beir(tmp_path)


def test_a_set_is_a_folder_in_beir_layout_or_a_gold_file(tmp_path: Path) -> None:
    gold = resolve_set(gold_file(tmp_path, LINE))
    assert gold == GoldSet("gold", tuple(read_gold(tmp_path / "gold.jsonl")))
    folder = beir_folder(tmp_path, queries=QUERIES, qrels="1\td1\t1\n")
    assert resolve_set(folder) == read_beir(folder)


def test_a_path_that_is_no_set_or_an_empty_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no evaluation set at"):
        resolve_set(tmp_path / "absent.jsonl")
    with pytest.raises(BadGold, match="holds no judged question"):
        resolve_set(gold_file(tmp_path, ""))
