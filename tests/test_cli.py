"""The command line, in this process: what each command prints, on which stream, and the exit code."""

import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from index.embedding.embedder import HashEmbedder
from index.storage.feedback import Feedback, FeedbackStore
from quotewell import COMMANDS, run
from rag.reading import model as reading_model
from rag.reading.model import load_read_model
from server.schemas import ask as ask_schemas
from server.schemas import base as schemas

GOLDEN = Path(__file__).parent / "golden"
ARTICLES = {
    "tower.md": "# The lighthouse of Brin\n\nThe lighthouse of Brin was built in 1931 by Ada Stone. "
    "It is forty metres high and painted white.\n",
    "news/river.txt": "The river Oda\n\nMar 3, 2019\n\nThe river Oda floods every spring. "
    "In 2019 the flood destroyed three wooden bridges.\n",
    "bees.md": "---\ntitle: Bees of the valley\nauthor: Ines Moor\n---\n\nBees in the valley make dark heather honey. "
    "The keepers sell it on Sundays for $12 a jar.\n",
}
WHEN = "When was the lighthouse of Brin built?"


class Outcome(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Outcome]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs a command in an empty folder, with the embedder that needs no model and answers whatever it finds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("index.terminal.TICK_S", 1e9)  # a busy machine tells how far it is
    monkeypatch.setenv("QUOTEWELL_EMBEDDER", "hash")
    monkeypatch.setenv("QUOTEWELL_THRESHOLD", "0")
    monkeypatch.setenv("QUOTEWELL_MAX_QUOTES", "1")

    def call(*arguments: str | Path) -> Outcome:
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Outcome(code, out, err)

    return call


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    for name, text in ARTICLES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def indexed(cli: Cli, articles: Path) -> Cli:
    """The same, in a folder where the three articles are indexed under the default name."""
    assert cli("index", articles).code == 0
    return cli


def golden(name: str, text: str) -> None:
    """Compares with tests/golden; written anew, for a look at the diff, where UPDATE_GOLDEN is set."""
    masked = re.sub(r"\b[0-9a-f]{16}\b", "VERSION", text)
    path = GOLDEN / f"{name}.txt"
    if "UPDATE_GOLDEN" in os.environ:
        path.write_text(masked, encoding="utf-8")
    assert masked == path.read_text(encoding="utf-8")


def damage(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def test_index_json_is_as_in_the_golden_transcript(cli: Cli, articles: Path) -> None:
    done = cli("index", articles.name, "--json")
    assert (done.code, done.err) == (0, "")
    golden("index-json", done.out)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ask", ["ask", WHEN]),
        ("search", ["search", "bridges over the river", "-k", "2"]),
        ("documents", ["documents"]),
        ("documents-show", ["documents", "show", "news/river"]),
    ],
)
def test_a_piped_command_prints_its_golden_transcript(indexed: Cli, name: str, arguments: list[str]) -> None:
    done = indexed(*arguments)
    assert (done.code, done.err) == (0, "")
    golden(name, done.out)


