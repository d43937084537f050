"""What became of a citation: do its words still stand in the article, and where?

`unchanged` is said only of the very same code points at the very same place, with no letter or digit grown on to them.
It says nothing of the rest of the article, nor that the sentence around a cited clause is the same.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Literal, Protocol

from index.errors import BadInput, NotFound
from index.records import Document, Span
from index.storage.merkle import revision
from rag.receipts.alignment import Diff, edited, occurrences, word_diff
from rag.receipts.untrusted import StatedCitation, as_cited, marker_of

# Where the very words of a citation stand in a text, and which of several places is the cited one.

# On the edits of `eval/experiments/article_edits.py` the deleted reach 0.38 and the edited begin at 0.53.
LEAST_SIMILARITY = 0.5
_CONTEXT = 64  # code points on either side, where the former text is known
_ABOUT = 8  # code points of surroundings that may agree by chance: a full stop, a blank, "The"
_LAST, _FIRST = re.compile(r"\S+$|\s$"), re.compile(r"^\S+|^\s")  # a word, or the blank that a lone accent sits on
_MOST_OCCURRENCES = 1_000  # that are compared by context, those nearest to the former place


def with_context(cited: StatedCitation, old_text: str | None) -> StatedCitation:
    """More of what stood around, where the former text is known and holds the quote."""
    if old_text is None or old_text[cited.start : cited.end] != cited.quote:
        return cited
    prefix = old_text[max(0, cited.start - _CONTEXT) : cited.start]
    return cited.between(prefix, old_text[cited.end : cited.end + _CONTEXT])


def stands(text: str, cited: StatedCitation, at: int) -> bool:
    """Whether the words stand there and nothing has grown on to them that was not there before."""
    return text.startswith(cited.quote, at) and not any(_grows(text, cited, at))


def _grows(text: str, cited: StatedCitation, at: int) -> tuple[bool, bool]:
    """Left and right: does a sign stand where a blank was, or a letter that makes another word of the quote's?"""
    end = at + len(cited.quote)
    left, right = text[max(0, at - 2) : at], text[end : end + 2]
    known = bool(cited.prefix or cited.suffix)  # else nothing is known of what stood around
    blank_left = known and not cited.prefix[-1:].strip() and bool(cited.prefix or not cited.start)
    blank_right = known and not cited.suffix[:1].strip()
    return (
        bool(blank_left and left[-1:].strip())
        or (_joined(left, cited.quote) and not _joined(cited.prefix, cited.quote)),
        bool(blank_right and right[:1].strip())
        or (_joined(cited.quote, right) and not _joined(cited.quote, cited.suffix)),
    )


def grown(text: str, cited: StatedCitation) -> Span | None:
    """The words with what has grown on to them, where they stand in the most alike surroundings."""
    places = _found(text, cited)
    if not places:
        return None
    at = max(places, key=lambda place: (_alike(text, cited, place), -abs(place - cited.start)))
    end = at + len(cited.quote)
    left, right = _grows(text, cited, at)
    before, after = text[max(0, at - _CONTEXT) : at], text[end : end + _CONTEXT]
    return Span(at - _length(_LAST, before) if left else at, end + _length(_FIRST, after) if right else end)


def _length(pattern: re.Pattern[str], around: str) -> int:
    found = pattern.search(around)
    return len(found.group()) if found else 0


def _joined(left: str, right: str) -> bool:
    """Whether the two make one word, number or sign where they meet."""
    if not left or not right:
        return False
    a, b = left[-1], right[0]
    if unicodedata.category(b)[0] == "M" or "\u200d" in (a, b):
        return True
    if a.isalnum() and b.isalnum():
        return True
    if b in ".,:" and a.isdigit():
        return right[1:2].isdigit()
    return b.isdigit() and (a in "-\u2212+" or (a in ".,:" and left[-2:-1].isdigit()))


