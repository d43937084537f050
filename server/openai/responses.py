"""/v1/responses: the interface that OpenAI's newer clients speak, with conversations that the server goes on with.

Of a response its turns are kept, as answers are and as long: the newest `keep_answers`, until the articles change.
"""

import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterator
from time import time
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import APIRouter, Depends, Request, Response
from fastapi.sse import EventSourceResponse, format_sse_event
from pydantic import BeforeValidator, Field, field_validator

from server.answer_log import KeptQuestion
from server.openai.conversation import asked, chore
from server.openai.reply import ChatReply, said_aside, sourced
from server.openai.routes import MODES, UNBUFFERED, Parts, filled_by, no_such_model, openai_errors
from server.openai.shape import Shape
from server.openapi import Responses
from server.problems import Kind, problem
from server.schemas.base import FieldProblem, Reply, Text
from server.schemas.openai import ChatMessage, Open, Refused, Sourced, Tokens, Wanting
from server.sse import pieces

STORE = "articles"  # the only vector store that there is

router = APIRouter(tags=["chat completions"])
_NAME = re.compile("resp_[0-9a-f]{32}")
_GONE = Kind("previous-response-not-found", 400, "There is no such response")
_NOT_KEPT = "no response of this id is kept here, or the articles have changed since; send the turns before as input"


class InputItem(ChatMessage):
    """A turn; or `item_reference`, a message of a response that was given here. Other items are passed over."""

    role: str = ""
    type: str = "message"
    id: str = ""


