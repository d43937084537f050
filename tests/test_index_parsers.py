"""What parsers make of pages, PDF, Word, books, mails and tables: every word, what it is, and where it stands."""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lxml.html import document_fromstring

from eval.sets.gold import check_gold, read_gold
from index.errors import UnreadableFile
from index.formats import ARTICLES, suffix
from index.formats.document import FileReading, Unread
from index.formats.layout.pages import read_pages
from index.formats.layout.rows import Page, Stretch
from index.formats.metadata import Metadata
from index.records import Block, Document, Span, to_source

FILES = Path(__file__).parent / "files"
GOLD = Path(__file__).parent.parent / "eval" / "gold" / "files" / "questions.jsonl"


def parsed(path: Path) -> Document:
    (found,) = ARTICLES[suffix(path)](path, path.stem, Metadata({}))
    assert not isinstance(found, Unread)
    return found.document if isinstance(found, FileReading) else found


def made(folder: Path, name: str, content: str | bytes) -> Document:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return parsed(path)


def shown(document: Document, *kinds: str) -> list[str]:
    return [document.text[b.start : b.end] for b in document.blocks if b.kind in kinds or not kinds]


def lead(document: Document, text: str) -> str:
    """What leads the block of this text."""
    (block,) = [b for b in document.blocks if document.text[b.start : b.end] == text]
    return document.text[slice(*block.lead)]


# -- what holds of every format --


@pytest.fixture(scope="module")
def corpus() -> dict[str, Document]:
    paths = [path for path in sorted(FILES.rglob("*")) if suffix(path) in ARTICLES]
    return {path.relative_to(FILES).as_posix(): parsed(path) for path in paths}


def test_blocks_tile_the_text_which_is_its_own_source(corpus: dict[str, Document]) -> None:
    assert len(corpus) == 30
    for document in corpus.values():
        assert document.text == document.source
        assert "".join(shown(document)).split() and re.sub(r"\s", "", "".join(shown(document))) == re.sub(
            r"\s", "", document.text
        )
        for block in document.blocks:
            assert "\n" not in document.text[block.start : block.end]
            assert to_source(document, Span(block.start, block.end)) == (block.start, block.end)
            assert block.lead == Span(0, 0) or _is_block(document.blocks, block.lead)


def _is_block(blocks: tuple[Block, ...], lead: Span) -> bool:
    return any(block.start <= lead.start and lead.end <= block.end for block in blocks)


def test_every_file_tells_its_title_and_the_text_is_english(corpus: dict[str, Document]) -> None:
    assert [name for name, document in corpus.items() if document.inferred or document.language != "en"] == []


def test_the_questions_about_the_files_point_at_what_stands_there(corpus: dict[str, Document]) -> None:
    questions = read_gold(GOLD)
    sources = {name.rpartition(".")[0]: document.source for name, document in corpus.items()}
    assert (len(questions), check_gold(questions, sources)) == (60, [])


def test_no_word_of_a_page_is_lost(corpus: dict[str, Document]) -> None:
    for path in sorted((FILES / "html").glob("*.html")):
        tree = document_fromstring(path.read_bytes())
        for gone in tree.xpath("//head|//script|//style|//noscript|//input|//comment()|//*[@style]|//sup[@class]"):
            if gone.getparent() is not None:
                gone.drop_tree()
        for mark in tree.xpath("//a[text()='^']"):
            mark.drop_tree()
        words = " ".join(tree.itertext()).split()
        text = re.sub(r"\s", "", corpus[f"html/{path.name}"].text)
        assert [word for word in words if word not in text] == [], path.name


# -- pages --


def test_a_page_is_read_as_what_it_is(corpus: dict[str, Document]) -> None:
    page = corpus["html/tram-extension.html"]
    assert (page.title, page.author, page.publisher) == (
        "Tram line 6 will reach the hospital in 2027",
        "Petra Novak",
        "The Brelau Courier",
    )
    assert (str(page.published), page.url) == ("2025-05-14", "https://courier.example/tram-6")
    assert shown(page, "heading") == ["Tram line 6 will reach the hospital in 2027", "Costs and critics"]
    assert len(shown(page, "text")) == 4
    assert "Accept all" in shown(page, "aside") and "2 comments" in shown(page, "aside")


