"""Who may do what: every route with every kind of key, names and addresses written in all ways, rates, and owners."""

import hmac
import json
import logging
import re
import socket
import stat
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from httpx2 import Response
from starlette.routing import BaseRoute
from starlette.testclient import TestClient

from index.errors import BadSetting, NotFound, QuotewellError
from index.settings import Settings, load_settings
from index.storage.feedback import FeedbackStore, read_feedback
from index.storage.generation import at_work
from quotewell import run
from server.access import guard
from server.access.guard import ANY, EVERYBODY, MOST_COUNTED, NEEDS, NOBODY, Rate, declared, flat, refuse_open_doors
from server.access.keys import FILE, RIGHTS, Keys
from server.app import create_app
from server.middleware.shell import HEADERS
from tests.browsing import listening, started
from tests.browsing import serving as serving_at
from tests.conftest import until

QUESTION = {"question": "Who discovered comet Harrow?"}
ALL = (EVERYBODY, *RIGHTS, NOBODY)
READER = {"X-Quotewell-Reader": "reader-0123456789"}


@pytest.fixture(autouse=True)
def as_somebody_starts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what the tests of everything else set."""
    monkeypatch.delenv("QUOTEWELL_WITHOUT_KEY")


def settings(data: Path, **given: Any) -> Settings:
    return load_settings(data=data, embedder="hash", threshold=0.0, **given)


def serving(data: Path, **given: Any) -> Iterator[TestClient]:
    yield from started(create_app(settings(data, **given)))


@pytest.fixture
def local(data: Path) -> Iterator[TestClient]:
    """On a loopback address, as `make serve` starts it."""
    yield from serving(data)


@pytest.fixture
def reachable(data: Path) -> Iterator[TestClient]:
    yield from serving(data, host="0.0.0.0", rate="100000/second")


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def code(reply: Response) -> tuple[int, str]:
    body = reply.json()
    said = body["error"]["code"].replace("_", "-") if "error" in body else body["type"].rpartition("#")[2]
    return reply.status_code, said


# ── every route, every key ───────────────────────────────────────────────────────────────────────────────────────────

ADDRESSES = {"{document_id}": "comet", "{answer_id}": "0" * 32, "{sha256}": "0" * 64, "{model_id}": "quotewell"}


def requests() -> Iterator[tuple[str, str, str]]:
    """Method, address and the scope that it needs."""
    for line, need in NEEDS.items():
        method, _, path = line.partition(" ")
        for name, value in ADDRESSES.items():
            path = path.replace(name, value)
        yield ("GET" if method == ANY else method), re.sub(r"\{.*?\}", "x", path), need


def lines(routes: Iterable[BaseRoute]) -> Iterator[str]:
    """Every line that the table must have for these routes."""
    for route in flat(routes):
        methods = (getattr(route, "methods", None) or {ANY}) - {"HEAD"}  # which is GET by then
        yield from (f"{method} {declared(route)}" for method in sorted(methods))


def test_every_route_stands_in_the_table_and_nothing_else_does(tmp_path: Path) -> None:
    app = create_app(settings(tmp_path))
    assert set(lines(app.router.routes)) == set(NEEDS)
    assert set(NEEDS.values()) <= {EVERYBODY, *RIGHTS}


def test_a_route_that_somebody_forgot_to_list_is_closed_to_everybody(data: Path) -> None:
    app = create_app(settings(data, without_key="admin"))
    app.add_api_route("/v1/new", lambda: "open", methods=["GET", "POST"])
    assert set(lines(app.router.routes)) - set(NEEDS) == {"GET /v1/new", "POST /v1/new"}
    _, secret = Keys(data).create("all", "admin")
    with TestClient(app) as client:
        for headers in ({}, bearer(secret)):
            assert code(client.get("/v1/new", headers=headers)) == (403, "not-allowed")
            assert code(client.post("/v1/new", headers=headers)) == (403, "not-allowed")


@pytest.mark.parametrize("right", [None, *RIGHTS])
def test_each_key_opens_what_its_scope_says_and_nothing_more(reachable: TestClient, data: Path, right: Any) -> None:
    keys = {one: Keys(data).create(one, one)[1] for one in RIGHTS}
    headers = bearer(keys[right]) if right else {}
    for method, path, need in requests():
        reply = reachable.request(method, path, headers=headers | READER)
        allowed = need == EVERYBODY or (right is not None and RIGHTS.index(need) <= RIGHTS.index(right))
        refused = reply.status_code in (401, 403)
        assert refused is not allowed, (method, path, need, reply.status_code)
        if refused:
            assert reply.status_code == (403 if right else 401)
            assert right or reply.headers["www-authenticate"] == "Bearer"
        assert {name: reply.headers.get(name) for name in ("X-Content-Type-Options", "Referrer-Policy")} == {
            name: HEADERS[name] for name in ("X-Content-Type-Options", "Referrer-Policy")
        }
        assert "object-src 'none'" in reply.headers["content-security-policy"] or "sandbox" in str(reply.headers)
        assert "server" not in reply.headers


def test_a_widgets_key_asks_and_gives_feedback_and_that_is_all(reachable: TestClient, data: Path) -> None:
    _, secret = Keys(data).create("page", "widget")
    headers = bearer(secret) | READER
    answer = reachable.post("/v1/ask", json=QUESTION, headers=headers).json()
    assert answer["status"] == "answered"
    opinion = f"/v1/answers/{answer['id']}/feedback"
    assert reachable.put(opinion, json={"verdict": "up"}, headers=headers).status_code == 200
    revision = answer["citations"][0]["receipt"]["revision_url"]
    assert reachable.get(revision, headers=headers).status_code == 200  # the proof of what it was just told
    assert {path for method, path, need in requests() if need == "widget" and method == "GET"} == {
        "/v1/suggestions", f"/v1/documents/comet/revisions/{'0' * 64}", f"/v1/answers/{'0' * 32}/feedback",
    }  # fmt: skip
    for path in ("/v1/documents", "/v1/documents/comet/text", "/v1/corpus", f"/v1/answers/{answer['id']}", "/metrics"):
        assert code(reachable.get(path, headers=headers)) == (403, "not-allowed")


def wrong_credentials(secret: str, revoked: str) -> list[tuple[list[tuple[str, str]], int]]:
    """Headers, and the status of a question with them."""
    return [
        ([], 401),
        ([("Authorization", f"Bearer {secret}")], 200),
        ([("Authorization", f"bearer {secret}")], 200),
        ([("authorization", f"BEARER   {secret}  ")], 200),
        ([("Authorization", f"Bearer {secret[:-1]}")], 401),
        ([("Authorization", f"Bearer {secret}x")], 401),
        ([("Authorization", f"Bearer {secret.upper()}")], 401),
        ([("Authorization", f"Bearer {revoked}")], 401),
        ([("Authorization", "Bearer")], 401),
        ([("Authorization", "Bearer ")], 401),
        ([("Authorization", secret)], 401),
        ([("Authorization", f"Basic {secret}")], 401),
        ([("Authorization", f"Token {secret}")], 401),
        ([("Authorization", f"Bearer {secret}"), ("Authorization", f"Bearer {secret}")], 401),
        ([("Authorization", "Basic eDp5"), ("Authorization", f"Bearer {secret}")], 401),
        ([("X-API-Key", secret)], 401),
        ([("Cookie", f"key={secret}")], 401),
        ([("Proxy-Authorization", f"Bearer {secret}")], 401),
        ([("Authorization", f"Bearer é{secret}")], 401),
    ]


def test_a_key_counts_where_it_is_sent_once_and_as_a_bearer_token(reachable: TestClient, data: Path) -> None:
    keys = Keys(data)
    _, secret = keys.create("good", "ask")
    gone, revoked = keys.create("gone", "admin")
    assert reachable.post("/v1/ask", json=QUESTION, headers=bearer(revoked)).status_code == 200
    keys.revoke(gone.id)
    for headers, status in wrong_credentials(secret, revoked):
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        reply = reachable.post("/v1/ask", json=QUESTION, headers=raw)
        assert reply.status_code == status, headers
    assert reachable.post(f"/v1/ask?key={secret}&api_key={secret}", json=QUESTION).status_code == 401


def test_the_hash_of_a_key_is_no_key_and_nothing_that_is_kept_or_logged_holds_one(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key, secret = Keys(data).create("good", "admin")
    for client in serving(data, host="0.0.0.0"):
        assert client.get("/metrics", headers=bearer(key.sha256)).status_code == 401
        told = client.get("/metrics", headers=bearer(secret))
        assert (told.status_code, secret in told.text) == (200, False)
        client.post("/v1/ask", json=QUESTION, headers=bearer(secret))
        client.put("/v1/documents/new", json={"text": "A new one."}, headers=bearer(secret) | {"Idempotency-Key": "1"})
    assert secret not in caplog.text
    assert not [path for path in data.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert stat.S_IMODE((data / FILE).stat().st_mode) == 0o600


def test_keys_are_compared_in_constant_time(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every key is looked at, whichever is the one."""
    keys = Keys(data)
    secrets = [keys.create(f"n{number}", "ask")[1] for number in range(4)]
    seen: list[object] = []
    real = hmac.compare_digest

    def noted(one: bytes, other: bytes) -> bool:
        seen.append(one)
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", noted)
    for secret in (secrets[0], secrets[3], "qw_none"):
        seen.clear()
        keys.find(secret)
        assert len(seen) == 4


