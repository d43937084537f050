"""Built cases know the right reason from how they were made, and the figures count what was said to them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from eval.experiments.refusal_reasons import (
    HELD_OUT,
    OVERALL,
    SEEN,
    UnanswerableCase,
    filtered,
    markdown_of_reasons,
    measure_reasons,
    moved,
    removed,
    swapped,
    text_of_reasons,
)
from eval.runs.tables import json_of
from eval.scoring.judge import Judge, judge_for
from eval.sets.gold import GoldSet, GoldSpan, Question
from index.errors import BadInput
from index.ranking.filters import Filters
from index.search import Index
from rag.answer import Answer, Reason
from rag.question.analysis import analyse
from rag.refusal import refusal
from tests import make

ARTICLES = {
    "bakery": "The Marten bakery opened on Quarry Street in 1987. It bakes forty kinds of bread.",
    "comet": "Comet Harrow was discovered by Ilse Brandt in 1904. It returns every 61 years.",
    "harbour": "Mayor Ada Lind opened the harbour of Brin in 1998. The harbour cost 12 million.",
    "tram": "The trams of Brin have run since 1931. Their director is Petra Novak.",
}
ASKED = (
    ("bakery", "When did the Marten bakery open, was it in 1987?", "1987"),
    ("comet", "Who discovered comet Harrow in 1904?", "Ilse Brandt"),
    ("harbour", "What did Ada Lind open in 1998?", "the harbour"),
    ("tram", "Who directs the trams of Brin?", "Petra Novak"),
)
Opened = Callable[[frozenset[str]], Index]


@dataclass
class Asker:
    """Answers only what asks for the harbour without a filter; says of everything else why not."""

    index: Index

    def ask(self, question: str, *, filters: Filters) -> Answer:
        asked = analyse(question, self.index.stem)
        hits = self.index.search(question, limit=5, filters=filters)
        if "Ada Lind open in 1998" in question and not filters:
            return make.answer(question, reason=None)
        why = Reason("filtered", ()) if filters else refusal(asked, self.index, hits, sure=False)
        return make.answer(question, reason=why)


def asker(index: Index) -> Any:
    """In an assistant's place."""
    return Asker(index)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """The articles without those that are named."""

    def opened(gone: frozenset[str]) -> Index:
        left = {name: text for name, text in ARTICLES.items() if name not in gone}
        return make.index(tmp_path_factory.mktemp("few"), left)

    return opened


@pytest.fixture(scope="module")
def index(opened: Opened) -> Index:
    return opened(frozenset())


@pytest.fixture(scope="module")
def gold() -> GoldSet:
    questions = []
    for n, (name, text, quote) in enumerate(ASKED):
        start = ARTICLES[name].index(quote)
        span = GoldSpan(name, start, start + len(quote), quote)
        questions.append(Question(str(n), text, True, (quote,), (span,), ()))
    return GoldSet("few", tuple(questions))


@pytest.fixture(scope="module")
def judge(gold: GoldSet, index: Index) -> Judge:
    return judge_for(gold, index)


def test_a_swapped_question_keeps_its_numbers(gold: GoldSet, judge: Judge, index: Index) -> None:
    made = swapped(gold.questions, judge, index, 50)
    numbers = {"1987", "1904", "1998", ""}
    assert made and {"".join(c for c in case.question if c.isdigit()) for case in made} <= numbers
    assert {case.expected for case in made} == {"near_miss"}
    assert not {case.question for case in made} & {text for _, text, _ in ASKED}


def test_a_moved_date_lies_beyond_all_that_the_articles_mention(gold: GoldSet, judge: Judge, index: Index) -> None:
    years = [int(case.question.strip("?").split()[-1]) for case in moved(gold.questions, judge, index, 50)]
    assert len(years) == 3
    assert all(year < 1904 or year > 1998 for year in years)


def test_names_that_are_gone_with_their_article_are_off_the_corpus_and_others_are_not_judged(
    gold: GoldSet, judge: Judge, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "eval.experiments.refusal_reasons._RARE", 0.5
    )  # of four documents, so that a name in two of them is rare
    made = {case.question: case for case in removed(gold.questions, judge, index, 50)}
    comet = made["Who discovered comet Harrow in 1904?"]
    assert comet.expected == "off_corpus" and comet.removed == {"comet"}
    trams = made["Who directs the trams of Brin?"]
    assert trams.expected == "near_miss" and trams.removed == {"tram"}  # Brin stands in the other article too


def test_a_filter_shuts_out_every_document_that_answers(gold: GoldSet, judge: Judge, index: Index) -> None:
    for case in filtered(gold.questions, judge, index, 50):
        own = next(judge.keys[q.id].documents for q in gold.questions if q.asked == case.question)
        assert case.filters and not own & case.filters.documents


def test_cases_are_the_same_every_time_and_at_most_as_many_as_wanted(gold: GoldSet, judge: Judge, index: Index) -> None:
    for build in (swapped, moved, removed, filtered):
        assert build(gold.questions, judge, index, 2) == build(gold.questions, judge, index, 2)
        assert len(build(gold.questions, judge, index, 2)) <= 2


def test_the_figures_count_right_codes_among_abstentions_and_answers_beside_them(
    gold: GoldSet, index: Index, opened: Opened
) -> None:
    found = measure_reasons(asker(index), gold, lambda gone: asker(opened(gone)), most=10)
    right, answered = ({figure.name: figure for figure in figures} for figures in (found.right, found.answered))
    assert right["filter added"].value == 1.0 and right["filter added"].n == 1  # only one is answered without it
    assert right["date moved"].value == 1.0 and right["date moved"].n == 3
    assert answered["date moved"].value == 0.0
    assert answered[OVERALL].n == len(found.cases) == sum(one.count for one in found.confusion)
    assert right[OVERALL].n == sum(one.said is not None for one in found.cases)
    again = measure_reasons(asker(index), gold, lambda gone: asker(opened(gone)), most=10)
    assert json_of(again) == json_of(found)


def test_every_kind_is_shown_with_its_share_interval_and_n(gold: GoldSet, index: Index, opened: Opened) -> None:
    found = measure_reasons(asker(index), gold, lambda gone: asker(opened(gone)), most=10)
    text, table = text_of_reasons(found), markdown_of_reasons([found], command="quotewell eval reasons few")
    assert "date moved" in text and "1.000 to 1.000" in text and "filter added, filtered → filtered: 1" in text
    assert "| few | date moved | 1.000 | 1.000 to 1.000 | 3 | 0.000 | 3 |" in table
    assert "`quotewell eval reasons few`" in table


def test_a_set_without_answerable_questions_is_refused(index: Index) -> None:
    empty = GoldSet("empty", (Question("1", "Why?", False, (), (), ()),))
    with pytest.raises(BadInput, match="no case can be built of empty"):
        measure_reasons(asker(index), empty, lambda gone: asker(index))


def test_no_held_out_question_was_seen() -> None:
    assert len(HELD_OUT) >= 15 and len(SEEN) >= 20 and not set(SEEN) & set(HELD_OUT)
    assert UnanswerableCase("judgement asked", HELD_OUT[0], "needs_judgement").filters == Filters()
