"""Reading: every file becomes documents or a reason why not, and one bad file or line never costs another."""

import gzip
import hashlib
import json
import os
import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import NotFound, UnreadableFile
from index.formats import ARTICLES, MAX_ID_CHARS, File, find, open_file, read, suffix
from index.formats.document import FileReading, Unread, front_date
from index.formats.front_matter import FrontMatter, front_matter
from index.formats.metadata import Metadata
from index.formats.text import MAX_BYTES
from index.records import Document

SEEDS = Path(__file__).parent.parent / "seeds"
PROSE = "The council of Brin met on Monday to agree the budget for the year ahead. It took nine hours."


def documents(*paths: Path) -> dict[str, Document]:
    return {found.id: found for found in read(paths) if isinstance(found, Document)}


def unread(*paths: Path) -> dict[str, str]:
    """Path → reason."""
    return {found.path: found.reason for found in read(paths) if isinstance(found, Unread)}


def here(path: Path) -> list[Document | FileReading | Unread]:
    """What stands in one file, read in this process: where a test lowers a limit of a parser."""
    return list(ARTICLES[suffix(path)](path, "a", Metadata({})))


def file(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def readings(path: Path) -> list[FileReading]:
    found = [one for one in find([path]) if isinstance(one, File)]
    return [one for each in found for one in open_file(each) if isinstance(one, FileReading)]


def only(path: Path) -> Document:
    (document,) = documents(path).values()
    assert unread(path) == {}
    return document


def reason(path: Path) -> str:
    assert documents(path) == {}
    (why,) = unread(path).values()
    return why


# -- the four articles --

PINNED = {
    "000_0ff4957a0b8e66ca.txt": "09ad202321371726c9582bce8cb89a91377d1a9fb8a3e2558f3ec8b61ea9b6ed",
    "001_4beff35bf11eeb42.txt": "15386aa32c6dc84e52448aead5d3cb22ab13271b66a87b0a638b3a53691bdc27",
    "002_8bee97676b8089f7.txt": "4d230741e48a294571a68cbaa4fe9f74a742aa6775bab056f4de84bc52df5bb5",
    "003_0fe222d637c9611e.txt": "c682c7f02fcdc77fbf811bb2c1b6c240d608f9b4acbfe36bf761a7f73084863b",
}


def test_restructured_text_is_read_with_its_headings_lists_and_code(tmp_path: Path) -> None:
    install = "Install it with ``pip``::\n\n    pip install tide\n\n* One.\n* Two.\n"
    source = f"Guide\n=====\n\nInstalling\n----------\n\n{install}"
    document = only(file(tmp_path, "a.rst", source))
    told = [(block.kind, document.text[block.start : block.end].strip()) for block in document.blocks]
    assert told == [
        ("heading", "Guide"),
        ("heading", "Installing"),
        ("text", "Install it with pip:"),
        ("code", "pip install tide"),
        ("item", "One."),
        ("item", "Two."),
    ]


MANUAL = """= Pump
:toc:
// not for readers
////
nor this
////
See link:https://pump.example[the *maker*] and <<winter,below>>.

[[winter]]
.In winter
. Pull the plug.
.. At last
* Keep it

Seal:: Of silicone.

include::legal.adoc[]
"""
LOG = """#+TITLE: Log
#+OPTIONS: toc:nil
# not for readers

* Mirror :optics:
:PROPERTIES:
:ID: 7
:END:
It is /clean/.

#+BEGIN_SRC sh
# for readers
turn --left
#+END_SRC
"""
SUBTITLES = """1
00:00:01,000 --> 00:00:04,200
This is the old mine of Brenn, which

2
00:00:04,300 --> 00:00:07,900
was opened in 1734.
"""
TOUR = """WEBVTT - A tour
Kind: captions
Language: en
Style:
::cue(c.grey) { color: grey;
 }
##

STYLE
::cue { color: red; }

REGION
id:left

NOTE
The year is not sure.
Ask Ann.

1
00:00:01.000 --> 00:00:04.200
This is the old mine of Brenn, which
was opened in 1734.

NOTE of the 3rd of May

NOTE
00:00:05.000 --> 00:00:07.900
NOTE the lamp. It burns.
"""
TOLD = "This is the old mine of Brenn, which was opened in 1734.|NOTE the lamp. It burns."
TOLD = "This is the old mine of Brenn, which was opened in 1734.|NOTE the lamp. It burns."


@pytest.mark.parametrize(
    ("name", "source", "told"),
    [
        ("a.vtt", TOUR, TOLD),
        ("a.vtt", f"\ufeff{TOUR}", TOLD),
        ("a.vtt", TOUR.replace("\n", "\r\n"), TOLD),
        ("a.adoc", MANUAL, "Pump|See the maker and below.|In winter|Pull the plug.|At last|Keep it|Seal: Of silicone."),
        (
            "a.asciidoc",
            "= One\n:a: b\n\nPress kbd:[F2] until the wash of the day begins.\n",
            "One|Press F2 until the wash of the day begins.",
        ),
        ("a.org", LOG, "Mirror|It is clean.|# for readers|turn --left"),
        ("a.srt", SUBTITLES, "This is the old mine of Brenn, which was opened in 1734."),
    ],
)
def test_a_file_is_read_as_what_its_suffix_says(tmp_path: Path, name: str, source: str, told: str) -> None:
    document = only(file(tmp_path, name, source))
    shown = [document.text[block.start : block.end] for block in document.blocks if block.kind != "aside"]
    assert shown == told.split("|")


def test_front_matter_in_json_tells_facts_and_other_json_is_text(tmp_path: Path) -> None:
    matter = '{\n  "title": "Bells: a history",\n  "date": "2024-03-09T08:00:00Z",\n  "draft": false\n}\n'
    bells = only(file(tmp_path, "bells.md", f"\ufeff{matter}\nThe tenor weighs 1,270 kg.\n"))
    assert (bells.title, bells.published, bells.text) == (
        "Bells: a history",
        date(2024, 3, 9),
        "The tenor weighs 1,270 kg.",
    )
    told = '{"title": "Lamp", "price": 40}\r\nis what the shop sends.\n'
    for other in (matter, told, '{"title": \n\nIt is cut.', f"{matter}{matter}", '{"port": 80}\n\nIt is open.'):
        shown = only(file(tmp_path, "other.txt", other)).text
        assert "".join(filter(str.isalnum, shown)) == "".join(filter(str.isalnum, other))


def test_a_question_and_its_answer_are_a_line_of_a_faq(tmp_path: Path) -> None:
    faq = '{"question": "When?", "answer": "On Friday.\\nAt six."}'
    lines = f'{faq}\n{{"_id": "dogs", "prompt": "Dogs?", "response": "No."}}\n'
    when, dogs = documents(file(tmp_path, "faq.jsonl", lines)).values()
    assert (when.id, dogs.id, when.title, dogs.text) == ("faq/1", "dogs", "When?", "Dogs?\n\nNo.")
    told = [(b.kind, when.text[b.start : b.end], when.text[b.lead.start : b.lead.end]) for b in when.blocks]
    assert told == [("question", "When?", ""), ("text", "On Friday.", "When?"), ("text", "At six.", "When?")]


def test_an_answer_without_a_question_is_read_and_a_question_without_an_answer_is_named(tmp_path: Path) -> None:
    lines = [
        {"question": "", "answer": "It opens at six."},
        {"answer": "The key is at the desk."},
        {"question": None, "response": "Two are let."},
        {"question": "May I?", "response": "You may."},
        {"question": "Where?", "answer": " "},
    ]
    path = file(tmp_path, "faq.jsonl", "\n".join(map(json.dumps, lines)))
    texts = {name: document.text for name, document in documents(path).items()}
    assert texts == {
        "faq/1": "It opens at six.",
        "faq/2": "The key is at the desk.",
        "faq/3": "Two are let.",
        "faq/4": "May I?\n\nYou may.",
    }
    assert unread(path) == {f"{path}:5": "holds no text to search, only blanks, signs or what is hidden"}


def test_a_notebook_is_its_cells_with_what_they_put_out_aside(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Wear\n", "\n", "The *pump* ran for\n", "eleven months."]},
        {
            "cell_type": "code",
            "source": "for n in 3:\n    wear(n)",
            "outputs": [{"text": ["0.42 mm\n"]}, {"data": {"text/plain": "done"}}, {"evalue": "no"}],
        },
        {"cell_type": "code"},
        {"cell_type": "markdown", "source": "## Result\n\nThe seal is changed."},
    ]
    wear = only(file(tmp_path, "wear.ipynb", json.dumps({"cells": cells, "nbformat": 4})))
    assert (wear.title, [(block.kind, wear.text[block.start : block.end]) for block in wear.blocks]) == (
        "Wear",
        [
            ("heading", "Wear"),
            ("text", "The pump ran for eleven months."),
            ("code", "for n in 3:"),
            ("code", "wear(n)"),
            ("aside", "0.42 mm"),
            ("aside", "done"),
            ("aside", "no"),
            ("heading", "Result"),
            ("text", "The seal is changed."),
        ],
    )
    assert "\n    wear(n)" in wear.text
    other = file(tmp_path, "other.ipynb", '{"worksheets": []}')
    assert unread(other) == {str(other): "is no notebook of format 4: it has no cells"}


def test_what_pandoc_can_read_is_refused_with_the_command_that_converts_it(tmp_path: Path) -> None:
    paper = file(tmp_path, "paper.tex", "\\section{Eels} We counted them.")
    assert unread(paper)[str(paper)].endswith("are not read; convert it: pandoc -t markdown -o paper.md paper.tex")


def test_the_articles_are_the_publishers_bytes() -> None:
    assert {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in SEEDS.glob("*.txt")} == PINNED


def test_the_articles_carry_what_is_known_of_them_and_say_what_was_inferred() -> None:
    found = documents(SEEDS)
    assert unread(SEEDS) == {}
    assert [(d.id[:3], d.title[:30], d.author, d.published, d.language, d.inferred) for d in found.values()] == [
        ("000", "Diplomacy in times of uncertai", "", date(2025, 8, 11), "en", ("publisher",)),
        ("001", "Mexico responds to the Trump a", "Bartłomiej Znojek", date(2026, 6, 15), "en", ("published",)),
        ("002", "The U.S.-Mexico relationship u", "R. Evan Ellis", date(2024, 12, 1), "en", ("published", "title")),
        ("003", "Mexico’s options one week into", "", date(2025, 1, 28), "en", ("published", "title")),
    ]
    assert [d.publisher for d in found.values()] == [
        "World & New World Journal",
        "Polish Institute of International Affairs (PISM Bulletin)",
        "Global Americans",
        "",
    ]
    assert [d.source.encode() for d in found.values()] == [p.read_bytes() for p in sorted(SEEDS.glob("*.txt"))]


# -- text and Markdown --


def test_a_text_file_is_one_document_named_by_its_path_below_the_folder(tmp_path: Path) -> None:
    file(tmp_path, "town/a b.txt", PROSE)
    file(tmp_path, "c.MD", f"# The budget\n\nAnn Lee\n\nAug. 11, 2025\n\n{PROSE}")
    found = documents(tmp_path)
    assert list(found) == ["c", "town/a b"]
    assert (found["town/a b"].title, found["town/a b"].inferred) == ("a b", ("title",))
    assert (found["c"].title, found["c"].published, found["c"].inferred) == ("The budget", date(2025, 8, 11), ())
    assert only(tmp_path / "town" / "a b.txt").id == "a b"


def test_front_matter_gives_facts_and_is_no_text(tmp_path: Path) -> None:
    matter = "title: 'Budget: yes'\nauthor: [Ann Lee, Bo Ek]\ndate: 2025-08-11\nlang: en\nurl: https://x.org\ntags: [a]"
    document = only(file(tmp_path, "a.md", f"\ufeff---\r\n{matter}\r\n---\r\n{PROSE}"))
    assert (document.title, document.author) == ("Budget: yes", "Ann Lee, Bo Ek")
    assert (document.published, document.language, document.url) == (date(2025, 8, 11), "en", "https://x.org")
    assert document.text == PROSE
    assert document.source.startswith("\ufeff---") and document.inferred == ()
    run = document.runs[0]
    assert document.source[run.source :] == PROSE


@pytest.mark.parametrize(
    ("matter", "title", "published", "warned"),
    [
        ("title: Glass: a history of windows\ndate: 2022-01-05", "Glass: a history of windows", date(2022, 1, 5), 1),
        ("title: [unclosed\ndate: 2022-01-05", "[unclosed", date(2022, 1, 5), 1),
        ("title:\tMirrors\nauthor: @ann", "Mirrors", None, 2),
        ("title: One\nsome words\ndate: 2022-01-05", "One", date(2022, 1, 5), 1),
        ("title: One\ndate: 2024-13-45", "One", None, 1),
        ("title: One\ndate: 2025-02-30", "One", None, 1),
        ("title: One\ndate: someday", "One", None, 1),
        ("title: One\ndate: 5 March 2021", "One", date(2021, 3, 5), 0),
        ("Title: yes\nDate: 2021-03-05T10:00:00Z", "yes", date(2021, 3, 5), 0),
        ("title: 2024\ndate:\nauthor: null", "2024", None, 0),
        ("a: " + "{a: " * 4000 + "\ntitle: One", "One", None, 1),
        ("title: {a: b}", "", None, 1),
        ('title: "\\ud83d"', "", None, 1),
        ("a: &a [x, x, x]\nb: &b [*a , *a ]\ntitle: [*b , *b ]", "", None, 1),
        ("title: One\ndate: " + "9" * 5000, "One", None, 1),
        ("title: One\n" + "\n".join(f"k{n}: [" for n in range(400)), "One", None, 4),
    ],
)
def test_a_bad_line_of_front_matter_costs_that_line_and_a_warning(
    matter: str, title: str, published: date | None, warned: int
) -> None:
    source = f"---\n{matter}\n---\n{PROSE}"
    found = front_matter(source)
    assert (found.facts.title, found.facts.published, len(found.warnings)) == (title, published, warned)
    assert source[found.start :] == PROSE


def test_the_file_of_bad_front_matter_is_read_and_its_line_named(tmp_path: Path) -> None:
    path = file(tmp_path, "a.md", f"---\nlang: en\ntitle: A: b\ntags: [x]\n---\n{PROSE}")
    (reading,) = readings(path)
    assert reading.warnings == ("line 3 of its front matter is not YAML, so it was read as text: title: A: b",)
    assert (reading.document.title, reading.document.text) == ("A: b", PROSE)
    assert reading.hidden == len("tags: [x]\n")


@pytest.mark.parametrize("merged", ["author: *a59", "<<: *a59", "title: {<<: *a59}"])
def test_endless_aliases_in_front_matter_cost_nothing(merged: str) -> None:
    lists = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1} , *a{n - 1} ]" for n in range(1, 60))]
    tables = ["a0: &a0 {x: 1}", *(f"a{n}: &a{n} {{<<: [*a{n - 1} , *a{n - 1} ]}}" for n in range(1, 60))]
    for lines in (lists, tables):
        found = front_matter("---\ntitle: One\n" + "\n".join([*lines, merged]) + f"\n---\n{PROSE}")
        assert found.facts.title in ("One", "")


