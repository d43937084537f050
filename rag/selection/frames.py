"""Whether quotes may be shown as more than quotes: as statements that differ, as two sides, as moments of a course.

Each of them must answer its own question by the reading model's word, which reads it alone: of the same relation where
statements differ, its own side's and not the other's in a comparison, and what happened to the subject at the time by
which a moment is called. Where no model reads, only the rules decide.
"""

import re
from collections.abc import Callable, Sequence

from index.records import Span
from index.text.words import cut, stop_words, words
from rag.answer import Quote
from rag.language.claims import claim_of, of_a_month, years_of
from rag.question.analysis import Query
from rag.question.shape import kinds
from rag.reading.model import Excerpt, Finding
from rag.selection.key_sentences import leans_on_nothing

Read = Callable[[str, Excerpt], Finding | None]  # None where no model reads


def unread(question: str, excerpt: Excerpt) -> None:
    """No model reads."""


_SURE = 1.0  # in the model's gap, of a moment; chosen on eval/gold/frames, as are the next two
_SURER = 1.5  # … of a side, which must answer for a whole thing
_LEAD = 2.0  # of the gap for its own side's question, before that for the other's
_NEAR = 4  # words behind a preposition that may be what it is about
_ASKING = frozenset(("many", "much", "larg", "big", "high", "long", "far", "share", "old", "tall"))  # stems of asking
_HEAD = r"(?P<head>[^\W\d_]+)(?: (?:to|from|of|in|on|with|by|for|under|during) [^?]*)?"
_WHAT, _BARE = re.compile(rf"What (?:is|are|was|were) [^?]*?{_HEAD}\?"), re.compile(rf"[^?]*?{_HEAD}(?: \d+)?")
_TIED = re.compile(r"\b(?P<head>[^\W\d_]+) (?P<by>on|to|from|of|against|with|for|in|by|into|over) (?:the )?(?P<to>\w+)")


def gap_of(read: Read, question: str, quote: Quote) -> float | None:
    """By how much the quote, read alone under its title, answers the question; None where no model reads."""
    found = read(question, alone(quote, quote.words))
    return None if found is None else found.gap


def alone(quote: Quote, text: str) -> Excerpt:
    """The words of a quote under its title, as one sentence."""
    return Excerpt(quote.passage.context.replace("\n", ". "), text, (Span(0, len(text)),))


def answers(read: Read, question: str, quote: Quote) -> bool:
    """Does it answer the question, for all that is known?"""
    gap = gap_of(read, question, quote)
    return gap is None or gap > 0


def happened_then(read: Read, subject: str, told: Excerpt, time: Span) -> bool:
    """Does it tell what happened to the subject at a time that it names, rather than only mention the time?

    It must say when something happened to the subject, in the words of that time, and what happened to it then.
    """
    when = read(f"When did something happen to {subject}?", told)
    if when is None:
        return True
    if when.gap < _SURE or when.answer is None or when.answer.end <= time.start or time.end <= when.answer.start:
        return False
    what = read(f"What happened to {subject} in {told.text[time.start : time.end]}?", told)
    return what is not None and what.gap >= _SURE


def of_one_relation(question: str, sentence: str) -> bool:
    """Where both say "tariffs on …" or "exports to …", do they say it of the same?"""
    for asked in _TIED.finditer(question):
        head, wanted = cut(asked["head"].lower(), "snowball"), cut(asked["to"].lower(), "snowball")
        if asked["head"].lower() in stop_words() or asked["to"].lower() in stop_words():
            continue
        said = [
            {cut(word.text, "snowball") for word in words(sentence[tie.start("to") :])[:_NEAR]}
            for tie in _TIED.finditer(sentence)
            if tie["by"] == asked["by"] and cut(tie["head"].lower(), "snowball") == head
        ]
        if said and not any(wanted in near for near in said):
            return False
    return True


def asked(query: Query) -> str:
    """A side that is only named is asked for: how much, where it is measured, and else what it is."""
    bare = query.text.strip(" .")
    return query.text if bare.endswith("?") else f"How much are {bare}?" if measured(query) else f"What is {bare}?"


def comparable(read: Read, sides: Sequence[tuple[Query, Sequence[Quote]]]) -> list[list[Quote]] | None:
    """Of both sides those quotes that answer their own question, and better than the other one's; None where a side has
    none. Of what is measured ("exports versus imports") both sides tell figures of one unit and no other time."""
    kept = []
    for (query, quotes), (other, _) in zip(sides, reversed(sides), strict=True):
        kept.append([quote for quote in quotes if _fits(read, query, other, quote)])
    if any(measured(query) for query, _ in sides):
        told = [
            [(quote, _measures(query, quote)) for quote in own] for (query, _), own in zip(sides, kept, strict=True)
        ]
        pairs = [(a, b) for a, ours in told[0] for b, theirs in told[1] if ours & theirs and _of_one_time(a, b)]
        kept = [[one for one in own if any(one in pair for pair in pairs)] for own in kept]
    return kept if all(kept) else None


def _measures(query: Query, quote: Quote) -> set[str]:
    """Units of its figures; where only something measured is named, of those beside it."""
    text, wanted = quote.words, frozenset() if query.kind else claim_of(query.text).stems - _ASKING
    return {told.fact.unit for told in claim_of(text).told if told.fact.unit != "date" and wanted <= told.near}


def _of_one_time(a: Quote, b: Quote) -> bool:
    ours, theirs = claim_of(a.words), claim_of(b.words)
    return years_of(ours) == years_of(theirs) and of_a_month(ours) == of_a_month(theirs)


def _fits(read: Read, query: Query, other: Query, quote: Quote) -> bool:
    text = quote.words
    if not of_one_relation(query.text, text) or (query.shape == "definition" and not leans_on_nothing(text)):
        return False
    own, others = gap_of(read, asked(query), quote), gap_of(read, asked(other), quote)
    return own is None or others is None or (own >= _SURER and own - others >= _LEAD)


def measured(query: Query) -> bool:
    """Is a figure asked for, or are only things named that are measured: "exports", "What are exports to the US?"?"""
    if query.kind in ("percent", "money", "number"):
        return True
    of = _WHAT.fullmatch(query.text.strip(" .")) or _BARE.fullmatch(query.text.strip(" ."))
    return of is not None and "plural" in kinds(of["head"]) and not of["head"][:1].isupper()
