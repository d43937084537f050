"""Plain text → parts: what its blank lines, indents, signs and the lengths of its lines say."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from index.cleaning.parts import CUE, ITEM, SENTENCE_END, MarkupPart, filled_width, listed, paragraphs, runs_on, table
from index.records import Span

LINE = re.compile(r"([^\r\n\f]*)(?:\r\n?|\n|\f|\Z)")
_RULE = re.compile(r"\s*(?:[-*_=~]\s*){3,}")
_GRID = re.compile(r"[ \t]*(?:\+?[-=:]{2,}(?:\+[-=:]*)+|[─-╿]{3,})[ \t]*")  # a line drawn between the rows of a table
_UNDERLINE = re.compile(r"(={3,}|-{3,})[ \t]*")
_QUOTED = re.compile(r"[ \t\ufeff]*(?:>[ \t]?)*[ \t]*")
_WROTE = re.compile(
    r"(?:on|am|le|el)\b.*(?:wrote|schrieb|écrit|escribió)\b.*:\s*", re.IGNORECASE
)  # of a mail, quoted below
_CODE_INDENT = 4
_HEADING_CHARS = 100


def plain_parts(source: str, start: int = 0) -> list[MarkupPart]:
    """The parts of source[start:] in reading order."""
    groups = list(_groups(source, start))
    width = filled_width(source, groups)
    parts: list[MarkupPart] = []
    other = False  # what another mail said, which this one answers
    for group in groups:
        other = other and source[group[0].start] == ">"
        introduced = bool(parts) and source[parts[-1].lines[-1].start : parts[-1].lines[-1].end].rstrip().endswith(":")
        found = _parts(source, group, width, introduced=introduced or (bool(parts) and parts[-1].kind == "code"))
        parts += (part._replace(kind="aside", level=0) if other else part for part in found)
        other = other or bool(_WROTE.fullmatch(source, *group[-1]))
    return parts


def _groups(source: str, start: int) -> Iterator[list[Span]]:
    """Lines without a blank one between them; a line of signs is as good as a blank one."""
    group: list[Span] = []
    for found in LINE.finditer(source, start):
        line = found.group(1)
        if _GRID.fullmatch(line):
            continue
        if line.strip(" \t\ufeff\u200b>") and (
            not _RULE.fullmatch(line) or (len(group) == 1 and _UNDERLINE.fullmatch(line))
        ):
            group.append(Span(*found.span(1)))
            if _WROTE.fullmatch(line):
                yield group
                group = []
        elif group:
            yield group
            group = []
    if group:
        yield group


def _parts(source: str, group: Sequence[Span], width: int, *, introduced: bool) -> Iterator[MarkupPart]:
    quoted = [_QUOTED.match(source, *line) for line in group]
    lines = [Span(sign.end() if sign else line.start, line.end) for sign, line in zip(quoted, group, strict=True)]
    indents = [at.start - line.start for at, line in zip(lines, group, strict=True)]
    texts = [source[line.start : line.end] for line in lines]
    if introduced and min(indents) >= _CODE_INDENT and not any(ITEM.match(text) for text in texts):
        yield from (MarkupPart("code", (line,)) for line in group)
    elif (cue := next((n for n, text in enumerate(texts[:2]) if CUE.fullmatch(text)), -1)) >= 0:  # of a subtitle
        yield from (MarkupPart("aside", (line,)) for line in lines[: cue + 1])
        yield from (MarkupPart("text", tuple(lines[cue + 1 :])),) if lines[cue + 1 :] else ()
    elif rows := table(source, lines) or listed(source, lines, below=False):
        yield from rows
    elif len(lines) > 1 and _UNDERLINE.fullmatch(texts[1]) and len(texts[0]) <= _HEADING_CHARS:
        yield MarkupPart("heading", (lines[0],), level=1 if texts[1].startswith("=") else 2)
        yield from _parts(source, group[2:], width, introduced=False) if len(group) > 2 else ()
    else:
        yield from _paragraphs(source, lines, indents, width)


def _paragraphs(source: str, lines: Sequence[Span], indents: Sequence[int], width: int) -> Iterator[MarkupPart]:
    """Items of lists with the lines that go on with them, and the paragraphs between."""
    begins: list[int] = []  # of items, and of what follows the last
    items: dict[int, tuple[int, int]] = {}  # of each, where it stands, and the one that it is under, or -1
    above: list[tuple[int, int]] = []  # indent and place of the item we are in and of those that it is under
    for n, line in enumerate(lines):
        before = source[slice(*lines[n - 1])].rstrip() if n else ""
        found = ITEM.match(source, *line)
        if found and (not before or above or SENTENCE_END.search(before)):
            start = found.end() if found["bullet"] else line.start
            above = [*((indent, at) for indent, at in above if indent < indents[n]), (indents[n], start)]
            begins.append(n)
            items[n] = (start, above[-2][1] if len(above) > 1 else -1)
        elif above and indents[n] <= above[-1][0] and not runs_on(before, source[slice(*line)], width):
            above = []
            begins.append(n)
    for first, last in pairwise([*({0} - {*begins}), *begins, len(lines)]):
        if first in items:
            start, lead = items[first]
            yield MarkupPart("item", (Span(start, lines[first].end), *lines[first + 1 : last]), lead)
        else:
            yield from (MarkupPart("text", inside) for inside in paragraphs(source, lines[first:last], width))
