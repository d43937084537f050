"""Checking gold files: every fault at its line, and none where there is none."""

import json
from pathlib import Path
from typing import Any

import pytest

from eval.authoring.check import check_files
from eval.sets.gold import Question
from index.errors import NotFound
from quotewell import run as quotewell

SOURCES = {"bakery": "The Marten bakery opened on Quarry Street in 1987. Oskar Lind has run it alone since 2011."}
GOLD = Path(__file__).parent.parent / "eval" / "gold"


def line(id_: str, text: str, quote: str = "opened on Quarry Street in 1987", **other: Any) -> str:
    start = SOURCES["bakery"].index(quote)
    span = {"document_id": "bakery", "start": start, "end": start + len(quote), "quote": quote}
    fields = {"id": id_, "text": text, "answerable": True, "answers": ["1987"], "spans": [span], "tags": ["when"]}
    return json.dumps(fields | other)


def unanswerable(id_: str, text: str) -> str:
    return line(id_, text, answerable=False, answers=[], spans=[], tags=["near-miss"])


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def found(*paths: Path, **other: Any) -> list[tuple[str, int, str, str]]:
    checked = check_files(paths, SOURCES, **other)
    return [(Path(each.file).stem, each.line, each.grave, each.kind) for each in checked.findings]


WHEN = "When did the Marten bakery open?"


def test_every_broken_line_is_named_with_its_number_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    good = line("q1", WHEN).encode()
    path.write_bytes(b"\n".join([good, b"nope", b"[1]", b'{"id": 3}', b"\xff", b"", good, b""]))
    says = [(each.line, each.says) for each in check_files([path], SOURCES).findings]
    assert [number for number, _ in says] == [2, 3, 4, 5, 7, 7]
    assert says[0][1].startswith("not JSON")
    assert says[2][1] == "field 'id' is 3, expected text"
    assert says[3][1].startswith("not UTF-8")
    assert {text.partition(" (")[0] for _, text in says[4:]} == {"asks the same as q1", "id 'q1' stands on line 1 too"}


def test_spans_answers_and_tags_are_held_against_the_source(tmp_path: Path) -> None:
    wrong = [{"document_id": "bakery", "start": 0, "end": 3, "quote": "Tea"}]
    nowhere = [{"document_id": "cafe", "start": 0, "end": 3, "quote": "The"}]
    path = written(
        tmp_path / "a.jsonl",
        line("q1", WHEN, answers=["1988"], tags=["whenn"]),
        line("q2", "Who runs it?", spans=wrong, answers=[]),
        line("q3", "Where is it?", spans=nowhere, answers=[]),
    )
    assert found(path) == [
        *(("a", 1, "warning", "answer"), ("a", 1, "warning", "tag")),
        *(("a", 2, "error", "span"), ("a", 3, "error", "span")),
    ]


def test_an_answer_may_leave_words_out_and_the_source_may_hold_escapes(tmp_path: Path) -> None:
    source = r"They paid over \$552 billion for bread, and for all the salt."
    span = {"document_id": "a", "start": 0, "end": len(source), "quote": source}
    gold = line("q1", "What did they pay?", spans=[span], answers=["$552 billion", "for bread … the salt"])
    path = written(tmp_path / "a.jsonl", gold)
    assert check_files([path], {"a": source}).findings == ()


def test_repetitions_within_a_split_and_leaks_between_them_are_told_apart(tmp_path: Path) -> None:
    dev = written(
        tmp_path / "x-dev.jsonl",
        line("d1", WHEN),
        line("d2", "when did the  Marten bakery open"),
        line("d3", "When did the small Marten bakery open in Quarry Street?"),
        unanswerable("d4", "When did the Marten bakery close?"),
        line("d5", "Who runs the Marten bakery alone?", "Oskar Lind has run it alone", answers=[]),
    )
    test = written(
        tmp_path / "x-test.jsonl",
        line("t1", "When did the Marten bakery open?"),
        line("t2", "Who keeps shop?", "Oskar Lind has run it", answers=[]),
        unanswerable("t3", "Who runs the Linden bakery alone?"),
    )
    assert ("x-dev", 2, "error", "duplicate") in found(dev, test)
    assert ("x-test", 1, "error", "leak") in found(dev, test)
    assert ("x-test", 2, "warning", "leak") in found(dev, test)  # the same words answer it, asked for in the same way
    assert not any(name == "x-test" for name, *_ in found(test))


def test_a_twin_on_the_other_side_is_a_warning(tmp_path: Path) -> None:
    dev = written(tmp_path / "dev.jsonl", line("d1", "When did Oskar Lind open the bakery?"))
    test = written(tmp_path / "test.jsonl", unanswerable("t1", "When did Petra Lind open the bakery?"))
    assert found(dev, test) == [("test", 1, "warning", "leak")]
    assert (
        found(dev, written(tmp_path / "other.jsonl", unanswerable("o1", "When did Petra Lind open the bakery?"))) == []
    )


def test_the_same_question_cannot_be_answerable_and_not(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", line("q1", WHEN), unanswerable("q2", WHEN))
    (one,) = check_files([path], SOURCES).findings
    assert one.grave == "error"
    assert "only one of the two is answerable" in one.says


def test_follow_ups_in_other_words_repeat_nothing(tmp_path: Path) -> None:
    follow: dict[str, Any] = {"history": ["What of it?"], "standalone": WHEN}
    path = written(
        tmp_path / "a.jsonl", line("q1", WHEN), line("q2", "when?", **follow), line("q3", "And when?", **follow)
    )
    assert found(path) == []
    assert found(written(path, line("q1", "when?", **follow), line("q2", "When?", **follow)))[0][3] == "duplicate"


def test_an_unanswerable_question_that_is_answered_is_shown_with_the_quote(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", unanswerable("q1", "Who has run the Marten bakery?"))

    def answers(question: Question) -> str:
        return "Oskar Lind has run the Marten bakery."

    assert found(path, answers=answers) == [("a", 1, "warning", "answered")]
    assert found(path, answers=lambda _: "Oskar Lind sings.") == []


def test_the_projects_own_gold_has_no_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert quotewell(["eval", "check", "--no-ask", *map(str, sorted(GOLD.glob("*.jsonl")))]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("410 questions in 4 files: 0 errors")


@pytest.mark.parametrize("manual", ["manual", "hatch"])
def test_the_questions_over_a_manual_quote_the_pages_that_are_kept_beside_them(manual: str) -> None:
    pages = GOLD / manual / "pages"
    sources = {
        path.relative_to(pages).with_suffix("").as_posix(): path.read_bytes().decode() for path in pages.rglob("*.md")
    }
    checked = check_files(sorted((GOLD / manual).glob("*.jsonl")), sources)
    assert (checked.questions, checked.count("error")) == (36, 0)


def test_the_command_exits_2_with_errors_and_prints_them_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "a.jsonl", "nope")
    assert quotewell(["eval", "check", "--no-ask", "--json", str(path)]) == 2
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["findings"][0]["line"], told["findings"][0]["grave"]) == (False, 1, "error")
    assert quotewell(["eval", "check", "--no-ask", str(tmp_path / "none.jsonl")]) == 2
    with pytest.raises(NotFound):
        check_files([tmp_path / "none.jsonl"], {})
