"""A real server in a process of its own: it follows an index that others change, and it ends when told to."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from index.build import Builder
from index.embedding.embedder import HashEmbedder
from index.errors import BadSetting
from index.settings import load_settings
from server.cli import run_server
from tests.conftest import piped, until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
SERVE = (
    "import sys; from index.settings import load_settings; from server.cli import run_server; "
    "run_server(load_settings(data=sys.argv[1], embedder='hash', threshold=0.0, port=0))"
)
INDEX = (
    "import sys; from pathlib import Path; from index.build import Builder; "
    "from index.embedding.embedder import HashEmbedder; "
    "from index.settings import load_settings; "
    "Builder(Path(sys.argv[1]), load_settings(embedder='hash'), HashEmbedder()).index([Path(sys.argv[2])], prune=True)"
)


class Server:
    """The process and the address that it printed."""

    def __init__(self, data: Path) -> None:
        self.process = python(SERVE, data)
        self.line = first_line(self.process)
        assert self.line, self.process.communicate()[1]
        self.port = int(self.line.strip().rpartition(":")[2])

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()

    def request(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        raw = reply.read()
        connection.close()
        return reply.status, json.loads(raw) if raw else {}

    def ask(self, question: str) -> dict[str, Any]:
        status, answer = self.request("POST", "/ask", {"question": question})
        assert status == 200
        return answer


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    return piped(sys.executable, "-c", code, *arguments, cwd=ROOT)


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def indexed(data: Path, articles: Path) -> None:
    """By another process; returns when it has published."""
    other = python(INDEX, data, articles)
    _, errors = other.communicate()
    assert other.returncode == 0, errors


def written(folder: Path) -> Path:
    """A folder with one article."""
    folder.mkdir()
    (folder / "cats.txt").write_text("Cats sleep for sixteen hours a day, mostly in warm places.\n")
    return folder


def serving(data: Path, articles: Path) -> Server:
    Builder(data, load_settings(embedder="hash"), HashEmbedder()).index([articles])
    return Server(data)


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    return written(tmp_path / "articles")


@pytest.fixture
def server(tmp_path: Path, articles: Path) -> Iterator[Server]:
    """For tests that change or end it."""
    running = serving(tmp_path / "data", articles)
    yield running
    running.end()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Shared by the tests that it must survive."""
    folder = tmp_path_factory.mktemp("lasting")
    running = serving(folder / "data", written(folder / "articles"))
    yield running
    running.end()


def test_it_says_where_it_answers_and_nothing_else_on_stdout(server: Server) -> None:
    assert server.line == f"Quotewell answers on http://127.0.0.1:{server.port}\n"
    assert server.request("GET", "/readyz")[0] == 200
    server.process.send_signal(signal.SIGTERM)
    rest, errors = server.process.communicate()
    assert rest == ""
    assert "Traceback" not in errors


def test_answers_follow_another_process(server: Server, tmp_path: Path, articles: Path) -> None:
    question = "What is the capacity of the tidal station at Sihwa Lake?"
    assert "Sihwa" not in server.ask(question)["citations"][0]["quote"]
    (articles / "tides.txt").write_text("The tidal power station at Sihwa Lake has a capacity of 254 megawatts.\n")
    indexed(tmp_path / "data", articles)
    until(lambda: "254 megawatts" in server.ask(question)["text"])
    (articles / "tides.txt").unlink()
    indexed(tmp_path / "data", articles)
    until(lambda: "254 megawatts" not in json.dumps(server.ask(question)))


def test_an_index_that_appears_later_is_found(tmp_path: Path, articles: Path) -> None:
    server = Server(tmp_path / "data")
    try:
        assert server.request("GET", "/readyz")[0] == 503
        assert (
            server.request("POST", "/ask", {"question": "Do cats sleep?"})[1]["type"] == "/docs/problems#index-missing"
        )
        indexed(tmp_path / "data", articles)
        until(lambda: server.request("GET", "/readyz")[0] == 200)
        assert server.ask("How long do cats sleep?")["citations"][0]["document_id"] == "cats"
    finally:
        server.end()


@pytest.mark.parametrize("length", [None, 5_000_000])
def test_a_body_that_is_too_large_is_refused_and_the_server_goes_on(lasting: Server, length: int | None) -> None:
    """Chunked without a length, and with one."""
    connection = http.client.HTTPConnection("127.0.0.1", lasting.port, timeout=60)
    headers = {"Content-Type": "application/json"} | ({"Content-Length": str(length)} if length else {})
    connection.request("POST", "/ask", (b"x" * 50_000 for _ in range(100)), headers, encode_chunked=length is None)
    reply = connection.getresponse()
    assert (reply.status, json.loads(reply.read())["type"]) == (413, "/docs/problems#too-large")
    connection.close()
    assert lasting.ask("How long do cats sleep?")["status"] == "answered"
    assert peak_megabytes(lasting.process.pid) < 500


