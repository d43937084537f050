"""A widened quote stands on its own, holds the quote it was made of, and is one verbatim stretch of its document."""

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.records import Document, Span
from index.text.sentences import sentences as split_sentences
from rag.answer import Quote
from rag.language.dependence import depends_on_previous
from rag.question.shape import Shape
from rag.selection.context import MOST_CHARACTERS, sentences_of, with_context
from tests import make


def document(*lines: str, headings: Sequence[int] = ()) -> tuple[Document, tuple[Span, ...]]:
    """Lines of sentences; those whose numbers are given are headings."""
    text = "\n".join(lines)
    starts = [sum(len(line) + 1 for line in lines[:n]) for n in range(len(lines))]
    found = [
        Span(starts[n] + s.start, starts[n] + s.end)
        for n, line in enumerate(lines)
        if n not in headings
        for s in split_sentences(line)
    ]
    places = tuple(Span(starts[n], starts[n] + len(lines[n])) for n in headings)
    return make.document(text, headings=places, published=date(2025, 1, 1)), tuple(found)


def quote(article: Document, start: int, end: int) -> Quote:
    return make.quote(make.passage(article.text[start:end], start=start))


def widened(article: Document, spans: Sequence[Span], words: str, shape: Shape = "") -> str:
    start = article.text.index(words)
    found = with_context(quote(article, start, start + len(words)), article, spans, shape)
    return article.text[found.start : found.end]


LIND = "Oskar Lind became mayor in May."
BRIDGE = "Then he closed the bridge."
TOLL = "This angered the traders."


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (LIND, LIND),
        (BRIDGE, f"{LIND} {BRIDGE}"),
        (TOLL, f"{LIND} {BRIDGE} {TOLL}"),
        ("closed the bridge", f"{LIND} {BRIDGE}"),
    ],
)
def test_a_quote_begins_with_what_its_first_words_refer_to(words: str, expected: str) -> None:
    article, spans = document(f"Trams run daily. {LIND} {BRIDGE} {TOLL}")
    assert widened(article, spans, words) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"anger", "traders"}, TOLL),
        ({"bridge", "traders"}, f"{LIND} {BRIDGE} {TOLL}"),
        ({"mayor", "traders"}, TOLL),
        (set[str](), f"{LIND} {BRIDGE} {TOLL}"),
    ],
)
def test_what_this_points_at_is_quoted_only_if_it_was_asked_about(asked: set[str], expected: str) -> None:
    article, spans = document(f"Trams run daily. {LIND} {BRIDGE} {TOLL}")
    start = article.text.index(TOLL)
    found = with_context(quote(article, start, start + len(TOLL)), article, spans, "", frozenset(asked))
    assert article.text[found.start : found.end] == expected


def test_it_goes_back_two_sentences_at_most_also_over_a_paragraph_but_over_no_heading() -> None:
    article, spans = document("Lind came.", "He sat.", "He ate.", "He left.")
    assert widened(article, spans, "He left.") == "He sat.\nHe ate.\nHe left."
    article, spans = document("Lind came.", "Trams", "He left.", headings=[1])
    assert widened(article, spans, "He left.") == "He left."


@pytest.mark.parametrize(
    "sentence",
    [
        "He left.",
        "But she stayed.",
        "However, its policy failed.",
        "It also closed the bridge.",
        "These measures failed.",
        "This will cost much.",
        "That same year, trams came.",
        "The agreement ended in May.",
        "The president said so.",
        "Both countries agreed.",
        "In this scenario, the trams stand still.",
        "During the meeting, Lind left.",
        "Earlier, he had left.",
        "In March, he left.",
        "Through the Enemies Act, he ordered it.",
        "Whether he leaves or not, the harm is done.",
        "Such gestures fail.",
        "But, in doing so, it breaks the law.",
    ],
)
def test_a_sentence_that_leans_on_the_one_before_is_seen(sentence: str) -> None:
    assert depends_on_previous(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "It is true that trams run.",
        "It is not clear whether they run.",
        "But it is likely to rain.",
        "It emerged that he left.",
        "In this context, Sollen won.",
        "To this end, Sollen bought trams.",
        "This Tuesday, trams run.",
        "This year trams run.",
        "Those who came were glad.",
        "For his part, Lind left.",
        "When Lind arrived, he sat.",
        "Although he was tired, Lind came.",
        "The agreement between Sollen and Brin ended.",
        "President Lind left.",
        "The president of Sollen left.",
        "“He left,” said Lind.",
        "Trams and their drivers came.",
        "That trams run is true.",
        "At the same time, trams ran.",
    ],
)
def test_a_sentence_that_is_resolved_in_itself_stands_alone(sentence: str) -> None:
    assert not depends_on_previous(sentence)


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("Trams run. Lind denied it. “We never paid a cent.”", "“We never", "Lind denied it. “We never paid a cent.”"),
        (
            "Trams run. “We never paid.” Lind said it twice. Rain fell.",
            "“We never",
            "“We never paid.” Lind said it twice.",
        ),
        ("Trams run. “We paid. We left,” Lind said. Rain fell.", "“We paid.", "“We paid. We left,” Lind said."),
        ("Trams run. “We paid. We left,” Lind said. Rain fell.", "We left", "“We paid. We left,” Lind said."),
        ("Trams run. “We paid,” Lind said. Rain fell.", "“We paid", "“We paid,” Lind said."),
        (
            "Trams run. Lind denied that he had paid the men. Rain fell.",
            "he had paid",
            "Lind denied that he had paid the men.",
        ),
    ],
)
def test_speech_keeps_its_speaker_and_a_clause_its_sentence(text: str, words: str, expected: str) -> None:
    article, spans = document(text)
    assert widened(article, spans, words) == expected


