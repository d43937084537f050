"""Sentence boundaries: the hard cases of news prose, and what must hold for any text and either splitter."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.records import Document
from index.text.language import foreign, language
from index.text.sentences import _ends, _without_notes, sentences
from tests.conftest import costs

SPLITTERS = ["yasbd", "nupunkt"]


def cut(text: str, language: str = "en", splitter: str = "yasbd") -> list[str]:
    return [text[start:end] for start, end in sentences(text, language, splitter)]


AT_FIVE = [
    ["The office closes at 5 p. m.", "Visitors must leave."],
    ["The office closes at 5 p.m.", "Visitors must leave."],
    ["The office closes at 5 p. m. Central European Time.", "Visitors must leave."],
    ["Tel. +49 40 555 0199 or Tel. (040) 55.", "Visitors must leave."],
    ["He met J. R. R. Tolkien in Oxford.", "It was bought by U. S. Steel in 1901."],
]
BOTH = [
    ["It appeared on Jul.15,2025 in the journal.", "Aug.11, 2025 was next."],
    ["Dr. Jorge Schiavon contends that.", "For his part, Dr. Rafael Velázquez Flores argues."],
    ["The U.S. Drug Enforcement Administration (DEA) and other U.S. agencies met.", "It ended."],
    ["Reciprocally, the U.S. is Mexico’s largest partner.", "It is so."],
    ["He moved to the U.S.", "Then he left."],
    ["He moved to the U.S.", "The move was hard."],
    ["U.S. Immigration and Customs Enforcement (ICE) has carried out mass raids."],
    ["R. Evan Ellis is professor at the U.S. Army War College.", "The views are his own."],
    ["It was 10.6 million people, or 3.5 percent.", "The U.S.-Mexico border is long."],
    ["“Keep a cool head and refer to the signed orders.”", "The designation could hurt."],
    ["She said: “Keep a cool head.”", "Then she left."],
    ["Wait... what?", "Yes!", "No?!", "OK."],
    ["One (see p. 5).", "Two [fig. 3].", "Three."],
    ["Inc. and Ltd. are common.", "Apple Inc.", "The company sells."],
    ["J. K. Rowling wrote.", "George W. Bush ruled."],
    ["Visit example.com.", "Then see v2.0.1 now."],
    ["He won (the U.S. Senate).", "She lost."],
    ["At 5 p.m. Trump spoke.", "At 6 a.m. he slept."],
    ["It is open 9 a.m. – 5 p.m. on weekdays.", "It is shut until 9 a.m. Christmas Day."],
    ["Doors open 5 a.m. (6 a.m. on Sundays).", "It is open until 9 p.m. Mondays and Thursdays."],
    ["Doors close at 4 p.m. Fridays.", "It begins 10 a.m. Sunday, May 5.", "It ends 5 p.m. Pacific on Monday."],
    ["No full stop at all"],
]


@pytest.mark.parametrize("splitter", SPLITTERS)
@pytest.mark.parametrize("expected", BOTH, ids=lambda found: found[0][:30])
def test_both_splitters_end_sentences_where_a_reader_does(expected: list[str], splitter: str) -> None:
    assert cut(" ".join(expected), splitter=splitter) == expected


@pytest.mark.parametrize(
    "expected",
    [
        ["Concern came from the U.S., including by U.S. Ambassador to Mexico Ken Salazar.", "The business focus."],
        ["Beyond these core issues, Mexico-U.S. relations are likely to be complicated."],
        ["Es licenciado en RR. II. por la Universidad del Mar.", "Es profesor."],
        ["The firm I.B.M.", "Who knew?"],
        ["It sold the plant to Orr Bros. Inc. for $3 m. in 2004.", "It went on."],
        ["Present: A. Holt (chair), B. Quist and C. Sand.", "It rained."],
        ["The firm paid Rs. 4 lakh to him.", "In 1932 it closed."],
        [
            "“I didn’t see it,” said Bo.",
            "“It’s gone. I thought it was lost.”",
            "What he had seen was a fire.",
            "It fell.",
        ],
        ["“The dogs’ owners don’t know,” she said.", "“I saw it. It was bad.”", "They left."],
        ["She said: ‘I don’t know. It’s late.’", "They left."],
    ],
    ids=lambda found: found[0][:30],
)
def test_the_default_splitter_is_the_better_one_on_initials(expected: list[str]) -> None:
    assert cut(" ".join(expected)) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("zh", ["他去了。", "她来了！", "好吗？"]),
        ("ja", ["彼は行った。", "彼女は来た！"]),
        ("ar", ["هل ذهب؟", "نعم.", "انتهى."]),
        ("hi", ["यह पहला वाक्य है।", "यह दूसरा है।"]),
        ("de", ["Das war am 3. Mai in Brin.", "Dr. Lind kam z.B. zu spät."]),
        ("xx", ["No rules are known for this.", "Dr. Lind still is one person."]),
        ("", ["Nobody knows the language.", "Dr. Lind still is one person."]),
    ],
)
def test_other_languages_have_their_own_ends(code: str, expected: list[str]) -> None:
    assert cut(("" if code in ("zh", "ja") else " ").join(expected), code) == expected


@pytest.mark.parametrize("splitter", SPLITTERS)
def test_a_line_ends_a_sentence_and_blanks_belong_to_none(splitter: str) -> None:
    text = "\n  A title \n\n\t One. Two.  \n \nand the rest"
    assert cut(text, splitter=splitter) == ["A title", "One.", "Two.", "and the rest"]


def test_the_articles_have_as_many_sentences_as_were_counted(seeds: list[Document]) -> None:
    """Those of their paragraphs and of the headings that stand in them, not those of what is marked."""
    found = {}
    for document in seeds:
        texts = [document.text[block.start : block.end] for block in document.blocks if block.kind != "aside"]
        found[document.id[:3]] = sum(
            len(sentences(text, document.language)) for text in texts if text != document.title
        )
    assert found == {"000": 56, "001": 57, "002": 36, "003": 60}


@pytest.mark.parametrize("expected", AT_FIVE, ids=lambda found: found[0])
def test_a_time_of_day_may_end_a_sentence_and_initials_do_not(expected: list[str]) -> None:
    assert cut(" ".join(expected)) == expected


PIECES = st.sampled_from(
    [
        "He went to the U.S.", "Dr. Lind came.", "“Yes.”", "(no.)", "?!", "...", "。", "word ", "\n", "\t", "  ",
        "3.5", "\r", "\u2028",
    ]
)  # fmt: skip


@pytest.mark.parametrize("splitter", SPLITTERS)
@pytest.mark.parametrize("code", ["en", "zh", "xx"])
def test_sentences_are_apart_in_order_and_miss_nothing(splitter: str, code: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(st.one_of(st.lists(PIECES, max_size=12).map("".join), st.text(st.characters(), max_size=80)))
    def check(text: str) -> None:
        end = 0
        covered = ""
        for span in sentences(text, code, splitter):
            assert end <= span.start < span.end <= len(text)
            assert not text[end : span.start].strip()
            piece = text[span.start : span.end]
            assert piece == piece.strip() and "\n" not in piece
            covered += piece
            end = span.end
        assert not text[end:].strip()

    check()


@pytest.mark.parametrize("splitter", SPLITTERS)
@pytest.mark.parametrize("pattern", [".", "(", "?!", ".)", "“", "a.", "x", "word ", "1. ", "U.S. ", "He came. "])
def test_time_grows_with_the_line_and_not_with_its_square(
    splitter: str, pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The libraries take quadratic time on some: they are given a long line in stretches, and each of them once."""
    given: list[int] = []

    def ends(stretch: str, *rest: str) -> list[int]:
        given.append(len(stretch))
        return _ends(stretch, *rest)

    monkeypatch.setattr("index.text.sentences._ends", ends)
    line = pattern * (9_000 // len(pattern))
    assert sentences(line, "en", splitter)[-1].end == len(line.rstrip())
    assert max(given) <= 4_000
    assert sum(given) == len(line)


def test_a_long_line_has_the_same_sentences_as_its_parts() -> None:
    some = [
        "Dr. Lind of the U.S. Senate came at 5 p.m. to agree the budget.",
        "It took 3.5 hours.",
        "“Why?”",
        "Nobody knew.",
    ]
    assert cut(" ".join(some * 120)) == some * 120


def test_the_language_of_a_text_is_told_when_it_is_long_enough() -> None:
    english = "The council of Brin met on Monday to agree the budget for the year ahead of it."
    spanish = (
        "El consejo de la ciudad se reunió el lunes para acordar el presupuesto del año que viene, dijo el alcalde."
    )
    assert (language(english), language(spanish), language("Too short.")) == ("en", "es", "")
    assert foreign(spanish, "en")
    assert not foreign(spanish, "es")
    assert not foreign(spanish, "")
    assert not foreign("Too short.", "es")


def test_a_line_of_nothing_but_full_stops_takes_time_in_proportion() -> None:
    """Else one of a megabyte keeps the interpreter, and with it every request, for hours."""
    for mark in ("…", ".", "?!"):
        once, more = costs(*(partial(_without_notes, mark * count) for count in (2000, 16_000)))
        assert more < 24 * max(once, 0.0002)
    assert _without_notes("It ended...[12] Then ……³ came.") == "It endedxxxx... Then x…… came."


@pytest.mark.parametrize(
    "mark",
    ["[14]:212", "[nb 2]", "[15: 41]", "[who?]", "²,³", "⁴⁻⁶", "{17}", "(116)", "(see note 4)", "^7", "①", "[5][6]†"],
)
def test_a_note_s_mark_behind_a_full_stop_ends_no_sentence_and_goes_on_with_none(mark: str) -> None:
    first, other = f"The steel came from Sheffield.{mark}", f"The arch spans 96 metres.{mark}"
    assert cut(f"{first} {other} It stands.") == [first, other, "It stands."]


def test_what_has_no_vowel_is_short_for_something_and_ends_no_sentence_before_a_name() -> None:
    assert cut("They met in Ft. Collins near Palm Blvd. North. The lake lies on Hwy. The road is old.") == [
        "They met in Ft. Collins near Palm Blvd. North.",
        "The lake lies on Hwy.",
        "The road is old.",
    ]
    for end in ("She read a novel by Celeste Ng.", "He weighs 5 Kg.", "They met Mr. Grm."):
        assert cut(f"{end} Readers came.") == [end, "Readers came."]
    assert cut("He weighs 5 kg. Paul saw it on TV. Ann did not.") == [
        "He weighs 5 kg.",
        "Paul saw it on TV.",
        "Ann did not.",
    ]


def test_a_number_behind_a_full_stop_is_a_note_where_a_year_ends_the_sentence_and_else_a_decimal() -> None:
    assert cut("The tower was built in 1883.12 It fell in 1901. It was tall.") == [
        "The tower was built in 1883.12",
        "It fell in 1901.",
        "It was tall.",
    ]
    assert cut("It burned oil until 1610.1 It fell in March 1962.12 Ann saw it.") == [
        "It burned oil until 1610.1",
        "It fell in March 1962.12",
        "Ann saw it.",
    ]
    assert len(cut("They paid 1883.12 Francs for it, and rose 3.12 Percent.")) == 1
