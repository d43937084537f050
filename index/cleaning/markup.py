"""Some lines of a text or Markdown file → the characters that a person reads, and where they stand.

Markdown signs, escapes, invisible characters and repeated blanks go; nothing is added but a blank for odd white space.
Every pattern is bounded, so that a hostile line costs linear time.
"""

import re
from bisect import bisect_right
from collections.abc import Container, Iterable, Sequence
from typing import Literal, NamedTuple, Self

from index.cleaning.parts import BARS
from index.records import OffsetRun, Span

Markup = Literal["", "asciidoc", "markdown", "org", "rest"]  # "": plain text
_ODD_SPACE = re.compile(r"[^\S ]\s*| \s+")
_INVISIBLE = re.compile(  # but the joiners, which scripts other than Latin need
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]+"
    r"|(?<=[A-Za-z\u00c0-\u024f])[\u200c\u200d\ufe00-\ufe0f]+"
)
_LINE_HYPHEN = re.compile(r"(?<=[^\W_])[-\u2010\u00ac]\n(?=[^\W_])|\u00ad\n")
_HYPHENATED = re.compile(r"[^\W\d_]{1,40}-[^\W\d_]{1,40}")
_REFERENCE = re.compile(r"^[ >]{0,9}\[([^\[\]\n^][^\[\]\n]{0,200})\]:[ \t]{0,99}\s{1,2}[ \t>]{0,99}\S", re.MULTILINE)
_WORD_BEFORE, _WORD_AFTER = re.compile(r"[^\W\d_]{1,40}\Z"), re.compile(r"[^\W\d_]{1,40}")
_USUALLY_HYPHENATED = frozenset(
    "all anti cross half high long low multi non self semi short well"
    " eighty fifty forty ninety seventy sixty thirty twenty".split()
)
_STRONG_LEAD = re.compile(r"(?:\d{1,3}[.)][ \t]+)?(\*\*|__)(?=\S)([^\n]{1,200}?)(?<=\S)\1(?=\s|\Z)")

