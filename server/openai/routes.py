"""/v1/chat/completions and /v1/models: the interface of OpenAI, so that clients made for it need no change."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.sse import EventSourceResponse

from rag.answer import Mode
from rag.follow_ups.turns import MOST_CHARS, MOST_TURNS
from server.answering import Giving
from server.dependencies import InlineSources, LiveIndex, NextQuestions, OwnNames
from server.openai.cited_text import BOLD, without_sources
from server.openai.reply import ChatReply, events, said, said_aside, whole
from server.openai.side_prompts import chore
from server.openapi import Responses, ref
from server.problems import Kind, problem
from server.schemas import openai as wire
from server.schemas.ask import Ask
from server.schemas.base import FieldProblem
from server.schemas.openai import ChatMessage

# A chat client's messages → the question and the turns before it, as far as they are read. Nothing is refused for its
# length but the question.

_MOST_HISTORY = 100  # messages; Ask takes no more
_READ = ("user", "assistant")

# Open WebUI puts this before a question when files are attached; its words are about passages that are not ours
_WITH_FILES = re.compile(r"### Task:\s*Respond to the user query using the provided context.*</context>", re.DOTALL)
_QUERY_TAGS = re.compile(r"</?user_query>")


@dataclass(frozen=True, slots=True)
class Conversation:
    """(role, content) of the turns, oldest first; roles are user and assistant."""

    question: str
    history: tuple[tuple[str, str], ...]


def asked(messages: Sequence[ChatMessage]) -> Conversation:
    """Raises RequestValidationError where the user says nothing, or shows what cannot be read."""
    at = next((i for i in reversed(range(len(messages))) if messages[i].role == "user"), None)
    if at is None:
        raise _invalid(("messages",), "there is no message with the role user, so nothing is asked")
    _only_text(at, messages[at])
    question = question_in(messages[at].words)
    if not question:
        raise _invalid(("messages", at, "content"), "is empty; the last message of the user is the question")
    return Conversation(question, _history(messages[:at]))


def question_in(text: str) -> str:
    """Without what Open WebUI puts before it."""
    found = _WITH_FILES.match(text.strip())
    return _QUERY_TAGS.sub("", text.strip()[found.end() :]).strip() if found else text.strip()


def said_before(text: str) -> str:
    """A message of ours as it was before it became Markdown."""
    return without_sources(text).replace(BOLD, "")


def _history(messages: Sequence[ChatMessage]) -> tuple[tuple[str, str], ...]:
    """From the user's sixth message before the question on; older turns are passed over anyway."""
    turns: list[tuple[str, str]] = []
    asking = 0
    for message in reversed(messages):
        if message.role not in _READ:
            continue
        words = said_before(message.words) if message.role == "assistant" else question_in(message.words)
        words = words.replace("\0", " ")[:MOST_CHARS].strip()
        if words:
            turns.append((message.role, words))
            asking += message.role == "user"
        if asking == MOST_TURNS or len(turns) == _MOST_HISTORY:
            break
    return tuple(reversed(turns))


def _only_text(at: int, message: ChatMessage) -> None:
    """Images of earlier turns are passed over, or one refused image would end the whole chat."""
    for number, part in enumerate(message.content):
        if not part.is_text:
            what = "an image" if "image" in part.type else "not text"
            raise _invalid(("messages", at, "content", number), f"is {what}, and only text can be read; ask in words")


def _invalid(location: tuple[str | int, ...], message: str) -> RequestValidationError:
    return RequestValidationError([{"type": "value_error", "loc": ("body", *location), "msg": message}])


MOST_CHAT_BYTES = 4_000_000  # histories grow, and clients send instructions and images along