def nearest(text: str, cited: StatedCitation, old_text: str | None) -> int | None:
    """Where the same words stand in the most alike surroundings."""
    places = _occurrences(text, cited)
    if not places:
        return None
    best = max(_alike(text, cited, place) for place in places)
    tied = [place for place in places if _alike(text, cited, place) == best]
    before = _occurrences(old_text, cited) if old_text else []
    if len(before) == len(places) and cited.start in before and (same := places[before.index(cited.start)]) in tied:
        return same  # as many as before: the n-th is the n-th
    return min(tied, key=lambda place: abs(place - cited.start))


def _occurrences(text: str, cited: StatedCitation) -> list[int]:
    return [place for place in _found(text, cited) if stands(text, cited, place)]


def _found(text: str, cited: StatedCitation) -> list[int]:
    """Where the code points of the quote stand, ascending; of very many those nearest to the former place."""
    places = list(occurrences(text, cited.quote))
    if len(places) > _MOST_OCCURRENCES:
        places = sorted(sorted(places, key=lambda place: abs(place - cited.start))[:_MOST_OCCURRENCES])
    return places


def _alike(text: str, cited: StatedCitation, at: int) -> int:
    """How many code points around the words are the same as around the cited ones."""
    return _same_around(text, cited, Span(at, at + len(cited.quote)))


def _same_around(text: str, cited: StatedCitation, span: Span) -> int:
    before = text[max(0, span.start - len(cited.prefix)) : span.start]
    after = text[span.end : span.end + len(cited.suffix)]
    return _same(reversed(before), reversed(cited.prefix)) + _same(after, cited.suffix)


def _same(a: Iterable[str], b: Iterable[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))


def in_place(text: str, cited: StatedCitation, place: int) -> Span | None:
    """An edited form of the words, in surroundings more like the cited ones than those of the repetition at `place`.

    Where both are about as much alike, the nearer one is the cited one.
    """
    alike = _alike(text, cited, place)
    if alike == len(cited.prefix) + len(cited.suffix):
        return None
    sides = ((cited.prefix[-32:], len(cited.prefix[-32:])), (cited.suffix[:32], -len(cited.quote)))
    starts = [max(0, at + shift) for side, shift in sides if side.strip() and (at := text.find(side)) >= 0]
    hidden = text.replace(cited.quote, " " * len(cited.quote))
    best = edited(hidden, cited.prefix, cited.quote, cited.suffix, [*starts, cited.start])
    if best is None or best.similarity < LEAST_SIMILARITY or cited.quote in text[slice(*best.span)]:
        return None
    own, nearer = _same_around(text, cited, best.span), abs(best.span.start - cited.start) < abs(place - cited.start)
    return best.span if own > alike or (own + _ABOUT >= alike and nearer) else None


State = Literal["unchanged", "moved", "changed", "gone"]

MOST_CITATIONS = 100


