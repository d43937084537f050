"""Text and Markdown files in any encoding, with or without front matter."""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from charset_normalizer import from_bytes

from index.cleaning.clean import Cleaned, clean
from index.cleaning.markup import Markup
from index.errors import UnreadableFile
from index.formats.document import FileReading, make_document
from index.formats.front_matter import FrontMatter, front_matter
from index.formats.metadata import Metadata, merged
from index.text.language import language

MARKUP: dict[str, Markup] = {  # of files by their suffix; "": as it looks
    ".txt": "", ".md": "", ".markdown": "", ".srt": "", ".vtt": "",
    ".adoc": "asciidoc", ".asciidoc": "asciidoc", ".org": "org", ".rst": "rest",
}  # fmt: skip
MAX_BYTES = 10_000_000  # twice the Bible; cleaning and embedding more takes hours

# Guessed from, the likeliest first: where several fit a text equally well, the first of them.
_LEGACY = (
    *("cp1252", "cp932", "gb18030", "cp949", "big5", "euc_jp", "cp1250", "cp1255", "cp1251", "koi8_r", "cp1253"),
    *("cp1254", "cp1256", "cp1257", "iso8859_2", "cp850", "mac_roman", "utf_16_le", "utf_16_be"),
)
_OLD = frozenset(("cp850", "mac_roman"))  # meant only where no other one fits as well
_SELDOM = re.compile("[\u3131-\u318e\uff61-\uff9f]")  # what kana are in the encoding of another script
_ALIKE = 0.11  # charset-normalizer's likeness to a language; of a sentence or two it tells no finer than that
_LEAST_SIGNS = 3  # characters beyond ASCII; fewer fit too many encodings
_LOOKED_AT = 200_000  # bytes that are looked at for a guess
_MOST_CHAOS = 0.1  # what charset-normalizer says of a wrong guess is about 0.1 and more
_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)
_LATIN = ("iso-8859-1", "iso8859-1", "latin-1", "latin1", "us-ascii", "ascii")  # cp1252 is meant, as in browsers
_BOMS = ((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class Decoded(NamedTuple):
    """A file's text, whose code points offsets count, and what to say of its encoding where that was guessed."""

    text: str
    warnings: tuple[str, ...]


def read(path: Path, document_id: str, metadata: Metadata) -> Iterator[FileReading]:
    """The one document of the file. Raises UnreadableFile."""
    with path.open("rb") as file:
        raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise UnreadableFile(f"is larger than {MAX_BYTES:,} bytes; split it")
    source, warnings = decode_any(raw)
    cleaned, matter = clean_body(source, path.name)
    facts = merged(metadata.of(document_id), matter.facts)
    markup, spoken = MARKUP[path.suffix.lower()], language(cleaned.text)
    document = make_document(document_id, source, cleaned, facts, language=spoken, read_as=markup)
    yield FileReading.of(document, hidden=matter.hidden + cleaned.hidden, warnings=(*warnings, *matter.warnings))


def clean_body(source: str, *files: str) -> tuple[Cleaned, FrontMatter]:
    """The text behind fenced front matter; header lines stay in it, as furniture. It stands in files of these names."""
    matter = front_matter(source)
    markup: Markup = max((MARKUP.get(Path(name).suffix.lower(), "") for name in files), default="")
    cleaned = clean(source, start=max(matter.start, int(source.startswith("\ufeff"))), markup=markup)
    lines = [run for run in cleaned.runs if matter.headers.start <= run.source < matter.headers.end]
    if lines and lines[-1] != cleaned.runs[-1]:  # there is more than these
        first, last = lines[0].clean, lines[-1].clean + lines[-1].length
        blocks = (b._replace(kind="aside") if first <= b.start and b.end <= last else b for b in cleaned.blocks)
        cleaned = replace(cleaned, blocks=tuple(blocks))
    return cleaned, matter


def decode(raw: bytes) -> str:
    """UTF-8, or UTF-16 or UTF-32 that says so. Raises UnreadableFile."""
    encoding = next((name for mark, name in _BOMS if raw.startswith(mark)), "utf-8")
    if not raw.strip():
        raise UnreadableFile("is empty")
    if encoding == "utf-8" and b"\0" in raw:
        raise UnreadableFile("is binary, not text")
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        where = f"byte 0x{raw[error.start]:02x} at {error.start:,}" if error.start < len(raw) else "it ends too early"
        raise UnreadableFile(
            f"is not {encoding.upper()} text ({where}); convert it, for example: iconv -f WINDOWS-1252 -t UTF-8"
        ) from error


def decode_any(raw: bytes) -> Decoded:
    """As `decode`, and where the file does not say what it is, by the encoding that fits its letters best.

    Raises UnreadableFile, also where too few letters tell one encoding from another.
    """
    try:
        return Decoded(decode(raw), ())
    except UnreadableFile:
        encoding = None if raw.startswith(tuple(mark for mark, _ in _BOMS)) else _guessed(raw)
        if encoding is None:
            raise
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            f"is not UTF-8 text, nor {encoding} as its beginning looks (byte 0x{raw[error.start]:02x} at "
            f"{error.start:,}); convert it, for example: iconv -f {encoding.upper()} -t UTF-8//TRANSLIT"
        ) from error
    name = encoding.replace("cp125", "windows-125").replace("_", "-")
    return Decoded(text, (f"is not UTF-8; it was read as {name}, a guess: look at its letters, or convert it",))


def decode_page(page: bytes) -> str:
    """In the encoding that a web page names, if it is that, else as any text is read. Raises UnreadableFile."""
    named = _CHARSET.search(page, 0, 4096)
    if named and not page.startswith((BOM_UTF8, BOM_UTF16_LE, BOM_UTF16_BE)):
        name = named.group(1).decode("ascii").lower()
        name = "cp1252" if name in _LATIN else "utf-8" if name.startswith("utf-16") else name  # else none could be read
        for encoding in (name,) if page.isascii() else ("utf-8", name):  # what is UTF-8 by its bytes is so by no chance
            with suppress(LookupError, UnicodeDecodeError):
                return page.decode(encoding)
    return decode_any(page).text


def _guessed(raw: bytes) -> str | None:
    """The likeliest legacy encoding of a text, None where that cannot be told."""
    sample = raw[:_LOOKED_AT]
    wide = b"\0" in sample
    if not wide and sum(byte > 0x7F for byte in sample) < _LEAST_SIGNS:
        return None
    fitting = [match for match in from_bytes(sample, cp_isolation=list(_LEGACY)) if match.chaos <= _MOST_CHAOS]
    if not fitting:
        return None
    fewest = min(len(_SELDOM.findall(str(match))) for match in fitting)
    fitting = [match for match in fitting if len(_SELDOM.findall(str(match))) == fewest]
    best = [match for match in fitting if match.chaos == fitting[0].chaos]
    best = [match for match in best if match.encoding not in _OLD] or best
    least = max(match.coherence for match in best) - _ALIKE
    names = {name for match in best if match.coherence >= least for name in match.could_be_from_charset}
    return next((name for name in _LEGACY if name in names and wide == name.startswith("utf_16")), None)
