"""Over every gold question and many made ones: all that is cited stands verbatim in the article's file."""

import os
import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from eval.sets.gold import read_gold
from index.embedding.embedder import OnnxEmbedder
from index.records import Document, Passage, Span, to_clean, to_source
from index.settings import load_settings
from rag import Answer, Assistant, open_assistant

ROOT = Path(__file__).parent.parent
SEEDS, GOLD = ROOT / "seeds", ROOT / "eval" / "gold"
MADE = int(os.environ.get("MADE_QUESTIONS", "100"))
TEMPLATES = (
    "Who is {name}?",
    "What does {name} say about {word} and {other}?",
    "When did {name} {word}?",
    "How many {word} were there in {number}?",
    "What happened to {word} in {number}?",
    "{word} {other} {number}",
    "{name} {number}",
    "Why is the {word} of {name} {other}?",
    "{name}, {word}, {other}: what share is {number}?",
    "{word}",
)


@pytest.fixture(scope="module")
def assistant(minilm: OnnxEmbedder, seeds_data: Path) -> Assistant:
    """The bundled articles, and an answer to whatever is asked."""
    return open_assistant(settings=load_settings(data=seeds_data, threshold=0.0), embedder=minilm)


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    """Document id → the file's bytes as text."""
    return {path.stem: path.read_bytes().decode("utf-8") for path in SEEDS.glob("*.txt")}


def gold_questions() -> list[str]:
    return [question.asked for path in sorted(GOLD.glob("*.jsonl")) for question in read_gold(path)]


def made_questions(files: dict[str, str]) -> Iterator[str]:
    """MADE questions of words, names and numbers of the articles; always the same ones."""
    rng = random.Random(20_251_122)
    text = "\n".join(files[name] for name in sorted(files))
    words = sorted(set(re.findall(r"\b[a-zé]{4,}\b", text)))
    names = sorted(set(re.findall(r"\b[A-Z][a-zé]+(?: [A-Z][a-zé]+)*", text)))
    numbers = sorted(set(re.findall(r"\d[\d.,]*\d%?|\$\d+", text)))
    for n in range(MADE):
        pieces = {"word": rng.choice(words), "other": rng.choice(words)}
        pieces |= {"name": rng.choice(names), "number": rng.choice(numbers)}
        yield TEMPLATES[n % len(TEMPLATES)].format(**pieces)


def stands_in(quote: str, source: str) -> bool:
    """Every visible character of the quote comes in the source, in order, and the source ends where the quote does."""
    rest = iter(source)
    same_ends = source.lstrip("\\")[:1] == quote[:1] and source[-1:] == quote[-1:]
    return same_ends and all(sign in rest for sign in quote if not sign.isspace())


def check(answer: Answer, assistant: Assistant, files: dict[str, str]) -> None:
    guided = answer.status == "guided"  # small talk, or of the articles, each cited by its first sentence
    told_why = answer.reason and (answer.reason.missing or answer.reason.code in {"needs_judgement", "date_outside"})
    refused = bool(told_why)
    assert guided or bool(answer.citations) is not refused, answer.question
    for citation in answer.citations:
        document = assistant.index.document(citation.document_id)
        place = Span(citation.source_start, citation.source_end)
        file = files[citation.document_id]
        assert document.source == file
        assert document.text[citation.start : citation.end] == citation.quote
        assert to_clean(document, place) == (citation.start, citation.end)
        assert stands_in(citation.quote, file[place.start : place.end]), (answer.question, citation)
        assert ("" if guided else f"“{citation.quote}”") + f" [{citation.marker}]" in answer.text


def check_passage(passage: Passage, document: Document, files: dict[str, str]) -> None:
    assert document.text[passage.start : passage.end] == passage.text
    source = to_source(document, Span(passage.start, passage.end))
    assert to_clean(document, source) == (passage.start, passage.end)
    assert stands_in(passage.text, files[document.id][source.start : source.end])


def check_all(questions: Iterable[str], assistant: Assistant, files: dict[str, str]) -> int:
    """How many citations were checked."""
    count = 0
    passages: dict[str, Passage] = {}
    for question in questions:
        answer = assistant.ask(question)
        check(answer, assistant, files)
        count += len(answer.citations)
        for hit in answer.evidence:
            if passages.setdefault(hit.passage.id, hit.passage) != hit.passage:
                check_passage(hit.passage, assistant.index.document(hit.passage.document_id), files)
    for passage in passages.values():
        check_passage(passage, assistant.index.document(passage.document_id), files)
    return count


@pytest.mark.slow
def test_whatever_gold_question_is_asked_every_citation_is_verbatim_in_its_file(
    assistant: Assistant, files: dict[str, str]
) -> None:
    questions = gold_questions()
    assert len(questions) >= 250
    assert check_all(questions, assistant, files) >= len(questions)


@pytest.mark.slow
def test_whatever_question_is_made_every_citation_is_verbatim_in_its_file(
    assistant: Assistant, files: dict[str, str]
) -> None:
    questions = list(made_questions(files))
    assert questions == list(made_questions(files))
    assert check_all(questions, assistant, files) >= MADE


def test_the_check_itself_finds_what_is_not_there() -> None:
    assert stands_in("It is $552 now.", "It is **\\$552** now.")
    assert stands_in("$552 now.", "\\$552 now.")
    assert not stands_in("It was $552 now.", "It is $552 now.")
    assert not stands_in("It is so.", "It is so. Yes")
    assert not stands_in("now is It.", "It is now.")
