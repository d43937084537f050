"""A quote → an address that opens the article there, in any browser that knows text fragments.

Directive `#:~:text=[prefix-,]start[,end][,-suffix]` of the WICG URL Fragment Text Directives. Browsers match whole
words, none of the four across paragraphs, so each is made of whole words of one line.
"""

from urllib.parse import quote as percent
from urllib.parse import urldefrag

from rag.receipts.offsets import AROUND

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
