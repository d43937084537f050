"""Cleaning: what a reader would call the article stays, all else goes, and every character can be found again."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index.cleaning.clean import Cleaned, clean, clean_plain
from index.cleaning.markup import Markup
from index.formats import read
from index.records import Document, OffsetRun, Span, plain_blocks, to_clean, to_source
from index.text.sentences import sentences
from index.text.split import SplitRule, split
from index.text.words import words
from tests import make
from tests.conftest import costs

SEEDS = Path(__file__).parent.parent / "seeds"
PROSE = "The council of Brin met on Monday to agree the budget for the year ahead. It took nine hours."
MORE = "Nobody in the hall had expected that the talks would end before midnight, the mayor said."
UNSEEN = re.compile(  # signs of Markdown that hold letters or digits, and comments
    r"<!--.*?-->|%%.*?%%|(?<=```).*$|</?\w+>|\]\((?:<[^<>\n]*>|[^()\s]*)\)|\[\^\w+\]:?|\[![a-z]+\]|&amp;|&nbsp;"
    r"|(?<= )\^[\w-]+(?=\s|$)|(?<=[.,;:!?])\^\d+\^|\|\d+(?=\]\])|<v(?= )"
    r"|^[> \f]*\[[^\^\]\n][^\]\n]*\]:\s*\S+.*$|^#\+(?:OPTIONS|STARTUP):.*$"  # addresses of links, settings of Org
    r"|[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]|\[\[[^\[\]|\n]*\||\[[ x]\] ",
    re.MULTILINE,
)
ANY_TEXT = st.text(st.characters())  # lone surrogates included


def document_of(cleaned: Cleaned, source: str) -> Document:
    return make.cleaned(source, by=lambda _: cleaned)


def check_map(cleaned: Cleaned, source: str) -> None:
    """Every character of the clean text is its run's character of the source, or one of the blanks put between."""
    covered = [False] * len(cleaned.text)
    clean_end = 0
    for run in cleaned.runs:
        assert run.length > 0
        assert run.clean >= clean_end
        clean_end = run.clean + run.length
        assert cleaned.text[run.clean : clean_end] == source[run.source : run.source + run.length]
        covered[run.clean : clean_end] = [True] * run.length
    assert clean_end <= len(cleaned.text)
    for before, run in pairwise(sorted(cleaned.runs, key=lambda run: run.source)):
        assert before.source + before.length <= run.source
    assert {char for char, known in zip(cleaned.text, covered, strict=True) if not known} <= {" ", "\n", "\t"}


def check_words(cleaned: Cleaned, source: str) -> None:
    """Every letter and digit of the source that is shown is in the clean text: the map has it."""
    kept = bytearray(len(source))
    for run in cleaned.runs:
        kept[run.source : run.source + run.length] = b"\x01" * run.length
    unseen = bytearray(kept)
    for found in UNSEEN.finditer(source):
        unseen[found.start() : found.end()] = b"\x01" * (found.end() - found.start())
    assert [word for word in words(source) if not all(unseen[word.start : word.end])] == []


def check_blocks(cleaned: Cleaned) -> None:
    """Blocks ascend, tile all but white space, and stay in their line; what introduces them is text."""
    at = 0
    for block in cleaned.blocks:
        assert at <= block.start < block.end and not cleaned.text[at : block.start].strip()
        inside = cleaned.text[block.start : block.end]
        assert inside == inside.strip() and "\n" not in inside
        assert 0 <= block.lead.start <= block.lead.end <= len(cleaned.text)
        assert block.lead == Span(0, 0) or cleaned.text[block.lead.start : block.lead.end].strip()
        at = block.end
    assert not cleaned.text[at:].strip()


def check_round_trips(document: Document) -> None:
    """Sentences, passages and headings go to the source and come back as they were."""
    passages = split(document, SplitRule(40, 64, 1), lambda texts: [len(words(text)) for text in texts])
    spans = [*sentences(document.text), *document.headings, *(Span(p.start, p.end) for p in passages)]
    for span in spans:
        there = to_source(document, span)
        assert to_clean(document, there) == span
        assert document.text[span.start] in document.source[there.start : there.start + 2]  # an escape may precede it
        assert document.source[there.end - 1] == document.text[span.end - 1]