# For a sign that was found, and text that holds none, while others are looked for: known to no pattern.
_SIGN, _TEXT = "\ue000", "x"
# What is a sign and what of it is text: the last group stays, and all else goes.
_CODE = re.compile(r"(?<!`)(`{1,3})(?!`)([^`]{1,1000})\1(?!`)")
_ROLE = re.compile(r"(?:\{|(?<!\w):)[a-z][\w:+-]{0,40}[:}]`([^`<>]{1,500}?)(?:\s{0,9}<[^`<>]{0,500}>)?`")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_TARGET = (
    r"\((?:<[^<>\n]{0,1000}>|(?:[^()\s]|\([^()\s]{0,200}\)){0,1000})"
    r"(?:\s+(?:\"[^\"\n]{0,200}\"|'[^'\n]{0,200}'|\([^()\n]{0,200}\)))?\)"
)
_IMAGE = re.compile(rf"!\[([^\[\]\n]{{0,500}})\](?:{_TARGET}|\([^()\n]{{0,1000}}\))")
_LINK = re.compile(rf"\[((?:[^\[\]]|\[[^\[\]]{{1,20}}\]){{1,1000}})\]{_TARGET}")
_REFERENCE_LINK = re.compile(r"\[([^\[\]]{1,1000})\](?:\[([^\[\]\n]{0,200})\])?")
_EMBED = re.compile(r"!\[\[(?:[^\[\]|\n]{1,300}\|)?([^\[\]|\n]{1,300})\|\d{1,4}(?:x\d{1,4})?\]\]")  # so wide
_WIKI = re.compile(r"!?\[\[(?:[^\[\]|\n]{1,300}\|)?([^\[\]|\n]{1,300}?)(?:#\^[\w-]{1,60})?\]\]")
_ADDRESS = re.compile(r"<((?:https?|ftp|mailto):[^<>\s]{1,1000}|[^<>\s@]{1,100}@[^<>\s@]{1,100})>")
_ADOC_NOTE = re.compile(r"footnote:(?=\[[^\[\]]{1,1000}\])()")
_INLINE_NOTE = re.compile(r"\^(?=\[[^\[\]]{1,1000}\])()")
_RAISED_NOTE = re.compile(
    r"(?<=[.!?…,;:\"'”’»)\]])(?:\^|<sup[^<>]{0,200}>)(?:<a[^<>]{0,500}>)?\[?\d{1,3}(?:[,–-]\d{1,3}){0,9}\]?(?:</a>)?(?:\^|</sup>)()"
)
_OF_BOARDS = re.compile(  # close to a word: "[b]" between blanks is told of
    r"(?:(?<! )\[/|\[(?!\w+\] ))(?:[bius]|code|color|img|list|quote|size|url)(?:=[^\[\]\n]{1,300})?\]()", re.IGNORECASE
)
_CELL = re.compile(r"</t[dh]\s{0,9}>\s{0,99}<t[dh]\b[^<>]{0,1000}>()", re.IGNORECASE)
_BREAK = re.compile(
    r"</?(?:br|dd|div|dt|figcaption|h[1-6]|hr|li|p|ref|section|summary|td|th|tr)(?=[\s/>])[^<>]{0,1000}>()",
    re.IGNORECASE,
)
_PARTING = {
    _CELL: "\t",
    _BREAK: " ",
    _INLINE_NOTE: " ",
    _ADOC_NOTE: " ",
}  # tags that part words for whoever reads the page
_COMPONENT = re.compile(  # a line of its own in MDX, GitBook or Hugo, of which a title shows
    r"""^[ \t]*(?:\{%|\{\{[<%]|<(?:/[A-Z]\w*(?=>)|[A-Z]\w*(?=\s)))[^{}<>\n]{0,300}?
        (?:\b(?:title|label|summary)=["']([^"'\n]{0,200})["'][^{}<>\n]{0,300}|())(?:%\}|[>%]\}\}|/?>)[ \t]*$""",
    re.MULTILINE | re.VERBOSE,
)
_ORG_LINK = re.compile(r"(?<!\w)\[\[(?!\d)[^\[\]\n]{1,300}\]\[([^\[\]\n]{1,300})\]\]")
_BARE_ADDRESS = re.compile(r"https?://\S+")
_ADOC_LINK = re.compile(r"(?:\b(?:link|mailto|xref):|(?=\bhttps?://))[^\s\[\]]{1,500}\[([^\[\]]{1,500})\]")
_SIGNS = (  # a piece of each, for speed, and the whole
    ("`", _ROLE),
    ("`", _CODE),
    ("\\", _ESCAPE),
    ("![", _IMAGE),
    ("](", _LINK),
    ("![[", _EMBED),
    ("[[", _WIKI),
    ("][", _ORG_LINK),
    ("<", _ADDRESS),
    ("://", _BARE_ADDRESS),
    ("[", _REFERENCE_LINK),
    ("[^", re.compile(r"\[\^[^\]\s]{1,40}\]:?()")),  # the mark of a note
    ("^", re.compile(r"[ \t]{1,9}\^[\w-]{1,60}()\s*\Z")),  # an anchor of Obsidian
    ("^", _RAISED_NOTE),
    ("<sup", _RAISED_NOTE),
    ("^[", _INLINE_NOTE),
    ("(", re.compile(r"\A\([\w .-]{1,80}\)=()\s*\Z")),  # … of MyST
    ("{#", re.compile(r"[ \t]{0,9}\{\#[\w-]{1,100}(?:[ ][^{}\n]{0,100})?\}()\s*\Z")),  # an anchor of a heading
    ("{", re.compile(r"(?:[ \t]{1,9}\#{1,6})?[ \t]{0,9}\{(?::|[ \t]?\.[a-z])[^{}\n]{0,200}\}()")),  # how it looks
    ("{", _COMPONENT),
    ("<", _COMPONENT),
    ("-", re.compile(r":(?:fontawesome|material|octicons|simple)-[\w-]{1,60}:()")),  # a picture
    ("&", re.compile(r"(?<=&)amp;()", re.IGNORECASE)),
    ("<", re.compile(r"<v(?:\.[\w.]{1,40})?[ ]([^<>\n]{1,80}>)")),  # who speaks in a subtitle
    ("<", re.compile(r"(?:</?[vc](?:\.[\w.]{1,40})?>|<\d\d:[\d:.]{5,9}>)()")),
    ("<", _CELL),
    ("<", _BREAK),
    (
        "<",
        re.compile(
            r"""</?(?:a|abbr|article|aside|b|blockquote|br|center|code|dd|del|details|div|dl|dt|em|figcaption|figure
            |font|footer|h[1-6]|header|hr|i|img|ins|kbd|li|main|mark|nav|ol|p|picture|pre|q|s|section|small|source|span
            |strong|sub|summary|sup|table|tbody|td|tfoot|th|thead|tr|tt|u|ul|var|video)(?=[\s/>])[^<>]{0,1000}>()""",
            re.IGNORECASE | re.VERBOSE,
        ),
    ),
    ("**", re.compile(r"(?<!\d)\*\*(?=\S)((?:(?!\*\*)[\s\S]){1,400})(?<=\S)\*\*")),  # and no power: 2**61
    ("__", re.compile(r"(?<!\w)__(?=\S)((?:(?!__)[\s\S]){1,400})(?<=\S)__(?!\w)")),
    ("*", re.compile(r"(?<![\w*])\*(?=[^\s*])([^*]{1,400}?)(?<=\S)\*(?![\w*])")),
    ("_", re.compile(r"(?<![\w_])_(?=[^\s_])([^_]{1,400}?)(?<=\S)_(?![\w_])")),
    ("==", re.compile(r"==(?=[^\s=])([^=]{1,400}?)(?<=\S)==")),
    ("~~", re.compile(r"~~(?=[^\s~])([^~]{1,400}?)(?<=\S)~~")),
    ("++", re.compile(r"(?<![\w+])\+\+(?!(\w+)\b[^+\n]{0,400}\b\1\+\+)([^\s+][^+\n]{0,400}?)(?<!\s|\b\w)\+\+(?!\w)")),
    ("^^", re.compile(r"(?<![\w^])\^\^(?=[^\s^])([^^\n]{1,400}?)(?<=\S)\^\^(?!\w)")),
    ("''", re.compile(r"(?<![\w'])('{2,5})(?=[^\s'])((?:[^'\n]|'(?!')){1,400}?)(?<=\S)\1(?!')")),  # of a wiki
    ("[/", _OF_BOARDS),
    (
        "((",
        re.compile(r"[ ]?\(\((?=\S{0,9}\d)(?:[\da-f]{8}[\da-f-]{0,28}|(?=\S{0,8}[A-Z])[\w-]{9})\)\)()"),
    ),  # of an outliner
    ("::", re.compile(rf"\A([\W{_SIGN}]{{0,9}}[\w-]+[{_SIGN}]{{0,9}}):(?=:\s)|(?<=[\w{_SIGN}]):(?=:\s*\Z)()")),
)
_ORG_SIGNS = (
    *(
        (sign, re.compile(rf"(?<![\w/]){sign}{other}(?=[^\s{sign}])([^{sign}\n]{{1,400}}?)(?<=\S){sign}(?![\w/])"))
        for sign, other in (("=", ""), ("~", ""), ("/", "(?![a-z]{1,4}/)"))  # "/tmp/" is a folder
    ),
    ("#+", re.compile(r"\A#\+caption:[ \t]*()", re.IGNORECASE)),
    (":", re.compile(r"(?<![ \t])[ \t]++:[\w@:]{1,60}:()\s*\Z")),  # how a heading is filed
)
# … of AsciiDoc: addresses, notes, names of keys, pictures, titles of blocks
_ADOC_SIGNS = (
    ("[", _ADOC_LINK),
    ("<<", re.compile(r"<<(?:[^<>,\n]{1,200},\s?)?([^<>\n]{1,200})>>")),
    ("::", re.compile(r"(?<=[^\s:]):(?=:(?:\s|\Z))()")),
    ("footnote:[", _ADOC_NOTE),
    (":", re.compile(r"\b(?:btn|kbd|menu|pass|stem|ifn?def:):(?:[^\s\[\]]{0,100})\[([^\[\]]{0,500})\]")),
    ("image:", re.compile(r"\bimage::?[^\s\[\]]{1,500}\[\"?([^\[\],\"]{0,500})[^\[\]]{0,500}\]")),
    (".", re.compile(r"\A\.(?=[^\s.])()")),
)
# … and of reStructuredText
_REST_LITERAL = re.compile(r"(?<![\w`])``(?=\S)((?:[^`]|`(?!`)|`(?=``(?!`))){1,400})``(?!`)")
_REST_LINK = re.compile(
    r"(?::[\w:+.-]{1,60}:)?`[~!]?([^`]{1,500}?)(?:\s{1,9}<[^`<>]{0,1000}>)?`(?::[\w:+.-]{1,60}:|__?(?!\w))?"
)
_REST_SIGNS = (
    ("``", _REST_LITERAL),
    (":`", re.compile(r":(?=(?:pep|rfc|cve|cwe):`)()")),  # of these the name shows
    ("_`", re.compile(r"(?<!\w)_(?=`)()")),
    ("`", _REST_LINK),
    ("\\", re.compile(r"\\(?:\s()|([!-/:-@\[-`{-~\w]))")),
    ("]_", re.compile(r"\s?\[(?:\d{1,3}|#[\w.-]{0,40}|\*)\]_(?!\w)()")),  # the mark of a note
    ("]_", re.compile(r"(\[[\w.-]{1,40}\])_(?!\w)")),
    ("**", re.compile(r"(?<!\w)\*\*(?=\S)((?:(?!\*\*)[\s\S]){1,400})(?<=\S)\*\*(?!\w)")),
    ("*", re.compile(r"(?<![\w*])\*(?=[^\s*])([^*]{1,400}?)(?<=\S)\*(?![\w*])")),
    ("|", re.compile(r"(?<![\w|])\|(?=[^\s|])([^|\n]{1,100}?)(?<=\S)\|_{0,2}(?![\w|])")),
    ("_", re.compile(r"(?<![\w:/.#])([^\W_]{1,60}(?:[-._+:][^\W_]{1,60}){0,9})__?(?!\w)")),
)
_SIGNS_OF = {"rest": _REST_SIGNS, "org": (*_SIGNS, *_ORG_SIGNS), "asciidoc": (*_ADOC_SIGNS, *_SIGNS)}
_WORD = re.compile(r"\w")
_ENTITY = re.compile(  # that is a blank, or nothing
    r"&(?:(nbsp|#160|#xa0)|(?<=\S&)(?:shy|zwn?j)|[lr]rm|#173|#820[3-7]|#8288|#x(?:ad|200[b-f]|2060));", re.IGNORECASE
)
_LINKS = (_IMAGE, _LINK, _EMBED, _WIKI, _ORG_LINK, _ADDRESS, _ADOC_LINK, _BARE_ADDRESS, _REST_LINK)
_OPAQUE = (_ROLE, _CODE, _ESCAPE, _REST_LITERAL, _REST_LINK)  # what stands in these has no sign


