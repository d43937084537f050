"""`quotewell chat`: piped, as a command, and on a terminal of its own."""

import json
import os
import pty
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WHERE, WHEN = "Where is the Marten bakery?", "When did it open?"


@pytest.fixture
def data(six_data: Path, tmp_path: Path) -> Path:
    """A copy, since a conversation is kept beside the articles."""
    folder = tmp_path / "data"
    folder.mkdir()
    for file in six_data.rglob("*"):
        if file.is_file():
            (folder / file.relative_to(six_data)).parent.mkdir(parents=True, exist_ok=True)
            (folder / file.relative_to(six_data)).write_bytes(file.read_bytes())
    return folder


def command(data: Path, *words: str) -> list[str]:
    return [sys.executable, str(ROOT / "quotewell.py"), "chat", "--data", str(data), *words]


ENVIRONMENT = os.environ | {"QUOTEWELL_EMBEDDER": "hash", "QUOTEWELL_THRESHOLD": "0", "QUOTEWELL_MAX_QUOTES": "1"}
ENVIRONMENT |= {"TERM": "dumb", "PYTHONPATH": str(ROOT)}


def piped(data: Path, text: str | bytes, *words: str) -> subprocess.CompletedProcess[str]:
    raw = text if isinstance(text, bytes) else text.encode()
    done = subprocess.run(command(data, *words), input=raw, env=ENVIRONMENT, capture_output=True, check=False)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.slow
def test_piped_lines_are_questions_read_with_those_before_them_and_nothing_is_kept(data: Path) -> None:
    done = piped(data, f"{WHERE}\n\n{WHEN}\n/history\n/new\n/history\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Understood as: When did the Marten bakery open?" in done.stdout
    assert "1987" in done.stdout and "Sources" in done.stdout
    assert "\x1b" not in done.stdout and "> " not in done.stdout
    assert done.stdout.endswith(f"1. {WHERE}\n2. {WHEN}\n\n\n")
    assert not (data / "chat.json").exists()


@pytest.mark.slow
def test_what_cannot_be_asked_is_said_and_the_rest_is_answered(data: Path) -> None:
    done = piped(data, b"?!\n" + b"x" * 3000 + b"\n\xff\xfe\n/nothing\n" + WHERE.encode() + b"\n/quit\nnever read\n")
    assert done.returncode == 2
    assert "Quarry Street" in done.stdout
    assert len(re.findall("^error: ", done.stderr, re.MULTILINE)) == 4
    assert "there is no command /nothing" in done.stderr
    assert "Traceback" not in done.stderr and "never read" not in done.stdout


Say = Callable[[str, str], str]


@contextmanager
def at_terminal(data: Path, *words: str) -> Iterator[Say]:
    """Gives what types a line and waits until the screen shows some words; ends with Ctrl-D."""
    own, other = pty.openpty()
    process = subprocess.Popen(command(data, *words), stdin=other, stdout=other, stderr=other, env=ENVIRONMENT)
    os.close(other)
    screen = ""

    def say(keys: str, awaited: str) -> str:
        nonlocal screen
        begin = len(screen) if keys else 0
        os.write(own, keys.encode())
        while not re.search(awaited, screen[begin:], re.DOTALL):
            screen += os.read(own, 4096).decode("utf-8", "replace")
        return screen[begin:]

    try:
        yield say
        os.write(own, b"\x04")
        assert process.wait() == 0
    finally:
        process.kill()
        process.wait()
        os.close(own)


@pytest.mark.slow
def test_on_a_terminal_sources_come_on_a_key_and_the_conversation_goes_on_later(data: Path) -> None:
    with at_terminal(data) as say:
        say("", "> $")
        assert "Sources" not in say(f"{WHERE}\r", "Quarry Street.*> $")
        assert "bakery" in say("\x0f", "Sources.*> $")
        assert "bakery" in say("/sources\r", "Sources.*> $")
    kept = data / "chat.json"
    assert json.loads(kept.read_text("utf-8")) == [WHERE]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    with at_terminal(data, "--resume") as say:
        assert WHERE in say("", "Quarry Street.*> $")
        say(f"{WHEN}\r", "Understood as.*1987.*> $")
    assert json.loads(kept.read_text("utf-8")) == [WHERE, WHEN]
    assert b"Quarry" not in kept.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("content", ["", "{", '{"a": 1}', '[1, {"b": 2}]'])
def test_a_damaged_file_of_questions_is_no_conversation(data: Path, content: str) -> None:
    (data / "chat.json").write_text(content, "utf-8")
    done = piped(data, f"{WHERE}\n", "--resume")
    assert done.returncode == 0, done.stderr
    assert json.loads((data / "chat.json").read_text("utf-8")) == [WHERE]


@pytest.mark.slow
def test_a_number_asks_what_was_proposed(data: Path) -> None:
    done = piped(data, "Who won the chess match in Reykjavik?\n1\n/history\n")
    proposed = re.search(r"You could ask\n  1\. (.+)", done.stdout)
    if proposed is None:  # with this threshold everything may be answered; then a number is a question like any other
        assert done.returncode in (0, 2)
    else:
        assert f"2. {proposed[1]}" in done.stdout
