"""What /metrics counts, over a real server: routes as declared and words from fixed lists, nothing that was sent."""

import http.client
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from index.settings import load_settings
from server.access.guard import EVERYBODY, NEEDS
from server.app import create_app
from tests.browsing import serving

QUESTION = {"question": "What is the capital of Atlantis?"}
Labels = tuple[tuple[str, str], ...]


def app_over(data: Path) -> FastAPI:
    return create_app(load_settings(data=data, embedder="hash", threshold=1.0))


@pytest.fixture(scope="module")
def port(six_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Of a real server that answers nothing."""
    app = app_over(shutil.copytree(six_data, tmp_path_factory.mktemp("metrics") / "data"))
    with serving(app) as address:
        yield urlsplit(address).port or 0


def request(port: int, method: str, path: str, body: object = None) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
    reply = connection.getresponse()
    status, headers, content = reply.status, reply.headers, reply.read()
    connection.close()
    return status, headers, content


def parsed(text: str) -> dict[str, dict[Labels, float]]:
    """Name → labels in order → value."""
    found: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def samples(port: int) -> dict[str, dict[Labels, float]]:
    return parsed(request(port, "GET", "/metrics")[2].decode())


def grown(port: int, name: str, *requests: tuple[str, str, object]) -> dict[Labels, float]:
    """What these requests add to a counter, without those for /metrics."""
    before = samples(port).get(name, {})
    for method, path, body in requests:
        request(port, method, path, body)
    after = samples(port)[name]
    changed = {labels: value - before.get(labels, 0) for labels, value in after.items()}
    return {labels: value for labels, value in changed.items() if value and ("route", "/metrics") not in labels}


def test_it_speaks_the_text_format_of_prometheus(port: int) -> None:
    status, headers, content = request(port, "GET", "/metrics")
    assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert "# TYPE quotewell_http_requests_total counter" in content.decode()


ROUTES = [
    ("POST", "/ask", QUESTION, "/ask", "2xx"),
    ("POST", "/v1/ask", QUESTION | {"stream": True}, "/v1/ask", "2xx"),
    ("POST", "/v1/ask", {"question": "?!"}, "/v1/ask", "4xx"),
    ("GET", "/v1/ask", None, "/v1/ask", "4xx"),
    ("GET", "/v1/documents?page_size=2", None, "/v1/documents", "2xx"),
    ("GET", "/v1/documents/ferry", None, "/v1/documents/{document_id}", "2xx"),
    ("GET", "/v1/documents/a%2Fb", None, "/v1/documents/{document_id}", "4xx"),
    ("GET", "/v1/documents/ferry/text", None, "/v1/documents/{document_id}/text", "2xx"),
    ("GET", "/static/quotewell.svg", None, "/static", "2xx"),
    ("GET", "/static/none/../secret", None, "/static", "4xx"),
    ("GET", "/", None, "/", "2xx"),
    ("GET", "/no/such/page", None, "unmatched", "4xx"),
    ("POST", "/ask", {"question": "x" * 100_000}, "unmatched", "4xx"),
    ("BREW", "/coffee", None, "unmatched", "4xx"),
]


@pytest.mark.parametrize(("method", "path", "body", "route", "status"), ROUTES, ids=[f"{r[0]} {r[1]}" for r in ROUTES])
def test_a_request_is_counted_and_timed_under_its_declared_route(
    port: int, method: str, path: str, body: object, route: str, status: str
) -> None:
    known = "other" if method == "BREW" else method
    labels = (("method", known), ("route", route))
    assert grown(port, "quotewell_http_requests_total", (method, path, body)) == {(*labels, ("status", status)): 1}
    assert grown(port, "quotewell_http_request_seconds_count", (method, path, body)) == {labels: 1}


def test_nothing_that_was_sent_becomes_a_label(port: int) -> None:
    request(port, "POST", "/ask", {"question": "Who is Zebulon of Quux?"})
    for path in ("/Zebulon", "/documents/Zebulon", "/v1/documents/Zebulon?Quux=1", "/v1/answers/Zebulon"):
        request(port, "GET", path)
    request(port, "ZEBULON", "/")
    text = request(port, "GET", "/metrics")[2].decode().lower()
    assert "zebulon" not in text
    assert "quux" not in text


def test_answers_are_counted_by_status_and_reason(port: int) -> None:
    reason = json.loads(request(port, "POST", "/ask", QUESTION)[2])["reason"]["code"]
    asked = [("POST", "/ask", QUESTION), ("POST", "/v1/ask", QUESTION | {"stream": True}), ("POST", "/ask", {})]
    labels = (("reason", reason), ("status", "abstained"))
    assert grown(port, "quotewell_answers_total", *asked) == {labels: 2}


def test_feedback_is_told_by_its_verdict_and_the_index_as_it_is(port: int) -> None:
    answer = json.loads(request(port, "POST", "/ask", {"question": "Who wrote the Odyssey?"})[2])
    before = samples(port)
    request(port, "PUT", f"/v1/answers/{answer['id']}/feedback", {"verdict": "down"})
    after = samples(port)
    told = {verdict: after["quotewell_feedback"][(("verdict", verdict),)] for verdict in ("up", "down", "none")}
    assert told == {"up": 0, "down": 1, "none": before["quotewell_feedback"][(("verdict", "none"),)] - 1}
    assert after["quotewell_ready"] == after["quotewell_index_newest"] == {(): 1}
    assert after["quotewell_index_documents"] == {(): 6}
    assert after["quotewell_index_passages"] == {(): 6}
    assert after["quotewell_index_info"] == {(("version", answer["index_version"]),): 1}


def test_without_an_index_it_says_so_and_two_servers_in_one_process_count_apart(tmp_path: Path) -> None:
    with TestClient(app_over(tmp_path / "none")) as one, TestClient(app_over(tmp_path / "none")) as other:
        one.post("/ask", json=QUESTION)
        told, apart = parsed(one.get("/metrics").text), parsed(other.get("/metrics").text)
    labels = (("method", "POST"), ("route", "/ask"), ("status", "5xx"))
    assert (told["quotewell_ready"], told["quotewell_http_requests_total"][labels]) == ({(): 0}, 1)
    assert "quotewell_index_documents" not in told
    assert labels not in apart.get("quotewell_http_requests_total", {})


def test_a_bug_is_counted_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NEEDS, "GET /boom/{name}", EVERYBODY)
    app = app_over(tmp_path / "none")

    @app.get("/boom/{name}")
    def boom(name: str) -> None:
        raise ValueError(name)

    with TestClient(app) as client:
        assert client.get("/boom/x").status_code == 500
        told = parsed(client.get("/metrics").text)["quotewell_http_requests_total"]
    assert told == {(("method", "GET"), ("route", "/boom/{name}"), ("status", "5xx")): 1}


def test_the_dashboard_of_the_documents_asks_for_what_is_counted(port: int) -> None:
    request(port, "POST", "/ask", QUESTION)
    counted = samples(port)
    page = (Path(__file__).parent.parent / "docs" / "operate.md").read_text("utf-8")
    asked = re.findall(r"(quotewell_\w+)(?:\{(\w+)=\"([^\"]+)\"\})?\[", page)
    assert len(asked) == 5
    for name, label, value in asked:
        known = {pair for labels in counted[name] for pair in labels}
        assert not label or (label, value) in known or (label, value) == ("status", "5xx")
