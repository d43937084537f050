"""An explanation adds up, says what a rerun says, and changes nothing of the answer."""

import json
import math
from datetime import date
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from index.ranking.filters import Filters
from index.terminal import shortened
from rag import Answer, Assistant
from rag.answer import CONFIDENCE_DIGITS, REASONS, RULES, Explanation, Mode
from rag.answer_json import SCORE_DIGITS
from rag.explain.explain import MOST_TERMS, left_of
from rag.explain.show import answer_lines, why_lines
from rag.reading.weights import logistic
from tests import make
from tests.conftest import SIX_ARTICLES, Opened

CLOSE = 1e-9
QUESTION = "How many people does the Linden theatre seat?"
WORDS = sorted({word.strip(".,$") for text in SIX_ARTICLES.values() for word in text.split()})
QUESTIONS = st.lists(st.sampled_from([*WORDS, "who", "when", "and", "Atlantis", "trams,"]), min_size=1, max_size=14)


def explained(assistant: Assistant, question: str, **wanted: Any) -> tuple[Answer, Explanation]:
    answer = assistant.ask(question, explain=True, **wanted)
    assert answer.explanation is not None
    return answer, answer.explanation


def assert_adds_up(answer: Answer, explanation: Explanation, assistant: Assistant, question: str) -> None:
    index = assistant.index
    fused = {hit.row: hit.score for hit in index.search(question, limit=100)}
    assert len(explanation.found) == len(answer.evidence)
    for hit, found in zip(answer.evidence, explanation.found, strict=True):
        assert found.passage_id == hit.passage.id
        assert math.isclose(sum(one.added for one in found.shares.values()), fused[hit.row], abs_tol=CLOSE)
        assert {name: one.rank for name, one in found.shares.items()} == dict(hit.ranks)
        assert {name: one.score for name, one in found.shares.items()} == dict(hit.scores)
        if "lexical" in found.shares:
            share = found.shares["lexical"]
            assert math.isclose(math.fsum(share.terms.values()), share.score, abs_tol=CLOSE)
        if found.best:
            assert math.isclose(math.fsum(found.best.features.values()), found.best.score, abs_tol=CLOSE)
            assert math.isclose(found.fused + 0.05 * found.best.score, hit.score, abs_tol=CLOSE)


