"""Blocks in reading and quoting: a sentence is judged with what it leads back to, and cited as its own words."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.build import Builder
from index.embedding.embedder import HashEmbedder, OnnxEmbedder
from index.records import Block, Document, Passage, Span
from index.search import Index, open_index
from index.settings import load_settings
from index.text.sentences import sentences
from rag import open_assistant
from rag.answer import Answer, Frame, Reading
from rag.assistant import Assistant
from rag.question.analysis import analyse
from rag.reading.candidates import Candidate, Evidence
from rag.reading.features import FEATURES
from rag.reading.model import ABSENT, excerpt_of, load_read_model
from rag.reading.reader import load_reader
from rag.selection.choose import choose
from rag.selection.context import MOST_CHARACTERS, apart, left_out, with_context
from rag.structure import ASIDE, BODY, by_columns, leads_of, neighbours, section, told_in
from rag.writing.compose import Around, compose, text_of
from tests import make

MENU = make.laid_out(
    ("text", "The canteen serves lunch on every working day."),
    ("header", "Dish | Price | Served on"),
    ("row", "Lentil soup | 4 euros | Monday", 1),
    ("row", "Fried trout | 11 euros | Friday", 1),
    ("row", "Bean stew | 6 euros | Monday", 1),
    ("text", "Who comes after two gets what is left."),
    name="menu",
    title="The canteen",
)
HELP = make.laid_out(
    ("question", "How long may a bicycle be borrowed?"),
    ("text", "Nine days.", 0),
    ("question", "What if it is returned late?"),
    ("text", "Then two crowns a day are due. Nobody is let off.", 2),
    ("text", "Lost keys are paid for as well.", 2),
    name="help",
    title="Bicycles",
)
MEETING = make.laid_out(
    ("turn", "Ms Okoro: Welcome. Let us talk about the well."),
    ("turn", "Mr Lund: It has run dry. My men could dig a new one for 7,000 crowns."),
    ("turn", "Ms Prat: I would take 5,500 crowns for that."),
    name="meeting",
    title="The village council",
)
SEAL = make.laid_out(
    ("text", "A wooden boat leaks in spring. To seal its hull, go on like this:"),
    ("item", "Scrape off the old tar.", 0),
    ("item", "Press oakum into the seams:", 0),
    ("item", "first along the keel", 2),
    ("item", "then upwards", 2),
    ("item", "Pour hot pitch over it.", 0),
    ("text", "The boat is dry after two days."),
    name="seal",
    title="Boats",
)
PRINTER = make.laid_out(
    ("text", "The printer keeps a queue. To empty the queue, type:"),
    ("code", "lprm -", 0),
    ("code", "systemctl restart cups", 0),
    ("text", "The queue is then empty."),
    ("links", "See also: emptying the queue of the old printer"),
    name="printer",
    title="Printer",
)
PRUNE = make.laid_out(
    ("heading", "Usage"),
    ("code", "tool prune [NAME]", 0),
    ("heading", "Description"),
    ("text", "This removes what nothing needs. It asks first."),
    ("text", "Where no name is given, all is looked at."),
    ("text", "For example:"),
    ("code", "tool prune old", 5),
    ("heading", "Exit codes"),
    ("text", "This tells what went wrong."),
    name="prune",
    title="prune",
)
CLUB = make.laid_out(
    ("text", "The chess club meets in the old mill on Tuesdays. It has ninety members."),
    ("aside", "Register for the spring tournament before 9 April."),
    ("text", "Its library holds four hundred books on openings."),
    name="club",
    title="Chess club",
)
ALL = (MENU, HELP, MEETING, SEAL, PRINTER, CLUB)


def spans_of(article: Document) -> tuple[Span, ...]:
    return tuple(sentences(article.text, "en"))


def passage_of(article: Document, first: int = 0, last: int | None = None, context: str = "") -> Passage:
    """Its sentences from `first` to `last`, which is left out."""
    inside = spans_of(article)[first:last]
    start, end = inside[0].start, inside[-1].end
    blocks = tuple(block for block in article.blocks if block.start < end and start < block.end)
    text = article.text[start:end]
    return make.passage(text, article.id, start=start, sentences=inside, blocks=blocks, context=context)


def widened(article: Document, words: str, question: str = "", about: str = "") -> str:
    start = article.text.index(words)
    asked = analyse(question, "snowball")
    one = make.quote(passage_of(article), (start, start + len(words)))
    steps = asked.sought == "manner"
    found = with_context(one, article, spans_of(article), asked.shape, frozenset(about.split()), steps=steps)
    return article.text[found.start : found.end]


def lines_of(article: Document, first: int, last: int) -> str:
    return article.text[article.blocks[first].start : article.blocks[last].end]


# -- what a sentence is judged with --


def judged_with(passage: Passage) -> dict[str, list[str]]:
    texts = [passage.text[s.start - passage.start : s.end - passage.start] for s in passage.sentences]
    leads = [[passage.search_text[lead.start : lead.end] for lead in of] for of in leads_of(passage)]
    return dict(zip(texts, leads, strict=True))


def test_a_sentence_is_judged_with_its_question_header_lead_in_or_speaker() -> None:
    assert judged_with(passage_of(HELP))["Nobody is let off."] == ["What if it is returned late?"]
    assert judged_with(passage_of(MENU))["Bean stew | 6 euros | Monday"] == ["Dish | Price | Served on"]
    assert judged_with(passage_of(MEETING))["My men could dig a new one for 7,000 crowns."] == ["Mr Lund:"]
    assert judged_with(passage_of(MENU))["Who comes after two gets what is left."] == []


def test_a_name_that_the_sentence_begins_with_is_not_counted_twice() -> None:
    assert judged_with(passage_of(MEETING))["Ms Prat: I would take 5,500 crowns for that."] == []


def test_an_item_within_an_item_is_judged_with_both_lead_ins() -> None:
    hull = "To seal its hull, go on like this:"
    assert judged_with(passage_of(SEAL))["then upwards"] == ["Press oakum into the seams:", hull]


def test_of_a_lead_before_the_passage_the_context_tells() -> None:
    late = passage_of(MENU, 4, context="The canteen · Dish | Price | Served on")
    assert judged_with(late)["Bean stew | 6 euros | Monday"] == ["The canteen · Dish | Price | Served on"]


def test_neighbours_are_sentences_that_are_told_on() -> None:
    assert neighbours(passage_of(CLUB)) == (range(0, 2), range(0, 2), range(2, 3), range(3, 4))
    assert neighbours(passage_of(MENU)) == tuple(range(n, n + 1) for n in range(6))
    assert [len(near) for near in neighbours(passage_of(HELP))] == [1, 1, 1, 2, 3, 2]


def test_the_context_of_a_later_passage_holds_the_header_of_its_table(tmp_path: Path) -> None:
    rows = [("row", f"Boat number {n} of the harbour | {n} metres | painted green and white", 0) for n in range(40)]
    table = make.laid_out(("header", "Boat | Length | Colour"), *rows, title="The fleet")
    index = built(tmp_path, table)
    first, *later = index.passages("a")
    assert first.context == "The fleet"
    assert later
    assert {passage.context for passage in later} == {"The fleet · Boat | Length | Colour"}


# -- which sentences may answer --


def built(folder: Path, *articles: Document) -> Index:
    settings = load_settings(data=folder, embedder="hash")
    builder = Builder(folder, settings, HashEmbedder())
    for article in articles:
        builder.put(article)
    return open_index(folder, settings, HashEmbedder())


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return built(tmp_path_factory.mktemp("structure"), *ALL)


def candidates(index: Index, question: str, kinds: Any = BODY) -> dict[str, Candidate]:
    found = Evidence(index).candidates(analyse(question, index.stem), index.search(question, limit=20), kinds)
    return {index.document(c.hit.passage.document_id).text[slice(*c.sentence)]: c for c in found}


def test_questions_headers_and_links_are_never_offered_and_asides_only_where_wanted(index: Index) -> None:
    asked = "Where is the queue, and who may register for the spring tournament or borrow a dish?"
    body, aside = candidates(index, asked), candidates(index, asked, ASIDE)
    of_kind: dict[str, set[str]] = {}
    for article in ALL:
        for block in article.blocks:
            texts = {article.text[block.start + s.start : block.start + s.end] for s in _inside(article, block)}
            of_kind.setdefault(block.kind, set()).update(texts)
    silent = of_kind["question"] | of_kind["header"] | of_kind["links"]
    assert not body.keys() & (silent | of_kind["aside"])
    assert body.keys() == set().union(*(of_kind[kind] for kind in BODY))
    assert aside.keys() == of_kind["aside"]


def _inside(article: Document, block: Block) -> Sequence[Span]:
    return sentences(article.text[block.start : block.end], "en")


def test_the_words_of_a_lead_count_as_the_sentence_s_own(index: Index) -> None:
    found = candidates(index, "How long may a bicycle be borrowed?")
    features = dict(zip(FEATURES, found["Nine days."].features.tolist(), strict=True))
    assert features["cover_sentence"] == pytest.approx(1)
    assert features["weakest"] == pytest.approx(1, abs=0.02)  # the very tokens, kept in 8 bits
    other = dict(zip(FEATURES, found["Lost keys are paid for as well."].features.tolist(), strict=True))
    assert other["cover_near"] < 0.5


def test_a_question_about_what_somebody_says_is_answered_by_no_other_s_turn(index: Index) -> None:
    said = candidates(index, "For how much would Ms Prat dig a new well?").keys()
    assert "Ms Prat: I would take 5,500 crowns for that." in said
    assert "My men could dig a new one for 7,000 crowns." not in said
    assert "My men could dig a new one for 7,000 crowns." in candidates(index, "Who asks more than Ms Prat?")
    assert "My men could dig a new one for 7,000 crowns." in candidates(index, "For how much is the well dug?")


def test_a_line_of_the_question_s_words_alone_answers_nothing_but_whether(tmp_path: Path) -> None:
    keel = make.laid_out(
        ("text", "Breakfast included"),
        ("text", "Keel"),
        ("item", "The backbone of a ship.", 1),
        ("text", "A sloop is smaller than a barque."),
    )
    index = built(tmp_path, keel)
    assert "Keel" not in candidates(index, "What is a keel?")
    assert "Keel" in candidates(index, "What is the backbone?")
    assert "Breakfast included" in candidates(index, "Is breakfast included?")
    assert "A sloop is smaller than a barque." in candidates(index, "Which is smaller, a sloop or a barque?")


def test_the_reading_model_reads_a_question_and_does_not_answer_with_it() -> None:
    excerpt = excerpt_of(passage_of(HELP, context="Bicycles"))
    found = load_read_model().read("How long may a bicycle be borrowed?", excerpt)
    assert excerpt.silent == {0, 2}
    assert [n for n, gap in enumerate(found.gaps) if gap == ABSENT] == [0, 2]
    assert found.gaps.index(found.gap) == 1
    assert found.answer is not None
    assert excerpt.text[slice(*found.answer)] in "Nine days."


@pytest.mark.parametrize(
    ("line", "judged"),
    [
        ("NORRHAMN — The mayor has resigned.", "The mayor has resigned."),
        ("ST. OLAV, Brin (GNA) – “I resign,” said the mayor.", "“I resign,” said the mayor."),
        ("OLD BRIN, March 3 (GNA) - The mayor has resigned.", "The mayor has resigned."),
        ("NORRHAMN, 3 May – The mayor has resigned.", "The mayor has resigned."),
        ("GNA — the agency of Brin — says so.", "GNA — the agency of Brin — says so."),
        ("The mayor — Ida Voss — has resigned.", "The mayor — Ida Voss — has resigned."),
    ],
)
def test_the_place_that_an_article_is_sent_from_tells_nothing(line: str, judged: str) -> None:
    article = make.laid_out(("heading", "The mayor"), ("text", line), ("text", "BRIN — The harbour is shut."))
    passage = passage_of(article)
    texts = [passage.said(*told) for told in told_in(passage)]
    assert texts == ["The mayor", judged, "BRIN — The harbour is shut."]
    assert [excerpt_of(passage).text[slice(*span)] for span in excerpt_of(passage).sentences] == texts


@pytest.mark.parametrize("by", ["", "By Ann Lee\n\n"])
def test_an_article_tells_what_happens_where_it_is_sent_from_and_not_what_happens_to_that_place(
    tmp_path: Path, minilm: OnnxEmbedder, by: str
) -> None:
    resigned = "The mayor, Ida Voss, resigned on Monday after a vote on the harbour."
    takes_over = "The deputy mayor, Tom Leek, takes over until the election in September."
    closed = "The bridge over the Sand was closed on Tuesday because of rust."
    articles = {
        "mayor.md": f"# The mayor resigns\n\n{by}NORRHAMN, 3 May – {resigned}\n\n{takes_over}\n",
        "bridge.md": f"# A bridge is closed\n\n{by}OLD BRIN — {closed}\n",
    }
    ask = make.assistant(tmp_path, articles, minilm).ask
    for asked, told in (
        ("Who resigned in Norrhamn?", "Ida Voss"),
        ("Why did the mayor of Norrhamn resign?", "a vote on the harbour"),
        ("Who takes over in Norrhamn?", "Tom Leek"),
        ("When is Norrhamn's election?", "September"),
        ("Why was the bridge in Old Brin closed?", "rust"),
    ):
        assert [cited.quote for cited in ask(asked).citations if told in cited.quote], asked
    for asked in ("Who visited Old Brin?", "Who resigned in Old Brin?", "Which bridge is closed in Norrhamn?"):
        assert ask(asked).status == "abstained", asked


def test_a_place_is_not_asked_about_where_an_article_is_only_sent_from_it(seeded: Assistant) -> None:
    assert not seeded.ask("Who is the president of Mexico?").citations[0].quote.startswith("MEXICO CITY")
    assert seeded.ask("Did Trump visit Mexico City?").status == "abstained"


def test_the_words_that_answer_are_found_behind_the_place_that_an_article_is_sent_from(seeded: Assistant) -> None:
    unveiled = seeded.ask("Who unveiled a series of executive orders one week into his second term?").citations[0]
    assert unveiled.quote.startswith("MEXICO CITY — Just one week")
    assert unveiled.answer is not None
    assert unveiled.answer.text == "President Donald Trump"
    assert unveiled.quote[unveiled.answer.start - unveiled.start :].startswith(unveiled.answer.text)


def test_the_reading_model_reads_each_row_below_its_header_and_points_into_the_row(index: Index) -> None:
    passage = passage_of(MENU)
    excerpt = excerpt_of(passage)
    assert f"{HEADER}\n{STEW}" in excerpt.text
    assert excerpt.text.count(HEADER) == 3
    texts = [passage.text[s.start - passage.start : s.end - passage.start] for s in passage.sentences]
    assert [excerpt.text[slice(*span)] for span in excerpt.sentences] == texts
    assert excerpt_of(passage_of(CLUB)).text == CLUB.text
    asked = analyse("How many euros is the fried trout?", index.stem)
    best = load_reader("model", index).read(asked, index.search(asked.text, limit=9)).quotes[0]
    assert best.answer is not None
    assert MENU.text[slice(*best.answer)] == "11"


def test_where_nothing_may_answer_there_is_no_quote(tmp_path: Path) -> None:
    index = built(tmp_path, make.laid_out(("question", "Where is the well?"), ("links", "Wells: a list")))
    hits = index.search("Where is the well?", limit=5)
    for name in ("model", "trained"):
        read = load_reader(name, index).read(analyse("Where is the well?", index.stem), hits)
        assert read == Reading((), tuple(hits), 0.0)


# -- what a quote is made of --


@pytest.mark.parametrize(
    "question", ["How do I seal a hull?", "Which steps seal a hull?", "What must I do to seal it?"]
)
@pytest.mark.parametrize("words", ["To seal its hull", "Scrape off", "then upwards", "Pour hot pitch"])
def test_a_question_for_steps_gets_all_of_them_under_their_lead_in(words: str, question: str) -> None:
    lead_in = SEAL.text.index("To seal")
    assert widened(SEAL, words, question) == SEAL.text[lead_in : SEAL.blocks[5].end]


def test_another_question_gets_one_item_and_a_lead_in_brings_its_list_in_any_case() -> None:
    assert widened(SEAL, "Pour hot", "When is pitch poured?") == "Pour hot pitch over it."
    assert widened(SEAL, "To seal its", "When does one seal a hull?").endswith(lines_of(SEAL, 1, 5))
    assert widened(SEAL, "Press oakum", "Where is oakum pressed?") == lines_of(SEAL, 2, 4)
    assert widened(SEAL, "A wooden boat", "When does a boat leak?") == "A wooden boat leaks in spring."
    assert widened(SEAL, "The boat is", "How does a boat get dry?") == "The boat is dry after two days."


def test_a_list_under_a_heading_is_quoted_without_it() -> None:
    cake = make.laid_out(("heading", "For the cake"), ("item", "five eggs", 0), ("item", "one cup of milk", 0))
    assert widened(cake, "one cup", "What do I need for the cake?") == lines_of(cake, 1, 2)


@pytest.mark.parametrize("words", ["To empty the queue", "lprm", "systemctl"])
def test_code_comes_with_what_introduces_it_and_the_other_way_round(words: str) -> None:
    assert widened(PRINTER, words) == PRINTER.text[PRINTER.text.index("To empty") : PRINTER.blocks[2].end]


def test_how_something_is_done_is_told_with_the_code_that_shows_it() -> None:
    assert widened(PRUNE, "This removes", "How do I remove what is old?") == lines_of(PRUNE, 3, 6)
    assert widened(PRUNE, "This removes", "What does it remove?") == "This removes what nothing needs."
    assert widened(PRUNE, "This tells", "How do I see what went wrong?") == "This tells what went wrong."


def test_what_a_heading_names_is_told_by_all_that_stands_below_it() -> None:
    filters = make.laid_out(
        ("heading", "Cleaning the filter"),
        ("text", "Unplug the machine. Rinse the filter."),
        ("links", "A picture"),
        ("text", "Then dry it."),
        ("links", "See also: the fan"),
        ("heading", "The fan"),
        ("text", "It needs no care."),
    )
    assert widened(filters, "Rinse", "How do I clean the filter?", "clean filter") == lines_of(filters, 1, 3)
    assert widened(filters, "Rinse", "How do I clean a dirty filter?", "clean dirty filter") == lines_of(filters, 1, 1)
    assert widened(filters, "Rinse", "When do I clean the filter?", "clean filter") == "Rinse the filter."
    named = replace(filters, title="Dryers")
    assert widened(named, "Rinse", "How do I clean a dryer's filter?", "clean dryer filter") == lines_of(filters, 1, 3)
    assert widened(named, "Rinse", "How do I use a dryer?", "dryer") == "Unplug the machine. Rinse the filter."


def test_steps_told_in_order_are_quoted_together_and_pictures_part_no_list() -> None:
    told = make.laid_out(("text", "First, shut the tap. Next, wait. Then open the valve with a key. It is old."))
    assert widened(told, "Next, wait.", "How do I bleed it?") == told.text.removesuffix(" It is old.")
    shown = make.laid_out(
        ("text", "Do this:"), ("item", "Open it.", 0), ("links", "the lid"), ("item", "Press the button.", 0)
    )
    assert widened(shown, "Press", "How do I reset it?") == lines_of(shown, 0, 3)


def test_what_is_to_be_done_is_quoted_from_its_first_sentence_to_its_last() -> None:
    loaf = make.laid_out(
        ("text", "No yeast is needed. Heat the oven. Mix flour and salt."),
        ("text", "Then bake it for an hour."),
        ("text", "It keeps for a week. Store it dry."),
    )
    steps = "Heat the oven. Mix flour and salt.\n\nThen bake it for an hour."
    assert widened(loaf, "Mix", "How do I make soda bread?") == steps
    assert widened(loaf, "No yeast", "How do I make soda bread?") == "No yeast is needed."
    assert widened(loaf, "Mix", "What is mixed?") == "Mix flour and salt."


def test_what_is_defined_brings_its_definition() -> None:
    keel = make.laid_out(("text", "Keel"), ("item", "The backbone of a ship.", 0), ("text", "All else is oak."))
    assert widened(keel, "Keel", "What is a keel?") == lines_of(keel, 0, 1)
    assert widened(keel, "The backbone", "What is a keel?") == "The backbone of a ship."


def test_what_a_manual_says_of_this_stands_behind_the_code_above() -> None:
    def above(words: str) -> str:
        start = PRUNE.text.index(words)
        found = apart(make.quote(passage_of(PRUNE), (start, start + len(words))), PRUNE)
        return PRUNE.text[found.start : found.end] if found else ""

    assert above("This removes what nothing needs.") == "tool prune [NAME]"
    assert above("Where no name is given, all is looked at.") == ""
    assert above("This tells what went wrong.") == "tool prune old"


def test_what_is_said_of_an_option_or_a_version_stands_behind_its_name() -> None:
    manual = make.laid_out(
        ("heading", "Options"),
        ("heading", "-l, --line-length", 0),
        ("text", "How many characters fit. It is 88."),
        ("text", "Give --line-length twice to be heard."),
        ("heading", "[3.2.0] - 2024-11-05"),
        ("heading", "Fixed", 4),
        ("item", "Crash where a bar was empty.", 5),
        ("heading", "2.1 Methods of asking"),
        ("text", "We asked nobody."),
    )

    def above(words: str) -> str:
        start = manual.text.index(words)
        found = apart(make.quote(passage_of(manual), (start, start + len(words))), manual)
        return manual.text[found.start : found.end] if found else ""

    assert above("It is 88.") == "-l, --line-length"
    assert above("Give --line-length twice to be heard.") == ""
    assert above("Crash where a bar was empty.") == "[3.2.0] - 2024-11-05"
    assert above("We asked nobody.") == ""


def test_a_list_that_is_too_long_is_quoted_from_its_beginning_and_the_rest_is_counted() -> None:
    steps = [("item", f"Turn wheel number {n} by a quarter, and wait until it has come to rest.", 0) for n in range(30)]
    article = make.laid_out(("text", "To start the mill:"), *steps)
    quoted = widened(article, "To start", "How is the mill started?")
    assert len(quoted) <= MOST_CHARACTERS
    lines = quoted.split("\n\n")
    assert lines == [text for _, text, *_ in [("text", "To start the mill:"), *steps]][: len(lines)]
    assert left_out(Span(0, len(quoted)), article) == 31 - len(lines) > 0
    assert left_out(Span(0, article.blocks[-1].end), article) == 0
    assert left_out(Span(*article.blocks[3][1:3]), article) == 0  # an item alone begins no list


def test_a_turn_is_quoted_from_its_speaker_or_behind_the_name() -> None:
    assert widened(MEETING, "My men could") == lines_of(MEETING, 1, 1)
    long = make.laid_out(("turn", "Mr Lund: " + " ".join(f"Number {n} is a fine well." for n in range(12))))
    assert widened(long, "Number 3").startswith("Mr Lund: Number 0")
    assert widened(long, "Number 11") == "Number 11 is a fine well."
    start = long.text.index("Number 11")
    name = apart(make.quote(passage_of(long), (start, len(long.text))), long)
    assert name is not None
    assert long.text[name.start : name.end] == "Mr Lund:"
    _, first, end, _ = MEETING.blocks[1]
    assert apart(make.quote(passage_of(MEETING), (first, end)), MEETING) is None


def test_no_quote_is_widened_into_a_row_another_turn_or_another_answer() -> None:
    turns = make.laid_out(("turn", "Ms Okoro: Lind came."), ("turn", "Mr Lund: He left."))
    assert widened(turns, "Mr Lund") == "Mr Lund: He left."
    answers = make.laid_out(
        ("question", "Who came?"), ("text", "Lind.", 0), ("question", "Who left?"), ("text", "He.", 2)
    )
    assert widened(answers, "He.") == "He."
    table = make.laid_out(("header", "Who | When"), ("row", "Lind. | May", 0), ("row", "He left. | June", 0))
    assert widened(table, "He left.") == "He left. | June"


KINDS = st.sampled_from(["text", "item", "row", "question", "turn", "code", "links", "aside", "header", "heading"])
TEXTS = st.sampled_from(["It left: ", "This is so. He ate. ", "Do the following: ", "one ", "x" * 600 + ". ", "“So? "])


@given(st.lists(st.tuples(KINDS, TEXTS), min_size=1, max_size=12), st.data(), st.booleans())
def test_widening_any_blocks_holds_the_quote_and_widens_no_further(
    drawn: list[tuple[Any, str]], data: st.DataObject, steps: bool
) -> None:
    lines = [
        (
            kind,
            text.strip() + (": so." if kind == "turn" else ""),
            *data.draw(st.lists(st.integers(0, n - 1), max_size=1)),
        )
        if n
        else ("text", text.strip())
        for n, (kind, text) in enumerate(drawn)
    ]
    article = make.laid_out(*lines)
    spans = spans_of(article)
    one = make.quote(passage_of(article), data.draw(st.sampled_from(spans)))
    wide = with_context(one, article, spans, steps=steps)
    assert wide.start <= one.start < one.end <= wide.end
    assert {wide.start} <= {span.start for span in spans}
    assert {wide.end} <= {span.end for span in spans}
    assert with_context(wide, article, spans, steps=steps) == wide
    headings = [block for block in article.blocks if block.kind == "heading"]
    own = next(block for block in article.blocks if block.start <= one.start < block.end)
    assert not any(wide.start <= block.start < wide.end for block in headings if block != own)


# -- what is shown --


def chosen(question: str, *words: str, most: int = 3) -> list[str]:
    quotes = []
    for n, text in enumerate(words):
        start = MENU.text.index(text)
        quotes.append(make.quote(passage_of(MENU), (start, start + len(text)), 9 - n / 10))
    asked = analyse(question, "snowball")
    choice = choose(asked, Reading(tuple(quotes), (), 0.9), lambda _: MENU, lambda q: q, margin=1.0, most=most)
    assert len(choice.frame.moments) in {0, len(choice.quotes)}
    return [MENU.text[quote.start : quote.end] for quote in choice.quotes]


HEADER, SOUP, TROUT, STEW = (lines_of(MENU, n, n) for n in range(1, 5))


def test_a_row_is_quoted_behind_its_header_and_beside_no_other_row() -> None:
    assert chosen("What does the trout cost?", TROUT, SOUP, STEW) == [HEADER, TROUT]


def test_of_lines_with_a_name_and_a_value_one_is_quoted() -> None:
    hours = make.laid_out(("item", "Monday: closed"), ("item", "Tuesday: 10 to 18"), ("item", "The lift is slow."))
    places = (hours.text.index(block) for block in ("Tuesday", "Monday", "The lift"))
    quotes = [make.quote(passage_of(hours), (at, at + 12), 9 - n / 10) for n, at in enumerate(places)]
    asked = analyse("When is it open on Tuesday?", "snowball")
    made = choose(asked, Reading(tuple(quotes), (), 0.9), lambda _: hours, lambda q: q, margin=1.0, most=3)
    assert [hours.text[quote.start : quote.start + 6] for quote in made.quotes] == ["Tuesda", "The li"]


def test_a_list_of_rows_has_one_header() -> None:
    assert chosen("Which dishes are served on Monday?", SOUP, STEW) == [HEADER, SOUP, STEW]


@pytest.mark.parametrize(
    ("header", "row", "told"),
    [
        ("Dish | Price | Served on", "Bean stew | 6 euros | Monday", "Bean stew · Price: 6 euros · Served on: Monday"),
        ("Dish | Price | Note", "Bean stew | 6 euros | ", "Bean stew · Price: 6 euros"),
        (" | Price", "Bean stew | 6 euros", "Bean stew · Price: 6 euros"),
        ("Dish\tPrice", "Bean stew\t6 euros", "Bean stew · Price: 6 euros"),
        ("Dish | Price", "Bean stew | 6 euros | Monday", "Bean stew · 6 euros · Monday"),
        ("Dish", "Bean stew", "Bean stew"),
    ],
)
def test_a_row_is_told_by_its_columns(header: str, row: str, told: str) -> None:
    assert by_columns(header, row) == told


def test_what_belongs_together_is_said_together() -> None:
    header, row, other = (
        make.citation(text, marker=n, title="Menu") for n, text in enumerate((HEADER, TROUT, STEW), 1)
    )
    around = {2: Around(1, "trout by columns"), 3: Around(1, "stew by columns")}
    assert text_of(compose([header, row, other], around=around)) == (
        f"“Menu” (undated): “{HEADER}” [1]\n“{TROUT}” [2]\nRead by its columns: trout by columns\n"
        f"“{STEW}” [3]\nRead by its columns: stew by columns"
    )
    moments = Frame("timeline", moments=("May", "May", "June"))
    assert "\nMay, from “Menu” (undated): “" in text_of(compose([header, row, other], moments, around=around))
    cut = compose([row], language="es", around={2: Around(left_out=1)})
    assert cut[-1].text == "La lista sigue en el artículo, con 1 línea más."
    assert cut[-1].citations == (2,)


# -- the whole assistant --


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory, minilm: OnnxEmbedder) -> Callable[[str], Answer]:
    folder = tmp_path_factory.mktemp("structured")
    builder = Builder(folder, load_settings(data=folder), minilm)
    for article in ALL:
        builder.put(article)
    return open_assistant(folder, embedder=minilm).ask


ARTICLES = {
    "update.md": """# The clock server

