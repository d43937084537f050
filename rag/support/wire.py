"""A checked text as other programs see it; its citations have the form of an answer's, so what checks those checks
these."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from rag.answers import Citation
from rag.support.checking import Sentence, TextCheck

CitationFields = Callable[[Citation], Mapping[str, Any]]


def plain_citation(citation: Citation) -> dict[str, Any]:
    """Its own fields, without a receipt."""
    day = citation.published.isoformat() if citation.published else None
    return asdict(citation) | {"published": day, "inferred": list(citation.inferred)}


def text_check_fields(check: TextCheck, citation_fields: CitationFields = plain_citation) -> dict[str, Any]:
    """JSON-able. A sentence names its spans by the markers of `citations`; `start:end` are code points of the text."""
    return {
        "sentences": [_sentence_fields(sentence) for sentence in check.sentences],
        "citations": [dict(citation_fields(citation)) for citation in check.citations],
        "index_version": check.index_version,
    }


def _sentence_fields(sentence: Sentence) -> dict[str, Any]:
    return {
        "text": sentence.text,
        "start": sentence.start,
        "end": sentence.end,
        "state": sentence.state,
        "citations": list(sentence.citations),
        "missing": list(sentence.missing),
        "elsewhere": list(sentence.elsewhere),
        "differs": [asdict(one) for one in sentence.differs],
    }
