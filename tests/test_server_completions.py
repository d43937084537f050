"""OpenAI's interface over a real socket: with the openai package, and as Open WebUI and LibreChat speak to it."""

import json
import re
import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from index.build import Builder
from index.embedding.embedder import HashEmbedder
from index.settings import Settings, load_settings
from index.text.tokens import count_tokens
from rag.answer import Answer, Segment, ShortAnswer, Workings
from server.answer_log import RecentFollowUps
from server.app import create_app
from server.openai.cited_text import Source, cited_text, sources_list, without_sources
from server.openai.routes import MOST_CHAT_BYTES, said_before
from server.openai.side_prompts import title_of
from tests import make
from tests.browsing import listening

EXAMPLE = Path(__file__).parent.parent / "examples" / "openai_client.py"
ARTICLES = {
    "cats.md": "---\ntitle: The sleep of *cats* [and] <i>dogs</i>\nauthor: Ada Whisker\ndate: 2024-03-01\n---\n"
    "Cats 😺 sleep for sixteen hours a day, mostly in warm places. Cats sleep sixteen hours in 日本 too, by day. "
    "Kittens sleep even more than that.\n",
    "tides.md": "---\ntitle: Power from the tides\ndate: 2023-11-20\n---\n"
    "The tidal power station at Sihwa Lake has a capacity of 254 megawatts. It was opened in August 2011.\n",
}
QUESTION = "How many hours a day do cats sleep?"
ADDRESSES: list[str] = []
NOTHING = Answer("", "", "abstained", "", (), (), (), 0.0, None, (), "v", "", None, None, Workings((), {}, 0.0))


def build(folder: Path) -> Path:
    (folder / "articles").mkdir()
    for name, text in ARTICLES.items():
        (folder / "articles" / name).write_text(text, encoding="utf-8")
    Builder(folder / "data", load_settings(embedder="hash"), HashEmbedder()).index([folder / "articles"])
    return folder / "data"


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """The base URL of a server on a free port of this machine."""
    app = create_app(settings)
    with listening(app, lifespan=True) as address:
        app.state.live.wait()
        ADDRESSES.append(f"{address}/v1")
        yield ADDRESSES[-1]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("chat"))


@pytest.fixture(scope="module")
def base(data: Path) -> Iterator[str]:
    """Answers always, with two quotes."""
    with serving(load_settings(data=data, embedder="hash", threshold=0.0, max_quotes=2)) as address:
        yield address


@pytest.fixture(scope="module")
def unsure(data: Path) -> Iterator[str]:
    """Never answers."""
    with serving(load_settings(data=data, embedder="hash", threshold=1.0)) as address:
        yield address


@pytest.fixture(scope="module")
def listing(data: Path) -> Iterator[str]:
    """Puts the sources below the text."""
    with serving(load_settings(data=data, embedder="hash", threshold=0.0, inline_sources="list")) as address:
        yield address


@cache
def client(base: str) -> OpenAI:
    return OpenAI(base_url=base, api_key="anything", max_retries=0)


@cache
def web() -> httpx2.Client:
    return httpx2.Client()


@pytest.fixture(scope="module", autouse=True)
def leaving() -> Iterator[None]:
    yield
    for address in ADDRESSES:
        client(address).close()
    web().close()


def user(text: Any) -> dict[str, Any]:
    return {"role": "user", "content": text}


def complete(base: str, *messages: dict[str, Any], model: str = "quotewell", **others: Any) -> ChatCompletion:
    create: Any = client(base).chat.completions.create  # typed too narrowly for what is sent here
    answer = create(model=model, messages=list(messages), **others)
    assert isinstance(answer, ChatCompletion)
    return answer


def text_in(answer: ChatCompletion) -> str:
    return answer.choices[0].message.content or ""


def stream(base: str, *messages: dict[str, Any], **others: Any) -> list[ChatCompletionChunk]:
    create: Any = client(base).chat.completions.create
    return list(create(model="quotewell", messages=list(messages), stream=True, **others))


