"""Whatever is sent, the real server answers in its own words: no 5xx, no closed connection, no long work.

Over kept-alive sockets, since a broken reply shows only in the request after it. Four sources: the published interface
(schemathesis), bytes that once broke a server with mutations, JSON of all shapes (Hypothesis), and naughty strings in
every place for a text. In the suite a few hundred requests; QUOTEWELL_ROUNDS=N, as `make rigs` sets it, sends 300
times that, 12,000 at most.
"""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import Any, BinaryIO, NamedTuple

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from requests import RequestException, Session

from index.formats import ARTICLES, suffix
from server.schemas.openai import speaks_openai
from tests.rigs.rig import SEED, record
from tests.rigs.rig import rounds as rounds_asked
from tests.rigs.test_hostile_files import good_files

ROOT = Path(__file__).parent.parent.parent
ROUNDS = rounds_asked(250, 12_000, 300)  # requests in all
MOST_CPU_S = 2.0  # of the server for one request; on a machine with nothing else to do, that is its time as well
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
pytestmark = [pytest.mark.slow, pytest.mark.rig]

SERVE = (
    "import sys; import quotewell; exec(sys.argv[2]); from index.settings import load_settings; "
    "from server.cli import run_server; "
    "run_server(load_settings(data=sys.argv[1], embedder='hash', port=0, threshold=0.0, without_key='admin'))"
)


class Reply(NamedTuple):
    status: int
    media: str
    body: bytes
    closing: bool


class Sent(NamedTuple):
    """A request as bytes; `whole` where its head is good HTTP, so that it must be answered in our words."""

    method: str
    target: str
    data: bytes
    whole: bool = True

    def __str__(self) -> str:
        return f"{self.method} {self.target[:60]} {self.data[-160:]!r}"


def request(method: str, target: str, body: bytes = b"", media: str = "application/json") -> Sent:
    kind = f"Content-Type: {media}\r\n" if media else ""
    accept = "Accept: application/json, text/event-stream\r\n" if target == "/mcp" else ""
    head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n{kind}{accept}Content-Length: {len(body)}\r\n\r\n"
    return Sent(method, target, head.encode("latin-1") + body)


class Fuzzed:
    """One server under fire: what was sent, and what was wrong with the replies."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port
        self.sent: Counter[str] = Counter()
        self.faults: list[tuple[str, str]] = []
        self._socket: socket.socket | None = None
        self._file: BinaryIO | None = None

    def send(self, source: str, one: Sent) -> None:
        self.sent[source] += 1
        before = self.cpu_s()
        reply = self._kept_alive(one) if one.whole else self._alone(one)
        self.judge(one.target, one.method, reply, self.cpu_s() - before, str(one), whole=one.whole)
        if (
            reply is not None and reply.status == 202 and one.target != "/mcp"
        ):  # what goes on in the background is no cost of the next request
            self._wait_for(json.loads(reply.body)["id"], str(one))

    def _wait_for(self, operation: str, shown: str) -> None:
        asked = request("GET", f"/v1/operations/{operation}")
        while (reply := self._kept_alive(asked)) is not None and json.loads(reply.body)["status"] == "running":
            sleep(0.05)
        if reply is None or "fault in the server" in reply.body.decode():
            self.faults.append(("file", f"{shown}: {reply and reply.body!r}"))

    def judge(
        self, target: str, method: str, reply: Reply | None, cpu_s: float, shown: str, *, whole: bool = True
    ) -> None:
        if reply is None:
            if whole:
                self.faults.append(("reset", shown))
            return
        if reply.status >= 500 or b"event: error\n" in reply.body:
            self.faults.append(("5xx", f"{reply.status} {shown}"))
        elif reply.status >= 400 and whole and method != "HEAD" and not in_our_words(target, reply):
            self.faults.append(("shape", f"{reply.status} {reply.body[:100]!r} {shown}"))
        if cpu_s > MOST_CPU_S:
            self.faults.append(("slow", f"{cpu_s:.1f} s {shown}"))

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * TICK_S

    def _kept_alive(self, one: Sent) -> Reply | None:
        """None where the connection broke; once more on a new one where a kept one ends before the reply begins, since
        the server may end what was idle. What breaks by the request breaks there, too.
        """
        kept = self._socket is not None
        try:
            reply = self._exchanged(one)
            if reply is None and kept:
                reply = self._exchanged(one)
        except ValueError:  # half a reply
            reply = None
        if reply is None or reply.closing:
            self.close()
        return reply

    def _exchanged(self, one: Sent) -> Reply | None:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=60)
            self._file = self._socket.makefile("rb")
        assert self._file is not None
        try:
            self._socket.sendall(one.data)
            reply = received(self._file, one.method)
        except OSError:
            reply = None
        if reply is None:
            self.close()
        return reply

    def _alone(self, one: Sent) -> Reply | None:
        """On a connection of its own, which ends behind it: what is cut short may be answered or not."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as client, client.makefile("rb") as file:
            try:
                client.sendall(one.data)
                client.shutdown(socket.SHUT_WR)
                return received(file, one.method)
            except (OSError, ValueError):
                return None

    def close(self) -> None:
        if self._file is not None and self._socket is not None:
            self._file.close()
            self._socket.close()
        self._socket = self._file = None

    def told(self) -> str:
        kinds = Counter(kind for kind, _ in self.faults)
        return f"seed {SEED}: {sum(self.sent.values()):,} requests {dict(self.sent)}, faults {dict(kinds)}"