@pytest.fixture(scope="module")
def seeds() -> dict[str, Document]:
    return {found.id[:3]: found for found in read([SEEDS]) if isinstance(found, Document)}


def quoted(document: Document, text: str) -> str:
    """What stands in the source where the clean text says `text`."""
    start = document.text.index(text)
    there = to_source(document, Span(start, start + len(text)))
    return document.source[there.start : there.end]


def texts_of(cleaned: Cleaned, kind: str) -> list[str]:
    return [cleaned.text[block.start : block.end] for block in cleaned.blocks if block.kind == kind]


def body_of(cleaned: Cleaned) -> list[str]:
    return texts_of(cleaned, "text")


# -- the four articles --


@pytest.mark.parametrize("name", ["000", "001", "002", "003"])
def test_the_map_of_each_article_is_exact_and_every_span_comes_back(seeds: dict[str, Document], name: str) -> None:
    document = seeds[name]
    check_map(Cleaned(document.text, document.runs, document.blocks, ()), document.source)
    check_round_trips(document)


@pytest.mark.parametrize("sign", ["](", "**", "\\", "# "])
def test_signs_stand_in_no_clean_text(seeds: dict[str, Document], sign: str) -> None:
    assert any(sign in document.source for document in seeds.values())
    assert not any(sign in document.text for document in seeds.values())


@pytest.mark.parametrize("name", ["000", "001", "002", "003"])
def test_no_word_of_the_articles_is_lost(seeds: dict[str, Document], name: str) -> None:
    document = seeds[name]
    check_words(Cleaned(document.text, document.runs, document.blocks, ()), document.source)
    check_blocks(Cleaned(document.text, document.runs, document.blocks, ()))


def test_what_is_not_the_article_is_marked_and_nothing_else_is(seeds: dict[str, Document]) -> None:
    """The body of each article, marked by hand from its first sentence to its last."""
    ends = {
        "000": ("Over time, the bilateral", "structural interdependence."),
        "001": ("The current US administration's", "the new EU agreement."),
        "002": ("The U.S.-Mexico relationship", "the views expressed."),
        "003": ("MEXICO CITY — Just one week", "biggest trade partner."),
    }
    asides = {
        name: [document.text[b.start : b.end] for b in document.blocks if b.kind == "aside"]
        for name, document in seeds.items()
    }
    for name, (first, last) in ends.items():
        text = seeds[name].text
        start, end = text.index(first), text.index(last) + len(last)
        body = [b for b in seeds[name].blocks if start <= b.start and b.end <= end]
        around = [b for b in seeds[name].blocks if b.end <= start or end <= b.start]
        assert len(body) + len(around) == len(seeds[name].blocks)
        assert [text[b.start : b.end] for b in body if b.kind == "aside"] == (
            ["PISM BULLETIN"] if name == "001" else []
        )
        assert {b.kind for b in around} <= {"aside", "heading"}
    assert asides["001"] == ["Bartłomiej Znojek", "PISM BULLETIN"]
    assert [text[:20] for text in asides["000"][-4:]] == [
        "First published in :",
        "Es licenciado en RR.",
        "Unlock articles by s",
        "Become a member for ",
    ]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("001", "President Trump has also repeatedly threatened to send US troops into Mexico"),
        ("001", "conditional on Mexico's commitment to combating shared threats. On 10 June,"),
        ("001", "negotiate the relaxation of the imposed restrictions. In December 2025,"),
    ],
)
def test_a_sentence_that_a_page_break_cut_is_one_again(seeds: dict[str, Document], name: str, sentence: str) -> None:
    document = seeds[name]
    assert sentence not in document.source
    start = document.text.index(sentence)
    around = [s for s in sentences(document.text) if s.start < start + 20 and start + 20 < s.end]
    assert len(around) == 1
    assert around[0].end >= start + len(sentence.split(". ")[0])


def test_an_amount_reads_as_a_person_would_and_is_found_with_its_escape(seeds: dict[str, Document]) -> None:
    assert quoted(seeds["001"], "$552 billion") == r"\$552 billion"
    assert quoted(seeds["001"], "83% ($552 billion) of") == r"83% (\$552 billion) of"


