"""Receipts: what lets a client check a quote without trusting whoever served it.

A receipt proves where the words come from, not that they are true; title, author, date and addresses are not covered.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote as percent
from urllib.parse import urldefrag

from index.records import Document, Span
from index.storage.merkle import CorpusTree, Proof, revision
from rag.answer import Citation
from rag.receipts.signing import Signature, corpus_message, sign

# A span of a text in other units (UTF-16 code units for JavaScript, bytes of UTF-8), and what stands around it.

AROUND = 32  # code points of a prefix, and of a suffix


def utf16_span(text: str, span: Span) -> Span:
    """In 16-bit code units of `text`; `span` is in code points."""
    start = _units(text[: span.start])
    return Span(start, start + _units(text[span.start : span.end]))


def byte_span(text: str, span: Span) -> Span:
    """In bytes of `text` as UTF-8; `span` is in code points."""
    start = len(text[: span.start].encode())
    return Span(start, start + len(text[span.start : span.end].encode()))


def around(text: str, span: Span) -> tuple[str, str]:
    """The 32 code points before the span and after it, fewer only where the text begins or ends."""
    return text[max(span.start - AROUND, 0) : span.start], text[span.end : span.end + AROUND]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


# A quote → an address that opens the article there, in any browser that knows text fragments.
# Directive `#:~:text=[prefix-,]start[,end][,-suffix]` of the WICG URL Fragment Text Directives. Browsers match whole
# words, none of the four across paragraphs, so each is made of whole words of one line.

_WHOLE_WORDS = 12  # a longer quote is named by its first and last words
_EDGE_WORDS = 5
_CONTEXT_WORDS = 3


def text_url(address: str, quote: str, prefix: str, suffix: str) -> str:
    """`address` with the directive; a fragment that it has already stays in front of it."""
    base, fragment = urldefrag(address)
    parts = [_encoded(part) for part in _quoted(quote)]
    before, after = _before(prefix), _after(suffix)
    if before:
        parts.insert(0, f"{_encoded(before)}-")
    if after:
        parts.append(f"-{_encoded(after)}")
    return f"{base}#{fragment}:~:text={','.join(parts)}"


def _quoted(quote: str) -> list[str]:
    lines = [words for line in quote.splitlines() if (words := line.split())]
    if len(lines) == 1 and len(lines[0]) <= _WHOLE_WORDS:
        return [" ".join(lines[0])]
    return [" ".join(lines[0][:_EDGE_WORDS]), " ".join(lines[-1][-_EDGE_WORDS:])] if lines else [""]


def _before(prefix: str) -> str:
    """The last words of the line that ends where the quote begins, without a first that was cut."""
    lines = prefix.rstrip().splitlines()
    if not lines:
        return ""
    cut = len(lines) == 1 and len(prefix) == AROUND and not prefix[0].isspace()
    return " ".join(lines[-1].split()[1 if cut else 0 :][-_CONTEXT_WORDS:])


def _after(suffix: str) -> str:
    """The first words of the line that begins where the quote ends, without a last that was cut."""
    lines = suffix.lstrip().splitlines()
    if not lines:
        return ""
    cut = len(lines) == 1 and len(suffix) == AROUND and not suffix[-1].isspace()
    words = lines[0].split()
    return " ".join(words[: len(words) - cut][:_CONTEXT_WORDS])


def _encoded(text: str) -> str:
    """The hyphen, comma and ampersand are signs of the directive itself."""
    return percent(text, safe="").replace("-", "%2D")


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


# What a corpus is, for people outside: its root, its documents with their hashes, and who signed for it.

FORMAT = "quotewell corpus v1"


def signature_of(corpus: CorpusTree, key_file: Path | None) -> Signature | None:
    """None without a key. Raises BadInput for a file that holds none."""
    return sign(key_file, corpus_message(corpus.root, corpus.documents)) if key_file else None


def manifest_of(corpus: CorpusTree, signature: Signature | None) -> dict[str, Any]:
    """JSON-able; whoever has it can build the root again."""
    return {
        "format": FORMAT,
        "root": corpus.root,
        "documents": corpus.documents,
        "entries": [entry._asdict() for entry in corpus.entries()],
        **_signed(signature),
    }


def corpus_fields(corpus: CorpusTree, index_version: str, signature: Signature | None) -> dict[str, Any]:
    """As it stands in every answer, JSON-able."""
    named = {"root": corpus.root, "documents": corpus.documents, "index_version": index_version}
    return named | _signed(signature)


def _signed(signature: Signature | None) -> dict[str, str | None]:
    return asdict(signature) if signature else {"signature": None, "public_key": None}


# JSON of which there is only one spelling (RFC 8785), and the id of an answer, a hash over it.
# Numbers are written as JavaScript writes them, so that a browser hashes the same bytes.

DEEPEST = 100  # levels; nothing of ours is nested deeper than six
ID_DIGITS = 32
_MEASURED = frozenset({"id", "workings", "confidence"})
_MEASURED_OF_HITS = frozenset({"score", "scores", "ranks"})


def answer_id(fields: Mapping[str, Any]) -> str:
    """32 hex digits over an answer's wire form but "id". Raises ValueError for what is no JSON.

    What explains an answer ("workings") and what is measured ("confidence", and "score", "scores" and "ranks" of its
    evidence) says why, not what, and may differ in a digit between processors: it is left out.
    """
    rest = _without(fields, _MEASURED)
    if isinstance(evidence := rest.get("evidence"), list | tuple):
        rest["evidence"] = [_without(hit, _MEASURED_OF_HITS) if isinstance(hit, Mapping) else hit for hit in evidence]
    return hashlib.sha256(canonical(rest)).hexdigest()[:ID_DIGITS]


def _without(fields: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


def canonical(value: object) -> bytes:
    """Raises ValueError for what has no JSON form: NaN, half a surrogate pair, objects of other kinds, great depth."""
    try:
        return _written(value, 0).encode()
    except UnicodeEncodeError as error:
        raise ValueError("a text holds half a surrogate pair") from error


_literal = json.JSONEncoder(ensure_ascii=False).encode  # one for all: `json.dumps` makes a new one for each
_string = json.encoder.encode_basestring  # what that does with a string


def _written(value: object, depth: int) -> str:
    if depth > DEEPEST:
        raise ValueError(f"nested deeper than {DEEPEST} levels")
    if isinstance(value, str):
        return str(_string(value))
    if value is None or isinstance(value, bool):
        return _literal(value)
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, Mapping):
        try:
            names = sorted(value, key=lambda name: str.encode(name, "utf-16-be", "surrogatepass"))
        except TypeError as error:
            raise ValueError("an object has a name that is no string") from error
        return f"{{{','.join(f'{_string(name)}:{_written(value[name], depth + 1)}' for name in names)}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(_written(part, depth + 1) for part in value)}]"
    raise ValueError(f"{type(value).__name__} is not a kind of JSON value")


def _number(value: float) -> str:
    """ECMAScript's Number::toString, in base 10."""
    if isinstance(value, int) and abs(value) < 2**53:
        return str(value)
    try:
        double = float(value)
    except OverflowError as error:
        raise ValueError("a number is beyond 1.8e308") from error
    if double == 0:
        return "0"
    decimal = Decimal(repr(double))
    if not decimal.is_finite():
        raise ValueError(f"{value} is not a JSON number")
    sign, figures, exponent = decimal.normalize().as_tuple()
    digits = "".join(map(str, figures))
    return ("-" if sign else "") + _placed(digits, len(digits) + int(exponent))


def _placed(digits: str, point: int) -> str:
    """The digits with the decimal point behind the first `point` of them."""
    if len(digits) <= point <= 21:
        return digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    mantissa = f"{digits[0]}.{digits[1:]}" if len(digits) > 1 else digits
    return f"{mantissa}e{point - 1:+d}"
