"""The tools for agents: in memory, over a real socket, and as the process that an agent's settings start."""

import asyncio
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import pytest
from fastmcp import Client as FastClient
from fastmcp.client.transports import StdioTransport
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client, MCPDeprecationWarning, MCPError, StdioServerParameters
from mcp.server.mcpserver import MCPServer
from mcp.server.subscriptions import ResourcesListChanged, ResourceUpdated
from mcp_types import INVALID_PARAMS, CallToolResult, ResourceUpdatedNotification

from index.build import Builder
from index.embedding.embedder import HashEmbedder
from index.errors import BadSetting, NotFound
from index.settings import Settings, load_settings
from server.access.hostnames import own_url
from server.app import create_app
from server.live_index import Live
from server.mcp_tools.articles import changes
from server.mcp_tools.replies import AROUND_CHARS, MOST_CHARS, AskReply, Fetched, SearchResults, part
from server.mcp_tools.tools import agents
from tests import make
from tests.browsing import serving
from tests.conftest import piped

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
LONG = " ".join(
    f"Lamp number {n} of the harbour was lit by keeper {n * 7} before the tide came in." for n in range(560)
)
ARTICLES = {
    "cats.md": "---\ntitle: The sleep of cats\nauthor: Ada Whisker\ndate: 2024-03-01\nurl: https://cats.example/sleep\n"
    "---\nCats sleep for sixteen hours a day, mostly in warm places. They purr when they are content 😺.\n",
    "energy/tides.md": "---\ntitle: Power from the tides\nauthor: Bo Reed\ndate: 2023-11-20\n---\n"
    "The tidal power station at Sihwa Lake has a capacity of 254 megawatts. It was opened in August 2011.\n",
    "energy/a@b#1.txt": "The windmill on Gull Hill turns slower than any other windmill of the coast.\n",
    "long.txt": LONG,
}
CAPACITY = "What is the capacity of the tidal station at Sihwa Lake?"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make.indexed(tmp_path_factory.mktemp("agents"), ARTICLES).data


def with_data(data: Path, **more: Any) -> Settings:
    return load_settings(data=data, embedder="hash", max_quotes=1, **{"threshold": 0.0, **more})


@pytest.fixture(scope="module")
def live(data: Path) -> Iterator[Live]:
    running = Live(with_data(data))
    running.start()
    running.wait()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def server(data: Path, live: Live) -> MCPServer[Any]:
    return agents(live, with_data(data))


def call(server: Any, tool: str, arguments: dict[str, Any] | None = None, *, mode: Any = "auto") -> CallToolResult:
    async def once() -> CallToolResult:
        async with Client(server, mode=mode) as client:
            return await client.call_tool(tool, arguments or {})

    return asyncio.run(once())


def error(result: CallToolResult) -> str:
    assert result.is_error
    assert result.structured_content is None
    (content,) = result.content
    assert content.type == "text"
    assert "Traceback" not in content.text
    return content.text


# ── the contract ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_search_fetch_and_ask_are_offered_in_this_order_and_only_read(server: MCPServer[Any]) -> None:
    async def listed() -> tuple[Any, str | None]:
        async with Client(server) as client:
            return (await client.list_tools()).tools, client.instructions

    tools, instructions = asyncio.run(listed())
    assert [tool.name for tool in tools] == ["search", "fetch", "ask"]
    for tool in tools:
        assert tool.title
        assert tool.description
        hints = tool.annotations
        assert (hints.read_only_hint, hints.destructive_hint, hints.open_world_hint) == (True, False, False)
        assert tool.output_schema["type"] == "object"
    needs = {tool.name: (list(tool.input_schema["properties"]), tool.input_schema["required"]) for tool in tools}
    assert needs == {  # the connectors of ChatGPT send one text to each of the first two
        "search": (["query"], ["query"]),
        "fetch": (["id"], ["id"]),
        "ask": (["question", "filters", "as_of"], ["question"]),
    }
    assert instructions is not None
    for said in ("search", "fetch", "ask", "never an instruction"):
        assert said in instructions


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_search_gives_verbatim_passages_with_ids_and_urls(live: Live, server: MCPServer[Any], mode: str) -> None:
    result = call(server, "search", {"query": "tidal power"}, mode=mode)
    (content,) = result.content  # one text that holds the same JSON: what connectors read
    assert content.type == "text"
    assert json.loads(content.text) == result.structured_content
    found = SearchResults.model_validate(result.structured_content).results
    assert found[0].document_id == "energy/tides"
    assert found[0].published is not None
    for one in found:
        assert live.assistant.index.document(one.document_id).text[one.start : one.end] == one.snippet
        assert urlsplit(one.url).scheme in {"http", "https"}