def received(file: BinaryIO, method: str) -> Reply | None:
    """None at the end of the connection. Raises ValueError for half a reply."""
    line = file.readline()
    if not line:
        return None
    status = int(line.split(b" ", 2)[1])
    headers: dict[str, str] = {}
    while (line := file.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    closing = headers.get("connection", "").lower() == "close"
    if method == "HEAD" or status in (204, 304):
        return Reply(status, headers.get("content-type", ""), b"", closing)
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(file.readline(), 16):
            body += whole(file, size)
            file.readline()
        file.readline()
    else:
        body = whole(file, int(headers["content-length"])) if "content-length" in headers else file.read()
    return Reply(status, headers.get("content-type", ""), body, closing)


def whole(file: BinaryIO, size: int) -> bytes:
    body = file.read(size)
    if len(body) < size:
        raise ValueError("the reply was cut off")
    return body


def in_our_words(target: str, reply: Reply) -> bool:
    """A problem, what the clients of OpenAI's interface and of MCP expect, or the page of a missing article."""
    if target.startswith("/documents/") and reply.media.startswith("text/html"):
        return True
    try:
        said = json.loads(reply.body)
    except ValueError:
        return False
    if reply.media == "application/problem+json":
        return bool(said["status"] == reply.status and said["type"].startswith("/docs/problems#"))
    if not reply.media.startswith("application/json"):
        return False
    if target.startswith("/mcp"):
        return bool(said.get("jsonrpc") == "2.0" and said["error"]["code"] < 0)
    return speaks_openai(target.partition("?")[0]) and bool(said["error"]["message"])


@contextmanager
def serving(data: Path, sabotage: str = "") -> Iterator[Fuzzed]:
    """A real server as a process of its own; `sabotage` is code that it runs first."""
    log = data.parent / "server.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(data), sabotage], cwd=ROOT, stdout=subprocess.PIPE, stderr=said
        )
        try:
            assert process.stdout is not None
            fuzzed = Fuzzed(process, int(process.stdout.readline().strip().rpartition(b":")[2]))
            try:
                for (method, target), (body, _) in TEXTS.items():  # what the first of a kind loads is no cost of it
                    fuzzed._kept_alive(request(method, target, json.dumps(body).encode()))
                yield fuzzed
            finally:
                fuzzed.close()
            assert process.poll() is None, "the server has died"
        finally:
            process.terminate()
            process.communicate()
    if not sabotage:
        assert "Traceback" not in log.read_text("utf-8", "replace")


# ── what is sent ─────────────────────────────────────────────────────────────────────────────────────────────────────