def streamed_text(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def post(base: str, body: Any, **headers: str) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", "Authorization": "Bearer sk-anything"} | headers
    return web().post(f"{base}/chat/completions", content=content, headers=sent)


def asked_by_us(base: str, **body: Any) -> dict[str, Any]:
    found: dict[str, Any] = web().post(f"{base}/ask", json=body).json()
    return found


# ── models ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_models_are_listed_and_each_can_be_fetched(base: str) -> None:
    models = client(base).models.list().data
    assert [model.id for model in models] == ["quotewell", "quotewell-evidence"]
    assert [client(base).models.retrieve(model.id) for model in models] == models


@pytest.mark.parametrize("name", ["gpt-4o", "a/b", ""])
def test_an_unknown_model_is_openais_not_found(base: str, name: str) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        complete(base, user(QUESTION), model=name)
    assert (caught.value.code, caught.value.param, caught.value.type) == (
        "model_not_found", "model", "invalid_request_error",
    )  # fmt: skip
    assert caught.value.request_id
    if name:
        with pytest.raises(openai.NotFoundError, match="known are quotewell and quotewell-evidence"):
            client(base).models.retrieve(name)


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_message_says_what_our_own_interface_says(base: str) -> None:
    answer, ours = complete(base, user(QUESTION)), asked_by_us(base, question=QUESTION)
    assert said_before(text_in(answer)).replace("\n\n", "\n") == ours["text"]
    assert answer.id == f"chatcmpl-{ours['id']}"
    assert (answer.model_extra or {})["quotewell"] == {
        "answer_id": ours["id"], "status": "answered", "confidence": ours["confidence"],
    }  # fmt: skip
    assert (answer.object, answer.model, answer.choices[0].finish_reason) == ("chat.completion", "quotewell", "stop")


def test_the_answer_can_be_fetched_by_its_id_afterwards(base: str) -> None:
    extra = complete(base, user(QUESTION)).model_extra or {}
    kept = web().get(f"{base}/answers/{extra['quotewell']['answer_id']}")
    assert kept.json()["question"] == QUESTION


@pytest.mark.parametrize("model", ["quotewell", "quotewell-evidence"])
def test_annotations_say_to_the_character_what_each_source_supports(base: str, model: str) -> None:
    """In code points, past emoji and Chinese; sources open, and the pieces of the quote stand where their address says,
    those of the words that answer between the signs of bold."""
    answer = complete(base, user(QUESTION), model=model)
    message, extra = answer.choices[0].message, answer.model_extra or {}
    assert message.annotations
    assert len({annotation.url_citation.title for annotation in message.annotations}) == len(extra["citations"]) >= 2
    assert {annotation.type for annotation in message.annotations} == {"url_citation"}
    for n, found in enumerate(extra["search_results"]):
        cited = [one.url_citation for one in message.annotations if one.url_citation.url == extra["citations"][n]]
        assert found["url"] == extra["citations"][n]
        assert {one.title for one in cited} <= {found["title"], f"{found['title']} [{n + 1}]"}
        pieces = [text_in(answer)[one.start_index : one.end_index] for one in cited]
        assert text_in(answer)[cited[-1].end_index :].removeprefix("**").startswith(f"” [{n + 1}]")
        assert text_in(answer)[cited[0].start_index :].startswith(pieces[0] + "**".join(["", *pieces[1:]]))
        document, _, place = found["url"].rpartition("/documents/")[2].partition("#")
        start, end = map(int, place.split("-"))
        assert web().get(f"{base}/documents/{document}/text").text[start:end] == "".join(pieces)
        assert web().get(found["url"]).status_code == 200
    assert any(not text_in(answer)[: a.url_citation.start_index].isascii() for a in message.annotations)
    assert extra["search_results"][0]["date"] == "2024-03-01"


def test_statements_of_a_language_model_are_annotated_and_notes_are_not() -> None:
    """In order of the markers, which Open WebUI counts by; the first sentence stands on two sources."""
    told = (
        ("note", "Read as one.", ()),
        ("statement", "Cats sleep.", (1, 2)),
        ("statement", "So do 😺.", (1,)),
        ("note", "Here “now” means 2024.", (1,)),
    )
    text = "Read as one.\nCats sleep. [1][2] So do 😺. [1]\nHere “now” means 2024."
    answer = replace(NOTHING, text=text, segments=tuple(Segment(*segment) for segment in told))
    said = cited_text(answer)
    assert said.text == "Read as one.\n\nCats sleep. [1][2] So do 😺. [1]\n\nHere “now” means 2024."
    assert [(mark.marker, said.text[mark.start : mark.end]) for mark in said.marks] == [
        (1, "Cats sleep."), (1, "So do 😺."), (2, "Cats sleep."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("quote", "words", "shown"),
    [
        ("It opened in 1932.", "1932", "It opened in **1932**."),
        ("1932 saw 😺 it.", "1932", "**1932** saw 😺 it."),
        ("It cost $5.", "$5", "It cost **$5**."),
        ("It cost US$5.", "$5", "It cost US$5."),
        ("It * opened in 1932.", "1932", "It * opened in 1932."),
    ],
    ids=["behind", "first", "a sign", "a sign that Markdown would not read", "a star of the article's own"],
)
def test_the_words_that_answer_are_bold_and_no_annotation_reaches_over_the_signs(
    quote: str, words: str, shown: str
) -> None:
    start = 40 + quote.index(words)
    short = ShortAnswer(words, start, start + len(words), 0, 1)
    cited = make.citation(quote, start=40, end=40 + len(quote), answer=short)
    told = (("note", "A:", ()), ("quote", quote, (1,)))
    answer = replace(
        NOTHING, text=f"A: “{quote}” [1]", segments=tuple(Segment(*one) for one in told), citations=(cited,)
    )
    said = cited_text(answer)
    assert said.text == f"A: “{shown}” [1]"
    assert "".join(said.text[mark.start : mark.end] for mark in said.marks) == quote
    assert all(mark.marker == 1 and mark.start < mark.end for mark in said.marks)
    assert said_before(said.text) == answer.text
    assert f"“{shown}” [1]" in cited_text(replace(answer, mode="evidence", status="answered")).text


def test_the_evidence_model_without_evidence_says_so() -> None:
    answer = replace(NOTHING, mode="evidence", question="Why?")
    assert cited_text(answer).text == "The articles hold no passage on this."


def test_the_evidence_model_gives_numbered_quotes_and_no_words_of_ours(base: str) -> None:
    answer = complete(base, user(QUESTION), model="quotewell-evidence")
    ours = asked_by_us(base, question=QUESTION, mode="evidence")
    assert [quote for quote in re.findall("“(.*?)” \\[\\d+\\]", said_before(text_in(answer)))] == [
        citation["quote"] for citation in ours["citations"]
    ]
    assert "— Ada Whisker, The sleep of *cats* [and] <i>dogs</i>, 2024-03-01" in text_in(answer)


def test_what_streams_is_what_is_given_at_once(base: str) -> None:
    whole, chunks = complete(base, user(QUESTION)), stream(base, user(QUESTION))
    deltas = [chunk.choices[0].delta for chunk in chunks]
    assert deltas[0].role == "assistant"
    assert streamed_text(chunks) == text_in(whole)
    assert sum(bool(delta.content) for delta in deltas) >= 3
    late = [(delta.model_extra or {})["annotations"] for delta in deltas if "annotations" in (delta.model_extra or {})]
    assert late == [[a.model_dump() for a in whole.choices[0].message.annotations or []]]
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert chunks[-1].model_extra == whole.model_extra
    assert {chunk.id for chunk in chunks} == {whole.id}


def test_usage_is_counted_and_streams_where_it_is_wanted(base: str) -> None:
    whole = complete(base, {"role": "system", "content": "You are a pirate."}, user(QUESTION))
    assert whole.usage
    assert whole.usage.prompt_tokens == count_tokens(QUESTION)
    assert whole.usage.completion_tokens == count_tokens(text_in(whole))
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
    *before, last = stream(base, user(QUESTION), stream_options={"include_usage": True})
    assert (last.choices, last.usage) == ([], whole.usage)
    assert all(chunk.usage is None and chunk.choices for chunk in before)


def test_the_stream_is_events_that_end_with_done(base: str) -> None:
    reply = post(base, {"model": "quotewell", "messages": [user(QUESTION)], "stream": True})
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.headers["x-accel-buffering"] == "no"
    *chunks, done, empty = reply.text.split("\n\n")
    assert (done, empty) == ("data: [DONE]", "")
    assert all(json.loads(chunk.removeprefix("data: "))["object"] == "chat.completion.chunk" for chunk in chunks)


def test_an_abstention_says_so_and_cites_nothing(unsure: str) -> None:
    answer = complete(unsure, user("Who won the chess match in Reykjavik?"))
    assert text_in(answer).startswith("The articles do not say.")
    assert (answer.choices[0].message.annotations, answer.choices[0].finish_reason) == ([], "stop")
    extra = answer.model_extra or {}
    assert (extra["citations"], extra["search_results"], extra["quotewell"]["status"]) == ([], [], "abstained")
    chunks = stream(unsure, user("Who won the chess match in Reykjavik?"))
    assert not any("annotations" in (chunk.choices[0].delta.model_extra or {}) for chunk in chunks)


@pytest.mark.parametrize(("question", "words"), [(QUESTION, "None of these is"), ("¿Cuánto duermen?", "Ninguna de")])
def test_the_evidence_model_says_first_when_it_is_not_sure(unsure: str, question: str, words: str) -> None:
    answer = complete(unsure, user(question), model="quotewell-evidence")
    assert text_in(answer).startswith(words)
    assert answer.choices[0].message.annotations


def test_a_follow_up_question_is_read_with_the_turns_before_it(base: str) -> None:
    turns = [user("Where is the tidal power station?"), {"role": "assistant", "content": "At “Sihwa Lake” [1]"}]
    answer = complete(base, *turns, user("When was it opened?"))
    ours = asked_by_us(base, question="When was it opened?", history=turns)
    assert ours["standalone"]
    assert answer.id == f"chatcmpl-{ours['id']}"


def test_a_client_that_leaves_in_the_middle_of_a_stream_does_no_harm(base: str) -> None:
    body = {"model": "quotewell", "messages": [user(QUESTION)], "stream": True}
    for _ in range(3):
        with web().stream("POST", f"{base}/chat/completions", json=body) as reply:
            assert next(reply.iter_bytes(1)) == b"d"
    assert complete(base, user(QUESTION)).choices[0].finish_reason == "stop"


# ── what clients send ────────────────────────────────────────────────────────────────────────────────────────────────


def test_text_parts_and_messages_of_other_roles_are_read_past(base: str) -> None:
    messages: list[dict[str, Any]] = [
        {"role": "developer", "content": "Be brief."},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function"}]},
        {"role": "tool", "tool_call_id": "1", "content": "42"},
        user([{"type": "text", "text": "How many hours"}, {"type": "text", "text": "a day do cats sleep?"}]),
    ]
    assert "sixteen hours" in text_in(complete(base, *messages))


def test_an_image_is_refused_by_name_but_not_in_earlier_turns(base: str) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    shown = user([{"type": "text", "text": QUESTION}, image])
    with pytest.raises(openai.BadRequestError, match="only text can be read") as caught:
        complete(base, shown)
    assert caught.value.param == "messages[0].content[1]"
    assert "sixteen" in text_in(complete(base, shown, {"role": "assistant", "content": "No."}, user(QUESTION)))


def test_a_long_history_is_cut_to_its_last_turns(base: str) -> None:
    """More messages, longer ones and more bytes than our own interface takes, and what is no text there."""
    turns: list[dict[str, Any]] = [
        message for n in range(150) for message in (user(f"And {n}?\0"), {"role": "assistant", "content": "x" * 999})
    ]
    turns[-1]["content"] = "y " * 20_000
    answer = complete(base, {"role": "system", "content": "z " * 50_000}, *turns, user(QUESTION))
    assert "sixteen" in text_in(answer)
    assert answer.usage and answer.usage.prompt_tokens < 20_000


def test_what_open_webui_sends_is_answered(base: str) -> None:
    body = {
        "stream": True, "model": "quotewell", "messages": [{"role": "system", "content": "Hi"}, user(QUESTION)],
        "temperature": 0.8, "top_p": 0.9, "max_tokens": 128, "stop": ["x"], "seed": 0, "frequency_penalty": 0,
        "logit_bias": {}, "stream_options": {"include_usage": True}, "tools": [], "reasoning_effort": "low",
        "response_format": {"type": "text"}, "user": {"name": "Ann", "id": "1"}, "num_ctx": 4096, "n": None,
    }  # fmt: skip
    reply = post(base, body, Accept="text/event-stream")
    assert (reply.status_code, reply.text.rpartition("data: ")[2].strip()) == (200, "[DONE]")
    assert '"annotations": [{"type": "url_citation"' in reply.text


def test_what_librechat_sends_is_answered(base: str) -> None:
    body = {
        "model": "quotewell", "user": "66f0", "stream": True, "stream_options": {"include_usage": True},
        "temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0,
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "You are kind."}]},
            {"role": "user", "name": "ann", "content": [{"type": "text", "text": QUESTION}]},
        ],
    }  # fmt: skip
    reply = post(base, body, **{"x-stainless-lang": "js"})
    assert reply.status_code == 200
    assert "sixteen hours" in reply.text


