"""reStructuredText: its titles, lists, tables and directives are what they are, its signs are no text."""

import textwrap
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index.build import Builder
from index.cleaning.clean import Cleaned, clean
from index.embedding.embedder import HashEmbedder
from index.settings import Settings
from tests.conftest import costs
from tests.test_index_build import earlier, opened
from tests.test_index_clean import PROSE, check_blocks, check_map, check_round_trips, document_of

GUIDE = """
.. a word to whoever writes this,
   and to nobody else

.. _top:

=======
 Tides
=======

:Author: Ann Lee

High water comes **twice** a day, see `the almanac <https://tides.example/a_b>`_, Almanac_ and [1]_ of |town|.
``__init__`` of :class:`~tide.Clock` or :pep:`8` runs it\\ s hands__ (O(N**2) of 2**3).

Reading the clock
~~~~~~~~~~~~~~~~~

Set it like this::

    tide set --now

1. Wind it
   up.
2. Choose:

   - spring
   - neap

ebb
    The water falls.

.. note:: Never wind it
   at night.

.. deprecated:: 2.0
   Use the quartz clock.

.. code-block:: python
   :linenos:

   wind(clock)

.. option:: --height METRES

   How high the water stands.

.. image:: clock.png
   :alt: The clock of Brin

+------+------------+
| Boat | Seats      |
+======+============+
| Gull | four, and  |
|      | a dog      |
+------+------------+

==== =====
Port Depth
==== =====
Brin  3 m
==== =====

.. |town| replace:: Brin
.. [1] By the harbour master.
.. raw:: html

   <b>unseen</b>

.. _Almanac: https://tides.example
__ https://hands.example
"""
TOLD = [
    ("heading", "Tides"),
    ("aside", "Author: Ann Lee"),
    (
        "text",
        "High water comes twice a day, see the almanac, Almanac and of town. __init__ of tide.Clock or pep:8 runs its"
        " hands (O(N**2) of 2**3).",
    ),
    ("heading", "Reading the clock"),
    ("text", "Set it like this:"),
    ("code", "tide set --now"),
    ("item", "1. Wind it up."),
    ("item", "2. Choose:"),
    ("item", "spring"),
    ("item", "neap"),
    ("text", "ebb"),
    ("item", "The water falls."),
    ("text", "Never wind it at night."),
    ("text", "deprecated 2.0 Use the quartz clock."),
    ("code", "wind(clock)"),
    ("text", "--height METRES"),
    ("item", "How high the water stands."),
    ("links", "The clock of Brin"),
    ("header", "Boat | Seats"),
    ("row", "Gull | four, and a dog"),
    ("header", "Port Depth"),
    ("row", "Brin\t3 m"),
    ("aside", "Brin"),
    ("text", "By the harbour master."),
]


def rest(source: str) -> Cleaned:
    return clean(textwrap.dedent(source), markup="rest")


def told(cleaned: Cleaned) -> list[tuple[str, str]]:
    return [(block.kind, cleaned.text[block.start : block.end]) for block in cleaned.blocks]


def test_all_that_a_guide_is_made_of_is_read_as_what_it_is() -> None:
    cleaned = rest(GUIDE)
    assert told(cleaned) == TOLD
    assert cleaned.title == "Tides"
    unseen = GUIDE[: GUIDE.index(".. _top")] + "raw:: html <b>unseen</b>"
    assert cleaned.hidden == sum(map(len, unseen.split()))
    leads = {cleaned.text[b.start : b.end]: cleaned.text[b.lead.start : b.lead.end] for b in cleaned.blocks}
    assert leads["The water falls."] == "ebb"
    assert leads["How high the water stands."] == "--height METRES"
    assert leads["spring"] == "2. Choose:"
    assert leads["Gull | four, and a dog"] == "Boat | Seats"