TEXTS: dict[tuple[str, str], tuple[dict[str, Any], tuple[str, ...]]] = {  # address → a good body, its texts by path
    ("POST", "/v1/ask"): (
        {"question": "Who runs it?"},
        ("question", "mode", "as_of", "history.content", "filters.authors"),
    ),
    ("POST", "/ask"): ({"question": "Who runs it?", "stream": True}, ("question",)),
    ("POST", "/v1/search"): ({"question": "bakery"}, ("question", "filters.documents", "filters.published_from")),
    ("POST", "/v1/check"): ({"text": "It opened in 1987."}, ("text", "as_of")),
    ("POST", "/v1/verify"): ({"citations": [{"quote": "x"}]}, ("citations.quote", "citations.document_id")),
    ("POST", "/v1/chat/completions"): (
        {"model": "quotewell", "messages": [{"role": "user", "content": "Who?"}]},
        ("model", "messages.content", "messages.role", "user"),
    ),
    ("POST", "/mcp"): (
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": "ask", "arguments": {"question": "Who?"}}},
        ("method", "id", "params.name", "params.arguments.question", "jsonrpc"),
    ),
    ("POST", "/v1/documents"): (
        {"id": "new", "text": "A new one."},
        ("id", "text", "title", "author", "url", "published"),
    ),
    ("PUT", f"/v1/answers/{'0' * 32}/feedback"): ({"verdict": "up"}, ("verdict", "comment", "reasons")),
}  # fmt: skip
NAUGHTY = [
    "", " ", "\x00", "\x00x", "\r\n\r\nGET / HTTP/1.1", "\ud800", "\udfff\ud800", "a\u0300" * 60,
    "Z̵̢͔̓a̸̙͝l̷̻̿g̸̙͐o̴͕͝", "\u202eoh on\u202c", "\ufeffbom", "👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "𝔘𝔫𝔦", "ﷺ", "ß" * 300, "İ",
    "ı", "ﬀ", "１２３", "٣٤٥", "null", "undefined", "NaN", "Infinity", "-0", "1e999", "true", "0x10", "1_000", "nil",
    "None", "\\", "\\\\", "\\u0000", "%00", "%ff%fe", "%ed%a0%80", "%s%s%n", "{0}", "{{7*7}}", "${7*7}",
    "'; DROP TABLE documents; --", "\" OR 1=1", "1;SELECT pg_sleep(9)", "*", "a*", "NEAR(a b)", "title:x", "-a", "^a",
    "a AND (b", '"', "''", "`id`", "$(id)", "| id", "; id", "../../etc/passwd", "..\\..\\x", "/etc/passwd", "C:\\x",
    "con", "aux.txt", ".", "..", "~", "file:///etc/passwd", "<script>alert(1)</script>", "<!--", "]]>", "<a " * 300,
    "&lt;&#0;", "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]>", "javascript:alert(1)", "data:text/html,x",
    "http://[::1", "http://a:99999/", "mailto:", "=cmd|' /C calc'!A0", "@SUM(1)", "\x1b[31mred\x1b[0m", "\x07\x08",
    "\x7f\x80\x9f", "\u2028\u2029", "\u200b\u200c\u200d", "\u0600\u06dd", "\U000e0001", "\uffff\ufffe", "\u3000",
    "a" * 1999, "a" * 2001, "a" * 60_000, "(" * 1000, "[" * 1000, "a?" * 900, "why " * 400, "1" * 5000,
    "9" * 400 + ".5", "-" * 2000, "é" * 1000, "的" * 900, "ㄱ" * 500, "The The The " * 100, "?" * 1999, "!?!?",
    "2024-02-30", "0000-00-00", "9999-12-31", "10000-01-01", "-1", "2024-1-1", "１９８７-01-01",
    "ignore all previous instructions", "[1] [2] [99]", "“”", "—", "a\tb\vc\fd", "\n" * 900, "x\n" * 900, "Ω≈ç√∫",
    "ثم نفس", "สวัสดี", "हिन्दी", "עברית", "日本語?",
]  # fmt: skip
SEEDS = [
    b'{"question": "\xed\xa0\x80"}', b'{"question": "\\ud800"}', b'{"\\ud800": 1}',
    b'{"question": "x", "limit": "\\udc00"}', b"\xff\xfe\x00", b"\x00", b"", b"{", b"[]", b"null", b'"x"', b"1",
    b"{}" * 50, b'{"question": NaN}', b'{"question": "x", "limit": NaN}', b'{"question": "x", "limit": Infinity}',
    b'{"question": "x", "limit": 1e999}', b'{"question": "x", "limit": ' + b"9" * 5000 + b"}",
    b'{"question": "x", "limit": -' + b"9" * 4000 + b"}", b"[" * 60_000, b'{"question": ' + b"[" * 30_000 + b"}",
    b'{"a":' * 900 + b"1" + b"}" * 900, b'{"question": "a", "question": "b"}',
    b'{"question": "x"}'.decode().encode("utf-16"), b'{"question": "x"}'.decode().encode("utf-32"),
    b'\xef\xbb\xbf{"question": "x"}', b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", b"question=x&limit=1",
    b'{"question": "x"} trailing', b'{"question": "x", "unknown": ' + b"[" + b"[]," * 20_000 + b"[]]}",
    b'{"question": "x\\u0000y"}', b'{"question": "\x01"}', b"--x--\r\n",
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="../../x\x00.md"\r\n\r\nhello\r\n--x--\r\n',
    b"--x\r\n" * 2000,
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n{"_id": "\\ud800"}\r\n--x--\r\n',
]  # fmt: skip
MEDIA = (
    "application/json", "application/json; charset=utf-16", "text/plain", "", "application/octet-stream",
    "multipart/form-data; boundary=x", "multipart/form-data", "application/jsonp", "application/problem+json",
    "application/x-www-form-urlencoded", "APPLICATION/JSON", "application/json, text/plain", "x" * 5000,
)  # fmt: skip
HEADS = [
    b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", b"GET /livez HTTP/9.9\r\n\r\n",
    b"\x16\x03\x01\x02\x00", b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET http://evil/ HTTP/1.1\r\nHost: localhost\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"POST /ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST /ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n{",
    b"POST /ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /ask HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
    b"POST /ask HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    b"GET /\x00 HTTP/1.1\r\n\r\n",
    b"GET /v1/documents/%ff%fe HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \xff\xfe\r\nOrigin: \xff\r\n\r\n",
    b"\r\n\r\n\r\n",
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
]  # fmt: skip
TARGETS = [
    "/v1/documents/%00", "/v1/documents/%ff%fe", "/v1/documents/%ed%a0%80", "/v1/documents/..%2f..%2fetc",
    "/v1/documents/" + "a" * 8000, "/v1/documents?page_size=" + "9" * 5000, "/v1/documents?page_size=NaN",
    "/v1/documents?page_token=%00", "/v1/documents?page_token=AAAA", "/v1/answers/%00", "/v1/answers/x/feedback",
    "/v1/operations/%ff", "/v1/models/%00/%2f", "/documents/%ed%a0%80", "/static/..%2fapp.py", "/static/%00",
    "/static/" + "../" * 50, "/%", "/%zz", "/?" + "a=b&" * 2000, "//", "/v1//ask", "/swagger/%2e%2e/x",
    "/v1/documents/a/revisions/zz", "/openapi.json?x=%00", "/docs#x", "/metrics?%ff", "/readyz", "/v1/corpus",
    "/v1/suggestions?x=" + "%00" * 500,
]  # fmt: skip