def test_a_question_that_open_webui_wraps_in_its_files_is_found(base: str) -> None:
    context = "<context>\n<source id='1'>Something about dogs.</source>\n</context>\n\n"
    task = f"### Task:\nRespond to the user query using the provided context, with citations.\n\n{context}"
    for wrapped in (f"{task}<user_query>\n{QUESTION}\n</user_query>\n", f"{task}{QUESTION}"):
        assert complete(base, user(wrapped)).id == complete(base, user(QUESTION)).id


# ── side prompts ─────────────────────────────────────────────────────────────────────────────────────────────────────

CHAT = f"<chat_history>\nUSER: {QUESTION}\nASSISTANT: Cats sleep.\n</chat_history>"
ASIDES = [
    ('### Task:\nGenerate a concise, 3-5 word title with an emoji.\n### Output:\nJSON format: { "title": "yours" }\n'
     f'### Examples:\n- {{ "title": "📉 Stock Market Trends" }}\n### Chat History:\n{CHAT}',
     {"title": "How many hours a day do cats sleep"}),
    (f'### Task:\nGenerate 1-3 broad tags.\n\n### Output:\nJSON format: {{ "tags": ["a"] }}\n\n{CHAT}', {"tags": []}),
    ('### Task:\nSuggest 3-5 follow-up questions.\n### Output:\nJSON format: { "follow_ups": ["Q1?"] }\n' + CHAT,
     {"follow_ups": []}),
    ('### Task:\nAnalyze the chat history to determine the necessity of generating search queries.\n\n### Output:\n'
     f'{{\n  "queries": ["query1"]\n}}\n\n### Chat History:\n{CHAT}\n', {"queries": []}),
    ('### Task:\nYou are an autocompletion system.\n- Respond only in JSON format: `{ "text": "<completion>" }`.\n'
     f'{CHAT}\n<type>General</type>\n<text>How do</text>\n#### Output:\n', {"text": ""}),
    ('### Task:\nGenerate a detailed prompt for am image generation task.\n### Output:\n{\n    "prompt": "Yours."\n}\n'
     + CHAT, {"prompt": QUESTION}),
    ("Analyze this conversation and provide:\n1. The detected language of the conversation\n2. A concise title in the "
     f"detected language\n\nUser: {QUESTION}\nAI: Cats.", {"title": "How many hours a day do cats sleep"}),
]  # fmt: skip


