"""A message of ours in OpenAI's formats: whole, or as the chunks of a stream.

It is whole before the first byte goes out, so what streams is what is given at once.
"""

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import time
from typing import Any, Literal
from uuid import uuid4

from fastapi.sse import format_sse_event
from pydantic import BaseModel

from index.text.tokens import count_tokens
from rag.answer import Answer
from rag.answer_json import shown_confidence
from server.openai.cited_text import Source, SourceMark, cited_text, next_questions, sources_list, sources_of
from server.openai.shape import Finish, Shape, as_json, clipped, first_end
from server.schemas import openai as wire
from server.sse import pieces

_DONE = "[DONE]"


@dataclass(frozen=True, slots=True)
class ChatReply:
    """A message and what it stands on; a reply to a side prompt stands on nothing. The id is without a prefix."""

    id: str
    model: str
    text: str
    usage: wire.Usage
    finish: Finish
    marks: tuple[SourceMark, ...] = ()
    sources: tuple[Source, ...] = ()
    about: wire.About | None = None
    calls: str = ""  # the function whose arguments the text is
    turn: str = ""  # of a later conversation: what it says, uncut and as no JSON
    index_version: str = ""

    @property
    def cited(self) -> list[tuple[Source, SourceMark]]:
        """Each mark with the source that it stands for."""
        by_marker = {source.marker: source for source in self.sources}
        return [(by_marker[mark.marker], mark) for mark in self.marks]


def said(answer: Answer, model: str, read: Sequence[str], base: str, listed: bool, shape: Shape) -> ChatReply:
    """`read`: the texts it was made from; `base`: this server's address; `listed`: with the sources below the text."""
    cited, sources = cited_text(answer), sources_of(answer, base)
    text = cited.text + next_questions(answer) + (sources_list(sources) if listed else "")
    text, marks = (as_json(answer, sources, shape.filled), ()) if shape.filled else (text, cited.marks)
    shown, finish = shape.cut(text, first_end(marks))
    return ChatReply(
        id=answer.id,
        model=model,
        text=shown,
        usage=_usage(read, shown),
        finish=finish,
        marks=clipped(marks, len(shown)),
        sources=sources,
        about=wire.About(answer_id=answer.id, status=answer.status, confidence=shown_confidence(answer)),
        calls=shape.calls,
        turn=cited.text,
        index_version=answer.index_version,
    )


def said_aside(text: str, model: str, prompt: str, shape: Shape) -> ChatReply:
    """The reply to a side prompt."""
    shown, finish = shape.cut(text)
    return ChatReply(uuid4().hex, model, shown, _usage([prompt], shown), finish)


def whole(message: ChatReply) -> wire.ChatCompletion:
    """The reply where no stream was asked for."""
    said = {"content": None, "tool_calls": _calls(message)} if message.calls else {"content": message.text}
    text = wire.AssistantMessage(role="assistant", refusal=None, annotations=_annotations(message), **said)
    return wire.ChatCompletion(
        id=f"chatcmpl-{message.id}",
        object="chat.completion",
        created=int(time()),
        model=message.model,
        choices=(wire.Choice(index=0, message=text, logprobs=None, finish_reason=_finish(message)),),
        usage=message.usage,
        **sourced(message),
    )


def whole_text(message: ChatReply) -> wire.TextCompletion:
    """The same in the older format."""
    choice = wire.TextChoice(index=0, text=message.text, logprobs=None, finish_reason=message.finish)
    return wire.TextCompletion(**_text_fields(message), choices=(choice,), usage=message.usage, **sourced(message))


async def events(chunks: Iterable[BaseModel]) -> AsyncIterator[bytes]:
    """Server-sent events: the chunks, then [DONE]. In ASCII, since some clients end a line at U+2028 and its like."""
    for chunk in chunks:
        yield format_sse_event(data_str=json.dumps(chunk.model_dump(exclude_unset=True)))
    yield format_sse_event(data_str=_DONE)


def text_chunks(message: ChatReply, with_usage: bool) -> Iterator[wire.TextCompletion]:
    """In the older format: text, end, usage."""
    same = _text_fields(message) | ({"usage": None} if with_usage else {})
    for piece in pieces(message.text):
        yield wire.TextCompletion(
            **same, choices=(wire.TextChoice(index=0, text=piece, logprobs=None, finish_reason=None),)
        )
    end = wire.TextChoice(index=0, text="", logprobs=None, finish_reason=message.finish)
    yield wire.TextCompletion(**same, choices=(end,), **sourced(message))
    if with_usage:
        yield wire.TextCompletion(**{**same, "usage": message.usage}, choices=())


def _text_fields(message: ChatReply) -> dict[str, Any]:
    return {
        "id": f"cmpl-{message.id}", "object": "text_completion", "created": int(time()), "model": message.model,
    }  # fmt: skip


def chunks(message: ChatReply, with_usage: bool) -> Iterator[wire.ChatCompletionChunk]:
    """Role, text, annotations, end, usage; where usage is wanted, it is null in all chunks but the last."""
    same: dict[str, Any] = {"id": f"chatcmpl-{message.id}", "object": "chat.completion.chunk", "created": int(time())}
    same |= {"model": message.model, **({"usage": None} if with_usage else {})}
    annotations = _annotations(message)
    texts = () if message.calls else pieces(message.text)
    deltas = [wire.Delta(role="assistant", content=""), *(wire.Delta(content=piece) for piece in texts)]
    deltas += [wire.Delta(tool_calls=_calls(message, index=0))] if message.calls else []
    deltas += [wire.Delta(annotations=annotations)] if annotations else []
    for delta in deltas:
        choice = wire.ChunkChoice(index=0, delta=delta, logprobs=None, finish_reason=None)
        yield wire.ChatCompletionChunk(**same, choices=(choice,))
    end = wire.ChunkChoice(index=0, delta=wire.Delta(), logprobs=None, finish_reason=_finish(message))
    yield wire.ChatCompletionChunk(**same, choices=(end,), **sourced(message))
    if with_usage:
        yield wire.ChatCompletionChunk(**{**same, "usage": message.usage}, choices=())


def _calls(message: ChatReply, **place: int) -> tuple[wire.ToolCall]:
    filled = wire.FilledFunction(name=message.calls, arguments=message.text)
    return (wire.ToolCall(id=f"call_{message.id}", type="function", function=filled, **place),)


def _finish(message: ChatReply) -> Literal["stop", "length", "tool_calls"]:
    return "tool_calls" if message.calls and message.finish == "stop" else message.finish


def _annotations(message: ChatReply) -> tuple[wire.Annotation, ...]:
    cited = (
        wire.UrlCitation(url=source.url, title=source.label, start_index=mark.start, end_index=mark.end)
        for source, mark in message.cited
    )
    return tuple(wire.Annotation(type="url_citation", url_citation=one) for one in cited)


def sourced(message: ChatReply) -> dict[str, Any]:
    """What stands at the top level of a reply in any format."""
    if message.about is None:
        return {}
    results = [wire.SearchResultItem(title=one.title, url=one.url, date=one.date) for one in message.sources]
    addresses = tuple(one.url for one in message.sources)
    return {"citations": addresses, "search_results": tuple(results), "quotewell": message.about}


def _usage(read: Sequence[str], written: str) -> wire.Usage:
    prompt, completion = sum(map(count_tokens, read)), count_tokens(written)
    return wire.Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)