@pytest.mark.parametrize(
    ("matter", "title", "author", "published", "warned"),
    [
        ('title = "Lead in glass"\ndate = 2021-04-04\nauthor = "Ida Holm"', "Lead in glass", "Ida Holm", True, 0),
        ("title = 'A'\nauthors = ['B', 'C']\ndate = 2021-04-04T10:00:00Z\n[extra]\ntitle = 'no'", "A", "B, C", True, 0),
        ("title = Lead in glass\nauthor = 'B'\ndate = '2021-04-04'", "Lead in glass", "B", True, 1),
        ("title = 'A'\nauthor = 'B'\ndate = 2021-13-04\n[extra]\ntitle = 'no'", "A", "B", False, 2),
        ("title = 'A'\nauthor = 'B'\nx = " + "[" * 5000, "A", "B", False, 1),
    ],
)
def test_toml_front_matter_gives_facts(matter: str, title: str, author: str, published: bool, warned: int) -> None:
    source = f"+++\n{matter}\n+++\n{PROSE}"
    found = front_matter(source)
    assert (found.facts.title, found.facts.author, len(found.warnings)) == (title, author, warned)
    assert found.facts.published == (date(2021, 4, 4) if published else None)
    assert source[found.start :] == PROSE


BY_NORA = "**Author:** Nora Quist\n**Date:** 2 February 2020"


