"""What became of a citation: unchanged is said of nothing else, moved finds the right repetition, a diff adds up."""

import hashlib
import unicodedata
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import BadInput, NotFound
from index.records import Document
from rag.receipts.alignment import similarity, word_diff
from rag.receipts.changes import MOST_CITATIONS, Change, change_fields, change_of, changes_of_answer
from rag.receipts.untrusted import MOST_QUOTE, StatedCitation
from tests import make

FIRST = "The ferry to Aldra leaves at nine in the evening."
SECOND = "Tickets are sold in the old customs house by the pier."
THIRD = "In winter the crossing takes six hours, and storms may close the port."
TEXT = f"{FIRST} {SECOND}\n\n{THIRD}"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def cite(text: str, quote: str, start: int | None = None) -> StatedCitation:
    at = text.index(quote) if start is None else start
    end = at + len(quote)
    return StatedCitation("ferry", digest(text), at, end, quote, text[max(0, at - 32) : at], text[end : end + 32])


def change(old: str, new: str | None, quote: str, start: int | None = None, *, kept: bool = True) -> Change:
    return change_of(cite(old, quote, start), None if new is None else make.document(new), old if kept else None)


@pytest.mark.parametrize("kept", [True, False])
def test_the_four_states_of_one_sentence(kept: bool) -> None:
    above, other = "A new line stands above. ", SECOND.replace("sold", "given out")
    assert change(TEXT, TEXT, SECOND, kept=kept) == Change("unchanged", 50, 104, SECOND)
    assert change(TEXT, TEXT.replace(THIRD, "Gone."), SECOND, kept=kept).state == "unchanged"
    assert change(TEXT, above + TEXT, SECOND, kept=kept) == Change("moved", 75, 129, SECOND)
    found = change(TEXT, above + TEXT.replace(SECOND, other), SECOND, kept=kept)
    assert (found.state, found.start, found.end, found.quote) == ("changed", 75, 75 + len(other), other)
    assert found.diff == (
        ("equal", "Tickets are "),
        ("delete", "sold"),
        ("insert", "given out"),
        ("equal", " in the old customs house by the pier."),
    )
    assert change(TEXT, TEXT.replace(SECOND, "Nobody knows why."), SECOND, kept=kept) == Change("gone")
    assert change(TEXT, None, SECOND, kept=kept) == Change("gone")


@pytest.mark.parametrize(
    ("old", "new", "quote", "now"),
    [
        ("It rose by 5 per cent", "It rose by 50 per cent", "It rose by 5", "It rose by 50"),
        ("It rose by 5 again", "It rose by 5.3 again", "It rose by 5", "It rose by 5.3"),
        (
            "Then lawful acts followed.",
            "Then unlawful acts followed.",
            "lawful acts followed.",
            "unlawful acts followed.",
        ),
        ("He came to the cafe", "He came to the cafe\u0301", "He came to the cafe", "He came to the cafe\u0301"),
        ("So he lied. Then", "So “he lied.” Then", "he lied.", "“he lied.”"),
    ],
)
def test_words_that_something_has_grown_on_to_are_changed(old: str, new: str, quote: str, now: str) -> None:
    found = change(old, new, quote)
    assert (found.state, found.quote) == ("changed", now)
    assert ("insert", now) != found.diff[0]


@pytest.mark.parametrize(
    "new",
    [
        SECOND.replace("old customs", "old  customs"),
        SECOND.replace("old customs", "old\u00a0customs"),
        SECOND.replace("old customs", "old\ncustoms"),
        SECOND.replace("o", "\uff4f"),
    ],
)
def test_other_blanks_and_other_forms_of_letters_are_changes(new: str) -> None:
    found = change(TEXT, TEXT.replace(SECOND, new), SECOND)
    assert (found.state, found.quote) == ("changed", new)


def test_composed_and_decomposed_letters_are_different_and_it_is_said_so() -> None:
    old = "Das Café öffnet früh am Morgen für alle Gäste der Stadt. Es gibt Kuchen."
    new = unicodedata.normalize("NFD", old)
    answer = {"citations": [as_sent(cite(old, old[:56]))]}
    (found,) = changes_of_answer(answer, Library({"ferry": new}))
    assert found.change is not None and found.change.state == "changed"
    assert found.reason.startswith("only the Unicode form was edited")


def test_of_several_repetitions_the_one_in_the_cited_surroundings_counts() -> None:
    lines = [f"Station {n} reports. No damage was found. Report {n} ends." for n in range(9)]
    old, quote = "\n".join(lines), "No damage was found."
    for n in range(9):
        at = old.index(lines[n]) + lines[n].index(quote)
        new = "\n".join(["Station 77 reports. No damage was found. Report 77 ends.", *lines])
        found = change(old, new, quote, at, kept=False)
        assert (found.state, found.start) == ("moved", at + len(new) - len(old))


