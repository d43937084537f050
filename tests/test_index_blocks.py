"""Articles of every shape: what is parsed as what, what introduces it, and that no word of any of them is lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.cleaning.clean import Cleaned, clean
from index.cleaning.front import author_of
from index.embedding.embedder import HashEmbedder
from index.records import Span, to_clean, to_source
from index.text.split import SplitRule, split
from tests import make
from tests.test_index_clean import PROSE, check_blocks, check_map, check_round_trips, check_words

RULE = SplitRule(passage_tokens=160, max_tokens=256, overlap_sentences=1)
Told = list[tuple[str, str, str]]


def told(source: str) -> Told:
    """Kind, text and lead of each block."""
    cleaned = clean(source)
    check_map(cleaned, source)
    check_words(cleaned, source)
    check_blocks(cleaned)
    return [(b.kind, cleaned.text[b.start : b.end], cleaned.text[slice(*b.lead)]) for b in cleaned.blocks]


def of_kind(source: str, *kinds: str) -> list[str]:
    return [text for kind, text, _ in told(source) if kind in kinds]


# -- headings and titles --


@pytest.mark.parametrize(
    "source",
    [
        "# Refund policy\n\nRefunds take 14 days.\n",
        "Refund policy\nRefunds take 14 days.\n",
        "Refund policy\n\nRefunds take 14 days.\n",
        "Refund policy\n=============\n\nRefunds take 14 days.\n",
        "**Refund policy**\n\nRefunds take 14 days.\n",
        "## Refund policy ##\n\nRefunds take 14 days.\n",
        "> # Refund policy\n\nRefunds take **14** days.\n",
    ],
)
def test_the_first_heading_or_short_line_is_the_title(source: str) -> None:
    assert clean(source).title == "Refund policy"
    assert told(source) == [("heading", "Refund policy", ""), ("text", "Refunds take 14 days.", "")]


def test_a_file_of_one_short_line_is_text() -> None:
    assert told("The key hangs under the second step") == [("text", "The key hangs under the second step", "")]


def test_the_last_of_several_short_lines_is_no_heading() -> None:
    card = told(f"Plum cake\nServes 4\nOven 200 C\nBake 35 minutes\n\n{PROSE}")
    assert [text for kind, text, _ in card if kind == "heading"] == ["Plum cake"]
    assert clean("## 1.6.0 ## {: #v1.6 }\n\nFixed it.").title == "1.6.0"


@pytest.mark.parametrize("line", ["Opening hours: 7 am to 9 pm", "Ticket: 4.50 euros", "Contact: Hanna Vogt"])
def test_a_line_with_a_label_is_no_heading(line: str) -> None:
    assert ("text", line, "") in told(f"# Swimming pool\n\n{line}\n\n{PROSE}")
    assert ("text", line, "") in told(f"Swimming pool\n\n{PROSE}\n\n{line}\n\n{PROSE}")


# -- lists, tables, code --

STEPS = ["Switch on the hazard lights.", "Loosen the five nuts.", "Lift the van."]


@pytest.mark.parametrize("sign", ["- {}", "* {}", "{n}. {}", "{n}) {}", "• {}", "  - {}", "- [ ] {}"])
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
@pytest.mark.parametrize("title", ["# Changing the tyre", "Changing the tyre"])
def test_items_lead_back_to_the_line_that_introduces_them(sign: str, gap: str, title: str) -> None:
    items = gap.join(sign.format(step, n=n) for n, step in enumerate(STEPS, start=1))
    found = told(f"{title}\n\nTo change the tyre, do the following:\n\n{items}\n\n{PROSE}\n")
    if "[" in sign and not title.startswith("#"):
        return  # no sign of Markdown
    numbers = [f"{n}{sign[3]} " if sign.startswith("{n}") else "" for n in (1, 2, 3)]
    assert found[2:5] == [
        ("item", number + step, "To change the tyre, do the following:")
        for number, step in zip(numbers, STEPS, strict=True)
    ]
    assert found[5] == ("text", PROSE, "")


def test_items_of_several_lines_are_one_and_nested_ones_lead_to_theirs() -> None:
    source = "Bring:\n\n- a coat that is\n  warm and dry\n  - of wool, if\n    you have one\n- a hat\n"
    for form in (source, f"# What to bring\n\n{source}"):
        assert [found for found in told(form) if found[0] == "item"] == [
            ("item", "a coat that is warm and dry", "Bring:"),
            ("item", "of wool, if you have one", "a coat that is warm and dry"),
            ("item", "a hat", "Bring:"),
        ]


def test_a_list_right_below_a_heading_leads_to_it() -> None:
    assert told("# Plum cake\n\n- 500 g flour\n") == [
        ("heading", "Plum cake", ""),
        ("item", "500 g flour", "Plum cake"),
    ]


@pytest.mark.parametrize("outer", ["|", ""])
def test_rows_lead_to_their_header_and_separators_are_no_text(outer: str) -> None:
    rows = ["Boat | Price per hour | Seats", "Canoe | 9 euros | 2", "Electric boat | **25** euros | 6"]
    lines = [f"{outer} {row} {outer}".strip() for row in rows]
    source = "\n".join(["The boats:", "", lines[0], f"{outer}---|---:|:---:{outer}", *lines[1:], "", PROSE])
    header = rows[0]
    assert told(source) == [
        ("text", "The boats:", ""),
        ("header", header, "The boats:"),
        ("row", "Canoe | 9 euros | 2", header),
        ("row", "Electric boat | 25 euros | 6", header),
        ("text", PROSE, ""),
    ]


@pytest.mark.parametrize("block", ["```sh\n{}\n```", "~~~\n{}\n~~~", "    {}"])
def test_code_is_kept_as_it_is_and_leads_to_what_introduces_it(block: str) -> None:
    source = f"# Cache\n\nTo clear the cache, run:\n\n{block.format('rm -r  *.o <!-- no --> __pycache__')}\n\n{PROSE}"
    assert told(source)[1:3] == [
        ("text", "To clear the cache, run:", ""),
        ("code", "rm -r  *.o <!-- no --> __pycache__", "To clear the cache, run:"),
    ]


# -- lines that read as one --

WRAPPED = "The command below will clear the cache for the\nwhole site, and it takes some minutes. Nobody\nmay stop it."


@pytest.mark.parametrize("form", ["{}", "# Cache\n\n{}", "> {}", "Dear all\n\n{}\n\nAnn"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_hard_wrapped_lines_are_one_block(form: str, end: str) -> None:
    inside = WRAPPED.replace("\n", "\n> ") if form.startswith(">") else WRAPPED
    assert WRAPPED.replace("\n", " ") in of_kind(form.format(inside).replace("\n", end), "text")


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ("a blinded evalu-\nation of the images", "a blinded evaluation of the images"),
        ("a well-\nknown painter", "a well-known painter"),
        ("the Anglo-\nSaxon kings", "the Anglo-Saxon kings"),
        ("from 2019-\n2020 on", "from 2019-2020 on"),
        ("the mother-\ntongue of a mother-tongue speaker", "the mother-tongue of a mother-tongue speaker"),
        ("an evalu\u00ad\nation of it", "an evaluation of it"),
    ],
)
def test_words_cut_at_a_line_end_are_joined(lines: str, text: str) -> None:
    source = f"The report of the county holds {lines} that was made there last year."
    assert of_kind(source, "text") == [f"The report of the county holds {text} that was made there last year."]


# -- questions, interviews, transcripts --


@pytest.mark.parametrize(
    ("asks", "answers"),
    [("Q: {}", "A: {}"), ("Question: {}", "Answer: {}"), ("**Q: {}**", "A: {}"), ("**{}**", "{}"), ("{}", "{}")],
)
@pytest.mark.parametrize("gap", ["\n\n", "\n"])
def test_answers_lead_to_their_question(asks: str, answers: str, gap: str) -> None:
    pairs = {"How many ships dock in a year?": "Around 430.", "Who designed the pier?": "A small office from Ghent."}
    if asks == answers and gap == "\n":
        return  # nothing but the end of a question tells it from a paragraph
    source = "\n\n".join(asks.format(ask) + gap + answers.format(answer) for ask, answer in pairs.items())
    shown = {asks.replace("**", "").format(ask): answers.format(answer) for ask, answer in pairs.items()}
    assert told(source) == [
        found for ask, answer in shown.items() for found in (("question", ask, ""), ("text", answer, ask))
    ]


def test_an_item_may_hold_a_question_with_a_label_and_its_answer() -> None:
    found = told("# Barn\n\n- **Q: Where do I park?** A: Behind it.\n- **Q: What is due?** A: 50 crowns.\n")
    assert [text for kind, text, _ in found if kind == "question"] == ["Q: Where do I park?", "Q: What is due?"]
    assert ("item", "A: 50 crowns.", "Q: What is due?") in found


@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_what_a_colon_begins_defines_or_answers_the_line_above(gap: str) -> None:
    found = told(
        f"# Laundry\n\nHow do I pay?{gap}: With the blue card.\n\n`--dry`{gap}:   Without\n    heat.\n\n{PROSE}"
    )
    assert ("item", "With the blue card.", "How do I pay?") in found
    assert ("item", "Without heat.", "--dry") in found


def test_a_heading_may_be_the_question() -> None:
    assert told("# Library\n\n## How many books may I borrow?\n\nTwelve.\n\n## And films?\n\nTwo.\n")[2:] == [
        ("text", "Twelve.", "How many books may I borrow?"),
        ("heading", "And films?", "Library"),
        ("text", "Two.", "And films?"),
    ]


@pytest.mark.parametrize("form", ["[00:01:10] {}: {}", "{} [01:10]: {}", "{}: {}", "**{}:** {}", "[01:10] {}: {}"])
@pytest.mark.parametrize("names", [("Mr Boyle", "Ms Cho"), ("MR BOYLE", "MS CHO"), ("Chair (Ms Adler)", "Boyle")])
def test_a_turn_leads_to_its_speaker(form: str, names: tuple[str, str]) -> None:
    said = ["I will repair the roof for 48,000 euros.", "That is too much. My firm can do it for less.", "No."]
    turns = [form.format(names[n % 2], text) for n, text in enumerate(said)]
    heads = [form.replace("**", "").split(": {")[0].format(names[n % 2]) for n in range(3)]
    assert told("\n\n".join(["Town council", *turns]))[1:] == [
        ("turn", turn.replace("**", ""), head) for turn, head in zip(turns, heads, strict=True)
    ]


# -- furniture, links, hidden text --


@pytest.mark.parametrize(
    "line",
    [
        "Sign up for the beginners' course at the boathouse before 3 May.",
        "Sign up for the course before 3 May",
        "Subscribe to the club letter by writing to Hanna Vogt.",
        "Become a member by paying 20 euros at the desk.",
        "Photo: The harbour of Brin on the first Monday in May, seen from the pier.",
        "Read more books, the mayor of Brin told the school.",
    ],
)
def test_what_says_something_particular_is_no_furniture(line: str) -> None:
    assert ("text", line, "") in told(f"# Rowing club\n\n{PROSE}\n\n{line}\n\n{PROSE}")


def test_links_are_told_from_text() -> None:
    source = f"# Pier\n\n{PROSE}\n\nSee also: [Ships](a.md)\n\n## Related links\n\n- [Boats](b.md)\n- Oars, by Ann\n"
    assert of_kind(source, "links") == ["See also: Ships", "Boats", "Oars, by Ann"]
    assert of_kind(f"{PROSE} See [the ships](a.md).", "links") == []


@pytest.mark.parametrize(
    "hidden",
    [
        "<!-- the director earns 90,000 -->",
        "<!--\nthe director\n\nearns 90,000\n-->",
        "%%the director earns 90,000%%",
        "{/* the director earns\n\n90,000 */}",
        '<p style="display:none">the director <p>earns</p> 90,000</p>',
        "<script>the director earns 90,000</script>",
        "<span hidden>the director earns 90,000</span>",
    ],
)
def test_hidden_text_goes_and_is_counted(hidden: str) -> None:
    cleaned = clean(f"# Museum\n\n{PROSE}\n\n{hidden}\n\n{PROSE}")
    assert "90,000" not in cleaned.text
    assert cleaned.hidden == len("".join(hidden.split()))
    assert clean(PROSE).hidden == 0


@pytest.mark.parametrize("shown", ["`<!-- x -->`", "<!-- never closed", "100 %% of it", "a < b", "f() {/* x */}"])
def test_what_is_code_or_never_closed_is_not_hidden(shown: str) -> None:
    assert shown.strip("`") in clean(f"# Museum\n\nIt says {shown} there.").text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            "heated to ==240 degrees== by [[Baker Anna]] and [[Flour|the miller]]. ^heat-1",
            "heated to 240 degrees by Baker Anna and the miller.",
        ),
        ("rests ~~ten~~ twelve hours at `4 °C` in winter.[^1]", "rests ten twelve hours at 4 °C in winter."),
        ("see [the page][ref] or [ref].\n\n[ref]: https://example.org", "see the page or ref."),
        ("cells[i][j] and notes[6][7] stay", "cells[i][j] and notes[6][7] stay"),
        ("x<sup>2</sup> <b>bold</b> of <name>", "x2 bold of <name>"),
        ("a ![gear](g.png) icon", "a gear icon"),
        ("a :octicons-gear-16:{ .lg .middle } [page](x){: target=_blank } of {a: b}", "a page of {a: b}"),
        ("Primes near 2**61 - 2 and 2**61 - 1 are given.", "Primes near 2**61 - 2 and 2**61 - 1 are given."),
        (r"It sent {\"city\": \"Osk\"} as text.", 'It sent {"city": "Osk"} as text.'),
    ],
)
def test_signs_go_and_their_text_stays(source: str, text: str) -> None:
    assert f"It is {text}" in clean(f"**The oven** is hot.\n\nIt is {source}").text


# -- passages --


def passages_of(source: str, rule: SplitRule = RULE) -> list[tuple[str, str]]:
    cleaned = clean(source)
    document = make.document(cleaned.text, title=cleaned.title, blocks=cleaned.blocks)
    return [(p.context, p.text) for p in split(document, rule, HashEmbedder().count_tokens)]


def test_a_list_is_not_parted_from_its_lead_in_where_both_fit() -> None:
    source = (
        f"# Tyre\n\n{PROSE}\n\nDo the following:\n\n1. Switch on the lights.\n2. Loosen the nuts.\n3. Lift the van.\n"
    )
    assert [text.count("\n") for _, text in passages_of(source, SplitRule(24, 64, 0))] == [0, 4]


def test_a_part_without_its_lead_is_searched_with_it() -> None:
    rows = "\n".join(f"| Boat number {n} | {n} euros an hour |" for n in range(20))
    found = passages_of(f"# Hire\n\n| Boat | Price per hour |\n|---|---|\n{rows}\n", SplitRule(24, 64, 0))
    assert [context for context, _ in found[:2]] == ["Hire", "Hire · Boat | Price per hour"]
    assert all("Price per hour" in context + text for context, text in found)


def test_furniture_and_links_stand_in_passages_of_their_own() -> None:
    source = f"# Pier\n\n{PROSE}\n\nShare this article\n\n{PROSE}\n\n[Ships](a.md)\n"
    assert [text for _, text in passages_of(source)] == [PROSE, "Share this article", PROSE, "Ships"]


# -- generated articles of every shape --

WORD = st.sampled_from(
    "the council met on Monday 552 U.S. café 東京 budget, snake_case 3.5 (tea) Dr. [[Ann]] a_b".split()
)
SPOKEN = st.lists(WORD, min_size=1, max_size=12).map(" ".join)
MARKED = st.builds(
    lambda text, sign: sign.format(text),
    SPOKEN,
    st.sampled_from(["{}", "{}.", "**{}**", "*{}*.", "=={}==", "~~{}~~ x", "`{}`", "[{}](u)", "{}.[^1]", "{} ^id"]),
)
SENTENCE = st.one_of(MARKED, st.just(PROSE))
WIDE = st.lists(SENTENCE, min_size=1, max_size=4).map(" ".join)


def several(line: st.SearchStrategy[str], between: str = "\n") -> st.SearchStrategy[str]:
    return st.lists(line, min_size=1, max_size=4).map(between.join)


SHAPES = st.one_of(
    WIDE,
    WIDE.map(lambda text: "\n".join(text[n : n + 60] for n in range(0, len(text), 60)) if " " in text else text),
    st.builds("{} {}".format, st.sampled_from(["#", "##", "######"]), SPOKEN),
    SPOKEN.map(lambda text: f"{text}\n====="),
    several(st.builds("{} {}".format, st.sampled_from(["-", "*", "1.", "2)", "•", "  -", "- [x]"]), SENTENCE)),
    several(SENTENCE.map("> {}".format)),
    st.tuples(SPOKEN, SPOKEN, SPOKEN).map(lambda cells: "| {} | {} |\n|---|:-:|\n| {} | 4 |".format(*cells)),
    several(
        st.builds("{}: {}".format, st.sampled_from(["Q", "A", "Ms Cho", "MR BOYLE", "[00:12] Ann"]), SENTENCE), "\n\n"
    ),
    SPOKEN.map("```py\n  {}\n```".format),
    SPOKEN.map("    {}".format),
    SPOKEN.map("<!-- {} -->".format),
    SPOKEN.map("[^1]: {}".format),
    SPOKEN.map("> [!note] {}".format),
    st.sampled_from(
        ["---", "Share this article", "Photo: Reuters", "By Ann Lee", "3 May 2024", "<div>", "Page 3 of 9", "[r]: u"]
    ),
)
ARTICLES = st.lists(st.tuples(SHAPES, st.sampled_from(["\n", "\n\n", "\r\n\r\n", "\n\f"])), max_size=9).map(
    lambda found: "".join(shape + end for shape, end in found)
)


@settings(max_examples=150, deadline=None)
@given(ARTICLES)
def test_no_word_of_an_article_of_any_shape_is_lost(source: str) -> None:
    cleaned: Cleaned = clean(source)
    check_map(cleaned, source)
    check_words(cleaned, source)
    check_blocks(cleaned)
    document = make.document(cleaned.text, source=source, runs=cleaned.runs, blocks=cleaned.blocks)
    check_round_trips(document)
    for block in cleaned.blocks:
        span = Span(block.start, block.end)
        assert to_clean(document, to_source(document, span)) == span


@pytest.mark.parametrize(
    "source", ["**one**\n\n\xa0\ntwo\n", "**one**\n\n> \u2003\n> two\n", "**one**\n\n- \xa0\n  two\n"]
)
def test_a_line_of_blanks_that_are_none_to_markdown_costs_no_word(source: str) -> None:
    assert [text for _, text, _ in told(source)] == ["one", "two"]


def test_the_lines_of_a_subtitle_are_one_sentence_and_its_number_and_time_stand_aside() -> None:
    shows = "{}\n00:00:0{},000 --> 00:00:0{},500\n{}\n\n"
    source = shows.format(1, 1, 4, "The ferry leaves\nat nine.") + shows.format(2, 5, 9, "It costs\n4 euros.")
    assert of_kind(source, "text") == ["The ferry leaves at nine.", "It costs 4 euros."]
    assert of_kind(source, "aside")[0] == "1"
    assert clean(source).title == ""


CONTAINERS = """# Setup