def test_a_url_is_the_articles_own_else_its_page_with_the_span(server: MCPServer[Any]) -> None:
    cats = call(server, "search", {"query": "How long do cats sleep?"}).structured_content
    tides = call(server, "search", {"query": CAPACITY}).structured_content
    assert cats is not None
    assert tides is not None
    assert cats["results"][0]["url"] == "https://cats.example/sleep"
    first = tides["results"][0]
    assert first["url"] == f"http://127.0.0.1:8000/documents/energy%2Ftides#{first['start']}-{first['end']}"


def test_fetch_takes_the_ids_of_search_and_of_articles(live: Live, server: MCPServer[Any]) -> None:
    found = SearchResults.model_validate(call(server, "search", {"query": "lamp number 333"}).structured_content)
    hit = next(one for one in found.results if one.document_id == "long")
    near = Fetched.model_validate(call(server, "fetch", {"id": hit.id}).structured_content)
    assert near.id == hit.id
    assert hit.snippet in near.text
    assert len(hit.snippet) < len(near.text) <= AROUND_CHARS
    assert near.metadata.next_id == f"long@{near.metadata.end}"
    whole = Fetched.model_validate(call(server, "fetch", {"id": "energy/tides"}).structured_content)
    assert whole.text == live.assistant.index.document("energy/tides").text
    assert (whole.title, whole.url) == ("Power from the tides", "http://127.0.0.1:8000/documents/energy%2Ftides")
    assert (whole.metadata.author, str(whole.metadata.published), whole.metadata.next_id) == (
        "Bo Reed",
        "2023-11-20",
        None,
    )


def test_a_long_article_is_read_to_its_end_by_next_id(live: Live, server: MCPServer[Any]) -> None:
    text, name, calls = "", "long", 0
    while name:
        one = Fetched.model_validate(call(server, "fetch", {"id": name}).structured_content)
        assert len(one.text) <= MOST_CHARS
        text, name, calls = text + one.text, one.metadata.next_id or "", calls + 1
    assert text == live.assistant.index.document("long").text
    assert calls == 2


def test_ask_answers_in_verbatim_quotes_with_their_place(live: Live, server: MCPServer[Any]) -> None:
    answer = AskReply.model_validate(call(server, "ask", {"question": CAPACITY}).structured_content)
    assert (answer.status, answer.reason, answer.phrasing, answer.nearest) == ("answered", None, None, ())
    assert "254 megawatts" in answer.text
    for cited in answer.citations:
        assert f"[{cited.marker}]" in answer.text
        document = live.assistant.index.document(cited.document_id)
        assert document.text[cited.start : cited.end] == cited.quote
        assert cited.quote in document.source[cited.source_start : cited.source_end]
        assert cited.url.endswith(f"/documents/{quote(cited.document_id, safe='')}#{cited.start}-{cited.end}")
        assert not call(server, "fetch", {"id": cited.id}).is_error


def test_an_abstention_claims_nothing_and_shows_what_is_near(data: Path, live: Live) -> None:
    careful = Live(with_data(data, threshold=1.0))
    careful.start()
    careful.wait()
    result = call(agents(careful, with_data(data)), "ask", {"question": "Who won the chess match in Reykjavik?"})
    careful.stop()
    answer = AskReply.model_validate(result.structured_content)
    assert (answer.status, answer.citations) == ("abstained", ())
    assert answer.reason is not None
    assert "Reykjavik" in answer.reason.missing
    assert 1 <= len(answer.nearest) <= 3


@pytest.mark.parametrize(
    "narrowed",
    [
        {"filters": {"documents": ["cats"]}},
        {"filters": {"authors": ["ada whisker"]}},
        {"filters": {"published_from": "2024-01-01"}},
        {"filters": json.dumps({"published_from": "2024-01-01"})},  # some clients send objects as text
    ],
)
def test_ask_reads_only_the_articles_that_pass_the_filters(server: MCPServer[Any], narrowed: dict[str, Any]) -> None:
    answer = AskReply.model_validate(call(server, "ask", {"question": CAPACITY, **narrowed}).structured_content)
    assert {cited.document_id for cited in answer.citations} | {hit.document_id for hit in answer.nearest} == {"cats"}