def test_of_repetitions_in_equal_surroundings_the_nth_stays_the_nth_where_the_former_text_is_known() -> None:
    row = "No damage was found in any of the houses of the street.\n"
    old = row * 20
    for n in (0, 7, 19):
        found = change(old, f"A word before.\n{old}", row.strip(), n * len(row))
        assert (found.state, found.start) == ("moved", n * len(row) + 15)


def test_where_the_cited_sentence_was_edited_a_repetition_elsewhere_does_not_hide_it() -> None:
    old = f"{TEXT} Once more: {SECOND} That is all."
    edited = old.replace(SECOND, SECOND.replace("sold", "given away"), 1)
    assert change(old, edited, SECOND).quote == SECOND.replace("sold", "given away")
    assert change(old, edited, SECOND, kept=False).state == "changed"


def test_a_paragraph_that_moves_takes_its_sentences_along() -> None:
    new = f"{THIRD}\n\n{FIRST} {SECOND}"
    for sentence in (FIRST, SECOND, THIRD):
        found = change(TEXT, new, sentence)
        assert (found.state, found.start) == ("moved", new.index(sentence))


def test_a_lone_accent_grows_on_to_the_blank_that_it_sits_on() -> None:
    assert change("\u0301", " \u0301", "\u0301").quote == " \u0301"
    assert change("a\u200d", "a\u200d b", "a\u200d").quote == "a\u200d "


texts = st.text("ab c.\n5\u0301é中", max_size=80)


@settings(max_examples=200, deadline=None)
@given(texts, texts, st.data())
def test_unchanged_and_moved_are_said_only_of_the_very_words(old: str, new: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, max(0, len(old) - 1)))
    quote = old[start : data.draw(st.integers(start, len(old)))]
    if not quote.strip():
        return
    for kept in (True, False):
        found = change(old, new, quote, start, kept=kept)
        assert change(old, old, quote, start, kept=kept) == Change("unchanged", start, start + len(quote), quote)
        if found.state == "gone":
            assert found == Change("gone")
            continue
        assert found.start is not None and new[found.start : found.end] == found.quote
        assert (found.state == "unchanged") <= (found.start == start and found.quote == quote)
        assert (found.state == "moved") <= (found.start != start and found.quote == quote)
        assert (found.state == "changed") == bool(found.diff) == (found.quote != quote)


@given(texts, texts)
def test_a_diff_gives_back_both_texts(old: str, new: str) -> None:
    parts = word_diff(old, new)
    assert "".join(text for op, text in parts if op != "insert") == old
    assert "".join(text for op, text in parts if op != "delete") == new
    assert 0 <= similarity(old, new) <= 1
    assert similarity(old, old) == 1


def test_signs_of_scripts_without_spaces_are_compared_one_by_one() -> None:
    old = "今天天气很好。我们去公园散步。然后我们回家吃饭和睡觉。"
    new = "前言。" + old.replace("回家", "去饭店")
    found = change(old, new, "然后我们回家吃饭和睡觉。")
    assert (found.state, found.quote) == ("changed", "然后我们去饭店吃饭和睡觉。")
    assert found.diff[0] == ("equal", "然后我们")


@pytest.mark.parametrize("edit", ["typo", "deleted", "moved"])
def test_a_megabyte_takes_less_than_half_a_second(edit: str) -> None:
    sentences = [f"Ship {n} left harbour {n * 7 % 1013} with {n * 31 % 977} crates of tea. " for n in range(20_000)]
    old = "".join(sentences)
    quote = sentences[15_000].strip()
    edits = {
        "typo": old.replace(quote, quote.replace("harbour", "harbor")),
        "deleted": old.replace(quote, ""),
        "moved": f"Above. {old}",
    }
    cited, new = cite(old, quote), make.document(edits[edit])
    assert len(old) > 1_000_000
    begin = process_time()
    change_of(cited, new, old)
    assert process_time() - begin < 0.5


# --- whole answers ---


class Library:
    """Present texts, and former ones by their hash."""

    def __init__(self, present: dict[str, str], former: tuple[str, ...] = ()) -> None:
        self.present = present
        self.former = {digest(text): text.encode() for text in (*former, *present.values())}

    def document(self, document_id: str) -> Document:
        if document_id not in self.present:
            raise NotFound(document_id)
        return make.document(self.present[document_id], document_id)

    def revision(self, document_id: str, sha256: str) -> bytes | None:
        return self.former.get(sha256)


