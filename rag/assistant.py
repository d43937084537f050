"""A question → an answer with citations, or an honest "the articles do not say": where everything is wired together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache, partial
from pathlib import Path

from index.embedding.embedder import Embedder
from index.ranking.filters import EVERYTHING, Filters
from index.records import Hit
from index.search import Index, open_index
from index.settings import Settings, load_settings
from rag.answer import CONFIDENCE_DIGITS, Answer, AnswerPart, Dropped, Mode, Reason, Workings
from rag.answer_json import AnswerStage, Basis, read_stage, said_stage, whole_stage
from rag.citations import cite
from rag.explain.explain import deciding_of, explain
from rag.follow_ups.turns import Turn
from rag.pipeline import MakeReader, Pipeline, Rules, evidence_of, said_by, spans
from rag.policy import in_force
from rag.reading.reader import load_reader
from rag.reading.weights import load_weights
from rag.receipts.receipt import signature_of
from rag.suggestions.suggest import Suggester
from rag.understand import Understood, understand, usable
from rag.writing.chat_model import chat_model
from rag.writing.compose import segments_of, text_of
from rag.writing.phrasing import Phraser, phrased

_DAYS = 4  # desks over the corpus of past days that are kept ready


@dataclass(frozen=True, slots=True)
class AskOptions:
    """What somebody wants beside an answer to the question; nothing, most often."""

    limit: int | None = None
    history: Sequence[Turn] = ()
    filters: Filters = EVERYTHING
    as_of: date | None = None
    mode: Mode = "answer"
    explain: bool = False
    phrase: bool = False  # by a language model, where there is one


_PLAIN = AskOptions()


@dataclass(frozen=True, slots=True)
class Extras:
    """What answers may come with; nothing, most often."""

    known: Mapping[str, str] | None = None  # document id → a question written for it; for what to ask next
    phraser: Phraser | None = None


_NO_EXTRAS = Extras()


class Assistant:
    """Immutable: one index, one reader. Share it between threads."""

    def __init__(
        self, index: Index, make_reader: MakeReader, settings: Settings, rules: Rules, extras: Extras = _NO_EXTRAS
    ) -> None:
        known = extras.known
        self.index = index
        self.rules = rules
        self.basis = Basis(index.document, index.corpus, signature_of(index.corpus, settings.signing_key))
        self.suggester = None if known is None else Suggester(self._said, index.document, index.document_ids, known)
        self._settings = settings
        self._phraser = extras.phraser
        self._desk = Pipeline(index, make_reader, rules)
        self._past = lru_cache(maxsize=_DAYS)(lambda day: Pipeline(index.as_of(day), make_reader, rules))

    def ask(
        self,
        question: str,
        *,
        limit: int | None = None,
        history: Sequence[Turn] = (),
        filters: Filters = EVERYTHING,
        as_of: date | None = None,
        mode: Mode = "answer",
        explain: bool = False,
    ) -> Answer:
        """Raises BadQuestion for what is no question; never anything else for any text.

        `history` are the turns before it, oldest first; `as_of` answers as if later articles did not exist. Mode
        `evidence` says nothing and cites the best quotes, sure or not. `explain` changes neither answer nor id. Only
        where a language model phrases it, the same question may get another text and id.
        """
        wanted = AskOptions(limit, history, filters, as_of, mode, explain, phrase=True)
        return self.answered(question, wanted).answer

    def answered(self, question: str, wanted: AskOptions) -> AnswerStage:
        """The whole answer, and its fields for other programs. Raises BadQuestion."""
        *_, whole = self.stages(question, wanted)
        return whole

    def stages(self, question: str, wanted: AskOptions) -> Iterator[AnswerStage]:
        """The answer as it comes, three times: read (its evidence stands), said (all but these), whole.

        Only the whole one has what to ask next, and the id. Raises BadQuestion, before the first.
        """
        told = self._told(question, wanted)
        read = read_stage(next(told), self.basis)
        yield read
        said = said_stage(next(told), read, self.basis)
        yield said
        suggests = wanted.mode == "answer" and not (wanted.filters or wanted.as_of)
        yield whole_stage(said, self.suggester.after(said.answer) if self.suggester and suggests else ())

    def search(
        self, question: str, *, limit: int | None = None, filters: Filters = EVERYTHING, as_of: date | None = None
    ) -> list[Hit]:
        """Passages only, in the same order as an answer's evidence. Raises BadQuestion."""
        desk = self._desk_of(as_of)
        heard = self._heard(question, (), desk)
        return list(desk.surest(heard.readings, limit or self._settings.limit, filters)[1].hits)

    def _said(self, question: str) -> Answer:
        """The answer to a question alone, without an id and without what to ask next."""
        *_, answer = self._told(question, _PLAIN)
        return answer

    def _told(self, question: str, wanted: AskOptions) -> Iterator[Answer]:
        """Read, then said: a language model may take its time in between."""
        desk, filters = self._desk_of(wanted.as_of), wanted.filters
        heard = self._heard(question, wanted.history, desk)
        columns = desk.columns(heard.readings, wanted.limit or self._settings.limit, filters)
        narrowed = bool(wanted.as_of or filters) and all(column.reason for column in columns)
        if narrowed and self._desk.answers(heard.readings):
            columns = tuple(map(_filtered, columns))
        answer = self._answer(question.strip(), heard, columns, desk, wanted)
        if wanted.explain:
            answer = replace(answer, explanation=explain(desk, self._desk, columns, answer.evidence, filters))
        yield answer
        if self._phraser and wanted.phrase and _is_plain(answer, columns):
            answer = phrased(answer, self._phraser, heard.language)
        yield answer

    def _desk_of(self, day: date | None) -> Pipeline:
        return self._past(day) if day else self._desk

    def _heard(self, question: str, history: Sequence[Turn], desk: Pipeline) -> Understood:
        return understand(usable(question, self._settings.max_question_chars), history, desk.speller)

    def _answer(
        self, question: str, heard: Understood, columns: Sequence[AnswerPart], desk: Pipeline, wanted: AskOptions
    ) -> Answer:
        index, rules, limit = desk.index, self.rules, wanted.limit or self._settings.limit
        telling = wanted.mode == "answer"
        quotes, dropped = said_by(columns) if telling else spans(columns, desk, limit)
        citations = cite(quotes, index.document)
        segments = segments_of(heard, columns, citations, index) if telling else ()
        read = columns[0].asked.text if len(columns) == 1 else heard.readings[0]
        answered = [column for column in columns if not column.reason]
        deciding = deciding_of(columns).reading
        added, dropped = tuple(quote.contributions for quote in quotes), sorted(dropped, key=_score_first)
        return Answer(
            id="",
            question=question,
            status="answered" if answered else "abstained",
            text=text_of(segments, heard.language),
            segments=segments,
            citations=citations,
            evidence=evidence_of(columns, limit),
            confidence=round(deciding.confidence, CONFIDENCE_DIGITS),
            reason=None if answered else columns[0].reason,
            follow_ups=(),
            index_version=index.version,
            standalone=read if heard.follows and read != question else "",
            as_of=index.day,
            policy=rules.policy,
            workings=Workings(added, deciding.contributions, rules.threshold, rules.margin, tuple(dropped)),
            mode=wanted.mode,
        )


