"""The command line as real processes: streams, signals, terminals, start-up, what is imported."""

import json
import os
import pty
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import piped

ROOT = Path(__file__).parent.parent
COMMAND = (sys.executable, str(ROOT / "quotewell.py"))
HEAVY = {"torch", "sentence_transformers", "onnxruntime", "faiss", "fastapi", "scipy", "numpy"}
WHEN = "When was the lighthouse of Brin built?"

Call = Callable[..., subprocess.CompletedProcess[bytes]]


def environment(**more: str) -> Mapping[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("QUOTEWELL_", "PYTHON"))}
    return {**plain, "LC_ALL": "C.UTF-8", "QUOTEWELL_EMBEDDER": "hash", "QUOTEWELL_THRESHOLD": "0", **more}


def caller(folder: Path) -> Call:
    """Runs a command to its end in the folder; whatever happens, nothing is a traceback."""

    def run(
        *arguments: str | bytes, data: bytes = b"", out: int = subprocess.PIPE, **variables: str
    ) -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run(
            [*COMMAND, *arguments],
            input=data,
            stdout=out,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=environment(**variables),
            check=False,
        )
        assert b"Traceback" not in done.stderr
        return done

    return run


def make_library(folder: Path) -> Path:
    """One article, indexed under the default name."""
    folder.joinpath("tower.md").write_text(
        "# The lighthouse of Brin\n\nThe lighthouse of Brin was built in 1931 by Ada Stone.\n"
    )
    assert caller(folder)("index", "tower.md").returncode == 0
    return folder


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared by the tests that only read."""
    return make_library(tmp_path_factory.mktemp("library"))


@pytest.fixture
def indexed(library: Path) -> Call:
    return caller(library)


def loaded_after(arguments: list[str], folder: Path, **variables: str) -> list[str]:
    """The modules of a whole command."""
    report = (
        "import sys, json; root, *arguments = sys.argv[1:]; sys.path.insert(0, root); import quotewell; "
        "code = quotewell.run(arguments); print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", report, str(ROOT), *arguments],
        capture_output=True,
        cwd=folder,
        env=environment(**variables),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    code, names = json.loads(done.stderr.splitlines()[-1])
    assert code == 0
    return list(names)


def packages(modules: list[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def test_help_loads_little_and_nothing_heavy(tmp_path: Path) -> None:
    """So that it answers at once: most of the time of a start is the loading of modules."""
    modules = loaded_after(["--help"], tmp_path)
    assert not packages(modules) & HEAVY
    assert len(modules) < 400


def test_asking_loads_nothing_that_reads_files(library: Path) -> None:
    names = loaded_after(["ask", WHEN], library)
    assert not [name for name in names if name.startswith(("index.cleaning.", "index.formats."))]


def test_what_is_loaded_is_never_looked_through_for_garbage(library: Path) -> None:
    """Neither meanwhile nor later, nor at the end: that took as long as four answers."""
    report = (
        "import gc, json, sys; root, *sys.argv = sys.argv[1:]; sys.path.insert(0, root); import quotewell; aside = []; "
        "gc.callbacks.append(lambda *_: aside.append(gc.get_freeze_count())); gc.collect(); aside.clear(); "
        "code = quotewell.main(); aside.append(gc.get_freeze_count()); "
        "print(json.dumps([code, gc.isenabled(), aside]), file=sys.stderr)"
    )
    command = [sys.executable, "-c", report, str(ROOT), "quotewell", "ask", WHEN]
    done = subprocess.run(command, capture_output=True, cwd=library, env=environment(), check=True)
    code, enabled, aside = json.loads(done.stderr.splitlines()[-1])
    assert (code, enabled) == (0, True)
    assert min(aside) > 10_000
    assert aside[-1] > aside[0]


@pytest.mark.slow
def test_asking_with_the_real_model_loads_neither_torch_nor_sentence_transformers(
    seeds_data: Path, tmp_path: Path
) -> None:
    shutil.copytree(seeds_data, tmp_path / ".index")
    arguments = ["ask", "Which sectors gained from preferential access under the USMCA?"]
    own = {"QUOTEWELL_EMBEDDER": "minilm", "QUOTEWELL_THRESHOLD": "0.1"}
    names = packages(loaded_after(arguments, tmp_path, **own))
    assert "onnxruntime" in names
    assert not names & {"torch", "sentence_transformers", "transformers", "fastapi", "scipy"}


@pytest.mark.slow
def test_the_exit_code_of_a_process_tells_how_it_went(indexed: Call) -> None:
    assert indexed("ask", WHEN).returncode == 0
    assert indexed("ask", WHEN, QUOTEWELL_THRESHOLD="1").returncode == 3
    assert indexed("ask", "").returncode == 2
    assert indexed("ask", WHEN, "--data", "none").returncode == 5
    assert indexed().returncode == 0  # help


def test_a_question_can_be_piped_in(indexed: Call) -> None:
    assert "1931" in indexed("ask", "-", data=f"{WHEN}\n".encode()).stdout.decode()
    assert "1931" in indexed("search", "-", data=WHEN.encode()).stdout.decode()


@pytest.mark.parametrize(
    ("piped", "words"),
    [
        (b"", b"is empty"),
        (b"a" * 1_000_000, b"1,000,000 characters; at most 2,000"),
        (b"a" * 4_100_000, b"more than 4,000,000 bytes"),
        (b"caf\xe9", b"not UTF-8 text (byte 0xe9 at 3)"),
        (b"a\0b", b"no text (NUL"),
    ],
)
def test_a_piped_question_that_is_none_exits_2_with_one_line(indexed: Call, piped: bytes, words: bytes) -> None:
    done = indexed("ask", "-", data=piped)
    assert (done.returncode, done.stdout) == (2, b"")
    assert words in done.stderr
    assert done.stderr.startswith(b"error: ")
    assert done.stderr.count(b"\n") == 1


def test_arguments_that_are_not_utf_8_are_refused_without_a_trace(indexed: Call) -> None:
    assert indexed("ask", b"caf\xe9").returncode == 2
    assert indexed("index", b"caf\xe9").returncode == 2
    assert indexed("documents", "show", b"caf\xe9").returncode == 2


@pytest.mark.slow
def test_a_followed_folder_is_indexed_as_it_changes_until_it_is_interrupted(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()

    def put(name: str, text: str) -> None:
        """At once: whoever follows the folder never sees it half written."""
        (tmp_path / name).write_text(text)
        (tmp_path / name).replace(tmp_path / "in" / name)

    put("tower.md", "The lighthouse of Brin was built in 1931.")
    watching = ("index", "in", "--data", "in/data", "--watch", "--prune")  # its own writes are no changes
    process = piped(*COMMAND, *watching, cwd=tmp_path, env=environment())

    def wait_for(words: str) -> None:
        assert process.stdout
        assert any(words in line for line in process.stdout), process.stderr and process.stderr.read()

    wait_for("1 added, 0 updated, 0 unchanged")
    put("ferry.md", "The ferry leaves at nine.")
    wait_for("1 added, 0 updated, 1 unchanged")
    put("tower.md", "The lighthouse of Brin was built in 1932.")
    wait_for("0 added, 1 updated, 1 unchanged")
    (tmp_path / "in" / "empty.md").touch()
    wait_for("0 added, 0 updated, 2 unchanged, 0 deleted, 1 not read")
    (tmp_path / "in" / "ferry.md").unlink()
    wait_for("1 unchanged, 1 deleted")
    process.send_signal(signal.SIGINT)
    _, told = process.communicate()
    assert process.returncode == 0
    assert "not indexed: in/empty.md: is empty" in told
    assert told.endswith("no longer following the files; everything that was told of is in the index\n")


@pytest.mark.slow
def test_what_is_followed_may_be_saved_as_another_file_or_be_gone_for_a_while(tmp_path: Path) -> None:
    article, saved = tmp_path / "tower.md", tmp_path / "new.md"
    article.write_text("The lighthouse of Brin was built in 1931.")
    process = piped(*COMMAND, "index", "tower.md", "--data", "data", "--watch", cwd=tmp_path, env=environment())
    assert process.stdout
    assert any("1 added" in line for line in process.stdout)
    for year in (1932, 1933):
        saved.write_text(f"The lighthouse of Brin was built in {year}.")
        saved.replace(article)
        assert any("0 added, 1 updated" in line for line in process.stdout)
    article.unlink()
    article.write_text("The lighthouse of Brin was built in 1934.")
    assert any("0 added, 1 updated" in line for line in process.stdout)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 0


def test_a_file_name_that_is_not_utf_8_keeps_the_json_whole(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("A name in another encoding.")
    (tmp_path / "tower.txt").write_text("One short article about a tower.")
    done = caller(tmp_path)("index", ".", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout.decode("utf-8"))["unread"][0]["path"] == "caf\udce9.txt"


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_every_encoding_of_stdout_can_be_written_to(indexed: Call, encoding: str) -> None:
    assert indexed("ask", WHEN, PYTHONIOENCODING=encoding).returncode == 0
    answer = json.loads(indexed("ask", WHEN, "--json", PYTHONIOENCODING=encoding).stdout.decode(encoding))
    assert answer["text"].startswith("“The lighthouse of Brin”")


@pytest.mark.parametrize("arguments", [["documents", "--json"], ["search", "tower"], ["ask", WHEN], ["--help"]])
def test_a_closed_pipe_ends_a_command_quietly(indexed: Call, arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = indexed(*arguments, out=writer)
    finally:
        os.close(writer)
    assert done.returncode in (0, 1)
    assert done.stderr == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_under_stdout_is_one_line(indexed: Call) -> None:
    with Path("/dev/full").open("wb") as full:
        done = indexed("ask", WHEN, out=full.fileno())
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"No space left on device" in done.stderr


@pytest.mark.slow
def test_no_progress_bar_and_no_colour_reach_a_pipe(tmp_path: Path) -> None:
    call = caller(tmp_path)
    (tmp_path / "a.txt").write_text("One short article about a tower.")
    done = call("index", "a.txt", TERM="xterm-256color")
    assert done.stderr == b""
    assert b"\x1b" not in done.stdout
    for arguments in (["documents"], ["ask", "tower"], ["search", "tower"]):
        assert b"\x1b" not in call(*arguments, TERM="xterm-256color").stdout


def on_terminal(arguments: list[str], folder: Path, typed: bytes = b"", **variables: str) -> tuple[int, str]:
    """A command whose three streams are one terminal; what is typed is sent once it asks."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=folder,
        env=environment(TERM="xterm-256color", COLUMNS="90", **variables),
        start_new_session=True,
    )
    os.close(slave)
    seen = b""
    while True:
        try:
            seen += os.read(master, 65536)
        except OSError:  # Linux's way to say that the other side is closed
            break
        if typed and b"[y/N]" in seen:
            os.write(master, typed)
            typed = b""
    os.close(master)
    return process.wait(), seen.decode().replace("\r\n", "\n")


