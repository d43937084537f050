"""A question → an answer with citations, or an honest "the articles do not say": where everything is wired together."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from index.embed import Embedder
from index.errors import BadQuestion
from index.records import Hit
from index.search import Index, open_index
from index.settings import Settings, load_settings
from index.text import normalise, stop_words, words
from rag.answers import Answer, Citation, Quote, Reading, Reason, Segment
from rag.citations import cite
from rag.compose import abstention, compose, text_of
from rag.question import Asked, analyse
from rag.reader import PlainReader, Reader
from rag.weights import load_weights

READ_HITS = 20  # hits that are read, at most
_NEAREST = 2


class Assistant:
    """Immutable: one index, one reader. Share it between threads."""

    def __init__(self, index: Index, reader: Reader, settings: Settings, threshold: float, margin: float) -> None:
        self.index = index
        self._reader = reader
        self._settings = settings
        self._threshold = threshold
        self._margin = margin

    def ask(self, question: str, *, limit: int | None = None) -> Answer:
        """Raises BadQuestion for what is no question; never anything else for any text."""
        asked = self._asked(question)
        reading = self._read(asked, limit or self._settings.limit)
        evidence = reading.hits
        if reading.quotes and reading.confidence >= self._threshold:
            citations = cite(self._chosen(reading), self.index.document)
            return self._answer(asked, compose(citations), citations, evidence, reading.confidence, None)
        reason = self._reason(asked, evidence)
        segments = (abstention(reason.missing, [self.index.document(name) for name in _nearest(evidence)]),)
        return self._answer(asked, segments, (), evidence, reading.confidence, reason)

    def search(self, question: str, *, limit: int | None = None) -> list[Hit]:
        """Passages only, in the same order as an answer's evidence. Raises BadQuestion."""
        return list(self._read(self._asked(question), limit or self._settings.limit).hits)

    def _asked(self, question: str) -> Asked:
        return analyse(usable(question, self._settings.max_question_chars), self.index.stem)

    def _read(self, asked: Asked, limit: int) -> Reading:
        """`limit` hits: those that were read, in the reader's order, then the rest as they were found."""
        found = self.index.search(asked.text, limit=max(READ_HITS, limit))
        reading = self._reader.read(asked, found[:READ_HITS])
        return replace(reading, hits=(*reading.hits, *found[READ_HITS:])[:limit])

    def _chosen(self, reading: Reading) -> list[Quote]:
        """The best quote and those that come close to it; what says the same in the same words is said once."""
        chosen: list[Quote] = []
        seen: set[str] = set()
        for quote in reading.quotes:
            said = normalise(quote.passage.text[quote.start - quote.passage.start : quote.end - quote.passage.start])
            close = quote.score >= reading.quotes[0].score - self._margin
            if close and said not in seen and len(chosen) < self._settings.max_quotes:
                chosen.append(quote)
                seen.add(said)
        return chosen

    def _reason(self, asked: Asked, evidence: Sequence[Hit]) -> Reason:
        known = self.index.lexical.document_frequency
        missing = [t for t in asked.terms if not known(t.stem) and not _grammar(asked.text[t.start : t.end])]
        off_corpus = 2 * len(missing) > len(asked.terms) or not evidence
        telling = [t for t in missing if off_corpus or t.name or t.number]  # "popular" may be said in other words
        shown = tuple(dict.fromkeys(asked.text[t.start : t.end] for t in telling))
        return Reason("off_corpus" if off_corpus else "near_miss", shown)

    def _answer(
        self,
        asked: Asked,
        segments: tuple[Segment, ...],
        citations: tuple[Citation, ...],
        evidence: tuple[Hit, ...],
        confidence: float,
        reason: Reason | None,
    ) -> Answer:
        answer = Answer(
            id="",
            question=asked.text,
            status="abstained" if reason else "answered",
            text=text_of(segments),
            segments=segments,
            citations=citations,
            evidence=evidence,
            confidence=round(confidence, 4),
            reason=reason,
            follow_ups=(),
            index_version=self.index.version,
        )
        return replace(answer, id=_digest(answer))


def open_assistant(
    data: str | Path | None = None, settings: Settings | None = None, embedder: Embedder | None = None
) -> Assistant:
    """From a built index. Raises IndexMissing, IndexDamaged, IndexMismatch, ModelMissing or BadSetting."""
    settings = settings or load_settings(data=data)
    index = open_index(settings.data, settings, embedder)
    weights = load_weights(settings.reader)
    threshold = weights.threshold if settings.threshold is None else settings.threshold
    return Assistant(index, PlainReader(index, weights), settings, threshold, weights.margin)


def usable(question: str, most: int) -> str:
    """The question without surrounding blanks. Raises BadQuestion."""
    text = question.strip()
    if not text or not any(c.isalnum() for c in text):
        raise BadQuestion("the question is empty; ask something in words")
    if len(text) > most:
        raise BadQuestion(f"the question has {len(text):,} characters; at most {most:,} are read")
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise BadQuestion("the question holds a character that is no text (NUL or half a surrogate pair); remove it")
    return text


def _grammar(written: str) -> bool:
    """BM25 passes over stop words, so it cannot say that one occurs nowhere."""
    return all(word.text in stop_words() for word in words(written))


def _nearest(evidence: Sequence[Hit]) -> list[str]:
    return list(dict.fromkeys(hit.passage.document_id for hit in evidence))[:_NEAREST]


def _digest(answer: Answer) -> str:
    """The same question on the same index gives the same id."""
    fields = json.dumps(asdict(answer), sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.sha256(fields.encode()).hexdigest()[:32]
