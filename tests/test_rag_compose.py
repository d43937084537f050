"""What is said: quotes under the name and date of their article, and an abstention that claims nothing."""

import re
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from jinja2 import Environment, Template

from index.records import Document
from rag.answer import Citation, Frame, Reason, ReasonCode, Segment
from rag.language.detect import LANGUAGES
from rag.writing import compose as composing
from rag.writing.compose import abstention, compose, say, side, text_of
from tests import make


def citation(
    marker: int = 1, document_id: str = "rye", quote: str = "Rye is baked at night.", **given: Any
) -> Citation:
    return make.citation(quote, document_id, marker, **{"title": "Rye bread", "published": date(2024, 5, 7)} | given)


def document(title: str, published: date | None = None, inferred: tuple[str, ...] = ()) -> Document:
    return make.document(name=title, title=title, published=published, inferred=inferred)


def said(*citations: Citation) -> str:
    return text_of(compose(citations))


OATS: dict[str, Any] = {"document_id": "oats", "title": "Oats", "published": date(2023, 12, 31)}


def test_one_citation_is_named_dated_and_quoted() -> None:
    assert said(citation()) == "“Rye bread” (7 May 2024): “Rye is baked at night.” [1]"


def test_two_articles_are_two_lines() -> None:
    assert said(citation(), citation(2, quote="Oats are not.", **OATS)) == (
        "“Rye bread” (7 May 2024): “Rye is baked at night.” [1]\n“Oats” (31 December 2023): “Oats are not.” [2]"
    )


def test_the_same_article_is_named_once() -> None:
    assert said(citation(), citation(2, quote="It is sold at dawn.")) == (
        "“Rye bread” (7 May 2024): “Rye is baked at night.” [1]\n“It is sold at dawn.” [2]"
    )


def test_an_article_that_comes_back_after_another_is_named_again() -> None:
    third = citation(3, quote="It is sold at dawn.")
    assert said(citation(), citation(2, quote="Oats are not.", **OATS), third) == (
        "“Rye bread” (7 May 2024): “Rye is baked at night.” [1]\n"
        "“Oats” (31 December 2023): “Oats are not.” [2]\n"
        "“Rye bread” (7 May 2024): “It is sold at dawn.” [3]"
    )


def test_an_author_stands_before_the_title() -> None:
    assert said(citation(author="Ada Reed")).startswith("Ada Reed, “Rye bread” (7 May 2024): ")
    second = citation(2, quote="Oats are not.", author="Bo Ek", **OATS)
    assert said(citation(), second).endswith("\nBo Ek, “Oats” (31 December 2023): “Oats are not.” [2]")


def test_an_inferred_date_is_vague() -> None:
    assert said(citation(inferred=("published",))) == ("“Rye bread” (about May 2024): “Rye is baked at night.” [1]")


def test_a_long_title_is_said_without_its_subtitle() -> None:
    long = "Bread in times of want: how six northern towns baked through the winter of the great snow"
    assert said(citation(title=long)).startswith("“Bread in times of want” (7 May 2024): ")
    assert said(citation(title="Bread and " * 12)).startswith("“Bread and Bread and")


def test_a_summary_is_in_the_words_of_its_article() -> None:
    both = [citation(author="Ada Reed"), citation(2, quote="It is sold at dawn.", author="Ada Reed")]
    assert text_of(compose(both, Frame("summary"))) == (
        "In the words of Ada Reed, “Rye bread” (7 May 2024): “Rye is baked at night.” [1]\n“It is sold at dawn.” [2]"
    )


def test_an_inferred_title_does_not_make_the_date_vague() -> None:
    assert "(7 May 2024)" in said(citation(inferred=("title",)))


def test_an_article_without_a_date_is_undated() -> None:
    assert said(citation(published=None)) == "“Rye bread” (undated): “Rye is baked at night.” [1]"
    assert "(undated)" in said(citation(published=None, inferred=("published",)))


def test_segments_are_notes_without_and_quotes_with_a_marker() -> None:
    assert compose([citation(), citation(2, quote="It is sold at dawn.")]) == (
        Segment("note", "“Rye bread” (7 May 2024):", ()),
        Segment("quote", "Rye is baked at night.", (1,)),
        Segment("quote", "It is sold at dawn.", (2,)),
    )
    assert compose([]) == ()
    assert text_of(()) == ""


