"""Chat and older completions, embeddings and models: OpenAI's interface, so that clients made for it need no change."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.sse import EventSourceResponse
from pydantic import BeforeValidator, Field

from rag.answer import Mode
from server.dependencies import Giving, InlineSources, LiveIndex, NextQuestions, OwnNames
from server.openai.conversation import Conversation, asked, chore, invalid
from server.openai.reply import ChatReply, chunks, events, said, said_aside, text_chunks, whole, whole_text
from server.openai.shape import Fill, Shape, everything, filling
from server.openapi import Responses, ref
from server.problems import Kind, problem
from server.schemas import openai as wire
from server.schemas.ask import Ask
from server.schemas.base import FieldProblem, Reply, Text
from server.schemas.openai import Open, as_text, text_or_texts

_SPECIAL_TOKENS = 2  # that an embedder puts around a text
MOST_CHAT_BYTES = 4_000_000  # histories grow, and clients send instructions and images along

MODES: dict[str, Mode] = {"quotewell": "answer", "quotewell-evidence": "evidence"}
_NAMES = {"quotewell": "Quotewell", "quotewell-evidence": "Quotewell, quotes only"}
_CREATED = 1_795_305_600  # 22 November 2026, when there first were models; clients want a date
_MODELS = tuple(
    wire.Model(id=model, object="model", created=_CREATED, owned_by="quotewell", name=_NAMES[model]) for model in MODES
)
_NO_MODEL = Kind("model-not-found", 404, "There is no such model")
UNBUFFERED = {"X-Accel-Buffering": "no"}  # else nginx holds a stream back until it ends

router = APIRouter(tags=["chat completions"])


def _texts(texts: object) -> object:
    texts = as_text(texts)
    return (texts,) if isinstance(texts, str) else [*map(as_text, texts)] if isinstance(texts, list) else texts


MOST_EMBEDDED = 256  # texts
_TOKENS: dict[str, Any] = {"type": "array", "items": {"type": "integer", "minimum": 0}}


class EmbeddingRequest(Open):
    """Texts to place as the index places its passages."""

    model: str = Field(examples=["quotewell"], description="`quotewell`, or the embedder's own name")
    input: Annotated[
        tuple[Text, ...],
        BeforeValidator(_texts),
        Field(min_length=1, max_length=MOST_EMBEDDED, examples=["preferential access"]),
        text_or_texts(MOST_EMBEDDED, _TOKENS, {"type": "array", "items": _TOKENS, "maxItems": MOST_EMBEDDED}),
    ]
    encoding_format: Literal["float", "base64"] | None = "float"
    dimensions: int | None = Field(None, strict=True, description="as many as the embedder has, or left out")


class EmbeddedText(Reply):
    """A unit vector: numbers, or base64 of 32-bit floats, little end first."""

    object: Literal["embedding"]
    index: int
    embedding: tuple[float, ...] | str


class EmbeddingUsage(Reply):
    """In the embedder's own tokens."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingList(Reply):
    """In the order of the texts."""

    object: Literal["list"]
    model: str
    data: tuple[EmbeddedText, ...]
    usage: EmbeddingUsage


def openai_errors(*statuses: int) -> Responses:
    declared: Responses = {status: {"model": wire.ErrorReply, "description": "An error"} for status in statuses}
    return {**declared, "default": {"model": wire.ErrorReply, "description": "Any other error"}}


def _streamed(schema: dict[str, Any]) -> Responses:
    said = "The answer; with `stream`, its chunks as server-sent events, then [DONE]"
    return {200: {"description": said, "content": {"text/event-stream": {"schema": schema}}}}


@dataclass(frozen=True, slots=True)
class Parts:
    """Of the running server."""

    live: LiveIndex
    giving: Annotated[Giving, Depends()]
    names: OwnNames
    follow_ups: NextQuestions
    inline_sources: InlineSources

    def answer(
        self, conversation: Conversation, model: str, shape: Shape, request: Request, keep: bool = True
    ) -> ChatReply:
        """Raises BadQuestion, ValidationError, and what keeps the index from being used."""
        own = request.base_url
        address = self.names.base_url(own.netloc, own.scheme)
        history = [{"role": role, "content": content} for role, content in conversation.history]
        fields = {"question": conversation.question, "history": history, "mode": MODES[model]}
        answer = self.giving.answer(Ask.model_validate(fields), self.live.assistant, keep).answer
        texts = [*(content for _, content in conversation.history), conversation.question]
        message = said(answer, model, texts, address, self.inline_sources == "list", shape)
        self.follow_ups.note(message.text.strip(), answer.follow_ups, answer.index_version)
        return message

    def next_questions(self, chat: str) -> tuple[str, ...]:
        """After the last answer in a chat. Raises what keeps the index from being used."""
        return self.follow_ups.after(chat, self.live.assistant.index.version)


@router.get("/v1/models", operation_id="list_models", responses=openai_errors())
async def list_models() -> wire.ModelList:
    """The ways to be answered."""
    return wire.ModelList(object="list", data=_MODELS)


@router.get(
    "/v1/models/{model_id:path}", operation_id="get_model", response_model=wire.Model, responses=openai_errors(404)
)
async def get_model(model_id: Annotated[str, Path(examples=["quotewell"])], request: Request) -> wire.Model | Response:
    """One of them."""
    found = next((model for model in _MODELS if model.id == model_id), None)
    return found or no_such_model(request)