@pytest.mark.parametrize(("prompt", "reply"), ASIDES, ids=lambda x: next(iter(x)) if isinstance(x, dict) else "")
def test_side_prompts_get_the_json_that_they_ask_for_and_are_not_kept(
    base: str, data: Path, prompt: str, reply: dict[str, Any]
) -> None:
    complete(base, user(QUESTION))
    before = (data / "answers.db").read_bytes(), sorted(data.iterdir())
    answer = complete(base, user(prompt), max_tokens=1000)
    assert json.loads(text_in(answer)) == reply
    assert (answer.choices[0].message.annotations, answer.model_extra) == ([], {})
    assert answer.usage and answer.usage.prompt_tokens == count_tokens(prompt)
    assert ((data / "answers.db").read_bytes(), sorted(data.iterdir())) == before


PLAIN = "Provide a concise, 5-word-or-less title for the conversation.\n\nConversation:\n"


@pytest.mark.parametrize(
    "message",
    [
        user(f"{PLAIN}User: {QUESTION}\nAI: 16."),
        user(f"{PLAIN}User: {QUESTION}"),
        {"role": "system", "content": "Please generate a concise, 5-word-or-less title for the conversation.\n\n"
         f'||>User:\n"{QUESTION}"\n||>Response:\n"16."\n\n||>Title:'},
    ],
)  # fmt: skip
def test_librechats_titles_are_plain_words(base: str, message: dict[str, Any]) -> None:
    assert text_in(complete(base, message)) == "How many hours a day do cats sleep"
    assert streamed_text(stream(base, message)) == "How many hours a day do cats sleep"