def test_a_link_is_read_as_its_words_and_found_with_its_signs(seeds: dict[str, Document]) -> None:
    assert quoted(seeds["001"], "imposed 25% tariffs on Mexico (and Canada)") == (
        r"imposed 25% tariffs on Mexico \(and Canada\)"
    )
    assert quoted(seeds["001"], "the USMCA free trade agreement, to") == "the [USMCA free trade agreement](#), to"


def test_the_headings_are_those_of_a_reader(seeds: dict[str, Document]) -> None:
    assert {name: [d.text[a:b] for a, b in d.headings] for name, d in seeds.items()} == {
        "000": [seeds["000"].title],
        "001": [
            "Mexico responds to the Trump administration's policy of pressure",
            "The main source of tension in bilateral relations.",
            "Mexico's response to the new administration's policy.",
            "Conclusions.",
        ],
        "002": [],
        "003": ["The migration challenge", "Fighting the cartels", "Tariff threats", "Mexico’s response"],
    }


# -- generated text --

WORDS = st.sampled_from(
    [
        *("the", "council", "met", "on", "Monday", "U.S.", "$552", "10.6", "Dr.", "café", "cafe\u0301", "👩‍👩‍👧", "🇲🇽"),
        *(
            "東京",
            "नमस्ते",
            "[link](#)",
            r"\$9",
            r"\[",
            "**bold**",
            "__b__",
            "*it*",
            "![a](b)",
            "a\u00adb",
            "\u200b",
            "\t",
        ),
        *("[", "]", "(", "**", "*", "\\", "`x`", "—", "“quoted”", "snake_case", "\u00a0", "\ufeff"),
    ]
)
LINES = st.one_of(
    st.lists(WORDS, max_size=14).map(" ".join),
    st.lists(WORDS, min_size=9, max_size=14).map(lambda found: " ".join(found) + "."),
    st.sampled_from([PROSE, MORE, "budget of the town, the mayor said.", "", "", "\f", "---", "# PISM BULLETIN"]),
    st.sampled_from(["Subscribe to our weekly newsletters for free", "Image Source : X", "Advertisement", "> said"]),
    st.sampled_from(["**Conclusions.** The town has paid.", "## A heading", "- an item", "Tariff threats"]),
)
SOURCES = st.lists(
    st.tuples(LINES, st.sampled_from(["\n", "\n\n", "\r\n", "\r\n\r\n", "\r", "\n\f"])), max_size=12
).map(lambda found: "".join(line + end for line, end in found))


@settings(max_examples=40, deadline=None)
@given(SOURCES)
@example("\n\n".join(("the " * 9, "Subscribe to our weekly newsletters for free", "the " * 9, "## A heading")))
def test_the_map_of_generated_articles_is_exact_and_every_span_comes_back(source: str) -> None:
    cleaned = clean(source)
    check_map(cleaned, source)
    check_round_trips(document_of(cleaned, source))
    check_words(cleaned, source)
    check_blocks(cleaned)


@settings(max_examples=50, deadline=None)
@given(ANY_TEXT)
def test_no_text_at_all_makes_cleaning_fail(source: str) -> None:
    check_map(clean(source), source)


@settings(max_examples=30, deadline=None)
@given(SOURCES, st.integers(0, 40))
def test_what_stands_before_the_start_is_never_clean_text(source: str, start: int) -> None:
    cleaned = clean(source, start=start)
    check_map(cleaned, source)
    assert all(run.source >= start for run in cleaned.runs)


@settings(max_examples=30, deadline=None)
@given(SOURCES, st.data())
def test_any_span_of_the_source_maps_to_the_characters_that_survive_of_it(source: str, data: st.DataObject) -> None:
    document = document_of(clean(source), source)
    start = data.draw(st.integers(0, len(source)))
    end = data.draw(st.integers(start, len(source)))
    kept = [
        (run.source + n, run.clean + n)
        for run in document.runs
        for n in range(run.length)
        if start <= run.source + n < end
    ]
    expected = Span(min(kept)[1], max(kept)[1] + 1) if kept else None
    if expected and expected.start >= expected.end:  # it begins in what stood inside of a sentence that a page cut
        expected = Span(min(clean for _, clean in kept), max(clean for _, clean in kept) + 1)
    assert to_clean(document, Span(start, end)) == expected