def test_lists_tables_code_and_answers_keep_what_leads_them(corpus: dict[str, Document]) -> None:
    manual = corpus["html/backup-tool.html"]
    assert lead(manual, "Team | 2 TB | 180 days") == "Plan | Storage | Versions kept"
    assert lead(manual, shown(manual, "code")[0]) == "To restore a single file, name the snapshot and the path:"
    council = corpus["html/residents-parking.html"]
    assert lead(council, "a debit or credit card") == "To apply for a permit you need:"
    answer = "Tell us within fourteen days, or the permit ends without a refund."
    assert lead(council, answer) == "What happens if I move?"
    talk = corpus["html/lighthouse-interview.html"]
    assert len(shown(talk, "question")) == 4


def test_what_nobody_sees_and_marks_of_notes_go(corpus: dict[str, Document]) -> None:
    assert "made of cheese" not in corpus["html/river-pollution.html"].text
    assert "92,000" not in corpus["html/loom-museum.html"].text
    assert "counted 1,240 plants in 2021.\n" in corpus["html/marsh-orchid.html"].text
    assert "List of orchids of the Marn valley" in shown(corpus["html/marsh-orchid.html"], "links")


def test_the_encoding_is_the_one_that_the_page_names(corpus: dict[str, Document]) -> None:
    assert "Café Müller" in corpus["html/chess-club.html"].text


def test_a_cell_over_several_rows_is_in_each_of_them(tmp_path: Path) -> None:
    rows = (
        "<tr><td rowspan=2>Monday</td><td>Choir</td></tr><tr><td>Band</td></tr><tr><td>Tuesday</td><td>Rest</td></tr>"
    )
    page = made(tmp_path, "a.html", f"<h1>Evenings</h1><table><tr><th>Day</th><th>What</th></tr>{rows}</table>")
    assert shown(page, "row") == ["Monday | Choir", "Monday | Band", "Tuesday | Rest"]


def test_a_cell_over_several_columns_is_in_each_and_one_over_all_is_no_row(tmp_path: Path) -> None:
    rows = "<tr><td>Adult</td><td colspan=2>free</td></tr><tr><td>Child</td><td>1 euro</td><td>9 euros</td></tr>"
    foot = "<tfoot><tr><td colspan=3>Dogs pay nothing.</td></tr></tfoot>"
    head = "<tr><th>Who</th><th>Day</th><th>Year</th></tr>"
    page = made(tmp_path, "a.html", f"<h1>Fees</h1><table>{head}{rows}{foot}</table>")
    assert shown(page, "row") == ["Adult | free | free", "Child | 1 euro | 9 euros"]
    assert shown(page, "text") == ["Dogs pay nothing."]


def test_a_short_page_is_the_article_however_few_of_its_lines_are_known_to_be(tmp_path: Path) -> None:
    asked = "<details><summary>How do I reset the lock?</summary><p>Hold the button for five seconds.</p></details>"
    page = made(tmp_path, "a.html", f"<h1>Help</h1>{asked}{asked.replace('reset', 'open').replace('five', 'six')}")
    assert shown(page, "question") == ["How do I reset the lock?", "How do I open the lock?"]
    terms = "<dl><dt>Ballast</dt><dd>Weight low in a ship.</dd><dt>Keel</dt><dd>The beam along the bottom.</dd></dl>"
    page = made(tmp_path, "b.html", f"<h1>Terms</h1>{terms}")
    assert lead(page, "Weight low in a ship.") == "Ballast"
    page = made(tmp_path, "c.html", f"<h1>Terms</h1>{terms.replace('<dt>Keel', '<dt>Kelson</dt><dt>Keel')}")
    leads = [lead(page, text) for text in ("The beam along the bottom.", "Keel", "Kelson")]
    assert leads == ["Keel", "Kelson", ""]
    assert shown(page, "aside") == []


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("10<sup>6</sup> litres", "10⁶ litres"),
        ("10<sup>-3</sup> m<sup>2</sup>", "10⁻³ m²"),
        ("H<sub>2</sub>O on the 1<sup>st</sup>", "H2O on the 1st"),
    ],
)
def test_what_is_raised_makes_no_other_number(tmp_path: Path, written: str, read: str) -> None:
    assert read in made(tmp_path, "a.html", f"<p>They found {written} in the tank of the mill.</p>").text


