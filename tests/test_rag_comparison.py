"""A question that sets two things side by side becomes one question for each, and any other question is left whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.question.shape import Side, sides

WORDS = st.sampled_from(
    [
        *(
            "compare", "exports", "imports", "Mexico's", "Canada's", "and", "or", "versus", "vs", "compared with",
            "than",
        ),
        *(
            "before and after", "difference between", "how", "do", "is", "larger", "which", "the", "in", "2024", "?",
            ",",
        ),
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    ("question", "first", "second"),
    [
        (
            "Compare Mexico's exports to the US with its imports",
            ("Mexico's exports to the US", "What are Mexico's exports to the US?"),
            ("its imports", "What are Mexico's imports?"),
        ),
        (
            "compare exports to the US and to Canada",
            ("exports to the US", "What are exports to the US?"),
            ("to Canada", "What are exports to Canada?"),
        ),
        (
            "compare relations with Canada and Mexico",
            ("relations with Canada", "What are relations with Canada?"),
            ("Mexico", "What are relations with Mexico?"),
        ),
        (
            "immigrants with legal status versus without",
            ("with legal status", "immigrants with legal status"),
            ("without legal status", "immigrants without legal status"),
        ),
        ("exports versus imports", ("exports", "exports"), ("imports", "imports")),
        ("mexico exports vs imports 2024", ("exports", "mexico exports 2024"), ("imports", "mexico imports 2024")),
        (
            "What share of Mexico's exports versus its imports goes to the US?",
            ("Mexico's exports", "What share of Mexico's exports goes to the US?"),
            ("its imports", "What share of Mexico's imports goes to the US?"),
        ),
        (
            "What share of exports goes to the US compared with Canada?",
            ("the US", "What share of exports goes to the US?"),
            ("Canada", "What share of exports goes to Canada?"),
        ),
        (
            "How many people were detained in 2024 compared to 2025?",
            ("2024", "How many people were detained in 2024?"),
            ("2025", "How many people were detained in 2025?"),
        ),
        (
            "How do Mexico's exports compare with Canada's?",
            ("Mexico's exports", "What are Mexico's exports?"),
            ("Canada's", "What are Canada's exports?"),
        ),
        (
            "How was Lind's attitude to guns expected to compare with Novak's?",
            ("Lind's attitude to guns", "What was Lind's attitude to guns?"),
            ("Novak's", "What was Novak's attitude to guns?"),
        ),
        ("Compare Lind and Novak on gun control", ("Lind", "Lind on gun control"), ("Novak", "Novak on gun control")),
        (
            "compare mexico's exports and imports",
            ("mexico's exports", "What are mexico's exports?"),
            ("imports", "What are mexico's imports?"),
        ),
        ("What is the difference between USMCA and NAFTA?", ("USMCA", "What is USMCA?"), ("NAFTA", "What is NAFTA?")),
        (
            "Which is larger, exports to the US or imports from the US?",
            ("exports to the US", "How large are exports to the US?"),
            ("imports from the US", "How large are imports from the US?"),
        ),
        (
            "Was the old bridge heavier than the new bridge?",
            ("the old bridge", "How heavy was the old bridge?"),
            ("the new bridge", "How heavy was the new bridge?"),
        ),
        (
            "Oil exports of Mexico as opposed to those of Venezuela",
            ("Oil exports of Mexico", "Oil exports of Mexico"),
            ("those of Venezuela", "Oil exports of Venezuela"),
        ),
        (
            "How many books does the library of Dale have compared with the library of Osk?",
            ("the library of Dale", "How many books does the library of Dale have?"),
            ("the library of Osk", "How many books does the library of Osk have?"),
        ),
        ("Cutty Sark vs Volvo 9700", ("Cutty Sark", "Cutty Sark"), ("Volvo 9700", "Volvo 9700")),
        (
            "Compare the exports of Velmar with its imports",
            ("the exports of Velmar", "What are the exports of Velmar?"),
            ("its imports", "What are the imports of Velmar?"),
        ),
    ],
)
def test_each_side_keeps_what_both_share(question: str, first: tuple[str, str], second: tuple[str, str]) -> None:
    assert sides(question) == (Side(*first), Side(*second))


@pytest.mark.parametrize(
    "question",
    [
        "What is the relationship between Mexico and the United States?",
        "When was the war between Mexico and the United States?",
        "What is trade between Mexico and the US worth in total?",
        "What do the US and Mexico trade?",
        "Was it more than 50?",
        "Is it better than expected?",
        "Did he go to Paris or London?",
        "How does it compare?",
        "How has support changed compared to the start of the year?",
        "How much higher was the rate in 2000 compared to 1995?",
        "What was the result of Sollen vs Brin in 2014?",
        "The North saw itself as what compared to the east?",
        "What did he do?",
        "",
    ],
)
def test_one_thing_has_no_sides(question: str) -> None:
    assert sides(question) is None


@given(st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=60))
def test_any_text_has_two_different_sides_or_none_and_always_the_same(text: str) -> None:
    found = sides(text)
    assert found == sides(text)
    if found:
        assert found[0].question != found[1].question
        assert all(side.label.strip() and side.question.strip() for side in found)


@given(st.lists(WORDS, min_size=1, max_size=12).map(" ".join))
def test_white_space_changes_nothing(text: str) -> None:
    assert sides(text) == sides("  " + text.replace(" ", " \n "))