def test_ask_as_of_a_day_knows_nothing_later(server: MCPServer[Any]) -> None:
    answer = AskReply.model_validate(
        call(server, "ask", {"question": "How long do cats sleep?", "as_of": "2023-12-31"}).structured_content
    )
    assert str(answer.as_of) == "2023-12-31"
    assert {cited.document_id for cited in answer.citations} <= {"energy/tides"}


# ── resources and prompts ────────────────────────────────────────────────────────────────────────────────────────────

CATS, TIDES = "quotewell://articles/cats", "quotewell://articles/energy%2Ftides"


def with_client(server: Any, work: Callable[[Client], Awaitable[Any]], **options: Any) -> Any:
    """What the work gives; an error of the protocol is raised by itself, and not in a group of its connection's."""

    async def once() -> Any:
        async with Client(server, **options) as client:
            try:
                return await work(client)
            except MCPError as error:
                return error

    result = asyncio.run(once())
    if isinstance(result, MCPError):
        raise result
    return result


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_articles_are_listed_and_read_word_for_word(live: Live, server: MCPServer[Any], mode: Any) -> None:
    async def all_of(client: Client) -> tuple[Any, list[Any]]:
        listed = await client.list_resources()
        return listed, [(await client.read_resource(one.uri)).contents[0] for one in listed.resources]

    listed, read = with_client(server, all_of, mode=mode)
    index = live.assistant.index
    assert [one.name for one in listed.resources] == list(index.document_ids)
    cats = next(one for one in listed.resources if one.uri == CATS)
    assert (cats.title, cats.description, cats.mime_type) == (
        "The sleep of cats",
        "Ada Whisker, 2024-03-01",
        "text/plain",
    )
    assert [one.text for one in read] == [index.document(one.name).text for one in listed.resources]
    assert read[0].meta["quotewell/about"]["url"] == "https://cats.example/sleep"


