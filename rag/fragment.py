"""A quote → an address that opens the article there, in any browser that knows text fragments.

Directive `#:~:text=[prefix-,]start[,end][,-suffix]` of the WICG URL Fragment Text Directives. Browsers match whole
words, none of the four across paragraphs, so each is made of whole words of one line.
"""

from urllib.parse import quote as percent
from urllib.parse import urldefrag

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
    """The last words of the line that ends where the quote begins; the first may be cut and goes."""
    if not prefix.strip():
        return ""
    line = prefix.rstrip().splitlines()[-1]
    whole = line.split() if line[0].isspace() or line != prefix.rstrip() else line.split()[1:]
    return " ".join(whole[-_CONTEXT_WORDS:])


def _after(suffix: str) -> str:
    """The first words of the line that begins where the quote ends; the last may be cut and goes."""
    if not suffix.strip():
        return ""
    line = suffix.lstrip().splitlines()[0]
    whole = line.split() if line[-1].isspace() or line != suffix.lstrip() else line.split()[:-1]
    return " ".join(whole[:_CONTEXT_WORDS])


def _encoded(text: str) -> str:
    """The hyphen, comma and ampersand are signs of the directive itself."""
    return percent(text, safe="").replace("-", "%2D")
