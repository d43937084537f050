"""What every reader promises, and that scores and log odds are the sums of their parts."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from index.build import Builder
from index.embedding.embedder import HashEmbedder
from index.errors import BadSetting
from index.records import Hit, Kind, Span
from index.search import Index, open_index
from index.settings import Settings
from index.text.words import stems
from rag.answer import Quote, Reading
from rag.question.analysis import Query, analyse
from rag.reading.candidates import Evidence
from rag.reading.features import CONFIDENCE_FEATURES, FEATURES
from rag.reading.model import Excerpt
from rag.reading.reader import ALONE, LinearReader, Reader, gap, load_reader
from rag.reading.weights import Linear, ReaderWeights, load_weights
from rag.structure import BODY

QUESTIONS = [
    "Who discovered comet Harrow?",
    "When was the Sollen bridge closed?",
    "How many people does the Linden theatre seat?",
    "What is the capital of Atlantis?",
    "Who is it?",
    "ferry",
    "他去了",
]


class CountingReader:
    """A reader as small as can be: a sentence is worth the words that it shares with the question."""

    name = "counting"

    def __init__(self, index: Index) -> None:
        self._index = index

    def read(self, asked: Query, hits: Sequence[Hit], kinds: frozenset[Kind] = BODY) -> Reading:
        quotes = [self._quote(asked, hit, span) for hit in hits for span in hit.passage.sentences if asked.terms]
        if not quotes:
            return Reading((), tuple(hits), 0.0)
        quotes.sort(key=lambda quote: (-quote.score, quote.passage.document_id, quote.start))
        best = {hit.row: max(q.score for q in quotes if q.passage.id == hit.passage.id) for hit in hits}
        moved = [replace(hit, score=hit.score + 0.05 * best[hit.row]) for hit in hits]
        ranked = sorted(moved, key=lambda hit: (-hit.score, hit.passage.id))
        return Reading(tuple(quotes), tuple(ranked), quotes[0].score / len(asked.terms))

    def finding(self, question: str, excerpt: Excerpt) -> None:
        """It has no model."""

    def _quote(self, asked: Query, hit: Hit, span: Span) -> Quote:
        text = hit.passage.text[span.start - hit.passage.start : span.end - hit.passage.start]
        return Quote(hit.passage, *span, float(len(asked.stems & set(stems(text, self._index.stem)))))


@pytest.fixture(params=["trained", "counting"])
def reader(request: pytest.FixtureRequest, hash_index: Index) -> Reader:
    return CountingReader(hash_index) if request.param == "counting" else load_reader(request.param, hash_index)


def asked_of(index: Index, question: str) -> tuple[Query, list[Hit]]:
    return analyse(question, index.stem), index.search(question, limit=6)


def place(quote: Quote) -> tuple[str, int]:
    return quote.passage.document_id, quote.start


@pytest.mark.parametrize("question", QUESTIONS)
def test_quotes_are_sentences_of_the_hits_best_first_and_each_once(
    reader: Reader, hash_index: Index, question: str
) -> None:
    asked, hits = asked_of(hash_index, question)
    quotes = reader.read(asked, hits).quotes
    assert quotes
    assert all(Span(quote.start, quote.end) in quote.passage.sentences for quote in quotes)
    assert {quote.passage.id for quote in quotes} <= {hit.passage.id for hit in hits}
    assert all(before.score >= after.score for before, after in pairwise(quotes))
    assert len({place(quote) for quote in quotes}) == len(quotes)


@pytest.mark.parametrize("question", QUESTIONS)
def test_equal_scores_are_in_the_order_of_document_and_place(reader: Reader, hash_index: Index, question: str) -> None:
    quotes = reader.read(*asked_of(hash_index, question)).quotes
    assert all(place(before) < place(after) for before, after in pairwise(quotes) if before.score == after.score)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_hits_come_back_all_of_them_by_what_search_and_their_best_sentence_say(
    reader: Reader, hash_index: Index, question: str
) -> None:
    asked, hits = asked_of(hash_index, question)
    reading = reader.read(asked, hits)
    assert sorted(hit.row for hit in reading.hits) == sorted(hit.row for hit in hits)
    assert all((-a.score, a.passage.id) < (-b.score, b.passage.id) for a, b in pairwise(reading.hits))
    found = {hit.row: hit.score for hit in hits}
    for hit in reading.hits:
        alone = reader.read(asked, [hit]).quotes[0]
        assert hit.score == pytest.approx(found[hit.row] + 0.05 * alone.score, abs=1e-5)


def test_what_the_rankers_said_of_a_hit_is_kept(reader: Reader, hash_index: Index) -> None:
    asked, hits = asked_of(hash_index, QUESTIONS[0])
    found = {hit.row: hit for hit in hits}
    for hit in reader.read(asked, hits).hits:
        assert replace(hit, score=found[hit.row].score) == found[hit.row]


@pytest.mark.parametrize("question", QUESTIONS)
def test_confidence_is_a_share_and_reading_again_gives_the_same(
    reader: Reader, hash_index: Index, question: str
) -> None:
    asked, hits = asked_of(hash_index, question)
    reading = reader.read(asked, hits)
    assert 0 <= reading.confidence <= 1
    assert reader.read(asked, hits) == reading


def test_the_order_in_which_hits_are_given_does_not_matter(reader: Reader, hash_index: Index) -> None:
    asked, hits = asked_of(hash_index, QUESTIONS[1])
    forward, backward = reader.read(asked, hits), reader.read(asked, hits[::-1])
    assert list(map(place, forward.quotes)) == list(map(place, backward.quotes))
    assert [hit.row for hit in forward.hits] == [hit.row for hit in backward.hits]
    assert forward.confidence == pytest.approx(backward.confidence)


def test_without_hits_there_is_nothing_to_quote_and_no_confidence(reader: Reader, hash_index: Index) -> None:
    assert reader.read(analyse("Who bakes?", hash_index.stem), []) == Reading((), (), 0.0)


def test_without_terms_the_hits_stay_as_they_were(reader: Reader, hash_index: Index) -> None:
    hits = hash_index.search("ferry", limit=3)
    assert reader.read(analyse("?!", hash_index.stem), hits) == Reading((), tuple(hits), 0.0)


def test_a_reader_has_a_name(reader: Reader) -> None:
    assert reader.name in ("trained", "counting")


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_contributions_of_the_features_add_up_to_the_score(hash_index: Index, question: str) -> None:
    weights = load_weights("trained")
    asked, hits = asked_of(hash_index, question)
    found = {
        (c.hit.passage.document_id, c.sentence.start): c.features for c in Evidence(hash_index).candidates(asked, hits)
    }
    for quote in load_reader("trained", hash_index).read(asked, hits).quotes:
        assert math.fsum(quote.contributions.values()) == quote.score
        assert quote.score == weights.sentence.score(found[place(quote)])


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_contributions_to_the_confidence_add_up_to_its_log_odds(hash_index: Index, question: str) -> None:
    weights = load_weights("trained")
    asked, hits = asked_of(hash_index, question)
    reading = load_reader("trained", hash_index).read(asked, hits)
    first, second = reading.quotes[:2]
    features = next(
        c.features
        for c in Evidence(hash_index).candidates(asked, hits)
        if (c.hit.passage.document_id, c.sentence.start) == place(first)
    )
    odds = weights.confidence.score(np.append(features, [first.score - second.score, first.score]))
    assert math.fsum(reading.contributions.values()) == odds
    assert reading.confidence == weights.chance(odds)


def test_without_calibration_a_chance_is_the_logistic_of_the_odds() -> None:
    assert flat().chance(math.log(3)) == pytest.approx(0.75)


def test_between_the_knots_of_a_calibration_lie_straight_lines_and_beyond_them_nothing_changes() -> None:
    weights = replace(flat(), calibration=((-1.0, 0.2), (1.0, 0.6)))
    assert [weights.chance(odds) for odds in (-5, -1, 0, 1, 9)] == pytest.approx([0.2, 0.2, 0.4, 0.6, 0.6])


def test_a_reader_that_there_is_not_is_named(hash_index: Index) -> None:
    with pytest.raises(BadSetting, match="there is no reader 'clever'; the setting reader is model or trained"):
        load_reader("clever", hash_index)


def flat(**weights: float) -> ReaderWeights:
    sentence = Linear(0.0, np.array([weights.get(name, 0.0) for name in FEATURES]))
    return ReaderWeights(sentence, Linear(0.0, np.zeros(len(CONFIDENCE_FEATURES))), 0.5, 0.0)


def test_when_everything_ties_quotes_are_in_reading_order_of_the_documents(hash_index: Index) -> None:
    asked, hits = asked_of(hash_index, "ferry")
    reading = LinearReader(hash_index, flat(), "linear").read(asked, [replace(hit, score=0.0) for hit in hits])
    assert [place(quote) for quote in reading.quotes[:4]] == [
        ("bakery", 0),
        ("bakery", 51),
        ("bakery", 86),
        ("bridge", 0),
    ]
    assert [hit.passage.id for hit in reading.hits] == [f"{name}#0" for name in sorted(hash_index.document_ids)]
    assert reading.confidence == 0.5


def test_hits_are_reordered_by_one_good_sentence(hash_index: Index) -> None:
    asked, hits = asked_of(hash_index, "When did the ferry cooperative close?")
    level = [replace(hit, score=0.5) for hit in hits]
    reading = LinearReader(hash_index, flat(kind_found=1.0), "linear").read(asked, level)
    dated = {"bakery", "bridge", "comet", "orchard"}
    assert {hit.passage.document_id for hit in reading.hits[:4]} == dated
    assert [hit.score for hit in reading.hits] == [0.55] * 4 + [0.5] * 2
    far = [replace(hit, score=float(hit.passage.document_id not in dated)) for hit in hits]
    reading = LinearReader(hash_index, flat(kind_found=1.0), "linear").read(asked, far)
    assert {hit.passage.document_id for hit in reading.hits[-4:]} == dated  # which search has far behind


def test_twin_articles_tie_and_the_first_by_name_is_quoted_first(
    hash_builder: Builder, hash_settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "twins"
    folder.mkdir()
    text = "The night ferry leaves the old quay at nine o'clock."
    lines = [json.dumps({"_id": name, "title": "Ferry times", "text": text}) for name in "bca"]
    (folder / "corpus.jsonl").write_text("\n".join(lines))  # of a corpus, all that say the same are kept
    hash_builder.index([folder])
    index = open_index(hash_settings.data, hash_settings, HashEmbedder())
    reading = load_reader("trained", index).read(*asked_of(index, "When does the ferry leave?"))
    assert [quote.passage.id for quote in reading.quotes] == ["a#0", "b#0", "c#0"]
    assert [hit.passage.id for hit in reading.hits] == ["a#0", "b#0", "c#0"]


def test_the_gap_is_the_lead_of_the_best_over_the_second() -> None:
    assert gap([3.0, 1.5, 1.0]) == 1.5
    assert gap([3.0]) == ALONE