@given(st.text(min_size=1))
def test_text_that_came_clean_is_left_as_it_is(source: str) -> None:
    assert clean_plain(source) == Cleaned(source, (OffsetRun(0, 0, len(source)),), plain_blocks(source), ())


@pytest.mark.parametrize("span", [Span(0, 0), Span(3, 2), Span(-1, 2), Span(0, 10_000)])
def test_a_span_that_is_empty_or_outside_is_refused(seeds: dict[str, Document], span: Span) -> None:
    with pytest.raises(ValueError, match="outside of document"):
        to_source(document_of(clean(PROSE), PROSE), span)


def test_a_span_of_inserted_blanks_has_no_place_in_the_source() -> None:
    document = document_of(clean(f"{PROSE}\n{MORE}"), f"{PROSE}\n{MORE}")
    gap = document.text.index("\n\n")
    with pytest.raises(ValueError, match="inserted white space"):
        to_source(document, Span(gap, gap + 2))


# -- boilerplate --

BOILERPLATE = [
    "Image Source : Shutterstock",
    "Image Source: CNN Español.",
    "Photo: Reuters",
    "Photograph by Ann Lee",
    "Subscribe to our weekly newsletters for free",
    "If you want to subscribe to World & New World Newsletter, please enter",
    "your e-mail",
    "Please enter your email address",
    "Sign up for our newsletter",
    "Unlock articles by signing up or logging in.",
    "Become a member for unrestricted reading!",
    "First published in :",
    "First Published in: Jul.15,2025",
    "Advertisement",
    "Share this article",
    "Follow us on Mastodon",
    "Read more",
    "Related articles",
    "© 2025 The Brin Herald",
    "All rights reserved.",
    "Click here to download",
    "Log in",
    "Accept all cookies",
    "Skip to main content",
    "Back to top",
]


@pytest.mark.parametrize("line", BOILERPLATE)
def test_furniture_is_marked_wherever_it_stands_and_is_kept(line: str) -> None:
    for source in (
        f"{line}\n{PROSE}\n{MORE}",
        f"{PROSE}\n{line}\n{MORE}",
        f"{PROSE}\n\n  {line}  \n\n{MORE}",
        f"{PROSE}\r\n**{line}**\r\n{MORE}\r\n{line.upper()}",
        f"{PROSE}\n\n{MORE}\n\n> [{line}](https://example.org)",
    ):
        cleaned = clean(source)
        assert body_of(cleaned) == [PROSE, MORE]
        assert {text.lower() for text in texts_of(cleaned, "aside")} == {line.lower()}
        assert cleaned.marked >= len(line)


def test_boilerplate_between_short_paragraphs_is_not_taken_for_a_hard_wrapped_line() -> None:
    short = "The council of Brin met on Monday at noon."
    source = f"{short}\nSubscribe to our weekly newsletters for free\n{short}\n{short}"
    assert body_of(clean(source)) == [short] * 3


def test_prose_that_begins_like_boilerplate_is_kept_when_it_is_long() -> None:
    kept = "Subscribe to the view of the mayor or not, nobody in Brin denies that " + "the harbour is silting up " * 6
    assert kept.strip() in clean(f"{PROSE}\n\n{kept}.").text


# -- lines, paragraphs, headings, notes --


@pytest.mark.parametrize("gap", ["\n", "\n\n\n", "\r\n\r\n", "\f", "\n\f", " \f\n", "\n\n# PISM BULLETIN\n\n"])
@pytest.mark.parametrize("page", ["", "\n\f# PISM BULLETIN\n", "\nAdvertisement\n"])
def test_a_sentence_cut_by_a_page_is_one_sentence_at_its_two_places(gap: str, page: str) -> None:
    first, second = "The council of Brin met on Monday to agree the budget", "for the year ahead. It took nine hours."
    source = f"{MORE}\n\n{first}{gap}{page}{second}\n\n{MORE}"
    cleaned = clean(source)
    assert body_of(cleaned) == [MORE, PROSE, MORE]
    check_words(cleaned, source)
    document = document_of(cleaned, source)
    assert quoted(document, PROSE.split(". ")[0]).startswith(first)
    check_round_trips(document)