!!! warning "Mind the gap"
    Switch it off first.

    Then wait a minute:

    1. Open the box.

        !!! note
            It is heavy.

    2. Press start.

=== "Linux"

    ```sh
    !!! apt install boat
    ```

Done.
"""


def test_notes_and_tabs_of_mkdocs_are_text_and_lists_and_not_code() -> None:
    document = make.cleaned(CONTAINERS)
    found = [(block.kind, document.text[block.start : block.end]) for block in document.blocks]
    assert found == [
        ("heading", "Setup"),
        ("text", "Mind the gap"),
        ("text", "Switch it off first."),
        ("text", "Then wait a minute:"),
        ("item", "1. Open the box."),
        ("text", "note"),
        ("item", "It is heavy."),
        ("item", "2. Press start."),
        ("text", "Linux"),
        ("code", "!!! apt install boat"),
        ("text", "Done."),
    ]
    for block in document.blocks:
        span = to_source(document, Span(block.start, block.end))
        assert document.source[slice(*span)] == document.text[block.start : block.end]


DIRECTIVES = """(pump)=
# Pumps

```{note}
Never run it *dry*. See {doc}`the list <./list>` and :ref:`valves`.
```

:::{warning} Hot surface
:class: big

The head reaches 90 degrees.

````{tip}
```{code-block} sh
:linenos:
pump --cool
```
````
:::

