"""What can be wrong with an answer as a whole, whatever its citations say: root, signature, id, quotes without one."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rag.receipts.canonical import answer_id
from rag.receipts.signing import PUBLIC_BYTES, SIGNATURE_BYTES, bytes_of, corpus_message, is_signed
from rag.receipts.untrusted import is_hash, shown, whole_number


class Corpus(NamedTuple):
    """What an answer says of the corpus behind it; None for what it does not say as it should."""

    root: str | None
    documents: int | None
    signature: object
    public_key: object


def corpus_of(answer: Mapping[str, Any]) -> Corpus:
    said = answer.get("corpus")
    if not isinstance(said, Mapping):
        return Corpus(None, None, None, None)
    root = said.get("root")
    named = str(root) if is_hash(root) else None
    return Corpus(named, whole_number(said.get("documents")), said.get("signature"), said.get("public_key"))


def problems_of(
    answer: object, corpus: Corpus, pinned_root: str | None, public_key: str | None
) -> tuple[tuple[str, ...], str | None]:
    """All problems, a sentence each, and the public key of a signature that is right."""
    if not isinstance(answer, Mapping):
        return (f"this is {shown(answer)}, not an answer",), None
    problem, signed_by = _signed(corpus, public_key)
    found = [*_unanswered(answer), *_unrooted(corpus, pinned_root), *problem, *_misnamed(answer), *_uncited(answer)]
    found += _unsupported(answer)
    return tuple(found), signed_by


def _unanswered(answer: Mapping[str, Any]) -> Iterator[str]:
    status, citations = answer.get("status"), answer.get("citations")
    if status not in ("answered", "abstained"):
        yield f"status is {shown(status)}, not answered or abstained"
    if not isinstance(citations, list | tuple):
        yield f"citations is {shown(citations)}, not a list"
    elif status == "answered" and not citations:
        yield "answered, and yet nothing is cited"
    elif status == "abstained" and citations and answer.get("mode") != "evidence":
        yield "abstained, and yet something is cited"


def _unrooted(corpus: Corpus, pinned_root: str | None) -> Iterator[str]:
    if corpus.root is None:
        yield "the root of the corpus is missing"
    if corpus.documents is None:
        yield "the number of documents in the corpus is missing"
    if pinned_root is not None and corpus.root != pinned_root:
        yield f"the answer names the root {shown(corpus.root)}, not the pinned {shown(pinned_root)}"


def _signed(corpus: Corpus, pinned: str | None) -> tuple[list[str], str | None]:
    """A signature need not be there unless somebody knows the key; one that is there must be right."""
    if corpus.signature is None and corpus.public_key is None:
        return ([] if pinned is None else ["the corpus is not signed"]), None
    if pinned is not None and corpus.public_key != pinned:
        return [f"the corpus names the key {shown(corpus.public_key)}, not the pinned {shown(pinned)}"], None
    key = bytes_of(corpus.public_key, PUBLIC_BYTES)
    signature = bytes_of(corpus.signature, SIGNATURE_BYTES)
    named = corpus.root is not None and corpus.documents is not None
    if key and signature and named:
        message = corpus_message(str(corpus.root), int(corpus.documents or 0))
        if is_signed(message, signature, key):
            return [], str(corpus.public_key)
    return ["the signature of the corpus is not right"], None


def _misnamed(answer: Mapping[str, Any]) -> Iterator[str]:
    try:
        right = answer_id(answer)
    except ValueError as error:
        yield f"the answer has no id: {error}"
        return
    if answer.get("id") != right:
        yield f"id is {shown(answer.get('id'))}, and what the answer holds has the id '{right}'"


def statements_of(answer: object) -> list[Mapping[str, Any]]:
    """Segments in a language model's words. No verifier can say that they are true, only what they must name."""
    segments = answer.get("segments") if isinstance(answer, Mapping) else None
    return [one for one in _listed(segments) if one.get("kind") == "statement"]


def _unsupported(answer: Mapping[str, Any]) -> Iterator[str]:
    """A statement names a citation or more, all of which are there, and the answer names the model that wrote it."""
    phrasing = answer.get("phrasing")
    found = (citation.get("marker") for citation in _listed(answer.get("citations")))
    there = {number for number in map(whole_number, found) if number is not None}
    statements = statements_of(answer)
    for one in statements:
        markers = one.get("citations")
        numbers = [whole_number(marker) for marker in markers] if isinstance(markers, list | tuple) else []
        if not numbers or not there.issuperset(numbers):
            yield f"the answer states {shown(one.get('text'))} and cites nothing that is there for it"
    if statements and not (isinstance(phrasing, Mapping) and isinstance(phrasing.get("model"), str)):
        yield "the answer states something in other words than the articles, and names no model that wrote them"


def _listed(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list | tuple) else []


def _uncited(answer: Mapping[str, Any]) -> Iterator[str]:
    """A segment that is shown as a quote must be the quote of a citation that it names."""
    quotes: set[tuple[int, str]] = set()
    for one in _listed(answer.get("citations")):
        if (marker := whole_number(one.get("marker"))) is not None:
            quote = one.get("quote")
            quotes |= {(marker, quote)} if isinstance(quote, str) else set()
    for one in _listed(answer.get("segments")):
        if one.get("kind") != "quote":
            continue
        text, markers = one.get("text"), one.get("citations")
        numbers = [whole_number(marker) for marker in markers] if isinstance(markers, list | tuple) else []
        if not any((number, text) in quotes for number in numbers if isinstance(text, str)):
            yield f"the answer shows {shown(text)} as a quote, and no citation has these words"