@pytest.mark.parametrize(
    ("named", "encoding"),
    [
        *(("iso-8859-1", "utf-8"), ("iso-8859-1", "cp1252"), ("windows-1251", "utf-8"), ("utf-8", "cp1252")),
        *(("utf-16", "utf-8"), ("utf-16", "cp1252")),
    ],
)
def test_a_page_that_names_another_encoding_than_its_own_is_read(tmp_path: Path, named: str, encoding: str) -> None:
    told = "The café of René opened in 1921 – “a marvel”."
    page = f"<html><head><meta charset='{named}'></head><body><p>{told}</p></body></html>".encode(encoding)
    assert told in made(tmp_path, "a.html", page).text


def test_a_page_in_seven_bits_is_in_the_encoding_that_it_names(tmp_path: Path) -> None:
    page = "<meta charset='iso-2022-jp'><p>塔は千六百四十五年に建てられました。</p>"
    assert "塔は千六百四十五年" in made(tmp_path, "a.html", page.encode("iso-2022-jp")).text


# -- PDF --


def test_running_heads_stand_aside_and_each_quote_has_its_page(corpus: dict[str, Document]) -> None:
    report = corpus["pdf/harbour-dredging.pdf"]
    assert shown(report, "aside").count("Osterby Harbour News") == 2
    places = [report.text.index(words) for words in ("has silted up", "Tone Ekeland")]
    assert [report.page_at(place) for place in places] == [1, 2]


def test_words_that_a_line_cut_are_whole_and_spaces_are_found(corpus: dict[str, Document]) -> None:
    assert "3.4 metres of water equivalent" not in corpus["pdf/glacier-report.pdf"].text
    assert "1.9 metres of water equivalent and" in corpus["pdf/glacier-report.pdf"].text
    assert "temperature, wind and radiation" in corpus["pdf/glacier-report.pdf"].text
    assert "footbridge over the Ald was inspected" in corpus["pdf/bridge-inspection.pdf"].text


@pytest.mark.parametrize("name", ["school-kitchen", "tidal-mill", "swift-towers"])
def test_two_columns_are_read_one_after_the_other(corpus: dict[str, Document], name: str) -> None:
    wanted = {
        "school-kitchen": ["used half of that money to buy vegetables from the farm at Holm", "Two years ago"],
        "tidal-mill": ["the pond drives the wheel for five hours.", "Flour is sold in bags of a kilogram"],
        "swift-towers": ["In the third, six pairs moved in, and this year", "hotter than forty degrees"],
    }
    assert [words for words in wanted[name] if words not in corpus[f"pdf/{name}.pdf"].text] == []


def test_a_table_of_a_pdf_has_rows_with_their_header(corpus: dict[str, Document]) -> None:
    train = corpus["pdf/night-train.pdf"]
    assert lead(train, "Single sleeper | 148 euros | included") == "Place | Fare | Breakfast"
    assert shown(corpus["pdf/coffee-machine.pdf"], "item")[0] == "1. Empty the tank and take out the filter."


def stretches(*lines: tuple[float, float, str]) -> tuple[Stretch, ...]:
    """(left, bottom, text), each letter five points wide and ten high."""
    return tuple(
        Stretch(text, left, bottom, left + 5 * len(text), bottom + 10, 10.0, False, 2.5) for left, bottom, text in lines
    )