@pytest.mark.slow
def test_a_terminal_gets_colours_tables_and_wrapped_lines_unless_it_wants_none(library: Path) -> None:
    code, shown = on_terminal(["documents"], library)
    assert code == 0
    assert "characters" in shown
    assert "\x1b[1m" in shown
    _, plain = on_terminal(["documents"], library, NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", plain)
    _, answer = on_terminal(["ask", WHEN], library)
    bare = re.sub(r"\x1b\[[0-9;]*m", "", answer)
    assert "built in 1931" in bare
    assert "\x1b[1;4m1931" in answer  # the words that answer
    assert max(map(len, bare.splitlines())) <= 90


@pytest.mark.slow
def test_deleting_asks_first_on_a_terminal(tmp_path: Path) -> None:
    indexed = caller(make_library(tmp_path))
    code, shown = on_terminal(["documents", "delete", "tower"], tmp_path, b"n\n")
    assert code == 1
    assert "nothing was deleted" in shown
    code, _ = on_terminal(["documents", "delete", "tower"], tmp_path, b"\x04")
    assert code == 130
    assert b"tower" in indexed("documents").stdout
    code, shown = on_terminal(["documents", "delete", "tower"], tmp_path, b"y\n")
    assert code == 0
    assert "add it back with: quotewell index PATH" in shown
    assert indexed("documents").stdout == b""


def stored(folder: Path) -> int:
    with closing(sqlite3.connect(f"file:{folder / '.index/corpus.db'}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM documents").fetchone()[0])


STUCK_AFTER_20 = """
import sys
sys.path.insert(0, sys.argv[1])
import quotewell
from index.embedding.embedder import HashEmbedder
encode = HashEmbedder.encode_passages
def stuck(self, texts, on_batch):
    yield from encode(self, texts, on_batch)[:20]
    print("stuck", flush=True)
    sys.stdin.read()
HashEmbedder.encode_passages = stuck
sys.exit(quotewell.run(["index", "boats.jsonl"]))
"""


@pytest.mark.slow
def test_an_interrupted_index_keeps_what_was_committed_and_goes_on_answering(tmp_path: Path) -> None:
    """The signal comes while the embedder works on the 21st of 40 articles, and never gets any further."""
    indexed = caller(make_library(tmp_path))
    lines = (json.dumps({"_id": f"d{n:02}", "text": f"Note {n} is about the {n}th boat."}) for n in range(40))
    (tmp_path / "boats.jsonl").write_text("\n".join(lines))
    process = piped(sys.executable, "-c", STUCK_AFTER_20, ROOT, cwd=tmp_path, env=environment())
    assert process.stdout is not None
    assert process.stdout.readline() == "stuck\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "the old search index goes on answering" in said
    assert stored(tmp_path) == 1 + 20
    assert indexed("ask", WHEN).returncode == 0
    assert indexed("index", "boats.jsonl").returncode == 0
    assert stored(tmp_path) == 1 + 40


@pytest.mark.slow
def test_serve_prints_its_address_answers_and_ends_with_ctrl_c(indexed: Call, library: Path) -> None:
    process = piped(*COMMAND, "serve", "--port", "0", cwd=library, env=environment())
    assert process.stdout is not None
    try:
        address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert address is not None
        request = urllib.request.Request(
            f"{address.group()}/ask", json.dumps({"question": WHEN}).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as reply:
            served = json.load(reply)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert "Traceback" not in said
    said_here = json.loads(indexed("ask", WHEN, "--json").stdout)
    served_alone = {"id", "follow_ups"}  # what to ask next is for people who chat
    assert {k: v for k, v in served.items() if k not in served_alone} == {
        k: v for k, v in said_here.items() if k not in served_alone
    }


@pytest.mark.slow
def test_a_shell_completes_commands_and_options(tmp_path: Path) -> None:
    """As bash does it, with the script that the command prints."""
    command = tmp_path / "quotewell"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "quotewell.py"}" "$@"\n')
    command.chmod(0o755)
    (tmp_path / "typed.sh").write_text(
        'eval "$(quotewell --show-completion)"\n'
        "complete -p quotewell >/dev/null || exit 1\n"
        'for line in "ver" "ask --as" "keys re" "eval comp"; do\nCOMP_WORDS=(quotewell $line)\n'
        'COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) _quotewell_completion quotewell\necho "${COMPREPLY[@]}"\ndone\n'
    )
    done = subprocess.run(
        ["bash", tmp_path / "typed.sh"],
        env=environment(PATH=f"{tmp_path}:{os.environ['PATH']}", SHELL="/bin/bash"),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["verify version", "--as-of", "revoke", "compare"]