# ── on this machine ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_on_this_machine_anybody_asks_and_only_a_key_writes(local: TestClient, data: Path) -> None:
    assert local.post("/v1/ask", json=QUESTION).json()["status"] == "answered"
    assert local.get("/v1/documents").json()["total"] == 6
    sends: tuple[Callable[..., Any], ...] = (
        lambda **more: local.put("/v1/documents/new", json={"text": "A new one."}, **more),
        lambda **more: local.post("/v1/documents", json={"id": "new", "text": "A new one."}, **more),
        lambda **more: local.post("/v1/documents", files={"file": ("new.txt", b"A new one.")}, **more),
        lambda **more: local.delete("/v1/documents/comet", **more),
        lambda **more: local.get("/v1/operations/x", **more),
        lambda **more: local.get("/metrics", **more),
    )
    for send in sends:
        reply = send()
        assert code(reply) == (401, "no-key")
        assert "quotewell keys create NAME --scope" in reply.json()["detail"]
        assert ("QUOTEWELL_WITHOUT_KEY=ingest" in reply.json()["detail"]) is (reply.url.path != "/metrics")
    assert local.get("/v1/documents").json()["total"] == 6
    _, secret = Keys(data).create("writer", "ingest")
    assert local.put("/v1/documents/new", json={"text": "A new one."}, headers=bearer(secret)).status_code == 201
    assert local.post("/v1/ask", json=QUESTION).status_code == 200  # still without a key


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_who_comes_by_a_proxy_that_no_setting_names_is_nobody(local: TestClient, data: Path, header: str) -> None:
    """Whoever reaches such a proxy would else read all articles; where a setting lets all ask, they may."""
    _, secret = Keys(data).create("a client", "ask")
    for path in ("/ask", "/v1/chat/completions"):
        assert code(local.post(path, json=QUESTION, headers={header: "6.6.6.6"}))[0] == 401
    refused = local.post("/ask", json=QUESTION, headers={header: "6.6.6.6"}).json()
    assert "proxies" in refused["detail"]
    assert local.get("/", headers={header: "6.6.6.6"}).status_code == 200
    assert local.post("/ask", json=QUESTION, headers={header: "6.6.6.6"} | bearer(secret)).status_code == 200
    assert local.post("/ask", json=QUESTION).status_code == 200
    for client in serving(data, without_key="ask"):
        assert client.post("/ask", json=QUESTION, headers={header: "6.6.6.6"}).status_code == 200