def test_an_abstention_exits_3_claims_nothing_and_shows_the_nearest_passages(
    indexed: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUOTEWELL_THRESHOLD", "1")
    done = indexed("ask", "Who plays Zither Hall?")
    assert (done.code, done.err) == (3, "")
    assert done.out.startswith("The articles do not say.")
    assert "Nearest passages" in done.out
    answer = indexed("ask", "Who plays Zither Hall?", "--json")
    assert answer.code == 3
    assert answer.json["status"] == "abstained"
    assert answer.json["citations"] == []
    assert "Zither Hall" in answer.json["reason"]["missing"]


def test_ask_json_is_the_answer_that_the_server_gives(indexed: Cli) -> None:
    done = indexed("ask", WHEN, "--json")
    answer = ask_schemas.Answer.model_validate_json(done.out)
    assert answer.status == "answered"
    assert answer.citations[0].quote == "The lighthouse of Brin was built in 1931 by Ada Stone."


def test_search_and_documents_json_are_what_the_server_gives(indexed: Cli) -> None:
    found = ask_schemas.SearchResult.model_validate_json(indexed("search", "honey", "--json", "-k", "1").out)
    assert [hit.document_id for hit in found.hits] == ["bees"]
    listed = indexed("documents", "--json").json
    infos = [schemas.DocumentInfo.model_validate_json(json.dumps(fields)) for fields in listed["documents"]]
    assert [(info.id, info.author) for info in infos] == [("bees", "Ines Moor"), ("news/river", ""), ("tower", "")]


def test_every_citation_finds_its_quote_in_the_clean_text_and_in_the_file(indexed: Cli) -> None:
    for question in (WHEN, "What did the flood destroy?", "What does a jar of honey cost?"):
        for citation in indexed("ask", question, "--json").json["citations"]:
            shown = indexed("documents", "show", citation["document_id"], "--json").json
            assert shown["text"][citation["start"] : citation["end"]] == citation["quote"]
            source = indexed("documents", "show", citation["document_id"], "--source").out
            assert source[citation["source_start"] : citation["source_end"]] == citation["quote"]


def test_explain_adds_each_rankers_rank_and_score(indexed: Cli) -> None:
    assert re.search(
        r"dense rank \d+ score \S+ · lexical rank 1 score \S+ · fused", indexed("search", "honey", "--explain").out
    )
    hit = indexed("search", "honey", "--explain", "--json").json["hits"][0]
    assert set(hit["scores"]) == set(hit["ranks"]) == {"dense", "lexical"}


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("", "the question is empty"),
        ("  ?! ", "the question is empty"),
        ("a" * 2001, "2,001 characters; at most 2,000"),
        ("caf\udce9", "no text"),
        ("a\0b", "no text"),
    ],
)
def test_a_question_that_is_none_exits_2_before_anything_is_built(
    cli: Cli, tmp_path: Path, question: str, words: str
) -> None:
    for command in ("ask", "search"):
        done = cli(command, question)
        assert (done.code, done.out) == (2, "")
        assert words in done.err
        assert done.err.startswith("error: ")
        assert done.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_question_in_another_alphabet_is_answered_or_abstained_from(indexed: Cli) -> None:
    assert indexed("ask", "Когда построили маяк?").code in (0, 3)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["aks", "x"], "Did you mean 'ask'"),
        (["ask"], "quotewell ask --help"),
        (["ask", "x", "--foo"], "quotewell ask --help"),
        (["search", "x", "-k", "0"], "greater than or equal to 1"),
        (["search", "x", "-k", "101"], "less than or equal to 100"),
        (["index"], "quotewell index --help"),
        (["documents", "burn", "x"], "'list', 'show', 'delete'"),
        (["documents", "show"], "documents show takes an ID"),
        (["documents", "list", "x"], "documents list takes no ID"),
        (["serve", "--port", "70000"], "less than or equal to 65535"),
        (["eval"], "quotewell eval --help"),
        (["keys"], "quotewell keys --help"),
        (["eval", "run", "nowhere"], "no evaluation set at nowhere"),
        (["index", "nowhere"], "'nowhere' does not exist"),
        (["index", ".", "--workers", "abc"], "not 'abc'"),
        (["index", ".", "--workers", "0", "--dry-run"], "not '0'"),
        (["eval", "growth", "--plot", "none/x.svg"], "no folder none"),
        (["eval", "growth", "--write", "none/x.md"], "'none/x.md' does not exist"),
    ],
)
def test_wrong_usage_exits_2_with_one_line_that_says_what_to_do(
    cli: Cli, tmp_path: Path, arguments: list[str], hint: str
) -> None:
    done = cli(*arguments)
    assert (done.code, done.out) == (2, "")
    assert hint in done.err
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", [*COMMANDS, "version"])
def test_every_command_has_help(cli: Cli, command: str) -> None:
    done = cli(command, "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: quotewell {command}")


def test_root_help_names_every_command_in_a_whole_sentence_and_the_exit_codes(cli: Cli) -> None:
    done = cli("--help")
    assert done.code == 0
    for name, command in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(command.help)}$", done.out, re.MULTILINE)
    assert "130 interrupted" in done.out