def test_a_sentence_that_a_page_break_cut_in_two_is_put_together() -> None:
    article, spans = document("Trams run. Lind has also", "repeatedly threatened to close the bridge. Rain fell.")
    expected = "Lind has also\nrepeatedly threatened to close the bridge."
    assert widened(article, spans, "repeatedly threatened") == expected
    assert widened(article, spans, "Lind has also") == expected


def test_first_and_second_and_what_he_also_did_belong_to_one_list() -> None:
    text = "Trams run. First, he closed the bridge. It was old. Second, he paid the men. Rain fell."
    article, spans = document(text)
    expected = "First, he closed the bridge. It was old. Second, he paid the men."
    assert expected in widened(article, spans, "Second, he", "list")
    article, spans = document("Lind closed the bridge and the ferry. He also paid the men. Rain fell.")
    assert widened(article, spans, "the ferry", "list") == "Lind closed the bridge and the ferry. He also paid the men."
    assert widened(article, spans, "the ferry") == "Lind closed the bridge and the ferry."


@pytest.mark.parametrize(
    ("opener", "expected"),
    [
        ("He", "Oskar Lind left. He sold a tram. This tram was old."),
        ("However, that mayor", "However, that mayor sold a tram. This tram was old."),
    ],
)
def test_what_a_quote_leans_on_is_widened_only_where_a_pronoun_is_all_it_has(opener: str, expected: str) -> None:
    article, spans = document(f"Oskar Lind left. {opener} sold a tram. This tram was old.")
    assert widened(article, spans, "This tram was old.") == expected


def test_a_quote_of_another_text_comes_back_as_it_is() -> None:
    article, _ = document("Trams run. He left.")
    one = quote(article, 0, 5)
    assert with_context(one, article, ()) == one
    assert with_context(one, article, (Span(11, 19),)) == one


def test_sentences_that_passages_share_come_once_and_in_order() -> None:
    a, b, c = Span(0, 3), Span(4, 6), Span(7, 9)
    passages = [make.passage("", ordinal=1, sentences=(b, c)), make.passage("", sentences=(a, b))]
    assert sentences_of(passages) == (a, b, c)


PIECES = st.sampled_from(
    [
        *(
            "He left. ", "Lind came. ", "This was so. ", "“We paid. ", "We left,” he said. ", "\n", "- one\n",
            "2. two\n",
        ),
        *(
            "These are the parts:\n", "the following", "First, he ate. ", "Finally, it ended. ", "He also sang. ",
            "\n\n",
        ),
        *("and so on ", '"So?" ', "It is clear that rain fell. ", "x" * 700 + ". ", "a short line\n"),
    ]
)  # fmt: skip


@settings(deadline=None)  # the first example loads the rules of the sentence splitter
@given(st.lists(PIECES, min_size=1, max_size=14), st.data(), st.sampled_from(["", "list"]))
def test_a_widened_quote_holds_the_quote_in_whole_sentences_and_widens_no_further(
    pieces: list[str], data: st.DataObject, shape: Shape
) -> None:
    article, spans = document(*"".join(pieces).split("\n"))
    if not spans:
        return
    first = data.draw(st.sampled_from(spans))
    start = data.draw(st.integers(first.start, first.end - 1))
    one = quote(article, start, first.end)
    wide = with_context(one, article, spans, shape)
    assert 0 <= wide.start <= one.start < one.end <= wide.end <= len(article.text)
    assert wide.start in {span.start for span in spans}
    assert wide.end in {span.end for span in spans}
    assert wide.end - wide.start <= max(MOST_CHARACTERS, first.end - first.start)
    assert with_context(wide, article, spans, shape) == wide