def test_a_setting_lets_this_machine_write_and_another_lets_it_do_nothing(data: Path) -> None:
    for client in serving(data, without_key="ingest"):
        assert client.put("/v1/documents/new", json={"text": "A new one."}).status_code == 201
        assert client.get("/metrics").status_code == 401
    for client in serving(data, without_key="nothing"):
        assert client.post("/v1/ask", json=QUESTION).status_code == 401
        assert client.get("/").status_code == 200


def test_an_openai_client_sends_its_key_and_where_there_is_none_whatever_it_must(local: TestClient, data: Path) -> None:
    chat = {"model": "quotewell", "messages": [{"role": "user", "content": QUESTION["question"]}]}
    assert local.post("/v1/chat/completions", json=chat, headers=bearer("not needed")).status_code == 200
    _, secret = Keys(data).create("chat", "ask")
    assert local.post("/v1/chat/completions", json=chat, headers=bearer(secret)).status_code == 200
    reply = local.post("/v1/chat/completions", json=chat, headers=bearer("not needed"))
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "no_key")


def test_what_is_refused_is_refused_before_its_body_is_read(data: Path) -> None:
    """Nine megabytes are announced and none is sent; a body that is broken is no matter either."""
    app = create_app(settings(data))
    with listening(app, lifespan=True) as address, socket.create_connection(_place(address), timeout=60) as client:
        head = "PUT /v1/documents/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        client.sendall(f"{head}Content-Length: 9000000\r\n\r\n{{".encode())
        assert client.recv(100).startswith(b"HTTP/1.1 401 ")


def _place(address: str) -> tuple[str, int]:
    split = urlsplit(address)
    return split.hostname or "", split.port or 0


def test_a_page_shows_no_stranger_whether_an_article_is_there(reachable: TestClient, data: Path) -> None:
    Keys(data).create("any", "ask")
    assert reachable.get("/documents/comet").content == reachable.get("/documents/none!").content
    assert reachable.get("/documents/none!").status_code == 200


# ── the command ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_keys_are_made_listed_and_revoked_and_a_running_server_follows_at_once(
    reachable: TestClient, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--data", str(data)]
    assert run(["keys", "list", *place]) == 0
    assert "quotewell keys create NAME" in capsys.readouterr().err
    assert run(["keys", "create", "phone app", "--scope", "ingest", *place]) == 0
    printed = capsys.readouterr()
    secret = printed.out.strip()
    assert re.fullmatch(r"qw_[\w-]{43}", secret)
    assert secret not in printed.err and f"made for '{data}'" in printed.err
    assert run(["keys", "create", "other", "--json", *place]) == 0
    other = json.loads(capsys.readouterr().out)
    assert (set(other), other["scope"]) == ({"id", "name", "scope", "created", "key"}, "ask")
    assert run(["keys", "list", "--json", *place]) == 0
    listed = json.loads(capsys.readouterr().out)["keys"]
    assert [(one["name"], one["scope"]) for one in listed] == [("phone app", "ingest"), ("other", "ask")]
    assert run(["keys", "list", *place]) == 0
    shown = capsys.readouterr().out
    assert listed[0]["id"] in shown and secret not in shown and "sha256" not in shown
    for headers in (bearer(secret), bearer(other["key"])):
        assert reachable.post("/v1/ask", json=QUESTION, headers=headers).status_code == 200
    assert run(["keys", "revoke", "phone app", *place]) == 0
    assert reachable.post("/v1/ask", json=QUESTION, headers=bearer(secret)).status_code == 401
    assert run(["keys", "revoke", other["id"], "--json", *place]) == 0
    assert reachable.post("/v1/ask", json=QUESTION, headers=bearer(other["key"])).status_code == 401
    assert run(["keys", "revoke", "phone app", *place]) == 2
    assert f"quotewell keys list --data {data}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["create", "x", "--scope", "root"], ["create", ""], ["create", "a\nb"], ["create", "x" * 101]]
)
def test_what_is_no_key_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run(["keys", *arguments, "--data", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "Value error" not in line


def test_many_commands_at_once_lose_no_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: Keys(tmp_path).create(str(number), "ask"), range(40)))
    assert {key.id for key in Keys(tmp_path).all()} == {key.id for key, _ in made}
    assert {path.name for path in tmp_path.iterdir()} == {FILE, f"{FILE}.lock"}


def test_a_key_is_revoked_while_articles_are_indexed(tmp_path: Path) -> None:
    """That takes hours maybe, and holds the folder's lock all the while."""
    keys = Keys(tmp_path)
    key, secret = keys.create("lost", "admin")
    with ThreadPoolExecutor(1) as pool, at_work(tmp_path):
        assert pool.submit(keys.revoke, key.id).result(10) == key
        assert keys.find(secret) is None


def test_a_name_that_two_keys_have_revokes_neither(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    keys.create("twin", "ask"), keys.create("twin", "ask")
    with pytest.raises(NotFound, match="2 keys are named 'twin'"):
        keys.revoke("twin")
    assert len(keys.all()) == 2


@pytest.mark.parametrize("damage", [b"", b"[{}]", b"\xff\xfe", b'{"keys": []}', b"[", b'[{"scope": "admin"}]'])
def test_a_damaged_file_of_keys_opens_nothing_and_says_so(reachable: TestClient, data: Path, damage: bytes) -> None:
    _, secret = Keys(data).create("good", "admin")
    whole = (data / FILE).read_bytes()
    assert reachable.get("/metrics", headers=bearer(secret)).status_code == 200
    (data / FILE).write_bytes(damage)
    reply = reachable.get("/metrics", headers=bearer(secret))
    assert reply.status_code == 503
    assert f"'{data.name}/{FILE}' is damaged" in reply.json()["detail"]
    with pytest.raises(QuotewellError, match="damaged"):
        Keys(data).create("next", "ask")
    (data / FILE).write_bytes(whole)
    assert reachable.get("/metrics", headers=bearer(secret)).status_code == 200


# ── where others reach it ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "box.lan", "127.0.0.1.nip.example"])
def test_an_address_that_others_reach_is_not_served_without_a_key(
    data: Path, host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve", "--host", host, "--port", "0", "--data", str(data)]) == 2
    said = capsys.readouterr().err
    assert f"quotewell keys create NAME --scope ask --data {data}" in said
    Keys(data).create("one", "ask")
    refuse_open_doors(settings(data, host=host))
    for right in ("ingest", "admin"):
        with pytest.raises(BadSetting, match="without_key"):
            refuse_open_doors(settings(data, host=host, without_key=right))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
def test_an_address_of_this_machine_needs_none(data: Path, host: str) -> None:
    refuse_open_doors(settings(data, host=host))


def test_once_the_last_key_is_revoked_nobody_gets_in(reachable: TestClient, data: Path) -> None:
    key, secret = Keys(data).create("only", "admin")
    Keys(data).revoke(key.id)
    for headers in ({}, bearer(secret)):
        assert reachable.post("/v1/ask", json=QUESTION, headers=headers).status_code == 401


# ── names and addresses ──────────────────────────────────────────────────────────────────────────────────────────────

HOSTS = [
    ("{own}", True), ("localhost", True), ("LOCALHOST:1", True), ("127.0.0.1", True), ("[::1]:{port}", True),
    ("articles.example", True), ("public.example:8443", True), ("rebound.example", False), ("localhost.evil", False),
    ("127.0.0.1.evil.example", False), ("evil@localhost", False), ("localhost/docs", False), ("localhost?", False),
    ("", False), ("[", False), ("6.6.6.6", False), ("localhost:x", False), ("localhost, evil", False),
    ("localhost\tevil", False), ("articles.example.", False), ("[::1", False), ("2130706433", False),
]  # fmt: skip


def test_no_route_is_served_under_a_foreign_name(data: Path) -> None:
    """By a raw socket, since a client library would mend some of them."""
    app = create_app(settings(data, hosts="articles.example", public_url="https://public.example"))
    with serving_at(app) as address:
        own = urlsplit(address)
        paths = [(method, path) for method, path, _ in requests()]
        for host, known in HOSTS:
            shown = host.format(own=own.netloc, port=own.port)
            for method, path in paths if not known else paths[:1]:
                status = raw(address, f"{method} {path} HTTP/1.1\r\nHost: {shown}\r\nContent-Length: 0\r\n")
                assert (status not in (400, 421)) is known, (host, method, path, status)
        for lines_ in (
            "Host: localhost\r\nHost: evil.example\r\n",
            "",
            "Host: evil.example\r\nX-Forwarded-Host: localhost\r\n",
        ):
            assert raw(address, f"GET /version HTTP/1.1\r\n{lines_}") in (400, 421)
        assert raw(address, "GET http://evil.example/version HTTP/1.1\r\nHost: localhost\r\n") in (400, 404)


def raw(address: str, head: str) -> int:
    with socket.create_connection(_place(address), timeout=60) as client:
        client.sendall(f"{head}Connection: close\r\n\r\n".encode("latin-1"))
        status = client.recv(65_536).split(b" ", 2)[1:2]
        return int(status[0]) if status else 0


def test_a_foreign_name_is_told_which_setting_knows_names(local: TestClient) -> None:
    reply = local.post("/v1/ask", json=QUESTION, headers={"Host": "rebound.example"})
    assert code(reply) == (421, "wrong-name")
    assert "QUOTEWELL_HOSTS" in reply.json()["detail"]
    assert "rebound" not in reply.text


DETOURS = [
    "//v1/documents", "/./v1/documents", "/x/../v1/documents", "/%2e/v1/documents", "/v1/documents/", "/v1/documents;x",
    "/V1/documents", "/v1//documents", "/v1/documents%2f", "/v1%2Fdocuments", "/v1/documents?", "/v1/documents#x",
    "/static/../v1/documents", "/static/%2e%2e/v1/documents", "/docs/../metrics", "/metrics/", "/METRICS",
    "/metrics%00", "/v1/documents/comet", "/v1/documents/comet/", "/v1/documents/co%6Det", "/v1/documents/comet/text",
    "/documents/../v1/documents", "/v1/documents/%2e%2e/%2e%2e/metrics", "/livez/../metrics", "/%6detrics", "/mcp/",
]  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "get", "TRACE"])
def test_no_way_of_writing_an_address_or_a_method_leads_past_the_guard(data: Path, method: str) -> None:
    Keys(data).create("one", "ask")
    app = create_app(settings(data, without_key="nothing"))
    with serving_at(app) as address:
        for path in DETOURS:
            status, body = said(address, method, path)
            assert status >= 400 or (path.startswith("/documents/") and b"comet" not in body), (path, status)
            assert b"Harrow" not in body and b"quotewell_" not in body
        assert said(address, "GET", "/documents/comet")[1].startswith(b"<!doctype html>")


def said(address: str, method: str, path: str) -> tuple[int, bytes]:
    with socket.create_connection(_place(address), timeout=60) as client:
        client.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        reply = b""
        while piece := client.recv(65_536):
            reply += piece
    head, _, body = reply.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), body