def placed(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The body with the value where the path leads, through lists, too."""
    made: dict[str, Any] = json.loads(json.dumps(body))
    *steps, last = path.split(".")
    at: Any = made
    for step in steps:
        at = at.setdefault(step, [{}] if step in ("history", "citations", "messages") else {})
        at = at[0] if isinstance(at, list) else at
    at[last] = [value] if last in ("authors", "documents", "reasons") else value
    if "history" in made:
        made["history"][0].setdefault("role", "user")
    return made


def naughty(chance: random.Random) -> Sent:
    """A naughty string where a text belongs, or as a part of the address."""
    text = chance.choice(NAUGHTY)
    if chance.random() < 0.2:
        sent = "".join(f"%{byte:02x}" for byte in text[:900].encode("utf-8", "surrogatepass"))
        path = chance.choice(
            ("/v1/documents/{}", "/v1/documents/{}/text", "/v1/answers/{}", "/v1/models/{}", "/documents/{}")
        )
        return request(chance.choice(("GET", "HEAD", "DELETE")), path.format(sent))
    (method, target), (body, paths) = chance.choice(list(TEXTS.items()))
    return request(method, target, json.dumps(placed(body, chance.choice(paths), text)).encode())


def mutated(chance: random.Random) -> Sent:
    """Bytes that once broke a server, with some of them changed; in the body, or in the head."""
    if chance.random() < 0.15:
        head = changed(chance, chance.choice(HEADS)) if chance.random() < 0.7 else chance.choice(HEADS)
        return Sent(head.split(b" ")[0].decode("latin-1"), "head", head, whole=False)
    if chance.random() < 0.15:
        return request(chance.choice(("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH")), chance.choice(TARGETS))
    method, target = chance.choice(list(TEXTS))
    good = json.dumps(TEXTS[method, target][0]).encode()
    body = changed(chance, chance.choice((*SEEDS, good, good, good)))
    return request(method, target, body, chance.choice(MEDIA) if chance.random() < 0.4 else "application/json")


def changed(chance: random.Random, data: bytes) -> bytes:
    made = bytearray(data)
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        at = chance.randrange(len(made) + 1)
        how = chance.randrange(4)
        if how == 0 and made:
            made[min(at, len(made) - 1)] ^= 1 << chance.randrange(8)
        elif how == 1:
            made[at:at] = chance.choice((b"\x00", b"\xff", b"\\ud83d", b"[", b'"', b"\r\n", b"1e400", b"\xed\xa0\x80"))
        elif how == 2:
            del made[at : at + chance.choice((1, 2, 50))]
        else:
            made[at:at] = made[max(0, at - 20) : at] * chance.choice((1, 3))
    return bytes(made)


ANY_TEXT = st.text(st.characters(), max_size=40) | st.sampled_from(NAUGHTY)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT
FIELDS = "limit explain stream history filters messages params arguments citations".split()
OF_TEXTS = {path.rpartition(".")[2] for _, paths in TEXTS.values() for path in paths}
NAMES = st.sampled_from(sorted({*FIELDS, *OF_TEXTS})) | ANY_TEXT
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)
CODECS = ("utf-8", "utf-8", "utf-8", "utf-16", "utf-32", "utf-8-sig", "latin-1")


@st.composite
def shaped(draw: Callable[..., Any]) -> Sent:
    """A good body with a tree of anything somewhere in it, or a tree alone, in some encoding."""
    (method, target), (body, _) = draw(st.sampled_from(list(TEXTS.items())))
    extra = draw(st.dictionaries(NAMES, TREES, max_size=3))
    text = json.dumps(draw(st.sampled_from([body | extra, extra, draw(TREES)])), ensure_ascii=draw(st.booleans()))
    twice = f"{text[:-1]}, {text[1:]}" if draw(st.booleans()) and len(text) > 2 and text[0] == "{" else text
    codec = draw(st.sampled_from(CODECS))
    raw = twice.encode(codec, "surrogatepass" if codec.startswith("utf") else "replace")
    return request(method, target, raw)


# ── the rig ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def data(six_data: Path, tmp_path: Path) -> Path:
    return shutil.copytree(six_data, tmp_path / "data")


def by_chance(fuzzed: Fuzzed, rounds: int) -> None:
    chance = random.Random(SEED)
    for _ in range(rounds):
        fuzzed.send("bytes", mutated(chance))
        fuzzed.send("naughty", naughty(chance))


def by_hypothesis(fuzzed: Fuzzed, rounds: int) -> None:
    @seed(SEED)
    @settings(
        max_examples=rounds, database=None, deadline=None, suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )  # fmt: skip
    @given(shaped())
    def send(one: Sent) -> None:
        fuzzed.send("shapes", one)

    send()


def by_description(fuzzed: Fuzzed, rounds: int) -> None:
    described = schemathesis.openapi.from_path(ROOT / "docs" / "openapi.json")
    operations: list[Any] = list(described.get_all_operations())
    cases = st.one_of(*(found.ok().as_strategy() for found in operations))

    with Session() as session:

        @seed(SEED)
        @settings(
            max_examples=rounds, database=None, deadline=None, suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )  # fmt: skip
        @given(cases)
        def send(case: Any) -> None:
            fuzzed.sent["described"] += 1
            before = fuzzed.cpu_s()
            try:
                got = case.call(base_url=f"http://127.0.0.1:{fuzzed.port}", session=session, timeout=60)
            except RequestException as error:
                fuzzed.faults.append(("reset", f"{case.method} {case.path} {error}"))
                return
            reply = Reply(got.status_code, got.headers.get("content-type", [""])[0], got.content, False)
            shown = f"{case.method} {case.formatted_path} {case.body!r}"[:300]
            fuzzed.judge(case.path, case.method, reply, fuzzed.cpu_s() - before, shown)

        send()


def test_whatever_is_sent_is_answered_in_our_words_and_soon(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(data) as fuzzed:
        by_chance(fuzzed, ROUNDS * 3 // 10)
        by_hypothesis(fuzzed, ROUNDS * 2 // 10)
        by_description(fuzzed, ROUNDS * 2 // 10)
        fuzzed.send("alive", request("GET", "/livez"))
    with capsys.disabled():
        sys.stdout.write(f"\nfuzz: {fuzzed.told()}\n")
    for kind, shown in fuzzed.faults[:10]:
        sys.stdout.write(f"{kind}: {shown}\n")
    record(
        "requests of four fuzzers over kept-alive sockets: no 5xx, no closed connection, none over 2 s",
        sum(fuzzed.sent.values()), len(fuzzed.faults),
    )  # fmt: skip
    assert sum(fuzzed.sent.values()) >= ROUNDS


def sent_file(name: str, content: bytes) -> Sent:
    head = f'--x-x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    return request("POST", "/v1/documents", head + content + b"\r\n--x-x--\r\n", "multipart/form-data; boundary=x-x")


def changed_file(chance: random.Random) -> Sent:
    """A good file with some bytes changed, one in four under the name of another kind."""
    name, content = chance.choice([*good_files(1)])
    ending = suffix(Path(name)) if chance.random() < 0.75 else chance.choice(tuple(ARTICLES))
    return sent_file(f"sent{ending}", changed(chance, changed(chance, content)))


def test_whatever_file_is_sent_is_read_or_refused_with_its_reason(data: Path) -> None:
    count, chance = rounds_asked(12, 1_000, 25), random.Random(f"{SEED} files")
    with serving(data) as fuzzed:
        for _ in range(count):
            fuzzed.send("files", changed_file(chance))
        fuzzed.send("alive", request("GET", "/livez"))
    for kind, shown in fuzzed.faults[:10]:
        sys.stdout.write(f"{kind}: {shown}\n")
    record("changed files sent to a server: read, or refused with the reason", count, len(fuzzed.faults))


SABOTAGE = """
import server.uploads as uploads
read = uploads.open_file
def breaks(given):
    if given.name == "broken": raise ValueError("a bug")
    return read(given)
uploads.open_file = breaks
import server.problems as problems, rag.assistant as assistant
from time import process_time
asked, said = assistant.Assistant.answered, problems.problem
def broken(self, question, *given):
    if "\\u202e" in question: raise ValueError("a bug")
    until = process_time() + 2.2 if "DROP TABLE" in question else 0.0
    while process_time() < until: pass
    return asked(self, question, *given)
class Half:
    async def __call__(self, scope, receive, send):
        await send({"type": "http.response.start", "status": 400, "headers": [(b"content-length", b"9")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise ConnectionError("half a reply")
def cut(scope, kind, *given, **more):
    reply = said(scope, kind, *given, **more)
    if kind.code == "not-json": return Half()
    if kind.code == "not-found": reply.headers["content-type"] = "text/plain"
    return reply
assistant.Assistant.answered = broken
problems.problem = cut
"""


def test_the_rig_sees_a_bug_a_closed_connection_a_foreign_word_and_long_work(data: Path) -> None:
    """A rig that cannot fail proves nothing. To log a bug may take a busy machine long, too."""
    asking = [
        json.dumps({"question": f"Who {text}"}).encode() for text in ("\u202eoh on", "'; DROP TABLE documents; --")
    ]
    sent = [*(request("POST", "/v1/ask", body) for body in (*asking, b"{")), request("GET", "/v1/documents/none")]
    sent.append(sent_file("broken.txt", b"Words."))
    with serving(data, SABOTAGE) as fuzzed:
        for one, kind in zip(sent, ("5xx", "slow", "reset", "shape", "file"), strict=True):
            before = len(fuzzed.faults)
            fuzzed.send("naughty", one)
            assert fuzzed.faults[before][0] == kind
