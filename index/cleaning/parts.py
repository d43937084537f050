"""What the parsers of Markdown and of plain text make of a file, and which of its lines read as one."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from index.cleaning.furniture import is_furniture
from index.records import Kind, Span

SENTENCE_END = re.compile(r"[.!?…:;。！？：；।॥؟۔][\"'”’»)\]」』）*_]*(?:\[\^?\w{1,20}\])*$")
ITEM = re.compile(r"(?P<bullet>[-*+•‣◦▪–])[ \t]+(?=\S)|(?:\(?\d{1,3}[.)]|\(?[a-zA-Z]\))[ \t]+(?=\S)")
FIELD = re.compile(r"(?:\*\*|__)?[^\W\d_][\w'’.&()/ -]{0,40}(?:\*\*|__)?:(?:\*\*|__)?[ \t]+\S")
BULLET = re.compile(r"[•‣◦▪][ \t]+(?=\S)")  # that is no sign of Markdown
TIME = r"[\[(]?\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?[\])]?"
TURN = re.compile(rf"{TIME}[ \t]+\S")
SPEAKER_ALONE = re.compile(r"[A-Z][A-Z.'’ -]{2,40}:")
_CUT_WORD = re.compile(r"[^\W_](?:[-\u2010]|\u00ad)$")
LONGEST_WRAPPED = 120
SHORTEST_WRAPPED = 40
_SHORTEST_UNFINISHED = 25  # a shorter line is a label, or one of many short ones
_TITLE_CHARS = 80


class Part(NamedTuple):
    """A piece of an article as its file has it."""

    kind: Kind
    lines: tuple[Span, ...]  # of the source, that read as one; without the signs of lists and quotations before them
    lead: int = -1  # where the first line of the part stands that introduces this one; -1 where the parser saw none
    level: int = 0  # of a heading that has a sign, 1 for the highest; else 0


def paragraphs(source: str, lines: Sequence[Span], width: int | None) -> Iterator[tuple[Span, ...]]:
    """Lines without a blank one between them, in groups that read as one.

    `width` is that of lines filled by a program, 0 where none are; None says that all lines read as one unless they
    look otherwise, as in Markdown.
    """
    group: list[Span] = []
    for line in lines:
        if group and not runs_on(source[slice(*group[-1])], source[slice(*line)], width):
            yield tuple(group)
            group = []
        group.append(line)
    if group:
        yield tuple(group)


def runs_on(before: str, after: str, width: int | None) -> bool:
    """Does a line go on with what the line before it says?"""
    before, broken = before.rstrip(), before.endswith(("  ", "\\"))
    closed = bool(SENTENCE_END.search(before))
    if TURN.match(after) or BULLET.match(after) or (FIELD.match(after) and (closed or FIELD.match(before))):
        return False
    unfinished = not closed and len(before) >= _SHORTEST_UNFINISHED and after[:1].islower()
    if unfinished or _CUT_WORD.search(before) or SPEAKER_ALONE.fullmatch(before):
        return True
    if (closed and is_furniture(after.strip("*_ "))) or is_furniture(before.strip("*_ ")):
        return False
    if width is None:
        above = len(before) <= _TITLE_CHARS and not before.endswith(",") and len(after) > LONGEST_WRAPPED  # a heading
        return not (broken or (closed and len(before) > LONGEST_WRAPPED) or (above and not closed))
    return len(before) <= LONGEST_WRAPPED and 0 < width < len(before) + 1 + len(after.split(None, 1)[0])


def filled_width(source: str, groups: Sequence[Sequence[Span]]) -> int:
    """The width to which a program filled the lines of these paragraphs, 0 where none did."""
    widths = [0]
    for group in groups:
        width = max(line.end - line.start for line in group)
        if len(group) > 2 and SHORTEST_WRAPPED <= width <= LONGEST_WRAPPED:
            texts = [source[line.start : line.end].rstrip() for line in group[:-1]]
            long = [text for text in texts if len(text) >= SHORTEST_WRAPPED and not is_furniture(text)]
            widths += [width] if any(not SENTENCE_END.search(text) for text in long) else []
    return max(widths)