def test_a_proxy_may_keep_the_path_of_the_public_address_or_strip_it(data: Path) -> None:
    for client in serving(data, public_url="https://articles.example/the%20qw/", without_key="ask"):
        for below in ("/the%20qw", ""):
            assert client.get(f"{below}/").status_code == 200
            assert client.get(f"{below}/static/common.css").status_code == 200
            assert client.post(f"{below}/ask", json=QUESTION).status_code == 200
            assert client.get(f"{below}/documents/a%2Fb").text == client.get("/documents/a%2Fb").text
        assert client.get("/other/").status_code in (401, 404)
        assert client.post("/the%20qwx/ask", json=QUESTION).status_code in (401, 404)


def test_links_follow_the_public_address_and_never_a_host_that_is_made_up(data: Path) -> None:
    chat = {"model": "quotewell", "messages": [{"role": "user", "content": QUESTION["question"]}]}
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "search", "arguments": {"query": "comet"}},
    }
    agent = {"Accept": "application/json, text/event-stream"}
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "host=evil.example"}
    for public, begin in (
        ("https://articles.example/qw/", "https://articles.example/qw/documents/"),
        ("", "http://testserver/"),
    ):
        for client in serving(data, public_url=public, without_key="ask"):
            for path, body in (("/v1/chat/completions", chat), ("/mcp", call)):
                reply = client.post(path, json=body, headers=agent | forged)
                assert reply.status_code == 200, reply.text
                assert begin in reply.text and "evil.example" not in reply.text
                assert client.post(path, json=body, headers=agent | {"Host": "evil.example"}).status_code == 421


