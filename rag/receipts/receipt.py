"""Receipts: what lets a client check a quote without trusting whoever served it.

A receipt proves where the words come from, not that they are true; title, author, date and addresses are not covered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote as percent

from index.corpus import revision
from index.records import Document, Span
from index.tree import Proof
from rag.answers import Citation
from rag.receipts.fragment import text_url
from rag.receipts.offsets import around, byte_span, utf16_span


@dataclass(frozen=True, slots=True)
class Receipt:
    """Of one citation: the revision's hash, its span in other units, the words around it, its place in the corpus."""

    sha256: str  # of the clean text's UTF-8 bytes, in hex
    utf16: Span
    bytes: Span
    prefix: str
    suffix: str
    text_url: str
    revision_url: str
    proof: Proof


def receipt_for(citation: Citation, document: Document, proof: Proof) -> Receipt:
    """Of a true citation of this document; the proof is the corpus's for it."""
    span = Span(citation.start, citation.end)
    prefix, suffix = around(document.text, span)
    digest = revision(document.text).hex()
    return Receipt(
        sha256=digest,
        utf16=utf16_span(document.text, span),
        bytes=byte_span(document.text, span),
        prefix=prefix,
        suffix=suffix,
        text_url=text_url(document.url or citation.url, citation.quote, prefix, suffix),
        revision_url=revision_url(document.id, digest),
        proof=proof,
    )


def revision_url(document_id: str, sha256: str) -> str:
    """Where a server gives exactly the bytes that were hashed."""
    return f"/v1/documents/{percent(document_id, safe='')}/revisions/{sha256}"


def receipt_fields(receipt: Receipt) -> Mapping[str, Any]:
    """JSON-able."""
    return {
        "sha256": receipt.sha256,
        "utf16": list(receipt.utf16),
        "bytes": list(receipt.bytes),
        "prefix": receipt.prefix,
        "suffix": receipt.suffix,
        "text_url": receipt.text_url,
        "revision_url": receipt.revision_url,
        "proof": {
            "index": receipt.proof.index,
            "size": receipt.proof.size,
            "path": [one.hex() for one in receipt.proof.path],
        },
    }
