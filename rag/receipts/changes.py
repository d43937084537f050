"""What became of a citation: do its words still stand in the article, and where?

`unchanged` is said only of the very same code points at the very same place, with no letter or digit grown on to them.
It says nothing of the rest of the article, nor that the sentence around a cited clause is the same.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal, Protocol

from index.errors import BadInput, NotFound
from index.records import Document, Span
from rag.receipts.alignment import Diff, edited, word_diff
from rag.receipts.cited import Cited, as_cited, marker_of
from rag.receipts.places import LEAST_SIMILARITY, grown, in_place, nearest, stands, with_context

State = Literal["unchanged", "moved", "changed", "gone"]

MOST_CITATIONS = 100


class Texts(Protocol):
    """Where present and former texts come from; a Store and a Snapshot are such."""

    def document(self, document_id: str) -> Document:
        """Raises NotFound."""
        ...

    def revision(self, document_id: str, sha256: str) -> bytes | None:
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


def change_of(cited: Cited, current: Document | None, old_text: str | None) -> Change:
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
    present = sha256(current.text.encode()).hexdigest()
    old = _former(cited, current, present, texts)
    if old is not None and old[cited.start : cited.end] != cited.quote:
        reason = "the quote does not stand at start:end of the revision that it names: it was never true of it"
        return CitationChange(marker, cited.document_id, None, reason, present)
    change = change_of(cited, current, old)
    reason = _reason(change, cited, same=cited.sha256 == present, known=old is not None)
    return CitationChange(marker, cited.document_id, change, reason, present)


def _former(cited: Cited, current: Document, present: str, texts: Texts) -> str | None:
    if cited.sha256 == present:
        return current.text
    kept = texts.revision(cited.document_id, cited.sha256) if cited.sha256 else None
    return None if kept is None else kept.decode()


def _reason(change: Change, cited: Cited, *, same: bool, known: bool) -> str:
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


def _changed(text: str, cited: Cited, span: Span) -> Change:
    now = text[span.start : span.end]
    return Change("changed", span.start, span.end, now, word_diff(cited.quote, now))
