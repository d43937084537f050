"""The reading model: what it says of a passage depends on that passage alone, and it never points outside of it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from index.embedding import minilm
from index.embedding.minilm import PairGraph
from index.embedding.weights import packaged_onnx
from index.errors import ModelMissing
from index.records import Block, Hit, Kind, Passage, Span
from index.search import Index
from index.text.sentences import sentences
from rag.answer import Quote, Reading
from rag.question.analysis import Query, analyse
from rag.reading import model as read_model
from rag.reading.candidates import Candidate
from rag.reading.features import FEATURES
from rag.reading.model import ABSENT, WINDOW, Excerpt, Finding, ReadModel, load_read_model
from rag.reading.reader import LinearReader, ModelReader, Rated, load_reader, reader_files
from rag.reading.weights import Linear, load_weights
from rag.selection.choose import close
from rag.structure import BODY

_FERRY = ("The ferry was built in 1911.", "It carries forty cars.", "The captain is Ada Byrne, who joined in 1998.")


@pytest.fixture(scope="module")
def model() -> ReadModel:
    return load_read_model()


@pytest.fixture
def fresh() -> Iterator[None]:
    load_read_model.cache_clear()
    yield
    load_read_model.cache_clear()


def page(*sentences: str, title: str = "The ferry of Inis") -> Excerpt:
    spans, at = [], 0
    for sentence in sentences:
        spans.append(Span(at, at + len(sentence)))
        at += len(sentence) + 1
    return Excerpt(title, " ".join(sentences), tuple(spans))


@pytest.mark.parametrize(
    ("question", "sentence", "answer"),
    [
        ("When was the ferry built?", 0, "1911"),
        ("How many cars does the ferry carry?", 1, "forty"),
        ("Who is the captain of the ferry?", 2, "Ada Byrne"),
    ],
    ids=["year", "number", "name"],
)
def test_the_sentence_that_answers_and_its_words_stand_out(
    model: ReadModel, question: str, sentence: int, answer: str
) -> None:
    read = page(*_FERRY)
    found = model.read(question, read)
    assert found.gaps.index(found.gap) == sentence
    assert found.gap > 0
    assert found.answer is not None
    assert answer in read.text[slice(*found.answer)]


def test_a_question_about_something_else_is_none(model: ReadModel) -> None:
    found = model.read("What do penguins eat?", page(*_FERRY))
    assert found.gap < 0


def test_the_answer_stands_within_the_best_sentence(model: ReadModel) -> None:
    read = page(*_FERRY)
    for question in ("Why?", "What do penguins eat?", "When was it built and who runs it?"):
        found = model.read(question, read)
        best = read.sentences[found.gaps.index(found.gap)]
        assert found.answer is not None
        assert best.start <= found.answer.start < found.answer.end <= best.end


def test_what_is_read_before_changes_nothing_and_all_figures_are_on_the_grid(model: ReadModel) -> None:
    pages = [page(*_FERRY), page("Penguins eat fish.", "They swim well.", title="Penguins"), page(_FERRY[0])]
    question = "When was the ferry built?"
    told = [model.read(question, one) for one in pages]
    assert told == [model.read(question, one) for one in pages[::-1]][::-1]
    assert all((64 * gap).is_integer() for one in told for gap in (*one.gaps, one.answer_gap))


def test_a_page_beyond_the_window_is_read_in_parts_of_whole_sentences(model: ReadModel) -> None:
    other = ("The island has a lighthouse, two churches, a school and a market that opens every other Friday.",) * 40
    read = page(*other, _FERRY[0])
    found = model.read("When was the ferry built?", read)
    assert len(found.gaps) == 41
    assert ABSENT not in found.gaps
    assert found.gaps.index(found.gap) == 40
    assert found.answer is not None
    assert "1911" in read.text[slice(*found.answer)]


def test_one_sentence_beyond_the_window_is_read_as_far_as_it_fits(model: ReadModel) -> None:
    long = "The ferry was built in 1911, " + "and painted again, " * WINDOW
    found = model.read("When was the ferry built?", page(long))
    assert found.gap > ABSENT
    assert found.answer is not None
    assert found.answer.end <= len(long)


def test_a_long_question_and_a_long_title_leave_room_for_the_page(model: ReadModel) -> None:
    found = model.read("Was the ferry built? " * 200, page(*_FERRY, title="The ferry of Inis " * 100))
    assert ABSENT not in found.gaps


@pytest.mark.parametrize(
    "empty", [Excerpt("", "", ()), Excerpt("A", "   ", (Span(0, 3),))], ids=["no sentence", "blank"]
)
def test_where_nothing_stands_nothing_answers(model: ReadModel, empty: Excerpt) -> None:
    found = model.read("When?", empty)
    assert (found.gap, found.answer) == (ABSENT, None)


@pytest.mark.usefixtures("fresh")
def test_a_damaged_file_is_refused_before_it_is_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (read_model.GRAPH, read_model.ABOUT):
        (tmp_path / name).write_bytes(files("rag.reading").joinpath(name).read_bytes())
    damaged = bytearray((tmp_path / read_model.GRAPH).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / read_model.GRAPH).write_bytes(damaged)
    monkeypatch.setattr(read_model, "files", lambda _: tmp_path)
    with pytest.raises(ModelMissing, match="is damaged.*install quotewell again"):
        load_read_model()


@pytest.mark.usefixtures("fresh")
def test_a_missing_file_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(read_model, "files", lambda _: tmp_path)
    with pytest.raises(ModelMissing, match="install quotewell again"):
        load_read_model()


def test_bytes_that_are_no_graph_are_refused() -> None:
    with pytest.raises(ModelMissing, match="cannot open the reading model"):
        PairGraph(b"no graph")


def test_a_graph_of_another_shape_is_refused() -> None:
    with pytest.raises(ModelMissing, match="has the inputs"):
        PairGraph((packaged_onnx() / "onnx" / "model.onnx").read_bytes())


PENGUINS = ("Penguins eat fish.", "They swim well.")


def hit(row: int, document: str, *sentences: str, title: str = "The ferry of Inis") -> Hit:
    text, spans = " ".join(sentences), page(*sentences).sentences
    passage = Passage(f"{document}#0", document, 0, text, 0, len(text), spans, (Block("text", 0, len(text)),), title)
    return Hit(row, passage, 1 - row / 10, {"dense": row + 1}, {"dense": 1 - row / 10})


class Likeness:
    """Stands for the linear reader: each sentence of the hits with the score that it is given, all else as there."""

    def __init__(self, scores: Mapping[str, float]) -> None:
        self._scores = scores

    def scored(self, asked: Query, hits: Sequence[Hit], kinds: frozenset[Kind] = BODY) -> list[Rated]:
        found = []
        for one in hits:
            for sentence in one.passage.sentences:
                score = self._scores[one.passage.said(*sentence)]
                rows = tuple(other.row for other in hits if other.passage.id == one.passage.id)
                candidate = Candidate(one, sentence, np.zeros(len(FEATURES)), rows)
                found.append(Rated(candidate, Linear(score, np.zeros(len(FEATURES))), score))
        return sorted(found, key=lambda one: (-one.score, one.place))

    def odds(self, scored: Sequence[Rated]) -> dict[str, float]:
        return {"bias": scored[0].score}


class Watched(ReadModel):
    """The packaged model, and what it was given to read."""

    def __init__(self) -> None:
        self.__dict__.update(load_read_model().__dict__)
        self.texts: list[str] = []

    def read(self, question: str, excerpt: Excerpt) -> Finding:
        self.texts.append(excerpt.text)
        return super().read(question, excerpt)


def reading(
    question: str, hits: Sequence[Hit], margin: float | None = None, **scores: float
) -> tuple[Reading, list[str]]:
    """With the scores of _FERRY's sentences (f0 …) and of PENGUINS' (p0 …), and the texts that the model read."""
    of = {**{text: scores.get(f"f{n}", 0.0) for n, text in enumerate(_FERRY)}}
    of |= {text: scores.get(f"p{n}", 0.0) for n, text in enumerate(PENGUINS)}
    model = Watched()
    reader = ModelReader(cast(LinearReader, Likeness(of)), model, margin)
    return reader.read(analyse(question, "snowball"), hits), model.texts


def test_a_passage_that_another_index_holds_as_well_is_not_read_again() -> None:
    model, question = Watched(), analyse("How many cars does the ferry carry?", "snowball")
    likeness = cast(LinearReader, Likeness({text: 1.0 for text in _FERRY}))
    first, second = (ModelReader(likeness, model).read(question, [hit(row, "ferry", *_FERRY)]) for row in (0, 7))
    assert first.confidence == second.confidence
    assert len(model.texts) == 1


def words_of(quote: Quote) -> str:
    return quote.passage.text[quote.start : quote.end]


FERRY_AND_PENGUINS = (hit(0, "ferry", *_FERRY), hit(1, "penguins", *PENGUINS, title="Penguins"))


def test_the_model_finds_the_sentence_where_likeness_prefers_another() -> None:
    read, texts = reading("How many cars does the ferry carry?", FERRY_AND_PENGUINS, f0=1.0, f1=0.5, p0=-1.0)
    first = read.quotes[0]
    assert words_of(first) == _FERRY[1]
    assert first.answer is not None
    assert "forty" in first.passage.text[slice(*first.answer)]
    assert len(texts) == 1


def test_contributions_add_up_to_the_score_and_likeness_is_what_the_model_did_not_add() -> None:
    read, _ = reading("How many cars does the ferry carry?", FERRY_AND_PENGUINS, f0=1.0, f1=0.5, p0=-1.0)
    blend = load_read_model().blend
    for quote in read.quotes:
        assert quote.score == math.fsum(quote.contributions.values())
        assert quote.contributions["reading"] == blend.gap * (quote.gap or 0.0)
        assert quote.likeness == pytest.approx(quote.contributions.get("bias", 0.0))
    odds = math.fsum(read.contributions.values())
    assert read.confidence == pytest.approx(1 / (1 + math.exp(-odds)))
    assert read.contributions["reading"] == blend.gap_odds * (read.quotes[0].gap or 0.0)


def test_what_was_not_read_counts_as_unread_and_has_no_words_that_answer() -> None:
    read, _ = reading("How many cars does the ferry carry?", FERRY_AND_PENGUINS, f0=1.0, p0=0.9)
    unread = [quote for quote in read.quotes if quote.passage.document_id == "penguins"]
    assert [(quote.gap, quote.answer) for quote in unread] == [(load_read_model().blend.unread, None)] * 2


def test_the_second_passage_is_read_only_where_the_first_hardly_answers_and_the_second_is_close() -> None:
    question, behind = "What do penguins eat?", load_read_model().blend.behind
    close, texts = reading(question, FERRY_AND_PENGUINS, f0=1.0, p0=1.0 - behind)
    assert len(texts) == 2
    assert words_of(close.quotes[0]) == PENGUINS[0]
    far, texts = reading(question, FERRY_AND_PENGUINS, f0=1.0, p0=0.9 - behind, p1=0.9 - behind)
    assert len(texts) == 1
    unread = [quote.gap for quote in far.quotes if quote.passage.document_id == "penguins"]
    assert unread == [load_read_model().blend.unread] * 2


def test_an_answer_that_does_not_come_first_ends_no_reading() -> None:
    _, texts = reading("How many cars does the ferry carry?", FERRY_AND_PENGUINS, f0=1.0, f1=-20.0, p0=0.9)
    assert texts == [" ".join(_FERRY), " ".join(PENGUINS)]


def test_a_sentence_of_two_passages_is_read_in_one_of_them() -> None:
    ferry, penguins = FERRY_AND_PENGUINS
    start = len(_FERRY[0]) + 1
    whole, spans = ferry.passage, ferry.passage.sentences[1:]
    later = replace(whole, id="ferry#1", ordinal=1, text=whole.text[start:], start=start, sentences=spans)
    hits = (ferry, replace(penguins, row=1), replace(ferry, row=2, passage=later))
    read, texts = reading("What do penguins eat?", hits, f1=1.0, f2=0.9, p0=0.5)
    assert texts == [whole.text, penguins.passage.text]
    assert words_of(read.quotes[0]) == PENGUINS[0]


def test_what_may_be_shown_as_a_further_quote_is_read_and_keeps_its_score() -> None:
    asked = ("How many cars does the ferry carry?", FERRY_AND_PENGUINS)
    unread, _ = reading(*asked, f0=1.0, p0=0.1, p1=-0.1)
    read, texts = reading(*asked, margin=1.0, f0=1.0, p0=0.1, p1=-0.1)
    assert texts == [" ".join(_FERRY), " ".join(PENGUINS)]
    assert [quote.score for quote in read.quotes] == [quote.score for quote in unread.quotes]
    assert (read.confidence, read.hits) == (unread.confidence, unread.hits)
    own = load_read_model().read(asked[0], page(*PENGUINS, title="Penguins")).gaps
    gaps = {words_of(quote): quote.gap for quote in read.quotes}
    assert (gaps[PENGUINS[0]], gaps[PENGUINS[1]]) == (own[0], load_read_model().blend.unread)  # the second is too far
    assert len(reading(*asked, margin=0.5, f0=1.0, p0=0.1)[1]) == 1


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("When was the ferry built?", "1911"),
        ("When was the ferry built in 1911?", None),
        ("Why was the ferry built in 1911?", None),
        ("What do penguins eat?", None),
    ],
    ids=["without the full stop", "the question's own", "more than a few words are wanted", "none answers"],
)
def test_the_words_that_answer_stand_out_where_few_are_wanted_and_are_not_the_questions(
    question: str, answer: str | None
) -> None:
    first = reading(question, FERRY_AND_PENGUINS[:1], f0=1.0)[0].quotes[0]
    assert (first.answer and first.passage.text[slice(*first.answer)]) == answer


def test_twins_of_what_was_read_score_as_it_does() -> None:
    twins = (*FERRY_AND_PENGUINS, hit(2, "a-copy", *_FERRY))
    read, texts = reading("When was the ferry built?", twins, f0=1.0)
    first, second = read.quotes[:2]
    assert (first.passage.document_id, second.passage.document_id) == ("a-copy", "ferry")
    assert (first.score, first.gap) == (second.score, second.gap)
    assert len(texts) == 1


def test_without_a_sentence_there_is_nothing_to_quote() -> None:
    assert reading("When?", ())[0] == Reading((), (), 0.0)


def test_the_model_picks_the_first_quote_and_likeness_the_further_ones() -> None:
    passage = FERRY_AND_PENGUINS[0].passage
    first, second, third = (
        Quote(passage, *sentence, likeness + added, {"bias": likeness, "reading": added}, added)
        for sentence, likeness, added in zip(passage.sentences, (0.0, 2.0, 1.0), (6.0, -1.0, -2.0), strict=True)
    )
    assert close([first, second, third], 0.5).left == (first, second)
    assert close([first, second, third], 1.0).left == (first, second, third)


def test_the_reader_s_files_name_the_model_and_bring_its_threshold() -> None:
    own, linear = reader_files("model"), reader_files("trained")
    assert own.model is not None
    assert own.model.sha256.encode() in own.written
    assert own.written.startswith(linear.written)
    assert own.threshold == own.model.blend.threshold
    assert (linear.threshold, linear.model) == (load_weights("trained").threshold, None)


def test_a_course_of_events_is_left_to_the_linear_reader(hash_index: Index) -> None:
    asked = analyse("How did the repairs of the Sollen bridge develop over time?", hash_index.stem)
    assert asked.shape == "timeline"
    hits = hash_index.search(asked.text, limit=6)
    assert load_reader("model", hash_index).read(asked, hits) == load_reader("trained", hash_index).read(asked, hits)


def test_a_processor_without_8_bit_dot_products_finds_exactly_the_same(
    model: ReadModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minilm, "_dot_products", lambda: False)
    graph = PairGraph(files("rag.reading").joinpath(read_model.GRAPH).read_bytes())
    slower = ReadModel(graph, model.blend, model.sha256)
    for path in sorted((Path(__file__).parent.parent / "seeds").glob("*.txt"))[:2]:
        text = path.read_text("utf-8")[:2000]
        excerpt = Excerpt(path.stem, text, tuple(sentences(text, "en")))
        for question in ("What did Mexico's president say?", "When was it signed?", "How many people live there?"):
            assert slower.read(question, excerpt) == model.read(question, excerpt)