@pytest.mark.parametrize(
    "arguments", [["ask", "x"], ["search", "x"], ["documents"], ["serve"], ["verify"], ["backup", "b"]]
)
def test_a_named_folder_without_an_index_exits_5_and_stays_as_it_is(
    cli: Cli, tmp_path: Path, arguments: list[str]
) -> None:
    done = cli(*arguments, "--data", "elsewhere")
    assert (done.code, done.out) == (5, "")
    assert "elsewhere" in done.err
    assert "quotewell index PATH" in done.err
    assert not list(tmp_path.iterdir())


def test_a_folder_named_in_the_environment_or_in_quotewell_toml_counts_as_named(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "quotewell.toml").write_text('data = "mine"\n')
    assert cli("ask", "x").code == 5
    (tmp_path / "quotewell.toml").unlink()
    monkeypatch.setenv("QUOTEWELL_DATA", "yours")
    assert cli("ask", "x").code == 5
    assert not list(tmp_path.iterdir())


def test_the_first_question_indexes_the_bundled_articles_and_says_so_on_stderr(cli: Cli) -> None:
    done = cli("ask", "What did the USMCA establish?", "--json")
    assert done.code == 0
    assert done.json["citations"]
    assert "indexing the bundled articles first" in done.err
    assert len(cli("documents", "--json").json["documents"]) == 4


def test_an_interrupted_first_run_is_taken_up_again(cli: Cli, tmp_path: Path) -> None:
    cli("documents")
    shutil.rmtree(tmp_path / ".index" / "generations")
    cli_again = cli("ask", "What did the USMCA establish?")
    assert cli_again.code == 0
    assert "indexing the bundled articles first" in cli_again.err


def test_the_bundled_articles_never_come_among_somebodys_own(indexed: Cli, tmp_path: Path) -> None:
    for name in ("bees", "news/river", "tower"):
        assert indexed("documents", "delete", name, "--yes").code == 0
    done = indexed("ask", WHEN)
    assert done.code == 3
    assert "holds no articles; add some with: quotewell index PATH" in done.err
    indexed("index", "articles/bees.md")
    shutil.rmtree(tmp_path / ".index" / "generations")
    assert "indexing the bundled articles" not in indexed("ask", WHEN).err
    assert len(indexed("documents", "--json").json["documents"]) == 1


def test_bad_files_are_named_and_the_good_ones_are_indexed(cli: Cli, articles: Path, tmp_path: Path) -> None:
    bad = {
        "binary.txt": b"\x89PNG\0\0",
        "empty.md": b"",
        "blank.txt": b" \n\n",
        "latin.txt": "Ein schöner Tag.".encode("latin-1"),
        "photo.png": b"x",
        "broken.jsonl": b'{"_id": "1", "text": "One line is whole."}\n{"_id": \n',
        "new\nline.txt": b"A name with a line break.",
    }
    for name, content in bad.items():
        (articles / name).write_bytes(content)
    os.mkfifo(articles / "pipe.txt")
    (articles / "link").symlink_to(tmp_path)
    done = cli("index", articles, "--json")
    assert done.code == 1
    assert "error: 7 not read, for the reasons above; --lenient takes that for no failure" in done.err
    assert sorted(done.json["added"]) == ["1", "bees", "news/river", "tower"]
    named = {Path(unread["path"]).name for unread in done.json["unread"]}
    assert named == {*(set(bad) - {"broken.jsonl"}), "broken.jsonl:2", "link"}
    assert all(f"not indexed: {articles / name}" in done.err for name in ("binary.txt", "empty.md", "broken.jsonl:2"))


@pytest.mark.parametrize(
    ("name", "content", "codes"),  # by default, --strict, --lenient
    [
        ("photo.png", b"x", (0, 0, 0)),
        ("warned.md", b"---\ntitle: A: b\n---\nThe kiln of Brin was lit in 1891.", (0, 1, 0)),
        ("much.md", b"---\nnote: left out\n---\nThe kiln of Brin was lit in 1891.", (0, 1, 0)),
        ("empty.md", b"", (1, 1, 0)),
    ],
)
def test_what_exits_with_1_is_chosen(
    cli: Cli, articles: Path, name: str, content: bytes, codes: tuple[int, ...]
) -> None:
    (articles / name).write_bytes(content)
    assert tuple(cli("index", articles, *flag).code for flag in ([], ["--strict"], ["--lenient"])) == codes


