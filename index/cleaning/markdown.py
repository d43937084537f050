"""Markdown → parts; the home of markdown-it, of which only the block parser is used: its tokens know their lines."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from index.cleaning.markup import Markup
from index.cleaning.parts import BULLET, MarkupPart, listed, paragraphs, table
from index.records import Kind, Span

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_LINE = re.compile(r"([^\r\n]*)(\r\n?|\n|\Z)")  # what CommonMark calls a line
_UNSEEN = re.compile(r"^[\f\ufeff]+", re.MULTILINE)  # before a sign they hide it from the parser
_EQUALS = re.compile(  # a heading of AsciiDoc or of a wiki; "= 12" is a sum
    r"(?<![^\n ]\n)(?<![^\n] \n)^(={2,6}(?=[ \t]+\w)|=(?=[ \t]+[^\W\d_]))[ \t]++([^\n]{1,100}?)(?:[ \t]+=+)?[ \t]*$",
    re.MULTILINE,
)
_ORG_HEADING = re.compile(r"^(\*{1,6})[ \t]+(?:TODO[ \t]+|DONE[ \t]+)?(.*\S)", re.MULTILINE)
_ORG_BLOCK = re.compile(r"^[ \t]*#\+(?:begin|end)_(?:(src|example)|\w+).*", re.MULTILINE | re.IGNORECASE)
_ORG_TEXT = re.compile(r"^(?=\S)(?![#`]|(?:[-+]|\d+[.)])[ \t])", re.MULTILINE)  # what no list goes on with
_ORG = re.compile(  # and no Markdown, which may show some
    r"\A(?![\s\S]*^```)[\s\S]*?^#\+(?:begin_\w+|title:|author:|options:|startup:)", re.MULTILINE | re.IGNORECASE
)
_OF_ORG = re.compile(  # what nobody sees
    r"""^(?P<kept>[ \t]*\#\+begin_(?P<of>src|example)\b[^\n]*\n(?:(?![ \t]*\#\+begin_)[^\n]*\n)*?
        [ \t]*\#\+end_(?P=of))
      | ^[ \t]*(?:(?P<note>\#(?:[ ][^\n]*)?)|:(?:PROPERTIES|LOGBOOK):[ \t]*\n(?:[^\n]*\n){1,99}?[ \t]*:END:|:\w+:
      |\#\+(?!author|caption|date|description|email|subtitle|title)\w+:[^\n]*)[ \t]*$""",
    re.MULTILINE | re.IGNORECASE | re.VERBOSE,
)
_ORG_RULE = re.compile(r"^[ \t]*\|-[-+]*\+", re.MULTILINE)  # below the header of a table
_ADOC = re.compile(  # and no Markdown, which may show some
    r"""\A(?![\s\S]*^```)[\s\S]*?^(?:\[(?:source|listing|cols|options|%)[^\[\]\n]*\][ \t]*\n(?:\|===|----|\.\.\.\.)
      | \|={3,}[ \t]*\n\s*[^\s|]*\|(?!=))""",
    re.MULTILINE | re.VERBOSE,
)
_ADOC_ITEM = re.compile(r"^[ \t]*(\*{1,5}|\.{1,5})[ \t]+(?=\S)", re.MULTILINE)
_ADOC_TERM = re.compile(r"^(?=(?:[^\s:*.\[]|\*[^\s*])[^\n:]{0,80}::(?:[ \t]|$))", re.MULTILINE)
_COLUMNS = re.compile(r'cols=(?:"([^"]*)"|(\d+\*))')
_DRAWN = "|".join(rf"[^\n]{{{n},{n + 1}}}\n[=~^+-]{{{max(n - 1, 3)},{n + 2}}}" for n in range(2, 80, 2))
_OF_ADOC = (  # titles with a line below of about their length, code, tables, lines that nobody sees; slow to compile
    rf"""(?msx)(?<![^\n\] ]\n)(?<![^\n\]][ ]\n)^(?=(?P<above>[^\W_][^\n]*?)[ ]?\n(?P<sign>[=~^+-])(?P=sign)+[ \t]*$)
        (?:{_DRAWN})[ \t]*$
      | ^(?P<kept>(?P<ticks>`{{3,}}+)[^\n]*\n.*?^(?P=ticks)[^\n]*)
      | ^"""
    r"""(?P<title>\.[^\s.][^\n]*\n)?(?P<fence>-{4,}|\.{4,})[ \t]*\n(?P<code>.*?)^(?P=fence)[ \t]*$
      | ^(?:\[(?P<how>[^\[\]\n]*)\][ \t]*\n)?\|={3,}[ \t]*\n(?P<table>.*?)^\|={3,}[ \t]*$
      | ^/{4,}[ \t]*\n.*?^/{4,}[ \t]*$
      | ^(?:\[(?:["']?(?:quote|verse)\b[^,\[\]\n]*(?:,[ ]*+(?P<who>\S[^\n]*?))?|[\w%,.="'\ #-]+
        |[^\[\]=\n]*\w=[^\s\[\]][^\[\]\n]*)\]|\[\[[\w.:-]+(?:,[^\[\]\n]*)?\]\]|:[\w!-]+:[^\n]*|//[^\n]*
       |--|\+|\+{4,}|={4,}|\*{4,}|_{4,}|ifn?def::[^\[\n]*\[\]|(?:ifeval|endif|include|toc)::[^\n]*)[ \t]*$"""
)
_CELL = re.compile(r"(?<!\S)(?:\d+(?:\.\d+)?[+*])?[.<^>]*[aehmls]?\||(?<!\\)\|")  # the sign before one
_SIGNS = (  # of which plain text has none: a piece of each, for speed, and the whole
    ("= ", _EQUALS),
    ("#", re.compile(r"^[ \f\ufeff]{0,3}#{1,6}[ \t]+\S", re.MULTILINE)),
    ("```", re.compile(r"^[ ]{0,3}```", re.MULTILINE)),
    ("~~", re.compile(r"^[ ]{0,3}~~~|~~(?=\S)[^~\n]{1,400}~~", re.MULTILINE)),
    ("](", re.compile(r"\]\(")),
    ("[[", re.compile(r"\[\[[^\[\]\n]{1,300}\]\]")),
    ("[^", re.compile(r"\[\^\w{1,40}\]")),
    ("---", re.compile(r"^[> ]{0,9}(?:\|[ ]{0,9}:?-{3,}|:?-{3,}:?[ ]{0,9}\|)[ :|-]*$", re.MULTILINE)),
    ("[!", re.compile(r"^>[ ]?\[!", re.MULTILINE)),
    ("]:", re.compile(r"^[ ]{0,3}\[[^\[\]\n]{1,200}\]:[ \t]+\S", re.MULTILINE)),
    ("**", re.compile(r"\*\*(?=\S)[^*\n]{1,400}\*\*")),
    ("__", re.compile(r"(?<!\w)__(?=\S)[^_\n]{1,400}__(?!\w)")),
    ("==", re.compile(r"==\w[^=\n]{0,400}==")),
    ("`", re.compile(r"(?<!`)`[^`\n]{1,400}`(?!`)")),
    ("</", re.compile(r"^[ ]{0,3}<(?:details|div|h[1-6]|ol|p|table|ul)\b", re.MULTILINE | re.IGNORECASE)),
)
_HEADING = re.compile(r"#{1,6}[ \t]+\S")
_PREFIX = re.compile(r"[>\s]*")
_NUMBER = re.compile(r"\d{1,9}[.)][ \t]+\Z")
_TASK = re.compile(r"\[[ xX]\][ \t]+")
_CALLOUT = re.compile(r"\[![^\[\]\n]{1,40}\][-+]?[ \t]*")
_TAG = re.compile(  # of HTML, that begins or ends a line of its own for whoever reads the page
    r"""<(?P<closes>/?)(?P<name>article|aside|blockquote|caption|dd|details|div|dl|dt|figcaption|figure|footer|h[1-6]|header
      |hr|li|main|nav|ol|p|pre|section|summary|table|tbody|tfoot|thead|tr|ul)(?=[\s/>])[^<>]{0,1000}>""",
    re.IGNORECASE | re.VERBOSE,
)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6", "summary")
_TAG_KINDS: dict[str, Kind] = {"li": "item", "tr": "row"}
_TAG_KINDS |= dict.fromkeys(_HEADINGS, "heading")
_OWN_LINES = {"inline", "fence", "code_block", "html_block", "hr", "heading_open", "table_open"}
_CONTAINER = re.compile(  # a note or tab of Material for MkDocs, whose text is what stands four blanks further in
    r"""[ ]*(?:(?:!!!|[?]{3}[+]?)[ ]+(?P<kind>[\w-]+)[\w -]*|===[!+]?[ ]+(?=["']))
        (?:["'](?P<title>[^"'\n]*)["'])?[ ]*""",
    re.VERBOSE,
)
_FENCE = re.compile(r"[ ]*(`{3,}|~{3,})(\{(?!eval-rst\})\w[\w:-]*\})?")  # of code, or of a directive with options
_FENCED = re.compile(  # … of MyST, Docusaurus and others, which ends with the signs that it begins with
    r"""[ ]*(?P<mark>:{3,}(?=[ ]*[{\w])|(?:`{3,}|~{3,})(?=\{(?:admonition|attention|card|caution|danger|deprecated|error
        |details|dropdown|epigraph|grid|hint|important|note|seealso|sidebar|tab-|tip|topic|version|warning)))
        [ ]*\{?\.?(?P<kind>[\w.-]+)\}?[ ]*\[?(?P<title>[^\[\]{}\n]*?)\]?(?:\{[^{}\n]*\})?\s*""",
    re.VERBOSE,
)
_OPTION = re.compile(r"\s*:(?!caption:|header:)[\w-]+:.*\s*")  # how it looks, and no word that shows
_OF_FENCED = re.compile(  # … or its end
    rf"{_OPTION.pattern}|\s*(?::{{3,}}|`{{3,}}|~{{3,}}|#\+(?:begin|end)_\w+.*)\s*", re.IGNORECASE
)


def markup_of(source: str) -> Markup:
    """By signs that plain text has not."""
    if ("|==" in source or "\n[" in source) and _ADOC.search(source):
        return "asciidoc"
    if "#+" in source and _ORG.search(source):
        return "org"
    return "markdown" if any(piece in source and sign.search(source) for piece, sign in _SIGNS) else ""


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # here: only who cleans a text pays for it, not every question

    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def markdown_parts(source: str, start: int, markup: Markup, *, told: bool) -> tuple[list[MarkupPart], list[Span]]:
    """The parts of source[start:] in reading order; every line that shows something is in one. And those that nobody
    sees: comments and settings of AsciiDoc and Org. Only if the file is `told` to be that is "# …" a comment."""
    text = _UNSEEN.sub(lambda found: " " * len(found.group()), source[start:]).replace("\r\n", " \n")
    walk, links = _Walk(source, [Span(*found.span(1)) for found in _LINE.finditer(source, start)]), dict[str, Any]()
    if markup in ("asciidoc", "org"):
        text = (re.compile(_OF_ADOC) if markup == "asciidoc" else _OF_ORG).sub(
            partial(walk.as_markdown, start, told), text
        )
    if markup == "asciidoc":
        text = _ADOC_ITEM.sub(lambda found: f"{'    ' * (len(found[1]) - 1)}{'1.' if '.' in found[1] else '*'} ", text)
        text = _ADOC_TERM.sub("* ", text)
    if "= " in text:
        text = _EQUALS.sub(lambda found: f"{'#' * len(found[1])} {found[2]}", text)
    if markup == "org":
        text = _ORG_BLOCK.sub(lambda found: "```" if found[1] else "", text)
        text = _ORG_RULE.sub(lambda found: found.group().replace("+", "|"), text)
        text = _ORG_HEADING.sub(lambda found: f"{'#' * len(found[1])} {found[2]}", text)
        text = _ORG_TEXT.sub("> ", text)
    for token in _tokens(_out_of_containers(text).replace("<!--", "< --"), links):  # a comment without an end
        walk.take(token)
    again = ((link["label"], link) for link in links.get("duplicate_refs", ()))
    for name, link in (*links.get("references", {}).items(), *again):
        if not name.startswith("^"):  # a note
            walk.pass_over(*link["map"])
    return walk.parts(), walk.unseen


def _tokens(text: str, links: dict[str, Any]) -> "list[Token]":
    """A block of code without an end is one up to the first blank line above a heading."""
    tokens, lines = _parser().parse(text, links), text.split("\n")
    last = next((token for token in reversed(tokens) if token.type == "fence" and token.map), None)
    first, behind = last.map if last and last.map else (0, 0)
    if last is None or last.level or (behind - first > 1 and lines[behind - 1].strip().startswith(last.markup)):
        return tokens
    for n in range(first + 1, len(lines) - 1):
        if not lines[n].strip() and _HEADING.match(lines[n + 1]):
            lines[n] = last.markup
            links.clear()
            return _tokens("\n".join(lines), links)
    return tokens


def _out_of_containers(text: str) -> str:
    """Line by line the same, but what stands in notes and tabs is moved to the left, and the line that opens one gone.

    To other parsers it is code. Where a line's words stand is counted from its end, so nothing else changes.
    """
    if not any(sign in text for sign in ("!!! ", "??? ", "???+ ", "=== ", "===! ", "===+ ", ":::", "```{", "~~~{")):
        return text
    inside: list[tuple[int, str]] = []  # of each container that we are in, how far in its text stands, or its signs
    fence = ""
    opening = False
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        bare = line.strip()
        while bare and inside and len(line) - len(line.lstrip(" ")) < inside[-1][0]:
            inside.pop()
            fence = ""
        opened = not fence and (_CONTAINER.fullmatch(line.rstrip("\r\n")) or _FENCED.fullmatch(line))
        closed = bool(inside and inside[-1][1] and not fence and bare.startswith(inside[-1][1]) and not opened)
        if opened:
            mark = opened.groupdict().get("mark", "")
            inside.append((0 if mark else len(line) - len(line.lstrip(" ")) + 4, mark))
        elif closed:
            inside.pop()
        elif not (opening and _OPTION.fullmatch(line)):
            if (found := _FENCE.match(line)) and (not fence or found[1].startswith(fence)):
                fence = "" if fence else found[1]
            opening = bool(fence and found and found[2])
            lines.append(line[4 * sum(not mark for _, mark in inside) :] if bare else line)
            continue
        opening = bool(opened) or opening
        lines.append("\n")
    return "".join(lines)


class _Walk:
    """Goes through the parser's tokens and keeps what each line is part of."""

    def __init__(self, source: str, lines: Sequence[Span]) -> None:
        self._source = source
        self._lines = lines
        self._seen = bytearray(len(lines))
        self._parts: list[MarkupPart] = []
        self._items: list[int] = []  # where the items begin that we are in, outermost first; -1 before their first line
        self._level = 0  # of the heading that we are in
        self._header: int | None = None  # where the header of the table begins that we are in, -1 before it
        self._html_header = -1  # as _header, of a table written in HTML
        self._quoted = 0
        self.unseen: list[Span] = []

    def take(self, token: "Token") -> None:
        kind = token.type
        if token.map and kind in _OWN_LINES:
            self.pass_over(*token.map)
        if kind.startswith("list_item_"):
            self._items = [*self._items, -1] if token.nesting > 0 else self._items[:-1]
        elif kind.startswith("blockquote_"):
            self._quoted += token.nesting
        elif kind.startswith("heading_"):
            self._level = int(token.tag[1]) if token.nesting > 0 else 0
        elif kind.startswith("table_"):
            self._header = -1 if token.nesting > 0 else None
        elif kind == "tr_open":
            self._row(token)
        elif kind == "html_block" or (kind == "code_block" and _TAG.match(token.content.lstrip())):
            self._html([place for place in self._places(token) if place.start < place.end])
        elif kind in ("fence", "code_block"):
            first = (token.map or [0])[0] + (kind == "fence")
            lines = [(place,) for place in self._places(token, first, indented=True) if place.start < place.end]
            self._add("links" if token.info.startswith("{toctree}") else "code", lines)
        elif kind == "inline" and self._header is None:
            self._paragraph(token)

    def as_markdown(self, start: int, told: bool, found: re.Match[str]) -> str:
        """Line by line the same, of AsciiDoc or Org: tables are parts already, and what nobody sees is gone."""
        of = defaultdict[str, str](str, found.groupdict(""))
        if of["fence"]:
            return f"{of['title']}```\n{of['code']}```"
        other = of["table"] and (not _CELL.search(of["table"]) or re.search(r"\d[+*]\|", of["table"]))
        if of["kept"] or other or (of["note"] and not told):  # of CSV, or with cells that are wider than one
            return found.group()
        first, last = (bisect_right(self._lines, start + at, key=lambda line: line.start) for at in found.span())
        if of["above"]:
            self.pass_over(last - 1, last)
            return f"{'#' * (1 + '=-~^+'.index(of['sign']))} {of['above']}\n"
        if of["table"]:
            header = "header" in of["how"] or bool(re.match(r"\s*[^\n]+\n[ \t]*\n", of["table"]))
            columns = _COLUMNS.search(of["how"])
            each = re.findall(r"(?:^|,)\s*(\d+(?=\*))?", columns[1] or columns[2] or "") if columns else ()
            size = sum(int(one or 1) for one in each)
            self._cells(*(start + at for at in found.span("table")), header=header, size=size)
        elif of["who"]:  # is quoted
            self._add("aside", [(Span(*(start + at for at in found.span("who"))),)])
        else:
            self.unseen.append(Span(start + found.start(), start + found.end()))
        self.pass_over(first - 1, last)
        return "\n" * (last - first)

    def _cells(self, begin: int, end: int, *, header: bool, size: int) -> None:
        """Rows of `size` cells; 0: as many as are in the first line, or if that is one above the first blank line."""
        signs = [sign.span() for sign in _CELL.finditer(self._source, begin, end)]
        stops = [*(before for before, _ in signs[1:]), end]
        cells = [Span(a, a + len(self._source[a:b].rstrip())) for (_, a), b in zip(signs, stops, strict=True)]
        above = re.split(r"\n[ \t]*\n", self._source[begin:end].lstrip(), maxsplit=1)[0]
        first, all_above = (len(_CELL.findall(lines)) for lines in (above.partition("\n")[0], above))
        size = size or (first if first > 1 else max(all_above, 1))
        for n in range(0, len(cells), size):  # a line without a word parts two cells
            row = [part for cell in cells[n : n + size] for part in (Span(cell.start, cell.start), cell)]
            named = header and n > 0
            self._add("row" if named or not header else "header", [tuple(row[1:])], cells[0].start if named else -1)

    def pass_over(self, first: int, behind: int) -> None:
        """Nothing of these lines is a part but what `take` makes of them: they are the addresses of links."""
        self._seen[first:behind] = b"\x01" * (behind - first)

    def parts(self) -> list[MarkupPart]:
        """With the lines that the parser passed over."""
        rest = [self._shown(line) for line, seen in zip(self._lines, self._seen, strict=True) if not seen]
        self._add("text", [(line,) for line in rest if self._text(line).strip()])
        return sorted((part for part in self._parts if part.lines), key=lambda part: part.lines[0].start)

    def _shown(self, line: Span) -> Span:
        """Of a line that opens a note or tab, what it is called."""
        opened = _CONTAINER.fullmatch(self._source, *line) or _FENCED.fullmatch(self._source, *line)
        if opened is None:
            end = line.start if _OF_FENCED.fullmatch(self._source, *line) else line.end
            return Span(self._behind_prefix(line), end)
        return Span(*opened.span("title" if opened["title"] else "kind"))

    def _text(self, place: Span) -> str:
        return self._source[place.start : place.end]

    def _add(self, kind: Kind, groups: Iterable[tuple[Span, ...]], lead: int = -1) -> None:
        self._parts += [MarkupPart(kind, group, lead, self._level) for group in groups]

    def _places(self, token: "Token", first: int | None = None, *, indented: bool = False) -> list[Span]:
        """Where the lines of a token's text stand: it is what is left of them behind the signs of lists and quotes."""
        begin = (token.map or [0])[0] if first is None else first
        contents = token.content.removesuffix("\n").split("\n")
        more = token.map[1] - begin - len(contents) if token.map and not indented else 0
        while more > 0 and not self._text(self._lines[begin]).rstrip().endswith(contents[0].strip()):
            begin, more = begin + 1, more - 1  # blanks that are none to CommonMark, and yet taken off
        places = []
        for line, content in zip(self._lines[begin:], contents, strict=False):
            length = len(content.rstrip()) if indented else len(content.strip())
            start = max(line.start, line.start + len(self._text(line).rstrip()) - length)
            places.append(Span(start, line.end if length else start))
        return places

    def _behind_prefix(self, line: Span) -> int:
        found = _PREFIX.match(self._source, line.start, line.end)
        return found.end() if found else line.start

    def _row(self, token: "Token") -> None:
        line = self._lines[(token.map or [0])[0]]
        start = self._behind_prefix(line)
        text = self._source[start : line.end].rstrip()
        start += text.startswith("|")
        end = start + len(text.removeprefix("|").removesuffix("|"))
        if not self._source[start:end].strip(" |"):
            return
        self._add("header" if self._header == -1 else "row", [(Span(start, end),)], self._header or -1)
        self._header = start if self._header == -1 else self._header

    def _paragraph(self, token: "Token") -> None:
        places = self._places(token)
        if self._level:
            line, content = self._lines[(token.map or [0])[0]], token.content
            at = self._source.find(content, line.start, line.end)
            self._add("heading", [(Span(at, at + len(content)),) if at >= 0 else tuple(places)])
            return
        if self._quoted and (callout := _CALLOUT.match(self._source, places[0].start)):
            self._add("text", [(Span(callout.end(), places[0].end),)])
            places = places[1:]
        if self._items and places:
            places[0] = self._item(places[0])
        below = bool(self._parts) and self._parts[-1].level > 1  # a title introduces no list
        if not self._items and (own := table(self._source, places) or listed(self._source, places, below=below)):
            self._parts += own
            return
        lead = self._items[-2] if len(self._items) > 1 else -1
        for first, *others in paragraphs(self._source, places, None):
            bullet = BULLET.match(self._source, *first)
            group = (first._replace(start=bullet.end() if bullet else first.start), *others)
            self._add("item" if self._items or bullet else "text", [group], lead)

    def _html(self, places: Sequence[Span]) -> None:
        """What stands between tags, as what these say it is."""
        within = ""  # the tag that says so
        group: list[Span] = []
        for place in places:
            at = place.start
            for tag in _TAG.finditer(self._source, *place):
                name = tag["name"].lower()
                if within == "tr" and name not in ("tr", "table"):
                    continue  # a paragraph in a cell
                self._html_part(within, [*group, Span(at, tag.start())])
                group, at = [], tag.end()
                if name == "table":
                    self._html_header = -1
                if name in _TAG_KINDS:
                    within = "" if tag["closes"] else name
            group.append(Span(at, place.end))
        self._html_part(within, group)

    def _html_part(self, within: str, group: Iterable[Span]) -> None:
        lines = tuple(line for line in group if self._text(line).strip())
        if not lines:
            return
        kind = _TAG_KINDS.get(within, "text")
        if kind == "text":
            self._add("text", paragraphs(self._source, lines, 0))
        elif kind == "row":
            self._add("header" if self._html_header < 0 else "row", [lines], self._html_header)
            self._html_header = lines[0].start if self._html_header < 0 else self._html_header
        else:
            level = int(within[1]) if within[1:].isdigit() else 6
            self._parts.append(MarkupPart(kind, lines, -1, level if kind == "heading" else 0))

    def _item(self, place: Span) -> Span:
        """The first line of an item with its number, without its box to tick."""
        if self._items[-1] >= 0:
            return place
        line = self._lines[bisect_right(self._lines, place.start, key=lambda one: one.start) - 1]
        number = _NUMBER.search(self._source, line.start, place.start)
        task = _TASK.match(self._source, place.start, place.end)
        start = number.start() if number else task.end() if task else place.start
        self._items[-1] = start
        return Span(start, place.end)