@pytest.mark.parametrize(
    "given",
    [{"public_url": "articles.example"}, {"public_url": "ftp://a.example"}, {"public_url": "https://a.example/?x"},
     {"public_url": "https://a@b.example"}, {"hosts": "https://a.example"}, {"hosts": "a b/c"}, {"rate": "often"},
     {"rate": "0.5"}, {"hosts": "* a"}],
)  # fmt: skip
def test_a_setting_that_says_nothing_is_named_when_the_server_starts(tmp_path: Path, given: dict[str, str]) -> None:
    with pytest.raises(BadSetting, match=f"setting '{next(iter(given))}'"):
        create_app(settings(tmp_path, **given))


@pytest.mark.parametrize(
    ("origin", "status"),
    [(None, 200), ("http://testserver", 200), ("http://localhost:3000", 200), ("https://wiki.example", 403),
     ("null", 403), ("file://", 403), ("http://testserver.evil", 403), ("", 403)],
)  # fmt: skip
def test_a_page_of_others_cannot_use_that_somebody_needs_no_key(
    local: TestClient, origin: str | None, status: int
) -> None:
    headers = {} if origin is None else {"Origin": origin}
    assert local.post("/v1/ask", json=QUESTION, headers=headers).status_code == status


def test_not_even_a_page_of_this_machine_writes_without_a_key_but_the_servers_own(data: Path) -> None:
    """A form with a file needs no preflight, so nothing else would stop it."""
    for client in serving(data, without_key="ingest", origins="*"):
        for origin, status in (("http://localhost:3000", 403), ("null", 403), ("http://testserver", 202)):
            sent = client.post("/v1/documents", files={"file": ("new.txt", b"New words.")}, headers={"Origin": origin})
            assert sent.status_code == status