@pytest.mark.parametrize(
    ("top", "headers", "title", "author", "published"),
    [
        ("", "Title: Stained glass\nAuthor: Nora Quist\nDate: 2020-02-02", "Stained glass", "Nora Quist", True),
        (
            "\ufeff\n",
            "title: Stained glass\r\nBy: Nora Quist\r\nSection: art\r\nDate: Feb. 2, 2020",
            "Stained glass",
            "Nora Quist",
            True,
        ),
        ("# Stained glass\n\n", BY_NORA, "", "Nora Quist", True),
        ("Stained glass\n", "Author: Nora Quist", "", "Nora Quist", False),
        ("Stained glass\nA second line\nAuthor: Nora Quist", "", "", "", False),
        ("The council met. Author: Nora Quist", "", "", "", False),
        ("Note: the council met\nTime: noon", "", "", "", False),
    ],
)
def test_header_lines_give_facts_and_stay_in_the_text(
    top: str, headers: str, title: str, author: str, published: bool
) -> None:
    source = f"{top}{headers}\n\n{PROSE}"
    found = front_matter(source)
    assert (found.facts.title, found.facts.author) == (title, author)
    assert found.facts.published == (date(2020, 2, 2) if published else None)
    assert found.start == found.hidden == 0
    assert source[found.headers.start : found.headers.end].strip() == headers


