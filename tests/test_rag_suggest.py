"""The promise of a suggestion: it reads like a question, and the sentence it was made from answers it."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import pytest

from index.build import Builder
from index.embedding.minilm import OnnxEmbedder
from index.errors import BadQuestion
from index.records import Document
from index.search import Index
from index.settings import Settings, load_settings
from rag.assistant import Assistant, open_assistant
from rag.follow_ups.turns import Turn
from rag.suggestions import suggest
from rag.suggestions.suggest import MOST, TRIED, Suggester, wonder
from tests import make

FRAMES = Path(__file__).parent.parent / "eval" / "gold" / "frames" / "corpus.jsonl"
MADE = (
    ("On Monday, President Claudia Sheinbaum announced a new plan.", "What did Claudia Sheinbaum announce?"),
    ("In fact, the Bank of Ald estimated that trade fell in 2024.", "What did the Bank of Ald estimate in 2024?"),
    ("Trump has pledged to secure the border.", "What has Trump pledged to do?"),
    ("Mexico refused to pay.", "What did Mexico refuse to do?"),
    ("Mexico seeks to expand its trade.", "What does Mexico seek to do?"),
    ("The U.S.-Mexico-Canada Trade Agreement (USMCA) is under review.", "What does USMCA stand for?"),
    ("The Migration Protection Protocols (MPP) are back.", "What does MPP stand for?"),
    ("Juan Ramon de la Fuente, the new foreign minister, spoke.", "Who is Juan Ramon de la Fuente?"),
    ("Comet Harrow was discovered by Ilse Brandt in 1904.", "When was Comet Harrow discovered?"),
    ("To this end, Mexico operates a network with 53 consulates.", "How many consulates does Mexico operate?"),
    (
        "Mexico is closely watched in Washington because elections are near.",
        "Why is Mexico closely watched in Washington?",
    ),
    ("It starts the “Mexico Embraces You” initiative.", "What is the “Mexico Embraces You” initiative?"),
    ("The bridge at Holm will be closed from 5 May to 30 June.", "When will the bridge at Holm be closed?"),
    ("Claims must be handed in within thirty days after the journey.", "When must claims be handed in?"),
    ("The warranty lasts two years from the date of purchase.", "How long does the warranty last?"),
    ("Repairs will cost 2.4 million kroner.", "How much will repairs cost?"),
    ("A card costs nothing for children and 100 kroner for adults.", "How much does a card cost?"),
    ("The school has 184 pupils, eleven fewer than last year.", "How many pupils does the school have?"),
    ("Descale the machine every three months.", "How often should I descale the machine?"),
    ("To descale the machine:", "How do I descale the machine?"),
    ("He spoke to the Bank of Mexico.", ""),
    ("Officials spoke to the Bank of Mexico.", "What is said about the Bank of Mexico?"),
)
TRAPS = (
    "It surpassed both China and Canada.",
    "Trump’s aide announced a plan.",
    "The Secretary of State announced a plan.",
    "The Trump administration hired lawyers.",
    "In March they imposed tariffs.",
    "According to the plan, nobody won.",
    "He works for the Senate (XYZ).",
    "Sheinbaum announced.",
    "Late claims are not paid.",
    "It weighs 3.4 kg and is 38 cm tall.",
)


@pytest.fixture(scope="module")
def seeded(seeds_data: Path) -> Assistant:
    known = json.loads(files("server").joinpath("suggestions.json").read_text("utf-8"))
    return open_assistant(data=seeds_data, known=known)


def document(text: str, name: str = "a") -> Document:
    return make.document(text, name, title=name)


@pytest.mark.parametrize(("sentence", "question"), MADE)
def test_a_sentence_gives_the_question_that_a_person_would_ask(sentence: str, question: str) -> None:
    assert [one.text for one in wonder(document(sentence))][:1] == ([question] if question else [])


@pytest.mark.parametrize("sentence", TRAPS)
def test_what_would_read_badly_is_not_asked(sentence: str) -> None:
    assert wonder(document(sentence)) == ()


def test_of_an_article_that_stays_as_it_was_nothing_is_made_anew_for_another_index() -> None:
    assert wonder(document(MADE[0][0])) is wonder(document(MADE[0][0]))


def test_other_threads_may_keep_questions_at_any_step_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {(str(number), number): () for number in range(suggest._MOST_MADE)}
    monkeypatch.setattr(suggest, "_made", kept)
    one = document("The ferry sails.")
    sys.setprofile(lambda _, event, __: event == "c_return" and kept.setdefault(("", len(kept)), ()) and None)
    try:
        assert wonder(one) == ()
    finally:
        sys.setprofile(None)
    assert wonder(one) is kept["", hash(one)]


def test_only_people_are_asked_for_with_who() -> None:
    made = wonder(document("Shops sell more on Black Friday, a day of sales."))
    assert [one.text for one in made] == ["What is said about Black Friday?"]


@dataclass(frozen=True)
class Cited:
    document_id: str
    quote: str


@dataclass(frozen=True)
class Said:
    """As much of an answer as a suggestion looks at."""

    question: str
    citations: tuple[Cited, ...]
    evidence: tuple[object, ...] = ()
    standalone: str = ""
    confidence: float = 0.9

    @property
    def status(self) -> str:
        return "answered" if self.citations else "abstained"


TEXT = (
    "Mexico seeks to expand its trade. Mexico operates 53 consulates. Trump has pledged to secure the border. "
    "The Migration Protection Protocols (MPP) are back. Comet Harrow was discovered in 1904. Ilse Brandt refused to "
    "pay. Peru plans to vote. Chile wants to vote. Cuba hopes to vote. Spain aims to vote. Brazil seeks to vote."
)


class Oracle:
    """Answers every question of `answers` with its sentence, and counts."""

    def __init__(self, answers: Mapping[str, tuple[str, str]]) -> None:
        self.answers, self.asked = answers, list[str]()

    def __call__(self, question: str) -> Said:
        self.asked.append(question)
        found = self.answers.get(question)
        return Said(question, (Cited(*found),) if found else ())


def suggester(oracle: Oracle, known: Mapping[str, str] | None = None) -> Suggester:
    articles = {"a": document(TEXT), "b": document("Peru plans to vote.", "b")}
    return Suggester(oracle, articles.__getitem__, sorted(articles), known or {})  # type: ignore[arg-type]


ANSWERS = {one.text: ("a", one.sentence) for one in wonder(document(TEXT))}
QUOTED = Said("What of Mexico?", (Cited("a", "Mexico operates 53 consulates."),))


def after(oracle: Oracle, said: Said = QUOTED, turns: Sequence[Turn] = ()) -> tuple[str, ...]:
    return suggester(oracle).after(said, turns)  # type: ignore[arg-type]


def test_at_most_three_are_kept_of_those_that_are_asked_and_each_only_once() -> None:
    oracle = Oracle(ANSWERS)
    asking = suggester(oracle)
    first = asking.after(QUOTED)  # type: ignore[arg-type]
    assert len(first) == MOST and len(oracle.asked) == len(set(oracle.asked)) <= TRIED
    asked = len(oracle.asked)
    assert asking.after(QUOTED) == first and len(oracle.asked) == asked  # type: ignore[arg-type]


def test_an_answer_from_another_article_or_another_sentence_does_not_count() -> None:
    elsewhere = {text: ("b", sentence) for text, (_, sentence) in ANSWERS.items()}
    otherwise = {text: ("a", "Something else was said.") for text in ANSWERS}
    assert after(Oracle(otherwise)) == ()
    assert set(after(Oracle(elsewhere))) <= {"What does Peru plan to do?"}


def test_what_an_articles_words_make_no_question_is_not_suggested_and_breaks_no_answer() -> None:
    def refusing(question: str) -> Said:
        raise BadQuestion("the question is empty; ask something in words")

    asking = suggester(refusing)  # type: ignore[arg-type]
    assert (asking.after(QUOTED), asking.first()) == ((), ())  # type: ignore[arg-type]


def test_a_question_that_somebody_wrote_comes_first_but_must_be_answered() -> None:
    known = {"a": "Why does it rain?"}
    assert suggester(Oracle(ANSWERS), known).first()[0] != known["a"]
    assert suggester(Oracle({**ANSWERS, known["a"]: ("a", "Rain.")}), known).first()[0] == known["a"]


def test_what_was_asked_or_told_in_the_conversation_is_never_suggested() -> None:
    offered = after(Oracle(ANSWERS))
    for text in offered:
        assert text not in after(Oracle(ANSWERS), turns=[Turn(text.lower(), "")])
        assert text not in after(Oracle(ANSWERS), replace(QUOTED, standalone=text))
        assert text not in after(Oracle(ANSWERS), turns=[Turn("And?", f"“{ANSWERS[text][1]}” [1]")])


def test_what_is_beside_the_quote_comes_before_what_is_far_from_it() -> None:
    filler = "It rained for a day and nobody knew why it did not stop. " * 20
    text = f"Ilse Brandt refused to pay. Comet Harrow was discovered in 1904. {filler}Chile wants to vote."
    article = document(text)
    answers = {one.text: ("a", one.sentence) for one in wonder(article)}
    asking = Suggester(Oracle(answers), lambda _: article, ["a"], {})  # type: ignore[arg-type]
    suggested = asking.after(Said("What?", (Cited("a", "Comet Harrow was discovered in 1904."),)))  # type: ignore[arg-type]
    assert suggested[0] == "What did Ilse Brandt refuse to do?"


def test_where_nothing_else_is_left_the_article_as_a_whole_is_offered() -> None:
    whole = "What are the key points of “a”?"
    assert after(Oracle({whole: ("a", "Mexico operates 53 consulates.")})) == (whole,)


def test_the_first_suggestions_are_one_from_each_article() -> None:
    answers = {**ANSWERS, "What does Peru plan to do?": ("b", "Peru plans to vote.")}
    assert len(suggester(Oracle(answers)).first()) == 2


def test_the_same_articles_give_the_same_questions(
    hash_index: Index, hash_builder: Builder, hash_settings: Settings
) -> None:
    made = [[one.text for one in wonder(hash_index.document(name))] for name in hash_index.document_ids]
    assert made == [[one.text for one in wonder(hash_index.document(name))] for name in hash_index.document_ids]
    assert "When was Comet Harrow discovered?" in made[2]


OPENINGS = ("hello", "how many articles are there?", "What about China?", "fentanyl", "summarise everything")


@pytest.fixture(scope="module")
def invented(minilm: OnnxEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    """Over short articles on other things than the bundled ones."""
    folder = tmp_path_factory.mktemp("invented")
    settings = load_settings(data=folder)
    Builder(folder, settings, minilm).index([FRAMES])
    return open_assistant(settings=settings, embedder=minilm, known={})


def clicked(assistant: Assistant, first: str, step: int, most: int = 6) -> list[str]:
    """What is wrong with a conversation in which the suggestions are clicked, each time another place of the three."""
    turns: tuple[Turn, ...] = ()
    question, asked, wrong = first, [""], []
    for n in range(most + 1):
        answer = assistant.ask(question, history=turns)
        if n and answer.status != "answered":
            wrong.append(f"dead end: {question}")
        told = [one.casefold() for one in answer.follow_ups]
        wrong += [f"again: {one}" for one in told if one in (*asked, question.casefold()) or told.count(one) > 1]
        if not told:
            return [*wrong, f"nothing behind {question}"]
        asked.append(question.casefold())
        turns = (*turns, Turn(question, answer.text))
        question = answer.follow_ups[(step + n) % len(told)]
    return wrong


@pytest.mark.parametrize("first", OPENINGS[:2])
def test_six_clicks_in_a_row_lead_to_answers_and_never_to_the_same(seeded: Assistant, first: str) -> None:
    assert clicked(seeded, first, 0) == []


@pytest.mark.slow
@pytest.mark.parametrize("first", [*OPENINGS, 0, 1, 2, 3])
def test_six_clicks_over_the_bundled_articles(seeded: Assistant, first: str | int) -> None:
    """From what somebody types, and from the question that each article begins with."""
    assert seeded.suggester and len(seeded.suggester.first()) == len(seeded.index.document_ids) == 4
    assert clicked(seeded, seeded.suggester.first()[first] if isinstance(first, int) else first, 1) == []


@pytest.mark.slow
@pytest.mark.parametrize("first", [*OPENINGS[:2], "ferry", "What is the history of the tram?"])
@pytest.mark.parametrize("step", [0, 1])
def test_six_clicks_over_other_articles(invented: Assistant, first: str, step: int) -> None:
    assert clicked(invented, first, step) == []


def test_an_article_s_own_questions_are_asked_again_with_what_stands_below_them() -> None:
    told = "**Can I pay by card?**\nYes, at the desk.\n\n**May I bring my dog?**\nNo, but guide dogs."
    made = wonder(make.cleaned(f"# The swimming bath\n\n{told}"))
    assert [(one.text, one.sentence) for one in made] == [
        ("Can I pay by card?", "Yes, at the desk."),
        ("May I bring my dog?", "No, but guide dogs."),
    ]