# ── how often ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_key_or_address_that_asks_too_often_is_told_when_to_come_back(data: Path) -> None:
    _, one = Keys(data).create("one", "ask")
    _, two = Keys(data).create("two", "ask")
    for client in serving(data, rate="20/hour"):
        statuses = []
        for number in range(100):  # no header makes somebody another
            lies = {"X-Forwarded-For": f"6.6.6.{number}", "X-Real-IP": f"6.6.7.{number}", **READER}
            statuses.append(client.get("/v1/models", headers=bearer(one) | lies).status_code)
        assert statuses == [200] * 20 + [429] * 80
        reply = client.get("/v1/suggestions", headers=bearer(one))
        assert code(reply) == (429, "too-many-requests")
        assert 1 <= int(reply.headers["retry-after"]) <= 3600
        assert client.get("/v1/models", headers=bearer(two)).status_code == 200
        assert client.get("/v1/models").status_code == 200  # an address, and no key
        assert client.get("/livez").status_code == 200
        for _ in range(40):
            client.get("/v1/models", headers=bearer("qw_guess"))
        assert code(client.get("/v1/models", headers=bearer("qw_guess"))) == (429, "too-many-requests")
        assert client.get("/v1/models", headers=bearer(two)).status_code == 200


def test_on_this_machine_nobody_is_held_up_unless_a_setting_says_so(local: TestClient) -> None:
    assert {local.get("/v1/models").status_code for _ in range(700)} == {200}


