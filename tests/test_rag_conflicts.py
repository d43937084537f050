"""Two sentences contradict each other, or they do not: a table to be read, then what a conflict looks like."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answer import Quote
from rag.language.facts import differ, facts
from rag.question.analysis import analyse
from rag.selection.conflicts import Conflict, find_conflict
from tests import make

SEEDS = Path(__file__).parent.parent / "seeds"

OVER_80 = (
    "On the other hand, Mexico regards the United States as its main trading partner, which as of April 2025 accounted "
    "for over 80% of its exports and more than 40% of its total imports."
)
OVER_83 = (
    "According to the Bank of Mexico, in 2025, the US accounted for over 83% ($552 billion) of Mexico's exports and "
    "38% ($250 billion) of its imports."
)


def quote(name: str, text: str, score: float, title: str) -> Quote:
    return make.quote(make.passage(text, name, context=title), score=score)


def found(
    question: str,
    *texts: str,
    published: Sequence[date | None] = (),
    title: str = "A report",
    names: Sequence[str] = (),
) -> Conflict | None:
    """What the quotes contradict, each in an article of its own unless named, best first."""
    ids = list(names) or [f"d{n}" for n in range(len(texts))]
    days = dict(zip(ids, published or [None] * len(ids), strict=True))
    quotes = [quote(name, text, 5 - n / 10, title) for n, (name, text) in enumerate(zip(ids, texts, strict=True))]
    return find_conflict(
        analyse(question, "snowball"), quotes, lambda name: make.document(name=name, published=days[name], title=title)
    )


@pytest.mark.parametrize(
    ("question", "first", "second", "values"),
    [
        pytest.param(
            "What share of Mexico's exports goes to the United States?",
            OVER_80,
            OVER_83,
            {"over 80%", "over 83%"},
            id="in other words, the share asked for of several",
        ),
        pytest.param(
            "What share of Mexico's imports comes from the US?",
            OVER_80,
            OVER_83,
            {"more than 40%", "38%"},
            id="in other words, the other share",
        ),
        pytest.param(
            "How much did the repairs of the Sollen bridge cost?",
            "The repairs of the Sollen bridge cost $12 million.",
            "According to the council, the repairs of the Sollen bridge cost $19 million.",
            {"$12 million", "$19 million"},
            id="money, with an attribution",
        ),
        pytest.param(
            "When was the Sollen bridge opened?",
            "The Sollen bridge was opened in 1932.",
            "In 1934, the Sollen bridge was opened.",
            {"1932", "1934"},
            id="a year, in another place of the sentence",
        ),
        pytest.param(
            "How many consulates does Mexico have?",
            "Mexico operates 53 consulates in the United States.",
            "Mexico operates fifty consulates in the US.",
            {"53", "fifty"},
            id="figures and words",
        ),
        pytest.param(
            "Did the company recall the heaters?",
            "The company recalled the heaters sold in Norway last winter.",
            "The company never recalled the heaters sold in Norway last winter.",
            {"", "never"},
            id="a negation",
        ),
        pytest.param(
            "When was the war between Aldra and Vey?",
            "The war between Aldra and Vey lasted from 1846 to 1848.",
            "The war between Aldra and Vey lasted from 1844 to 1848.",
            {"1846 to 1848", "1844 to 1848"},
            id="another beginning",
        ),
    ],
)
def test_articles_that_tell_the_same_with_another_value_contradict(
    question: str, first: str, second: str, values: set[str]
) -> None:
    for pair in ((first, second), (second, first)):
        conflict = found(question, *pair)
        assert conflict is not None
        assert set(conflict.values) == values


@pytest.mark.parametrize(
    ("question", "first", "second"),
    [
        pytest.param(
            "What share of Mexico's exports goes to the US?",
            "The US takes 83% of Mexico's exports.",
            "The US gives 40% of Mexico's imports.",
            id="another subject: exports, imports",
        ),
        pytest.param(
            "How many people live in Aldra?",
            "The town of Aldra has 500 inhabitants.",
            "The town of Vey has 700 inhabitants.",
            id="another name",
        ),
        pytest.param(
            "How much did the bridge cost?",
            "The Sollen bridge cost $12 million.",
            "The Sollen bridge cost 4% of the budget.",
            id="another unit",
        ),
        pytest.param(
            "How much did Mexico import from the US?",
            "Mexico's imports from the US reached $250 billion in 2025.",
            "In April 2025 the US sold goods to Mexico, imports worth $21 billion.",
            id="a sum of a month, a sum of a year",
        ),
        pytest.param(
            "What was the harvest of the Tamm valley in 2021 and 2023?",
            "The harvest of the Tamm valley was 500 tonnes in 2021.",
            "The harvest of the Tamm valley was 700 tonnes in 2023.",
            id="one for each year asked for",
        ),
        pytest.param(
            "What was the harvest of the Tamm valley in 2021?",
            "The harvest of the Tamm valley was 500 tonnes in 2021.",
            "The harvest of the Tamm valley was 700 tonnes in 2023.",
            id="the other year was not asked for",
        ),
        pytest.param(
            "What share goes to the US?",
            "The US takes 83% of Mexico's exports.",
            "The US takes 83.1% of Mexico's exports.",
            id="rounded",
        ),
        pytest.param(
            "What share goes to the US?",
            "The US takes over 80% of Mexico's exports.",
            "The US takes 83% of Mexico's exports.",
            id="beyond a bound",
        ),
        pytest.param(
            "How many people came?",
            "Between 10,000 and 15,000 people came to the fair in Aldra.",
            "12,000 people came to the fair in Aldra.",
            id="inside a range",
        ),
        pytest.param(
            "How many migrants live there?",
            "Around 4 million Mexicans live in the US.",
            "4,000,000 Mexicans live in the US.",
            id="the same in another form",
        ),
        pytest.param(
            "When did the agreement take effect?",
            "The agreement between Aldra and Vey took effect in July 2020.",
            "The agreement between Aldra and Vey took effect in 2020.",
            id="a month of the year",
        ),
        pytest.param(
            "Who won?",
            "Not only Aldra but also Vey won a prize at the fair.",
            "Aldra but also Vey won a prize at the fair.",
            id="not only",
        ),
        pytest.param(
            "How many rooms are there?",
            "10. The Linden theatre has many rooms for guests and actors",
            "13. The Linden theatre has many rooms for guests and actors",
            id="the numbers of headings",
        ),
        pytest.param(
            "When did the second term begin?",
            "The first term of Ana Lind began in 2017.",
            "The second term of Ana Lind began in 2021.",
            id="ordinals tell apart",
        ),
        pytest.param(
            "revenue", "Revenue of Aldra | 2009 | 2008", "Revenue of Aldra | 2019 | 2018", id="rows of tables"
        ),
    ],
)
def test_articles_that_can_both_be_right_do_not_contradict(question: str, first: str, second: str) -> None:
    assert found(question, first, second) is None
    assert found(question, second, first) is None


def test_the_newest_article_stands_first_and_an_undated_one_last() -> None:
    texts = [f"The repairs of the Sollen bridge cost ${cost} million." for cost in (12, 19, 27)]
    days = [date(2020, 5, 1), None, date(2024, 5, 1)]
    conflict = found("How much did the repairs of the Sollen bridge cost?", *texts, published=days)
    assert conflict is not None
    assert conflict.values == ("$27 million", "$12 million", "$19 million")
    assert [each.passage.document_id for each in conflict.quotes] == ["d2", "d0", "d1"]


def test_copies_are_one_voice_and_are_counted() -> None:
    twelve, nineteen = (f"The repairs of the Sollen bridge cost ${cost} million." for cost in (12, 19))
    conflict = found("What did the repairs cost?", twelve, nineteen, twelve, nineteen, twelve)
    assert conflict is not None
    assert sorted(conflict.values) == ["$12 million", "$19 million"]
    assert conflict.copies == 3


def test_copies_alone_are_no_conflict() -> None:
    text = "The repairs of the Sollen bridge cost $12 million."
    assert found("What did the repairs cost?", text, text, f"According to the council, {text}") is None


def test_parallel_sentences_of_one_article_are_no_conflict() -> None:
    texts = [f"At the end of the war, the debts of Aldra were ${debt} million." for debt in (4, 7)]
    assert found("What were the debts of Aldra?", *texts, names=["one", "one2"]) is not None
    quotes = [quote("one", text, 5.0, "Debts") for text in texts]
    asked = analyse("What were the debts of Aldra?", "snowball")
    assert find_conflict(asked, quotes, lambda name: make.document(name=name, title="Debts")) is None


@pytest.mark.parametrize("times", [("2021", "2023"), ("June 2023", "July 2023")])
def test_figures_of_different_times_are_no_conflict(times: tuple[str, str]) -> None:
    texts = [f"The harvest of the Tamm valley was {n} tonnes in {time}." for n, time in zip((5, 7), times, strict=True)]
    assert found("What was the harvest of the Tamm valley?", *texts) is None
    assert found(f"What was the harvest of the Tamm valley in {times[0]}?", *texts) is None


def test_no_quotes_are_no_conflict() -> None:
    assert found("What did the repairs cost?") is None


def test_the_example_stands_in_the_seeds_word_for_word() -> None:
    together = " ".join(path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.txt")))
    assert "which as of April 2025 accounted for over 80% of its exports" in together
    assert "the US accounted for over 83% (\\$552 billion) of Mexico's exports" in together


@pytest.mark.parametrize(
    ("a", "b", "differs"),
    [
        ("over 80%", "over 83%", True),
        ("over 80%", "83%", False),
        ("over 80%", "95%", True),
        ("more than 40%", "38%", True),
        ("nearly $800 billion", "$790 billion", False),
        ("about 4 million", "4.1 million", False),
        ("1.2 million", "1,234,000", False),
        ("1.2 million", "1.3 million", True),
        ("53", "54", True),
        ("10 to 15", "12", False),
        ("2025", "April 2025", False),
        ("the 1990s", "1994", False),
        ("10 June 2025", "June 12, 2025", True),
        ("the 19th century", "1850", False),
        ("the 19th century", "1950", True),
        ("1846–1848", "1847", False),
        ("12 km", "12 miles", False),
    ],
)
def test_figures_differ_only_where_neither_allows_the_other(a: str, b: str, differs: bool) -> None:
    (one,), (other,) = facts(a), facts(b)
    assert differ(one, other) is differs
    assert differ(other, one) is differs


@given(st.text(max_size=200))
def test_facts_stand_in_their_text_and_never_overlap(text: str) -> None:
    every = facts(text)
    assert all(text[fact.start : fact.end] == fact.printed for fact in every)
    assert all(a.end <= b.start for a, b in pairwise(every))
    assert not any(differ(fact, fact) for fact in every)