@pytest.mark.parametrize("fusion", ["convex", "rrf"])
@trying(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(said=QUESTIONS)
def test_contributions_add_up_to_every_score(opened: Opened, fusion: str, said: list[str]) -> None:
    """By ranker to the fused score, by word to BM25's, by feature to the reader's, whatever was asked."""
    assistant = opened(fusion=fusion)
    question = " ".join(said)
    answer = assistant.ask(question, explain=True)
    if answer.status == "guided" or answer.standalone or any("read as" in s.text for s in answer.segments):
        return  # told which articles mention it ("1987 Oskar"), or read otherwise than typed
    if not all(hit.ranks for hit in answer.evidence):
        return  # summed up: it is an article's title
    explanation = answer.explanation
    assert explanation is not None
    pipeline = assistant._pipeline
    read = pipeline.parts(assistant._understood(question, (), pipeline).readings, 10, Filters())
    if len(read) == 1:
        assert_adds_up(answer, explanation, assistant, read[0].query.text)
    odds = math.fsum(answer.workings.confidence.values())
    assert math.isclose(odds, explanation.log_odds, abs_tol=CLOSE)
    if answer.workings.confidence:
        chance = logistic(explanation.log_odds)
        assert round(chance, CONFIDENCE_DIGITS) == answer.confidence


def test_a_repeated_word_counts_as_often_as_it_stands(assistant: Assistant) -> None:
    once = assistant.index.lexical.contributions(["theatr"], 5)
    twice = assistant.index.lexical.contributions(["theatr", "unknown", "theatr"], 5)
    assert once["theatr"] > 0
    assert twice == {"theatr": 2 * once["theatr"]}
    assert assistant.index.lexical.contributions(["theatr"], 0) == {}


def test_words_are_named_as_they_were_typed(assistant: Assistant) -> None:
    _, explanation = explained(assistant, QUESTION)
    assert {"Linden", "theatre"} <= set(explanation.found[0].shares["lexical"].terms)
    assert [one.term for one in explanation.without] == ["many", "people", "Linden", "theatre", "seat"]


def test_what_would_have_been_is_what_a_rerun_says(opened: Opened) -> None:
    assistant = opened(threshold=0.0)
    answer, explanation = explained(assistant, QUESTION)
    best = explanation.best
    assert best is not None
    assert answer.citations[0].quote == "The Linden theatre seats 312 people."
    for one in explanation.without:
        at = QUESTION.index(one.term)
        again = assistant.ask(left_of(QUESTION, [(at, at + len(one.term))]), mode="evidence")
        quotes = [(citation.document_id, citation.start) for citation in again.citations]
        expected = (
            quotes.index((best.document_id, best.start)) + 1 if (best.document_id, best.start) in quotes else None
        )
        assert (one.term, one.rank, one.confidence) == (one.term, expected, again.confidence)


def test_a_word_that_decides_is_found_out(assistant: Assistant) -> None:
    _, explanation = explained(assistant, "umbrella")
    (only,) = explanation.without
    assert (only.term, only.rank, only.confidence) == ("umbrella", None, 0.0)


def test_at_most_eight_words_are_left_out_in_turn(assistant: Assistant) -> None:
    _, explanation = explained(
        assistant, "Linden theatre Petra Novak comedies Borrowed Umbrella tram repairs river Vey"
    )
    assert len(explanation.without) == MOST_TERMS


def test_what_a_filter_removed_is_named_with_the_filter(assistant: Assistant) -> None:
    narrow = Filters(documents=frozenset({"ferry"}), authors=frozenset({"Nobody"}))
    answer, explanation = explained(assistant, QUESTION, filters=narrow)
    assert answer.reason is not None
    assert answer.reason.code == "filtered"
    assert explanation.removed is not None
    assert explanation.removed.quote == "The Linden theatre seats 312 people."
    assert explanation.removed.by == ("documents", "authors")
    assert explanation.removed.confidence == assistant.ask(QUESTION).confidence


def test_what_a_day_removed_is_named_as_of(assistant: Assistant) -> None:
    _, explanation = explained(assistant, QUESTION, as_of=date(2020, 1, 1))
    assert explanation.removed is not None
    assert explanation.removed.by == ("as_of",)


def test_nothing_is_removed_where_the_first_quote_passes(assistant: Assistant) -> None:
    _, explanation = explained(assistant, QUESTION, filters=Filters(documents=frozenset({"theatre"})))
    assert explanation.removed is None
    assert explained(assistant, QUESTION)[1].removed is None


@pytest.mark.parametrize("question", [QUESTION, "What is the capital of Atlantis?", "bridge or ferry?"])
def test_explaining_changes_neither_answer_nor_id(assistant: Assistant, question: str) -> None:
    plain = make.answer_fields(assistant.ask(question), assistant.basis)
    told = make.answer_fields(assistant.ask(question, explain=True), assistant.basis)
    workings = told.pop("workings")
    for hit in told["evidence"]:
        hit.pop("scores")
    assert told == plain
    assert len(workings["evidence"]) == len(plain["evidence"])
    for hit, found in zip(plain["evidence"], workings["evidence"], strict=True):
        assert (
            found["best"] is None or round(found["fused"] + 0.05 * found["best"]["score"], SCORE_DIGITS) == hit["score"]
        )


def test_people_read_it_in_plain_words(assistant: Assistant) -> None:
    answer = assistant.ask(QUESTION, explain=True, filters=Filters(documents=frozenset({"theatre", "ferry"})))
    shown = "\n".join(line.text for line in answer_lines(answer, assistant.index.document))
    assert "1. theatre#0: found with" in shown
    assert "What if? The best quote is “The Linden theatre seats 312 people.”" in shown
    assert "without “people” it would still be number 1 (confidence 0." in shown
    removed = assistant.ask(QUESTION, explain=True, filters=Filters(documents=frozenset({"ferry"})))
    shown = "\n".join(line.text for line in answer_lines(removed, assistant.index.document))
    assert "Without --document the first would be “The Linden theatre seats 312 people.” from" in shown


def test_shown_and_dropped_are_all_that_the_reader_offered(opened: Opened) -> None:
    """In every mode, sure or not, best first, and in the reader's own words."""
    modes: tuple[Mode, ...] = ("answer", "evidence")
    for threshold, mode, limit in product((0.0, 1.0), modes, (2, 10)):
        assistant = opened(threshold=threshold)
        for question in (QUESTION, "When was the bridge opened?", "umbrella", "Atlantis"):
            answer = assistant.ask(question, mode=mode, limit=limit)
            if answer.status == "guided":  # a word alone: what mentions it is shown, and nothing weighed
                continue
            offered = assistant._pipeline.parts((question,), limit, Filters())[0].reading.quotes
            dropped = answer.workings.dropped
            assert len(answer.citations) + len(dropped) == len(offered)
            assert [one.quote.score for one in dropped] == sorted((one.quote.score for one in dropped), reverse=True)
            cited = {(one.document_id, one.start, one.end) for one in answer.citations}
            assert not cited & {(one.quote.passage.document_id, one.quote.start, one.quote.end) for one in dropped}
            rules = {one.rule for one in dropped}
            refused = mode == "answer" and answer.status == "abstained"
            assert rules <= {"refused"} if refused else "refused" not in rules


def test_what_is_not_shown_is_told_with_its_rule(assistant: Assistant) -> None:
    answer, _ = explained(assistant, "bridge or ferry?")
    workings = make.answer_fields(answer, assistant.basis)["workings"]
    assert workings["dropped"]
    for one in workings["dropped"]:
        assert one["rule"] in RULES
        assert assistant.index.document(one["document_id"]).text[one["start"] : one["end"]] == one["quote"]


def test_what_one_side_of_a_comparison_says_is_not_told_as_dropped_by_the_other(opened: Opened) -> None:
    assistant = opened(threshold=0.0, reader="trained")
    answer = assistant.ask("Linden theatre versus Sollen bridge")
    assert [segment.kind for segment in answer.segments].count("comparison") == 2
    shown = [(one.document_id, one.start, one.end) for one in answer.citations]
    dropped = [(one.quote.passage.document_id, one.quote.start, one.quote.end) for one in answer.workings.dropped]
    assert len(set(dropped)) == len(dropped)
    assert not set(shown) & set(dropped)


def test_a_refusal_tells_what_decided_it(opened: Opened) -> None:
    assistant = opened(threshold=0.99)
    refusal = explained(assistant, "How many people does the theatre of Atlantis seat?")[1].refusal
    assert refusal is not None and refusal.code in ("off_corpus", "near_miss")
    because = dict(refusal.because)
    odds = because.pop("off_corpus")
    assert isinstance(odds, float) and (odds > 0) == (refusal.code == "off_corpus")
    assert because.pop("confidence") == assistant.ask("How many people does the theatre of Atlantis seat?").confidence
    assert set(because) == {"bias", "cosine", "known", "size"}
    assert math.isclose(math.fsum(float(part) for part in because.values()), odds, abs_tol=CLOSE)


@pytest.mark.parametrize(
    ("question", "wanted", "code", "because"),
    [
        ("Should the mayor resign?", {}, "needs_judgement", {"kind": "side", "words": "Should"}),
        ("Do you like the theatre?", {}, "needs_judgement", {"kind": "opinion", "words": "Do you like"}),
        (
            "Was the bridge closed in 2090?",
            {},
            "date_outside",
            {"from": "2090-01-01", "to": "2090-12-31", "side": "later", "beyond": 0},
        ),
        (QUESTION, {"filters": Filters(documents=frozenset({"ferry"}))}, "filtered", {"by": "documents"}),
        (QUESTION, {"as_of": date(1900, 1, 1)}, "filtered", {"by": "as_of"}),
        ("Atlantis", {"filters": Filters(documents=frozenset({"none"}))}, "off_corpus", {"confidence": 0.0, "hits": 0}),
    ],
)
def test_every_code_tells_what_it_stands_on(
    opened: Opened, question: str, wanted: dict[str, Any], code: str, because: dict[str, Any]
) -> None:
    answer, explanation = explained(opened(threshold=0.4), question, **wanted)
    refusal = explanation.refusal
    assert answer.reason is not None and refusal is not None
    assert refusal.code == answer.reason.code == code
    assert because.items() <= refusal.because.items()
    json.dumps(dict(refusal.because), allow_nan=False)
    shown = "\n".join(line.text for line in why_lines(answer, explanation, opened().index.document))
    assert f"refused as {code}: {REASONS[code]}" in shown


def test_where_all_is_answered_nothing_was_refused(opened: Opened) -> None:
    assert explained(opened(threshold=0.0), QUESTION)[1].refusal is None


def test_the_calibration_leads_from_the_log_odds_to_the_confidence(assistant: Assistant) -> None:
    answer, explanation = explained(assistant, QUESTION)
    steps = explanation.calibration
    assert steps is not None and steps.log_odds == explanation.log_odds
    assert math.isclose(math.log(steps.uncalibrated / (1 - steps.uncalibrated)), steps.log_odds, abs_tol=CLOSE)
    assert round(steps.confidence, CONFIDENCE_DIGITS) == answer.confidence
    assert steps.confidence == logistic(steps.log_odds)


@pytest.mark.parametrize(
    ("reader", "words"),
    [("model", "by the logistic function"), ("trained", "by the logistic function, calibrated on judged questions")],
)
def test_plain_words_name_the_calibration_and_what_is_not_shown(opened: Opened, reader: str, words: str) -> None:
    assistant = opened(reader=reader)
    answer, explanation = explained(assistant, QUESTION)
    shown = [line.text for line in why_lines(answer, explanation, assistant.index.document)]
    assert any(words in line for line in shown)
    assert any("reading" in line for line in shown if line.startswith("[1]")) is (reader == "model")
    (head,) = [n for n, line in enumerate(shown) if line.startswith("The reader's")]
    dropped = answer.workings.dropped
    assert shown[head] == f"The reader's {len(dropped) + 1} best sentences; not shown are {len(dropped)}"
    assert shown[head + 1].startswith(
        f"margin ({len(dropped)}): {RULES['margin']} (margin {assistant.rules.margin:.2f},"
    )


def test_a_long_quote_is_shortened_between_words() -> None:
    assert shortened("one  two three", 20) == "one two three"
    assert shortened("one two three", 9) == "one two…"
    assert shortened("onetwothree", 5) == "onet…"


def test_not_explained_nothing_of_it_is_shown(assistant: Assistant) -> None:
    answer = assistant.ask(QUESTION)
    shown = "\n".join(line.text for line in answer_lines(answer, assistant.index.document))
    assert answer.explanation is None
    assert "What if?" not in shown
    assert "log odds" not in shown


def test_what_is_left_of_a_question_has_no_gaps() -> None:
    assert left_of("a fine  day, a", [(0, 1), (13, 14)]) == "fine day,"
    assert left_of("day", [(0, 3)]) == ""