def test_of_a_million_addresses_the_count_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MOST_COUNTED", 100)
    rate = Rate("2/hour")
    scope = {"type": "http", "path": "/v1/ask", "headers": []}
    for number in range(100):
        assert rate.refusal(scope, str(number)) is None
    assert [rate.refusal(scope, f"late {number}") is None for number in range(50)] == [True] * 2 + [False] * 48
    assert rate.refusal(scope, "7") is None  # those before are not held up by them
    assert len(rate._counted) == 100 < MOST_COUNTED


def test_an_ipv6_network_is_one_address() -> None:
    of = [
        guard._address({"client": (host, 1)})
        for host in ("2001:db8::1", "2001:db8::2:3", "2001:db8:0:1::1", "10.0.0.1")
    ]
    assert of[0] == of[1] != of[2]
    assert of[3] == "10.0.0.1"


# ── whose ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_feedback_is_replaced_and_taken_back_by_nobody_else(reachable: TestClient, data: Path) -> None:
    ask, page = Keys(data).create("app", "ask")[1], Keys(data).create("page", "widget")[1]
    admin = Keys(data).create("boss", "admin")[1]
    answer = reachable.post("/v1/ask", json=QUESTION, headers=bearer(ask)).json()["id"]
    opinion = f"/v1/answers/{answer}/feedback"
    readers = [
        bearer(ask), bearer(admin), bearer(page) | READER,
        bearer(page) | {"X-Quotewell-Reader": "another-reader-of-it"}, bearer(ask) | READER,
    ]  # fmt: skip
    for number, headers in enumerate(readers):
        body = {"verdict": "down" if number % 2 else "up", "comment": f"of {number}"}
        assert reachable.put(opinion, json=body, headers=headers).status_code == 200
    for number, headers in enumerate(readers):
        assert reachable.get(opinion, headers=headers).json()["comment"] == f"of {number}"
    assert reachable.delete(opinion, headers=readers[2]).status_code == 204
    assert reachable.get(opinion, headers=readers[2]).status_code == 404
    assert sorted(one.comment for one in read_feedback(data)) == ["of 0", "of 1", "of 3", "of 4"]
    assert {one.answer_id for one in read_feedback(data)} == {answer}
    assert code(reachable.put(opinion, json={"verdict": "up"}, headers=bearer(page))) == (422, "bad-input")
    for token in ("short", "with blanks in it x", "x" * 129):
        headers = bearer(page) | {"X-Quotewell-Reader": token}
        assert code(reachable.delete(opinion, headers=headers)) == (422, "bad-input")