class Readable(NamedTuple):
    """What is left of some lines; `runs` are relative to `text`."""

    text: str
    runs: tuple[OffsetRun, ...]
    bold: int = 0  # length of what is in bold at its beginning, as "Conclusions." of "**Conclusions.** The …"
    linked: bool = False  # nothing but links or pictures


class _Cut(NamedTuple):
    start: int
    end: int
    blank: str = ""  # white space that stands in its place


class Elsewhere(NamedTuple):
    """What the rest of a file says about any of its lines; all in lower case."""

    hyphenated: frozenset[str] = frozenset()  # words that have a hyphen where no line ends
    references: frozenset[str] = frozenset()  # names of links whose address stands elsewhere

    @classmethod
    def of(cls, source: str) -> Self:
        cut = _LINE_HYPHEN.search(source.replace("\r", "\n"))
        words = _HYPHENATED.findall(source) if cut else ()
        names = _REFERENCE.findall(source)
        return cls(frozenset(word.lower() for word in words), frozenset(name.lower() for name in names))


def readable(
    source: str, lines: Sequence[Span], elsewhere: Elsewhere, markup: Markup, *, cells: bool = False
) -> Readable:
    """The lines as one text, joined by a blank, or by nothing where a hyphen cuts a word at a line's end.

    In `cells` of a table without bars between them, tabs stay, and one stands for each wider gap.
    """
    raw = "\n".join(source[line.start : line.end] for line in lines)
    cuts, linked = _signs(raw, _SIGNS_OF.get(markup, _SIGNS), elsewhere.references)
    if len(lines) > 1:
        cuts += [_line_hyphen(raw, found, elsewhere.hyphenated) for found in _LINE_HYPHEN.finditer(raw)]
    cuts += [_Cut(*found.span()) for found in _INVISIBLE.finditer(raw)]
    gap = "\t" if cells and ("\n\n" in raw or not any(bar in raw for bar in BARS)) else " "
    for found in _ODD_SPACE.finditer(raw):
        blank = " " if found.group().strip(" ") == "\n" else gap  # a cell may be wrapped
        cuts += [_Cut(*found.span(), blank=blank)] if gap == " " or "\t" not in found.group() else []
    text, runs = _keep(raw, sorted(cuts))
    strong = _STRONG_LEAD.match(raw)
    before = [run for run in runs if strong and run.source < strong.end()]
    bold = before[-1].clean + min(before[-1].length, strong.end() - before[-1].source) if strong and before else 0
    return Readable(text, _placed(runs, lines), len(text[:bold].rstrip()), bool(text) and linked)