@pytest.mark.parametrize("sign", list("=-~^*\"+#'`.:_"))
def test_a_title_is_drawn_with_any_sign_below_or_above_and_below(sign: str) -> None:
    below = rest(f"Tides\n{sign * 5}\n\n{PROSE}\n")
    around = rest(f"{sign * 7}\n Tides\n{sign * 7}\n\n{PROSE}\n\nEbb\n{sign * 3}\n\n{PROSE}\n")
    assert told(below) == [("heading", "Tides"), ("text", PROSE)]
    assert told(around) == [("heading", "Tides"), ("text", PROSE), ("heading", "Ebb"), ("text", PROSE)]


@pytest.mark.parametrize("heading", ["Cookies", "Log In", "Share this boat"])
def test_a_heading_above_what_is_said_is_no_furniture(heading: str) -> None:
    for cleaned in (
        rest(f"Tides\n=====\n\n{heading}\n{'-' * 20}\n\n{PROSE}\n"),
        clean(f"# Tides\n\n## {heading}\n\n{PROSE}\n"),
    ):
        assert told(cleaned) == [("heading", "Tides"), ("heading", heading), ("text", PROSE)]


LINES = st.one_of(st.sampled_from(GUIDE.splitlines()), st.text(st.sampled_from("ab .:-=_`*|+[]<>\\12"), max_size=12))
SOURCES = st.lists(st.tuples(st.sampled_from(["", "", " ", "   ", "\t"]), LINES), max_size=14).map(
    lambda found: "\n".join(indent + line for indent, line in found)
)


@settings(max_examples=60, deadline=None)
@given(SOURCES)
@example(GUIDE)
def test_the_map_is_exact_whatever_stands_there(source: str) -> None:
    cleaned = clean(source, markup="rest")
    check_map(cleaned, source)
    check_blocks(cleaned)
    check_round_trips(document_of(cleaned, source))


