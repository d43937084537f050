"""A request → its answer in the wire format: the one way there, for questions and for answers given again."""

from collections.abc import Iterator

from index.scope import Filters
from rag.assistant import Assistant, Wanted
from rag.dialogue.turns import turns_of
from rag.wire import answer_fields
from server.ask_schemas import Answer, Ask, Search


def answered(body: Ask, now: Assistant) -> Answer:
    """Raises BadQuestion."""
    *_, answer = stages(body, now)
    return answer


def stages(body: Ask, now: Assistant) -> Iterator[Answer]:
    """The answer as it comes: read, said, whole (see Assistant.stages). Raises BadQuestion, before the first."""
    wanted = Wanted(
        limit=body.limit,
        history=turns_of([message.model_dump() for message in body.history]),
        filters=filters_of(body),
        as_of=body.as_of,
        mode=body.mode,
        explain=body.explain,
        phrase=True,
    )
    for answer in now.stages(body.question, wanted):
        yield Answer.model_validate(answer_fields(answer, now.basis))


def filters_of(body: Search) -> Filters:
    wanted = body.filters
    return Filters(
        documents=frozenset(wanted.documents),
        authors=frozenset(wanted.authors),
        published_from=wanted.published_from,
        published_to=wanted.published_to,
    )