def test_index_says_what_was_left_out_and_warns_of_much(cli: Cli, articles: Path) -> None:
    long = "The kiln of Brin was lit in 1891. " * 20
    (articles / "much.md").write_text("---\nnote: left out\n---\nThe kiln of Brin was lit in 1891.")
    (articles / "little.md").write_text(f"---\ntitle: A: b\nnote: x\n---\n{long}")
    done = cli("index", articles)
    said = "of 56 characters 0 marked as furniture (0.0%), 15 left out as hidden (26.8%)"
    assert f"{articles / 'much.md'}: {said}" in done.out
    assert f"warning: {articles / 'much.md'}: 27% of it is left out as hidden" in done.err
    assert f"warning: {articles / 'little.md'}: line 2 of its front matter is not YAML" in done.err
    assert "little.md: 1% of it" not in done.err
    files = {Path(file["path"]).name: file for file in cli("index", articles, "--json").json["files"]}
    assert (files["much.md"]["hidden"], files["much.md"]["hidden_share"]) == (15, 0.2679)
    assert files["much.md"]["warnings"] == ["27% of it is left out as hidden"]
    assert files["tower.md"]["warnings"] == []


def test_a_dry_run_prints_the_plan_and_writes_nothing(cli: Cli, articles: Path, tmp_path: Path) -> None:
    done = cli("index", articles, "--dry-run")
    assert done.out.splitlines()[:3] == ["add bees", "add news/river", "add tower"]
    assert "would change so: 3 added, 0 updated, 0 unchanged, 0 deleted, 0 not read; nothing was written" in done.out
    assert not (tmp_path / ".index").exists()
    cli("index", articles)
    (articles / "bees.md").unlink()
    planned = cli("index", articles, "--dry-run", "--prune", "--json").json
    assert (planned["deleted"], planned["unchanged"], planned["dry_run"]) == (["bees"], 2, True)
    assert len(cli("documents", "--json").json["documents"]) == 3


def test_who_wrote_it_and_when_is_used_and_not_lost(cli: Cli, tmp_path: Path) -> None:
    """However short the article is."""
    (tmp_path / "a.md").write_text(
        "# The bakery closes\n\nBy Ann Lee\n\n3 May 2024\n\nThe Marten bakery closes on Friday."
    )
    done = cli("index", "a.md", "--strict", "--json")
    assert (done.code, done.json["files"][0]["marked"]) == (0, 0)
    (found,) = cli("documents", "--json").json["documents"]
    assert (found["author"], found["published"], found["inferred"]) == ("Ann Lee", "2024-05-03", [])
    assert cli("documents", "show", "a", "--marked").out.split("\n") == ["By Ann Lee", "3 May 2024", ""]


def test_of_nearly_equal_articles_one_is_cited_and_the_other_named(cli: Cli, tmp_path: Path) -> None:
    told = "The kiln of Brin was lit by Ada Stone in the year 1891 and burned for forty years."
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.md").write_text(told)
    (tmp_path / "in/b.md").write_text(f"---\nauthor: Bo Ek\n---\n{told.upper()}")
    done = cli("index", "in")
    assert "100% the same, b is searched for both, as it says all that a says: a, b" in done.err
    (cited,) = cli("ask", "When was the kiln of Brin lit?", "--json").json["citations"]
    assert (cited["document_id"], cited["twins"]) == ("b", ["a"])
    assert "also in a" in cli("ask", "When was the kiln of Brin lit?").out
    held, holder = (cli("documents", "show", name, "--json").json for name in "ab")
    assert (held["held_by"], held["holds"], holder["held_by"], holder["holds"]) == (["b"], [], [], ["a"])
    assert "searched as b, which says all of it" in cli("documents", "show", "a").out
    cli("documents", "delete", "b", "--yes")
    (cited,) = cli("ask", "When was the kiln of Brin lit?", "--json").json["citations"]
    assert (cited["document_id"], cited["twins"]) == ("a", [])


def test_equal_files_are_named_where_one_is_kept(cli: Cli, articles: Path) -> None:
    (articles / "copy.md").write_bytes((articles / "bees.md").read_bytes())
    done = cli("index", articles)
    assert f"the same, kept once as bees: {articles / 'bees.md'}, {articles / 'copy.md'}" in done.err