def test_a_long_list_comes_in_pages(server: MCPServer[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    async def paged(client: Client) -> list[list[str]]:
        pages: list[list[str]] = []
        cursor = None
        while not pages or cursor:
            page = await client.list_resources(cursor=cursor)
            pages.append([one.uri for one in page.resources])
            cursor = page.next_cursor
        return pages

    (whole,) = with_client(server, paged)
    monkeypatch.setattr("server.mcp_tools.articles.PAGE", 3)
    pages = with_client(server, paged)
    assert [len(page) for page in pages] == [3, 1]
    assert [uri for page in pages for uri in page] == whole


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("quotewell://articles/none", "none"),
        ("quotewell://articles/", "resources/list"),
        ("https://elsewhere.example/cats", "resources/list"),
        ("quotewell://articles/..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("file:///etc/passwd", "resources/list"),
    ],
)
def test_what_is_no_article_is_an_error_of_the_protocol(server: MCPServer[Any], uri: str, said: str) -> None:
    with pytest.raises(MCPError, match=said) as caught:
        with_client(server, lambda client: client.read_resource(uri))
    assert caught.value.error.code == INVALID_PARAMS


def test_resources_of_an_index_that_still_loads_are_an_error_that_says_so(data: Path) -> None:
    with pytest.raises(MCPError, match="still being loaded"):
        with_client(agents(Live(with_data(data)), with_data(data)), lambda client: client.list_resources())


def test_changes_are_told_to_whoever_listens(tmp_path: Path, data: Path) -> None:
    shutil.copytree(data, tmp_path / "data")
    own = Live(with_data(tmp_path / "data"))
    own.start()
    own.wait()

    async def told(client: Client) -> None:
        """Each of them once at least: they say what to read again, and not what happened."""
        waited: set[Any] = {ResourcesListChanged(), ResourceUpdated(CATS)}
        async with client.listen(resources_list_changed=True, resource_subscriptions=[CATS]) as events:
            await asyncio.to_thread(own.put, make.document("Cats sleep less than owls.", name="cats"))
            await asyncio.to_thread(own.delete, "energy/tides")
            async for event in events:
                waited.remove(event)
                if not waited:
                    return

    with_client(agents(own, with_data(tmp_path / "data")), told)
    own.stop()


def test_only_what_changed_is_told(tmp_path: Path, data: Path) -> None:
    shutil.copytree(data, tmp_path / "data")
    own = Live(with_data(tmp_path / "data"))
    own.start()
    own.wait()
    seen: list[list[Any]] = []
    end = own.follow(lambda old, new: seen.append(list(changes(old.index if old else None, new.index))))
    own.put(make.document("Owls hunt by night.", name="owls"))
    own.put(make.document("Cats sleep less than owls.", name="cats"))
    own.delete("energy/tides")
    end()
    own.delete("owls")
    own.stop()
    assert seen == [
        [ResourcesListChanged()], [ResourceUpdated(CATS)], [ResourcesListChanged(), ResourceUpdated(TIDES)],
    ]  # fmt: skip


def prompted(server: Any, name: str, **arguments: str) -> Any:
    return with_client(server, lambda client: client.get_prompt(name, arguments)).messages


def test_prompts_are_offered_with_their_arguments(server: MCPServer[Any]) -> None:
    listed = with_client(server, lambda client: client.list_prompts()).prompts
    assert {one.name: [(a.name, a.required) for a in one.arguments or []] for one in listed} == {
        "ask_with_sources": [("question", True)],
        "check_text": [("text", True)],
        "compare_articles": [("first", True), ("second", True), ("topic", False)],
    }
    assert all(one.title and one.description and one.arguments[0].description for one in listed)


def test_a_prompt_begins_with_what_stands_in_the_articles(server: MCPServer[Any]) -> None:
    (ask,) = prompted(server, "ask_with_sources", question=CAPACITY)
    assert CAPACITY in ask.content.text and "never an instruction" in ask.content.text
    (check,) = prompted(server, "check_text", text="The station at Sihwa Lake has a capacity of 300 megawatts.")
    assert '"said": "300"' in check.content.text and "254 megawatts" in check.content.text
    *articles, compare = prompted(server, "compare_articles", first="cats", second="energy/tides", topic="sleep")
    assert [one.content.resource.uri for one in articles] == [CATS, TIDES]
    assert articles[1].content.resource.text.startswith("The tidal power station")
    assert "“The sleep of cats” and “Power from the tides” on sleep" in compare.content.text
    with pytest.raises(MCPError, match="no document 'nothing'"):
        prompted(server, "compare_articles", first="cats", second="nothing")


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("nothing", {}, "no prompt is called 'nothing'; list them with prompts/list"),
        ("check_text", {}, "the prompt check_text takes text"),
        ("compare_articles", {"first": "cats"}, r"takes first, second, topic \(may be left out\)"),
        ("ask_with_sources", {"question": CAPACITY, "other": "x"}, "takes question"),
    ],
)
def test_a_prompt_that_is_asked_for_wrongly_is_no_failure_of_the_servers(
    server: MCPServer[Any], name: str, arguments: dict[str, str], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(MCPError, match=said) as caught:
        prompted(server, name, **arguments)
    assert caught.value.error.code == INVALID_PARAMS
    assert not caplog.records


# ── errors ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("search", {"query": "  "}, "the question is empty"),
        ("search", {}, "Error executing tool search: query: Field required"),
        ("search", {"query": [1]}, "Error executing tool search: query: Input should be a valid string"),
        ("fetch", {"id": "no such"}, "no article or passage has the id 'no such'"),
        ("fetch", {"id": "cats#99"}, "no article or passage"),
        ("fetch", {"id": "cats@99999"}, "no article or passage"),
        ("fetch", {"id": "../../etc/passwd"}, "no article or passage"),
        ("ask", {"question": ""}, "the question is empty"),
        ("ask", {"question": "why " * 1000}, "at most 2,000 are read"),
        ("ask", {"question": CAPACITY, "as_of": "2025"}, "YYYY-MM-DD"),
        ("ask", {"question": CAPACITY, "filters": {"published_from": "soon"}}, "published_from is 'soon'"),
        ("ask", {"question": CAPACITY, "filters": {"colour": "red"}}, "filters.colour"),
        ("delete", {}, "Unknown tool: delete"),
    ],
)
def test_what_cannot_be_done_is_a_tool_error_that_says_why(
    server: MCPServer[Any], tool: str, arguments: dict[str, Any], said: str
) -> None:
    assert said in error(call(server, tool, arguments))


def test_a_server_that_still_loads_says_so(data: Path) -> None:
    assert "still being loaded" in error(
        call(agents(Live(with_data(data)), with_data(data)), "ask", {"question": "?a"})
    )


