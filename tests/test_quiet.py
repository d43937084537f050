"""Nothing phones home, and nothing is left in the home: whole commands with the real model, watched by strace.

They have an empty home and, where that is permitted, a network namespace without a route. A library that looks up a
host, in whatever thread and language, opens a socket; what keeps an id or a cache opens a file elsewhere.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.conftest import piped

pytestmark = pytest.mark.slow

QUOTEWELL = (sys.executable, str(Path(__file__).parent.parent / "quotewell.py"))
NO_ROUTE = ("unshare", "--map-root-user", "--net")
STRACE = ("strace", "-f", "-y", "-qq", "--seccomp-bpf", "-e", "trace=socket,connect,bind,openat,?openat2,?open,?creat")
OF_SOCKETS = re.compile(r"\d+ +(socket|connect|bind)\(")
OPENED = re.compile(r'\d+ +(?P<call>open|openat2?|creat)\((\w+(<(?P<at>[^>]*)>)?, )?"(?P<path>[^"]*)"(?P<how>.*)')
WHO = "Who has run the bakery alone since 2011?"


def permitted(prefix: Sequence[str]) -> bool:
    try:
        return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def foreign(trace: str, own: Iterable[Path]) -> list[str]:
    """The lines that deal with a socket, or try to write to a file that is in none of our own folders."""
    return [line for line in trace.splitlines() if OF_SOCKETS.match(line) or written_elsewhere(line, own)]


def written_elsewhere(line: str, own: Iterable[Path]) -> bool:
    opened = OPENED.match(line)
    if not opened or not (opened["call"] == "creat" or re.search("O_WRONLY|O_RDWR|O_CREAT", opened["how"])):
        return False
    path = Path(os.path.normpath(Path(opened["at"] or "", opened["path"])))
    return path != Path(os.devnull) and not any(path.is_relative_to(folder) for folder in own)


class Room:
    """A home, where commands start, a folder for temporary files, and one for data; nobody else writes there."""

    def __init__(self, folder: Path, *, traced: bool, routed: bool) -> None:
        self.home, self.temporary, self.data, self.trace = (folder / name for name in ("home", "tmp", "data", "trace"))
        self.home.mkdir()
        self.temporary.mkdir()
        self.traced = traced
        self.prefix = () if routed else NO_ROUTE

    def start(self, command: Sequence[str], prefix: Sequence[str]) -> subprocess.Popen[str]:
        traced = (*STRACE, "-o", str(self.trace)) if self.traced else ()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "PYTHONDONTWRITEBYTECODE": "1",  # else a new installation is compiled, beside its sources
        }
        # a signal to the session reaches the command, whoever watches it
        return piped(*prefix, *traced, *command, cwd=self.home, env=environment, start_new_session=True)

    def run(self, *command: str, given: str = "") -> str:
        """What it prints. It must succeed."""
        process = self.start(command, self.prefix)
        printed, said = process.communicate(given)
        assert process.returncode == 0, said
        return printed

    def foreign(self) -> list[str]:
        """What the last command did that is not its own business; here it has to be nothing."""
        left = [str(path) for folder in (self.home, self.temporary) for path in folder.rglob("*")]
        trace = self.trace.read_text(errors="replace") if self.traced else ""
        return foreign(trace, (self.data, self.temporary)) + left


def new_room(folder: Path) -> Room:
    traced, unrouted = permitted(STRACE), permitted(NO_ROUTE)
    if traced and unrouted and not permitted([*NO_ROUTE, *STRACE]):
        unrouted = False
    if not traced and not unrouted:
        pytest.skip("neither strace nor unshare --net is permitted here: install strace, or allow one of them")
    return Room(folder, traced=traced, routed=not unrouted)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return new_room(tmp_path)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Room, list[str]]:
    """The room, with a gold question in its data folder, and what indexing did that is foreign."""
    folder = tmp_path_factory.mktemp("quiet")
    room = new_room(folder)
    text = "The Marten bakery opened in 1987. Oskar Lind has run it alone since 2011."
    (folder / "bakery.txt").write_text(text)
    room.run(*QUOTEWELL, "index", str(folder / "bakery.txt"), "--data", str(room.data))
    found = room.foreign()
    quote = "Oskar Lind has run it alone since 2011."
    span = {"document_id": "bakery", "start": text.index(quote), "end": len(text), "quote": quote}
    question = {"id": "q1", "text": WHO, "answerable": True, "answers": ["Oskar Lind"], "spans": [span], "tags": []}
    (room.data / "bakery.jsonl").write_text(json.dumps(question) + "\n")
    return room, found


PLANTED = {
    "a lookup": "import socket; socket.gethostbyname('telemetry.invalid')",
    "a datagram": "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 53))",
    "a file, removed again": "import os; open(f'{os.environ[\"HOME\"]}/id', 'w'); os.remove('id')",
    "a file named from its folder": "import os; os.open('id', os.O_CREAT, dir_fd=os.open('.', 0)); os.remove('id')",
    "a folder": "import os; os.makedirs('.cache/new')",
}


@pytest.mark.parametrize("code", PLANTED.values(), ids=PLANTED)
def test_a_planted_lookup_or_file_is_seen(room: Room, code: str) -> None:
    if not room.traced:
        pytest.skip("strace is not permitted here")
    room.run(sys.executable, "-c", f"try:\n    {code}\nexcept OSError: pass")
    assert room.foreign()


def test_work_in_our_own_folders_is_not_foreign(room: Room) -> None:
    code = "import os, sys, tempfile; tempfile.TemporaryFile(); os.mkdir(sys.argv[1]); open(sys.argv[1] + '/a', 'w')"
    room.run(sys.executable, "-c", code, str(room.data))
    assert room.foreign() == []


def test_indexing_is_quiet(indexed: tuple[Room, list[str]]) -> None:
    assert indexed[1] == []


def test_asking_is_quiet(indexed: tuple[Room, list[str]]) -> None:
    room, _ = indexed
    assert "Oskar Lind" in room.run(*QUOTEWELL, "ask", WHO, "--data", str(room.data))
    assert room.foreign() == []


def test_an_agent_that_hangs_up_at_once_is_served_quietly(indexed: tuple[Room, list[str]]) -> None:
    """Though the model may still be loading; `run` wants an exit code of 0."""
    room, _ = indexed
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    call = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
    assert '"id":1' in room.run(*QUOTEWELL, "mcp", "--data", str(room.data), given=json.dumps(call) + "\n")
    assert room.foreign() == []


def test_measuring_and_plotting_are_quiet(indexed: tuple[Room, list[str]]) -> None:
    room, _ = indexed
    room.run(
        *QUOTEWELL, "eval", "run", str(room.data / "bakery.jsonl"), "--data", str(room.data), "--out", str(room.data)
    )
    assert room.foreign() == []
    room.run(*QUOTEWELL, "eval", "report", str(room.data / "bakery.json"), "--out", str(room.data / "page.html"))
    assert "<svg" in (room.data / "page.html").read_text()
    assert room.foreign() == []


def test_serving_opens_its_own_socket_and_no_other(indexed: tuple[Room, list[str]]) -> None:
    room, _ = indexed
    if not room.traced:
        pytest.skip("strace is not permitted here, and without a route the server cannot be asked")
    process = room.start([*QUOTEWELL, "serve", "--port", "0", "--data", str(room.data)], prefix=())
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip().rpartition(" ")[2]
        body = json.dumps({"model": "quotewell", "messages": [{"role": "user", "content": WHO}]}).encode()
        request = Request(f"{address}/v1/chat/completions", body, {"Content-Type": "application/json"})
        with urlopen(request) as reply:
            assert "Oskar Lind" in reply.read().decode()
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait() == 0
    finally:
        process.kill()
        process.communicate()
    listening, bound = room.foreign()
    assert "socket(AF_INET, SOCK_STREAM" in listening
    assert "bind(" in bound
    assert 'inet_addr("127.0.0.1")' in bound