To update the clock server, go through these steps:

1. Stop the service:

   ```
   clockctl halt
   ```

2. Copy the new files over the old ones.

   This takes a minute.

3. Start it again.

It then shows the right time.
""",
    "fleet.md": """# The fleet of Sund

The harbour of Sund lists its boats in January.

| Boat | Length | Captain |
|---|---|---|
| Mora | 8 metres | Ada Lund |
| Hugo | 14 metres | Ole Prat |
""",
    "talk.txt": """A talk with the keeper of the lighthouse

Reporter: How many steps lead to the lamp?

Ida Voss: Two hundred and twelve, and I count them every day.

Reporter: Who painted the tower?

Ida Voss: My brother did, in one summer.

Reporter: What do you eat up there?

Ida Voss: Bread and herring.
""",
    "changes.md": """# Changes

## 2.1.0

### Fixed

- To clean the hourglass of a tower clock is done with two brushes now, which was wrong.
- The gong is louder.
""",
    "hourglass.md": """# The hourglass

Clean the hourglass with one brush and warm water:

    hourglass --brush 1
""",
    "parking.md": """# Parking in Brin

## How much is an hour?

Three crowns.

## Where do I pay?

At the blue box. Coins only.

## See also

- [Parking fines of Brin](https://example.org/fines)
""",
}


@pytest.fixture(scope="module")
def ask_files(tmp_path_factory: pytest.TempPathFactory, minilm: OnnxEmbedder) -> Callable[[str], Answer]:
    return make.assistant(tmp_path_factory.mktemp("files"), ARTICLES, minilm).ask


@pytest.mark.parametrize(
    ("question", "quotes"),
    [
        ("How many steps lead to the lamp of the lighthouse?", ["Ida Voss: Two hundred and twelve"]),
        ("Who painted the tower?", ["Ida Voss: My brother did, in one summer."]),
        ("What does an hour of parking cost in Brin?", ["Three crowns."]),
        ("Where do I pay for parking in Brin?", ["At the blue box."]),
        ("Who is the captain of the Hugo?", ["Boat | Length | Captain", "Hugo | 14 metres | Ole Prat"]),
        ("How do I update the clock server?", ["To update the clock server, go through these steps:"]),
    ],
)
def test_articles_are_answered_by_what_their_lines_are(
    ask_files: Callable[[str], Answer], question: str, quotes: list[str]
) -> None:
    said = [citation.quote for citation in ask_files(question).citations]
    assert [text[: len(quote)] for text, quote in zip(said, quotes, strict=False)] == quotes
    assert not any(text.startswith(("Reporter:", "Mora |", "Parking fines")) for text in said)


def test_a_how_to_question_gets_every_step_and_its_code(ask_files: Callable[[str], Answer]) -> None:
    first = ask_files("How do I update the clock server?").citations[0].quote
    places = [first.index(part) for part in ("1. Stop", "clockctl halt", "2. Copy", "a minute", "3. Start it again.")]
    assert places == sorted(places)
    assert "right time" not in first


def test_a_command_of_the_question_s_words_is_no_echo_of_it(tmp_path: Path, minilm: OnnxEmbedder) -> None:
    told = "Write this into the table of the keeper:\n\nat: [dusk, fog]"
    page = "# Lamps\n\nThey burn oil.\n\n## The harbour\n\n" + told.replace("at:", "    at:")
    ask = make.assistant(tmp_path, {"lamps.md": page}, minilm).ask
    said = ask("How do I light the lamps of the harbour at dusk and fog?")
    assert [one.quote for one in said.citations] == [told]


PATTERNS = {
    "patterns.md": "# Pattern templates\n\nYou can control how new patterns are created by `new` with a file.",
    "loom.md": (
        "# Introduction\n\nA loom weaves.\n\n## New pattern\n\n"
        "Let's say you want to create a pattern named `waves`. You would run:\n\n    loom new waves\n"
    ),
}


def test_for_whoever_wants_to_do_it_headings_count_that_say_nothing_more(tmp_path: Path, minilm: OnnxEmbedder) -> None:
    index = make.assistant(tmp_path, PATTERNS, minilm).index
    how = {text: found.how for text, found in candidates(index, "How do I create a new pattern?").items()}
    named, bare = how["Let's say you want to create a pattern named waves."], how["A loom weaves."]
    assert named["headed"] > bare["headed"] == 0
    assert not any(found.how for found in candidates(index, "What does a new pattern look like?").values())


def test_how_something_is_done_is_told_by_no_changelog_where_a_manual_tells_it(
    ask_files: Callable[[str], Answer],
) -> None:
    by_manual = ask_files("How do I clean the hourglass?").citations
    assert {citation.document_id for citation in by_manual} == {"hourglass"}
    assert [citation.quote for citation in ask_files("What is louder?").citations] == ["2.1.0", "The gong is louder."]


@pytest.mark.parametrize(
    ("question", "quotes"),
    [
        ("How long may a bicycle be borrowed?", ["Nine days."]),
        ("What does the fried trout cost?", [HEADER, TROUT]),
        ("For how much would Mr Lund dig a new well?", [lines_of(MEETING, 1, 1)]),
        ("How do I seal the hull of a wooden boat?", [SEAL.text[SEAL.text.index("To seal") : SEAL.blocks[5].end]]),
        ("How do I empty the printer's queue?", [PRINTER.text[PRINTER.text.index("To empty") : PRINTER.blocks[2].end]]),
        ("Until when can one register for the spring tournament?", [lines_of(CLUB, 1, 1)]),
        ("How many members has the chess club?", ["It has ninety members."]),
    ],
    ids=["answer", "row", "turn", "steps", "code", "aside", "body"],
)
def test_the_first_words_quoted_are_those_that_were_asked_for(
    ask: Callable[[str], Answer], question: str, quotes: list[str]
) -> None:
    said = ask(question)
    texts = [citation.quote for citation in said.citations]
    found = texts[: len(quotes)]
    assert [text[-len(quote) :] for text, quote in zip(found, quotes, strict=True)] == quotes


def test_a_row_stands_readable_in_the_answer_and_no_other_row_does(ask: Callable[[str], Answer]) -> None:
    said = ask("What does the fried trout cost?")
    assert "Fried trout · Price: 11 euros · Served on: Friday" in said.text
    assert "soup" not in said.text
    notes = [segment for segment in said.segments if "·" in segment.text]
    assert [segment.citations for segment in notes] == [(1, 2)]


POLICY = """# Travel policy

## § 1 Scope

All employees.

## § 2 Approval

Every journey must be approved.

### Flights

Flights need the director as well.

## § 3 Meals

3.1 The allowance is 35 euros.

3.2 Alcohol is not paid.

## Chapter 12: The end

It ends.
"""
CHANGES = "# Changes\n\n## [3.1.4] - 2024-05-17\n\n- Fixed a crash.\n- Writes UTF-8.\n\n## v3.1.1\n\n- Is quiet.\n"


@pytest.mark.parametrize(
    ("source", "number", "said"),
    [
        (POLICY, "1", "§ 1 Scope\n\nAll employees."),
        (
            POLICY,
            "2",
            "§ 2 Approval\n\nEvery journey must be approved.\n\nFlights\n\nFlights need the director as well.",
        ),
        (POLICY, "3.2", "3.2 Alcohol is not paid."),
        (POLICY, "12", "Chapter 12: The end\n\nIt ends."),
        (CHANGES, "3.1.4", "[3.1.4] - 2024-05-17\n\nFixed a crash.\nWrites UTF-8."),
        (CHANGES, "3.1.1", "v3.1.1\n\nIs quiet."),
        (CHANGES, "3.1", ""),
        (POLICY, "4", ""),
    ],
)
def test_a_section_is_what_stands_below_the_heading_with_its_number(source: str, number: str, said: str) -> None:
    document = make.cleaned(source)
    found = section(document, number, MOST_CHARACTERS)
    assert (document.text[slice(*found)] if found else "") == said


def test_a_long_section_ends_with_a_whole_block() -> None:
    found = section(make.cleaned(POLICY), "2", 60)
    assert found and make.cleaned(POLICY).text[slice(*found)] == "§ 2 Approval\n\nEvery journey must be approved."


@pytest.mark.parametrize(
    ("question", "begins"),
    [
        ("What does § 2 say?", "§ 2 Approval"),
        ("what does section 3.2 say", "3.2 Alcohol"),
        ("When was 3.1.4 released?", "[3.1.4] - 2024-05-17"),
        ("What is new in version 3.1.1?", "v3.1.1"),
        ("Was steht in § 1?", "§ 1 Scope"),
        ("¿Qué dice el artículo 1 de la policy?", "§ 1 Scope"),
    ],
)
def test_a_section_that_is_asked_for_by_its_number_is_quoted(tmp_path: Path, question: str, begins: str) -> None:
    desk = make.assistant(tmp_path, {"policy.md": POLICY, "changes.md": CHANGES})
    assert desk.ask(question).citations[0].quote.startswith(begins)
    assert desk.ask(question.replace("2", "9").replace("1", "9").replace("3", "9")).status == "abstained"