def verbatim(source: str, line: Span) -> Readable:
    """A line of code: nothing in it is a sign, and its blanks stay."""
    raw = source[line.start : line.end].rstrip()
    text, runs = _keep(raw, [_Cut(*found.span()) for found in _INVISIBLE.finditer(raw)], indented=True)
    return Readable(text, _placed(runs, [line]))


def _signs(
    raw: str, signs: Iterable[tuple[str, re.Pattern[str]]], references: Container[str]
) -> tuple[list[_Cut], bool]:
    """What of the text is markup, and whether all its words are in links or pictures."""
    cuts: list[_Cut] = []
    links: list[tuple[int, int]] = []

    def drop(pattern: re.Pattern[str], text: str) -> str:
        """Cuts the signs, and puts as many others there that no pattern knows."""

        def cut(found: re.Match[str]) -> str:
            kept = found.lastindex or 0
            if pattern is _REFERENCE_LINK:
                if (found[2] or found[1]).lower() not in references:
                    return found.group()
                kept = 1
            (start, end), (first, last) = found.span(), found.span(kept)
            cuts.extend(_Cut(a, b, _PARTING.get(pattern, "")) for a, b in ((start, first), (last, end)) if a < b)
            inside = _TEXT * (last - first) if pattern in _OPAQUE else found.group(kept)
            return _SIGN * (first - start) + inside + _SIGN * (end - last)

        return pattern.sub(cut, text)

    for piece, pattern in signs:
        if piece in raw:
            links += [found.span() for found in pattern.finditer(raw)] if pattern in _LINKS else []
            raw = drop(pattern, raw)
    cuts += [_Cut(*found.span(), blank=" " if found[1] else "") for found in _ENTITY.finditer(raw)]  # but in code
    return cuts, bool(links) and not _has_words_outside(raw, links)