def test_index_exits_1_when_nothing_could_be_indexed(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    done = cli("index", "empty.txt")
    assert done.code == 1
    assert "not indexed: empty.txt: is empty" in done.err
    assert "error: nothing could be indexed" in done.err


def test_an_unchanged_file_is_not_embedded_again_and_prune_deletes_what_is_gone(indexed: Cli, articles: Path) -> None:
    (articles / "bees.md").unlink()
    kept = indexed("index", articles, "--json").json
    assert (kept["unchanged"], kept["embedded_passages"], kept["documents"]) == (2, 0, 3)
    pruned = indexed("index", articles, "--json", "--prune").json
    assert (pruned["deleted"], pruned["documents"]) == (["bees"], 2)


def test_a_name_of_two_lines_makes_one_line_of_the_report(cli: Cli, articles: Path) -> None:
    """Else a file could write into the report what it likes."""
    (articles / "a\n'x' holds 9 articles.txt").write_text("Words.")
    done = cli("index", articles)
    assert done.code == 1
    assert not [line for line in done.err.splitlines() if line.startswith("'x' holds")]
    assert "a 'x' holds 9 articles.txt: has a name that cannot serve" in done.err


@pytest.mark.parametrize("flag", ["--since", "--until", "--as-of"])
def test_what_is_no_day_is_named_by_its_flag(indexed: Cli, flag: str) -> None:
    done = indexed("ask", WHEN, flag, "2024")
    assert done.code == 2
    assert f"{flag} is '2024'; give a day" in done.err


def test_an_index_of_other_settings_exits_5_and_rebuild_mends_it(
    indexed: Cli, articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUOTEWELL_PASSAGE_TOKENS", "40")
    done = indexed("index", articles)
    assert done.code == 5
    assert "--rebuild" in done.err
    assert indexed("ask", WHEN).code == 0
    assert indexed("index", articles, "--rebuild").code == 0
    assert indexed("ask", WHEN).code == 0


def test_an_index_of_another_model_exits_5_and_rebuild_mends_it(
    cli: Cli, articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(HashEmbedder, "fingerprint", "other-weights")
        assert cli("index", articles).code == 0
    done = cli("ask", WHEN)
    assert (done.code, done.out) == (5, "")
    assert "was built with hash (other-weights), here is hash (blake2b-64)" in done.err
    assert "--rebuild" in done.err
    assert cli("index", articles, "--rebuild").code == 0
    assert cli("ask", WHEN).code == 0


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("QUOTEWELL_DATTA", "x", "unknown setting QUOTEWELL_DATTA; did you mean QUOTEWELL_DATA?"),
        ("QUOTEWELL_LIMIT", "ten", "setting 'limit' is 'ten'"),
        ("QUOTEWELL_DENSE_WEIGHT", "2", "setting 'dense_weight' is '2'"),
    ],
)
def test_a_wrong_variable_exits_2_and_is_named(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    monkeypatch.setenv(variable, value)
    done = cli("ask", "x")
    assert (done.code, done.out) == (2, "")
    assert words in done.err


@pytest.mark.parametrize(("line", "words"), [("embeder = 'hash'", "did you mean embedder?"), ("x =", "cannot be read")])
def test_a_wrong_quotewell_toml_exits_2(cli: Cli, tmp_path: Path, line: str, words: str) -> None:
    (tmp_path / "quotewell.toml").write_text(line)
    done = cli("documents")
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_a_deleted_article_is_gone_from_answers_and_comes_back_as_it_says(indexed: Cli, articles: Path) -> None:
    before = indexed("ask", WHEN, "--json").json
    refused = indexed("documents", "delete", "tower")
    assert refused.code == 2
    assert "add --yes" in refused.err
    done = indexed("documents", "delete", "tower", "--yes")
    assert (done.code, done.out) == (0, "")
    assert "add it back with: quotewell index PATH" in done.err
    assert "tower" not in indexed("ask", WHEN, "--json").out
    assert indexed("index", articles).code == 0
    assert indexed("ask", WHEN, "--json").json == before


@pytest.mark.parametrize("action", ["show", "delete"])
def test_an_unknown_id_exits_2_and_names_the_list(indexed: Cli, action: str) -> None:
    done = indexed("documents", action, "nobody", "--yes")
    assert (done.code, done.out) == (2, "")
    assert "quotewell documents" in done.err


def test_what_is_printed_for_people_carries_no_control_codes(indexed: Cli, articles: Path) -> None:
    (articles / "evil.md").write_text("Red \x1b[31malert\x1b[0m on the quay\x07 of Lund, said the zebra keeper.\n")
    indexed("index", articles)
    for arguments in (["ask", "zebra keeper"], ["search", "zebra keeper"], ["documents", "show", "evil"]):
        done = indexed(*arguments)
        assert "zebra" in done.out
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", done.out)


def test_verify_mends_a_damaged_search_index_from_the_store(indexed: Cli, tmp_path: Path) -> None:
    before = indexed("ask", WHEN, "--json").json
    generations = tmp_path / ".index/generations"
    vectors = generations / (generations / "CURRENT").read_text() / "vectors.npy"
    vectors.write_bytes(vectors.read_bytes()[:-1] + b"\x55")
    done = indexed("verify")
    assert done.code == 0
    assert "mended: the search index was made again from the store" in done.err
    assert "all is well" in done.out
    assert indexed("ask", WHEN, "--json").json == before
    assert indexed("verify", "--json").json["mended"] == []


@pytest.mark.parametrize("content", [None, "", "0123456789abcdef", "../../.."])
@pytest.mark.parametrize("command", [("verify",), ("ask", WHEN)])
def test_a_lost_or_wrong_pointer_to_the_search_index_is_mended(
    indexed: Cli, tmp_path: Path, content: str | None, command: tuple[str, ...]
) -> None:
    pointer = tmp_path / ".index/generations/CURRENT"
    version = pointer.read_text()
    pointer.unlink() if content is None else pointer.write_text(content)
    assert indexed(*command).code == 0
    assert pointer.read_text() == version


def test_verify_uses_the_settings_of_the_index_and_not_those_of_today(
    indexed: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = indexed("verify", "--json").json["version"]
    shutil.rmtree(tmp_path / ".index/generations")
    monkeypatch.delenv("QUOTEWELL_EMBEDDER")
    monkeypatch.setenv("QUOTEWELL_STEM", "none")
    assert indexed("verify", "--json").json["version"] == version
    assert indexed("ask", WHEN).code == 0


def test_verify_names_damaged_articles_and_its_advice_mends_them(indexed: Cli, articles: Path, tmp_path: Path) -> None:
    store = tmp_path / ".index/corpus.db"
    damage(store, "UPDATE passages SET row_sha256 = x'00' WHERE document_id = 'tower'")
    damage(store, "UPDATE documents SET row_sha256 = x'00' WHERE id = 'bees'")
    done = indexed("verify")
    assert done.code == 5
    assert "'tower'" in done.err
    assert "document 'bees'" in done.err
    assert "quotewell documents delete ID, then: quotewell index PATH" in done.err
    assert indexed("documents", "delete", "tower", "--yes").code == 0  # reads no other article
    assert indexed("documents", "delete", "bees", "--yes").code == 0
    assert indexed("index", articles).code == 0
    assert indexed("verify").code == 0


def test_a_store_that_is_none_exits_5_everywhere(indexed: Cli, tmp_path: Path) -> None:
    (tmp_path / ".index/corpus.db").write_bytes(b"no database" * 1000)
    for arguments in (["verify"], ["documents"], ["backup", "b.db"], ["index", "articles"]):
        done = indexed(*arguments)
        assert (done.code, done.out) == (5, ""), arguments
        assert "quotewell index PATH" in done.err


def test_a_backup_in_a_new_folder_answers_the_same_after_verify(indexed: Cli, tmp_path: Path) -> None:
    done = indexed("backup", "copy.db", "--json")
    assert done.json == {"file": "copy.db", "documents": 3, "passages": 4}
    assert indexed("backup", "copy.db").code == 2
    assert indexed("restore", "copy.db", "--data", "restored").code == 0
    assert [one.name for one in sorted((tmp_path / "restored").glob("*[!ml]"))] == ["corpus.db"]
    assert indexed("verify", "--data", "restored").code == 0
    assert indexed("ask", WHEN, "--json", "--data", "restored").json == indexed("ask", WHEN, "--json").json


def test_a_backup_in_a_folder_is_a_data_folder_with_keys_and_the_newest_verdicts(indexed: Cli, tmp_path: Path) -> None:
    """As somebody judges, who has the file open: what was said last stands in its log."""
    said = Feedback("0" * 32, "Who?", "", "answered", "", (), (), "v", "up", (), "", "2026-11-30T12:00:00+00:00")
    key = indexed("keys", "create", "reader", "--json").json["id"]
    open_one = FeedbackStore(tmp_path / ".index", 10)
    open_one.judge(said)
    assert indexed("backup", "nowhere/whole").code == 2
    (tmp_path / "whole").mkdir()
    done = indexed("backup", "whole", "--json")
    open_one.close()
    assert done.json == {"file": "whole", "documents": 3, "passages": 4}
    assert indexed("backup", "whole").err.startswith("error: 'whole' is not empty")
    assert indexed("verify", "--data", "whole").code == 0
    assert indexed("ask", WHEN, "--json", "--data", "whole").json == indexed("ask", WHEN, "--json").json
    assert [one["id"] for one in indexed("keys", "list", "--json", "--data", "whole").json["keys"]] == [key]
    assert (tmp_path / "whole/keys.json").stat().st_mode & 0o777 == 0o600
    assert FeedbackStore(tmp_path / "whole", 10).find("0" * 32) is not None


def standing(indexed: Cli) -> set[str]:
    return {one["id"] for one in indexed("documents", "--json").json["documents"]}


def test_a_backup_takes_the_place_of_what_stands_and_that_can_be_had_again(indexed: Cli, tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    key = indexed("keys", "create", "reader", "--json").json["id"]
    before, answer = standing(indexed), indexed("ask", WHEN, "--json").json
    assert indexed("backup", "whole").code == 0
    assert indexed("documents", "delete", "tower", "--yes").code == 0
    assert indexed("keys", "revoke", key).code == 0
    done = indexed("restore", "whole")
    assert (done.code, standing(indexed)) == (0, before)
    assert indexed("ask", WHEN, "--json").json == answer
    assert [one["id"] for one in indexed("keys", "list", "--json").json["keys"]] == [key]
    (former,) = (tmp_path / ".index").glob("before-restore-*")
    assert f"quotewell restore {former.relative_to(tmp_path)}" in done.err
    assert indexed("restore", former).code == 0
    assert standing(indexed) == before - {"tower"}
    assert indexed("keys", "list", "--json").json["keys"] == []


def test_a_backup_that_is_damaged_changes_nothing(indexed: Cli, tmp_path: Path) -> None:
    indexed("backup", "copy.db")
    damage(tmp_path / "copy.db", "UPDATE documents SET row_sha256 = x'00' WHERE id = 'bees'")
    (tmp_path / "none.db").write_bytes(b"no database" * 1000)
    before = {path: path.read_bytes() for path in (tmp_path / ".index").rglob("*") if path.is_file()}
    done = indexed("restore", "copy.db")
    assert done.code == 5 and "'bees'" in done.err and "nothing was changed; restore another" in done.err
    done = indexed("restore", "none.db")
    assert done.code == 5 and "'none.db' is no whole backup (it is none, or cannot be read)" in done.err
    (tmp_path / "whole").mkdir()
    indexed("backup", "whole")
    (tmp_path / "whole/keys.json").write_text("{")
    assert "'whole' is no whole backup (keys.json is damaged)" in indexed("restore", "whole").err
    assert not [*tmp_path.glob("*-wal"), *tmp_path.glob("*-shm")]
    assert indexed("restore", "nowhere").err.startswith("error: 'nowhere' does not exist; name what was made by")
    assert {path: path.read_bytes() for path in (tmp_path / ".index").rglob("*") if path.is_file()} == before


def test_a_backup_takes_the_place_of_a_store_that_is_none(indexed: Cli, tmp_path: Path) -> None:
    before = standing(indexed)
    indexed("backup", "copy.db")
    (tmp_path / ".index/corpus.db").write_bytes(b"no database" * 1000)
    assert indexed("restore", "copy.db").code == 0
    assert standing(indexed) == before
    assert (tmp_path / ".index/corpus.db.damaged").read_bytes() == b"no database" * 1000


def test_doctor_finds_nothing_wrong_and_says_what_it_looked_at(indexed: Cli) -> None:
    done = indexed("doctor", "--json")
    assert done.code == 0
    states = {check["name"]: check["state"] for check in done.json["checks"]}
    looked_at = ["python", "settings", "model", "index", "size", "reader", "tiktoken", "disk", "port"]
    assert list(states) == looked_at
    assert {states[name] for name in ("python", "settings", "model", "index", "reader", "tiktoken", "disk")} == {"ok"}


@pytest.mark.parametrize(
    ("variable", "value", "name"), [("QUOTEWELL_PORTT", "1", "settings"), ("QUOTEWELL_DATA", "/proc/none", "disk")]
)
def test_doctor_exits_1_on_a_hard_fault_and_gives_the_fix(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, name: str
) -> None:
    monkeypatch.setenv(variable, value)
    done = cli("doctor", "--json")
    assert done.code == 1
    assert [(check["name"], bool(check["fix"])) for check in done.json["checks"] if check["state"] == "failed"] == [
        (name, True)
    ]


def test_doctor_names_a_model_that_is_not_there(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUOTEWELL_EMBEDDER", "minilm")
    monkeypatch.setenv("QUOTEWELL_MODEL_PATH", str(tmp_path))
    done = cli("doctor")
    assert done.code == 1
    assert "model_path" in done.out
    assert cli("index", tmp_path).code == 1


def test_a_damaged_reading_model_is_named_and_the_linear_reader_still_answers(
    indexed: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "reading"
    shutil.copytree(Path(reading_model.__file__).parent, own)
    (own / reading_model.GRAPH).write_bytes(b"damaged")
    monkeypatch.setattr(reading_model, "files", lambda _: own)
    load_read_model.cache_clear()
    try:
        for command in (("doctor",), ("ask", WHEN)):
            done = indexed(*command)
            assert done.code == 1
            assert "reader.onnx is damaged" in done.out + done.err
            assert 'set reader = "trained"' in done.out + done.err
        monkeypatch.setenv("QUOTEWELL_READER", "trained")
        assert indexed("doctor").code == 0
        assert indexed("ask", WHEN).code == 0
    finally:
        load_read_model.cache_clear()


@pytest.mark.slow
def test_a_second_writer_gives_up_with_1_and_says_when_to_try_again(
    indexed: Cli, articles: Path, tmp_path: Path
) -> None:
    (articles / "new.md").write_text("The harbour of Lund froze over.")
    with closing(sqlite3.connect(tmp_path / ".index/corpus.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = indexed("index", articles)
        assert (done.code, done.out) == (1, "")
        assert "another process is writing" in done.err
        assert indexed("ask", WHEN).code == 0
    assert indexed("index", articles).code == 0


def test_eval_run_measures_a_folder_on_its_own_index(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    folder.mkdir()
    corpus = [{"_id": name, "title": "", "text": text} for name, text in ARTICLES.items()]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)))
    (folder / "queries.jsonl").write_text(json.dumps({"_id": "q1", "text": WHEN}))
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\ttower.md\t1\n")
    page = tmp_path / "page.md"
    page.write_text("<!-- eval:tiny -->\n<!-- /eval:tiny -->\n")
    done = cli("eval", "run", folder, "--out", "kept", "--write", page, "--json")
    assert done.code == 0
    assert done.json["figures"]["Success@1"]["value"] == 1.0
    assert json.loads((tmp_path / "kept/tiny.json").read_text()) == done.json
    assert "| Success@1 | 1.000 |" in page.read_text()
    assert not (tmp_path / ".index").exists()


def test_version_is_one_line(cli: Cli) -> None:
    assert re.fullmatch(r"quotewell \S+.*, Python 3\.\d+\.\d+\S*\n", cli("version").out)
