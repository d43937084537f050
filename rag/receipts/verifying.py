"""Is an answer what it says it is? Everything in it is read without trust; anything at all gives a verdict, no error.

The tests of a citation come in a fixed order and the first that fails gives the code, so that the verifiers in
Python and JavaScript say the same.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from index.clean import to_source
from index.corpus import revision
from index.records import Document
from index.tree import document_leaf, root_from
from rag.receipts.offsets import around, byte_span, utf16_span
from rag.receipts.untrusted import Claim, Malformed, claim_of, shown, whole_number
from rag.receipts.whole import Corpus, corpus_of, problems_of, statements_of

Code = Literal[
    "verified",
    "malformed",
    "unknown_revision",
    "wrong_hash",
    "wrong_span",
    "wrong_quote",
    "wrong_context",
    "wrong_proof",
    "wrong_source",
]
RevisionOf = Callable[[str, str], bytes | None]  # document id, sha256 in hex → the revision's bytes if they are known
ArticleOf = Callable[[str], Document | None]

_KEPT = 64  # revisions kept decoded while one answer is checked


@dataclass(frozen=True, slots=True)
class Checked:
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
    citations: tuple[Checked, ...]
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
    return {
        "ok": verdict.ok,
        "root": verdict.root,
        "signed_by": verdict.signed_by,
        "citations": [
            {"marker": one.marker, "ok": one.ok, "code": one.code, "detail": one.detail} for one in verdict.citations
        ],
        "problems": list(verdict.problems),
        "statements": verdict.statements,
    }


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


def _checked(citation: object, corpus: Corpus, known: _Known, article_of: ArticleOf) -> Checked:
    marker = whole_number(citation.get("marker")) if isinstance(citation, Mapping) else None
    try:
        claim = claim_of(citation)
    except Malformed as error:
        return Checked(marker, "malformed", str(error))
    if marker is None:
        return Checked(None, "malformed", "marker is not a whole number from 0 to 2^53 - 1")
    code, text = known(claim.document_id, claim.sha256)
    if code != "verified":
        return Checked(marker, code, text)
    found = _untrue(claim, text) or _unproved(claim, corpus) or _unsourced(claim, article_of)
    return Checked(marker, *found) if found else Checked(marker, "verified", "the quote stands in the article")


def _untrue(claim: Claim, text: str) -> _Found | None:
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


def _unproved(claim: Claim, corpus: Corpus) -> _Found | None:
    if corpus.root is None:
        return "wrong_proof", "the answer names no root to which a proof could lead"
    if claim.proof.size != corpus.documents:
        return "wrong_proof", f"the proof is of {claim.proof.size} documents, the corpus has {shown(corpus.documents)}"
    leaf = document_leaf(claim.document_id, bytes.fromhex(claim.sha256))
    found = root_from(leaf, claim.proof)
    if found is None or found.hex() != corpus.root:
        return "wrong_proof", f"the proof does not lead to the root {corpus.root[:12]}…"
    return None


def _unsourced(claim: Claim, article_of: ArticleOf) -> _Found | None:
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