def test_tools_of_the_client_are_never_called(base: str) -> None:
    tools = {"role": "system", "content": 'Available Tools: [{"name": "weather"}]\n\nChoose.'}
    assert json.loads(text_in(complete(base, tools, user(f"Query: {QUESTION}")))) == {"tool_calls": []}


def test_follow_ups_are_those_of_the_answer(base: str) -> None:
    answer = complete(base, user(QUESTION))
    ours = asked_by_us(base, question=QUESTION)["follow_ups"]
    chat = f"<chat_history>\nUSER: {QUESTION}\nASSISTANT: {text_in(answer)}\n</chat_history>"
    form = 'JSON format: { "follow_ups": ["Question 1?", "Question 2?"] }'
    reply = complete(base, user(f"### Task:\nSuggest questions.\n### Output:\n{form}\n### Chat History:\n{chat}"))
    assert json.loads(text_in(reply)) == {"follow_ups": ours}


def test_follow_ups_are_of_the_last_answer_that_was_given_here() -> None:
    follow_ups = RecentFollowUps()
    follow_ups.note("Cats sleep.", ("How long?",))
    follow_ups.note("By day.", ("Why?",))
    assert follow_ups.after("USER: a\nASSISTANT: By day.\nUSER: b\nASSISTANT: Cats sleep.") == ("How long?",)
    assert follow_ups.after("USER: a\nASSISTANT: Dogs.") == ()
    for n in range(200):
        follow_ups.note(f"{n} more", ())
    assert follow_ups.after("Cats sleep.") == ()


