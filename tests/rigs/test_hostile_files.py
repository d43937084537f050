"""Sixty files made to do harm among two hundred good ones: each is reported with its reason, and the others are read.

Each takes seconds and bounded memory, whatever it unpacks to, nests, repeats or declares. The limits are set lower than
a user's, so that those who run into them do so soon.
"""

import gzip
import io
import json
import os
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.rigs.rig import here, record, say

pytestmark = [pytest.mark.rig, pytest.mark.slow]
FILES = Path(__file__).parent.parent / "files"
SECONDS, MEGABYTES = here(3), 900
SLOW, HUNGRY, DOWN = "seconds to read", "MB of memory to read", "made its parser break down"
ENVIRONMENT = {"QUOTEWELL_EMBEDDER": "hash", "PYTHONPATH": str(FILES.parent.parent)}
Content = bytes | Callable[[], bytes]


def zipped(parts: dict[str, bytes | str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


# -- PDF --


def pdf(*objects: bytes, root: int = 1) -> bytes:
    """A file of these objects, numbered from 1."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    size = len(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n%btrailer <</Size %d /Root %d 0 R>>\n" % (size, table, size, root)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def stream(content: bytes, *, filters: bytes = b"/FlateDecode", more: bytes = b"") -> bytes:
    return b"<</Length %d /Filter %b %b>>\nstream\n%b\nendstream" % (len(content), filters, more, content)


def deflated(chunk: bytes, times: int) -> bytes:
    """The chunk over and over, packed without ever being whole in memory."""
    packer = zlib.compressobj(1)
    return b"".join([*(packer.compress(chunk) for _ in range(times)), packer.flush()])


CATALOG, PAGES = b"<</Type /Catalog /Pages 2 0 R>>", b"<</Type /Pages /Kids [3 0 R] /Count 1>>"
FONT = b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>"
PAGE = b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources <</Font <</F 5 0 R>>>>>>"


def page_of(content: bytes) -> bytes:
    return pdf(CATALOG, PAGES, PAGE, content, FONT)


def many_pages(content: bytes, count: int) -> bytes:
    """The same page that many times."""
    kids = b"<</Type /Pages /Kids [%b] /Count %d>>" % (b"3 0 R " * count, count)
    return pdf(CATALOG, kids, PAGE, content, FONT)


MEGABYTE_OF_TEXT = b"BT /F 9 Tf 1 0 0 1 50 700 Tm (The same words are written over and over here.) Tj ET\n" * 12_000


def pdf_files() -> Iterator[tuple[str, Content, str]]:
    yield "empty.pdf", b"", "is empty"
    yield "words.pdf", b"no PDF at all", "is no PDF"
    yield "half.pdf", (FILES / "pdf" / "night-train.pdf").read_bytes()[:2000], "is no PDF"
    yield "blanks-flate.pdf", lambda: page_of(stream(deflated(b" " * (1 << 20), 1500))), DOWN
    yield "text-flate.pdf", lambda: page_of(stream(deflated(MEGABYTE_OF_TEXT, 100))), f"{SLOW}|{DOWN}"
    yield (
        "twice-flate.pdf",
        lambda: page_of(
            stream(zlib.compress(deflated(b" " * (1 << 20), 1500)), filters=b"[/FlateDecode /FlateDecode]")
        ),
        DOWN,
    )
    yield "loops.pdf", pdf(CATALOG, b"<</Type /Pages /Kids [2 0 R 2 0 R] /Count 4>>"), "holds no text"
    yield (
        "million-pages.pdf",
        pdf(CATALOG, PAGES.replace(b"/Count 1", b"/Count 1000000"), PAGE, FONT, FONT),
        "pages, more than",
    )
    yield "pages-again.pdf", lambda: many_pages(stream(deflated(MEGABYTE_OF_TEXT, 1)), 3000), SLOW
    yield "form-in-itself.pdf", page_of(stream(zlib.compress(b"/X Do"))), "holds no text"
    yield "no-objects.pdf", pdf(CATALOG), "is no PDF"


# -- archives --

LAUGHS = "<!DOCTYPE l [<!ENTITY a 'lol'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9)
)
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="c.opf"/></rootfiles></container>'
)


def docx(document: str | bytes, **parts: str | bytes) -> bytes:
    with zipfile.ZipFile(FILES / "docx" / "forest-plan.docx") as archive:
        whole: dict[str, bytes | str] = {name: archive.read(name) for name in archive.namelist()}
    return zipped(
        {**whole, "word/document.xml": document, **{name.replace("__", "/"): part for name, part in parts.items()}}
    )


def body(inside: str) -> str:
    return f'<?xml version="1.0"?><w:document xmlns:w="{WORD}"><w:body>{inside}</w:body></w:document>'


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def epub(*chapters: str | bytes, spine: int = 1, package: str = "", more: dict[str, str] | None = None) -> bytes:
    names = [f"{n}.xhtml" for n in range(len(chapters))]
    items = "".join(
        f'<item id="i{n}" href="{name}" media-type="application/xhtml+xml"/>' for n, name in enumerate(names)
    )
    order = "".join(f'<itemref idref="i{n}"/>' for n in range(len(names))) * spine
    opf = (
        package
        or f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{items}</manifest><spine>{order}</spine></package>'
    )
    return zipped(
        {"META-INF/container.xml": CONTAINER, "c.opf": opf, **dict(zip(names, chapters, strict=True)), **(more or {})}
    )


def chapter(inside: str) -> str:
    return f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{inside}</body></html>'


def nested_zip(depth: int) -> bytes:
    content = b"0" * 1_000_000
    for _ in range(depth):
        content = zipped({f"{n}.zip": content for n in range(10)})
    return content


def lying_zip() -> bytes:
    """Declares a byte where it holds megabytes."""
    whole = bytearray(docx(body(paragraph("word " * 2_000_000))))
    size = len(body(paragraph("word " * 2_000_000)))
    return bytes(whole).replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little"))


def locked_zip() -> bytes:
    """Says of each part that it is encrypted."""
    return zipped({"word/document.xml": "a"}).replace(b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\1\0")


PROTECTED = '<e xmlns="x"><CipherReference URI="0.xhtml"/></e>'


def archive_files() -> Iterator[tuple[str, Content, str]]:
    yield "empty.docx", b"", "is empty"
    yield "no-zip.docx", b"PK\3\4" + b"\0" * 100, "is damaged"
    yield "old.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "is encrypted"
    yield "laughs.docx", lambda: docx(f"{LAUGHS}]><w>&j;</w>"), "declares entities"
    yield "blanks.docx", lambda: docx(b"<a>" + b" " * 70_000_000), "unpacks to more than"
    yield "zip-in-zip.docx", lambda: nested_zip(4), "is no Word document"
    yield "lying.docx", lying_zip, "is damaged"
    yield "paragraphs.docx", lambda: docx(body(paragraph("a b") * 1_300_000)), f"{SLOW}|{HUNGRY}"
    yield (
        "deep.docx",
        lambda: docx(body("<w:tbl><w:tr><w:tc>" * 3000 + paragraph("a") + "</w:tc></w:tr></w:tbl>" * 3000)),
        "is damaged",
    )
    yield "locked.docx", locked_zip, "is encrypted"
    yield "protected.epub", lambda: epub(chapter("a"), more={"META-INF/encryption.xml": PROTECTED}), "against copying"
    yield "cut.docx", lambda: docx(body(paragraph("a"))[:-20]), "is damaged"
    yield "laughs.epub", lambda: epub("<p/>", package=f"{LAUGHS}]><package>&j;</package>"), "not XML"
    yield "again.epub", lambda: epub(chapter("<p>The same words again.</p>" * 20_000), spine=10_000), f"{SLOW}|{HUNGRY}"
    yield "big.epub", lambda: epub("a " * 40_000_000), "unpacks to more than"
    yield "no-contents.epub", zipped({"a": "b"}), "'META-INF/container.xml' is missing"
    yield "deep.epub", lambda: epub(chapter("<div>" * 30_000 + "word")), "is nested more than"
    yield "many-parts.epub", lambda: zipped({str(n): b"" for n in range(20_001)}), "parts, more than"


# -- pages and mails --


def page_files() -> Iterator[tuple[str, Content, str]]:
    yield "empty.html", b"", "is empty"
    yield "nothing.html", b"<html><body></body></html>", "holds no text"
    yield "deep.html", b"<div>" * 100_000 + b"word", "nested more than"
    yield "binary.html", b"\0\1\2" * 90, "is binary"
    yield "huge.html", lambda: b"<p>" + b"a " * 5_000_000, "is larger than"
    yield (
        "lines.html",
        lambda: b"".join(b"<p>Line %d of a page that never ends, and so on and on.</p>" % n for n in range(150_000)),
        SLOW,
    )
    yield (
        "tables.html",
        lambda: b"<table><tr><td>" * 200 + b"<table><tr><td>a</td></tr></table>" * 200_000,
        "is nested more than",
    )
    yield "no-mail.eml", b"no mail at all", "is no mail"
    yield (
        "mails-in-mails.eml",
        b"From: a@b.c\n" + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" * 300,
        "mails in",
    )
    yield "comments.eml", lambda: b"From: " + b"(" * 500_000 + b"\nSubject: a\n\nWords.", "is nested too deeply"
    yield "addresses.eml", lambda: b"From: " + b"a@b.c, " * 200_000 + b"\nSubject: a\n\nWords.", f"{SLOW}|{HUNGRY}"
    yield "encoded.eml", lambda: b"From: a@b.c\nSubject: " + b"=?utf-8?q?a?= " * 100_000 + b"\n\nWords.", HUNGRY


# -- text, tables, lines --


def text_files() -> Iterator[tuple[str, Content, str]]:
    yield "empty.txt", b"", "is empty"
    yield "blank.md", b" \n\t\r\n", "is empty"
    yield "large.txt", lambda: b"a " * 5_000_001, "is larger than"
    yield "larger.pdf", lambda: b"%PDF-1.7\n" + b"\0" * 200_000_000, "is larger than"
    yield "picture.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is binary"
    yield "any-bytes.txt", bytes(range(1, 256)) * 20, "is not UTF-8 text"
    yield "comment.md", b"<!-- " + b"nothing to see " * 1000 + b"-->", "no text to search"
    yield "half.txt", b"\xff\xfe\x00\xd8T\0", "is not UTF-16"
    yield "control\x1b]0;name\x07.txt", b"Some words.", "cannot serve as a document id"
    yield os.fsdecode(b"caf\xe9.txt"), b"Some words.", "cannot serve as a document id"
    yield "new\nline.txt", b"Some words.", "cannot serve as a document id"

    yield "cells.csv", lambda: b"a,b\n" + b"1,2\n" * 2_600_000, "holds more than"
    yield "rows.csv", lambda: b"a\n" * 200_002, "rows"
    yield "quote.csv", lambda: b'a,"b' + b"x,y\n" * 50_000, "is no table of cells"
    yield "no-cell.csv", b"\n \n,,\n", "holds no cell"
    yield "deep.jsonl", lambda: b'{"_id": "1", "text": ' + b"[" * 1_000_000 + b"\n", "nested too deeply"
    yield "digits.jsonl", b'{"_id": "1", "text": ' + b"9" * 100_000 + b"}\n", "more digits than can be read"
    yield "long-line.jsonl", lambda: b'{"_id": "1", "text": "' + b"a" * 11_000_000 + b'"}\n', "is longer than"
    yield "no-json.jsonl", b"{\n", "is not JSON"
    yield "list.jsonl", b"[1, 2]\n", "is not a JSON object"
    yield "no-id.jsonl", b'{"text": "Words."}\n', "has no _id"
    yield "number.jsonl", b'{"_id": "1", "text": 5}\n', "has a text that is not text"
    yield "surrogate.jsonl", b'{"_id": "1", "text": "\\ud83d"}\n', "half a character"
    yield "cut.jsonl.gz", gzip.compress(b'{"_id": "1", "text": "Words."}\n' * 100)[:-20], "not a whole gzip file"
    yield "no-gzip.jsonl.gz", b"no gzip", "not a whole gzip file"
    yield "endless.jsonl.gz", lambda: b"".join(gzip.compress(b" " * 10_000_000) for _ in range(30)), "unpacks to more"
    yield "one-endless-line.jsonl.gz", lambda: gzip.compress(b'{"_id": "1", "text": "' + b"a" * 30_000_000), "unpacks"


# -- good ones --


def good_files(each: int) -> Iterator[tuple[str, bytes]]:
    """So many of each of ten kinds, each with an article of its own."""
    for n in range(each):
        told = [
            f"The {w} of Brin number {n} weighs {n * 7 + k} kilograms." for k, w in enumerate(("bell", "door", "mill"))
        ]
        text = f"{told[0]} It was made in {1500 + n} by the brothers Ek. {told[1]} Nobody knows who made it."
        line = json.dumps({"_id": f"line {n}", "text": f"{told[2]} It grinds {n + 3} sacks a day."}).encode() + b"\n"
        page = f"<html><body><article><h1>Bell {n}</h1><p>{text}</p></article></body></html>"
        yield f"text-{n}.txt", text.encode()
        yield f"mark-{n}.md", f"---\ntitle: Bell {n}\n---\n# Bell {n}\n\n{text} (Markdown)".encode()
        yield f"page-{n}.html", page.replace("Nobody", "Hardly anybody").encode()
        yield f"mail-{n}.eml", f"From: Ann <a@b.c>\nSubject: Bell {n}\n\nDear Bo, {text}".encode()
        yield f"table-{n}.csv", f"Thing,Weight\nBell {n},{n * 7}\nDoor {n},{n * 7 + 1}\n".encode()
        yield f"word-{n}.docx", docx(body(paragraph(f"{text} {told[2]}")))
        yield f"book-{n}.epub", epub(chapter(f"<h1>Mill {n}</h1><p>{told[2]} {text}</p>"))
        show = b" ".join(b"1 0 0 1 50 %d Tm (%b) Tj" % (700 - 20 * k, one.encode()) for k, one in enumerate(told))
        yield f"sheet-{n}.pdf", page_of(stream(zlib.compress(b"BT /F 9 Tf " + show + b" ET")))
        yield f"line-{n}.jsonl", line
        yield f"gz-{n}.jsonl.gz", gzip.compress(line.replace(b"line", b"gz").replace(b"mill", b"old mill"))


HOSTILE = [*pdf_files(), *archive_files(), *page_files(), *text_files()]


# -- the rig --


class Outcome(NamedTuple):
    """Of one run of the command."""

    report: dict[str, Any]
    megabytes: float  # the most that it, or the process that it reads files in, had in memory


# What it took itself, and its children: what the system tells of a child includes what its parent had when it began it.
PEAK = """
import atexit, re, resource
def peak():
    own = re.search("VmHWM: *\t* *([0-9]+)", open("/proc/self/status").read())[1]
    open({path!r}, "w").write(str(max(int(own), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)))
atexit.register(peak)
"""


def indexed(folder: Path, data: Path, *, seconds: int, megabytes: int) -> Outcome:
    names = "index.formats.LEAST_SECONDS, index.formats.BYTES_A_SECOND, index.formats.MEGABYTES"
    limits = f"{names} = {seconds}, {10**9}, {megabytes}"
    peak = data.parent / "peak"
    code = f"{PEAK.format(path=str(peak))}\nimport index.formats, quotewell; {limits}; quotewell.main()"
    command = [sys.executable, "-c", code, "index", str(folder), "--data", str(data), "--json"]
    environment = {**os.environ, **ENVIRONMENT}
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, check=False)
    return Outcome(json.loads(ran.stdout), int(peak.read_text()) / 1000)


def faults(outcome: Outcome, bad: Iterable[tuple[str, Content, str]], good: Iterable[str], most: int) -> list[str]:
    """What the run did wrong."""
    wrong = [f"{name} was not indexed" for name in good if name not in outcome.report["added"]]
    reasons = {Path(one["path"]).name.partition(":")[0]: one["reason"] for one in outcome.report["unread"]}
    for name, _, wanted in bad:
        if not re.search(wanted, reasons.get(name, "")):
            wrong.append(f"{name!r}: wanted {wanted!r}, told {reasons.get(name, 'nothing')!r}")
    if outcome.megabytes > most:
        wrong.append(f"took {outcome.megabytes:,.0f} MB of memory, more than {most:,}")
    return wrong


def write(folder: Path, files: Iterable[tuple[str, Content]]) -> None:
    folder.mkdir()
    for name, content in files:
        (folder / name).write_bytes(content() if callable(content) else content)


@pytest.mark.timeout(3_000)  # seconds, on a machine that does much else
def test_sixty_bad_files_are_reported_and_two_hundred_good_ones_indexed(tmp_path: Path) -> None:
    good = dict(good_files(20))
    assert (len(HOSTILE), len(good)) == (68, 200)
    write(tmp_path / "in", [*((name, content) for name, content, _ in HOSTILE), *good.items()])
    outcome = indexed(tmp_path / "in", tmp_path / "data", seconds=SECONDS, megabytes=MEGABYTES)
    names = [re.sub(r"\.(jsonl|jsonl\.gz|\w+)$", "", name) for name in good]
    names = [name.replace("line-", "line ").replace("gz-", "gz ") for name in names]
    wrong = faults(outcome, HOSTILE, names, MEGABYTES)
    say("; ".join(wrong))
    note = f"{len(outcome.report['added'])} good ones beside them indexed, at most {outcome.megabytes:,.0f} MB"
    record("files made to do harm: reported with their reason", len(HOSTILE), len(wrong), note)
    assert len(outcome.report["added"]) == 200


def test_without_its_limits_the_rig_fails(tmp_path: Path) -> None:
    """A mail whose subject is 15,000 words takes more than a gigabyte; without a limit it is indexed after all."""
    bad = [("hungry.eml", b"From: a@b.c\nSubject: " + b"=?utf-8?q?a?= " * 15_000 + b"\n\nWords.", HUNGRY)]
    write(tmp_path / "in", [(name, content) for name, content, _ in bad])
    bounded = indexed(tmp_path / "in", tmp_path / "bounded", seconds=60, megabytes=MEGABYTES)
    assert faults(bounded, bad, [], MEGABYTES) == []
    free = indexed(tmp_path / "in", tmp_path / "free", seconds=1_000, megabytes=100_000)
    assert len(faults(free, bad, [], MEGABYTES)) == 2
