"""The sentence that says who or what something is counts for more than one that only names it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.question.analysis import analyse
from rag.selection.definitions import defines


def grade(question: str, sentence: str) -> float:
    return defines(analyse(question, "snowball"), sentence)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Who is Petra Novak?", "Petra Novak is the mayor of Sollen."),
        ("Who is Petra Novak?", "Petra Novak, the mayor of Sollen, praised the trams."),
        ("Who is Petra Novak?", "Mayor Petra Novak praised the trams."),
        ("Who is Petra Novak?", "Sollen's new mayor, Petra Novak, praised the trams."),
        ("Who is Petra Novak?", "Petra Novak, Sollen’s current ambassador to Brin, left."),
        ("who is petra novak", "Novak is one of the founders of the party."),
        ("What is a tariff?", "Tariffs are a tax on goods from abroad."),
        ("What is the MPP?", "The Migration Protection Protocols (MPP) came back."),
        ("What does MPP stand for?", "MPP stands for Migration Protection Protocols."),
        ("What is the Remain in Sollen policy?", "MPP, better known as “Remain in Sollen,” a policy of 2019, is back."),
        ("What is Sollen Embraces You?", "It is an initiative called “Sollen Embraces You” with nine centres."),
        (
            "What does non-refoulement mean?",
            "It breaks non-refoulement, which prohibits countries from sending them back.",
        ),
        ("What is Morena?", "The leftist Morena movement won."),
        ("What is the SBT?", "It follows from the SBT free trade agreement, to which three nations are parties."),
    ],
)
def test_a_defining_sentence_is_seen(question: str, sentence: str) -> None:
    assert grade(question, sentence) >= 0.6


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Who is Petra Novak?", "The trams were praised by Petra Novak."),
        ("Who is Petra Novak?", "Oskar Lind is the mayor of Sollen."),
        ("Who is Petra Novak?", "Petra Novak is likely to resign."),
        ("What is ICE?", "The ice is a problem for the ferry."),
        ("When did Petra Novak resign?", "Petra Novak is the mayor of Sollen."),
        ("", "Petra Novak is the mayor."),
    ],
)
def test_a_sentence_that_only_names_the_subject_defines_nothing(question: str, sentence: str) -> None:
    assert grade(question, sentence) == 0.0


def test_the_full_name_is_worth_more_than_the_surname_and_early_more_than_late() -> None:
    asked = "Who is Petra Novak?"
    full, surname = grade(asked, "Petra Novak is a baker."), grade(asked, "Novak is a baker.")
    late = grade(asked, "As everybody in the whole town of Sollen knows, Petra Novak is a baker.")
    assert full == 1.0
    assert surname < full
    assert late < full


@given(
    st.sampled_from(["Who is Petra Novak?", "What is a (tariff?", "What does ICE mean?", "Why?"]), st.text(max_size=80)
)
def test_any_sentence_has_a_grade(question: str, sentence: str) -> None:
    assert 0.0 <= grade(question, sentence) <= 1.0
