"""A question over HTTP → its answer, which is kept so that it can be given again, and noted."""

from collections.abc import Iterator
from dataclasses import dataclass

from index.ranking.filters import Filters
from rag.answer_json import AnswerStage
from rag.assistant import AskOptions, Assistant
from rag.follow_ups.turns import turns_of
from server.answer_log import KeptQuestion
from server.dependencies import KeptRequests, Noted
from server.schemas.ask import Ask, Question


def answered(body: Ask, now: Assistant) -> AnswerStage:
    """Raises BadQuestion."""
    return now.answered(body.question, options_of(body))


def options_of(body: Ask) -> AskOptions:
    return AskOptions(
        limit=body.limit,
        history=turns_of([message.model_dump() for message in body.history]),
        filters=filters_of(body),
        as_of=body.as_of,
        mode=body.mode,
        explain=body.explain,
        phrase=True,
    )


def filters_of(body: Question) -> Filters:
    wanted = body.filters
    return Filters(frozenset(wanted.documents), frozenset(wanted.authors), wanted.published_from, wanted.published_to)


@dataclass(frozen=True, slots=True)
class Giving:
    """What becomes of every answer: kept so that it can be given again, unless nobody wants that, and noted."""

    kept: KeptRequests
    noted: Noted

    def answer(self, body: Ask, now: Assistant, keep: bool = True) -> AnswerStage:
        """Raises BadQuestion."""
        return self._given(body, answered(body, now), keep)

    def stages(self, body: Ask, now: Assistant) -> Iterator[AnswerStage]:
        """Read, said, and given as whole; the first one is there before this returns. Raises BadQuestion."""
        stages = now.stages(body.question, options_of(body))
        read = next(stages)

        def rest() -> Iterator[AnswerStage]:
            yield read
            yield next(stages)
            yield self._given(body, next(stages))

        return rest()

    def _given(self, body: Ask, whole: AnswerStage, keep: bool = True) -> AnswerStage:
        answer = whole.answer
        plain = body.model_copy(update={"explain": False, "stream": False})
        if keep:
            self.kept.keep(answer.id, KeptQuestion(answer.index_version, plain.model_dump_json(exclude_defaults=True)))
        self.noted.given(whole, keep)
        return whole