def as_sent(cited: StatedCitation, **other: Any) -> dict[str, Any]:
    receipt = {"sha256": cited.sha256, "prefix": cited.prefix, "suffix": cited.suffix}
    place = {"document_id": cited.document_id, "start": cited.start, "end": cited.end, "quote": cited.quote}
    return {"marker": 1, **place, "receipt": receipt, **other}


def states(answer: dict[str, Any], library: Library) -> list[str]:
    return [change_fields(found)["state"] for found in changes_of_answer(answer, library)]


def test_citations_are_judged_one_by_one_in_their_order() -> None:
    new = TEXT.replace(SECOND, SECOND.replace(" old ", " new "))
    third = as_sent(cite(TEXT, THIRD), marker=3)
    answer = {"citations": [third, as_sent(cite(TEXT, SECOND), marker=2), as_sent(cite(TEXT, FIRST), document_id="x")]}
    found = [change_fields(one) for one in changes_of_answer(answer, Library({"ferry": new}, (TEXT,)))]
    assert [(one["marker"], one["state"]) for one in found] == [(3, "unchanged"), (2, "changed"), (1, "gone")]
    assert [one["sha256"] for one in found] == [digest(new), digest(new), None]
    assert found[1]["diff"][1:3] == [{"op": "delete", "text": "old"}, {"op": "insert", "text": "new"}]
    assert found[2]["reason"].startswith("no article of this id is in the index")


def test_an_abstained_answer_has_nothing_to_judge() -> None:
    assert changes_of_answer({"citations": [], "status": "abstained"}, Library({})) == []


def test_a_quote_that_its_own_revision_does_not_hold_is_unusable() -> None:
    forged = as_sent(cite(TEXT, SECOND), quote=SECOND.replace("sold", "lost"))
    for library in (Library({"ferry": TEXT}), Library({"ferry": "Other."}, (TEXT,))):
        (found,) = changes_of_answer({"citations": [forged]}, library)
        assert found.change is None
        assert found.reason.startswith("the quote does not stand at start:end of the revision")


def test_an_unknown_revision_and_a_citation_without_receipt_are_judged_by_the_words_and_it_is_said() -> None:
    unknown = as_sent(cite(TEXT, SECOND))
    bare = {key: value for key, value in unknown.items() if key != "receipt"}
    for sent in (unknown, bare, bare | {"receipt": None}):
        (found,) = changes_of_answer({"citations": [sent]}, Library({"ferry": f"New. {TEXT}"}))
        assert found.change is not None and found.change.state == "moved"
        assert "only words told" in found.reason


BROKEN: list[Any] = [
    *(None, 7, "text", [], {}, {"marker": 1}),
    *({"quote": ""}, {"quote": " " * 54}, {"quote": 5}, {"quote": "\ud800" * 54}, {"quote": "x" * (MOST_QUOTE + 1)}),
    *({"start": -1, "end": 53}, {"start": "50"}, {"start": True}, {"start": 50.0}, {"end": 105}, {"end": None}),
    *({"document_id": ""}, {"document_id": 3}, {"document_id": "\udfff"}, {"document_id": "x" * 5000}),
    *({"receipt": 3}, {"receipt": []}, {"receipt": {"sha256": "xyz"}}, {"receipt": {"sha256": 5}}),
    *({"receipt": {"sha256": "A" * 64}}, {"receipt": {"prefix": 3}}, {"receipt": {"suffix": "x" * 900}}),
    {"start": 10**400, "end": 10**400 + 1},
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: str(broken)[:40])
def test_a_broken_citation_gets_a_reason_and_spoils_no_other(broken: Any) -> None:
    sound = as_sent(cite(TEXT, SECOND))
    sent = {**sound, **broken} if isinstance(broken, dict) and broken and broken != {"marker": 1} else broken
    first, second = changes_of_answer({"citations": [sent, sound]}, Library({"ferry": TEXT}))
    assert first.change is None and len(first.reason) < 300 and first.reason
    assert change_fields(first)["state"] == "unusable"
    assert second.change is not None and second.change.state == "unchanged"


def test_offsets_far_outside_are_no_error() -> None:
    far = as_sent(cite(TEXT, SECOND), start=10**30, end=10**30 + len(SECOND))
    assert states({"citations": [far]}, Library({"ferry": "Other words."})) == ["gone"]
    assert states({"citations": [far]}, Library({"ferry": f"Now {TEXT}"})) == ["moved"]


@pytest.mark.parametrize(
    "answer", [{}, {"citations": None}, {"citations": {}}, {"citations": [{}] * (MOST_CITATIONS + 1)}]
)
def test_an_answer_without_a_list_of_citations_or_with_too_many_is_refused(answer: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="citations"):
        changes_of_answer(answer, Library({}))
