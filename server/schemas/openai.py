"""The chat completions format as OpenAI's clients know it, with what Perplexity and we add; errors in its shape too.

Requests are open, unlike those of our own interface: what a client sends beyond this is passed over.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from rag.answer import Status
from server.schemas.base import Reply

CHAT = "/v1/chat/"
MODELS = "/v1/models"


class Open(BaseModel):
    """Unknown fields are passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Part(Open):
    """A piece of a message; only text is read."""

    type: str
    text: str = ""

    @property
    def is_text(self) -> bool:
        """Under any of the names that it has in OpenAI's interfaces."""
        return self.type in {"text", "input_text", "output_text"}


def _parts(content: object) -> object:
    if content is None or isinstance(content, str):
        return ({"type": "text", "text": content or ""},)
    if not isinstance(content, list):
        raise ValueError("is no text; send a string, or a list of parts")
    return content


Content = Annotated[tuple[Part, ...], BeforeValidator(_parts, json_schema_input_type=str | list[Part] | None)]


class ChatMessage(Open):
    """A turn. Of the roles only user and assistant are read; instructions and tools change nothing in an answer."""

    role: str = Field(examples=["user"])
    content: Content = Field((), examples=["Which sectors gained from preferential access under the USMCA?"])

    @property
    def words(self) -> str:
        """Its text, parts on lines of their own."""
        return "\n".join(part.text for part in self.content if part.is_text)


class StreamOptions(Open):
    """What a stream holds beside the answer."""

    include_usage: bool | None = False


class ChatRequest(Open):
    """The last message of the user is the question, the turns before it are the history.

    Sampling parameters, tools and limits on the length are passed over: an answer is made of quotes.
    """

    model: str = Field(examples=["quotewell"], description="`quotewell`, or `quotewell-evidence` for the quotes alone")
    messages: tuple[ChatMessage, ...] = Field(min_length=1)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: int | None = Field(1, ge=1, le=1, description="there is one answer")


class UrlCitation(Reply):
    """A source of the message's characters start_index:end_index (Unicode code points, end exclusive).

    `title` is unique in the message: clients tell sources apart by it.
    """

    url: str
    title: str
    start_index: int
    end_index: int


class Annotation(Reply):
    """OpenAI's form of a citation."""

    type: Literal["url_citation"]
    url_citation: UrlCitation


class SearchResultItem(Reply):
    """Perplexity's form of a source; the n-th is that of the marker [n]."""

    title: str
    url: str
    date: str | None = Field(description="YYYY-MM-DD, where the article states it")


class Usage(Reply):
    """Tokens of cl100k_base: of the turns that were read, and of the message."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class About(Reply):
    """Our own: the answer is at /v1/answers/{answer_id}, with its receipts."""

    answer_id: str
    status: Status
    confidence: float | None


class AssistantMessage(Reply):
    """The answer's text, with [n] behind what a source supports; annotations by marker."""

    role: Literal["assistant"]
    content: str
    refusal: None
    annotations: tuple[Annotation, ...]


class Choice(Reply):
    """There is one."""

    index: int
    message: AssistantMessage
    logprobs: None
    finish_reason: Literal["stop"]


class Sourced(Reply):
    """What stands at the top level beside the choices; absent for side prompts of chat clients."""

    citations: tuple[str, ...] | None = Field(None, description="web addresses; the n-th is that of the marker [n]")
    search_results: tuple[SearchResultItem, ...] | None = None
    quotewell: About | None = None


class ChatCompletion(Sourced):
    """A whole answer."""

    id: str
    object: Literal["chat.completion"]
    created: int = Field(description="seconds since 1970")
    model: str
    choices: tuple[Choice, ...]
    usage: Usage


class Delta(Reply):
    """What a chunk adds to the message."""

    role: Literal["assistant"] | None = None
    content: str | None = None
    annotations: tuple[Annotation, ...] | None = None


class ChunkChoice(Reply):
    """There is one, none in the chunk with the usage."""

    index: int
    delta: Delta
    logprobs: None
    finish_reason: Literal["stop"] | None


class ChatCompletionChunk(Sourced):
    """A piece of a streamed answer; the sources stand in the chunk with the finish_reason."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: tuple[ChunkChoice, ...]
    usage: Usage | None = None


class Model(Reply):
    """A way to be answered."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    name: str


class ModelList(Reply):
    """All of them."""

    object: Literal["list"]
    data: tuple[Model, ...]


class ErrorBody(Reply):
    """What went wrong; `code` is that of our own problem replies, `param` the value that is to blame."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorReply(Reply):
    """OpenAI's form of an error."""

    error: ErrorBody


def speaks_openai(path: str) -> bool:
    """Whether this address belongs to OpenAI's interface, so that errors are in its shape."""
    return path.startswith(CHAT) or path == MODELS or path.startswith(f"{MODELS}/")


def error_fields(status: int, message: str, code: str, pointer: str) -> tuple[int, dict[str, Any]]:
    """Status and body of OpenAI's error reply. `pointer` (RFC 6901, or a name, or "") says which value is to blame."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.strip("/").split("/") if step]
    param = "".join(f"[{step}]" if step.isdecimal() else f".{step}" for step in steps).removeprefix(".")
    param = "messages" if param == "question" else param  # that is what it is called here
    kinds = {429: "rate_limit_error"}
    kind = kinds.get(status, "invalid_request_error" if status < 500 else "server_error")
    body = ErrorBody(message=message, type=kind, param=param or None, code=code.replace("-", "_"))
    return 400 if status == 422 else status, ErrorReply(error=body).model_dump()
