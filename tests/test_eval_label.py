"""Labelling: what each key does, what is written and when, lines of a pipe and keys of a real terminal."""

import io
import json
import os
import pty
import termios
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from eval.authoring.label import Draft, KeyPress, LabelScene, Refused, draft_of, marked_words, press, question_of
from eval.authoring.label_session import ENTER, Journal, Session
from eval.authoring.propose import ProposedQuestion, candidate_line, read_candidates
from eval.authoring.terminal import PipedKeys, TerminalKeys, keys_of
from eval.sets.gold import GoldSpan, Question, add_line, check_gold, drop_line, line_of, read_gold
from index.errors import BadInput
from index.search import Index
from index.terminal import Paragraph
from quotewell import run as quotewell
from tests import make
from tests.conftest import SIX_ARTICLES

WHEN = Question("q1", "When did the Marten bakery open?", False, (), (), ("when",))
WHO = Question("q2", "Who directs the Linden theatre?", False, (), (), ("who",))


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return make.index(tmp_path_factory.mktemp("six"), SIX_ARTICLES)


def data_of(index: Index) -> str:
    return str(index._settings.data)


def scene_of(index: Index, text: str) -> LabelScene:
    return LabelScene([hit.passage for hit in index.search(text, limit=9)], index.document)


def pressed(index: Index, *keys: str, candidate: ProposedQuestion | None = None) -> tuple[Draft, LabelScene]:
    one = candidate or ProposedQuestion(WHEN, known=False)
    scene = scene_of(index, one.question.text)
    draft = draft_of(one, index.document)
    for key in keys:
        name, _, words = key.partition(" ")
        draft = press(draft, KeyPress(name, words), scene)
    return draft, scene


def marked(index: Index, *keys: str) -> str:
    draft, scene = pressed(index, *keys)
    return marked_words(draft.marks[-1], scene.document_of)


def test_digits_open_a_passage_and_mark_its_sentences(index: Index) -> None:
    assert marked(index, "1", "1") == "The Marten bakery opened on Quarry Street in 1987."
    assert marked(index, "1", "2", "1").endswith("It bakes forty kinds of rye bread.")
    with pytest.raises(Refused, match="has 3 sentences"):
        pressed(index, "1", "7")


def test_a_mark_grows_and_shrinks_by_words_and_can_be_typed(index: Index) -> None:
    first = ("1", "1")
    assert marked(index, *first, "[") == "The Marten bakery opened on Quarry Street in"
    assert marked(index, *first, "[", "]") == "The Marten bakery opened on Quarry Street in 1987."
    assert marked(index, *first, "}", "}") == "bakery opened on Quarry Street in 1987."
    assert marked(index, *first, "}", "{") == "The Marten bakery opened on Quarry Street in 1987."
    assert marked(index, *first, "w in 1987") == "in 1987"
    assert marked(index, "1", "w forty  kinds") == "forty kinds"
    for keys in ((*first, "{"), (*first, "w in 1988"), ("w in 1987",), ("c",), ("]",), ("x",)):
        with pytest.raises(Refused):
            pressed(index, *keys)


def test_what_is_kept_is_gold_whose_spans_fit(index: Index) -> None:
    draft, scene = pressed(index, "1", "1", "w opened on Quarry Street in 1987", "a 1987 | in 1987", "t when, name")
    kept = question_of(draft, scene)
    source = index.document("bakery").source
    assert check_gold([kept], {"bakery": source}) == []
    assert (kept.answerable, kept.answers, kept.tags) == (True, ("1987", "in 1987"), ("when", "name"))
    assert pressed(index, "1", "1", "w 1987", "a")[0].answers == ("1987",)


def test_unanswerable_is_tagged_and_drops_what_was_marked(index: Index) -> None:
    draft, scene = pressed(index, "1", "1", "u")
    kept = question_of(draft, scene)
    assert (kept.answerable, kept.spans, kept.tags) == (False, (), ("when", "near-miss"))
    assert pressed(index, "u", "u")[0].tags == ("when",)
    with pytest.raises(Refused, match="nothing is marked"):
        question_of(*pressed(index))