def test_header_lines_are_furniture_and_a_title_above_them_is_none(tmp_path: Path) -> None:
    document = only(file(tmp_path, "a.md", f"# Stained glass\n\n{BY_NORA}\n\n{PROSE}"))
    shown = [(block.kind, document.text[block.start : block.end]) for block in document.blocks]
    assert shown == [
        ("heading", "Stained glass"),
        ("aside", "Author: Nora Quist"),
        ("aside", "Date: 2 February 2020"),
        ("text", PROSE),
    ]
    whole = only(file(tmp_path, "b.md", f"Title: Glass\nAuthor: Nora Quist\n\n{PROSE}"))
    assert [block.kind for block in whole.blocks] == ["aside", "aside", "text"]
    assert whole.title == "Glass"


def test_a_saved_mail_is_called_by_its_subject(tmp_path: Path) -> None:
    heads = "From: Ida <ida@brin.example>\nTo: all@brin.example\nSubject: The new key\nDate: Tue, 4 Jun 2024\n"
    document = only(file(tmp_path, "a.txt", f"{heads}\n{PROSE}\n"))
    assert (document.title, document.published) == ("The new key", date(2024, 6, 4))
    assert [block.kind for block in document.blocks] == ["aside"] * 4 + ["text"]
    organised = only(file(tmp_path, "b.txt", f"#+TITLE: The garden\n#+AUTHOR: Bo Ek\n\n{PROSE}\n"))
    assert (organised.title, organised.author) == ("The garden", "Bo Ek")


