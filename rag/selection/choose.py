"""Which of the quotes that a reader found are shown, what they are together, and why the others are not shown.

A course of events is told by one article in the order of the time that its quotes speak of: of the first date in each
that tells when, written out or resolved against its article; the year of "the Act of 1798" or "a clock of 1650" names a
thing and does not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from index.records import Document, Span
from index.text.sentences import FIELD
from index.text.words import normalise
from rag.answer import Dropped, Frame, Quote, Reading, Rule
from rag.language.dates import When, dates_in
from rag.language.patterns import read_patterns
from rag.language.relative_dates import lead_in, relative_notes
from rag.language.word_lists import SPEAKS
from rag.question.analysis import A_STEP, NEEDED, Query
from rag.question.shape import gives_reason
from rag.selection.conflicts import find_conflict
from rag.selection.context import apart
from rag.selection.definitions import defines
from rag.selection.frames import Read, alone, happened_then, unread
from rag.selection.key_sentences import SMALL_PRINT, leans_on_nothing
from rag.structure import block_at

# The quotes that are left of a reading while one rule after another takes some away, and which rule took which.
# Left and dropped together are always all that the reader offered, each once.

Widen = Callable[[Quote], Quote]


@dataclass(frozen=True, slots=True)
class Shortlist:
    """Quotes as the reader picked them; those that are left in the order in which they would be said."""

    left: tuple[Quote, ...]
    dropped: tuple[Dropped, ...] = ()

    def only(self, places: Sequence[int], rule: Rule) -> "Shortlist":
        """Those at these places of `left`, in this order; the rule takes the others."""
        gone = tuple(Dropped(quote, rule) for n, quote in enumerate(self.left) if n not in places)
        return Shortlist(tuple(self.left[n] for n in places), (*self.dropped, *gone))

    def first(self, most: int) -> "Shortlist":
        return self.only(range(len(self.left))[:most], "max_quotes")


def close(quotes: Sequence[Quote], margin: float) -> Shortlist:
    """Of quotes best first, the first and those as like the question as the likest of all, but for a margin.

    What says the same in the same words is said once.
    """
    offered, least = Shortlist(tuple(quotes)), max(quote.likeness for quote in quotes) - margin
    close_by = [n for n, quote in enumerate(offered.left) if not n or quote.likeness >= least]
    near = offered.only(close_by, "margin")
    plain = [n for n, quote in enumerate(near.left) if not n or not SMALL_PRINT.search(quote.words)]
    told = near.only(plain, "small_print")
    places: dict[str, int] = {}
    for n, quote in enumerate(told.left):
        places.setdefault(normalise(quote.words), n)
    return told.only(list(places.values()), "same_words")


def widened(sifted: Shortlist, widen: Widen) -> tuple[Shortlist, tuple[Quote, ...]]:
    """What is left, and beside it each with what it leans on, unless it then stands within another one."""
    forms = [widen(quote) for quote in sifted.left]
    places = _outermost(forms)
    return sifted.only(places, "within"), tuple(forms[n] for n in places)


def holds(outer: Quote, inner: Quote) -> bool:
    """Does the inner one stand within the outer one, or is it the same?"""
    same = outer.passage.document_id == inner.passage.document_id
    return same and outer.start <= inner.start and inner.end <= outer.end


def _outermost(quotes: Sequence[Quote]) -> list[int]:
    """Places of all but those that stand within another one, which takes the place of the first of them."""
    kept: list[int] = []
    for n, quote in enumerate(quotes):
        inside = [m for m in kept if holds(quote, quotes[m])]
        if inside:
            kept[kept.index(inside[0])] = n
            kept = [m for m in kept if m not in inside[1:]]
        elif not any(holds(quotes[m], quote) for m in kept):
            kept.append(n)
    return kept


TIMELINE_QUOTES = 5
_LESS_SURE = 2.0  # in the reading model's gap: a further quote that answers less surely than the first adds nothing
_DEFINITION_MARGIN = 1.5  # what defines may score so much less than a quote that only names the subject
_GRADES = 0.05  # grades of a definition that are no further apart are the same
_TIMELINE_MARGIN = 3.0  # a course of events is told by sentences that are further from the question than an answer is

DocumentOf = Callable[[str], Document]


@dataclass(frozen=True, slots=True)
class Selection:
    """Quotes in the order in which they are said; the dropped are all others that the reader offered.

    Each is one that the reader offered, with what it leans on; or what of its article has to be quoted before the next.
    """

    quotes: tuple[Quote, ...]
    frame: Frame
    dropped: tuple[Dropped, ...]


def choose(
    query: Query,
    reading: Reading,
    document_of: DocumentOf,
    widen: Widen,
    *,
    margin: float,
    most: int,
    read: Read = unread,
) -> Selection:
    """From a reading with at least one quote: the best and those that come close to it, with what they lean on.

    What they are together is said only where `read` finds each of them to answer its own question.
    """
    chosen = _chosen(query, reading, document_of, widen, margin, most, read)
    return chosen if chosen.frame.kind == "conflict" else _led(chosen, document_of)


def _led(chosen: Selection, document_of: DocumentOf) -> Selection:
    """Each quote behind what has to be quoted before it, once."""
    moments = chosen.frame.moments or ("",) * len(chosen.quotes)
    told: list[tuple[Quote, str]] = []
    for quote, moment in zip(chosen.quotes, moments, strict=True):
        lead = apart(quote, document_of(quote.passage.document_id))
        if lead and not any(holds(other, lead) for other, _ in told):
            told.append((lead, moment))
        told.append((quote, moment))
    frame = replace(chosen.frame, moments=tuple(moment for _, moment in told) if chosen.frame.moments else ())
    return replace(chosen, quotes=tuple(quote for quote, _ in told), frame=frame)


def _chosen(
    query: Query, reading: Reading, document_of: DocumentOf, widen: Widen, margin: float, most: int, read: Read
) -> Selection:
    if query.shape == "timeline":
        near, first = close(reading.quotes, margin + _TIMELINE_MARGIN), reading.quotes[0].passage.document_id
        of_first = [n for n, quote in enumerate(near.left) if quote.passage.document_id == first]
        near = near.only(of_first, "off_subject")
        if told := _told(query.subject, near, document_of, widen, read):
            return told
    conflict = find_conflict(query, reading.quotes, document_of, read)
    if conflict and any(holds(quote, reading.quotes[0]) for quote in conflict.quotes):  # else it is beside the point
        places = [reading.quotes.index(quote) for quote in conflict.quotes]
        differing = Shortlist(reading.quotes).only(places, "not_in_conflict")
        differing = differing.first(max(most, 2))  # one alone would be a side taken
        frame = Frame("conflict", differs=conflict.kind, copies=conflict.copies)
        return Selection(tuple(map(widen, differing.left)), frame, differing.dropped)
    near = close(reading.quotes, margin)
    near = near if query.shape == "list" else _of_one_row(_of_one_code(query, near))
    kept = (_answering(near) if query.asks else near).first(most)  # a few words to search by have no one answer
    if query.shape == "definition":
        kept = _defining(query, close(reading.quotes, margin + _DEFINITION_MARGIN), kept).first(most)
    if query.sought == "reason" and not any(gives_reason(quote.words) for quote in kept.left):
        kept = _reasoned(Shortlist(tuple(reading.quotes)), kept)
    lines = widen(kept.left[0]).words.splitlines() if query.kind == "how to" else [""]
    if NEEDED.search(lines[0]) and not any(A_STEP.match(line) for line in lines):  # what it takes is not how it is done
        every, of = Shortlist(tuple(reading.quotes)), kept.left[0].passage.document_id
        steps = [n for n, one in enumerate(every.left) if one.passage.document_id == of and A_STEP.match(one.words)]
        kept = every.only(steps[:1], "adds_nothing") if steps else kept
    kept, quotes = widened(kept, widen)
    return Selection(quotes, Frame(), kept.dropped)


def _answering(near: Shortlist) -> Shortlist:
    """The first, and those of the others that answer too and about as surely; all, where no model has read them.

    What somebody says in a conversation stays: such a sentence seldom answers alone, and the model has learnt on
    articles ("That is too much. My firm can do it for 39,500 euros.").
    """
    first = near.left[0].gap
    if first is None:
        return near
    least = max(0.0, first - _LESS_SURE)

    def adds(quote: Quote) -> bool:
        return (quote.gap or 0.0) > least or block_at(quote.passage.blocks, quote.start).kind == "turn"

    return near.only([n for n, quote in enumerate(near.left) if not n or adds(quote)], "adds_nothing")


def _defining(query: Query, all_near: Shortlist, kept: Shortlist) -> Shortlist:
    """Those that define best, of `kept` or else of all; the best of equals stays first. `kept` where none does."""
    graded = [(sifted, [defines(query, quote.words) for quote in sifted.left]) for sifted in (kept, all_near)]
    sifted, grades = max(graded, key=lambda one: max(one[1], default=0.0))
    least = max(grades, default=0.0) - _GRADES
    places = [n for n, grade in enumerate(grades) if grade and grade >= least]
    return sifted.only(sorted(places, key=lambda n: -grades[n]), "not_defining") if places else kept


def _reasoned(every: Shortlist, kept: Shortlist) -> Shortlist:
    """The one that gives a reason and answers more surely than those of `kept`; else these."""
    surest = max(quote.gap or 0.0 for quote in kept.left)
    places = [n for n, one in enumerate(every.left) if (one.gap or 0.0) > surest and gives_reason(one.words)]
    return every.only(places[:1], "adds_nothing") if places else kept


def _of_one_code(query: Query, near: Shortlist) -> Shortlist:
    """Not those that have another code where the first has one that is asked for: "Nimbus A7" for "Nimbus A5"."""
    asked = [(code, other) for code, other in query.codes if code in near.left[0].words]

    def of_others(words: str) -> bool:
        return not any(code in words for code, _ in query.codes) and any(other.search(words) for _, other in asked)

    return near.only([n for n, quote in enumerate(near.left) if not of_others(quote.words)], "other_row")


def _of_one_row(near: Shortlist) -> Shortlist:
    """Of the rows of a table, or of lines "Name: value", only the first, which is the best."""
    blocks = [(quote, block_at(quote.passage.blocks, quote.start)) for quote in near.left]
    tables = [
        (quote.passage.document_id, block.lead)
        if block.kind == "row" or (block.kind == "item" and FIELD.match(quote.words))
        else None
        for quote, block in blocks
    ]
    return near.only([n for n, table in enumerate(tables) if not table or table not in tables[:n]], "other_row")


def _told(subject: str, near: Shortlist, document_of: DocumentOf, widen: Widen, read: Read) -> Selection | None:
    """The quotes that tell what happened at a time, in order of time; a single one is no course of events."""
    kept, quotes = widened(near, widen)
    texts = [document_of(quote.passage.document_id).text[quote.start : quote.end] for quote in quotes]
    whole = [n for n, text in enumerate(texts) if leans_on_nothing(text)]
    kept, quotes = kept.only(whole, "untimed"), tuple(quotes[n] for n in whole)
    timed = chronological(quotes, document_of, subject, read)
    if len(timed) < 2:
        return None
    kept = kept.only([quotes.index(moment.quote) for moment in timed], "untimed").first(TIMELINE_QUOTES)
    moments = timed[:TIMELINE_QUOTES]
    frame = Frame("timeline", moments=tuple(moment.shown for moment in moments))
    return Selection(tuple(moment.quote for moment in moments), frame, kept.dropped)


# Quotes in the order of the time they speak of.

# stands before a date that tells when something was
_WHEN_IT_WAS = read_patterns("rag.selection", "context.txt", SPEAKS=SPEAKS).compiled("WHEN_IT_WAS")


@dataclass(frozen=True, slots=True)
class Dated:
    """A quote and when it speaks of; `shown` names that time."""

    quote: Quote
    when: When  # its offsets are those of the words in the quote
    shown: str


def chronological(
    quotes: Sequence[Quote], document_of: DocumentOf, subject: str = "", read: Read = unread
) -> tuple[Dated, ...]:
    """Those that tell what happened to the subject at a time, oldest first; of one time they stay in their order."""
    dated = (_dated(quote, document_of(quote.passage.document_id), subject, read) for quote in quotes)
    return tuple(sorted(filter(None, dated), key=lambda moment: (moment.when.first, moment.when.last)))


def _dated(quote: Quote, document: Document, subject: str, read: Read) -> Dated | None:
    sentence = document.text[quote.start : quote.end]
    named = [  # by a day, or a year behind "in" or the like: no thing is named by it ("its 2020 law")
        (when, sentence[when.start : when.end])
        for when in dates_in(sentence)
        if when.precision != "year" or _WHEN_IT_WAS.search(sentence[: when.start])
    ]
    notes = relative_notes(sentence, document.published, lead_in(document.text, quote.start))
    named += [(note.when, note.meaning) for note in notes]
    for when, shown in sorted(named, key=lambda time: time[0].start):
        if happened_then(read, subject, alone(quote, sentence), Span(when.start, when.end)):
            return Dated(quote, when, shown)
    return None