class Texts(Protocol):
    """Where present and former texts come from; a Store and a Snapshot are such."""

    def document(self, document_id: str, /) -> Document:
        """Raises NotFound."""
        ...

    def revision(self, document_id: str, sha256: str, /) -> bytes | None:
        """None: unknown, or no longer kept."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """`start`, `end`: where the words stand now, cleaned code points; None when gone. `diff` is of a changed one."""

    state: State
    start: int | None = None
    end: int | None = None
    quote: str = ""  # what stands there now
    diff: Diff = ()


@dataclass(frozen=True, slots=True)
class CitationChange:
    """One citation of an answer; `change` is None where it cannot be judged, and then `reason` says why."""

    marker: int | None
    document_id: str
    change: Change | None
    reason: str
    sha256: str | None = None  # of the article's present text


def change_of(cited: StatedCitation, current: Document | None, old_text: str | None) -> Change:
    """`old_text`: the text of the cited revision where it is known; it tells repeated sentences apart better.

    unchanged: the same words at the same place. moved: the same words elsewhere; of several places the one whose
    surroundings are most like the cited ones, then the nearest. changed: no such place, but a part that is alike, or
    one that stands where the cited words stood while a repetition of them stands elsewhere. gone: none of these.
    """
    if current is None:
        return Change("gone")
    text, before = current.text, with_context(cited, old_text)
    if stands(text, before, before.start):
        return Change("unchanged", before.start, before.end, before.quote)
    place = nearest(text, before, old_text)
    if place is not None:
        if (altered := in_place(text, before, place)) is None:
            return Change("moved", place, place + len(before.quote), before.quote)
        return _changed(text, before, altered)
    if (longer := grown(text, before)) is not None:
        return _changed(text, before, longer)
    best = edited(text, before.prefix, before.quote, before.suffix)
    return _changed(text, before, best.span) if best and best.similarity >= LEAST_SIMILARITY else Change("gone")


def changes_of_answer(answer: Mapping[str, Any], texts: Texts) -> list[CitationChange]:
    """What became of each citation of an answer as it was given, in their order.

    Raises BadInput where the answer has no list of citations or more than MOST_CITATIONS; a broken citation only gets
    its reason.
    """
    citations = answer.get("citations")
    if not isinstance(citations, list | tuple):
        raise BadInput("the answer has no list 'citations'; give one as /v1/ask or `quotewell ask --json` gave it")
    if len(citations) > MOST_CITATIONS:
        raise BadInput(f"the answer has {len(citations)} citations; at most {MOST_CITATIONS} are checked at once")
    return [_judged(citation, texts) for citation in citations]


def change_fields(found: CitationChange) -> dict[str, Any]:
    """As other programs see it; the state of a citation that cannot be judged is "unusable"."""
    change = found.change
    return {
        "marker": found.marker,
        "document_id": found.document_id,
        "state": change.state if change else "unusable",
        "reason": found.reason,
        "start": change.start if change else None,
        "end": change.end if change else None,
        "quote": change.quote if change else "",
        "diff": [{"op": op, "text": text} for op, text in change.diff] if change else [],
        "sha256": found.sha256,
    }


def _judged(citation: object, texts: Texts) -> CitationChange:
    marker, cited = marker_of(citation), as_cited(citation)
    if isinstance(cited, str):
        return CitationChange(marker, "", None, cited)
    try:
        current = texts.document(cited.document_id)
    except NotFound:
        reason = "no article of this id is in the index: it was deleted, or never stood here"
        return CitationChange(marker, cited.document_id, Change("gone"), reason)
    present = revision(current.text).hex()
    old = _former(cited, current, present, texts)
    if old is not None and old[cited.start : cited.end] != cited.quote:
        reason = "the quote does not stand at start:end of the revision that it names: it was never true of it"
        return CitationChange(marker, cited.document_id, None, reason, present)
    change = change_of(cited, current, old)
    reason = _reason(change, cited, same=cited.sha256 == present, known=old is not None)
    return CitationChange(marker, cited.document_id, change, reason, present)


def _former(cited: StatedCitation, current: Document, present: str, texts: Texts) -> str | None:
    if cited.sha256 == present:
        return current.text
    kept = texts.revision(cited.document_id, cited.sha256) if cited.sha256 else None
    return None if kept is None else kept.decode()


def _reason(change: Change, cited: StatedCitation, *, same: bool, known: bool) -> str:
    said = {
        "unchanged": "the same words stand at the same place",
        "moved": "the same words stand at another place",
        "changed": "the words were edited",
        "gone": "nothing in the article is like these words",
    }[change.state]
    if change.state == "changed":
        said = _edit(cited.quote, change.quote) or said
    if same:
        return f"{said}, and the article is the same"
    return said if known else f"{said}; the cited revision is not known here or no longer kept, so only words told"


def _edit(old: str, new: str) -> str:
    if "".join(old.split()) == "".join(new.split()):
        return "only white space was edited"
    if unicodedata.normalize("NFKC", old) == unicodedata.normalize("NFKC", new):
        return "only the Unicode form was edited: it may look the same"
    return "something was added to the words" if new.startswith(old) or new.endswith(old) else ""


def _changed(text: str, cited: StatedCitation, span: Span) -> Change:
    now = text[span.start : span.end]
    return Change("changed", span.start, span.end, now, word_diff(cited.quote, now))
