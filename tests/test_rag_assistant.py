"""The promise of an answer: cited to the character, the same every time, or an honest "the articles do not say"."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from index.build import Builder
from index.embedding.embedder import HashEmbedder
from index.errors import BadQuestion, IndexMissing
from index.settings import Settings, load_settings
from index.storage.docstore import DocStore
from rag import Answer, Assistant, open_assistant
from rag.citations import fault
from tests import make
from tests.conftest import Opened

ANSWERED = {
    "Who discovered comet Harrow in 1904?": "Comet Harrow was discovered by Ilse Brandt in 1904.",
    "How many people does the Linden theatre seat?": "The Linden theatre seats 312 people.",
    "When does the night ferry to Aldra leave?": "The night ferry to Aldra leaves at nine.",
}
STRANGE = "What is the capital of Atlantis?"


def as_bytes(answer: Answer) -> bytes:
    return json.dumps(asdict(answer), default=str).encode()


def check(answer: Answer, assistant: Assistant) -> None:
    """Everything that is true of every answer."""
    document_of = assistant.index.document
    assert answer.index_version == assistant.index.version
    assert 0 <= answer.confidence <= 1
    assert [c.marker for c in answer.citations] == list(range(1, len(answer.citations) + 1))
    assert all(fault(c, document_of(c.document_id)) == "" for c in answer.citations)
    quoted = [(s.text, s.citations) for s in answer.segments if s.kind == "quote"]
    assert quoted == [(c.quote, (c.marker,)) for c in answer.citations]
    assert all(f"“{c.quote}” [{c.marker}]" in answer.text for c in answer.citations)
    for hit in answer.evidence:
        assert document_of(hit.passage.document_id).text[hit.passage.start : hit.passage.end] == hit.passage.text
    if answer.status == "answered":
        assert answer.citations
        assert answer.reason is None
    elif answer.status == "guided":  # small talk, or a topic that no sentence answers for and some mention
        assert answer.reason is None
        assert answer.segments[0].kind == ("about" if answer.citations else "note")
    else:
        assert answer.status == "abstained"
        assert answer.reason is not None
        assert not answer.citations
        assert answer.text.startswith(("The articles do not", "I ", "Los artículos", "No "))
        assert [segment.kind for segment in answer.segments] == ["note"]


@pytest.mark.parametrize(("question", "quote"), ANSWERED.items())
def test_an_answer_is_a_quote_with_its_citation(assistant: Assistant, question: str, quote: str) -> None:
    answer = assistant.ask(question)
    check(answer, assistant)
    assert (answer.status, answer.question) == ("answered", question)
    assert answer.citations[0].quote == quote
    assert answer.citations[0].document_id == answer.evidence[0].passage.document_id


@pytest.mark.parametrize("question", ANSWERED)
def test_the_markers_in_the_text_are_those_of_the_citations(opened: Opened, question: str) -> None:
    answer = opened(threshold=0.0).ask(question)
    assert [int(n) for n in re.findall(r"\[(\d+)\]", answer.text)] == [c.marker for c in answer.citations]


def test_an_abstention_has_a_reason_evidence_and_no_citation(assistant: Assistant) -> None:
    answer = assistant.ask(STRANGE)
    check(answer, assistant)
    assert answer.reason is not None
    assert (answer.status, answer.reason.code) == ("abstained", "off_corpus")
    assert answer.reason.missing == ("Atlantis",)
    assert len(answer.evidence) == 6
    assert "Nothing in them mentions “Atlantis”." in answer.text
    nearest = [assistant.index.document(hit.passage.document_id).title for hit in answer.evidence[:2]]
    assert f"The nearest articles are “{nearest[0]}” (undated) and “{nearest[1]}” (undated)." in answer.text


def test_a_question_whose_words_all_occur_is_a_near_miss(opened: Opened) -> None:
    reason = opened(threshold=1.0).ask("Did frost close the theatre?").reason
    assert reason is not None
    assert (reason.code, reason.missing) == ("near_miss", ())


def test_an_abstention_never_says_that_a_word_of_grammar_is_missing(opened: Opened) -> None:
    answer = opened(threshold=1.0).ask("Who is it?")
    assert answer.reason is not None
    assert answer.reason.missing == ()
    assert "mentions" not in answer.text


def test_a_missing_word_is_named_once_as_it_was_written(opened: Opened) -> None:
    reason = opened(threshold=1.0).ask("Does Atlantis like ferry Atlantis?").reason
    assert reason is not None
    assert reason.missing.count("Atlantis") == 1


@pytest.mark.parametrize("question", [*ANSWERED, STRANGE, "Who is it?", "他去了"])
def test_the_same_question_is_the_same_bytes_in_every_opening_and_thread(opened: Opened, question: str) -> None:
    assistant = opened()
    first = as_bytes(assistant.ask(question))
    assert as_bytes(assistant.ask(question)) == first
    assert as_bytes(opened().ask(question)) == first
    assert as_bytes(assistant.ask(f"  {question}\n")) == first
    with ThreadPoolExecutor(3) as pool:
        assert set(pool.map(lambda _: as_bytes(assistant.ask(question)), range(6))) == {first}


def test_another_question_or_another_limit_has_another_id(assistant: Assistant) -> None:
    ids = {assistant.ask(question).id for question in [*ANSWERED, STRANGE]}
    ids |= {assistant.ask(STRANGE, limit=1).id}
    assert len(ids) == 5
    assert all(re.fullmatch(r"[0-9a-f]{32}", id_) for id_ in ids)


def test_the_id_changes_with_the_index_version(
    assistant: Assistant, opened: Opened, hash_builder: Builder, six_files: Path
) -> None:
    question = next(iter(ANSWERED))
    before = assistant.ask(question)
    (six_files / "quarry.txt").write_text("The quarry was filled with water after the miners had left it.")
    hash_builder.index([six_files])
    after = opened().ask(question)
    assert before.index_version != after.index_version
    assert before.id != after.id
    assert before.citations[0].quote == after.citations[0].quote
    assert as_bytes(assistant.ask(question)) == as_bytes(before)


def test_the_limit_is_how_many_passages_come_as_evidence(assistant: Assistant, opened: Opened) -> None:
    question = next(iter(ANSWERED))
    everything = assistant.ask(question).evidence
    assert len(everything) == 6
    for limit in range(1, 7):
        assert assistant.ask(question, limit=limit).evidence == everything[:limit]
        assert assistant.ask(question, limit=limit).citations == assistant.ask(question).citations
        assert tuple(assistant.search(question, limit=limit)) == everything[:limit]
    assert assistant.ask(question, limit=100).evidence == everything
    assert opened(limit=2).ask(question).evidence == everything[:2]


def test_searching_gives_the_evidence_of_the_answer(assistant: Assistant) -> None:
    for question in [*ANSWERED, STRANGE]:
        assert tuple(assistant.search(question)) == assistant.ask(question).evidence


def test_more_passages_than_are_read_can_be_asked_for(tmp_path: Path) -> None:
    told = "Harbour number {} has {} cranes and a pier. Its ferry leaves every {} hours from quay {}."
    assistant = make.assistant(tmp_path, {f"harbour{n:02}": told.format(n, n + 3, n + 2, n) for n in range(24)})
    found = assistant.search("Which harbour has a pier and a ferry?", limit=100)
    assert len(found) == len({hit.row for hit in found}) == 24
    assert assistant.search("Which harbour has a pier and a ferry?", limit=5) == found[:5]


def test_no_more_quotes_than_the_settings_allow(opened: Opened) -> None:
    for most in (1, 2, 5):
        assert len(opened(threshold=0.0, max_quotes=most).ask("Who or what is it in 1904 or 2021?").citations) <= most


@pytest.mark.parametrize(
    "question",
    [
        "", " ", " \n\t\u00a0", "?", "?! … —", "\0", "Who\0?", "\ud800", "Who is \udfff?", "Who \ud83d", "x" * 2001,
        "x " * 2000,
    ],
    ids=ascii,
)  # fmt: skip
def test_what_is_no_question_is_refused(assistant: Assistant, question: str) -> None:
    with pytest.raises(BadQuestion, match="the question"):
        assistant.ask(question)
    with pytest.raises(BadQuestion, match="the question"):
        assistant.search(question)


def test_a_question_of_the_greatest_length_is_answered(assistant: Assistant, opened: Opened) -> None:
    check(assistant.ask("x" * 2000), assistant)
    check(assistant.ask(("ferry " * 400)[:2000]), assistant)
    with pytest.raises(BadQuestion, match="11 characters; at most 10 are read"):
        opened(max_question_chars=10).ask("Who is Ada?")
    assert opened(max_question_chars=10).ask("  Who is it  ").question == "Who is it"


def test_the_same_sentence_in_two_articles_is_quoted_once(tmp_path: Path) -> None:
    shared = "The night ferry to Aldra leaves the old quay at nine."
    texts = {
        "first": f"{shared} Its captain sleeps at noon.",
        "second": f"Trams stop early. {shared.upper()}",
        "third": f"Nobody takes the bus anymore. {shared}",
    }
    assistant = make.assistant(tmp_path, texts, threshold=0.0, max_quotes=5)
    answer = assistant.ask("When does the night ferry to Aldra leave the quay?")
    check(answer, assistant)
    assert [c.quote.casefold() for c in answer.citations].count(shared.casefold()) == 1
    assert len(answer.evidence) == 3


def test_threshold_zero_answers_everything_that_has_words_and_one_answers_nothing(opened: Opened) -> None:
    always, never = opened(threshold=0.0), opened(threshold=1.0)
    for question in [*ANSWERED, STRANGE, "Who is it?", "他去了"]:
        answered, abstained = always.ask(question), never.ask(question)
        check(answered, always)
        check(abstained, never)
        assert (answered.status, abstained.status) == ("answered", "abstained")
        assert answered.evidence == abstained.evidence
        assert answered.confidence == abstained.confidence


def test_an_empty_index_answers_nothing_and_names_no_article(hash_settings: Settings, six_files: Path) -> None:
    chosen = hash_settings.model_copy(update={"threshold": 0.0})
    builder = Builder(chosen.data, chosen, HashEmbedder())
    builder.index([six_files])
    for name in ("bakery", "bridge", "comet", "ferry", "orchard", "theatre"):
        builder.delete(name)
    assistant = open_assistant(settings=chosen)
    answer = assistant.ask("Who discovered comet Harrow?")
    check(answer, assistant)
    assert answer.reason is not None
    assert (answer.reason.code, answer.evidence, answer.confidence) == ("off_corpus", (), 0.0)


def test_an_assistant_is_made_and_answers_without_a_record_of_each_article(
    hash_builder: Builder, hash_settings: Settings, six_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hash_builder.index([six_files])
    monkeypatch.setattr(DocStore, "heads", property(lambda _: pytest.fail("all articles were looked at")))
    assistant = open_assistant(hash_settings.data, hash_settings, embedder=HashEmbedder())
    assert assistant.ask("When does the ferry leave?").evidence
    assert [*assistant.index.document_ids] == sorted(path.stem for path in six_files.iterdir())


def test_without_an_index_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="quotewell index"):
        open_assistant(settings=load_settings(data=tmp_path / "none", embedder="hash"))


WORDS = [
    "who", "when", "how many", "ferry", "Linden", "comet", "1904", "$12", "Atlantis", "?", "\0", "\ud800", "他", "\n",
    "",
]  # fmt: skip
ANY_TEXT = st.lists(st.sampled_from(WORDS), max_size=10).map(" ".join) | st.text(st.characters(), max_size=80)


@pytest.fixture
def by_threshold(opened: Opened) -> dict[float | None, Assistant]:
    return {threshold: opened(threshold=threshold) for threshold in (None, 0.0, 1.0)}


@trying(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANY_TEXT, st.sampled_from([None, 0.0, 1.0]))
def test_any_text_gives_an_answer_or_is_no_question(
    by_threshold: dict[float | None, Assistant], question: str, threshold: float | None
) -> None:
    assistant = by_threshold[threshold]
    try:
        answer = assistant.ask(question)
    except BadQuestion:
        return
    check(answer, assistant)
    as_bytes(answer)