@pytest.mark.parametrize("top", ["", "just words", "- a\n- b", "1: 2", "# only a remark"])
@pytest.mark.parametrize("end", ["---", ""])
def test_what_stands_between_lines_and_names_no_key_is_text(top: str, end: str) -> None:
    assert front_matter(f"---\n{top}\n{end}\n{PROSE}") == FrontMatter()


def test_front_matter_without_an_end_is_text_and_said() -> None:
    for more in (PROSE, "k: v\n" * 10_000 + "---\n"):
        found = front_matter(f"---\ntitle: A\n{more}")
        assert (found.start, found.facts.title, len(found.warnings)) == (0, "A", 1)
        assert found.headers == (4, 13)  # marked, where it was cut or read as the article


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab:=-+ \n\r\t[]{}#&*!|>'\"%@`,?<.0"), max_size=60), st.sampled_from(["---", "+++"]))
def test_whatever_stands_between_fences_is_read_or_is_text(inside: str, fence: str) -> None:
    found = front_matter(f"{fence}\ntitle{'=' if fence == '+++' else ': '}{inside}\n{fence}\n{PROSE}")
    assert 0 <= found.hidden <= found.start


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_any_unicode_encoding_that_says_what_it_is_reads_the_same(tmp_path: Path, encoding: str) -> None:
    text = f"# Café 🇲🇽\n\n{PROSE}"
    document = only(file(tmp_path, "a.txt", text.encode(encoding)))
    assert (document.title, document.text) == ("Café 🇲🇽", f"Café 🇲🇽\n\n{PROSE}")


LEGACY = [
    ("cp1252", "Le café de la gare a été construit en 1921 par des ouvriers venus de Liège. Il a brûlé en 1950."),
    ("latin-1", "La torre de la iglesia se construyó en el año 1645 por orden del señor Núñez."),
    ("cp1252", "The mayor’s office said “no” to the café plan. René, the host, opened anyway in 1923."),
    ("cp1252", "Der Bürgermeister öffnete die Brücke über die Spree am Sonntag, es regnete."),
    ("cp1252", "“The chef’s oven — a wood-fired one — is hot,” says Anaïs, who bakes naïve art into crêpes."),
    ("cp1250", "Żurek kosztuje 18 złotych, a gołąbki są tańsze niż pierogi."),
    ("cp850", "Der Bürgermeister öffnete die Brücke über die Spree am Sonntag, es regnete."),
    ("cp1250", "Wieża kościoła została zbudowana w 1645 roku, a most łączy dwa brzegi Wisły."),
    ("cp1251", "Башня была построена в 1645 году и сгорела в 1720 году."),
    ("koi8-r", "Башня была построена в 1645 году и сгорела в 1720 году."),
    ("cp1253", "Ο πύργος χτίστηκε το 1645 και έχει ύψος 84 μέτρα."),
    ("shift_jis", "塔は千六百四十五年に建てられました。高さは八十四メートルです。"),
    ("euc-jp", "塔は千六百四十五年に建てられました。高さは八十四メートルです。"),
    ("euc-jp", "湯野駅は1921年に開業し、特急が一日に八本停まる。駅前には小さな市場がある。"),
    ("gb18030", "这座塔建于1645年，高八十四米。它在1720年被烧毁。"),
    ("big5", "這座塔建於1645年，高八十四米。它在1720年被燒毀。"),
    ("euc-kr", "이 탑은 1645년에 세워졌으며 높이는 84미터입니다."),
    ("utf-16-le", "The tower of Elbrook is 84 metres high and was built in 1711."),
]


