"""Quotes that speak of the same thing and disagree on a number, a date, or on whether it is so.

It never says who is right. Precision comes first: two sentences count as about the same thing only if one repeats the
other in nearly the same words, or if both hold all that a question for a number or date asks about.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from index.records import Document, Span
from rag.answer import Quote
from rag.language import claims
from rag.language.claims import Claim, StatedFact
from rag.language.facts import Fact, differ
from rag.question.analysis import Query
from rag.selection.frames import Read, answers, of_one_relation, unread
from rag.structure import block_at

MARGIN = 2.0  # sentences in other words that score further below the best do not answer what is asked
_ANCHORS = 3  # quotes that something may contradict
_ANCHOR_MARGIN = 1.0  # they score at most so far below the best
_LONGEST = 500  # characters; longer "sentences" are lists and tables that lost their lines
_ASKED_WORDS = 0.75  # share of the question's words of meaning that both answers for a number hold
_COUNTED = ("percent", "money", "number", "when")  # kinds of answers of which two in other words can be compared
_UNITS = {"percent": ("%",), "money": ("$", "€", "£", "¥", "₹", "peso"), "when": ("date",)}
_ASKING = frozenset("many much long often far high old larg big tall deep rate".split())  # stems of asking
_ASKING_TIME = frozenset(("year", "date", "month", "day", "time"))

Kind = Literal["number", "date", "negation"]
DocumentOf = Callable[[str], Document]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Quotes that differ, one for each statement, the newest article first and undated ones last."""

    quotes: tuple[Quote, ...]
    values: tuple[str, ...]  # of each quote, as printed; "" for the side of a negation that has none
    kind: Kind
    copies: int  # further articles that say the same as one of the quotes


@dataclass(frozen=True, slots=True)
class _Said:
    """A quote, taken apart, and what its article says around it."""

    quote: Quote
    text: str
    claim: Claim
    document_of: DocumentOf
    comparable: bool  # neither a row of a table nor so long that it says several things
    listed: tuple[str, Span] | None  # the list that it is an item of

    @property
    def title(self) -> str:
        """Of its article, which is opened only where it is looked up."""
        return self.document_of(self.quote.passage.document_id).title

    @property
    def around(self) -> frozenset[str]:
        """Stems of the title, the heading and the passage."""
        return claims.stems_of(f"{self.title}\n{self.quote.passage.search_text}")


@dataclass(frozen=True, slots=True)
class _Pair:
    """What two quotes say of the same thing."""

    kind: Kind
    ours: str
    theirs: str
    differs: bool


def find_conflict(
    query: Query, quotes: Sequence[Quote], document_of: DocumentOf, read: Read = unread
) -> Conflict | None:
    """Of quotes in the order of their scores: what contradicts the best, or else one that comes close to the best.

    Only a sentence in nearly the same words can contradict another one than the best. None if nothing differs, or where
    `read` finds that one of those that do does not answer the question.
    """
    question = claims.claim_of(query.text)
    said = [statement for quote in quotes if (statement := _said(quote, document_of)).comparable]
    for n, anchor in enumerate(said[:_ANCHORS]):
        if anchor.quote.likeness < quotes[0].likeness - _ANCHOR_MARGIN:
            break
        least = math.inf if n else quotes[0].likeness - MARGIN
        compared = [(other, _compared(query, question, anchor, other, least)) for other in said if other is not anchor]
        pairs = [(other, pair) for other, pair in compared if pair]
        if kind := next((pair.kind for _, pair in pairs if pair.differs), None):
            found = _conflict(anchor, pairs, kind, document_of)
            return found if all(answers(read, query.text, quote) for quote in found.quotes) else None
    return None


def _conflict(best: _Said, pairs: Sequence[tuple[_Said, _Pair]], kind: Kind, document_of: DocumentOf) -> Conflict:
    """One voice for each statement; who says the same as another is a copy."""
    against = [(other, pair) for other, pair in pairs if pair.differs and pair.kind == kind]
    voices: dict[str, Quote] = {}
    for other, pair in against:
        voices.setdefault(pair.theirs, other.quote)
    told = [(best.quote, against[0][1].ours), *((quote, value) for value, quote in voices.items())]
    told.sort(key=lambda voice: document_of(voice[0].passage.document_id).published or date.min, reverse=True)
    agreeing = [other for other, pair in pairs if not pair.differs]
    articles = {other.quote.passage.document_id for other in (*agreeing, *(other for other, _ in against))}
    copies = articles - {quote.passage.document_id for quote, _ in told}
    return Conflict(tuple(quote for quote, _ in told), tuple(value for _, value in told), kind, len(copies))


def _said(quote: Quote, document_of: DocumentOf) -> _Said:
    passage, text = quote.passage, quote.words
    block = block_at(passage.blocks, quote.start)
    comparable = len(text) <= _LONGEST and block.kind != "row" and "|" not in text
    listed = (passage.document_id, block.lead) if block.kind == "item" else None
    return _Said(quote, text, claims.claim_of(text), document_of, comparable, listed)