def _has_words_outside(raw: str, links: Sequence[tuple[int, int]]) -> bool:
    at = 0
    for start, end in (*sorted(links), (len(raw), len(raw))):
        if _WORD.search(raw, at, max(start, at)):
            return True
        at = max(at, end)
    return False


def _line_hyphen(raw: str, found: re.Match[str], hyphenated: Container[str]) -> _Cut:
    """The line feed goes, and the hyphen with it unless it belongs to the word."""
    start, end = found.span()
    before, after = _WORD_BEFORE.search(raw, max(start - 40, 0), start), _WORD_AFTER.match(raw, end)
    if raw[start] == "\u00ad" or not before or not after or not after.group()[0].islower():
        return _Cut(end - 1, end)
    word = f"{before.group()}-{after.group()}".lower()
    keeps = word in hyphenated or before.group().lower() in _USUALLY_HYPHENATED
    return _Cut(end - 1 if keeps else start, end)


def _keep(raw: str, cuts: Sequence[_Cut], *, indented: bool = False) -> tuple[str, list[OffsetRun]]:
    """What is left without the cuts, and where in `raw` it stood; no blank at an edge or beside one that a cut left."""
    text: list[str] = []
    runs: list[OffsetRun] = []
    length = at = 0
    blank = not indented  # whether the text ends in one
    for cut in (*cuts, _Cut(len(raw), len(raw))):
        start, end = at + (blank and raw.startswith(" ", at, cut.start)), cut.start
        if start < end:
            runs.append(OffsetRun(length, start, end - start))
            text.append(raw[start:end])
            length, blank = length + end - start, raw[end - 1] == " "
        if cut.blank and (cut.blank == "\t" or not blank) and cut.end > at:
            text.append(cut.blank)
            length, blank = length + 1, True
        at = max(at, cut.end)
    whole = "".join(text)
    if whole.endswith(" "):
        whole = whole[:-1]
        if runs and runs[-1].clean + runs[-1].length > len(whole):
            last = runs.pop()
            runs += [last._replace(length=last.length - 1)] if last.length > 1 else []
    return whole, runs


def _placed(runs: Sequence[OffsetRun], lines: Sequence[Span]) -> tuple[OffsetRun, ...]:
    """Runs of joined lines, each where it stands in the source."""
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + line.end - line.start + 1)
    placed = []
    for clean, at, length in runs:
        n = bisect_right(starts, at) - 1
        placed.append(OffsetRun(clean, lines[n].start + at - starts[n], length))
    return tuple(placed)
