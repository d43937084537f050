"""A question → an answer with citations, or an honest "the articles do not say": where everything is wired together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from index.embedding.embedder import Embedder
from index.lazy import later
from index.ranking.cross_encoder import CrossEncoderRanker
from index.ranking.filters import EVERYTHING, Filters
from index.records import Hit
from index.search import Index, open_index
from index.settings import Settings, load_settings
from rag.answer import CONFIDENCE_DIGITS, PLAIN, Answer, AnswerPart, Dropped, Mode, Reason, Workings
from rag.answer_json import AnswerStage, Basis, read_stage, said_stage, whole_stage
from rag.catalogue import Catalogue
from rag.citations import cite
from rag.explain.explain import explain
from rag.follow_ups.turns import Turn
from rag.pipeline import MakeReader, Pipeline, Rules, deciding_of, evidence_of, said_by, spans
from rag.policy import in_force
from rag.question.purpose import Purpose, asked_inside, purpose_of, several
from rag.question.shape import asks, gives_reason
from rag.reading.reader import reader_files
from rag.receipts.receipt import signature_of
from rag.selection.key_sentences import summary_parts
from rag.suggestions.suggest import MOST, Suggester
from rag.understand import Understood, understand, usable
from rag.writing.compose import segments_of, text_of
from rag.writing.guided import Guidance, Meant, Writing

if TYPE_CHECKING:
    from rag.writing.chat_model import chat_model
    from rag.writing.phrasing import Phraser, phrased
else:  # what a language model needs is loaded where one is named
    chat_model = later("rag.writing.chat_model:chat_model")
    phrased = later("rag.writing.phrasing:phrased")

_DAYS = 4  # pipelines over the corpus of past days that are kept ready


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
_reranker = cache(CrossEncoderRanker)


@dataclass(frozen=True, slots=True)
class Extras:
    """What answers may come with; nothing, most often."""

    known: Mapping[str, str] | None = None  # document id → a question written for it; for what to ask next
    phraser: "Phraser | None" = None


_NO_EXTRAS = Extras()


class Assistant:
    """Immutable: one index, one reader. Share it between threads."""

    def __init__(
        self, index: Index, make_reader: MakeReader, settings: Settings, rules: Rules, extras: Extras = _NO_EXTRAS
    ) -> None:
        known = extras.known
        self.index = index
        self.rules = rules
        self.basis = Basis(index.document, index.head, index.corpus, signature_of(index.corpus, settings.signing_key))
        told = index.searched_ids
        self.suggester = None if known is None else Suggester(self._said, index.document, told, known)
        self._starters = self.suggester or Suggester(self._said, index.document, told, {})
        self._settings = settings
        self._phraser = extras.phraser
        reranker = _reranker(settings.reranker) if settings.reranker else None
        self._pipeline = Pipeline(index, make_reader, rules, reranker)
        self._past = lru_cache(maxsize=_DAYS)(lambda day: Pipeline(index.as_of(day), make_reader, rules, reranker))

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
        yield whole_stage(said, self._next(said.answer, wanted) if suggests else ())

    def search(
        self,
        question: str,
        *,
        limit: int | None = None,
        filters: Filters = EVERYTHING,
        as_of: date | None = None,
        read: bool = True,
    ) -> list[Hit]:
        """Passages only, in the same order as an answer's evidence; unless `read`, as both rankers have found them.

        Raises BadQuestion.
        """
        pipeline = self._pipeline_of(as_of)
        find = pipeline.read if read else pipeline.found
        return find(self._understood(question, (), pipeline).readings, limit or self._settings.limit, filters)

    def _next(self, answer: Answer, wanted: AskOptions) -> tuple[str, ...]:
        """What to ask next. Who only says hello is shown questions to begin with, even where none are wanted else."""
        if answer.status == "guided" and not answer.citations:
            return self._starters.first()[:MOST]
        return self.suggester.after(answer, wanted.history) if self.suggester else ()

    def _said(self, question: str) -> Answer:
        """The answer to a question alone, without an id and without what to ask next."""
        *_, answer = self._told(question, _PLAIN)
        return answer

    def _told(self, question: str, wanted: AskOptions) -> Iterator[Answer]:
        """Read, then said: a language model may take its time in between."""
        pipeline = self._pipeline_of(wanted.as_of)
        typed = usable(question, self._settings.max_question_chars)
        turns = [turn for turn in wanted.history if purpose_of(turn.question).names]
        catalogue = Catalogue(pipeline.index, wanted.filters) if wanted.filters else pipeline.catalogue
        meant = Meant.of(typed, turns, catalogue)
        if wanted.mode == "answer" and (reply := meant.reply(turns)):
            guided = self._guide(question.strip(), reply, meant.language, pipeline.index)
            yield guided
            yield guided
            return
        inside = asked_inside(typed)
        summaries = meant.summaries
        if (topic := meant.topic or ("" if asks(inside) else inside)) and meant.catalogue.entitled(topic):
            summaries = [Purpose("summary", "about", topic), *summaries]
        subject = next(
            (one.of for one in summaries if one.of and one.which not in ("word", "section")), ""
        )  # of no article: it is asked about as it stands
        if writing := None if summaries else meant.writing:
            inside, wanted = writing.question, replace(wanted, filters=writing.within(wanted.filters))
        asked = subject or meant.topic or inside
        heard = self._heard(asked, turns, pipeline)
        understood = heard[0]
        found = (summary_parts(question, one, wanted.history, catalogue) for one in summaries)
        if parts := next(filter(None, found), ()):
            understood = replace(understood, follows=False, language=meant.language)
        else:
            answered = [self._parts(one, turns, pipeline, wanted, several=len(heard) > 1) for one in heard]
            understood = answered[0][0]
            parts = tuple(part for _, parts in answered for part in parts)
        answer = self._answer(question.strip(), understood, parts, pipeline, wanted)
        if instead := self._instead(answer, writing, meant, asked, turns) if wanted.mode == "answer" else None:
            answer = self._guide(question.strip(), instead, meant.language, pipeline.index)
        elif wanted.explain:
            answer = replace(
                answer, explanation=explain(pipeline, self._pipeline, parts, answer.evidence, wanted.filters)
            )
        yield answer
        if self._phraser and wanted.phrase and _is_plain(answer, parts):
            answer = phrased(answer, self._phraser, understood.language)
        yield answer

    def _instead(
        self, answer: Answer, writing: Writing | None, meant: Meant, asked: str, turns: Sequence[Turn]
    ) -> Guidance | None:
        """Where no sentence answers: what somebody says of it, what mentions a topic that was only named, what
        is by whom was asked about, or what is said to a message like it."""
        if answer.reason is None:
            return None
        if writing:
            return writing.mentions(meant)
        if answer.reason.code == "near_miss" and not asks(asked) and (mentioned := meant.mentions(asked)):
            return mentioned
        return meant.works(asked) or meant.alike(asked, turns)

    def _heard(self, message: str, history: Sequence[Turn], pipeline: Pipeline) -> list[Understood]:
        """Every question of a message, as one that is asked behind those before it."""
        questions = several(message)
        before = [Turn(one, "") for one in questions]
        heard = [self._understood(one, (*history, *before[:n]), pipeline) for n, one in enumerate(questions)]
        return [replace(one, readings=one.readings[:1]) for one in heard] if len(heard) > 1 else heard

    def _parts(
        self, understood: Understood, history: Sequence[Turn], pipeline: Pipeline, wanted: AskOptions, *, several: bool
    ) -> tuple[Understood, tuple[AnswerPart, ...]]:
        """What was respelled in vain may well be meant as it is typed.

        The first part says which question it begins to answer, where there are several.
        """
        limit = wanted.limit or self._settings.limit
        parts = pipeline.parts(understood.readings, limit, wanted.filters)
        if understood.respelled and all(part.reason for part in parts):
            understood = self._understood(understood.question, history, pipeline, respells=False)
            parts = pipeline.parts(understood.readings, limit, wanted.filters)
        if understood.follows and history and len(understood.question.split()) < 4:  # "why is that?" asks no more
            parts = tuple(_unless_told(part, history[-1].answer, pipeline) for part in parts)
        narrowed = bool(wanted.as_of or wanted.filters) and all(part.reason for part in parts)
        if narrowed and self._pipeline.answers(understood.readings):
            parts = tuple(map(_filtered, parts))
        return understood, (replace(parts[0], question=understood.question), *parts[1:]) if several else parts

    def _pipeline_of(self, day: date | None) -> Pipeline:
        return self._past(day) if day else self._pipeline

    def _understood(
        self, question: str, history: Sequence[Turn], pipeline: Pipeline, *, respells: bool = True
    ) -> Understood:
        asked = usable(question, self._settings.max_question_chars)
        return understand(asked, history, pipeline.speller, respells=respells)

    def _guide(self, question: str, reply: Guidance, language: str, index: Index) -> Answer:
        return Answer(
            question=question,
            status="guided",
            text=text_of(reply.segments, language),
            segments=reply.segments,
            citations=reply.citations,
            confidence=0.0,
            index_version=index.version,
            as_of=index.day,
            policy=self.rules.policy,
            workings=Workings((), {}, self.rules.threshold),
        )

    def _answer(
        self, question: str, understood: Understood, parts: Sequence[AnswerPart], pipeline: Pipeline, wanted: AskOptions
    ) -> Answer:
        index, rules, limit = pipeline.index, self.rules, wanted.limit or self._settings.limit
        telling = wanted.mode == "answer"
        quotes, dropped = said_by(parts) if telling else spans(parts, pipeline, limit)
        citations = cite(quotes, index.document, index.twins)
        segments = segments_of(understood, parts, citations, index) if telling else ()
        read = parts[0].query.text if len(parts) == 1 else understood.readings[0]
        answered = [part for part in parts if not part.reason]
        deciding = deciding_of(parts).reading
        added = tuple(quote.contributions for quote in quotes)
        dropped = sorted(dropped, key=lambda one: -one.quote.score)
        return Answer(
            question=question,
            status="answered" if answered else "abstained",
            text=text_of(segments, understood.language),
            segments=segments,
            citations=citations,
            evidence=evidence_of(parts, limit),
            confidence=round(deciding.confidence, CONFIDENCE_DIGITS),
            reason=None if answered else parts[0].reason,
            index_version=index.version,
            standalone=read if understood.follows and read != question else "",
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
    extras = Extras(known, chat_model(settings) if phrase and settings.chat_url else None)
    return assistant_over(open_index(settings.data, settings, embedder), settings, extras=extras)


def assistant_over(
    index: Index, settings: Settings, make_reader: MakeReader | None = None, extras: Extras = _NO_EXTRAS
) -> Assistant:
    """With the settings' reader, or another one. Raises IndexMismatch for a policy certified with other settings, and
    ModelMissing where the reader's model is damaged.

    The least confidence to answer comes from the settings, else from the policy that was certified for this index,
    else from the reader.
    """
    own = reader_files(settings.reader, settings.answer_model)
    threshold, policy = in_force(settings, index.manifest, own.threshold, own.written)
    rules = Rules(threshold, own.weights.margin, settings.max_quotes, policy)
    return Assistant(index, make_reader or own.reader, settings, rules, extras)


def _is_plain(answer: Answer, parts: Sequence[AnswerPart]) -> bool:
    """Quotes side by side; what a frame says of them together would be lost in other words."""
    return answer.mode == "answer" and answer.status == "answered" and [c.frame.kind for c in parts] == ["plain"]


def _unless_told(part: AnswerPart, heard: str, pipeline: Pipeline) -> AnswerPart:
    """Where "why?" finds what was just quoted again and that gives no reason: another answer that does, or none."""
    said = [quote.words for quote in part.quotes]
    if part.reason or part.query.sought != "reason" or any(w not in heard or gives_reason(w) for w in said):
        return part
    dropped = (*part.dropped, *(Dropped(quote, "refused") for quote in part.quotes))
    other = next((q for q in part.reading.quotes if (q.gap or 0.0) > 0 and gives_reason(q.words)), None)
    quotes = (pipeline.widened(part.query, other),) if other else ()
    reason = None if other else Reason("near_miss", ())
    return replace(part, quotes=quotes, frame=PLAIN, reason=reason, dropped=dropped)


def _filtered(part: AnswerPart) -> AnswerPart:
    """Without its filters or its day it would have been answered."""
    missing, apart = (part.reason.missing, part.reason.apart) if part.reason else ((), ())
    return replace(part, reason=Reason("filtered", missing, apart))
