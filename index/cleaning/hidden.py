"""What of a file nobody sees: comments of HTML, MDX and Obsidian, scripts, styles, elements that are not displayed.

Only what is closed is hidden: an opening sign alone would hide the rest of the article. Linear in the text.
"""

import re
from collections.abc import Iterator

from index.records import Span

UNSHOWN = r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])"  # as a style has it
_CLOSING = {"<!--": "-->", "{/*": "*/}", "%%": "%%", "{#": "#}", "{{!--": "--}}", "{{/*": "*/}}"}
_OPENING = re.compile(
    r"""(?P<fence>^[ \t>]{0,20}(?P<mark>```+|~~~+)) | (?P<code>(?<!`)(?P<ticks>`{1,3})(?!`))
      | (?P<comment><!--|^[ \t]{0,20}\{/\*|\{\#(?=\s)|\{\{!--|\{\{/\*
          |(?:\{%-?|\{\{<)\s{0,9}comment\s{0,9}(?:-?%|>\})\}|\{::comment\})
      | (?P<percent>%%) | (?P<raw><(?P<of>script|style|template)\b[^<>]{0,1000}>)
      | (?P<element><(?P<name>[a-z][a-z0-9]{0,20})\b
          (?=[^<>]{0,1000}(?:"""
    + UNSHOWN
    + r"""|\shidden(?=[\s>=])))[^<>]{0,1000}>)""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_KINDS = ("fence", "code", "comment", "percent", "raw", "element")
_ELEMENT_CHARS = 20_000
_MOST_OPEN = 50  # elements without an end, after which no more are looked for
_CODE_CHARS = 1000  # a longer stretch between backticks is not one of code


def hidden(source: str, start: int = 0) -> Iterator[Span]:
    """The stretches of source[start:] that are not shown, ascending and apart; what is in code is shown."""
    if not any(sign in source for sign in ("<", "%%", "{")):
        return
    never: set[str] = set()  # closing signs that do not come any more
    open_elements = 0
    at = start
    while found := _OPENING.search(source, at):
        kind = next(name for name in _KINDS if found[name])
        begin, at = found.span()
        if kind == "fence":
            fence = re.compile(rf"^[ \t>]{{0,20}}{found['mark']}", re.MULTILINE).search(source, at)
            at = fence.end() if fence else len(source)
        elif kind == "code":
            end = source.find(found["ticks"], at, at + _CODE_CHARS)
            at = end + len(found["ticks"]) if end >= 0 else at
        elif kind == "element":
            end = _after_element(source, found["name"].lower(), at) if open_elements < _MOST_OPEN else 0
            open_elements += not end
            at = end or at
            yield from [Span(begin, end)] if end else []
        else:
            sign = found.group().lstrip()
            told = sign.replace("comment", "endcomment" if "%" in sign else "/comment").replace("{::", "{:")
            named = f"</{found['of']}>" if found["of"] else told
            if end := _after(source, _CLOSING.get(sign, named), at, never):
                yield Span(begin, end)
                at = end


def _after(source: str, closing: str, at: int, never: set[str]) -> int:
    """Behind the closing sign; 0 where there is none."""
    if closing in never:
        return 0
    end = source.find(closing, at)
    if end < 0:
        never.add(closing)
        return 0
    return end + len(closing)


def _after_element(source: str, name: str, at: int) -> int:
    """Behind the end of an element of which `at` stands behind the beginning; 0 where there is none close by."""
    depth = 1
    for tag in re.finditer(rf"<(/?){name}\b", source[at : at + _ELEMENT_CHARS], re.IGNORECASE):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return source.find(">", at + tag.start()) + 1
    return 0