def test_a_paragraph_goes_on_over_a_page_break_and_knows_both_pages() -> None:
    first = Page(1, 600, 800, stretches((50, 400, "The council met on Monday and agreed at"), (50, 30, "1")))
    second = Page(2, 600, 800, stretches((50, 700, "last on a budget for the year."), (50, 30, "2")))
    read = read_pages([first, second])
    assert [(p.kind, p.text) for p in read.pieces] == [
        ("text", "The council met on Monday and agreed at last on a budget for the year."),
        ("aside", "1"),
        ("aside", "2"),
    ]
    assert [tuple(start) for start in read.pages[0]] == [(0, 1), (40, 2)]


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        ("an eva-", "luation of it", "an evaluation of it"),
        ("from 2019-", "2020 it grew", "from 2019-2020 it grew"),
        ("the North-", "South road", "the North-South road"),
        ("a well-known and well-", "known man", "a well-known and well-known man"),
    ],
)
def test_hyphens_at_line_ends(before: str, after: str, joined: str) -> None:
    page = Page(1, 600, 800, stretches((50, 400, before), (50, 388, after)))
    assert [piece.text for piece in read_pages([page]).pieces] == [joined]


# -- Word, books, mails, tables --


def test_word_documents_keep_headings_lists_tables_and_running_heads(corpus: dict[str, Document]) -> None:
    policy = corpus["docx/travel-policy.docx"]
    assert lead(policy, "Norway | 165 euros | 53 euros") == "Country | Hotel, at most | Meals per day"
    assert shown(policy, "aside")[-1] == "Internal document"
    assert shown(corpus["docx/forest-plan.docx"], "heading")[1:] == ["Aims", "Felling", "Deer"]
    assert len(shown(corpus["docx/forest-plan.docx"], "item")) == 3


CONTAINER = """<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="O/c.opf"/></rootfiles></container>"""
PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>The keeper</dc:title><dc:creator>Ann Lee</dc:creator><dc:date>2021-03-04</dc:date>
<dc:language>en-GB</dc:language>
</metadata><manifest><item id="b" href="b.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="a"/><itemref idref="b"/></spine></package>"""
CHAPTER = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>{}</body></html>'
BOOK = {
    "META-INF/container.xml": CONTAINER,
    "O/c.opf": PACKAGE,
    "O/a.xhtml": CHAPTER.format("<h1>One</h1><p>It was a dark&#160;night, and the lamp burned for nine hours.</p>"),
    "O/b.xhtml": CHAPTER.format("<h1>Two</h1><p>For the sea you need:</p><ul><li>a boat</li></ul>"),
}


def zipped(parts: dict[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_a_book_is_read_in_the_order_of_its_spine(tmp_path: Path) -> None:
    book = made(tmp_path, "a.epub", zipped({**BOOK}))
    assert (book.title, book.author, str(book.published), book.language) == (
        "The keeper",
        "Ann Lee",
        "2021-03-04",
        "en",
    )
    assert shown(book, "heading") == ["One", "Two"]
    assert lead(book, "a boat") == "For the sea you need:"
    assert "a dark night" in book.text


MAIL = """From: Ann Lee <ann@x.org>
To: Bo <bo@x.org>
Subject: =?utf-8?q?The_pump_in_Br=C3=BCn?=
Date: Mon, 5 May 2025 10:00:00 +0200
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: {kind}; charset=utf-8

{body}
--b
Content-Type: application/pdf; name=bill.pdf
Content-Disposition: attachment; filename=bill.pdf
Content-Transfer-Encoding: base64

AAAA
--b--
"""
PUMP = "the pump was mended on Sunday by Ivo Stern, who needed four hours and a new seal."


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", f"Dear Bo,\n\n{PUMP}\n\n> Is the pump mended?\n-- \nAnn Lee, Brin Water"),
        ("text/html", f"<p>Dear Bo,</p><p>{PUMP}</p><blockquote>Is the pump mended?</blockquote>"),
    ],
)
def test_a_mail_tells_who_when_and_what_and_names_what_is_attached(tmp_path: Path, kind: str, body: str) -> None:
    mail = made(tmp_path, "a.eml", MAIL.format(kind=kind, body=body))
    assert (mail.title, mail.author, str(mail.published)) == ("The pump in Brün", "Ann Lee", "2025-05-05")
    assert PUMP in shown(mail, "text")
    assert {"bill.pdf", "Bo <bo@x.org>"} <= {*shown(mail, "aside")}
    assert "Is the pump mended?" in mail.text


