"""A request → its answer in the wire format: the one way there, for questions and for answers given again."""

from collections.abc import Iterator

from index.ranking.filters import Filters
from rag import answer as answers
from rag.answer_json import answer_fields
from rag.assistant import AskOptions, Assistant
from rag.follow_ups.turns import turns_of
from server.schemas.ask import Answer, Ask, Search


def answered(body: Ask, now: Assistant) -> Answer:
    """Raises BadQuestion."""
    *_, answer = now.stages(body.question, _wanted(body))
    return _on_the_wire(answer, now)


def stages(body: Ask, now: Assistant) -> Iterator[Answer]:
    """The answer as it comes: read, said, whole (see Assistant.stages). Raises BadQuestion, before the first."""
    for answer in now.stages(body.question, _wanted(body)):
        yield _on_the_wire(answer, now)


def filters_of(body: Search) -> Filters:
    wanted = body.filters
    return Filters(
        documents=frozenset(wanted.documents),
        authors=frozenset(wanted.authors),
        published_from=wanted.published_from,
        published_to=wanted.published_to,
    )


def _wanted(body: Ask) -> AskOptions:
    return AskOptions(
        limit=body.limit,
        history=turns_of([message.model_dump() for message in body.history]),
        filters=filters_of(body),
        as_of=body.as_of,
        mode=body.mode,
        explain=body.explain,
        phrase=True,
    )


def _on_the_wire(answer: answers.Answer, now: Assistant) -> Answer:
    return Answer.model_validate(answer_fields(answer, now.basis))