@pytest.mark.parametrize(("encoding", "text"), LEGACY)
def test_a_legacy_encoding_is_guessed_and_said(tmp_path: Path, encoding: str, text: str) -> None:
    (reading,) = readings(file(tmp_path, "a.txt", text.encode(encoding)))
    assert reading.document.source == text
    (warning,) = reading.warnings
    assert "is not UTF-8; it was read as" in warning


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.txt", b"", "is empty"),
        ("a.txt", b" \n\t\r\n", "is empty"),
        ("a.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is binary"),
        ("a.txt", PROSE.encode() + b"\0", "is binary"),
        ("a.txt", b"The caf\xe9 of Brin", "is not UTF-8 text (byte 0xe9 at 7)"),
        ("a.txt", bytes(range(1, 256)) * 20, "is not UTF-8 text"),
        ("a.txt", b"a" * (MAX_BYTES + 1), "is larger than 10,000,000 bytes"),
        ("a.zip", b"PK", "files of type '.zip' are not read"),
        ("a.txt", b"\xff\xfeT\0h\0e", "is not UTF-16"),
        ("a.txt", b"\xff\xfe\x00\xd8T\0", "is not UTF-16"),
        ("a.txt", b"\xff\xfe", "no text to search"),
        ("a.txt", b"\xef\xbb\xbf\n", "no text to search"),
        ("a.md", b"---\ntitle: A\n---\n", "no text to search"),
        ("a.odt", b"PK", "files of type '.odt' are not read"),
        ("README", b"read me", "files of type '' are not read"),
        ("a.jsonl.gz", b"not gzip", "not a whole gzip file"),
        ("a.jsonl", b"", "is empty"),
        ("b" * (MAX_ID_CHARS - 50) + "/" + "c" * 60 + ".txt", PROSE.encode(), "cannot serve as a document id"),
        ("a\nb.txt", PROSE.encode(), "cannot serve as a document id"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_reason_and_the_rest_is_read(
    tmp_path: Path, name: str, content: bytes, why: str
) -> None:
    bad = file(tmp_path, name, content)
    file(tmp_path, "good.txt", PROSE)
    assert list(documents(tmp_path)) == ["good"]
    ((path, said),) = unread(tmp_path).items()
    assert path == str(bad)
    assert why in said


def test_a_name_that_is_not_unicode_is_a_reason(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text(PROSE)
    assert "cannot serve as a document id" in reason(tmp_path)


def test_hidden_files_are_passed_over_and_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside = file(tmp_path, "outside/secret.txt", PROSE)
    folder = tmp_path / "in"
    file(folder, "good.txt", PROSE)
    file(folder, ".hidden.txt", PROSE)
    file(folder, ".git/config.txt", PROSE)
    (folder / "link.txt").symlink_to(outside)
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    (folder / "there").symlink_to(outside.parent)
    (folder / "logo.png").symlink_to(outside)
    os.mkfifo(folder / "pipe.txt")
    assert list(documents(folder)) == ["good"]
    found = {Path(one.path).name: one for one in read([folder]) if isinstance(one, Unread)}
    assert {name: one.lost for name, one in found.items()} == {
        "link.txt": True, "loop.txt": True, "there": True, "logo.png": False
    }  # fmt: skip
    assert f"is a link out of the given folder, which is not followed; to have it read, name its target: {outside}" in (
        found["link.txt"].reason
    )
    assert found["loop.txt"].reason == "is a link that leads nowhere"
    assert "devices and pipes are not read" in reason(folder / "pipe.txt")
    assert list(documents(folder / "link.txt")) == ["link"]  # whoever names it means it


def test_links_inside_the_folder_are_followed_and_every_file_is_read_once(tmp_path: Path) -> None:
    """A mounted volume: what is seen are links to what is hidden, so that all of it changes at once."""
    file(tmp_path, "..2026_01_01/a.md", PROSE)
    file(tmp_path, "..2026_01_01/deep/b.md", PROSE)
    (tmp_path / "..data").symlink_to("..2026_01_01")
    (tmp_path / "a.md").symlink_to("..data/a.md")
    (tmp_path / "deep").symlink_to("..data/deep")
    file(tmp_path, "c/c.md", PROSE)
    (tmp_path / "again.md").symlink_to("c/c.md")
    (tmp_path / "c" / "up").symlink_to(tmp_path)
    (tmp_path / "c" / "d").symlink_to(tmp_path / "c")
    assert list(documents(tmp_path)) == ["a", "c/c", "deep/b"]
    assert unread(tmp_path) == {}
    assert list(documents(tmp_path / "c", tmp_path, tmp_path / "c")) == ["c", "a", "deep/b"]


def test_a_folder_that_cannot_be_listed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file(tmp_path, "shut/a.md", PROSE)
    file(tmp_path, "good.md", PROSE)
    listing = os.scandir

    def scandir(path: Path) -> object:  # the tests may run as root, whom nothing is shut to
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied")
        return listing(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert list(documents(tmp_path)) == ["good"]
    assert unread(tmp_path) == {str(tmp_path / "shut"): "cannot be listed: Permission denied"}


def test_a_file_that_vanishes_during_the_run_is_a_reason(tmp_path: Path) -> None:
    path = file(tmp_path, "a.md", PROSE)
    (found,) = find([tmp_path])
    path.unlink()
    assert isinstance(found, File)
    (gone,) = open_file(found)
    assert isinstance(gone, Unread) and gone.lost and gone.path == str(path)


def test_a_path_that_is_not_there_is_an_error_before_anything_is_read(tmp_path: Path) -> None:
    file(tmp_path, "good.txt", PROSE)
    with pytest.raises(NotFound, match=r"'.*nowhere' does not exist; name files or folders"):
        next(read([tmp_path, tmp_path / "nowhere"]))


def test_files_come_in_the_order_of_their_paths_whatever_the_disk_says(tmp_path: Path) -> None:
    for name in ("b", "c/a", "a", "B", "c/A"):
        file(tmp_path, f"{name}.txt", f"{PROSE} {name}")
    assert list(documents(tmp_path)) == ["B", "a", "b", "c/A", "c/a"]


# -- JSON Lines --


def test_each_line_is_a_document_with_the_usual_names_for_its_facts(tmp_path: Path) -> None:
    lines = [
        {"_id": "x1", "title": "One", "text": "A text with * and [x](y) and \\$."},
        {"id": 7, "text": "Seven.", "date": "2024-05-03T10:00:00Z", "author": "Ann", "source": "Herald", "url": "u"},
        {"_id": "x3", "title": "Title only", "text": None, "published": "2024-05-04", "language": "de", "more": {}},
    ]
    text = "\n\n".join(json.dumps(line) for line in lines)
    for path in (
        file(tmp_path, "a.jsonl", text),
        file(tmp_path, "b.jsonl.gz", gzip.compress(b"\xef\xbb\xbf" + text.encode())),
    ):
        assert unread(path) == {}
        one, seven, three = documents(path).values()
        assert (one.id, one.title, one.text) == ("x1", "One", "A text with * and [x](y) and \\$.")
        assert one.text == one.source
        assert (seven.id, seven.published, seven.author) == ("7", date(2024, 5, 3), "Ann")
        assert (seven.publisher, seven.url, seven.inferred) == ("Herald", "u", ("title",))
        assert (three.text, three.published, three.language) == ("Title only", date(2024, 5, 4), "de")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"_id": "a", "text": "b"', "is not JSON"),
        (b'{"_id": "a"} {"_id": "b"}', "is not JSON"),
        (b'["a", "b"]', "is not a JSON object"),
        (b'"a"', "is not a JSON object"),
        (b'{"text": "no id"}', "has no _id"),
        (b'{"_id": "", "text": "no id"}', "has no _id"),
        (b'{"_id": true, "text": "a"}', "has a _id that is not text: True"),
        (b'{"_id": "a", "text": ["b"]}', "has a text that is not text: ['b']"),
        (b'{"_id": "a", "text": "b", "author": {"first": "c"}}', "has a author that is not text"),
        (b'{"_id": "a", "text": "b", "date": "soon"}', "expected YYYY-MM-DD"),
        (b'{"_id": "a", "text": "b", "date": [2024]}', "expected YYYY-MM-DD"),
        (b'{"_id": "a", "text": "  "}', "no text to search"),
        (b'{"_id": "a", "text": "\\ud83d alone"}', "half a character (a lone surrogate) in its text at 0"),
        (b'{"_id": "a", "text": "b", "title": "c\\udc00"}', "half a character (a lone surrogate) in its title at 1"),
        (b'{"_id": "a", "text": "b", "url": "\\udc00"}', "half a character (a lone surrogate) in its url at 0"),
        (b'{"_id": "\\ud800", "text": "b"}', "cannot serve as a document id"),
        (b'{"_id": "a\\nb", "text": "c"}', "cannot serve as a document id"),
        (b'{"_id": "..", "text": "c"}', "cannot serve as a document id"),
        (b'{"_id": "' + b"a" * (MAX_ID_CHARS + 1) + b'", "text": "c"}', "cannot serve as a document id"),
        (b'{"_id": "a", "text": "caf\xe9"}', "is not UTF-8 text (byte 0xe9 at 25)"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"_id": ' + b"9" * 5000 + b', "text": "b"}', "more digits than can be read"),
        (b"\xff\xfe\x01", "is not"),
    ],
)
def test_a_broken_line_is_reported_by_its_number_and_the_others_are_read(tmp_path: Path, line: bytes, why: str) -> None:
    good = json.dumps({"_id": "good", "text": PROSE}).encode()
    last = json.dumps({"_id": "last", "text": PROSE}).encode()
    path = file(tmp_path, "a.jsonl", b"\n".join([good, b"", line, last]))
    assert list(documents(path)) == ["good", "last"]
    ((place, said),) = unread(path).items()
    assert place == f"{path}:3"
    assert why in said


@pytest.mark.parametrize("damage", ["cut", "flipped", "checksum"])
def test_a_damaged_archive_is_a_reason(tmp_path: Path, damage: str) -> None:
    whole = bytearray(gzip.compress((json.dumps({"_id": "a", "text": PROSE}) + "\n").encode() * 50))
    if damage == "cut":
        del whole[len(whole) // 2 :]
    else:
        whole[len(whole) // 2 if damage == "flipped" else -6] ^= 0xFF
    assert "is not a whole gzip file" in reason(file(tmp_path, "a.jsonl.gz", bytes(whole)))


def test_a_file_that_unpacks_without_end_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.formats.jsonl.SMALL_BYTES", 100_000)
    line = (json.dumps({"_id": "a", "text": PROSE}) + "\n").encode()
    for endless in (line * 10_000, b"\n" * 10_000_000):
        with pytest.raises(UnreadableFile, match="unpacks to more than"):
            here(file(tmp_path, "a.jsonl.gz", gzip.compress(endless)))
    found = unread(file(tmp_path, "a.jsonl.gz", gzip.compress(gzip.compress(line))))  # an archive in an archive
    assert found and all("is not UTF-8" in why or "is binary" in why for why in found.values())


def test_a_line_without_end_is_a_reason_and_costs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.formats.jsonl.MAX_LINE_BYTES", 1000)
    good = json.dumps({"_id": "a", "text": PROSE})
    path = file(tmp_path, "a.jsonl", f"{'x' * 5000}\n{good}\n{'y' * 1001}")
    first, document, last = here(path)
    assert isinstance(document, Document) and document.id == "a"
    why = "is longer than 1,000 bytes; split it"
    assert [first, last] == [Unread(f"{path}:{n}", why) for n in (1, 3)]


def test_of_many_broken_lines_some_are_named_and_all_counted(tmp_path: Path) -> None:
    path = file(tmp_path, "a.jsonl", "{\n" * 50)
    found = unread(path)
    assert len(found) == 21
    assert found[str(path)] == "has 30 more lines that cannot be read"


def test_a_folder_with_a_beir_corpus_is_that_corpus(tmp_path: Path) -> None:
    file(tmp_path, "corpus.jsonl", json.dumps({"_id": "a", "text": PROSE}))
    file(tmp_path, "queries.jsonl", json.dumps({"_id": "q", "text": "When?"}))
    file(tmp_path, "notes.txt", PROSE)
    assert list(documents(tmp_path)) == ["a"]


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["_id", "id", "text", "title", "date", "author", "url"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
            max_leaves=3,
        ),
    )
)
def test_whatever_a_line_holds_it_is_one_document_or_one_reason(fields: dict[str, object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert len(list(read([file(Path(folder), "a.jsonl", json.dumps(fields))]))) == 1


# -- metadata.toml --


def test_metadata_wins_over_the_file_and_says_what_is_inferred(tmp_path: Path) -> None:
    file(tmp_path, "a.md", f"---\ntitle: From the file\nauthor: Ann\n---\n{PROSE}")
    file(tmp_path, "b.jsonl", json.dumps({"_id": "x/1", "title": "From the line", "text": PROSE}))
    file(
        tmp_path,
        "metadata.toml",
        '[a]\ntitle = " Given "\npublished = 2025-08-11\ninferred = ["published"]\nwhy = "guess"\n'
        '["x/1"]\ntitle = "Given too"\npublished = 2025-08-11T10:00:00Z\nurl = "https://x.org"\n[nobody]\n',
    )
    found = documents(tmp_path)
    assert unread(tmp_path) == {}
    assert (found["a"].title, found["a"].author, found["a"].published) == ("Given", "Ann", date(2025, 8, 11))
    assert found["a"].inferred == ("published",)
    assert (found["x/1"].title, found["x/1"].published, found["x/1"].url) == (
        "Given too",
        date(2025, 8, 11),
        "https://x.org",
    )


def test_facts_change_the_hash_of_a_document_and_nothing_else_does(tmp_path: Path) -> None:
    path = file(tmp_path, "a.txt", PROSE)
    plain = only(path).sha256
    assert only(path).sha256 == plain
    assert only(file(tmp_path / "elsewhere", "a.txt", PROSE)).sha256 == plain
    file(tmp_path, "metadata.toml", '[a]\nauthor = "Ann"\n')
    assert only(path).sha256 != plain
    assert only(file(tmp_path / "elsewhere", "a.txt", PROSE + " ")).sha256 != plain


@pytest.mark.parametrize(
    ("toml", "why"),
    [
        ('[a]\ntitel = "x"', "unknown key or a value of the wrong type: titel = 'x'"),
        ("[a]\ntitle = 3", "unknown key or a value of the wrong type: title = 3"),
        ('[a]\ninferred = "title"', "unknown key or a value of the wrong type: inferred"),
        ('[a]\npublished = "11.8.2025"', "'a' has the date '11.8.2025'; expected YYYY-MM-DD"),
        ("[a]\npublished = 3", "'a' has the date 3; expected YYYY-MM-DD"),
        ("a = 3", "'a' is not a table"),
        ("[a", "is not TOML"),
        ("a = " + "[" * 5000, "is not TOML"),
        (b"[a]\ntitle = '\xe9'", "is not TOML"),
    ],
)
def test_metadata_that_cannot_be_used_is_reported_and_the_articles_are_read(
    tmp_path: Path, toml: str | bytes, why: str
) -> None:
    file(tmp_path, "a.txt", PROSE)
    bad = file(tmp_path, "metadata.toml", toml)
    assert list(documents(tmp_path)) == ["a"]
    assert list(unread(tmp_path)) == [str(bad)]
    assert why in unread(tmp_path)[str(bad)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Jul.15,2025", date(2025, 7, 15)),
        ("Aug.11, 2025", date(2025, 8, 11)),
        ("Updated 2025-07-15 10:00", date(2025, 7, 15)),
        ("15 July 2025", date(2025, 7, 15)),
        ("September 3rd, 2024", date(2024, 9, 3)),
        ("3rd Sept. 2024", date(2024, 9, 3)),
        ("February 30, 2024", None),
        ("2025-13-01", None),
        ("In July of 2025", None),
        ("By Ann Lee", None),
        ("The budget of 15 July 2025 was agreed by the council after nine hours of talks", None),
    ],
)
def test_a_short_line_states_its_date(line: str, expected: date | None) -> None:
    assert front_date(line) == expected