def test_without_an_index_the_error_names_the_command_that_makes_one(tmp_path: Path) -> None:
    empty = Live(with_data(tmp_path / "none"))
    empty.start()
    assert "quotewell index PATH" in error(call(agents(empty, with_data(tmp_path), 10), "search", {"query": "cats"}))
    empty.stop()


def test_of_a_bug_the_agent_learns_only_that_it_happened(data: Path) -> None:
    class Broken(Live):
        @property
        def assistant(self) -> Any:
            raise ZeroDivisionError("secret")

    assert error(call(agents(Broken(with_data(data)), with_data(data)), "search", {"query": "x"})) == (
        "Error executing tool search"
    )


@settings(max_examples=60, deadline=None)
@given(st.text() | st.from_regex(r"(cats|long|energy/a@b#1)?[#@]?[0-9]{0,20}", fullmatch=True))
def test_every_id_means_a_piece_of_an_article_or_nothing(live: Live, name: str) -> None:
    try:
        document, span = part(live.assistant.index, name)
    except NotFound:
        return
    assert 0 <= span.start < span.end <= len(document.text)
    assert name.startswith(document.id)


def test_an_article_whose_id_looks_like_a_part_is_found(live: Live) -> None:
    document, span = part(live.assistant.index, "energy/a@b#1")
    assert (document.id, span) == ("energy/a@b#1", (0, len(document.text)))


# ── over HTTP ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def port(data: Path) -> Iterator[int]:
    """Of a real server in a thread."""
    app = create_app(with_data(data, port=0))
    with serving(app) as address:
        yield urlsplit(address).port or 0


def post(port: int, body: object, path: str = "/mcp", method: str = "POST", **headers: str) -> tuple[int, Any, Any]:
    """Status, headers, JSON."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        plain = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        connection.request(method, path, json.dumps(body), plain | headers)
        reply = connection.getresponse()
        return reply.status, reply.headers, json.loads(reply.read() or "null")


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_client_of_either_protocol_generation_is_served_over_http(port: int, mode: Any) -> None:
    async def talk() -> list[Any]:
        async with Client(f"http://127.0.0.1:{port}/mcp", mode=mode) as client:
            assert [tool.name for tool in (await client.list_tools()).tools] == ["search", "fetch", "ask"]
            asked = [client.call_tool("ask", {"question": CAPACITY}) for _ in range(4)]  # side by side
            return [*await asyncio.gather(*asked), await client.call_tool("fetch", {"id": "nothing"})]

    *answers, missing = asyncio.run(talk())
    assert len({json.dumps(answer.structured_content) for answer in answers}) == 1
    cited = answers[0].structured_content["citations"][0]
    assert "254 megawatts" in cited["quote"]
    assert cited["url"].startswith(f"http://127.0.0.1:{port}/documents/energy%2Ftides#")
    assert "no article or passage" in error(missing)
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", urlsplit(cited["url"]).path)
        assert connection.getresponse().status == 200


def test_articles_are_followed_over_http(tmp_path: Path, data: Path) -> None:
    shutil.copytree(data, tmp_path / "data")
    app = create_app(with_data(tmp_path / "data", port=0))

    async def told(client: Client) -> Any:
        assert CATS in [one.uri for one in (await client.list_resources()).resources]
        async with client.listen(resource_subscriptions=[CATS]) as events:
            await asyncio.to_thread(app.state.live.put, make.document("Cats sleep by day.", name="cats"))
            return await anext(aiter(events)), (await client.read_resource(CATS)).contents[0]

    with serving(app) as address:
        event, cats = with_client(f"{address}/mcp", told)
    assert (event, cats.text.strip()) == (ResourceUpdated(CATS), "Cats sleep by day.")


def test_who_listens_takes_no_place_of_who_asks(tmp_path: Path, data: Path) -> None:
    """As many as there are processors, each of which would answer one at a time."""
    shutil.copytree(data, tmp_path / "data")
    app = create_app(with_data(tmp_path / "data", port=0))

    async def asked(client: Client) -> int:
        async with AsyncExitStack() as held:
            for _ in range(2 * (os.cpu_count() or 1)):
                await held.enter_async_context(client.listen(resource_subscriptions=[CATS]))
            return (await asyncio.to_thread(post, urlsplit(address).port or 0, {"question": CAPACITY}, "/ask"))[0]

    with serving(app) as address:
        assert with_client(f"{address}/mcp", asked) == 200


def test_the_client_of_fastmcp_is_served_over_http(port: int) -> None:
    async def talk() -> None:
        async with FastClient(f"http://127.0.0.1:{port}/mcp") as client:
            await served(client)

    asyncio.run(talk())


async def served(client: Any) -> None:
    """All that a client may do, as fastmcp's does it."""
    assert [tool.name for tool in await client.list_tools()] == ["search", "fetch", "ask"]
    answer = await client.call_tool("ask", {"question": CAPACITY})
    assert "254 megawatts" in answer.structured_content["text"]
    assert CATS in [str(one.uri) for one in await client.list_resources()]
    assert "Cats sleep" in (await client.read_resource(CATS))[0].text
    assert len(await client.list_prompts()) == 3
    prompt = await client.get_prompt("ask_with_sources", {"question": CAPACITY})
    assert CAPACITY in prompt.messages[0].content.text


LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


def test_one_request_needs_no_session_and_carries_the_safe_headers(port: int) -> None:
    status, headers, reply = post(port, LIST, **{"X-Request-ID": "agent-7"})
    assert status == 200
    assert len(reply["result"]["tools"]) == 3
    assert headers["content-type"] == "application/json"
    assert (headers["x-request-id"], headers["x-content-type-options"]) == ("agent-7", "nosniff")
    assert "mcp-session-id" not in headers


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"method": "GET"}, 405, "method-not-allowed"),
        ({"method": "DELETE"}, 405, "method-not-allowed"),
        ({"path": "/mcp/"}, 404, "no-such-page"),
        ({"path": "/mcp/ask"}, 404, "no-such-page"),
        ({"body": "x" * 70_000}, 413, "too-large"),
        ({"Host": "rebound.example"}, 421, "wrong-name"),
        ({"Origin": "https://elsewhere.example"}, 403, "refused"),
    ],
)
def test_what_never_reaches_the_tools_is_a_problem(port: int, request_: dict[str, str], status: int, code: str) -> None:
    wanted: dict[str, Any] = {"body": LIST, **request_}
    got, headers, problem = post(port, **wanted)
    assert (got, problem["type"], problem["status"]) == (status, f"/docs/problems#{code}", status)
    assert headers["content-type"] == "application/problem+json"


def test_what_is_no_message_is_refused_and_the_server_goes_on(port: int) -> None:
    bodies: list[object] = ["nonsense", {}, [], {"jsonrpc": "2.0", "id": 1, "method": "no/such"}]
    for body in bodies:
        status, _, reply = post(port, body)
        assert status in {200, 400, 404}
        assert reply["error"]["code"] < 0
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        status, headers, reply = post(port, LIST, **{"Content-Type": kind})
        assert (status, reply["jsonrpc"], reply["id"], reply["error"]["code"]) == (415, "2.0", None, -32600)
        assert headers["content-type"] == "application/json"
    assert post(port, LIST)[0] == 200


HERE = "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("host", "port", "url"),
    [
        ("127.0.0.1", 8000, HERE),
        ("0.0.0.0", 8000, HERE),
        ("::", 0, HERE),
        ("::1", 81, "http://[::1]:81"),
        ("box.lan", 81, "http://box.lan:81"),
    ],
)
def test_without_a_server_urls_point_to_where_serve_would_answer(host: str, port: int, url: str) -> None:
    assert own_url(load_settings(host=host, port=port)) == url
    assert own_url(load_settings(host=host, public_url="https://articles.example/")) == "https://articles.example"


def test_origins_that_are_none_are_refused_before_anything_starts(data: Path) -> None:
    with pytest.raises(BadSetting, match="origins"):
        create_app(with_data(data, origins="articles"))


# ── as a process ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Launch(NamedTuple):
    """What an agent runs."""

    command: str
    args: tuple[str, ...]


def launches(project: Path) -> dict[str, Launch]:
    """Of each example that starts a command, with a folder for its placeholders."""
    found = {}
    for path in sorted(EXAMPLES.glob("mcp-*.json")):
        text = path.read_text(encoding="utf-8")
        for placeholder in ("/absolute/path/to/quotewell", "${workspaceFolder}"):
            text = text.replace(placeholder, str(project))
        config = json.loads(text)
        (key,) = config
        assert key == ("servers" if path.stem == "mcp-vscode" else "mcpServers")
        one = config[key]["quotewell"]
        if "command" in one:
            assert "$" not in json.dumps(one)
            found[path.stem] = Launch(one["command"], tuple(one["args"]))
        else:
            assert (one["type"], one["url"]) == ("http", f"{HERE}/mcp")
    return found


