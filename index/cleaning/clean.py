"""Source text → clean text, and the map back, which `to_source` and `to_clean` of `index.records` read.

Clean text is what a person would read of the article, without Markdown signs and without page breaks inside sentences.
Nothing that shows is left out: what is not the article is marked as such. Every clean character is either the source
character that the map names, or white space put in its place.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from index.cleaning.front import front_of, with_front, with_notes
from index.cleaning.furniture import is_furniture
from index.cleaning.markdown import markdown_parts, markup_of
from index.cleaning.markup import Markup
from index.cleaning.parts import CUE, LABEL
from index.cleaning.pieces import Piece, mended, pieces
from index.cleaning.plain import plain_parts
from index.cleaning.rest import rest_parts
from index.cleaning.structure import with_structure
from index.records import Block, OffsetRun, Span, plain_blocks

_FOLLOWED = re.compile(r"[ \t]*+\S")
_SIDE_BY_SIDE = ("item", "row", "code", "links")  # stand line by line

# What nobody sees: comments of HTML, MDX, Obsidian, WebVTT and templates, scripts, styles, what is not displayed. Only
# what is closed is hidden: an opening sign alone would hide the rest of the article; of templates, what begins or ends
# a line: between words their signs are what is told of. Linear in the text.
UNSHOWN = r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])"  # as a style has it
_CLOSING = {"<!--": "-->", "{/*": "*/}", "%%": "%%", "{#": "#}", "{{!--": "--}}", "{{/*": "*/}}"}
_UNSEEN = re.compile(
    r"""(?P<fence>^[ \t>]{0,20}(?P<mark>```+|~~~+)) | (?P<code>(?<!`)(?P<ticks>`{1,3})(?!`))
      | (?P<comment><!--|^[ \t]{0,20}\{/\*
          |(?:(?P<first>^[ ]{0,3})|(?<=\S)|(?<=\S[ ]))(?P<told>\{\#(?=\s)|\{\{!--|\{\{/\*
            |(?:\{%-?|\{\{<)\s{0,9}comment\s{0,9}(?:-?%|>\})\}|\{::comment\}))
      | (?P<percent>%%) | (?P<raw><(?P<of>script|style|template)\b[^<>]{0,1000}>)
      | (?P<element><(?P<name>[a-z][a-z0-9]{0,20})\b
          (?=[^<>]{0,1000}(?:"""
    + UNSHOWN
    + r"""|\shidden(?=[\s>=])))[^<>]{0,1000}>)""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_OF_WEBVTT = re.compile(  # what is no cue, but for its first line
    r"(?:(?P<top>(?<![^\ufeff])WEBVTT.*\n)|(?:(?<=\n\n)|(?<=\n\r\n))(?:NOTE(?!\S)|(?:STYLE|REGION)\s*?$).*\n?)"
    r"(?:(?!.*-->).*\S.*\n?)*", re.MULTILINE
)  # fmt: skip
_ELEMENT_CHARS = 20_000
_MOST_OPEN = 50  # elements without an end, after which no more are looked for
_CODE_CHARS = 1000  # a longer stretch between backticks is not one of code


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The clean text with its map, what it is made of, and what it says of itself."""

    text: str
    runs: tuple[OffsetRun, ...]
    blocks: tuple[Block, ...]
    front: tuple[str, ...]  # the lines before the first paragraph; `formats` finds the date here
    title: str = ""  # "" where the text shows none
    hidden: int = 0  # characters of the source that nobody sees and that were left out, blanks not counted

    @property
    def marked(self) -> int:
        """Characters of the text that are marked as no part of the article."""
        return sum(block.end - block.start for block in self.blocks if block.kind == "aside")


def clean(source: str, *, start: int = 0, markup: Markup = "") -> Cleaned:
    """Clean source[start:], which is marked up in this way or else as it looks.

    The map counts from the beginning of `source`. Never raises; may come out empty.
    """
    if markup == "rest":
        shown = source
        parts, unseen = rest_parts(source, start)
    else:
        unseen = list(hidden(source, start))
        shown = _blanked(source, unseen)
        told, markup = bool(markup), markup or markup_of(shown[start:].replace("\r\n", " \n"))
        parts, more = markdown_parts(shown, start, markup, told=told) if markup else (plain_parts(shown, start), [])
        unseen += more
    gone = sum(1 for span in unseen for char in source[span.start : span.end] if not char.isspace())
    found = _marked(pieces(source, shown, parts, markup))
    return replace(_cleaned(mended(found) if markup in ("", "markdown") else found), hidden=gone)  # these have pages


def clean_pieces(found: Sequence[Piece]) -> Cleaned:
    """What a parser took out of a file that is no text. The map leads to what the pieces' own runs name."""
    return _cleaned(_marked(found))


def _marked(found: Sequence[Piece]) -> list[Piece]:
    """Furniture as such; a heading is none above what is said: "Cookies" may be what an article is about. A list
    that is numbered, or that a colon or a heading introduces, is as a whole or not at all: "Log in." may be a step."""
    aside = [
        one.kind in ("text", "heading", "item") and bool(is_furniture(one.text) or CUE.fullmatch(one.text))
        for one in found
    ]
    for kind, run in groupby(range(len(found)), key=lambda n: found[n].kind):
        listed = [*run]
        first, above = found[listed[0]].text, found[listed[0] - 1]
        steps = above.kind == "heading" or above.text.endswith(":") or first[:1].isdigit()
        if kind == "item" and steps and not all(aside[n] for n in listed):
            aside[listed[0] : listed[-1] + 1] = [False] * len(listed)
    said = [one.kind != "heading" and one.prose and not out for one, out in zip(found, aside, strict=True)]
    return [
        replace(one, kind="aside") if out and not (one.kind == "heading" and after) else one
        for one, out, after in zip(found, aside, (*said, False)[1:], strict=True)
    ]


def _cleaned(found: Sequence[Piece]) -> Cleaned:
    count = front_of(found)
    front = tuple(piece.text for piece in found[:count])
    title, titled = with_front(found, count)
    text, runs, blocks = _assembled(with_structure(with_notes(titled)))
    return Cleaned(text, runs, blocks, front, title)


def _blanked(source: str, unseen: Sequence[Span]) -> str:
    """The source with blanks, and line feeds as they were, where it is not shown; before text that begins a line they
    have no width, since it would be indented as code is."""
    kept: list[str] = []
    at = 0
    for span in unseen:
        begins = source[max(span.start - 1, 0) : span.start] in ("", "\n", "\r") and _FOLLOWED.match(source, span.end)
        blank = "\u200b" if begins else " "
        kept += [source[at : span.start], "".join(c if c in "\r\n" else blank for c in source[span.start : span.end])]
        at = span.end
    return "".join([*kept, source[at:]])


def _assembled(found: Sequence[Piece]) -> tuple[str, tuple[OffsetRun, ...], tuple[Block, ...]]:
    """The pieces laid out, where each character came from, and the blocks that they are."""
    text: list[str] = []
    runs: list[OffsetRun] = []
    begins: dict[int, int] = {}  # of each piece in the text, by its name
    at = 0
    for n, piece in enumerate(found):
        if n:
            together = piece.kind in _SIDE_BY_SIDE and found[n - 1].kind in (piece.kind, "header")
            text.append("\n" if together else "\n\n")
            at += len(text[-1])
        begins[piece.at] = at
        runs += [OffsetRun(at + run.clean, run.source, run.length) for run in piece.runs]
        text.append(piece.text)
        at += len(piece.text)
    named = {piece.at: piece for piece in found}
    return "".join(text), tuple(runs), tuple(b for piece in found for b in _blocks(piece, begins, named))


def _blocks(piece: Piece, begins: Mapping[int, int], named: Mapping[int, Piece]) -> Iterator[Block]:
    """One block, or two where the piece begins with a heading or question of its own: "**Conclusions.** The …"."""
    start = begins[piece.at] + len(piece.text) - len(piece.text.lstrip())
    end = begins[piece.at] + len(piece.text.rstrip())  # a row's last cell may be empty
    lead = Span(0, 0)
    if piece.lead in begins:
        introduces, begin = named[piece.lead], begins[piece.lead]
        lead = Span(begin, begin + (introduces.speaker if piece.kind == "turn" else len(introduces.text)))
    opening = _opening(piece)
    if opening:
        middle = begins[piece.at] + len(opening)
        yield Block("question" if opening.endswith("?") else "heading", start, middle)
        lead = Span(start, middle) if opening.endswith("?") else lead
        start = middle + 1
    yield Block(piece.kind, start, end, lead)


def _opening(piece: Piece) -> str:
    """What stands before the rest in bold, or as a question in an item: "When? On Friday."."""
    labelled = LABEL.match(piece.text)
    opening = piece.text[: piece.bold]
    if (piece.kind == "item" or labelled) and not opening.endswith("?"):
        opening = piece.text[: piece.text.find("? ") + 1]
    if piece.kind not in ("text", "item") or (labelled and not LABEL.match(piece.text[len(opening) :].lstrip())):
        return ""
    return opening if len(opening) < len(piece.text) and opening.endswith((".", "!", ":", "?")) else ""


def clean_plain(source: str) -> Cleaned:
    """For text that is clean already (a JSON field): the map is the identity and nothing is dropped."""
    runs = (OffsetRun(0, 0, len(source)),) if source else ()
    return Cleaned(source, runs, plain_blocks(source), ())


def hidden(source: str, start: int = 0) -> Iterator[Span]:
    """The stretches of source[start:] that are not shown, ascending and apart; what is in code is shown."""
    if source.startswith("WEBVTT", start) and "-->" in source:
        yield from (Span(max(one.start(), one.end("top")), one.end()) for one in _OF_WEBVTT.finditer(source, start))
        return
    if not any(sign in source for sign in ("<", "%%", "{")):
        return
    never: set[str] = set()  # closing signs that do not come any more
    open_elements = 0
    at = start
    while found := _UNSEEN.search(source, at):
        kind, (begin, at) = found.lastgroup, found.span()
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
            closing = _CLOSING.get(sign, f"</{found['of']}>" if found["of"] else told)
            end = source.find(closing, at) if closing not in never else -1
            if end < 0:
                never.add(closing)
            else:
                at = end + len(closing)
                named = found["told"] and found["first"] is None and _FOLLOWED.match(source, at)
                yield from [] if named else [Span(begin, at)]


def _after_element(source: str, name: str, at: int) -> int:
    """Behind the end of an element of which `at` stands behind the beginning; 0 where there is none close by."""
    depth = 1
    for tag in re.finditer(rf"<(/?){name}\b", source[at : at + _ELEMENT_CHARS], re.IGNORECASE):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return source.find(">", at + tag.start()) + 1
    return 0