@pytest.mark.parametrize(
    "pattern",
    [
        "`",
        "``a ",
        ":a:`",
        "*a ",
        "|a ",
        "a_ ",
        "[a]_",
        "\\",
        ":a",
        "| ",
        "a::\n",
        "- ",
        "== ==\na\n\n",
        "+-+\n",
        ".. a::\n :b: c\n",
    ],
)
def test_a_hostile_file_costs_about_as_much_as_prose(pattern: str) -> None:
    prose, hostile = (part * (200_000 // len(part)) for part in (f"{PROSE} ", pattern))
    honest, spent = costs(lambda: clean(prose, markup="rest"), lambda: clean(hostile, markup="rest"))
    assert spent < 150 * honest


@pytest.mark.parametrize("pattern", [".. |a| replace:: b\n", "=== ===\na b\n"])
def test_time_grows_with_the_file_and_not_with_its_square(pattern: str) -> None:
    small, large = (pattern * (size // len(pattern)) for size in (30_000, 240_000))
    clean(small, markup="rest")
    little, much = costs(lambda: clean(small, markup="rest"), lambda: clean(large, markup="rest"))
    assert much < 32 * little + 0.05  # as in test_index_clean


def test_what_stands_endlessly_further_in_is_still_read() -> None:
    source = "\n".join(f"{' ' * n}line{n}" for n in range(2_000))
    assert [clean(source, markup="rest").text.count(f"line{n}\n") for n in (5, 50, 500)] == [1, 1, 1]


def test_it_is_cleaned_again_as_what_it_is_when_its_file_is_not_given(
    tmp_path: Path, hash_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.rst").write_text(GUIDE, "utf-8")
    (folder / "b.txt").write_text(PROSE, "utf-8")
    earlier(hash_settings, monkeypatch, "CLEANER").index([folder])
    builder = Builder(hash_settings.data, hash_settings, HashEmbedder())
    builder.index([folder / "b.txt"])
    assert opened(hash_settings).document("a").text == clean(GUIDE, markup="rest").text


def test_a_list_in_a_cell_stays_in_it_and_code_in_one_is_code() -> None:
    cells = "   *  -  {}\n      -  - salt\n         - bread\n"
    cleaned = clean(".. list-table::\n\n" + cells.format("Ann"), markup="rest")
    assert [(b.kind, cleaned.text[b.start : b.end]) for b in cleaned.blocks] == [("row", "Ann\t- salt - bread")]
    shown = clean(".. list-table::\n\n" + cells.format(".. code-block:: sh\n\n             ls"), markup="rest")
    assert "code" in {b.kind for b in shown.blocks}
    assert clean(".. list-table::\n\nEnd.", markup="rest").text == "End."


def test_a_list_that_is_a_table_has_rows_under_its_header() -> None:
    source = """
Cables
======

.. list-table:: In stock
   :header-rows: 1

   * - Cable
     - Price
   * - Optical
     - 40 euros,
       cut

.. list-table::

   * - Cord
     - 2 euros
"""
    cleaned = clean(source, markup="rest")
    text = cleaned.text
    told = [(b.kind, text[b.start : b.end], text[b.lead.start : b.lead.end]) for b in cleaned.blocks]
    assert told[2:] == [
        ("header", "Cable\tPrice", "In stock"),
        ("row", "Optical\t40 euros, cut", "Cable\tPrice"),
        ("row", "Cord\t2 euros", ""),
    ]
    check_map(cleaned, source)


def test_a_table_in_lines_of_csv_has_rows_and_its_header_and_loses_no_cell() -> None:
    source = (
        '.. csv-table:: Zones\n   :header: "Zone", "Days", "Fee, all"\n   :widths: 1, 2, 3\n\n   "Alps, high", 3, "11\n'
        '   euros"\n   Islands, 6, a "real" fee\n\n.. csv-table::\n   :header-rows: 1\n\n   A,B\n   "c,d\n\nThe end.\n'
    )
    cleaned = clean(source, markup="rest")
    text = cleaned.text
    told = [(b.kind, text[b.start : b.end], text[b.lead.start : b.lead.end]) for b in cleaned.blocks]
    assert told == [
        ("heading", "Zones", ""),
        ("header", "Zone\tDays\tFee, all", "Zones"),
        ("row", "Alps, high\t3\t11 euros", "Zone\tDays\tFee, all"),
        ("row", 'Islands\t6\ta "real" fee', "Zone\tDays\tFee, all"),
        ("header", "A\tB", "Zones"),
        ("row", '"c\td', "A\tB"),
        ("text", "The end.", ""),
    ]
    check_map(cleaned, source)


def test_a_table_in_lines_of_csv_is_parted_by_the_signs_that_it_tells() -> None:
    source = (
        ".. csv-table:: Rates\n   :header: Zone; Fee\n   :delim: ;\n\n   Coast; 4,90 EUR\n\n"
        ".. csv-table::\n   :delim: tab\n   :header: Town, Hour\n\n   Lindvik\t17:30\n\n"
        ".. csv-table::\n   :delim: |\n   :quote: '\n\n   Basic|'up to 50 | loss'\n   It's|all\n\n"
        '.. csv-table::\n   :escape: \\\n\n   "a \\"b\\", c", d\n   "e ""f""", g\n'
    )
    cleaned = clean(source, markup="rest")
    rows = [cleaned.text[b.start : b.end] for b in cleaned.blocks if b.kind in ("header", "row")]
    assert rows == [
        "Zone\tFee",
        "Coast\t4,90 EUR",
        "Town\tHour",
        "Lindvik\t17:30",
        "Basic\tup to 50 | loss",
        "It's\tall",
        'a "b", c\td',
        'e ""f""\tg',
    ]
    check_map(cleaned, source)


@pytest.mark.parametrize("line", ['"' + "\\\\" * 1000, "a" + " \t" * 1000 + "b", '"a' * 1000])
def test_lines_of_csv_take_time_that_grows_with_them(line: str) -> None:
    small, large = (f".. csv-table::\n   :escape: \\\n   :delim: tab\n\n   {line * n}\n" for n in (15, 120))
    little, much = costs(lambda: clean(small, markup="rest"), lambda: clean(large, markup="rest"))
    assert much < 32 * little + 0.05
