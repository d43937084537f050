"""Where a quote is direct speech: between quotation marks, also where they open before it or close after it."""

import re

_MARK = re.compile(r"[“”„«»\"]|(?<!\w)‘(?=\w)|(?<=[.,!?…])’(?!\w)")
_OPENS, _CLOSES = "“„«‘", "”»’"


def spoken(before: str, quote: str) -> list[tuple[int, int]]:
    """Spans of the quote inside quotation marks; `before` is the text that leads to it in its paragraph."""
    open_at = 0 if _ends_open(before) else -1
    spans: list[tuple[int, int]] = []
    for match in _MARK.finditer(quote):
        at, opens = match.start(), _opens(quote, match.start())
        if opens and open_at < 0:
            open_at = at
        elif not opens:
            spans.append((max(open_at, 0), at + 1) if open_at >= 0 or not spans else (spans[-1][1], at + 1))
            open_at = -1
    return [*spans, (open_at, len(quote))] if open_at >= 0 else spans


def _ends_open(text: str) -> bool:
    marks = [match.start() for match in _MARK.finditer(text)]
    return bool(marks) and _opens(text, marks[-1])


def _opens(text: str, at: int) -> bool:
    """A straight mark opens where a word follows and none stands before."""
    if text[at] != '"':
        return text[at] in _OPENS
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    return bool(after.strip()) and not (before.strip() and before not in "([—–-")