::: tip Good to know
Keep the lid.
:::

```{toctree}
:hidden:
valves
```

{% tab title="Windows" %}

Use the batch file, not `{% if %}`.

</Tab>

Done, at a ratio of 1:::2.
"""


def test_notes_of_other_generators_are_text_and_how_they_look_is_not_shown() -> None:
    document = make.cleaned(DIRECTIVES)
    found = [(block.kind, document.text[block.start : block.end]) for block in document.blocks]
    assert found == [
        ("heading", "Pumps"),
        ("text", "note"),
        ("text", "Never run it dry. See the list and valves."),
        ("text", "Hot surface"),
        ("text", "The head reaches 90 degrees."),
        ("text", "tip"),
        ("code", "pump --cool"),
        ("text", "Good to know"),
        ("text", "Keep the lid."),
        ("links", "valves"),
        ("text", "Windows"),
        ("text", "Use the batch file, not {% if %}."),
        ("text", "Done, at a ratio of 1:::2."),
    ]


CONTENTS = """# Questions

See [the list] and [the plan][p].

```{contents}
:local:
:backlinks: none
```

## Why spaces?

Because tabs differ.

[the list]:
  https://example.org/list
  "All of it"
> [p]:
> https://example.org/plan
"""


def test_options_of_a_directive_do_not_open_it_without_end_and_addresses_of_links_are_not_shown() -> None:
    document = make.cleaned(CONTENTS)
    assert [(block.kind, document.text[block.start : block.end]) for block in document.blocks] == [
        ("heading", "Questions"),
        ("text", "See the list and the plan."),
        ("heading", "Why spaces?"),
        ("text", "Because tabs differ."),
    ]
    assert ("text", "Note: this stays.", "") in told("# Notes\n\n[Note]: this stays.\n")


@pytest.mark.parametrize("opening", ["```{.asciidoc}", "``` asciidoc {linenos=true}", "```{eval-rst}"])
def test_code_that_begins_with_a_field_keeps_it(opening: str) -> None:
    assert of_kind(f"# Manual\n\n{opening}\n:toc: left\nRead it.\n```\n", "code") == [":toc: left", "Read it."]


def test_what_shows_of_the_options_of_a_directive_stays() -> None:
    source = "# Manual\n\n```{code-block} python\n:linenos:\n:caption: How to begin\nbegin()\n```\n"
    assert make.cleaned(source).text == "Manual\n\n:caption: How to begin\nbegin()"


def test_lines_without_signs_are_a_list_where_something_introduces_them() -> None:
    flour, salt = ("item", "450 g flour", "Ingredients"), ("item", "1 tsp salt, ground", "Ingredients")
    butter = ("item", "Butter for the tin", "Ingredients")
    below = told("# Bread\n\n## Ingredients\n\n450 g flour\n1 tsp salt, ground\nButter for the tin\n")
    assert below[2:] == [flour, salt, butter]
    behind = told("# Bread\n\nIngredients:\n450 g flour\n1 tsp salt, ground\nButter for the tin\n")
    assert [text for kind, text, lead in behind if kind == "item" and lead == "Ingredients:"] == [
        text for _, text, _ in (flour, salt, butter)
    ]
    wrapped = "It was built by Ada\nLovelace of London and\nCharles Babbage of the\nRoyal Society"
    assert of_kind(f"# Engines\n\n## Of whom\n\n{wrapped}\n", "text") == [wrapped.replace("\n", " ")]


def test_short_lines_with_a_name_and_a_value_are_a_list() -> None:
    hours = "Monday: closed\nTuesday: 10:00 to 18:00\nSaturday: until noon\n"
    for source in (f"# Library\n\nOpening hours\n\n{hours}", f"Library\n\nOpening hours\n\n{hours}\n{PROSE}\n"):
        assert of_kind(source, "item") == hours.splitlines()
    assert of_kind("# Library\n\nOpen: daily\nRun by: the village\n\nIt lends books.\n", "item") == []


def test_who_wrote_it_stands_aside_behind_the_first_sentence_too_and_ways_of_travelling_do_not() -> None:
    first = "The oldest bridge of the county is to be repaired, after ten years of quarrels."
    bridge = clean(f"# The bridge\n\n{first}\n\nBy Edda Falk, Corran\n\nIt was cast in 1824.\n")
    assert [block.kind for block in bridge.blocks] == ["heading", "text", "aside", "text"]
    assert author_of(bridge.front[-1]) == "Edda Falk"
    ways = clean(f"# The bridge\n\n{first}\n\nBy Public Bus\n\nTake line 4.\n\nBy Car\n\nTurn left.\n")
    assert {block.kind for block in ways.blocks[1:]} == {"text"}
    signed = clean("= The bridge\nEdda Falk <edda@falk.example>\n\nIt was cast in 1824.\n", markup="asciidoc")
    assert [block.kind for block in signed.blocks] == ["heading", "aside", "text"]