class Shown:
    """Keeps what was shown."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, lines: list[Paragraph]) -> None:
        self.lines += [line.text for line in lines]


def session(index: Index, gold: Path, *questions: Question, asks: bool = False) -> Session:
    queue = [ProposedQuestion(question, known=False) for question in questions]
    return Session(queue, Journal(gold), lambda text: index.search(text, limit=9), index, Shown(), asks=asks)


def piped(*lines: str) -> PipedKeys:
    return PipedKeys(io.StringIO("".join(f"{line}\n" for line in lines)))


def test_every_step_is_written_and_work_goes_on_where_it_was_left(index: Index, tmp_path: Path) -> None:
    gold = tmp_path / "g.jsonl"
    first = session(index, gold, WHEN, WHO)
    assert not first.run(piped("1", "1", "a 1987", ""))  # the lines end before the second question
    assert [one.id for one in read_gold(gold)] == ["q1"]
    second = session(index, gold, WHEN, WHO)
    assert second.run(piped("s"))
    assert (second.kept, second.passed) == (0, 1)
    assert session(index, gold, WHEN, WHO).run(piped())  # nothing is left to ask


def test_back_undoes_a_key_and_then_a_decision_even_of_an_earlier_run(index: Index, tmp_path: Path) -> None:
    gold = tmp_path / "g.jsonl"
    assert not session(index, gold, WHEN, WHO).run(piped("1", "1", "b", "b", "u", "k", "q"))
    assert read_gold(gold)[0].answerable is False
    again = session(index, gold, WHEN, WHO)
    assert not again.run(piped("b", "q"))
    assert read_gold(gold) == []
    assert again.journal.done == frozenset()


def test_a_question_that_stands_in_the_file_is_refused_and_stays_on_the_screen(index: Index, tmp_path: Path) -> None:
    gold = tmp_path / "g.jsonl"
    twice = Question("q9", "when did the Marten  bakery open", False, (), (), ("when",))
    run = session(index, gold, WHEN, twice)
    assert not run.run(piped("u", "k", "u", "k"))
    assert len(read_gold(gold)) == 1
    assert isinstance(run.show, Shown)
    assert any("asks this already: q1" in line for line in run.show.lines)
    with pytest.raises(BadInput, match="stands in"):
        run.journal.keep(WHEN)


def test_a_question_can_be_typed_in_and_edited(index: Index, tmp_path: Path) -> None:
    gold = tmp_path / "g.jsonl"
    run = session(index, gold, asks=True)
    assert run.run(piped("Who leads the Linden theatre?", "e Who directs the Linden theatre?", "1", "2", "k", ""))
    (one,) = read_gold(gold)
    assert one.text == "Who directs the Linden theatre?"
    assert one.spans[0].quote == "Its director, Petra Novak, stages only comedies."


def test_a_proposal_is_kept_as_it_is_with_one_key(index: Index, tmp_path: Path) -> None:
    source = index.document("comet").source
    span = GoldSpan("comet", 0, 46, source[:46])
    proposed = Question("n1", "Who discovered Comet Harrow?", True, ("Ilse Brandt",), (span,), ("who",))
    run = session(index, tmp_path / "g.jsonl")
    run.queue.append(ProposedQuestion(proposed))
    assert run.run(piped(""))
    assert read_gold(tmp_path / "g.jsonl") == [proposed]


def test_lines_are_added_whole_and_taken_back_alone(tmp_path: Path) -> None:
    path = tmp_path / "g.jsonl"
    path.write_bytes(b'{"a": 1}\r\n{"b": 2}')
    add_line(path, "{}")
    assert path.read_bytes() == b'{"a": 1}\r\n{"b": 2}\n{}\n'
    assert drop_line(path, "{}")
    assert not drop_line(path, "{}")
    assert path.read_bytes() == b'{"a": 1}\r\n{"b": 2}\n'
    assert [each.name for each in tmp_path.iterdir()] == ["g.jsonl"]


def test_candidates_that_nobody_knows_the_answer_of_are_read_back(tmp_path: Path) -> None:
    one = ProposedQuestion(WHEN, known=False, note="no answer was found")
    path = tmp_path / "c.jsonl"
    path.write_text(f"{candidate_line(one)}\n{line_of(WHO)}\n", "utf-8")
    assert json.loads(path.read_text().splitlines()[0])["answerable"] is None
    assert read_candidates(path) == [one, ProposedQuestion(WHO)]


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    near, far = pty.openpty()
    yield near, far
    os.close(near)
    os.close(far)


def test_single_keys_of_a_terminal_label_a_question_and_leave_it_as_it_was(
    index: Index, tmp_path: Path, terminal: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    near, far = terminal
    before = termios.tcgetattr(far)
    gold = tmp_path / "g.jsonl"
    # arrow left takes a word off; the answer is typed with a slip that is rubbed out; Enter keeps; q quits
    typed = "11\x1b[D\x1b[Ca1988\x7f7 ü\r\rq"
    with os.fdopen(os.dup(far)) as stream, keys_of(stream) as keys:
        assert isinstance(keys, TerminalKeys)
        assert not termios.tcgetattr(far)[3] & (termios.ECHO | termios.ICANON)
        writer = Thread(target=os.write, args=(near, typed.encode()))
        writer.start()
        assert not session(index, gold, WHEN, WHO).run(keys)
        writer.join()
    assert termios.tcgetattr(far) == before
    (one,) = read_gold(gold)
    assert one.answers == ("1987 ü",)
    assert one.spans[0].quote == "The Marten bakery opened on Quarry Street in 1987."
    assert "answer: 1988\b \b7 ü" in capsys.readouterr().out


def test_the_end_of_a_terminal_quits(terminal: tuple[int, int]) -> None:
    near, far = terminal
    with os.fdopen(os.dup(far)) as stream, keys_of(stream) as keys:
        os.write(near, b"e\x04")
        assert keys.key() is None
    assert PipedKeys(io.StringIO("\n")).key() == KeyPress(ENTER)


def test_the_command_reads_lines_of_a_pipe(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    candidates = tmp_path / "c.jsonl"
    candidates.write_text(f"{candidate_line(ProposedQuestion(WHEN, known=False))}\n", "utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO("?\n1\n1\n\n"))
    gold = tmp_path / "g.jsonl"
    assert quotewell(["eval", "label", str(candidates), "--gold", str(gold), "--data", data_of(index)]) == 0
    out, err = capsys.readouterr()
    assert "unanswerable, and back" in out
    assert "1 kept" in err
    assert read_gold(gold)[0].spans[0].document_id == "bakery"
    gold.write_text("nope\n")
    assert quotewell(["eval", "label", str(candidates), "--gold", str(gold), "--data", data_of(index)]) == 2