def open_assistant(
    data: str | Path | None = None,
    settings: Settings | None = None,
    embedder: Embedder | None = None,
    known: Mapping[str, str] | None = None,
    *,
    phrase: bool = False,
) -> Assistant:
    """From a built index. Raises IndexMissing, IndexDamaged, IndexMismatch, ModelMissing or BadSetting.

    `phrase`: the language model of the settings, if they name one, may phrase answers; else none is ever called.
    """
    settings = settings or load_settings(data=data)
    extras = Extras(known, chat_model(settings) if phrase else None)
    return assistant_over(open_index(settings.data, settings, embedder), settings, extras=extras)


def assistant_over(
    index: Index, settings: Settings, make_reader: MakeReader | None = None, extras: Extras = _NO_EXTRAS
) -> Assistant:
    """With the settings' reader, or another one. Raises IndexMismatch for a policy certified with other settings.

    The least confidence to answer comes from the settings, else from the policy that was certified for this index,
    else from the reader.
    """
    weights = load_weights(settings.reader)
    threshold, policy = in_force(settings, index.manifest, weights.threshold)
    rules = Rules(threshold, weights.margin, settings.max_quotes, policy)
    return Assistant(index, make_reader or partial(load_reader, settings.reader), settings, rules, extras)


def _is_plain(answer: Answer, columns: Sequence[AnswerPart]) -> bool:
    """Quotes side by side; what a frame says of them together would be lost in other words."""
    return answer.mode == "answer" and answer.status == "answered" and [c.frame.kind for c in columns] == ["plain"]


def _score_first(dropped: Dropped) -> float:
    return -dropped.quote.score


def _filtered(column: AnswerPart) -> AnswerPart:
    """Without its filters or its day it would have been answered."""
    missing, apart = (column.reason.missing, column.reason.apart) if column.reason else ((), ())
    return replace(column, reason=Reason("filtered", missing, apart))