@pytest.mark.parametrize(
    "wild", ["<b>&amp;</b>", "{{ 7 * 7 }}", "{% raw %}", "“quoted” 'so' \"so\"", "%s \\n {0}", "他去了"]
)
def test_titles_authors_and_quotes_are_said_as_they_are(wild: str) -> None:
    assert said(citation(quote=wild, title=wild, author=wild)) == (f"{wild}, “{wild}” (7 May 2024): “{wild}” [1]")
    assert abstention(Reason("near_miss", (wild,)), [document(wild)]).text == (
        f"The articles do not say. Nothing in them mentions “{wild}”. The nearest article is “{wild}” (undated)."
    )


RYE, OAT = document("Rye", date(2024, 5, 7), ("published",)), document("Oats", date(2023, 12, 31))


@pytest.mark.parametrize(
    ("missing", "nearest", "text"),
    [
        ([], [], "The articles do not say."),
        (["Atlantis"], [], "The articles do not say. Nothing in them mentions “Atlantis”."),
        (
            ["Atlantis", "kings"],
            [OAT],
            "The articles do not say. Nothing in them mentions “Atlantis”, “kings”. "
            "The nearest article is “Oats” (31 December 2023).",
        ),
        (
            [],
            [RYE, OAT],
            "The articles do not say. The nearest articles are “Rye” (about May 2024) and “Oats” (31 December 2023).",
        ),
    ],
)
def test_an_abstention_names_what_is_missing_and_what_is_nearest(
    missing: list[str], nearest: list[Document], text: str
) -> None:
    segment = abstention(Reason("near_miss", tuple(missing)), nearest)
    assert segment == Segment("note", text, ())
    assert text_of([segment]) == text


def test_where_the_articles_are_in_another_language_nothing_is_said_of_their_subjects_and_words() -> None:
    segment = abstention(Reason("off_corpus", ("consulados",)), [], None, "es", "English")
    assert segment.text == (
        "Los artículos no lo dicen. Los artículos están en inglés; si pregunta en esa lengua, puede hallarse más."
    )


@pytest.mark.parametrize(("label", "head"), [("before the war", "Before the war:"), ("Oslo", "Oslo:")])
def test_a_column_is_headed_by_its_side(label: str, head: str) -> None:
    assert side(label) == side(label, "es") == Segment("comparison", head, ())


def test_one_article_that_differs_from_itself_is_not_said_to_be_several() -> None:
    one, other = citation(), citation(2, quote="Rye costs five.")
    oats = citation(3, **OATS)
    frame = Frame("conflict", differs="number")
    assert compose([one, other], frame)[0].text == "The article itself gives different figures."
    assert compose([one, oats], frame)[0].text.startswith("The articles give different figures")


def test_every_language_says_all_there_is_to_say() -> None:
    """The same macros with the same parameters, so that no answer lacks words in one language alone."""
    folder = Path(composing.__file__).parent / "templates"
    heads = {
        path.stem: re.findall(r"\{%- macro (\w+\([^)]*\))", path.read_text("utf-8")) for path in folder.glob("*.j2")
    }
    assert set(heads) == set(LANGUAGES)
    assert all(sorted(macros) == sorted(heads["en"]) for macros in heads.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_is_said_in_every_language(language: str) -> None:
    for code in get_args(ReasonCode):
        for kind in ("opinion", "writing", "sum", "remark", "forecast", "value", "side"):
            reason = Reason(code, ("Atlantis",), (), {"kind": kind})
            told = abstention(reason, [], date(2024, 3, 5), language, "Spanish", "when").text
            assert told.endswith(".") and "  " not in told and "2024" in told


def test_of_a_template_only_what_is_said_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    compile_ = Environment.from_string

    def noted(self: Environment, text: str) -> Template:
        compiled.append(text)
        return compile_(self, text)

    monkeypatch.setattr(Environment, "from_string", noted)
    words = say.__wrapped__("es")
    assert (len(vars(words)), compiled) == (32, [])
    assert words.lead("Oats", date(2024, 1, 5), True, "") == words.lead("Oats", date(2024, 1, 5), True, "")
    assert [text.count("endmacro") for text in compiled] == [1, 1, 1]  # lead, of an article, of a day


@pytest.mark.parametrize("published", [None, date(2024, 5, 7), date(1, 1, 1)])
@pytest.mark.parametrize("inferred", [(), ("published",), ("title", "published")])
@pytest.mark.parametrize("author", ["", "Ada Reed"])
def test_no_combination_leaves_anything_undefined(
    published: date | None, inferred: tuple[str, ...], author: str
) -> None:
    one = citation(published=published, inferred=inferred, author=author)
    text = said(one, citation(2, quote="Again."), citation(3, **OATS | {"author": author}))
    assert "None" not in text
    assert "Undefined" not in text
    assert "  " not in text
    assert [f"[{n}]" in text for n in (1, 2, 3)] == [True, True, True]