@pytest.mark.parametrize("second", ["For the year ahead.", "# For the year ahead", "- For the year ahead"])
def test_paragraphs_that_are_not_cut_stay_apart(second: str) -> None:
    first = "The council of Brin met on Monday to agree the budget"
    assert "budget for" not in clean(f"{MORE}\n\n{first}\n\n{second}\n\n{MORE}").text.lower()


def test_a_hard_wrapped_block_is_one_paragraph_and_other_lines_stand_alone() -> None:
    wrapped = (
        "The council of Brin met on Monday to agree the\nbudget for the year ahead of it, and the\ntalks took long."
    )
    assert clean(wrapped).text == wrapped.replace("\n", " ")
    title = "The harbour of Brin is slowly silting up\nNobody in the hall can say what is to be done\n"
    assert clean(title + PROSE + " " + MORE).text == "\n\n".join([*title.splitlines(), f"{PROSE} {MORE}"])


@pytest.mark.parametrize(
    ("source", "heading"),
    [
        ("**Conclusions.** The town has paid all of it.", "Conclusions."),
        ("## What the town paid\n\nIt paid.", "What the town paid"),
        ("What the town paid\n" + PROSE, "What the town paid"),
        ("**What the town paid**\n\n" + PROSE, "What the town paid"),
    ],
)
def test_a_heading_is_known_by_its_sign_its_bold_or_its_shortness(source: str, heading: str) -> None:
    cleaned = clean(f"{MORE}\n\n{source}")
    assert [cleaned.text[b.start : b.end] for b in cleaned.blocks if b.kind == "heading"] == [heading]


@pytest.mark.parametrize("source", ["**Mexico** has paid all of it.", "It paid, the mayor said,\n" + PROSE])
def test_emphasis_and_unfinished_lines_are_no_headings(source: str) -> None:
    assert {block.kind for block in clean(f"{MORE}\n\n{source}").blocks} == {"text"}


@pytest.mark.parametrize("mark", ["", "\ufeff", "\f", "   "])
def test_a_title_behind_a_byte_order_mark_or_a_page_break_is_a_title(mark: str) -> None:
    assert clean(f"{mark}# The budget of Brin\n\n{PROSE}").title == "The budget of Brin"


def test_lines_before_the_first_paragraph_are_kept_as_what_they_are() -> None:
    cleaned = clean(f"Economy\nThe budget of Brin\nby Ann Lee\n3 May 2024\n{PROSE}\n\n{MORE}")
    assert cleaned.front == ("Economy", "The budget of Brin", "by Ann Lee", "3 May 2024")
    assert (cleaned.title, texts_of(cleaned, "heading")) == ("The budget of Brin", ["The budget of Brin"])
    assert texts_of(cleaned, "aside") == ["Economy", "by Ann Lee", "3 May 2024"]
    assert body_of(cleaned) == [PROSE, MORE]


@pytest.mark.parametrize(
    "paragraph",
    [
        "他在一九八七年开了这家面包店。后来他的儿子接手了。",
        "नगर परिषद ने सोमवार को अगले वर्ष का बजट तय किया।",
        "هل وافق مجلس المدينة على ميزانية العام المقبل كله؟",
    ],
)
def test_short_paragraphs_in_other_alphabets_are_text_and_not_front_matter(paragraph: str) -> None:
    source = f"{paragraph}\n\n{paragraph * 12}"
    assert clean(source).text == source


SPANISH = (
    "Es licenciado en relaciones internacionales por la Universidad del Mar y maestro por la Universidad La Trobe. "
    "Es profesor de asignatura en la Facultad de Economía."
)


def test_a_note_in_another_language_at_the_end_is_marked() -> None:
    cleaned = clean("\n\n".join([*[PROSE, MORE] * 5, SPANISH]))
    assert body_of(cleaned) == [PROSE, MORE] * 5
    assert texts_of(cleaned, "aside") == [SPANISH]


def test_a_bilingual_article_keeps_both_halves() -> None:
    source = "\n\n".join([PROSE, MORE] * 3 + [SPANISH] * 4)
    assert clean(source).text == source