def test_side_prompts_need_no_index(tmp_path: Path) -> None:
    with serving(load_settings(data=tmp_path / "none", embedder="hash")) as base:
        assert json.loads(text_in(complete(base, user(ASIDES[0][0])))) == ASIDES[0][1]
        with pytest.raises(openai.InternalServerError) as caught:
            complete(base, user(QUESTION))
    assert (caught.value.status_code, caught.value.code, caught.value.type) == (503, "index_missing", "server_error")
    assert caught.value.response.headers["retry-after"] == "2"


@pytest.mark.parametrize("question", ["### Task: what is it?", 'What does "title": mean?', "Provide a concise title."])
def test_a_question_that_looks_a_little_like_a_side_prompt_is_a_question(base: str, question: str) -> None:
    assert (complete(base, user(question)).model_extra or {})["quotewell"]["answer_id"]


def test_a_title_is_cut_between_words() -> None:
    words = "Which sectors gained from preferential access under the agreement of the three countries?"
    assert title_of(f"USER: {words}\nASSISTANT: …") == "Which sectors gained from preferential access…"
    assert title_of("nothing") == "Quotewell"


# ── sources in the text ──────────────────────────────────────────────────────────────────────────────────────────────


def test_sources_are_listed_below_the_text_as_escaped_markdown(listing: str) -> None:
    answer = complete(listing, user(QUESTION))
    url = (answer.model_extra or {})["citations"][0]
    text, _, below = text_in(answer).partition("\n\n---\n\n")
    title = r"The sleep of \*cats\* \[and\] \<i\>dogs\</i\>"
    assert below.splitlines()[0].startswith(f"1. [{title}")
    assert f"]({url}), 2024-03-01" in below.splitlines()[0]
    cited = (answer.choices[0].message.annotations or [])[0].url_citation
    assert cited.end_index <= len(text)
    assert streamed_text(stream(listing, user(QUESTION))) == text_in(answer)


def test_behind_a_proxy_the_setting_gives_the_sources_their_address(data: Path) -> None:
    settings = load_settings(
        data=data, embedder="hash", threshold=0.0, public_url="https://articles.example/qw", hosts="other.example"
    )
    hosts = dict.fromkeys(("articles.example", "other.example"), "https://articles.example/qw")
    with serving(settings) as base:
        for host, own in hosts.items():
            headers = {"Host": host, "X-Forwarded-Host": "evil.example"}
            reply = post(base, {"model": "quotewell", "messages": [user(QUESTION)]}, **headers).json()
            assert {url.partition("/documents/")[0] for url in reply["citations"]} == {own}


def test_listed_sources_are_no_part_of_the_history(listing: str) -> None:
    first = complete(listing, user("Where is the tidal power station?"))
    said = text_in(first)
    plain = said.partition("\n\n---\n\n")[0]
    answers = [
        complete(listing, user("Where is it?"), {"role": "assistant", "content": text}, user("And when?")).id
        for text in (said, plain)
    ]
    assert plain != said
    assert answers[0] == answers[1]


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=30), max_size=3))
def test_what_is_listed_is_stripped_again(text: str, titles: list[str]) -> None:
    sources = [Source(n + 1, title, title, f"https://a.b/{title}", None) for n, title in enumerate(titles)]
    text = without_sources(text).rstrip()
    assert without_sources(text + sources_list(sources)) == text