def test_at_this_machine_whoever_tells_nothing_is_one_reader_and_a_page_is_another(
    local: TestClient, data: Path
) -> None:
    answer = local.post("/v1/ask", json=QUESTION).json()["id"]
    opinion = f"/v1/answers/{answer}/feedback"
    assert local.put(opinion, json={"verdict": "up"}).status_code == 200
    assert local.delete(opinion, headers=READER).status_code == 204
    assert local.get(opinion).json()["verdict"] == "up"


def test_of_several_opinions_on_an_abstention_the_last_leaves_the_abstention(tmp_path: Path) -> None:
    from tests.test_index_feedback import ABSTENTION

    store = FeedbackStore(tmp_path, 10)
    store.note(ABSTENTION)
    for owner, verdict in (("a", "down"), ("b", "up"), ("", "down")):
        store.judge(_with(ABSTENTION, verdict), owner)
    assert [one.verdict for one in read_feedback(tmp_path)] == ["down", "up", "down"]
    store.note(ABSTENTION)  # asked again: it is judged
    for owner, left in (("b", ["down", "down"]), ("", ["down"]), ("a", [""])):
        store.withdraw(ABSTENTION.answer_id, owner)
        assert [one.verdict for one in read_feedback(tmp_path)] == left
    assert read_feedback(tmp_path)[0].question == ABSTENTION.question


def _with(feedback: Any, verdict: str) -> Any:
    return type(feedback)(**{name: getattr(feedback, name) for name in feedback.__slots__} | {"verdict": verdict})


def test_two_writers_that_chose_the_same_idempotency_key_do_not_get_each_others_reply(
    local: TestClient, data: Path
) -> None:
    for name in ("one", "two"):
        _, secret = Keys(data).create(name, "ingest")
        reply = local.put(
            f"/v1/documents/of-{name}", json={"text": "A new one."}, headers=bearer(secret) | {"Idempotency-Key": "1"}
        )
        assert (reply.status_code, "idempotency-replayed" in reply.headers) == (201, False)


# ── nothing is fetched ───────────────────────────────────────────────────────────────────────────────────────────────


def test_no_address_in_an_article_or_a_request_is_ever_fetched(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        trap = f"http://127.0.0.1:{listener.getsockname()[1]}/trap"
        listener.setblocking(False)
        for client in serving(data, without_key="admin"):
            page = f'<img src="{trap}.png"><link rel="stylesheet" href="{trap}.css"><iframe src="{trap}"></iframe>'
            page += f'<p>The lighthouse of Trell is described at <a href="{trap}">{trap}</a>.</p>'
            client.put("/v1/documents/trap", json={"text": f"See {trap} ![x]({trap}.png) for Trell.", "url": trap})
            sent = client.post("/v1/documents", files={"file": ("trap.html", page.encode(), "text/html")})
            assert sent.status_code == 202
            until(lambda: client.get(sent.headers["Location"]).json()["status"] != "running")  # noqa: B023
            for path, body in (
                ("/v1/ask", {"question": f"What is at {trap}?"}),
                ("/v1/search", {"question": trap}),
                ("/v1/check", {"text": f"It is at {trap}."}),
                (
                    "/v1/chat/completions",
                    {"model": "quotewell", "messages": [{"role": "user", "content": f"Read {trap}"}]},
                ),
            ):
                assert client.post(path, json=body).status_code == 200
            assert (
                "Trell" in client.post("/v1/ask", json={"question": "Where is the lighthouse of Trell described?"}).text
            )
        with pytest.raises(BlockingIOError):
            listener.accept()
