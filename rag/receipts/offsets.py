"""A span of a text in other units (UTF-16 code units for JavaScript, bytes of UTF-8), and what stands around it."""

from index.records import Span

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
