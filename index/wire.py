"""A document as other programs see it: the one home of its names in `--json` and over HTTP."""

from typing import Any

from index.records import Document


def document_fields(document: Document) -> dict[str, Any]:
    """JSON-able, without its text; `characters` counts the clean text's code points."""
    return {
        "id": document.id,
        "title": document.title,
        "author": document.author,
        "publisher": document.publisher,
        "published": document.published.isoformat() if document.published else None,
        "language": document.language,
        "url": document.url,
        "inferred": list(document.inferred),
        "characters": len(document.text),
        "sha256": document.sha256,
    }


def dated(document: Document) -> str:
    """The date for people, honest about how it is known."""
    if document.published is None:
        return "undated"
    return f"{document.published.isoformat()}{', date inferred' if 'published' in document.inferred else ''}"
