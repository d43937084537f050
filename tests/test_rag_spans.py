"""Mode evidence: the best quotes, numbered, checked like every citation, and not a word of ours."""

import pytest

from index.search import Index
from index.settings import Settings
from rag import Assistant, open_assistant
from rag.citations import fault
from rag.explain.show import answer_lines
from tests import make

QUESTION = "How many people does the Linden theatre seat?"


@pytest.fixture
def assistant(hash_index: Index, hash_settings: Settings) -> Assistant:
    return open_assistant(settings=hash_settings)


@pytest.mark.parametrize("question", [QUESTION, "What is the capital of Atlantis?", "bridge or ferry?", "umbrella"])
@pytest.mark.parametrize("limit", [None, 1, 3])
def test_spans_are_numbered_verbatim_and_apart(assistant: Assistant, question: str, limit: int | None) -> None:
    answer = assistant.ask(question, mode="evidence", limit=limit)
    assert (answer.mode, answer.text, answer.segments, answer.follow_ups) == ("evidence", "", (), ())
    assert 1 <= len(answer.citations) <= (limit or 10)
    assert [one.marker for one in answer.citations] == list(range(1, len(answer.citations) + 1))
    for one in answer.citations:
        assert fault(one, assistant.index.document(one.document_id)) == ""
    places = [(one.document_id, one.start, one.end) for one in answer.citations]
    assert not any(a != b and a[0] == b[0] and a[1] < b[2] and b[1] < a[2] for a in places for b in places)


@pytest.mark.parametrize("question", [QUESTION, "What is the capital of Atlantis?"])
def test_status_reason_and_confidence_are_those_of_the_answer(assistant: Assistant, question: str) -> None:
    said, spans = assistant.ask(question), assistant.ask(question, mode="evidence")
    assert (spans.status, spans.reason, spans.confidence) == (said.status, said.reason, said.confidence)
    assert spans.evidence == said.evidence
    assert spans.id != said.id
    assert [one.quote for one in said.citations[:1]] in ([], [spans.citations[0].quote])


def test_each_span_has_its_receipt_also_where_it_abstains(assistant: Assistant) -> None:
    answer = assistant.ask("What is the capital of Atlantis?", mode="evidence")
    fields = make.answer_fields(answer, assistant.basis)
    assert (fields["status"], fields["mode"]) == ("abstained", "evidence")
    assert all(one["receipt"]["proof"]["size"] == 6 for one in fields["citations"])


def test_people_see_each_span_with_its_source(assistant: Assistant) -> None:
    lines = [line.text for line in answer_lines(assistant.ask(QUESTION, mode="evidence"), assistant.index.document)]
    assert lines[0].endswith(": enough to answer")
    assert "“The Linden theatre seats 312 people.” [1]" in lines
    unsure = assistant.ask("What is the capital of Atlantis?", mode="evidence")
    first = next(iter(answer_lines(unsure, assistant.index.document)))
    assert first.text.endswith(": not enough to answer (off_corpus)")