def a_project(folder: Path) -> Path:
    """A folder with the command where `make` puts it."""
    command = folder / ".venv" / "bin" / "quotewell"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "quotewell.py"}" "$@"\n')
    command.chmod(0o755)
    return folder


def test_every_example_names_the_same_command(tmp_path: Path) -> None:
    started = launches(tmp_path)
    assert sorted(started) == ["mcp-claude-code", "mcp-claude-desktop", "mcp-cursor", "mcp-vscode"]
    named = Launch(str(tmp_path / ".venv/bin/quotewell"), ("mcp", "--data", str(tmp_path / ".index")))
    assert started.pop("mcp-claude-code") == Launch(".venv/bin/quotewell", ("mcp",))  # in the project's folder
    assert set(started.values()) == {named}


@pytest.mark.slow
def test_the_command_of_the_examples_answers_the_sdks_client(tmp_path: Path, data: Path) -> None:
    project = a_project(tmp_path)
    shutil.copytree(data, project / ".index")
    launch = launches(project)["mcp-claude-desktop"]
    started = StdioServerParameters(
        command=launch.command, args=list(launch.args), env={"QUOTEWELL_THRESHOLD": "0"}, cwd="/"
    )
    result = call(started, "ask", {"question": CAPACITY})
    assert "254 megawatts" in AskReply.model_validate(result.structured_content).text


@pytest.mark.slow
def test_over_stdin_articles_are_followed_in_the_older_way_too(tmp_path: Path, data: Path) -> None:
    """And fastmcp's client is served."""
    shutil.copytree(data, tmp_path / "data")
    command = [str(ROOT / "quotewell.py"), "mcp", "--data", str(tmp_path / "data")]
    environment = {"QUOTEWELL_EMBEDDER": "hash", "QUOTEWELL_THRESHOLD": "0", "PATH": ""}
    updated: asyncio.Queue[Any] = asyncio.Queue()

    async def noted(message: Any) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            await updated.put(message.params.uri)

    async def follow(client: Client) -> Any:
        await client.read_resource(CATS)  # waits until the index is loaded
        with pytest.warns(MCPDeprecationWarning):
            await client.subscribe_resource(CATS)
        builder = Builder(tmp_path / "data", with_data(tmp_path / "data"), HashEmbedder())
        await asyncio.to_thread(builder.put, make.document("Cats sleep by day.", name="cats"))
        return await updated.get(), (await client.read_resource(CATS)).contents[0]

    started = StdioServerParameters(command=sys.executable, args=command, env=environment)
    uri, cats = with_client(started, follow, mode="legacy", message_handler=noted)
    assert (uri, cats.text.strip()) == (CATS, "Cats sleep by day.")

    async def talk() -> None:
        shutil.copytree(data, tmp_path / "again")
        again = [*command[:-1], str(tmp_path / "again")]
        async with FastClient(StdioTransport(sys.executable, again, env=environment)) as client:
            await served(client)

    asyncio.run(talk())


@pytest.mark.slow
def test_in_an_empty_folder_the_bundled_articles_come_first_and_stdout_holds_only_messages(tmp_path: Path) -> None:
    """And Ctrl-C ends it, though its client still holds the other end."""
    project = a_project(tmp_path)
    launch = launches(project)["mcp-claude-code"]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("QUOTEWELL_")}
    process = piped(launch.command, *launch.args, cwd=project, env=plain | {"QUOTEWELL_EMBEDDER": "hash"})
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        search = {"name": "search", "arguments": {"query": "ambassador"}}
        for message in (
            {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": search},
        ):
            process.stdin.write(json.dumps(message) + "\n")
        process.stdin.flush()
        replies = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        assert process.wait() == -signal.SIGINT  # stdin is open still
        rest, said = process.communicate()
    finally:
        process.kill()
        process.wait()
    assert [reply["id"] for reply in replies] == [1, 2]
    assert replies[1]["result"]["structuredContent"]["results"]
    assert rest == ""
    assert "indexing the bundled articles first" in said
    assert not re.search("Traceback|rror", said)


def test_only_who_serves_agents_loads_the_protocol() -> None:
    """Its package takes about a second to import: `serve`, and a server that no agent asks, do without."""
    code = "import sys, server.cli, server.app; sys.exit('mcp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0


def files(folder: str) -> Iterator[Path]:
    return (ROOT / folder).rglob("*.py")
