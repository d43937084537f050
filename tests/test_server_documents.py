"""Pages of the list of articles that hold while articles come and go, and replies that a client has already."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from index.errors import BadInput, QuotewellError
from index.records import Document
from index.settings import load_settings
from server.app import create_app
from server.live_index import Live
from server.routes.documents import id_of, token_of
from server.uploads import MOST_WAITING, Uploads
from tests.browsing import started
from tests.conftest import SIX_ARTICLES, until

IDS = sorted(SIX_ARTICLES)
PAGES = "/v1/documents"
FILES = Path(__file__).parent / "files"


@pytest.fixture(scope="module")
def client(six_data: Path) -> Iterator[TestClient]:
    """Reads only."""
    yield from started(create_app(load_settings(data=six_data, embedder="hash")))


@pytest.fixture
def fresh(data: Path) -> Iterator[TestClient]:
    yield from started(create_app(load_settings(data=data, embedder="hash")))


def page(client: TestClient, size: int, token: str | None) -> tuple[list[str], str | None]:
    found = client.get(PAGES, params={"page_size": size} | ({"page_token": token} if token else {})).json()
    return [one["id"] for one in found["documents"]], found["next_page_token"]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 7])
def test_all_pages_together_are_all_articles_and_no_empty_page_follows(client: TestClient, size: int) -> None:
    pages, token = [], None
    while True:
        shown, token = page(client, size, token)
        pages.append(shown)
        if token is None:
            break
    assert [name for shown in pages for name in shown] == IDS
    assert [len(shown) for shown in pages[:-1]] == [size] * (len(pages) - 1)
    assert pages[-1]


def test_a_walk_misses_and_doubles_nothing_while_articles_come_and_go(fresh: TestClient) -> None:
    first, token = page(fresh, 3, None)
    for name in ("aardvark", "bee", "zebra"):
        fresh.put(f"{PAGES}/{name}", json={"text": f"This is about the {name}."})
    for name in (first[0], first[-1]):  # the token names the last one
        fresh.delete(f"{PAGES}/{name}")
    rest = []
    while token is not None:
        shown, token = page(fresh, 2, token)
        rest += shown
    assert rest == [*IDS[3:], "zebra"]


def test_a_token_beyond_the_last_article_gives_an_empty_last_page(fresh: TestClient) -> None:
    _, token = page(fresh, 5, None)
    fresh.delete(f"{PAGES}/{IDS[-1]}")
    assert page(fresh, 5, token) == ([], None)


def test_tokens_do_not_show_ids_and_go_into_an_address_as_they_are(client: TestClient) -> None:
    _, token = page(client, 1, None)
    assert token is not None
    assert "bakery" not in token
    assert quote(token, safe="") == token


@given(name=st.text(st.characters(codec="utf-8"), max_size=300))
def test_every_id_comes_back_from_its_token_and_from_no_part_of_it(name: str) -> None:
    token = token_of(name)
    assert id_of(token) == name
    for broken in (token[:-1], token[1:], token[:-4], f"A{token}", token.swapcase()):
        with pytest.raises(BadInput):
            id_of(broken)


@pytest.mark.parametrize("token", ["YmFrZXJ5", "AAAAAAAA", "=", "a", "....", "%00", "bakery"])
def test_a_token_that_was_never_given_is_refused(client: TestClient, token: str) -> None:
    reply = client.get(PAGES, params={"page_token": token})
    assert (reply.status_code, reply.json()["type"]) == (422, "/docs/problems#bad-input")


READ = [PAGES, f"{PAGES}?page_size=2", f"{PAGES}/ferry", f"{PAGES}/ferry/text"]


@pytest.mark.parametrize("path", READ)
def test_a_client_that_has_it_is_told_so_in_no_words(client: TestClient, path: str) -> None:
    tag = client.get(path).headers["etag"]
    for given_tag in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        reply = client.get(path, headers={"If-None-Match": given_tag})
        assert (reply.status_code, reply.content, reply.headers["etag"]) == (304, b"", tag)
        assert reply.headers["cache-control"] == "no-cache"
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", [f"{PAGES}/none", f"{PAGES}/none/text", f"{PAGES}?page_token=x"])
def test_what_is_wrong_is_said_to_a_client_that_has_everything(client: TestClient, path: str) -> None:
    assert client.get(path, headers={"If-None-Match": "*"}).status_code in {404, 422}


def test_a_changed_article_has_another_tag_and_the_text_of_others_the_same(fresh: TestClient) -> None:
    before = {path: fresh.get(path).headers["etag"] for path in (*READ, f"{PAGES}/comet/text")}
    fresh.put(f"{PAGES}/ferry", json={"text": "The night ferry leaves at ten."})
    after = {path: fresh.get(path, headers={"If-None-Match": tag}).status_code for path, tag in before.items()}
    assert after == {path: 304 if "comet" in path else 200 for path in before}


# -- files --


def sent(client: TestClient, name: str, content: bytes, **form: str) -> dict[str, Any]:
    """The operation once it has ended."""
    taken = client.post(PAGES, files={"file": (name, content)}, data=form)
    assert (taken.status_code, taken.json()["status"]) == (202, "running")
    until(lambda: client.get(taken.headers["Location"]).json()["status"] != "running")
    operation: dict[str, Any] = client.get(taken.headers["Location"]).json()
    return operation


def test_a_file_is_taken_and_its_document_stands_in_answers_once_the_operation_is_done(fresh: TestClient) -> None:
    train = (FILES / "pdf" / "night-train.pdf").read_bytes()
    operation = sent(fresh, "night-train.pdf", train)
    assert (operation["status"], operation["problems"], operation["warnings"]) == ("done", [], [])
    assert [one["id"] for one in operation["documents"]] == ["night-train"]
    assert fresh.get(f"{PAGES}/night-train").json()["pages"] == [[0, 1]]
    question = {"question": "How many bicycles does the last carriage have room for?", "mode": "evidence"}
    cited = fresh.post("/v1/ask", json=question).json()["citations"]
    assert ("night-train", 1) in [(one["document_id"], one["page"]) for one in cited]
    assert sent(fresh, "C:\\a\\other.pdf", train, id="train/other")["documents"][0]["id"] == "train/other"


def test_a_file_that_cannot_be_read_fails_with_its_reason_and_the_other_lines_of_one_are_kept(
    fresh: TestClient,
) -> None:
    assert sent(fresh, "a.pdf", b"no PDF")["problems"] == [
        "is no PDF, or damaged; open it in a viewer and save it anew"
    ]
    lines = b'{"_id": "new-1", "text": "The mill of Brin was built in 1801."}\nno JSON\n'
    operation = sent(fresh, "many.jsonl", lines)
    assert (operation["status"], [one["id"] for one in operation["documents"]]) == ("failed", ["new-1"])
    assert len(operation["problems"]) == 1 and operation["problems"][0].startswith("line 2 is not JSON")


@pytest.mark.parametrize(
    ("error", "why"),
    [(QuotewellError("no space"), "no space"), (OSError("full"), "space on a disk"), (ValueError("?"), "fault")],
)
def test_what_was_indexed_before_a_failure_is_told_with_it(
    fresh: TestClient, monkeypatch: pytest.MonkeyPatch, error: Exception, why: str
) -> None:
    put = Live.put

    def broken_at_the_third(live: Live, given: Document) -> bool:
        if given.id == "new-3":
            raise error
        return put(live, given)

    monkeypatch.setattr(Live, "put", broken_at_the_third)
    lines = "".join(f'{{"_id": "new-{n}", "text": "The mill of Brin has number {n}."}}\n' for n in range(1, 5))
    operation = sent(fresh, "many.jsonl", lines.encode())
    assert (operation["status"], [one["id"] for one in operation["documents"]]) == ("failed", ["new-1", "new-2"])
    assert len(operation["problems"]) == 1 and why in operation["problems"][0]


def test_a_file_of_no_known_type_or_a_form_without_one_is_refused_at_once(fresh: TestClient) -> None:
    assert fresh.post(PAGES, files={"file": ("a.exe", b"x")}).json()["title"] == "The document cannot be used"
    assert fresh.post(PAGES, files={"other": ("a.pdf", b"x")}).status_code == 422
    assert fresh.get("/v1/operations/none").status_code == 404


def test_files_that_wait_are_few_and_the_server_leaves_none_behind_when_it_ends(
    fresh: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = Event(), Event()

    def held_up(_: object) -> Iterator[None]:
        begun.set()
        go_on.wait()
        yield from ()

    monkeypatch.setattr("server.uploads.open_file", held_up)
    taken = [fresh.post(PAGES, files={"file": (f"{number}.txt", b"Words.")}) for number in range(MOST_WAITING + 2)]
    assert [reply.status_code for reply in taken] == [*[202] * (MOST_WAITING + 1), 503]
    assert (taken[-1].json()["title"], taken[-1].headers["Retry-After"]) == ("Too much is asked at once", "1")
    begun.wait()
    uploads: Uploads = fresh.app.state.uploads  # type: ignore[attr-defined]
    reading = Path(uploads._folder)
    assert [path.name for path in reading.iterdir()] == ["file.txt"]
    uploads.close()
    assert not reading.exists()
    go_on.set()


def test_a_form_that_is_none_or_holds_several_files_is_refused_in_plain_words(fresh: TestClient) -> None:
    two = fresh.post(PAGES, files=[("file", ("a.txt", b"One here.")), ("file", ("b.txt", b"Another."))])
    assert (two.status_code, two.json()["detail"]) == (422, "the form holds several files; send one at a time")
    assert not {"a", "b"} & {one["id"] for one in fresh.get(PAGES).json()["documents"]}
    text = fresh.post(PAGES, files={"file": (None, "no file")})
    assert (text.status_code, "is no file; send one" in text.json()["detail"]) == (422, True)
    torn = fresh.post(PAGES, content=b"x", headers={"Content-Type": "multipart/form-data"})
    assert (torn.status_code, "the form cannot be read" in torn.json()["detail"]) == (400, True)


def test_a_write_gives_way_to_whoever_is_answered_before_each_step(
    fresh: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not while it holds what a question may wait for; and it goes on where questions never end."""
    live: Live = fresh.app.state.live  # type: ignore[attr-defined]
    waits: list[tuple[bool, bool]] = []

    class Busy(Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append((live._lock.locked(), live.assistant.index.holds("note")))
            return super().wait(0 if timeout else None)

    busy = Busy()
    monkeypatch.setattr(live, "_idle", busy)
    assert fresh.put(f"{PAGES}/note", json={"text": "The note is long."}).status_code == 201
    assert waits == [(False, False)] * 2
    assert live.assistant.index.holds("note")