def test_a_sentence_of_the_mail_that_is_answered_is_one(tmp_path: Path) -> None:
    told = "> Who mends it? The pressure of the pump fell to less\n> than 0.8 bar, and it is off since\n> six.\n"
    mail = made(tmp_path, "a.eml", MAIL.format(kind="text/plain", body=f"He did.\n\n{told}"))
    whole = "Who mends it? The pressure of the pump fell to less than 0.8 bar, and it is off since six."
    assert whole in shown(mail, "aside")


def test_a_mail_that_passes_on_another_has_its_words(tmp_path: Path) -> None:
    inner = f"Content-Type: message/rfc822\n\nFrom: Bo Ek <bo@x.org>\nSubject: The keys\n\n{PUMP}"
    outer = "From: Ann Lee <a@b.c>\nSubject: Fwd\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
    mail = made(tmp_path, "a.eml", f"{outer}Content-Type: text/plain\n\nSee below, please.\n--b\n{inner}\n--b--\n")
    assert shown(mail, "text") == ["See below, please.", PUMP]
    assert {"The keys", "Bo Ek <bo@x.org>"} <= {*shown(mail, "aside")}


def test_a_line_above_a_table_of_cells_is_no_row(tmp_path: Path) -> None:
    table = made(tmp_path, "a.csv", "Boat hire 2024,,\nBoat,Price,Seats\nCanoe,9,2\nCutter,120,8\n")
    assert (table.title, shown(table, "row")) == ("Boat hire 2024", ["Canoe | 9 | 2", "Cutter | 120 | 8"])
    assert lead(table, "Canoe | 9 | 2") == "Boat | Price | Seats"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_rows_of_cells_lead_back_to_their_header(tmp_path: Path, separator: str) -> None:
    rows = [("Boat", "Price", "Seats"), ("Canoe", '"9 euros\nan hour"', "2"), ("Sailing boat", "", "6")]
    table = made(tmp_path, "a.csv", "\r\n".join(separator.join(row) for row in rows))
    assert shown(table, "row") == ["Canoe | 9 euros an hour | 2", "Sailing boat |  | 6"]
    assert lead(table, "Sailing boat |  | 6") == "Boat | Price | Seats"


# -- files that cannot be read --


def word(document: str) -> bytes:
    with zipfile.ZipFile(FILES / "docx" / "forest-plan.docx") as archive:
        parts: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    return zipped({**parts, "word/document.xml": document})


LAUGHS = "<!DOCTYPE l [<!ENTITY a 'lol'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9)
)
PDF = (FILES / "pdf" / "beekeeping-winter.pdf").read_bytes()


def scanned() -> bytes:
    from fpdf import FPDF
    from PIL import Image

    pdf = FPDF()
    pdf.add_page()
    pdf.image(Image.new("RGB", (60, 80), "white"), w=100)
    return bytes(pdf.output())


def encrypted() -> bytes:
    from fpdf import FPDF

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica")
    pdf.cell(text="A secret of some words.")
    pdf.set_encryption(owner_password="a", user_password="b")
    return bytes(pdf.output())


