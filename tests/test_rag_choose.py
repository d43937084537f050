"""Which quotes of a reading are shown: those about the subject, those that define, and no publisher's small print."""

from datetime import date

from index.records import Document, Passage, Span
from rag.answers import Quote, Reading
from rag.choose import Choice, choose, words_of
from rag.question import analyse

PUBLISHED = date(2024, 5, 1)


def chosen(question: str, *sentences: tuple[str, float], most: int = 3) -> Choice:
    """Each sentence is an article of its own, given with its score."""
    quotes = tuple(_quote(n, text, score) for n, (text, score) in enumerate(sentences))
    documents = {quote.passage.document_id: _document(quote) for quote in quotes}
    reading = Reading(quotes, (), 0.9)
    return choose(analyse(question, "snowball"), reading, documents.__getitem__, lambda q: q, margin=1.0, most=most)


def said(choice: Choice) -> list[str]:
    return [words_of(quote) for quote in choice.quotes]


def test_a_course_of_events_is_told_by_what_is_about_it() -> None:
    fare, rise, late = (
        "The ferry fare was 2 crowns in 1998.",
        "In 2010 the fare of the ferry rose.",
        "It rained in 2003.",
    )
    choice = chosen("How did the ferry fare develop?", (late, 9.0), (rise, 8.5), (fare, 8.0))
    assert (choice.frame.kind, said(choice)) == ("timeline", [fare, rise])


def test_without_two_moments_the_quotes_about_the_subject_are_shown_alone() -> None:
    choice = chosen("How did the ferry fare develop?", ("It rained in 2003.", 9.0), ("The ferry fare has risen.", 8.5))
    assert (choice.frame.kind, said(choice)) == ("plain", ["The ferry fare has risen."])


def test_a_name_of_the_subject_may_stand_in_another_form() -> None:
    choice = chosen("How did tariffs on Mexico evolve?", ("It rained.", 9.0), ("Mexican tariffs have doubled.", 8.0))
    assert said(choice) == ["Mexican tariffs have doubled."]


def test_what_defines_is_shown_instead_of_what_only_names() -> None:
    names, defines = "The Brin review is due.", "The Brin is a river in Sollen."
    assert said(chosen("What is the Brin?", (names, 9.0), (defines, 7.0))) == [defines]
    assert said(chosen("What is the Brin?", (names, 9.0), (defines, 3.0))) == [names]


def test_of_definitions_only_the_best_are_shown() -> None:
    clear, vague = "The Brin is a river in Sollen.", "Many boats came up on the Brin river."
    assert said(chosen("What is the Brin?", (vague, 9.0), (clear, 8.5))) == [clear]


def test_small_print_is_added_to_no_better_quote() -> None:
    view, print_ = "The public opposes the bridge.", "The views expressed here are those of the author."
    assert said(chosen("What is the view of the bridge?", (view, 9.0), (print_, 8.8))) == [view]


def _quote(n: int, text: str, score: float) -> Quote:
    return Quote(Passage(f"a{n}#0", f"a{n}", 0, text, 0, len(text), (Span(0, len(text)),), ""), 0, len(text), score)


def _document(quote: Quote) -> Document:
    name, text = quote.passage.document_id, quote.passage.text
    return Document(name, name, text, text, (), (), "", "", PUBLISHED, "en", "", (), "")


def test_both_sides_of_a_conflict_are_shown_even_where_one_quote_is_asked_for() -> None:
    one, other = "The Sollen bridge was opened in 1932.", "In 1934, the Sollen bridge was opened."
    choice = chosen("When was the Sollen bridge opened?", (one, 9.0), (other, 8.9), most=1)
    assert (choice.frame.kind, set(said(choice))) == ("conflict", {one, other})