def _compared(query: Query, question: Claim, best: _Said, other: _Said, least: float) -> _Pair | None:
    """What both say of the same thing, or None. Other words are compared only if they score `least` or more.

    Items of one list say different things by being two.
    """
    if best.listed and best.listed == other.listed:
        return None
    short = claims.short_names(best.claim, other.claim, question)
    question, a, b = (claims.shortened(claim, short) for claim in (question, best.claim, other.claim))
    copies = claims.likeness(a, b) >= claims.NEAR_COPY and not claims.swapped(a.names, b.names, a, b)
    if not copies and (other.quote.likeness < least or query.kind not in _COUNTED):
        return None  # before anything is looked up in their articles
    if best.quote.passage.document_id == other.quote.passage.document_id and not claims.told_twice(a, b):
        return None
    here, there = (
        claims.short_stems(statement.around, short) | claim.stems for statement, claim in ((best, a), (other, b))
    )
    titles = bool(claims.stems_of(best.title) & there or claims.stems_of(other.title) & here)
    if claims.of_other_time(question, a, b) or not _tied(question, a, b, here, there, titles=titles):
        return None
    if copies:
        pair = _of_copies(query, a, b)
        return None if pair.differs and pair.kind == "number" and claims.apart_in_time(a, b) else pair
    if not all(of_one_relation(query.text, text) for text in (best.text, other.text)):
        return None
    return _of_answers(query, question, a, b)


def _tied(question: Claim, a: Claim, b: Claim, here: frozenset[str], there: frozenset[str], *, titles: bool) -> bool:
    """`there` holds what the question names and `here` has; and the two share a name, or a title's words.

    A name that two copies have in common ties them together; without one, their articles must name the same.
    """
    names = a.names & b.names
    told = a.stems if names and claims.likeness(a, b) >= claims.SAME_SENTENCE else here
    if (question.names & told) - there:
        return False
    return claims.specific(a, b) or bool(names) or titles


def _of_copies(query: Query, a: Claim, b: Claim) -> _Pair:
    for ours, theirs in sorted(claims.aligned(a, b), key=lambda pair: _priority(query, pair[0].fact)):
        if differ(ours.fact, theirs.fact):
            return _pair(ours.fact, theirs.fact, differs=True)
    one_more = {len(a.negations), len(b.negations)} == {0, 1}
    if one_more and claims.likeness(a, b) >= claims.SAME_SENTENCE:
        return _Pair("negation", "".join(a.negations), "".join(b.negations), differs=True)
    return _Pair("number", "", "", differs=False)


def _of_answers(query: Query, question: Claim, a: Claim, b: Claim) -> _Pair | None:
    """Two sentences in different words that both answer a question for a number or a date."""
    when = query.kind == "when"
    wanted = question.stems - _ASKING - (_ASKING_TIME if when else frozenset())
    held = min(len(wanted & a.stems), len(wanted & b.stems))
    if not wanted or held < (1.0 if when else _ASKED_WORDS) * len(wanted):
        return None
    left, right = _answers(query, wanted, a), _answers(query, wanted, b)
    unit = next((unit for unit in left if unit in right), None)
    if unit is None:
        return None
    ours, theirs = left[unit], right[unit]
    if unit not in ("%", "date") and claims.of_a_month(a) != claims.of_a_month(b):
        return None  # what came in a month is no other figure for what came in a year; a share may be
    if not (ours.near & theirs.near & wanted) - a.names - b.names:
        return None
    if unit != "date" and claims.apart_in_time(a, b):
        return None
    return _pair(ours.fact, theirs.fact, differs=differ(ours.fact, theirs.fact))


def _answers(query: Query, wanted: frozenset[str], claim: Claim) -> dict[str, StatedFact]:
    """By unit, the fact of the asked kind that has most of the question's words about it; none at a tie."""
    units = _UNITS.get(query.kind)
    best: dict[str, StatedFact] = {}
    for unit in dict.fromkeys(told.fact.unit for told in claim.told):
        held = [
            (len((wanted - claim.names) & told.near), len(wanted & told.near), told)
            for told in claim.told
            if told.fact.unit == unit and (unit in units if units else unit != "date")
        ]
        held.sort(key=lambda rank: rank[:2], reverse=True)
        tie = len(held) > 1 and held[0][:2] == held[1][:2]
        if held and held[0][0] and not tie:
            best[unit] = held[0][2]
    return best


def _priority(query: Query, fact: Fact) -> int:
    """What is asked for is compared first; else numbers, and then dates, which may only be of different years."""
    if query.kind in _UNITS:
        return int(fact.unit not in _UNITS[query.kind])
    return int(fact.unit == "date")


def _pair(ours: Fact, theirs: Fact, *, differs: bool) -> _Pair:
    return _Pair("date" if ours.unit == "date" else "number", ours.printed, theirs.printed, differs)
