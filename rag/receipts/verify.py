"""Is an answer what it says it is? Everything in it is read without trust; anything at all gives a verdict, no error.

The tests of a citation come in a fixed order and the first that fails gives the code, so that the verifiers in
Python and JavaScript say the same.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from index.records import Document, plain, to_source
from index.storage.merkle import document_leaf, revision, root_from
from rag.receipts.receipt import answer_id, around, byte_span, utf16_span
from rag.receipts.signing import PUBLIC_BYTES, SIGNATURE_BYTES, bytes_of, corpus_message, is_signed
from rag.receipts.untrusted import ClaimedCitation, Malformed, claim_of, is_hash, shown, whole_number

# What can be wrong with an answer as a whole, whatever its citations say: root, signature, id, quotes without one.


class StatedCorpus(NamedTuple):
    """What an answer says of the corpus behind it; None for what it does not say as it should."""

    root: str | None
    documents: int | None
    signature: object
    public_key: object


def corpus_of(answer: Mapping[str, Any]) -> StatedCorpus:
    said = answer.get("corpus")
    if not isinstance(said, Mapping):
        return StatedCorpus(None, None, None, None)
    root = said.get("root")
    named = str(root) if is_hash(root) else None
    return StatedCorpus(named, whole_number(said.get("documents")), said.get("signature"), said.get("public_key"))


def problems_of(
    answer: object, corpus: StatedCorpus, pinned_root: str | None, public_key: str | None
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


def _unrooted(corpus: StatedCorpus, pinned_root: str | None) -> Iterator[str]:
    if corpus.root is None:
        yield "the root of the corpus is missing"
    if corpus.documents is None:
        yield "the number of documents in the corpus is missing"
    if pinned_root is not None and corpus.root != pinned_root:
        yield f"the answer names the root {shown(corpus.root)}, not the pinned {shown(pinned_root)}"


def _signed(corpus: StatedCorpus, pinned: str | None) -> tuple[list[str], str | None]:
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


Code = Literal[
    "verified", "malformed", "unknown_revision", "wrong_hash", "wrong_span", "wrong_quote", "wrong_context",
    "wrong_proof", "wrong_source",
]  # fmt: skip
RevisionOf = Callable[[str, str], bytes | None]  # document id, sha256 in hex → the revision's bytes if they are known
ArticleOf = Callable[[str], Document | None]

_KEPT = 64  # revisions kept decoded while one answer is checked


@dataclass(frozen=True, slots=True)
class CheckedCitation:
    """What became of one citation."""

    marker: int | None  # None where the citation names none
    code: Code
    detail: str

    @property
    def ok(self) -> bool:
        return self.code == "verified"


@dataclass(frozen=True, slots=True)
class Verdict:
    """ok: every citation is verified and nothing is wrong with the answer as a whole."""

    root: str | None  # of the corpus that the answer names
    signed_by: str | None  # public key of a signature that is right
    citations: tuple[CheckedCitation, ...]
    problems: tuple[str, ...]
    statements: int = 0  # in a language model's words: what they cite was checked, not whether they say the same

    @property
    def ok(self) -> bool:
        return not self.problems and all(one.ok for one in self.citations)


def verify(
    answer: object,
    revision_of: RevisionOf,
    *,
    pinned_root: str | None = None,
    public_key: str | None = None,
    article_of: ArticleOf = lambda _: None,
) -> Verdict:
    """Of an answer's wire form, or of anything else that JSON can be; never raises for what stands in it.

    `pinned_root` (hex) and `public_key` (base64 of 32 bytes) are what the caller knows from elsewhere. Where
    `article_of` knows the document, the offsets in its source are checked as well.
    """
    fields: Mapping[str, Any] = answer if isinstance(answer, Mapping) else {}
    corpus = corpus_of(fields)
    known = lru_cache(maxsize=_KEPT)(lambda name, sha256: _revision(revision_of, name, sha256))
    cited = fields.get("citations")
    checked = tuple(
        _checked(one, corpus, known, article_of) for one in (cited if isinstance(cited, list | tuple) else ())
    )
    problems, signed_by = problems_of(answer, corpus, pinned_root, public_key)
    return Verdict(corpus.root, signed_by, checked, problems, len(statements_of(answer)))


def verdict_fields(verdict: Verdict) -> dict[str, Any]:
    """JSON-able; the same names as in the JavaScript verifier."""
    citations = [
        {"marker": one.marker, "ok": one.ok, "code": one.code, "detail": one.detail} for one in verdict.citations
    ]
    return {"ok": verdict.ok, **plain(verdict), "citations": citations}


_Found = tuple[Code, str]  # a code, and the detail; after "verified" the revision's text
_Known = Callable[[str, str], _Found]


def _revision(revision_of: RevisionOf, document_id: str, sha256: str) -> _Found:
    data = revision_of(document_id, sha256)
    if data is None:
        return "unknown_revision", f"revision {sha256[:12]}… of document {shown(document_id)} is not known here"
    if hashlib.sha256(data).hexdigest() != sha256:
        return "wrong_hash", f"the bytes of document {shown(document_id)} do not have the hash {sha256[:12]}…"
    try:
        return "verified", data.decode()
    except UnicodeDecodeError:
        return "wrong_hash", f"the bytes of document {shown(document_id)} are not UTF-8 text"


def _checked(citation: object, corpus: StatedCorpus, known: _Known, article_of: ArticleOf) -> CheckedCitation:
    marker = whole_number(citation.get("marker")) if isinstance(citation, Mapping) else None
    try:
        claim = claim_of(citation)
    except Malformed as error:
        return CheckedCitation(marker, "malformed", str(error))
    if marker is None:
        return CheckedCitation(None, "malformed", "marker is not a whole number from 0 to 2^53 - 1")
    code, text = known(claim.document_id, claim.sha256)
    if code != "verified":
        return CheckedCitation(marker, code, text)
    found = _untrue(claim, text) or _unproved(claim, corpus) or _unsourced(claim, article_of)
    return CheckedCitation(marker, *(found or ("verified", "the quote stands in the article")))


def _untrue(claim: ClaimedCitation, text: str) -> _Found | None:
    span = claim.span
    if not span.start < span.end <= len(text):
        return "wrong_span", f"{span.start}:{span.end} is no span of a text of {len(text)} characters"
    for name, said, true in (
        ("utf16", claim.utf16, utf16_span(text, span)),
        ("bytes", claim.bytes, byte_span(text, span)),
    ):
        if said != true:
            return "wrong_span", f"{name} is {said.start}:{said.end} where it should be {true.start}:{true.end}"
    if text[span.start : span.end] != claim.quote:
        return "wrong_quote", f"at {span.start}:{span.end} stands {shown(text[span.start : span.end])}"
    if around(text, span) != (claim.prefix, claim.suffix):
        return "wrong_context", "prefix or suffix is not what stands around the quote, 32 characters to each side"
    return None


def _unproved(claim: ClaimedCitation, corpus: StatedCorpus) -> _Found | None:
    if corpus.root is None:
        return "wrong_proof", "the answer names no root to which a proof could lead"
    if claim.proof.size != corpus.documents:
        return "wrong_proof", f"the proof is of {claim.proof.size} documents, the corpus has {shown(corpus.documents)}"
    leaf = document_leaf(claim.document_id, bytes.fromhex(claim.sha256))
    found = root_from(leaf, claim.proof)
    if found is None or found.hex() != corpus.root:
        return "wrong_proof", f"the proof does not lead to the root {corpus.root[:12]}…"
    return None


def _unsourced(claim: ClaimedCitation, article_of: ArticleOf) -> _Found | None:
    where = f"{claim.source.start}:{claim.source.end}"
    if claim.source.start >= claim.source.end:
        return "wrong_source", f"{where} is no span of the source"
    article = article_of(claim.document_id)
    if article is None or revision(article.text).hex() != claim.sha256:
        return None  # nothing here to compare with
    try:
        true = to_source(article, claim.span)
    except ValueError as error:  # nothing but white space that cleaning put there
        return "wrong_source", str(error)
    if claim.source != true:
        return "wrong_source", f"the quote comes from {true.start}:{true.end} of the source, not from {where}"
    return None