def peak_megabytes(process: int) -> float:
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        pytest.skip("peak memory is read from /proc, which is not here")
    return next(int(line.split()[1]) / 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM"))


def test_a_keep_alive_connection_survives_every_kind_of_error(lasting: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", lasting.port, timeout=60)
    for body in (b'{"question": "\\ud800"}', b"[" * 20_000, b'{"question": 1, "limit": NaN}', b"\xff", b"x" * 70_000):
        connection.request("POST", "/ask", body, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        reply.read()
        assert reply.status in {400, 413, 422}
    connection.request("GET", "/livez")
    assert connection.getresponse().status == 200
    connection.close()


def test_a_body_that_is_no_http_ends_the_connection_of_a_refused_request_and_breaks_nothing(server: Server) -> None:
    head = b"POST /ask HTTP/1.1\r\nHost: foreign\r\nTransfer-Encoding: chunked\r\n\r\n"
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
            client.sendall(head + b"ZZ\r\n")
            with suppress(ConnectionResetError):
                while client.recv(65536):
                    pass
    server.process.terminate()
    assert "Traceback" not in server.process.communicate()[1]


def test_what_follows_a_body_of_two_lengths_is_no_request(lasting: Server) -> None:
    """To a proxy that goes by Content-Length it was a part of the body, which nobody checked."""
    smuggled = b"DELETE /v1/documents/cats HTTP/1.1\r\nHost: localhost\r\n\r\n"
    head = "POST /ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", lasting.port), timeout=60) as client:
        client.sendall(head.format(5 + len(smuggled)).encode() + b"0\r\n\r\n" + smuggled)
        got = b""
        while piece := client.recv(65536):
            got += piece
    assert got.count(b"HTTP/1.1 ") == 1
    assert lasting.ask("How long do cats sleep?")["citations"][0]["document_id"] == "cats"


def test_who_offers_to_upgrade_is_answered_and_what_is_sent_behind_is_the_body(lasting: Server) -> None:
    """As Java's client does by default; a parser that stops at such a head takes the body for the next request."""
    body = b'{"question": "How long do cats sleep?"}'
    head = b"POST /ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
    offer = b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
    with socket.create_connection(("127.0.0.1", lasting.port), timeout=60) as client:
        client.sendall(head % len(body) + offer)
        client.sendall(body)
        with client.makefile("rb") as replies:
            said = replies.read()
    assert said.startswith(b"HTTP/1.1 200 ")
    assert said.count(b"HTTP/1.1 ") == 1


def test_a_head_without_end_is_refused(lasting: Server) -> None:
    """And is not kept until its time is up, which could be much memory."""
    with socket.create_connection(("127.0.0.1", lasting.port), timeout=60) as client, pytest.raises(OSError):
        client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Long: ")
        for _ in range(500):
            client.sendall(b"x" * 65_536)
    assert lasting.request("GET", "/livez")[0] == 200


def test_no_reply_names_the_server_software_or_trusts_a_forwarded_address(lasting: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", lasting.port, timeout=60)
    connection.request("GET", "/livez", headers={"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https"})
    reply = connection.getresponse()
    assert reply.status == 200
    assert reply.getheader("server") is None
    connection.close()


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_though_connections_stay_idle_or_half_open(server: Server, told: signal.Signals) -> None:
    idle = socket.create_connection(("127.0.0.1", server.port))
    half = socket.create_connection(("127.0.0.1", server.port))
    half.sendall(b"POST /ask HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    server.ask("How long do cats sleep?")
    server.process.send_signal(told)
    assert server.process.wait() in {0, -told}
    idle.close()
    half.close()


def test_a_taken_port_is_an_error_that_names_the_option(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadSetting, match=rf"port {port}: .*--port"):
            run_server(load_settings(data=tmp_path, embedder="hash", port=port))


def test_an_address_that_is_not_ours_is_an_error_that_names_the_option(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="--host"):
        run_server(load_settings(data=tmp_path, embedder="hash", host="no such host.invalid", port=0))


def test_serving_loads_neither_torch_nor_sentence_transformers() -> None:
    code = "import sys, server.cli; print([m for m in ('torch', 'sentence_transformers') if m in sys.modules])"
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, env=os.environ
    )
    assert out.stdout == "[]\n"