@router.post(
    "/v1/chat/completions", operation_id="create_chat_completion", response_model=wire.ChatCompletion,
    response_model_exclude_unset=True,
    responses=_streamed(ref(wire.ChatCompletionChunk)) | openai_errors(400, 404, 413, 503),
)  # fmt: skip
def create_chat_completion(
    body: wire.ChatRequest, request: Request, parts: Annotated[Parts, Depends()]
) -> wire.ChatCompletion | Response:
    """Answer the last message of the user from the articles, as POST /v1/ask does, in OpenAI's format.

    Sources are given as `annotations`, as top-level `citations` and `search_results`, and by [n] in the text. Side
    prompts of Open WebUI and LibreChat (titles, tags, follow-ups, search words) are answered without the articles.
    """
    if body.model not in MODES:
        return no_such_model(request)
    most = min(filter(None, (body.max_tokens, body.max_completion_tokens)), default=None)
    aside = chore(body.messages, parts.next_questions)
    if aside is None:
        filled, calls = filled_by(body, body.response_format, ("response_format",))
        conversation = asked(body.messages)
        message = parts.answer(conversation, body.model, Shape(filled, most, body.stop, calls), request)
    else:
        message = said_aside(aside, body.model, body.messages[-1].words, Shape(None, most, body.stop))
    if not body.stream:
        return whole(message)
    return EventSourceResponse(events(chunks(message, _with_usage(body))), headers=UNBUFFERED)


@router.post(
    "/v1/completions", operation_id="create_completion", response_model=wire.TextCompletion,
    response_model_exclude_unset=True, responses=_streamed({"type": "object"}) | openai_errors(400, 404, 413, 503),
)  # fmt: skip
def create_completion(
    body: wire.CompletionRequest, request: Request, parts: Annotated[Parts, Depends()]
) -> wire.TextCompletion | Response:
    """Answer a prompt as a question, in OpenAI's older format; as server-sent events where `stream` is true."""
    if body.model not in MODES:
        return no_such_model(request)
    if not body.prompt.strip():
        raise invalid(("prompt",), "is empty; it is the question")
    shape = Shape(None, body.max_tokens, body.stop)
    message = parts.answer(Conversation(body.prompt.strip(), ()), body.model, shape, request)
    if not body.stream:
        return whole_text(message)
    return EventSourceResponse(events(text_chunks(message, _with_usage(body))), headers=UNBUFFERED)


@router.post(
    "/v1/embeddings", operation_id="create_embeddings", response_model=EmbeddingList,
    responses=openai_errors(400, 404, 413, 503),
)  # fmt: skip
def create_embeddings(
    body: EmbeddingRequest, request: Request, parts: Annotated[Parts, Depends()]
) -> EmbeddingList | Response:
    """Unit vectors of texts, by the embedder that the index was built with; none is cut, a text too long is refused."""
    embedder = parts.live.assistant.index.embedder
    if body.model not in (*MODES, embedder.name):
        return no_such_model(request, *MODES, embedder.name)
    if body.dimensions not in (None, embedder.dim):
        raise invalid(("dimensions",), f"the vectors have {embedder.dim} dimensions; send that, or none")
    at = next((n for n, text in enumerate(body.input) if not text.strip()), None)
    if at is not None:
        raise invalid(("input", at), "is empty")
    tokens, most = embedder.count_tokens(body.input), embedder.max_tokens - _SPECIAL_TOKENS
    at = next((n for n, count in enumerate(tokens) if count > most), None)
    if at is not None:
        raise invalid(("input", at), f"has {tokens[at]:,} tokens, and at most {most:,} are read; cut it in pieces")
    vectors = [one.vector for one in embedder.encode_passages(body.input)]
    form: Any = (
        (lambda one: b64encode(one.astype("<f4").tobytes()).decode())
        if body.encoding_format == "base64"
        else (lambda one: tuple(map(float, one)))
    )
    data = tuple(EmbeddedText(object="embedding", index=n, embedding=form(one)) for n, one in enumerate(vectors))
    usage = EmbeddingUsage(prompt_tokens=sum(tokens), total_tokens=sum(tokens))
    return EmbeddingList(object="list", model=body.model, data=data, usage=usage)


def filled_by(body: wire.Wanting, wanted: dict[str, Any] | None, place: tuple[str, ...]) -> tuple[Fill | None, str]:
    """How JSON is filled where a client wants it, None for text; and the function that it is for, "" for none.

    `wanted` holds `json_schema.schema` in chats, and `schema` itself in responses. Raises RequestValidationError for
    what cannot be had.
    """
    function = body.function
    if function is not None:
        return _filling(function.get("parameters"), ("tools",)), str(function["name"])
    kind = (wanted or {}).get("type", "text")
    if wanted is None or kind == "text":
        return None, ""
    if kind == "json_object":
        return everything, ""
    if kind != "json_schema":
        raise invalid((*place, "type"), "is none of text, json_object and json_schema")
    holder = wanted.get("json_schema", wanted)
    return _filling(holder.get("schema") if isinstance(holder, dict) else None, place), ""


def _filling(schema: object, place: tuple[str, ...]) -> Fill:
    try:
        return filling(schema)
    except ValueError as error:
        raise invalid(place, str(error)) from error


def _with_usage(body: wire.Completing) -> bool:
    return bool(body.stream_options and body.stream_options.include_usage)


def no_such_model(request: Request, *known: str) -> Response:
    """OpenAI's reply to a model of another name."""
    detail = f"there is no such model here; known are {' and '.join(known or MODES)}"
    return problem(request.scope, _NO_MODEL, detail, [FieldProblem(pointer="/model", detail="is not known")])