class TextFormat(Open):
    """Text, json_object, or json_schema with a schema of what an answer has."""

    format: dict[str, Any] | None = None

    @field_validator("format")
    @classmethod
    def _is_text(cls, given: dict[str, Any] | None) -> dict[str, Any] | None:
        """It is given back, and no reply can hold half a surrogate pair."""
        try:
            json.dumps(given, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ValueError("holds a character that is no text (half a surrogate pair)") from error
        return given


class ResponseRequest(Wanting):
    """The last message of the user is the question; instructions, sampling and reasoning change nothing in an answer.

    Of the tools, file_search of the store `articles` is what happens anyway.
    """

    input: Annotated[
        tuple[InputItem, ...],
        BeforeValidator(
            lambda given: ({"role": "user", "content": given},) if isinstance(given, str) else given,
            json_schema_input_type=str | list[InputItem],
        ),
        Field(min_length=1, examples=["Which sectors gained from preferential access under the USMCA?"]),
    ]
    previous_response_id: str | None = None
    store: bool | None = Field(True, strict=True, description="false: neither the turns nor the answer are kept")
    max_output_tokens: Tokens | None = None
    text: TextFormat | None = None
    metadata: dict[Text, Text] | None = Field(None, max_length=16)
    background: Refused = None
    conversation: Refused = None
    prompt: Refused = None

    @classmethod
    def happens_anyway(cls, tool: dict[str, Any]) -> bool:
        stores = tool.get("vector_store_ids")
        ours = stores is None or (isinstance(stores, list) and all(one == STORE for one in stores))
        return tool.get("type") == "file_search" and ours and not tool.get("filters")


class FileCitation(Reply):
    """OpenAI's form of a citation of an article, which stands behind text[start_index:end_index], at `index`.

    `file_id` is the document's id; `filename`, its title, is unique in the message.
    """

    type: Literal["file_citation"]
    file_id: str
    filename: str
    index: int
    url: str
    start_index: int
    end_index: int


class OutputText(Reply):
    """The text, with what it stands on, by marker."""

    type: Literal["output_text"]
    text: str
    annotations: tuple[FileCitation, ...]
    logprobs: tuple[()]


class OutputMessage(Reply):
    """The answer."""

    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    status: Literal["in_progress", "completed", "incomplete"]
    content: tuple[OutputText, ...]


class FunctionCall(Reply):
    """The function that had to be called; `arguments` are JSON, filled from the answer."""

    id: str
    type: Literal["function_call"]
    call_id: str
    name: str
    arguments: str
    status: Literal["in_progress", "completed", "incomplete"]


class ResponseUsage(Reply):
    """Tokens of cl100k_base: of the turns that were read, and of the message."""

    input_tokens: int
    input_tokens_details: dict[str, int]
    output_tokens: int
    output_tokens_details: dict[str, int]
    total_tokens: int


class ResponseObject(Sourced):
    """A whole answer; `incomplete` where the limit of its length cut it."""

    id: str
    object: Literal["response"]
    created_at: int = Field(description="seconds since 1970")
    status: Literal["in_progress", "completed", "incomplete"]
    error: None
    incomplete_details: dict[str, str] | None
    instructions: None
    max_output_tokens: int | None
    metadata: dict[str, str]
    model: str
    output: tuple[OutputMessage | FunctionCall, ...]
    parallel_tool_calls: bool
    previous_response_id: str | None
    store: bool
    temperature: None
    text: dict[str, Any]
    tool_choice: Literal["auto", "none", "required"]
    tools: tuple[()]
    top_p: None
    truncation: Literal["auto"]
    usage: ResponseUsage | None


_STREAM: Responses = {
    200: {
        "description": "The response; with `stream`, its events, the last of which holds all of it",
        "content": {"text/event-stream": {"schema": {"type": "object"}}},
    }
}


class KeptTurn(NamedTuple):
    role: str
    content: str


class _NotKept(Exception):
    """The pointer of the id that nothing is kept of."""


@router.post(
    "/v1/responses", operation_id="create_response", response_model=ResponseObject,
    response_model_exclude_unset=True, responses=_STREAM | openai_errors(400, 404, 413, 503),
)  # fmt: skip
def create_response(
    body: ResponseRequest, request: Request, parts: Annotated[Parts, Depends()]
) -> ResponseObject | Response:
    """Answer the last message of the user from the articles, as POST /v1/ask does, as OpenAI's newer clients ask.

    With `previous_response_id` the turns before are those of that response. Sources are given as `annotations`
    (file_citation), as top-level `citations` and `search_results`, and by [n] in the text.
    """
    if body.model not in MODES:
        return no_such_model(request)
    try:
        messages = _messages(body, parts)
    except _NotKept as error:
        return problem(request.scope, _GONE, _NOT_KEPT, [FieldProblem(pointer=str(error), detail=_NOT_KEPT)])
    aside = chore(messages, parts.next_questions)
    if aside is None:
        filled, calls = filled_by(body, body.text.format if body.text else None, ("text", "format"))
        conversation = asked(messages, "input", len(messages) - len(body.input))
        shape = Shape(filled, body.max_output_tokens, (), calls)
        message = parts.answer(conversation, body.model, shape, request, keep=body.store is not False)
        turns = [*map(KeptTurn._make, conversation.history), KeptTurn("user", conversation.question)]
        name = _keep(parts, message, [*turns, KeptTurn("assistant", message.turn)], body.store is not False)
    else:
        message = said_aside(aside, body.model, messages[-1].words, Shape(None, body.max_output_tokens))
        name = message.id
    if not body.stream:
        return _whole(name, message, body, int(time()))
    return EventSourceResponse(_events(name, message, body), headers=UNBUFFERED)


def _messages(body: ResponseRequest, parts: Parts) -> list[ChatMessage]:
    """All turns, oldest first; those of the input last, one for each of its items. Raises _NotKept."""
    said = [_turn(turn) for turn in _kept(parts, body.previous_response_id, "/previous_response_id")]
    for number, item in enumerate(body.input):
        if item.type == "item_reference":
            turns = _kept(parts, f"resp_{item.id.removeprefix('msg_')}", f"/input/{number}/id")
            said.append(_turn(turns[-1]))
        else:
            said.append(item if item.type == "message" else InputItem.model_validate({}))
    return said


def _turn(turn: KeptTurn) -> ChatMessage:
    return ChatMessage.model_validate(turn._asdict())


def _kept(parts: Parts, name: str | None, pointer: str) -> list[KeptTurn]:
    """The turns up to the answer of a response, none of None. Raises _NotKept."""
    if name is None:
        return []
    found = parts.giving.kept.find(name) if _NAME.fullmatch(name) else None
    if found is None or not found.body or found.index_version != parts.live.assistant.index.version:
        raise _NotKept(pointer)
    return [KeptTurn(*turn) for turn in json.loads(found.body)]


def _keep(parts: Parts, message: ChatReply, turns: list[KeptTurn], keep: bool) -> str:
    """The name of the response: that of its turns and its answer, so two conversations never share one."""
    body = json.dumps(turns)
    name = hashlib.sha256(f"{message.id}\n{message.model}\n{body}".encode()).hexdigest()[:32]
    if keep:
        version = message.index_version
        parts.giving.kept.keep(f"resp_{name}", KeptQuestion(version, body))
    return name


def _whole(name: str, message: ChatReply, body: ResponseRequest, created: int) -> ResponseObject:
    used, cut = message.usage, message.finish == "length"
    status: Literal["completed", "incomplete"] = "incomplete" if cut else "completed"
    return ResponseObject(
        **_same(name, message, body, created),
        status=status,
        incomplete_details={"reason": "max_output_tokens"} if cut else None,
        output=(_output(name, message, status),),
        usage=ResponseUsage(
            input_tokens=used.prompt_tokens,
            input_tokens_details={"cached_tokens": 0, "cache_write_tokens": 0},
            output_tokens=used.completion_tokens,
            output_tokens_details={"reasoning_tokens": 0},
            total_tokens=used.total_tokens,
        ),
        **sourced(message),
    )


def _output(name: str, message: ChatReply, status: Literal["completed", "incomplete"]) -> OutputMessage | FunctionCall:
    if not message.calls:
        return OutputMessage(
            id=f"msg_{name}", type="message", role="assistant", status=status, content=(_text(message),)
        )
    return FunctionCall(
        id=f"fc_{name}",
        type="function_call",
        call_id=f"call_{name}",
        name=message.calls,
        arguments=message.text,
        status=status,
    )


def _same(name: str, message: ChatReply, body: ResponseRequest, created: int) -> dict[str, Any]:
    """What a response has from its beginning on."""
    return {
        "id": f"resp_{name}",
        "object": "response",
        "created_at": created,
        "error": None,
        "instructions": None,
        "max_output_tokens": body.max_output_tokens,
        "metadata": body.metadata or {},
        "model": message.model,
        "parallel_tool_calls": False,
        "previous_response_id": body.previous_response_id,
        "store": body.store is not False,
        "temperature": None,
        "text": {"format": (body.text and body.text.format) or {"type": "text"}},
        "tool_choice": "required" if message.calls else "none" if body.tool_choice == "none" else "auto",
        "tools": (),
        "top_p": None,
        "truncation": "auto",
    }


def _text(message: ChatReply) -> OutputText:
    cited = tuple(
        FileCitation(
            type="file_citation",
            file_id=source.document_id,
            filename=source.label,
            index=mark.end,
            url=source.url,
            start_index=mark.start,
            end_index=mark.end,
        )
        for source, mark in message.cited
    )
    return OutputText(type="output_text", text=message.text, annotations=cited, logprobs=())


async def _events(name: str, message: ChatReply, body: ResponseRequest) -> AsyncIterator[bytes]:
    """In ASCII, since some clients end a line at U+2028 and its like."""
    for number, (kind, fields) in enumerate(_told(name, message, body)):
        data = {"type": kind, "sequence_number": number, **fields}
        yield format_sse_event(event=kind, data_str=json.dumps(data))


def _told(name: str, message: ChatReply, body: ResponseRequest) -> Iterator[tuple[str, dict[str, Any]]]:
    """(type, fields) of each event: the response begins, its message, the message's text, and each of them ends."""
    whole = _whole(name, message, body, int(time()))
    done = whole.model_dump(mode="json", exclude_unset=True)
    begun = _same(name, message, body, whole.created_at) | {"status": "in_progress", "incomplete_details": None}
    begun |= {"output": [], "tools": [], "usage": None}
    (item,) = done["output"]
    yield "response.created", {"response": begun}
    yield "response.in_progress", {"response": begun}
    yield from _told_of_call(item) if message.calls else _told_of_text(item)
    yield "response.output_item.done", {"output_index": 0, "item": item}
    yield f"response.{whole.status}", {"response": done}


def _told_of_call(item: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    there = {"item_id": item["id"], "output_index": 0}
    yield "response.output_item.added", {"output_index": 0, "item": item | {"status": "in_progress", "arguments": ""}}
    yield "response.function_call_arguments.delta", {**there, "delta": item["arguments"]}
    filled = {"name": item["name"], "arguments": item["arguments"]}
    yield "response.function_call_arguments.done", {**there, **filled}


def _told_of_text(item: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    (part,) = item["content"]
    there = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    yield "response.output_item.added", {"output_index": 0, "item": item | {"status": "in_progress", "content": []}}
    yield "response.content_part.added", {**there, "part": part | {"text": "", "annotations": []}}
    for piece in pieces(part["text"]):
        yield "response.output_text.delta", {**there, "delta": piece, "logprobs": []}
    for number, cited in enumerate(part["annotations"]):
        yield "response.output_text.annotation.added", {**there, "annotation_index": number, "annotation": cited}
    yield "response.output_text.done", {**there, "text": part["text"], "logprobs": []}
    yield "response.content_part.done", {**there, "part": part}
