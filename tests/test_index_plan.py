"""Which document a file is: none takes another's place, nothing elsewhere is pruned, equal files are one document."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.build import Builder
from index.cleaning.clean import clean
from index.embedding.embedder import HashEmbedder
from index.errors import BadInput
from index.formats.document import make_document
from index.formats.metadata import Facts
from index.ranking.filters import EVERYTHING, Filters
from index.search import Index, open_index
from index.settings import Settings
from index.storage.store import Store
from index.text.twins import ALIKE, held_by, resemblance, sketch
from tests import make

FERRY = "The ferry to Lunna leaves at nine and costs four euros."
BUS = "The bus to Lunna leaves at ten and costs three euros."
TRAM = "The tram to Lunna leaves at noon and costs two euros."


@pytest.fixture
def builder(hash_settings: Settings) -> Builder:
    return Builder(hash_settings.data, hash_settings, HashEmbedder())


@pytest.fixture
def stored(hash_settings: Settings) -> Callable[[], dict[str, str]]:
    """Id → text."""

    def texts() -> dict[str, str]:
        with Store.open(hash_settings.data, readonly=True) as store:
            assert store.verify() == []
            return {document.id: document.text for document in store.documents()}

    return texts


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


Texts = Callable[[], dict[str, str]]


# -- ids --


@pytest.mark.parametrize("together", [False, True])
def test_files_of_one_name_in_two_folders_are_two_documents_for_ever(
    builder: Builder, stored: Texts, tmp_path: Path, together: bool
) -> None:
    site, blog = write(tmp_path / "site/index.md", FERRY).parent, write(tmp_path / "blog/index.md", BUS).parent
    for paths in [[site, blog]] if together else [[site], [blog]]:
        builder.index(paths)
    both = {"index": FERRY, "blog/index": BUS}
    assert stored() == both
    for paths in ([blog], [site], [blog, site], [tmp_path]):
        report = builder.index(paths)
        assert (report.added, report.updated, report.embedded_passages) == ((), (), 0)
    write(blog / "index.md", TRAM)
    assert builder.index([blog, site]).updated == ("blog/index",)
    assert stored() == both | {"blog/index": TRAM}


def test_a_third_folder_of_the_same_name_goes_by_a_longer_path(builder: Builder, stored: Texts, tmp_path: Path) -> None:
    for number, place in enumerate(("a/docs", "b/docs", "c/docs")):
        builder.index([write(tmp_path / place / "index.md", f"{FERRY} {number}").parent])
    assert list(stored()) == ["c/docs/index", "docs/index", "index"]


def test_files_that_differ_in_their_suffix_are_two_documents(builder: Builder, stored: Texts, tmp_path: Path) -> None:
    write(tmp_path / "in/a.md", FERRY)
    write(tmp_path / "in/a.txt", BUS)
    builder.index([tmp_path / "in"])
    assert stored() == {"a": FERRY, "a.txt": BUS}
    assert builder.index([tmp_path / "in"]).unchanged == 2


def test_lines_of_one_id_in_two_files_are_two_documents_and_in_one_file_one(
    builder: Builder, stored: Texts, tmp_path: Path
) -> None:
    lines = [{"_id": "1", "text": FERRY}, {"_id": "1", "text": BUS}, {"_id": "1", "text": FERRY}]
    write(tmp_path / "in/a.jsonl", "\n".join(map(json.dumps, lines)))
    write(tmp_path / "in/b.jsonl", json.dumps({"_id": "1", "text": TRAM}))
    report = builder.index([tmp_path / "in"])
    assert stored() == {"1": FERRY, "b/1": TRAM}
    assert [unread.reason for unread in report.unread] == [
        "its id '1' is taken by another line of the same file; rename one of them"
    ]
    again = builder.index([tmp_path / "in"])
    assert (again.unchanged, again.updated) == (2, ())


def test_a_document_keeps_its_id_by_whichever_folder_it_is_named(
    builder: Builder, stored: Texts, tmp_path: Path
) -> None:
    path = write(tmp_path / "docs/a/one.md", FERRY)
    (tmp_path / "link").symlink_to(tmp_path / "docs")
    builder.index([tmp_path / "docs"])
    for root in (path, path.parent, tmp_path, tmp_path / "link", path.parent / ".." / "a"):
        assert builder.index([root]).unchanged == 1
    assert stored() == {"a/one": FERRY}


def test_a_folder_that_moved_keeps_its_ids(builder: Builder, stored: Texts, tmp_path: Path) -> None:
    write(tmp_path / "old/a.md", FERRY)
    write(tmp_path / "old/b.md", BUS)
    builder.index([tmp_path / "old"])
    (tmp_path / "old").rename(tmp_path / "new")
    write(tmp_path / "new/b.md", TRAM)
    report = builder.index([tmp_path / "new"])
    assert (report.added, report.updated, report.unchanged) == ((), ("b",), 1)
    assert stored() == {"a": FERRY, "b": TRAM}


def test_what_came_over_the_interface_is_no_files(builder: Builder, stored: Texts, tmp_path: Path) -> None:
    builder.put(make_document("a", FERRY, clean(FERRY), Facts()))
    folder = write(tmp_path / "in/a.md", BUS).parent
    builder.index([folder])
    assert stored() == {"a": FERRY, "in/a": BUS}
    builder.put(make_document("in/a", TRAM, clean(TRAM), Facts()))  # and the id of a file stays the file's
    assert builder.index([folder]).updated == ("in/a",)


def test_an_index_from_before_files_were_kept_takes_its_documents_as_theirs(
    builder: Builder, stored: Texts, tmp_path: Path, hash_settings: Settings
) -> None:
    site, blog = write(tmp_path / "site/index.md", FERRY).parent, write(tmp_path / "blog/index.md", BUS).parent
    builder.index([site])
    with Store.open(hash_settings.data) as store:
        store.keep_files({"index": ()})
    assert builder.index([site]).unchanged == 1
    builder.index([blog])
    assert stored() == {"index": FERRY, "blog/index": BUS}


# -- pruning --


def test_pruning_a_folder_leaves_alone_what_lies_elsewhere(builder: Builder, stored: Texts, tmp_path: Path) -> None:
    one = write(tmp_path / "docs/a/one.md", FERRY)
    write(tmp_path / "docs/a/gone.md", TRAM)
    write(tmp_path / "docs/b/two.md", BUS)
    builder.index([tmp_path / "docs"])
    builder.put(make_document("put", TRAM, clean(TRAM), Facts()))
    (tmp_path / "docs/a/gone.md").unlink()
    (tmp_path / "docs/b/two.md").unlink()
    assert builder.index([one.parent], prune=True).deleted == ("a/gone",)
    assert set(stored()) == {"a/one", "b/two", "put"}
    assert builder.index([tmp_path / "docs"], prune=True).deleted == ("b/two",)
    assert set(stored()) == {"a/one", "put"}


def test_lines_that_are_gone_from_a_corpus_are_pruned_unless_some_cannot_be_read(
    builder: Builder, stored: Texts, tmp_path: Path
) -> None:
    lines = [json.dumps({"_id": name, "text": text}) for name, text in (("a", FERRY), ("b", BUS), ("c", TRAM))]
    path = write(tmp_path / "corpus.jsonl", "\n".join(lines))
    builder.index([path])
    write(path, "\n".join([lines[0], "{"]))
    assert builder.index([path], prune=True).deleted == ()
    write(path, "\n".join(lines[:2]))
    assert builder.index([path], prune=True).deleted == ("c",)


def test_an_empty_volume_prunes_nothing(builder: Builder, tmp_path: Path) -> None:
    path = write(tmp_path / "in/a.md", FERRY)
    builder.index([path.parent])
    path.unlink()
    with pytest.raises(BadInput, match="nothing was pruned: no article was read"):
        builder.index([path.parent], prune=True)


# -- twins --


def test_files_of_the_same_bytes_are_one_document_and_each_is_named(
    builder: Builder, stored: Texts, tmp_path: Path
) -> None:
    first, second = write(tmp_path / "in/a.md", FERRY), write(tmp_path / "in/b.md", FERRY)
    for _ in range(2):
        report = builder.index([tmp_path / "in"])
        assert stored() == {"a": FERRY}
        assert report.twins == {"a": (str(first), str(second))}


@pytest.mark.parametrize("gone", ["a", "b"])
def test_when_one_of_two_twins_goes_the_other_stays(builder: Builder, stored: Texts, tmp_path: Path, gone: str) -> None:
    for name in "ab":
        write(tmp_path / f"in/{name}.md", FERRY)
    builder.index([tmp_path / "in"])
    (tmp_path / f"in/{gone}.md").unlink()
    for _ in range(2):
        report = builder.index([tmp_path / "in"], prune=True)
        assert (report.deleted, report.twins, report.unchanged) == ((), {}, 1)
        assert list(stored().values()) == [FERRY]
    (kept,) = (tmp_path / "in").iterdir()
    write(kept, BUS)
    builder.index([tmp_path / "in"], prune=True)
    assert list(stored().values()) == [BUS]


@pytest.mark.parametrize("changed", ["a", "b"])
@pytest.mark.parametrize("whole", [False, True])
def test_when_one_of_two_twins_changes_both_texts_are_there(
    builder: Builder, stored: Texts, tmp_path: Path, changed: str, whole: bool
) -> None:
    for name in "ab":
        write(tmp_path / f"in/{name}.md", FERRY)
    builder.index([tmp_path / "in"])
    path = write(tmp_path / f"in/{changed}.md", BUS)
    builder.index([tmp_path / "in" if whole else path])
    texts = {"a": FERRY, "b": FERRY} | {changed: BUS}
    assert stored() == texts
    assert builder.index([tmp_path / "in"], prune=True).unchanged == 2
    assert stored() == texts


def test_a_file_that_becomes_the_twin_of_another_is_no_document_any_more(
    builder: Builder, stored: Texts, tmp_path: Path
) -> None:
    write(tmp_path / "in/a.md", FERRY)
    path = write(tmp_path / "in/b.md", BUS)
    builder.index([tmp_path / "in"])
    write(path, FERRY)
    report = builder.index([tmp_path / "in"])
    assert (report.deleted, set(report.twins)) == (("b",), {"a"})
    assert stored() == {"a": FERRY}


@pytest.mark.parametrize("rebuild", [False, True])
def test_files_that_exchange_their_texts_lose_none(
    builder: Builder, stored: Texts, tmp_path: Path, rebuild: bool
) -> None:
    one, other = write(tmp_path / "in/a.md", FERRY), write(tmp_path / "in/b.md", BUS)
    builder.index([tmp_path / "in"])
    write(one, BUS)
    write(other, FERRY)
    builder.index([tmp_path / "in"], rebuild=rebuild, prune=True)
    assert sorted(stored().values()) == sorted([FERRY, BUS])
    assert builder.index([tmp_path / "in"], prune=True).unchanged == 2


def test_lines_of_a_corpus_are_never_twins(builder: Builder, stored: Texts, tmp_path: Path) -> None:
    """They have ids that somebody gave them, by which judgements name them."""
    lines = [json.dumps({"_id": name, "text": FERRY}) for name in "xy"]
    write(tmp_path / "in/a.jsonl", "\n".join(lines))
    write(tmp_path / "in/b.md", FERRY)
    builder.index([tmp_path / "in"])
    assert set(stored()) == {"x", "y", "b"}


def test_the_same_bytes_in_a_file_of_another_kind_are_read_anew(
    builder: Builder, stored: Texts, tmp_path: Path
) -> None:
    source = "It *never* rains in |town|_."
    path = write(tmp_path / "in/a.jsonl", json.dumps({"_id": "a", "text": source}))
    builder.index([tmp_path / "in"])
    assert stored() == {"a": source}
    for name, told in (("a.md", "It never rains in |town|_."), ("a.rst", "It never rains in town.")):
        path.unlink()
        path = write(tmp_path / "in" / name, source)
        report = builder.index([tmp_path / "in"])
        assert (report.updated, stored()) == (("a",), {"a": told})


LONG = " ".join(f"On day {n} the keeper of the lamp wrote {n * 7} words." for n in range(60))


ASK = "What did the keeper write on day 7?"


def found(hash_settings: Settings) -> list[str]:
    """Ids of the documents that a search finds, ascending, each once."""
    index = open_index(hash_settings.data, hash_settings, HashEmbedder())
    return sorted({hit.passage.document_id for hit in index.search(ASK, limit=50)})


def test_texts_that_each_say_something_of_their_own_are_both_searched_and_named_when_one_is_new(
    builder: Builder, stored: Texts, tmp_path: Path, hash_settings: Settings
) -> None:
    write(tmp_path / "in/a.md", f"{LONG} Then he ate.")
    write(tmp_path / "in/b.md", f"{LONG} Then he slept.")
    write(tmp_path / "in/c.md", " ".join(f"In year {n} the baker of Brin sold {n * 9} loaves." for n in range(60)))
    report = builder.index([tmp_path / "in"])
    ((one, other, share),) = report.alike
    assert (one, other, 0.9 < share < 1, report.held_by) == ("a", "b", True, {})
    assert {*found(hash_settings)} >= {"a", "b"}
    assert set(stored()) == {"a", "b", "c"}
    assert builder.index([tmp_path / "in"]).alike == ()


def test_of_two_texts_one_is_searched_where_it_says_all_and_the_other_when_that_is_gone(
    builder: Builder, stored: Texts, tmp_path: Path, hash_settings: Settings
) -> None:
    write(tmp_path / "in/a.md", LONG)
    page = f"<html><body><article><h1>The lamp</h1><p>{LONG} Then he slept.</p></article></body>"
    write(tmp_path / "in/b.html", page)
    assert builder.index([tmp_path / "in"]).held_by == {"a": ("b",)}
    assert (found(hash_settings), set(stored())) == (["b"], {"a", "b"})
    assert open_index(hash_settings.data, hash_settings, HashEmbedder()).twins("b") == ("a",)
    builder.delete("b")
    assert found(hash_settings) == ["a"]
    builder.index([tmp_path / "in"])
    (tmp_path / "in/b.html").unlink()
    builder.index([tmp_path / "in"], prune=True)
    assert (found(hash_settings), set(stored())) == (["a"], {"a"})


def test_where_the_one_that_says_all_may_not_be_seen_the_other_is_searched(
    builder: Builder, tmp_path: Path, hash_settings: Settings
) -> None:
    write(tmp_path / "in/a.md", f"---\ndate: 2020-01-01\n---\n{LONG}")
    write(tmp_path / "in/b.md", f"---\nauthor: Ann Lee\ndate: 2021-01-01\n---\n{LONG}")
    builder.index([tmp_path / "in"])
    index = open_index(hash_settings.data, hash_settings, HashEmbedder())

    def of(index: Index, filters: Filters = EVERYTHING) -> set[str]:
        return {hit.passage.document_id for hit in index.search(ASK, limit=50, filters=filters)}

    assert of(index) == {"b"}
    assert of(index.as_of(date(2020, 6, 1))) == of(index, Filters(documents=frozenset({"a"}))) == {"a"}
    assert of(index.without(["b"])) == {"a"}
    assert [head.id for head in index.heads_within(EVERYTHING)] == ["b"]


@pytest.mark.parametrize(
    "other", ["It costs 5 euros.", "It costs $4.", "It costs 4%.", "It costs -4 euros.", "It does not cost 4 euros."]
)
def test_one_other_figure_or_word_makes_another_text(other: str) -> None:
    texts = {"a": f"{LONG} It costs 4 euros.", "b": f"{LONG} {other}"}
    assert held_by({name: sketch(make.document(text, name)) for name, text in texts.items()}) == {}


def test_case_signs_and_lines_make_no_other_text_and_the_better_known_one_stays() -> None:
    texts = {"a": LONG, "b": LONG.replace("keeper", "KEEPER").replace(".", "…").replace(" ", "\u00a0")}
    sketches = {name: sketch(make.document(text, name)) for name, text in texts.items()}
    assert held_by(sketches) == {"b": ("a",)}
    assert held_by({**sketches, "b": sketch(make.document(texts["b"], "b", author="Ann Lee"))}) == {"a": ("b",)}


@given(st.lists(st.sets(st.integers(0, 30), min_size=1), min_size=1, max_size=7), st.sets(st.integers(0, 6)))
def test_whatever_is_taken_away_all_that_is_left_is_said_by_what_is_searched(
    articles: list[set[int]], gone: set[int]
) -> None:
    """Articles of sixty sentences and of some of thirty more: many are nearly equal, some hold others."""
    said = {f"a{n}": {*LONG.split(". "), *(f"Day {k} was cold" for k in own)} for n, own in enumerate(articles)}
    sketches = {name: sketch(make.document(". ".join(sorted(parts)), name)) for name, parts in said.items()}
    held = held_by(sketches)
    standing = {name for n, name in enumerate(said) if n not in gone}
    searched = {name for name in standing if standing.isdisjoint(held.get(name, ()))}
    assert set().union(*(said[name] for name in searched)) == set().union(*(said[name] for name in standing))
    pairs = [(one, other) for one in searched for other in searched if one < other and said[one] == said[other]]
    assert [pair for pair in pairs if resemblance(sketches[pair[0]], sketches[pair[1]]) >= ALIKE] == []


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from("ab"), min_size=5, max_size=40), st.lists(st.sampled_from("ab"), min_size=5, max_size=40)
)
def test_of_short_texts_the_resemblance_is_exact(one: list[str], other: list[str]) -> None:
    sets = [{tuple(words[at : at + 5]) for at in range(len(words) - 4)} for words in (one, other)]
    made = resemblance(*(sketch(make.document(" ".join(words))) for words in (one, other)))
    assert made == len(sets[0] & sets[1]) / len(sets[0] | sets[1])


# -- looking before --


def state(data: Path) -> Any:
    files = [path for path in data.rglob("*") if path.is_file() and not path.name.endswith(("-shm", "-wal"))]
    return {path: path.read_bytes() for path in files}


def test_a_plan_says_what_index_does_and_writes_nothing(
    builder: Builder, tmp_path: Path, hash_settings: Settings
) -> None:
    folder = write(tmp_path / "in/a.md", FERRY).parent
    assert builder.plan([folder]).added == ("a",)
    assert not hash_settings.data.exists()
    write(folder / "b.md", BUS)
    write(folder / "c.md", TRAM)
    builder.index([folder])
    before = state(hash_settings.data)
    write(folder / "b.md", f"{BUS} Twice a day.")
    write(folder / "d.md", f"{TRAM} Never on Sundays.")
    (folder / "c.md").unlink()
    (folder / "e.md").touch()
    plan = builder.plan([folder], prune=True)
    assert (plan.added, plan.updated, plan.unchanged, plan.deleted) == (("d",), ("b",), 1, ("c",))
    assert [unread.reason for unread in plan.unread] == ["is empty"]
    assert state(hash_settings.data) == before
    done = builder.index([folder], prune=True)
    assert (done.added, done.updated, done.unchanged, done.deleted) == (("d",), ("b",), 1, ("c",))


def test_a_report_says_of_each_file_what_was_left_out(builder: Builder, tmp_path: Path) -> None:
    tags = "tags: [a, b]\n"
    write(tmp_path / "in/a.md", f"---\ntitle: A\n{tags}---\n{FERRY}")
    (file,) = builder.index([tmp_path / "in"]).files
    assert (file.document, file.hidden, file.warnings) == ("a", len(tags), ())
    assert file.shares[1] == len(tags) / file.characters
