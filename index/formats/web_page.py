"""Saved web pages, and what other formats become on the way: HTML → pieces, in the order in which a person reads them.

Every word that a browser would show is kept. trafilatura tells the article from the rest; the rest is an aside.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from datetime import date
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, XHTMLParser, document_fromstring, xhtml_to_html

from index.cleaning.clean import UNSHOWN
from index.cleaning.pieces import Piece
from index.errors import UnreadableFile
from index.formats.document import Unread
from index.formats.extracted import CELLS, extracted, line, piece
from index.formats.metadata import Facts, Metadata
from index.formats.text import decode_page
from index.records import Document, Kind

MOST_BYTES = 10_000_000

_UNSEEN = {"head", "script", "style", "template", "noscript", "iframe", "object", "svg", "canvas", "audio", "video",
           "input", "textarea", "datalist", "math"}  # fmt: skip
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_INLINE = {"a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i",
           "img", "ins", "kbd", "label", "mark", "output", "q", "rp", "rt", "ruby", "s", "samp", "small", "span",
           "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"}  # fmt: skip
_FURNITURE = {"nav", "footer", "aside", "form", "button", "select", "dialog", "menu"}
_FURNITURE_ROLES = {"navigation", "banner", "contentinfo", "complementary", "search", "dialog", "alert", "menu"}
_FURNITURE_NAMES = re.compile(
    r"(?:^|[\s_-])(?:share|sharing|social|newsletter|subscribe|signup|cookies?|consent|advert\w*|ads?|promo\w*|related|breadcrumbs?"
    r"|sidebar|comments?|popup|modal|paywall|toolbar|skip|pagination|pager|print|byline|meta|dateline"
    r"|editsection)(?:$|[\s_-])",
    re.IGNORECASE,
)
_HIDDEN = re.compile(UNSHOWN, re.IGNORECASE)
_NOTE_MARK = re.compile(r"\[?(?:\d{1,3}|[a-z]|[*†‡§↑↩^])\]?\ufe0e?")
_SEE_ALSO = re.compile(r"(?:see|read)\s+(?:also|more|next)\b|related\b", re.IGNORECASE)
_MOSTLY = 0.8  # of the characters of a piece that stands in links, and is one itself
_LONG = 25  # characters without blanks, from which on a line of the article is taken for no chance
_XML = re.compile(r"\A\ufeff?\s*<\?xml[^>]{0,200}\?>")
_XHTML = "http://www.w3.org/1999/xhtml"
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_RAISED = re.compile(r"\s*[\d+−-]{0,3}\d\s*")
_RAISE = str.maketrans("0123456789+−-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_LEAST_SURE = 3  # lines of the article that tell where it stands
_MOST_DEPTH = 250  # of elements; libxml2 gives up at 256
_MOST_SPAN = 50  # rows over which a cell may reach


def read(path: Path, document_id: str, metadata: Metadata) -> Iterator[Document | Unread]:
    """The one document of the page. Raises UnreadableFile."""
    if path.stat().st_size > MOST_BYTES:
        raise UnreadableFile(f"is larger than {MOST_BYTES:,} bytes, which is no page to read; split it")
    tree = parse(path.read_bytes())
    found = _facts(tree)
    yield extracted(document_id, pieces_of(tree, _article(tree)), metadata.of(document_id), found)


def parse(page: bytes | str) -> HtmlElement:
    """The page's tree; bytes are read in the encoding that they name, else in the one that they look like.

    Raises UnreadableFile.
    """
    text = decode_page(page) if isinstance(page, bytes) else page
    text, declared = _XML.subn("", text, count=1)  # a text that is decoded must not name an encoding
    if declared or _XHTML in text[:2000]:
        with suppress(etree.XMLSyntaxError):
            tree: HtmlElement = etree.fromstring(text, XHTMLParser(resolve_entities=False, no_network=True))
            xhtml_to_html(tree)
            return tree
    try:
        return document_fromstring(text, parser=HTMLParser(remove_comments=True, remove_pis=True))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableFile("is empty, or no web page") from error


def _facts(tree: HtmlElement) -> Facts:
    """What the page says of itself, in its head or near its title."""
    from trafilatura import extract_metadata  # loads for a second, and only pages need it

    found = extract_metadata(deepcopy(tree), date_config={"extensive_search": False, "original_date": True})
    address = found.url or ""
    try:
        published = date.fromisoformat(found.date) if found.date else None
    except ValueError:
        published = None
    return Facts(
        title=line(found.title or ""),
        author=line(found.author or "").replace("; ", ", "),
        publisher=line(found.sitename or ""),
        published=published,
        language=(tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or "")[:2].lower(),
        url=address if re.fullmatch(r"https?://\S{1,1990}", address) else "",
    )


def _article(tree: HtmlElement) -> frozenset[str]:
    """How each stretch of the article begins, without blanks, as trafilatura finds it; nothing where it finds none."""
    from trafilatura import bare_extraction

    found = bare_extraction(deepcopy(tree), favor_recall=True, include_comments=False)
    body = getattr(found, "body", None)
    texts = [packed(text) for text in body.itertext()] if body is not None else []
    whole, starts = "".join(texts), accumulate(map(len, texts), initial=0)
    return frozenset(whole[at : at + _LONG] for at in starts)


class _Where(NamedTuple):
    """What an element inherits from those that it stands in."""

    kind: Kind = "text"
    lead: int = -1
    level: int = 0  # of a heading
    furniture: bool = False  # by its element or role
    named: bool = False  # by its class or id, as authors of pages choose them
    linked: bool = False
    bold: bool = False
    linklist: bool = False


class _FoundPiece(NamedTuple):
    piece: Piece
    place: _Where
    element: HtmlElement
    title: bool


class _PageWalk:
    """One way through a tree; `found` grows by a piece where a block ends."""

    def __init__(self) -> None:
        self.found: list[_FoundPiece] = []
        self._text: list[tuple[str, bool, bool]] = []  # with whether it stands in a link, and is bold

    def block(self, element: HtmlElement, place: _Where, depth: int = 0) -> None:
        """An element that begins and ends lines, and all that stands in it."""
        if depth > _MOST_DEPTH:  # the parser lost what stands deeper
            raise UnreadableFile(f"is nested more than {_MOST_DEPTH} elements deep; save the page as text")
        place = _inherited(element, place)
        self._add(element.text, place)
        for child in element:
            self._child(child, element, place, depth + 1)
            self._add(child.tail, place)
        if element.tag not in _INLINE or _is_named(element):
            self._end(element, place)

    def _child(self, child: HtmlElement, parent: HtmlElement, place: _Where, depth: int) -> None:
        if not isinstance(child.tag, str) or child.tag in _UNSEEN or _is_hidden(child):
            return
        if child.tag in ("br", "hr"):
            self._text.append(("\n", False, False))
        elif child.tag in _INLINE and not _is_named(child):
            before = child.getprevious()
            if before is not None and before.tag in ("a", "time") and not before.tail:
                self._add(" ", place)  # style alone parts them
            if child.tag == "sup" and _RAISED.fullmatch("".join(child.itertext())) and not _is_note_mark(child):
                self._add("".join(child.itertext()).strip().translate(_RAISE), place)  # 10⁶ is not 106
            elif not _is_note_mark(child):
                linked, bold = place.linked or child.tag == "a", place.bold or child.tag in ("b", "strong")
                self.block(child, place._replace(linked=linked, bold=bold), depth)
        else:
            self._end(parent, place)
            lists = {"ul": self._list, "ol": self._list, "dl": self._definitions}
            special = lists | {"table": self._table, "pre": self._code}
            special.get(child.tag, self.block)(child, place, depth)

    def _list(self, element: HtmlElement, place: _Where, depth: int) -> None:
        links = [item for item in element if item.tag == "li"]
        linklist = len(links) > 1 and all(_is_link(item) for item in links)
        lead = len(self.found) - 1 if place.kind == "item" else -1  # a list in an item belongs to that
        self.block(element, place._replace(kind="item", lead=lead, linklist=linklist), depth)

    def _definitions(self, element: HtmlElement, place: _Where, depth: int) -> None:
        """What is defined, or asked, leads its definition."""
        term, above, asked = -1, "", False
        for child in element.iter("dt", "dd"):
            if next(child.iterancestors("dl")) is not element or _is_hidden(child):
                continue
            if child.tag == "dt":
                asked = "".join(child.itertext()).rstrip().endswith("?")
                self.block(child, place._replace(bold=True, lead=term if above == "dt" else -1), depth)
                term = len(self.found) - 1
            else:
                self.block(child, place._replace(kind="text" if asked else "item", lead=term), depth)
            above = child.tag

    def _code(self, element: HtmlElement, place: _Where, depth: int) -> None:
        for text in "".join(element.itertext()).splitlines():
            shown = "".join(char for char in text.expandtabs(4) if char.isprintable()).rstrip()
            self._keep("code", shown, place, element)

    def _table(self, element: HtmlElement, place: _Where, depth: int) -> None:
        rows = list(_rows(element)) if not _lays_out(element) else []
        if not any(len(row.cells) > 1 for row in rows):
            self.block(element, place, depth)
            return
        for caption in element.iter("caption"):
            self.block(caption, place, depth)
        header, first_is_header = -1, _reads_as_header(rows)
        for number, row in enumerate(rows):
            if not any(row.cells):
                continue
            text = CELLS.join(row.cells)
            is_header = row.header or (number == 0 and first_is_header)
            if sum(map(bool, row.cells)) == 1 and (is_header or len(row.cells) == 1):  # over all columns
                self._keep("text", "".join(row.cells), place, element)
                continue
            lead = -1 if is_header else header
            self._keep("header" if is_header else "row", text, place._replace(lead=lead), element)
            header = len(self.found) - 1 if is_header else header

    def _add(self, text: str | None, place: _Where) -> None:
        if text:
            self._text.append((_BLANKS.sub(" ", text), place.linked, place.bold))

    def _end(self, element: HtmlElement, place: _Where) -> None:
        """What was read since the last block ended becomes pieces: one, or one a line where the author broke lines."""
        text = "".join(part for part, _, _ in self._text)
        links = sum(len(packed(part)) for part, linked, _ in self._text if linked)
        bold = all(is_bold or not part.strip() for part, _, is_bold in self._text)
        self._text = []
        mostly = bool(links) and links >= _MOSTLY * len(packed(text))
        linked = mostly and (place.linklist or bool(_SEE_ALSO.match(text.strip())))
        for one in _joined(text.split("\n")):
            self._keep(place.kind, one, place, element, bold=bold, linked=linked)

    def _keep(
        self, kind: Kind, text: str, place: _Where, element: HtmlElement, *, bold: bool = False, linked: bool = False
    ) -> None:
        shown = text if kind == "code" else line(text)
        if shown.strip():
            more = {"bold": len(shown) * bold, "linked": linked, "level": place.level}
            one = piece(kind, shown, len(self.found), place.lead, **more)
            self.found.append(_FoundPiece(one, place, element, element.tag == "h1"))


class _Row(NamedTuple):
    cells: tuple[str, ...]
    header: bool


def pieces_of(tree: HtmlElement, article: Set[str] = frozenset()) -> list[Piece]:
    """All that the tree shows. `article`: how lines begin that are known to be of its article, without blanks."""
    walk = _PageWalk()
    walk.block(tree, _Where())
    inside = _inside(walk.found, article)
    return [
        one.piece if kept else replace(one.piece, kind="aside", lead=-1)
        for one, kept in zip(walk.found, inside, strict=True)
    ]


def _inside(found: list[_FoundPiece], article: Set[str]) -> list[bool]:
    """Of each piece whether it is of the article: the smallest element that holds all its long lines, and its title."""
    begins = [packed(one.piece.text)[:_LONG] for one in found]
    sure = [
        not one.place.furniture and len(begin) == _LONG and begin in article
        for one, begin in zip(found, begins, strict=True)
    ]
    holder = _holder([one.element for one, is_sure in zip(found, sure, strict=True) if is_sure])
    if holder is not None and sum(sure) < _LEAST_SURE:  # it may be one line of many
        around = (holder, *holder.iterancestors())
        holder = next((one for one in around if one.tag in ("article", "main", "body")), None)
    within = set(holder.iter()) if holder is not None else None
    return [
        is_sure
        or one.title
        or (not (one.place.furniture or one.place.named) and (within is None or one.element in within))
        for one, is_sure in zip(found, sure, strict=True)
    ]


def _holder(elements: Sequence[HtmlElement]) -> HtmlElement | None:
    """The smallest element that holds all of these; None where there are none. Its children come before it."""
    held = Counter(elements)
    for element in reversed(list(elements[0].getroottree().iter()) if elements else []):
        if held[element] == len(elements):
            return element
        held[element.getparent()] += held[element]
    return None


def packed(text: str) -> str:
    """For comparing texts that differ in white space only."""
    return "".join(text.split())


def _inherited(element: HtmlElement, place: _Where) -> _Where:
    tag = element.tag
    furniture = tag in _FURNITURE or element.get("role", "").lower() in _FURNITURE_ROLES
    furniture |= tag == "header" and not any(True for _ in element.iterancestors("article", "main"))
    furniture = furniture and not any(True for _ in element.iter("article", "main", "h1"))  # as in a form around all
    place = place._replace(furniture=place.furniture or furniture, named=place.named or _is_named(element))
    return place._replace(kind="heading", lead=-1, level=int(tag[1])) if tag in _HEADINGS else place


def _is_named(element: HtmlElement) -> bool:
    """Whether its class or id says that it is furniture."""
    names = f"{element.get('class', '')} {element.get('id', '')}"
    return element.tag not in ("body", "html", "main", "article") and bool(_FURNITURE_NAMES.search(names))


def _is_hidden(element: HtmlElement) -> bool:
    return element.get("hidden") is not None or bool(_HIDDEN.search(element.get("style", "")))


def _is_note_mark(element: HtmlElement) -> bool:
    """A sign that leads to a note on the same page, or back from it: no word."""
    links = [element] if element.tag == "a" else element.findall(".//a") if element.tag == "sup" else []
    to_notes = any(len(link.get("href", "")) > 1 and link.get("href").startswith("#") for link in links)
    return to_notes and bool(_NOTE_MARK.fullmatch("".join(element.itertext()).strip()))


def _is_link(item: HtmlElement) -> bool:
    """Whether nothing but a link stands in the item of a list."""
    text = packed("".join(item.itertext()))
    linked = packed("".join("".join(link.itertext()) for link in item.iter("a") if link.get("href")))
    return bool(text) and len(linked) >= _MOSTLY * len(text)


def _joined(lines: list[str]) -> Iterator[str]:
    """Lines that an author broke, put together where a sentence runs on."""
    joined = [""]
    for one in map(line, lines):
        latest = joined[-1]
        if latest and one and (one[0].islower() or latest[-1] in ",;(") and not latest.endswith((".", "!", "?", ":")):
            joined[-1] = f"{latest} {one}"
        else:
            joined.append(one)
    return filter(None, joined)


def _lays_out(table: HtmlElement) -> bool:
    """Whether the table places what is no table: old pages and mails are built like that."""
    held = any(True for _ in table.iter("h1", "h2", "article", "form"))
    return held or table.get("role") in ("presentation", "none") or sum(1 for _ in table.iter("table")) > 1


def _rows(table: HtmlElement) -> Iterator[_Row]:
    """With a cell that reaches over several rows in each of them."""
    reaching: dict[int, tuple[str, int]] = {}
    for row in table.iter("tr"):
        cells: list[str] = []
        given = [cell for cell in row if cell.tag in ("td", "th") and not _is_hidden(cell)]
        for cell in given:
            _fill(cells, reaching)
            text = _cell_text(cell)
            if (rows := min(_whole(cell.get("rowspan")), _MOST_SPAN)) > 1:
                reaching[len(cells)] = (text, rows)
            over = min(_whole(cell.get("colspan")), _MOST_SPAN) if len(given) > 1 else 1
            cells += [text] * max(over, 1)
        _fill(cells, reaching)
        reaching = {column: (text, left - 1) for column, (text, left) in reaching.items() if left > 1}
        is_header = bool(given) and (row.getparent().tag == "thead" or all(cell.tag == "th" for cell in given))
        yield _Row(tuple(cells), is_header)


def _fill(cells: list[str], reaching: dict[int, tuple[str, int]]) -> None:
    while len(cells) in reaching and reaching[len(cells)][1] > 0:
        cells.append(reaching[len(cells)][0])


def _cell_text(cell: HtmlElement) -> str:
    walk = _PageWalk()
    walk.block(cell, _Where())
    return " ".join(one.piece.text for one in walk.found)


def _whole(value: str | None) -> int:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 5 else 1


def _reads_as_header(rows: list[_Row]) -> bool:
    """Where no row says so: short words over every column, without a number."""
    first = rows[0].cells
    plain = all(cell and len(cell) <= 40 and not any(char.isdigit() for char in cell) for cell in first)
    return plain and len(rows) > 2 and not any(row.header for row in rows) and len({*first}) == len(first)