def hostile() -> Iterator[tuple[str, Callable[[], bytes], str]]:
    yield "a.pdf", lambda: b"", "is empty"
    yield "a.pdf", lambda: b"no PDF at all", "is no PDF, or damaged"
    yield "a.pdf", lambda: PDF[: len(PDF) // 3], "is no PDF, or damaged"
    yield "a.pdf", scanned, "has pages without text; it needs OCR first"
    yield "a.pdf", encrypted, "is encrypted with a password"
    yield "a.docx", lambda: b"", "is empty"
    yield "a.docx", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "is encrypted with a password"
    yield "a.docx", lambda: zipped({"a.txt": "x"}), "is no Word document"
    yield "a.docx", lambda: word("<a>" + " " * 70_000_000), "unpacks to more than"
    yield "a.docx", lambda: word(f"{LAUGHS}]><w>&j;</w>"), "declares entities"
    yield "a.docx", lambda: word("<w"), "is damaged"
    yield "a.epub", lambda: zipped({"a.txt": "x"}), "'META-INF/container.xml' is missing"
    yield "a.epub", lambda: zipped({**BOOK, "O/c.opf": f"{LAUGHS}]>{PACKAGE.replace('The keeper', '&j;')}"}), "not XML"
    yield "a.epub", lambda: zipped({**BOOK, "O/a.xhtml": "a " * 40_000_000}), "unpacks to more than"
    locked = '<e xmlns="x"><CipherReference URI="O/a.xhtml"/></e>'
    yield "a.epub", lambda: zipped({**BOOK, "META-INF/encryption.xml": locked}), "is protected against copying"
    yield "a.html", lambda: b"<html><body></body></html>", "holds no text"
    yield "a.html", lambda: b"<div>" * 100_000 + b"word", "is nested more than 250 elements deep"
    yield "a.html", lambda: b"\0\1\2" * 90, "is binary"
    yield "a.eml", lambda: b"no mail at all", "is no mail"
    yield (
        "a.eml",
        lambda: b"From: a@b.c\n" + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" * 300,
        "mails in mails",
    )
    yield "a.csv", lambda: b"a,b\n" + b"1,2\n" * 2_600_000, "holds more than 10,000,000 characters"
    yield "a.csv", lambda: b"a\n" * 200_002, "holds more than 200,000 rows"
    yield "a.csv", lambda: b'a,"b' + b"x,y\n" * 50_000, "is no table of cells"
    yield "a.csv", lambda: b"\n \n,,\n", "holds no cell with text"


@pytest.mark.parametrize(
    ("name", "content", "reason"), [*hostile()], ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_file_that_cannot_be_read_says_why(
    tmp_path: Path, name: str, content: Callable[[], bytes], reason: str
) -> None:
    with pytest.raises(UnreadableFile, match=re.escape(reason)):
        made(tmp_path, name, content())


def test_an_entity_reads_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a very secret word")
    page = f"<?xml version='1.0'?><!DOCTYPE l [<!ENTITY a SYSTEM 'file://{secret}'>]>"
    chapter = f"{page}<html xmlns='http://www.w3.org/1999/xhtml'><body><p>It is &a; here.</p></body></html>"
    assert "secret" not in made(tmp_path, "a.epub", zipped({**BOOK, "O/a.xhtml": chapter})).text


def test_a_pdf_of_which_some_pages_are_pictures_is_read_and_says_so(tmp_path: Path) -> None:
    from fpdf import FPDF
    from PIL import Image

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica")
    pdf.cell(text="The first page has a text of some words.")
    pdf.add_page()
    pdf.image(Image.new("RGB", (60, 80), "white"), w=100)
    path = tmp_path / "a.pdf"
    path.write_bytes(bytes(pdf.output()))
    (found,) = ARTICLES[".pdf"](path, "a", Metadata({}))
    assert isinstance(found, FileReading) and found.warnings == ("has pages without text (2), which need OCR first",)


def test_the_gold_says_of_each_question_of_which_format_its_file_is() -> None:
    lines = [json.loads(line) for line in GOLD.read_text("utf-8").splitlines()]
    assert [sum(kind in line["tags"] for line in lines) for kind in ("pdf", "html", "docx")] == [20, 20, 20]