# ── errors ───────────────────────────────────────────────────────────────────────────────────────────────────────────

ASK = {"model": "quotewell", "messages": [user(QUESTION)]}


@pytest.mark.parametrize(
    ("body", "param", "words"),
    [
        (b"{", None, "the body is not JSON"),
        (b"[]", None, "not a JSON object"),
        (b"\xff", None, ""),
        ({"model": "quotewell"}, "messages", "required"),
        ({"messages": [user(QUESTION)]}, "model", "required"),
        ({**ASK, "messages": []}, "messages", ""),
        ({**ASK, "messages": [{"role": "system", "content": "Hi"}]}, "messages", "nothing is asked"),
        ({**ASK, "messages": [user("  ")]}, "messages[0].content", "is empty"),
        ({**ASK, "messages": [{"role": "user"}]}, "messages[0].content", "is empty"),
        ({**ASK, "messages": [user("x" * 2001)]}, "messages", "2,000"),
        ({**ASK, "messages": [user(5)]}, "messages[0].content", "is no text"),
        ({**ASK, "messages": [user([5])]}, "messages[0].content[0]", ""),
        ({**ASK, "n": 2}, "n", ""),
        ({**ASK, "stream": "perhaps"}, "stream", ""),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
def test_a_bad_request_is_a_400_in_openais_shape(
    base: str, body: Any, param: str | None, words: str, streaming: bool
) -> None:
    reply = post(base, body if not streaming or isinstance(body, bytes) else {"stream": True} | body)
    error = reply.json()["error"]
    assert (reply.status_code, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert words in error["message"]
    assert set(error) == {"message", "type", "param", "code"}
    assert reply.headers["content-type"] == "application/json"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(["user", "text", QUESTION]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "content", "type", "text", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(st.sampled_from(["messages", "stream", "n", "stream_options"]), JSON_VALUES))
def test_whatever_is_sent_is_answered_or_a_400(base: str, body: dict[str, Any]) -> None:
    reply = post(base, {"model": "quotewell"} | body)
    assert reply.status_code in (200, 400)
    assert reply.status_code == 200 or set(reply.json()) == {"error"}


def test_other_errors_have_openais_shape_too(base: str) -> None:
    """Also what surrounds the routes: too large, no such address, a wrong method."""
    large = post(base, b" " * (MOST_CHAT_BYTES + 1))
    nowhere = web().post(f"{base}/chat/nothing")
    wrong = web().get(f"{base}/chat/completions")
    for reply, status, code in (
        (large, 413, "too_large"),
        (nowhere, 404, "no_such_page"),
        (wrong, 405, "method_not_allowed"),
    ):
        error = reply.json()["error"]
        assert (reply.status_code, error["code"], error["param"]) == (status, code, None)
        assert error["message"]
    assert wrong.headers["allow"] == "POST"


def test_the_openai_package_raises_what_it_should(base: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        complete(base, user(QUESTION), n=3)
    assert (caught.value.param, caught.value.status_code) == ("n", 400)
    with pytest.raises(openai.NotFoundError):
        client(base).embeddings.create(model="quotewell", input="x")


def test_the_contract_shows_both_forms_of_the_answer_and_the_errors(described: dict[str, Any]) -> None:
    operation = described["paths"]["/v1/chat/completions"]["post"]
    assert set(operation["responses"]["200"]["content"]) == {"application/json", "text/event-stream"}
    assert {"400", "404", "413", "503", "default"} <= set(operation["responses"])
    schemas = described["components"]["schemas"]
    assert {"ChatRequest", "ChatCompletion", "ChatCompletionChunk", "Delta", "ErrorReply", "ModelList"} <= set(schemas)
    assert all(name in schemas for name in re.findall(r'#/components/schemas/([^"]+)', json.dumps(described)))


# ── the example ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_example_prints_the_answer_and_its_sources(base: str, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLE))["main"](QUESTION, base)
    shown = capsys.readouterr().out
    assert "sixteen hours" in shown
    assert f"{base.removesuffix('/v1')}/documents/cats#" in shown
