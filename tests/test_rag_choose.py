"""Which quotes of a reading are shown: those about the subject, those that define, and no publisher's small print.

Of every quote that is not shown it is told which rule took it away.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from index.records import Document, Span
from rag.answer import RULES, Quote, Reading, Rule
from rag.question.analysis import analyse
from rag.selection.choose import TIMELINE_QUOTES, Selection, choose
from tests import make

PUBLISHED = date(2024, 5, 1)


def chosen(question: str, *sentences: tuple[str, float], most: int = 3) -> Selection:
    """Each sentence is an article of its own, given with its score."""
    quotes = tuple(_quote(n, text, score) for n, (text, score) in enumerate(sentences))
    documents = {quote.passage.document_id: _document(quote) for quote in quotes}
    reading = Reading(quotes, (), 0.9)
    return choose(analyse(question, "snowball"), reading, documents.__getitem__, lambda q: q, margin=1.0, most=most)


def of_one(question: str, *texts: str, other: str = "") -> Selection:
    """What is chosen of the sentences of one article, best first, and then of another one."""
    starts = [len(" ".join(texts[:n])) + bool(n) for n in range(len(texts))]
    passage = make.passage(
        " ".join(texts), sentences=tuple(Span(s, s + len(t)) for s, t in zip(starts, texts, strict=True))
    )
    quotes = [make.quote(passage, span, 9.0 - n / 100) for n, span in enumerate(passage.sentences)]
    quotes += [_quote(99, other, 8.0)] if other else []
    documents = {quote.passage.document_id: _document(quote) for quote in quotes}
    reading = Reading(tuple(quotes), (), 0.9)
    return choose(analyse(question, "snowball"), reading, documents.__getitem__, lambda q: q, margin=1.0, most=9)


def said(choice: Selection) -> list[str]:
    return [quote.words for quote in choice.quotes]


def dropped(choice: Selection) -> dict[str, str]:
    """Words → code."""
    return {one.quote.words: one.rule for one in choice.dropped}


def test_a_course_of_events_is_told_in_order_by_the_article_of_the_best_quote() -> None:
    fare, rise = "The ferry fare was 2 crowns in 1998.", "In 2010 the fare of the ferry rose."
    choice = of_one("How did the ferry fare develop?", rise, fare, other="It rained in 2003.")
    assert (choice.frame.kind, said(choice)) == ("timeline", [fare, rise])
    assert dropped(choice) == {"It rained in 2003.": "off_subject"}


def test_one_moment_is_no_course_of_events() -> None:
    choice = of_one("How did the ferry fare develop?", "The ferry fare has risen.", "It was 2 crowns in 1998.")
    assert choice.frame.kind == "plain"


def test_what_defines_is_shown_instead_of_what_only_names() -> None:
    names, defines = "The Brin review is due.", "The Brin is a river in Sollen."
    assert said(chosen("What is the Brin?", (names, 9.0), (defines, 7.0))) == [defines]
    assert said(chosen("What is the Brin?", (names, 9.0), (defines, 3.0))) == [names]


def test_of_definitions_only_the_best_are_shown() -> None:
    clear, vague = "The Brin is a river in Sollen.", "Many boats came up on the Brin river."
    assert said(chosen("What is the Brin?", (vague, 9.0), (clear, 8.5))) == [clear]
    assert said(chosen("What is the Brin?", (vague, 9.0), (clear, 7.6))) == [clear]


def test_small_print_is_added_to_no_better_quote() -> None:
    view, print_ = "The public opposes the bridge.", "The views expressed here are those of the author."
    assert said(chosen("What is the view of the bridge?", (view, 9.0), (print_, 8.8))) == [view]


def _quote(n: int, text: str, score: float) -> Quote:
    return make.quote(make.passage(text, f"a{n}"), score=score)


def _document(quote: Quote) -> Document:
    name, text = quote.passage.document_id, quote.passage.text
    return make.document(text, name, title=name, published=PUBLISHED)


def test_both_sides_of_a_conflict_are_shown_even_where_one_quote_is_asked_for() -> None:
    one, other = "The Sollen bridge was opened in 1932.", "In 1934, the Sollen bridge was opened."
    choice = chosen("When was the Sollen bridge opened?", (one, 9.0), (other, 8.9), most=1)
    assert (choice.frame.kind, set(said(choice))) == ("conflict", {one, other})


def of_one_article(
    sentences: list[str], widen: Callable[[Quote], Quote], most: int = 9
) -> tuple[Selection, list[Quote]]:
    """The choice of sentences that follow each other, each scored a little below the one before, and the quotes."""
    text = " ".join(sentences)
    starts = [len(" ".join([*sentences[:n], ""])) for n in range(len(sentences))]
    spans = tuple(Span(start, start + len(one)) for start, one in zip(starts, sentences, strict=True))
    passage = make.passage(text, sentences=spans)
    quotes = [make.quote(passage, span, 9.0 - n / 10) for n, span in enumerate(spans)]
    asked = analyse("Who is it?", "snowball")
    found = choose(asked, Reading(tuple(quotes), (), 0.9), lambda _: _document(quotes[0]), widen, margin=1.0, most=most)
    return found, quotes


def test_every_rule_has_its_sentence() -> None:
    assert set(RULES) == set(get_args(Rule))


def test_it_is_told_what_scores_too_low_what_is_small_print_and_what_says_the_same() -> None:
    choice = chosen(
        "What is the view of the bridge?",
        ("The public opposes the bridge.", 9.0),
        ("Sign up for our newsletter.", 8.9),
        ("THE public opposes the bridge.", 8.8),
        ("The council is for it.", 7.9),
    )
    assert said(choice) == ["The public opposes the bridge."]
    assert dropped(choice) == {
        "Sign up for our newsletter.": "small_print",
        "THE public opposes the bridge.": "same_words",
        "The council is for it.": "margin",
    }


def test_a_further_quote_must_answer_too_and_about_as_surely_as_the_first() -> None:
    texts = ("Ada came.", "Bea came.", "Cleo left.", "Dora sang.", "Eve may come.")
    gaps = (3.0, 2.5, -1.0, None, 0.5)

    def shown(first: float | None) -> list[str]:
        quotes = [
            replace(_quote(n, text, 9 - n / 10), gap=gap) for n, (text, gap) in enumerate(zip(texts, gaps, strict=True))
        ]
        quotes[0] = replace(quotes[0], gap=first)
        documents = {quote.passage.document_id: _document(quote) for quote in quotes}
        asked, reading = analyse("Who came?", "snowball"), Reading(tuple(quotes), (), 0.9)
        choice = choose(asked, reading, documents.__getitem__, lambda q: q, margin=1.0, most=9)
        assert {rule for rule in dropped(choice).values()} <= {"adds_nothing"}
        return said(choice)

    assert shown(3.0) == ["Ada came.", "Bea came."]
    assert shown(-2.0) == ["Ada came.", "Bea came.", "Eve may come."]
    assert shown(9.0) == ["Ada came."]
    assert shown(None) == list(texts)


def test_it_is_told_what_came_after_as_many_as_may_be_shown() -> None:
    choice = chosen("Who came?", ("Ada came.", 9.0), ("Bea went.", 8.9), ("Cleo sang.", 8.8), most=2)
    assert (said(choice), dropped(choice)) == (["Ada came.", "Bea went."], {"Cleo sang.": "max_quotes"})


def test_it_is_told_what_names_no_time_in_a_course_of_events() -> None:
    told = [f"The ferry fare was {n} crowns in 19{n}." for n in range(50, 50 + TIMELINE_QUOTES + 1)]
    choice = of_one("How did the ferry fare develop?", *told, "The ferry fare has risen.")
    assert choice.frame.kind == "timeline"
    assert said(choice) == told[:TIMELINE_QUOTES]
    assert dropped(choice) == {told[-1]: "max_quotes", "The ferry fare has risen.": "untimed"}  # the latest is left out


def test_it_is_told_what_defines_less() -> None:
    clear, vague, bare = "The Brin is a river in Sollen.", "Many boats came up on the Brin river.", "The Brin rose."
    choice = chosen("What is the Brin?", (vague, 9.0), (clear, 8.5), (bare, 7.0))
    assert dropped(choice) == {vague: "not_defining", bare: "margin"}
    assert dropped(chosen("What is the Brin?", (bare, 9.0), (clear, 7.6))) == {bare: "not_defining"}


def test_it_is_told_what_takes_no_side_in_a_conflict() -> None:
    one, other, third = (
        "The Sollen bridge was opened in 1932.",
        "In 1934, the Sollen bridge was opened.",
        "Trams use it.",
    )
    choice = chosen("When was the Sollen bridge opened?", (one, 9.0), (other, 8.9), (third, 8.8))
    assert (choice.frame.kind, dropped(choice)) == ("conflict", {third: "not_in_conflict"})


def test_it_is_told_what_stands_within_a_widened_quote() -> None:
    def with_the_next(quote: Quote) -> Quote:
        """The second sentence leans on the first."""
        return replace(quote, start=0) if quote.start else quote

    choice, quotes = of_one_article(["Ada came.", "She sang."], with_the_next)
    assert [quote.words for quote in choice.quotes] == ["Ada came. She sang."]
    assert [(one.quote, one.rule) for one in choice.dropped] == [(quotes[0], "within")]


_OPENINGS = ("How did the ferry fare develop?", "What is the Brin?", "When was the Brin bridge opened?", "Who sang?")
_SENTENCES = (
    "The Brin is a river in Sollen.",
    "The Brin bridge was opened in 1932.",
    "In 1934, the Brin bridge was opened.",
    "The ferry fare was 2 crowns in 1998.",
    "In 2010 the fare of the ferry rose.",
    "The ferry fare has risen.",
    "Sign up for our newsletter.",
    "Ada sang.",
)


@given(
    st.sampled_from(_OPENINGS),
    st.lists(st.tuples(st.sampled_from(_SENTENCES), st.floats(0, 9)), min_size=1, max_size=10),
    st.integers(1, 4),
)
def test_what_is_shown_and_what_is_dropped_are_all_that_was_offered(
    question: str, sentences: list[tuple[str, float]], most: int
) -> None:
    """Each exactly once, whatever is asked."""
    ranked = sorted(sentences, key=lambda one: -one[1])
    choice = chosen(question, *ranked, most=most)
    places = [quote.passage.id for quote in (*choice.quotes, *(one.quote for one in choice.dropped))]
    assert sorted(places) == sorted(f"a{n}#0" for n in range(len(ranked)))


@given(
    st.lists(st.sampled_from(["Ada came.", "She sang.", "He left."]), min_size=1, max_size=6, unique=True), st.data()
)
def test_widening_loses_no_quote(sentences: list[str], data: st.DataObject) -> None:
    """Every quote that is not shown stands within one that is, or was dropped for another reason; each is told once."""
    back = data.draw(st.lists(st.integers(0, 12), min_size=len(sentences), max_size=len(sentences)))

    def widen(quote: Quote) -> Quote:
        return replace(quote, start=max(quote.start - back[round((9.0 - quote.score) * 10)], 0))

    choice, quotes = of_one_article(sentences, widen)
    gone = [one.quote for one in choice.dropped]
    assert len(choice.quotes) + len(gone) == len(quotes)
    assert {quote.score for quote in (*choice.quotes, *gone)} == {quote.score for quote in quotes}
    for one in choice.dropped:
        held = any(quote.start <= one.quote.start and one.quote.end <= quote.end for quote in choice.quotes)
        assert one.rule != "within" or held
