"""Pages of other origins: which may ask, for what, and that they can read every reply, errors too."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from index.errors import BadSetting
from index.settings import load_settings
from server.access.hostnames import Allowed, allowed
from server.app import create_app
from server.middleware.cors import EXPOSED, SENT
from tests import make
from tests.browsing import started

LOCAL = "http://localhost:3000"
FOREIGN = "https://evil.example"
ALLOW = "access-control-allow-origin"
QUESTION = {"question": "How long do cats sleep?"}

READERS = [
    ("POST", "/ask"), ("POST", "/v1/ask"), ("POST", "/v1/search"), ("GET", "/v1/suggestions"), ("GET", "/v1/corpus"),
    ("GET", "/v1/documents"), ("GET", "/v1/documents/cats"), ("GET", "/v1/documents/a%2Fb/text"), ("HEAD", "/livez"),
    ("GET", "/v1/documents/cats/revisions/00"), ("GET", "/v1/answers/00"), ("PUT", "/v1/answers/00/feedback"),
    ("DELETE", "/v1/answers/00/feedback"), ("GET", "/livez"), ("GET", "/version"),
]  # fmt: skip
NOT_FOR_PAGES = [
    ("POST", "/v1/documents"), ("PUT", "/v1/documents/cats"), ("DELETE", "/v1/documents/none"), ("GET", "/metrics"),
    ("PATCH", "/v1/documents/cats"), ("POST", "/v1/answers/00/feedback"), ("GET", "/ask"), ("GET", "/docs"),
    ("GET", "/"), ("GET", "/documents/cats"), ("POST", "/v1/documents/cats/text"), ("GET", "/v1/documentsx"),
    ("POST", "/v1/ask/x"), ("TRACE", "/ask"), ("POST", "/v1/chat/completions"),
]  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = "Cats sleep for sixteen hours a day, mostly in warm places.\n"
    return make.indexed(tmp_path_factory.mktemp("origins"), {"cats": text}).data


@pytest.fixture(scope="module")
def client(data: Path) -> Iterator[TestClient]:
    yield from serving(data, "local")


@pytest.fixture(scope="module")
def named(data: Path) -> Iterator[TestClient]:
    yield from serving(data, "https://wiki.example, http://intra:8080")


@pytest.fixture(scope="module")
def everyone(data: Path) -> Iterator[TestClient]:
    yield from serving(data, "*")


def serving(data: Path, origins: str) -> Iterator[TestClient]:
    app = create_app(load_settings(data=data, embedder="hash", threshold=0.0, origins=origins))
    yield from started(app, raise_server_exceptions=False)


def preflight(client: TestClient, path: str, method: str, origin: str = LOCAL, headers: str = "") -> Any:
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    return client.options(path, headers=asked | ({"Access-Control-Request-Headers": headers} if headers else {}))


# ── the setting ──────────────────────────────────────────────────────────────────────────────────────────────────────

USABLE = [
    ("*", ("*",)), (" * ", ("*",)), ("", ()), ("null", ("null",)), ("https://a.example", ("https://a.example",)),
    ("https://a.example,http://b:8080", ("https://a.example", "http://b:8080")),
    (" https://a.example \n http://b ", ("https://a.example", "http://b")),
    ("HTTPS://A.Example:443 http://b:80 http://b:0443", ("https://a.example", "http://b", "http://b:443")),
    ("https://a.example https://a.example", ("https://a.example",)), ("http://[2001:db8::1]", ("http://[2001:db8::1]",)),
]  # fmt: skip


@pytest.mark.parametrize(("setting", "origins"), USABLE)
def test_origins_are_read_as_browsers_write_them(setting: str, origins: tuple[str, ...]) -> None:
    assert allowed(setting) == Allowed(origins, None)


def test_local_may_stand_in_a_list() -> None:
    assert allowed("local https://a.example").origins == ("https://a.example",)
    assert allowed("local null").origins == ("null",)
    assert allowed("local").pattern == allowed("local https://a.example").pattern is not None


UNUSABLE = [
    "a.example", "https://a.example/", "https://a.example/path", "ftp://a.example", "https://*.example", "https://",
    "https://user@a.example", "https://a.example:x", "https://a.example:70000", "https://a.example?x", "file://",
    "https://a..example", "javascript:alert(1)", "https://bücher.example", "LOCAL", "'self'", "https://a.example;",
]  # fmt: skip


@pytest.mark.parametrize("part", UNUSABLE)
def test_what_is_no_origin_is_named_when_the_server_starts(tmp_path: Path, part: str) -> None:
    with pytest.raises(BadSetting) as raised:
        create_app(load_settings(data=tmp_path, origins=f"https://good.example, {part}"))
    assert f"'origins' holds {part!r}" in str(raised.value)
    assert "https://example.org" in str(raised.value)


def test_a_star_beside_others_is_named_too() -> None:
    with pytest.raises(BadSetting, match=r"holds '\*'"):
        allowed("https://a.example *")


# ── who may ask ──────────────────────────────────────────────────────────────────────────────────────────────────────

THIS_MACHINE = [
    "http://localhost", LOCAL, "https://localhost:8443", "http://127.0.0.1:5500", "http://[::1]:9", "https://[::1]",
]  # fmt: skip
ELSEWHERE = [
    FOREIGN, "null", "http://localhost.evil.example", "http://evil.example/localhost", "http://127.0.0.10:80", "file://",
    "http://xlocalhost", "http://localhost:80a", "http://localhost:", "localhost", "NULL", "https://wiki.example.evil",
    "http://localhost@evil.example", "http://0.0.0.0", "", "http://127.0.0.1.nip.example", "http://localhost\u00a0",
]  # fmt: skip


@pytest.mark.parametrize("origin", THIS_MACHINE)
def test_by_default_pages_of_this_machine_may_ask(client: TestClient, origin: str) -> None:
    reply = client.post("/ask", json=QUESTION, headers={"Origin": origin})
    assert (reply.status_code, reply.headers[ALLOW]) == (200, origin)
    assert preflight(client, "/ask", "POST", origin).headers[ALLOW] == origin


@pytest.mark.parametrize("origin", ELSEWHERE)
def test_by_default_pages_of_others_may_not(client: TestClient, named: TestClient, origin: str) -> None:
    for asked in (client, named):
        reply = asked.get("/version", headers={b"Origin": origin.encode("latin-1")})
        assert (reply.status_code, ALLOW in reply.headers) == (200, False)
        assert "Origin" in reply.headers["vary"]


def test_a_list_allows_what_it_names_and_nothing_else(named: TestClient) -> None:
    for origin in ("https://wiki.example", "http://intra:8080"):
        assert named.get("/version", headers={"Origin": origin}).headers[ALLOW] == origin
    for origin in (LOCAL, "null", "http://wiki.example", "https://wiki.example:8443", "http://intra"):
        assert ALLOW not in named.get("/version", headers={"Origin": origin}).headers
        assert preflight(named, "/ask", "POST", origin).status_code == 403


def test_a_page_without_an_origin_may_ask_where_that_is_said(data: Path) -> None:
    """A file of this machine; but a page of any web site can hide behind it, too."""
    for client in serving(data, "local null"):
        for origin in ("null", LOCAL):
            assert client.post("/ask", json=QUESTION, headers={"Origin": origin}).headers[ALLOW] == origin


def test_a_star_allows_every_page(everyone: TestClient) -> None:
    for origin in (FOREIGN, "null", LOCAL):
        assert everyone.post("/ask", json=QUESTION, headers={"Origin": origin}).headers[ALLOW] == "*"
        assert preflight(everyone, "/ask", "POST", origin).headers[ALLOW] == "*"
    assert ALLOW not in preflight(everyone, "/v1/documents/cats", "DELETE", FOREIGN).headers


@pytest.mark.parametrize("origins", ["local", "*"])
def test_replies_are_stored_by_origin_and_carry_no_credentials(
    client: TestClient, everyone: TestClient, origins: str
) -> None:
    asked = client if origins == "local" else everyone
    for headers in ({}, {"Origin": LOCAL}, {"Origin": FOREIGN}):
        reply = asked.get("/v1/documents", headers=headers)
        assert "access-control-allow-credentials" not in reply.headers
        assert "Origin" in reply.headers["vary"] or reply.headers[ALLOW] == "*"


# ── for what ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("method", "path"), READERS)
def test_readers_routes_are_open_to_pages(client: TestClient, method: str, path: str) -> None:
    """Whatever the status is."""
    reply = client.request(method, path, headers={"Origin": LOCAL})
    assert reply.headers[ALLOW] == LOCAL
    assert {name.strip() for name in reply.headers["access-control-expose-headers"].split(",")} == set(EXPOSED)
    first = preflight(client, path, method, headers=",".join(SENT))
    assert (first.status_code, first.headers[ALLOW]) == (200, LOCAL)
    assert method in first.headers["access-control-allow-methods"].split(", ")
    assert set(SENT) <= set(first.headers["access-control-allow-headers"].lower().split(", "))
    assert "x-request-id" in first.headers


@pytest.mark.parametrize(("method", "path"), NOT_FOR_PAGES)
def test_nothing_else_is(client: TestClient, everyone: TestClient, method: str, path: str) -> None:
    for asked in (client, everyone):
        for reply in (asked.request(method, path, headers={"Origin": LOCAL}), preflight(asked, path, method)):
            assert not [name for name in reply.headers if name.startswith("access-control-")]
        assert preflight(asked, path, method).status_code >= 400
    assert client.get("/v1/documents").json()["total"] == 1


def test_no_write_in_the_interface_description_is_open_to_pages_but_feedback(
    client: TestClient, described: dict[str, Any]
) -> None:
    paths = described["paths"]
    operations = [(method.upper(), path.replace("{", "").replace("}", "")) for path in paths for method in paths[path]]
    opened = {one for one in operations if ALLOW in preflight(client, one[1], one[0]).headers}
    writes = {(method, path) for method, path in opened if method not in ("GET", "HEAD")}
    assert writes <= {
        ("POST", "/ask"), ("POST", "/v1/ask"), ("POST", "/v1/search"), ("PUT", "/v1/answers/answer_id/feedback"),
        ("DELETE", "/v1/answers/answer_id/feedback"),
    }  # fmt: skip


def test_a_form_of_another_page_cannot_write(client: TestClient) -> None:
    """Such a request needs no preflight; it must fail by what it is."""
    body = '{"id": "evil", "text": "Cats bark."}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        reply = client.post("/v1/documents", content=body, headers={"Origin": FOREIGN, "Content-Type": kind})
        assert (reply.status_code, reply.json()["type"]) == (403, "/docs/problems#refused")
    assert client.get("/v1/documents").json()["total"] == 1


@pytest.mark.parametrize(
    ("origin", "headers"), [(FOREIGN, "content-type"), (LOCAL, "cookie"), (LOCAL, "x-evil, content-type")]
)
def test_a_refused_preflight_is_a_problem(client: TestClient, origin: str, headers: str) -> None:
    reply = preflight(client, "/ask", "POST", origin, headers)
    assert (reply.status_code, reply.headers["content-type"]) == (403, "application/problem+json")
    assert (reply.json()["type"], reply.json()["status"]) == ("/docs/problems#refused", 403)
    assert len(reply.content) == int(reply.headers["content-length"])
    assert origin not in reply.text or origin == LOCAL
    assert "Origin" in reply.headers["vary"]


def test_options_without_an_origin_is_no_preflight(client: TestClient) -> None:
    assert client.options("/ask").status_code == 405
    assert client.options("/ask", headers={"Origin": LOCAL}).status_code == 405


def test_a_page_outside_the_private_network_may_ask_where_it_is_allowed(named: TestClient) -> None:
    asked = {"Origin": "https://wiki.example", "Access-Control-Request-Method": "POST"}
    reply = named.options("/ask", headers=asked | {"Access-Control-Request-Private-Network": "true"})
    assert (reply.status_code, reply.headers["access-control-allow-private-network"]) == (200, "true")


# ── every reply can be read ──────────────────────────────────────────────────────────────────────────────────────────

ERRORS = [
    (b"{", 400), (b'{"question": "' + b"x" * 70_000 + b'"}', 413), (b'{"question": " "}', 422), (b"[]", 422),
    (b'{"question": " ", "stream": true}', 422),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status"), ERRORS)
def test_pages_can_read_why_they_were_refused(client: TestClient, body: bytes, status: int) -> None:
    headers = {"Origin": LOCAL, "Content-Type": "application/json"}
    reply = client.post("/ask", content=body, headers=headers)
    assert (reply.status_code, reply.headers[ALLOW]) == (status, LOCAL)
    assert "X-Request-ID" in reply.headers["access-control-expose-headers"]


def test_pages_can_read_that_a_server_is_not_ready_or_broken(tmp_path: Path) -> None:
    app = create_app(load_settings(data=tmp_path / "none", embedder="hash"))
    with TestClient(app, raise_server_exceptions=False) as empty:
        reply = empty.post("/ask", json=QUESTION, headers={"Origin": LOCAL})
        assert (reply.status_code, reply.headers[ALLOW]) == (503, LOCAL)
        assert "Retry-After" in reply.headers["access-control-expose-headers"]
        broken(app)
        reply = empty.post("/ask", json=QUESTION, headers={"Origin": LOCAL})
    assert (reply.status_code, reply.headers[ALLOW]) == (500, LOCAL)
    assert reply.json()["request_id"] == reply.headers["x-request-id"]


def broken(app: FastAPI) -> None:
    """Every question is a bug now."""
    app.router.routes.clear()
    app.add_api_route("/ask", lambda: 1 / 0, methods=["POST"])


def test_pages_can_read_a_stream(client: TestClient) -> None:
    reply = client.post("/ask", json=QUESTION | {"stream": True}, headers={"Origin": LOCAL})
    assert (reply.status_code, reply.headers[ALLOW]) == (200, LOCAL)
    assert reply.text.startswith("event: sources\n")


# ── the widget's file ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("origin", [FOREIGN, LOCAL, "null"])
def test_every_page_may_load_the_widget_with_an_integrity_hash(named: TestClient, origin: str) -> None:
    headers = named.get("/widget.js", headers={"Origin": origin}).headers
    assert (headers[ALLOW], headers["cross-origin-resource-policy"]) == ("*", "cross-origin")


def test_no_page_loads_anything_else_without_asking(client: TestClient) -> None:
    for path in ("/", "/v1/documents/cats", "/static/none.js", "/widget.js/x", "/livez"):
        assert client.get(path).headers["cross-origin-resource-policy"] == "same-origin"