# -- signs --


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("The fer\u2060ry of Bal\u00adtimore \u202amo\u2063ved\u202c.", "The ferry of Baltimore moved."),
        ("Water is wet.^12^ It runs,^3,4^ too.", "Water is wet. It runs, too."),
        ("They measured 2^10^ litres.", "They measured 2^10^ litres."),
        ("It is so.^[As he said.] We know.", "It is so. [As he said.] We know."),
        (
            "See [the plan](<my plan (old).md>) and [this](x.md 'Title') or [that](y.md (Title)).",
            "See the plan and this or that.",
        ),
        ("Look at ![[map of Brin.png|300]] and ![[a.png|the port|300x200]].", "Look at map of Brin.png and the port."),
        ("It is <00:00:01.500><c.loud>late</c>, he said.", "It is late, he said."),
        ("The North\u200cwind\ufe0f of Bal&shy;ti&#8203;more&nbsp;blew.", "The Northwind of Baltimore blew."),
        ("''Sorn'' is '''42 metres''' deep, says O''Hara.", "Sorn is 42 metres deep, says O''Hara."),
        ("[b]Nine[/b] of [url=https://brin.example]Brin[/url] left.", "Nine of Brin left."),
        ("Roads were ++icy++ in ^^May^^, and C++11 is no C++.", "Roads were icy in May, and C++11 is no C++."),
        ("**Yield**:: nine kilos, says ((63f0a1b2-bbbb)) Vera.", "Yield: nine kilos, says Vera."),
        ("It fell.<sup>1</sup> It stood.[[4]](#note-4) It is 10<sup>6</sup>.", "It fell. It stood.[4] It is 106."),
        (
            "{::comment}No.{:/comment}It is as [[Red#^a1]] was. {{< comment >}} no {{< /comment >}}",
            "It is as Red was.",
        ),
        ("{# Paul is ill. #}It is red, not {# blue.{% comment %} no {% endcomment %}", "It is red, not {# blue."),
        ("<!-- internal: he earns 90,000 --> It opens.", "It opens."),
        ("<!--\nHe earns 90,000.\n--> It opens.\nIt shuts.", "It opens. It shuts."),
        ("It is <b style='font-size:0'>shut</b>open <b style='font-size:0.9em'>now</b>.", "It is open now."),
        (
            "The parlia\u00ac\nment of twenty-\nfive men was post-\nponed.",
            "The parliament of twenty-five men was postponed.",
        ),
        (
            "The anti-\nsmoking league has a multi-\nstorey, non-\nprofit hall.",
            "The anti-smoking league has a multi-storey, non-profit hall.",
        ),
        ("Write `&nbsp;` or `&shy;` for&nbsp;it.", "Write &nbsp; or &shy; for it."),
        *(
            (text, text)
            for text in (
                "In Orlo {# opens a remark and #} closes it, as {% comment %} and {% endcomment %} do.",
                "Remarks of Velm look like {{/* so */}} and leave no trace.",
                "Write ++i and not i++, as ++i copies nothing in C++.",
                "Call ((make-adder-2)) for one, ((section-4)) tells why.",
                "A citation is opened by [quote] and closed by [/quote].",
                "The prefix std:: may go, fe80:: may not, and x :: Int is a type.",
            )
        ),
    ],
)
def test_signs_are_not_shown_and_words_are_found(source: str, text: str) -> None:
    cleaned = clean(f"# Brin\n\n{source}\n")
    assert body_of(cleaned) == [text]
    check_map(cleaned, f"# Brin\n\n{source}\n")
    check_round_trips(document_of(cleaned, f"# Brin\n\n{source}\n"))


@pytest.mark.parametrize(
    "sign", ["```\nwind(clock)\n\n", "<!-- what I meant to say\n\n", "~~~~python\nwind(clock)\n\n"]
)
def test_a_title_behind_a_block_without_an_end_is_the_title(sign: str) -> None:
    cleaned = clean(f"{sign}# The tide clock\n\n{PROSE}\n\n## Winding\n\n{MORE}\n")
    assert cleaned.title == "The tide clock"
    assert texts_of(cleaned, "heading") == ["The tide clock", "Winding"]
    assert body_of(cleaned) == [PROSE, MORE]


def test_code_in_a_list_ends_with_it() -> None:
    source = f"# Brin\n\n- Wind it:\n\n  ```\n  wind(clock)\n\n{PROSE}\n\n## Ebb\n\n{MORE}\n"
    assert body_of(clean(source)) == [PROSE, MORE]


