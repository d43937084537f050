"""reStructuredText → parts, of what its indents and signs say: titles, lists, tables, directives, comments.

What a directive is for decides what of it shows; one that is not known shows its argument above its content, as Sphinx
does. Never raises: what fits no rule is text.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

from index.cleaning.parts import MarkupPart, paragraphs
from index.cleaning.plain import LINE
from index.records import Kind, Span

_DRAWN = re.compile(r"([!-/:-@\[-`{-~])\1*\s*")  # a line of one sign, above or below a title, or between paragraphs
_GRID = re.compile(r"\+[-=+]{3,}\+\s*")
_BORDER = re.compile(r"=+(?: +=+)+\s*")
_ITEM = re.compile(r"(?:[-*+|•‣⁃]|#\.|\(?#\)|(?P<number>\(?(?:\d{1,4}|[a-zA-Z]|[ivxIVX]{1,6})[.)]))(?:\s+|\Z)")
_FIELD = re.compile(r":(?![:\s`])((?:[^:\\]|\\.|:(?![\s`]|\Z)){1,200})(?<!\s):(?:\s+(?P<told>\S)|\Z)")
_OPTION = re.compile(r"--?\w[\w-]*(?:[ =]\S+)?(?:, --?\w[\w-]*(?:[ =]\S+)?)*\s{2,}(?=\S)")
_NOTHING = re.compile(r"__(?:\s.*)?|([!-/:-@\[-`{-~])\1{3,}")  # an address, a line between paragraphs
_EXPLICIT = re.compile(r"\.\.(?:[ \t]+|\Z)")
_NOTE = re.compile(r"\[(?:\d+|#[\w.-]*|\*)\][ \t]+|(?=\[)")  # or a citation, whose name shows
_DIRECTIVE = re.compile(r"(?P<named>\|[^|]+\|[ \t]+)?(?:[\w.+-]+:)*(?P<name>\w[\w.+-]*)[ ]?::(?:[ \t]+|\Z)")
_SHOWN = re.compile(r":(?:(alt)|caption|header):[ \t]+(?=\S)|:(?=(?:default|type|value):[ \t]+\S)")  # of options
_OF_ROWS = re.compile(r":(header-rows|delim|quote|escape):[ \t]+(\S+)")
_IN_CSV = (  # of a sign between cells, one around them, and one before that inside of them; linear in the text
    r"[^\S\r\n{0}]*(?:{1}(?P<quoted>(?:[^{1}{2}]|{1}{1}|(?!{1}){2}.){{0,2000}}){1}|(?P<bare>[^{0}\r\n]*[^{0}\s]|))"
    r"[^\S\r\n{0}]*({0}|\r\n?|\n|\Z)"
)
_ROW, _CELL = re.compile(r"[-*+][ \t]+(?=[-*+](?:[ \t]|\Z))"), re.compile(r"[-*+](?:[ \t]+|\Z)")  # written as lists
_DEEPEST = 40  # further in all lines are text

_USES = {  # what of a directive shows; of one that is not here its argument is the title of its content
    **dict.fromkeys("attention caution danger epigraph error hint important note".split(), "text"),
    **dict.fromkeys("productionlist pull-quote tip todo warning".split(), "text"),
    **dict.fromkeys("deprecated versionadded versionchanged versionremoved".split(), "name"),
    **dict.fromkeys("class container cssclass figure grid ifconfig image only rst-class tab-set".split(), "content"),
    **dict.fromkeys("code code-block digraph doctest graphviz ipython parsed-literal prompt".split(), "code"),
    **dict.fromkeys("sourcecode testcode testoutput".split(), "code"),
    **dict.fromkeys("autosummary contents seealso toctree".split(), "links"),
    **dict.fromkeys("codeauthor currentmodule default-role highlight include index literalinclude".split(), "nothing"),
    **dict.fromkeys("meta module moduleauthor program raw role sectionauthor sectnum".split(), "nothing"),
    **dict.fromkeys("tabularcolumns testcleanup testsetup title".split(), "nothing"),
    **dict.fromkeys(("csv-table", "list-table"), "rows"),
    "math": "formula",
    "rubric": "heading",
}


class _Within(NamedTuple):
    """What paragraphs of a stretch are, and what introduces them and the lists among them."""

    kind: Kind = "text"
    lead: int = -1
    under: int = -1

    def item(self, lead: int, under: int) -> "_Within":
        return _Within("links" if self.kind == "links" else "item", lead, under)


def rest_parts(source: str, start: int = 0) -> tuple[list[MarkupPart], list[Span]]:
    """The parts of source[start:] in reading order, and what of it nobody sees: comments, raw HTML."""
    walk = _Rest(source, [Span(*found.span(1)) for found in LINE.finditer(source, start)])
    walk.body(0, len(walk.indents), _Within())
    return sorted(walk.parts, key=lambda part: part.lines[0].start), walk.unseen


class _Rest:
    """Goes through the lines; behind the sign of an item its first line begins where its text does."""

    def __init__(self, source: str, lines: list[Span]) -> None:
        self.parts: list[MarkupPart] = []
        self.unseen: list[Span] = []
        self._source, self._lines = source, lines
        self._starts: list[int] = []
        self.indents: list[int] = []  # -1 for a blank line, or one that does not show
        for line in lines:
            text = source[slice(*line)]
            self._starts.append(line.end - len(text.lstrip("\ufeff \t\v")))
            self.indents.append(len(source[line.start : self._starts[-1]].expandtabs()) if text.strip() else -1)
        blank = [*(indent < 0 for indent in self.indents[1:]), True]
        self._closed = [k + 1 for k, end in enumerate(blank) if end and _BORDER.fullmatch(self._text(k))]  # tables
        self._before: dict[int, Span] = {}  # a number, or name, that shows before what begins in a line
        self._depth = 0
        self._titles: list[tuple[str, bool]] = []  # how they are drawn, the highest first

    def body(self, n: int, last: int, within: _Within) -> None:
        self._depth += 1
        while n < last:
            n = self._element(n, last, within) if self.indents[n] >= 0 else n + 1
        self._depth -= 1

    def _text(self, n: int) -> str:
        return self._source[self._starts[n] : self._lines[n].end].rstrip()

    def _below(self, n: int, last: int, indent: int) -> int:
        """Behind the last of the lines from n on that stand further in."""
        end = n
        while n < last and (self.indents[n] < 0 or self.indents[n] > indent):
            n += 1
            end = n if self.indents[n - 1] >= 0 else end
        return end

    def _blank(self, n: int, last: int) -> int:
        return next((k for k in range(n, last) if self.indents[k] < 0), last)

    def _element(self, n: int, last: int, within: _Within) -> int:
        """What begins in a line; gives the line behind it."""
        text, indent = self._text(n), self.indents[n]
        if self._depth > _DEEPEST:
            self._add(within, n, n + 1)
            return n + 1
        end = self._below(n + 1, last, indent)
        if found := _EXPLICIT.match(text):
            return self._explicit(n, end, found.end(), within)
        if behind := self._title(n, last):
            return behind
        if _NOTHING.fullmatch(text):
            return n + 1
        if text.startswith(">>> "):
            return self._code(n, self._blank(n, last))
        if _GRID.fullmatch(text) or _BORDER.fullmatch(text):
            return self._table(n, last)
        return self._listed(n, last, end, within)

    def _listed(self, n: int, last: int, end: int, within: _Within) -> int:
        """An item, a field, an option or a term, with what stands below it up to `end`; else a paragraph."""
        text, indent = self._text(n), self.indents[n]
        following = self.indents[n + 1] if n + 1 < last else -1
        item, field, option = _ITEM.match(text), _FIELD.match(text), _OPTION.match(text)
        self._starts[n] += bool(field)
        if item and not (item["number"] and following == indent and not _ITEM.match(self._text(n + 1))):
            self._item(n, end, item, within)
        elif option or (field and field["told"]):
            middle = self._blank(n, end)
            self._add(within.item(within.under, -1) if option else within, n, middle)
            self.body(middle, end, within)
        elif field or (following > indent and not text.endswith("::")):
            if end > n + 1 or not field:
                self._titled(n, n + 1, end, within)
        else:
            return self._paragraph(n, last, within)
        return end

    def _title(self, n: int, last: int) -> int:
        """Behind the title that begins in a line, 0 where none does."""
        over = bool(_DRAWN.fullmatch(self._text(n)))
        under = n + 1 + over
        if under >= last or min(self.indents[n : under + 1]) < 0 or self.indents[under] > self.indents[n]:
            return 0
        title, drawn = self._text(n + over), self._text(under)
        alike = not over or drawn[0] == self._text(n)[0]
        if not (alike and _DRAWN.fullmatch(drawn)) or len(drawn) < min(len(title), 4):
            return 0
        self._titles += [style] if (style := (drawn[0], over)) not in self._titles else []
        line = Span(self._starts[n + over], self._lines[n + over].end)
        self.parts.append(MarkupPart("heading", (line,), level=self._titles.index(style) + 1))
        return under + 1

    def _add(self, within: _Within, n: int, end: int) -> None:
        """The lines as one, or as many as they look."""
        lines = [Span(self._starts[k], self._lines[k].end) for k in range(n, end)]
        groups = list(paragraphs(self._source, [line for line in lines if line.start < line.end], None))
        if groups and n in self._before:
            groups[0] = (self._before.pop(n), *groups[0])
        self.parts += [MarkupPart(within.kind, group, within.lead) for group in groups]

    def _code(self, n: int, end: int) -> int:
        lines = [k for k in range(n, end) if self.indents[k] >= 0]
        least = min((self.indents[k] for k in lines), default=0)
        for k in lines:
            begin, text = self._lines[k].start + least, self._source[slice(*self._lines[k])]
            line = Span(begin if text[:least].isspace() else self._starts[k], self._lines[k].end)
            self.parts.append(MarkupPart("code", (line,)))
        return end

    def _paragraph(self, n: int, last: int, within: _Within) -> int:
        indent, end = self.indents[n], n + 1
        while end < last and 0 <= self.indents[end] <= indent:
            end += 1
        text = self._text(end - 1)
        if not text.endswith("::"):
            self._add(within, n, end)
            return end
        shown = text[:-1] if text[:-2].rstrip() == text[:-2] != "" else text[:-2].rstrip()
        self._lines[end - 1] = Span(self._lines[end - 1].start, self._starts[end - 1] + len(shown))
        self._add(within, n, end)
        return self._code(end, self._below(end, last, indent))

    def _behind(self, n: int, size: int, indent: int) -> None:
        """The line begins behind a sign of this size, and as far in as what goes on with it."""
        self._starts[n] += size
        self.indents[n] = indent if self._text(n) else -1

    def _item(self, n: int, end: int, found: re.Match[str], within: _Within) -> None:
        start = self._starts[n] + (0 if found["number"] else found.end())
        self._behind(n, found.end(), self.indents[n] + max(found.end(), 2))
        if found["number"]:
            self._before[n] = Span(start, start + found.end("number"))
        self.body(n, end, within.item(within.under, start))

    def _titled(self, n: int, middle: int, end: int, within: _Within) -> None:
        """A term, or whatever introduces what stands below it."""
        start = self._starts[n]
        self._add(within, n, middle)
        self.body(middle, end, within.item(start, start))

    def _table(self, n: int, last: int) -> int:
        """Rows begin at a line drawn between them, or where the first column is not empty."""
        grid, end = _GRID.fullmatch(self._text(n)), self._blank(n, last)
        if not grid:
            after = bisect_right(self._closed, n + 1)
            end = next((k for k in self._closed[after : after + 1] if k <= last), end)
        second = len(self._text(n)) if grid else self._text(n).index(" =") + 1
        rows: list[list[Span]] = []
        header, begins = 0, True  # how many rows there are above the line drawn below it
        for k in range(n, end):
            text = self._text(k)
            drawn = not text.strip("-+=| \t")
            if drawn:
                header = len(rows) if "=" in text and k < end - 1 else header
            if drawn or (not grid and self.indents[k] - self.indents[n] < second):
                begins = True
            if drawn:
                continue
            rows += [[]] if begins else []
            begins = False
            inside = text.lstrip("| \t")
            begin = self._starts[k] + len(text) - len(inside)
            rows[-1].append(Span(begin, begin + len(inside.rstrip("| \t"))))
        self._rows(rows, header)
        return end

    def _rows(self, rows: Sequence[Sequence[Span]], header: int) -> None:
        lead = rows[header - 1][0].start if 0 < header <= len(rows) else -1
        self.parts += [MarkupPart("header", tuple(row)) for row in rows[:header]]
        self.parts += [MarkupPart("row", tuple(row), lead) for row in rows[header:]]

    def _listed_rows(self, n: int, end: int) -> list[list[Span]]:
        """Rows written as a list of lists; a line without a word parts their cells."""
        rows: list[list[Span]] = []
        within, least = -1, min((indent for indent in self.indents[n:end] if indent >= 0), default=0)  # cells, rows
        for k in (k for k in range(n, end) if self.indents[k] >= 0):
            row = _ROW.match(self._text(k)) if self.indents[k] == least else None
            within = least + row.end() if row else within
            sign = _CELL.match(self._text(k), row.end() if row else 0) if row or self.indents[k] == within else None
            rows += [[]] if not rows or row else []
            at = self._starts[k] + (sign.end() if sign else 0)
            line = Span(at, self._lines[k].end)
            rows[-1] += [Span(at, at), line] if sign and rows[-1] else [line]
        return [row for row in rows if any(a < b for a, b in row)]

    def _csv(self, begin: int, end: int, told: Mapping[str, str]) -> list[list[Span]]:
        """Rows of lines of CSV, with signs as told; a line without a word parts their cells."""
        rows: list[list[Span]] = [[]]
        between = {"tab": "\t", "space": " "}.get(told.get("delim", ""), told.get("delim", ""))
        between = between if between and between in self._source[begin:end] else ","
        signs = map(re.escape, (between, told.get("quote", '"')[0], told.get("escape", '"')[0]))
        for found in re.compile(_IN_CSV.format(*signs)).finditer(self._source, begin, end):
            cell = Span(*found.span("bare" if found["quoted"] is None else "quoted"))
            rows[-1] += [Span(cell.start, cell.start), cell] if rows[-1] else [cell]
            rows += [[]] if found[3] != between else []
        return [row for row in rows if any(a < b for a, b in row)]

    def _explicit(self, n: int, end: int, at: int, within: _Within) -> int:
        """A footnote, an address, a directive; else a comment."""
        text = self._text(n)[at:]
        indent = next((self.indents[k] for k in range(n + 1, end) if self.indents[k] >= 0), self.indents[n] + 3)
        if not text and end > n + 1 and self.indents[n + 1] < 0:
            return n + 1
        if note := _NOTE.match(text):
            self._behind(n, at + note.end(), indent)
            self.body(n, end, within)
        elif found := _DIRECTIVE.match(text):
            name = Span(*(self._starts[n] + at + place for place in found.span("name")))
            self._behind(n, at + found.end(), indent)
            self._directive(n, end, name, within._replace(kind="aside") if found["named"] else within)
        elif not text.startswith("_"):
            self.unseen.append(Span(self._starts[n], self._lines[end - 1].end))
        return end

    def _directive(self, n: int, end: int, name: Span, within: _Within) -> None:
        use = _USES.get(self._source[slice(*name)].lower(), "title")
        over = (k for k in range(n + 1, end) if self.indents[k] < 0 or _FIELD.match(self._text(k)))
        middle = next(over, end) if self.indents[n] >= 0 else n + 1  # behind the argument
        count = len(self.parts)
        content = self._behind_options(middle, end, within)
        if use == "rows" and any(re.search(r"(?:^|[-*+]\s+)\.\. ", self._text(k)) for k in range(content, end)):
            use = "title"  # cells of more than text: a list
        if use in ("content", "code"):
            self.indents[n:middle] = [-1] * (middle - n)
        if use == "nothing":
            self.unseen += [Span(name.start, self._lines[end - 1].end)] if content < end else []
        elif use in ("code", "formula"):
            self._code(n, end)
        elif use == "rows":
            told = dict(_OF_ROWS.findall(self._source, name.end, self._lines[content - 1].end))
            heads, self.parts[count:] = [part.lines for part in self.parts[count:]], []
            rows = [row for lines in heads for row in self._csv(lines[0].start, lines[-1].end, told)]
            written = self._source.startswith("csv", name.start)
            inside = self._csv(self._lines[content - 1].end, self._lines[end - 1].end, told) if written else []
            inside = inside or self._listed_rows(content, end)
            self._rows([*rows, *inside], len(rows) or int(re.sub(r"\D", "", told.get("header-rows", "")) or 0))
            self._add(within, n, middle)
        elif use == "title" and self.indents[n] >= 0 and within.kind != "aside":
            self._titled(n, middle, end, within)
        else:
            if use == "name":
                self._before[n] = name
            self.body(n, end, _Within(cast("Kind", use)) if use in ("links", "heading") else within)

    def _behind_options(self, n: int, end: int, within: _Within) -> int:
        """Where the content begins; of the options above it some show."""
        content = self._blank(n, end) if n < end and _FIELD.match(self._text(n)) else n
        for k in range(n, content):
            if found := _SHOWN.match(self._text(k)):
                self._starts[k] += found.end()
                shown = within._replace(kind="links") if found[1] else within
                self._add(shown, k, self._below(k + 1, content, self.indents[k]))
        self.indents[n:content] = [-1] * (content - n)
        return content