_MODES: dict[str, Mode] = {"quotewell": "answer", "quotewell-evidence": "evidence"}
_NAMES = {"quotewell": "Quotewell", "quotewell-evidence": "Quotewell, quotes only"}
_CREATED = 1_795_305_600  # 22 November 2026, when there first were models; clients want a date
_MODELS = tuple(
    wire.Model(id=model, object="model", created=_CREATED, owned_by="quotewell", name=_NAMES[model]) for model in _MODES
)
_NO_MODEL = Kind("model-not-found", 404, "There is no such model")
_UNBUFFERED = {"X-Accel-Buffering": "no"}  # else nginx holds a stream back until it ends

router = APIRouter(tags=["chat completions"])


def _errors(*statuses: int) -> Responses:
    declared: Responses = {status: {"model": wire.ErrorReply, "description": "An error"} for status in statuses}
    return {**declared, "default": {"model": wire.ErrorReply, "description": "Any other error"}}


_STREAM: Responses = {
    200: {
        "description": "The answer; with `stream`, its chunks as server-sent events, then [DONE]",
        "content": {"text/event-stream": {"schema": ref(wire.ChatCompletionChunk)}},
    }
}


@dataclass(frozen=True, slots=True)
class Parts:
    """Of the running server."""

    live: LiveIndex
    giving: Annotated[Giving, Depends()]
    names: OwnNames
    follow_ups: NextQuestions
    inline_sources: InlineSources


@router.get("/v1/models", operation_id="list_models", responses=_errors())
async def list_models() -> wire.ModelList:
    """The ways to be answered."""
    return wire.ModelList(object="list", data=_MODELS)


@router.get("/v1/models/{model_id:path}", operation_id="get_model", response_model=wire.Model, responses=_errors(404))
async def get_model(model_id: Annotated[str, Path(examples=["quotewell"])], request: Request) -> wire.Model | Response:
    """One of them."""
    found = next((model for model in _MODELS if model.id == model_id), None)
    return found or _no_such_model(request)


@router.post(
    "/v1/chat/completions", operation_id="create_chat_completion", response_model=wire.ChatCompletion,
    response_model_exclude_unset=True, responses=_STREAM | _errors(400, 404, 413, 503),
)  # fmt: skip
def create_chat_completion(
    body: wire.ChatRequest, request: Request, parts: Annotated[Parts, Depends()]
) -> wire.ChatCompletion | Response:
    """Answer the last message of the user from the articles, as POST /v1/ask does, in OpenAI's format.

    Sources are given as `annotations`, as top-level `citations` and `search_results`, and by [n] in the text. Side
    prompts of Open WebUI and LibreChat (titles, tags, follow-ups, search words) are answered without the articles.
    """
    if body.model not in _MODES:
        return _no_such_model(request)
    aside = chore(body.messages, parts.follow_ups)
    if aside is None:
        own = request.base_url
        message = _answer(body, parts.names.base_url(own.netloc, own.scheme), parts)
    else:
        message = said_aside(aside, body.model, body.messages[-1].words)
    if not body.stream:
        return whole(message)
    with_usage = bool(body.stream_options and body.stream_options.include_usage)
    return EventSourceResponse(events(message, with_usage), headers=_UNBUFFERED)


def _answer(body: wire.ChatRequest, address: str, parts: Parts) -> ChatReply:
    """Raises BadQuestion, RequestValidationError, and what keeps the index from being used."""
    read = asked(body.messages)
    history = [{"role": role, "content": content} for role, content in read.history]
    ask = Ask.model_validate({"question": read.question, "history": history, "mode": _MODES[body.model]})
    answer = parts.giving.answer(ask, parts.live.assistant).answer
    texts = [*(content for _, content in read.history), read.question]
    message = said(answer, body.model, texts, address, parts.inline_sources == "list")
    parts.follow_ups.note(message.text.strip(), answer.follow_ups)
    return message


def _no_such_model(request: Request) -> Response:
    detail = f"there is no such model here; known are {' and '.join(_MODES)}"
    return problem(request.scope, _NO_MODEL, detail, [FieldProblem(pointer="/model", detail="is not known")])