@pytest.mark.parametrize("above", ["Opening hours:", "Opening hours"])
@pytest.mark.parametrize("title", ["# Museum", "Museum"])
def test_a_label_is_not_joined_to_the_facts_below_it(title: str, above: str) -> None:
    facts = ["Mon to Fri: from nine to five", "Sat: closed"]
    cleaned = clean("\n".join([title, "", PROSE, "", above, *facts, "", MORE, ""]))
    assert [text for text in cleaned.text.split("\n") if text and text not in (PROSE, MORE, "Museum")] == [
        above,
        *facts,
    ]
    assert texts_of(cleaned, "item") == (facts if above.endswith(":") else [])


# -- cost --


@pytest.mark.parametrize(
    "pattern",
    ["[", "**a ", "\\", "![", "[a](", "*a*", "_a", "__a ", "- ", "(c) ", "[\\a", "![](", " ", "<", "`", "> ", "x"],
)
def test_a_hostile_line_of_200_kb_costs_about_as_much_as_one_of_prose(pattern: str) -> None:
    """Up to thirty times as much, where every other character is a sign; quadratic time: a thousand times."""
    prose, line = (part * (200_000 // len(part)) for part in (f"{PROSE} ", pattern))
    honest, hostile = costs(lambda: clean(prose), lambda: clean(line))
    assert hostile < 150 * honest


@pytest.mark.parametrize(
    ("markup", "pattern"),
    [
        ("asciidoc", one)
        for one in (
            "link:a[",
            "<<a,",
            "image:a[",
            "////\n",
            "a::\n",
            "** ",
            "|===\na\n",
            "----\n\n",
            "```js\n",
            "abc\n---\n",
            "--\n+\n",
        )
    ]
    + [("org", one) for one in ("#+begin_src\n", ":PROPERTIES:\n", "# \n", "* a :b:\n", "[[a][")]
    + [("", "a:\n")],
)
def test_time_grows_with_a_file_in_another_markup_and_not_with_its_square(markup: Markup, pattern: str) -> None:
    """As below, where eight times the text may cost at most thirty-two times as much."""
    small, large = (pattern * (size // len(pattern)) for size in (4_000, 32_000))
    little, much = costs(lambda: clean(small, markup=markup), lambda: clean(large, markup=markup))
    assert much < 32 * little + 0.05


@pytest.mark.parametrize(
    ("markup", "line"),
    [
        ("rest", ".. csv-table:: T\n\n   a{}b\n"),
        ("org", "* a{}:b\n"),
        ("asciidoc", "= a{}b\n"),
        ("asciidoc", "a{}\n---"),
        ("asciidoc", "[quote,{}a\n"),
    ],
)
def test_time_grows_with_a_gap_in_a_line_and_not_with_its_square(markup: Markup, line: str) -> None:
    small, large = (line.replace("{}", " " * size) for size in (4_000, 32_000))
    little, much = costs(lambda: clean(small, markup=markup), lambda: clean(large, markup=markup))
    assert much < 32 * little + 0.05  # as above


@pytest.mark.parametrize(
    "pattern",
    ["# a\n", "and then the mayor of the town went on\n\n", "a\n", f"{SPANISH}\n\n", "Advertisement\n\n", "\r"],
)
def test_time_grows_with_the_text_and_not_with_its_square(pattern: str) -> None:
    """Eight times the text may cost at most thirty-two times as much; quadratic time would be sixty-four."""
    small, large = (pattern * (size // len(pattern)) for size in (4_000, 32_000))
    clean(small)  # loads the model of the languages, once
    little, much = costs(lambda: clean(small), lambda: clean(large))
    assert much < 32 * little + 0.05  # what a small one costs is uncertain


@pytest.mark.parametrize(
    "sentence",
    [
        "Share this view or not, the council met on Monday.",
        "(c) The third clause forbids any tax on the ferry.",
        "Read more books, the mayor of Brin told the school.",
    ],
)
def test_a_sentence_that_begins_like_boilerplate_is_kept(sentence: str) -> None:
    assert sentence in clean(f"The council of Brin met on Monday to agree the budget.\n\n{sentence}\n").text
