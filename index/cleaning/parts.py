"""What the parsers of Markdown and of plain text make of a file, and which of its lines read as one."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from index.cleaning.furniture import is_furniture
from index.records import Kind, Span
from index.text.sentences import FIELD

SENTENCE_END = re.compile(r"[.!?…:;。！？：；।॥؟۔][\"'”’»)\]」』）*_]*(?:\[\^?\w{1,20}\])*$")
ITEM = re.compile(r"(?P<bullet>[-*+•‣◦▪–:.])[ \t]+(?=\S)|(?:\(?\d{1,3}[.)]|\(?[a-zA-Z]\))[ \t]+(?=\S)")
BULLET = re.compile(r"[•‣◦▪:.][ \t]+(?=\S)")  # that is no sign of CommonMark; a colon defines the line above
QUESTION_LABELS = frozenset("q question frage f pregunta p domanda вопрос в 问 問 質問 سؤال س".split())
ANSWER_LABELS = frozenset("a answer antwort respuesta r réponse risposta ответ о 答 回答 جواب ج".split())
LABEL = re.compile(
    rf"(?:\*\*|__)?(?:{'|'.join(sorted(QUESTION_LABELS | ANSWER_LABELS))})\s?\d{{0,3}}"
    r"(?:[.:)](?:\*\*|__)?[ \t]+|：(?:\*\*|__)?[ \t]*)\S",
    re.IGNORECASE,
)
TIME = (  # of day, or in a recording, with or without the day before it
    r"[\[(]?(?:\d{1,4}[./-]\d{1,2}[./-]\d{2,4},?[ ])?\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?(?:[ ]?[AaPp][Mm])?[\])]?"
)
TURN = re.compile(rf"{TIME}[ \t]+\S")
SPEAKER_ALONE = re.compile(r"[A-Z][A-Z.'’ -]{2,40}:")
LETTER = re.compile(r"[^\W\d_]")
BARS = ("|", "│", "┃", "║")  # between cells
CUE = re.compile(r"(?:\d+:)?\d\d?:\d\d?[.,]\d{1,3}\s+-->\s.*")  # when a subtitle shows
_PICTURE = re.compile(r"!\[[^\[\]]{0,500}\](?:\([^()]{0,1000}\)|\[[^\[\]]{0,200}\])|!\[\[[^\[\]]{1,300}\]\]")
_CELL_GAPS = (  # what parts the cells of a line, and how many such lines make a table
    (re.compile(r"\t"), 2),
    (re.compile(r"(?<!\\)[|│┃║]"), 2),
    (re.compile(r"(?<=[^\s.!?]) {2,}(?=\S)"), 3),
)
CUT_WORD = re.compile(r"[^\W_][-\u2010\u00ac\u00ad]$")
LONGEST_WRAPPED = 120
SHORTEST_WRAPPED = 40
_SHORTEST_UNFINISHED = 25  # a shorter line is a label, or one of many short ones
_TITLE_CHARS = 80
_ENDS = re.compile(rf"{SENTENCE_END.pattern}|,$")


class MarkupPart(NamedTuple):
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
    if FIELD.match(after) and len(before) < _SHORTEST_UNFINISHED:
        return False  # "Opening hours"
    labelled = LABEL.match(after) and (before.endswith("?") or LABEL.match(before))
    if labelled or any(sign.fullmatch(line) for sign in (_PICTURE, CUE) for line in (before, after)):
        return False
    unfinished = not closed and len(before) >= _SHORTEST_UNFINISHED and after[:1].islower()
    if unfinished or CUT_WORD.search(before) or SPEAKER_ALONE.fullmatch(before):
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


def table(source: str, lines: Sequence[Span]) -> list[MarkupPart]:
    """Lines of as many cells each, between tabs, bars or wide gaps, the first as the header; empty where they are none.

    Lines "Name:    value" are a list of facts and no table.
    """
    cells = [_between_bars(source, line) for line in lines]
    texts = [source[slice(*line)] for line in cells]
    for gap, least in _CELL_GAPS:
        counts = {len(gap.findall(text)) for text in texts}
        if len(texts) >= least and len(counts) == 1 and min(counts) and not all(FIELD.match(text) for text in texts):
            header, *rows = cells
            return [MarkupPart("header", (header,)), *(MarkupPart("row", (row,), header.start) for row in rows)]
    return []


def listed(source: str, lines: Sequence[Span], *, below: bool) -> list[MarkupPart]:
    """Lines of a list without signs, as of ingredients: behind one that ends in a colon or, `below` a heading, alone.

    Each begins anew, none ends as a sentence does, and they are broken where there was room for the next word.
    """
    texts = [source[slice(*line)].strip() for line in lines]
    told = texts[1:] if texts[:1] and texts[0].endswith(":") else texts if below else []
    anew = all(text[:1].isupper() or text[:1].isdigit() for text in told) and not any(map(_ENDS.search, told))
    longest = max(map(len, told), default=0)
    room = [len(a) + 1 + len(b.partition(" ")[0]) <= longest for a, b in pairwise(told)]
    if len(told) < 3 or not anew or 2 * sum(room) < len(room):
        return []
    return [MarkupPart("item" if n >= len(texts) - len(told) else "text", (line,)) for n, line in enumerate(lines)]


def _between_bars(source: str, line: Span) -> Span:
    text = source[slice(*line)].rstrip()
    opens = text.startswith(BARS)
    return Span(line.start + opens, line.start + max(len(text) - text.endswith(BARS), opens))
