"""OpenAI's formats as its clients know them, with what Perplexity and we add; errors in its shape too.

Requests are open, unlike those of our own interface: what can change nothing in an answer is passed over (sampling,
names, limits of cost). What would change it, and cannot be had, is refused.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema, field_validator

from index.text.tokens import text_of
from rag.answer import Status
from server.schemas.base import Reply

CHAT = "/v1/chat/"
RESPONSES = "/v1/responses"
_HERE = ("/v1/models", "/v1/completions", "/v1/embeddings", RESPONSES)


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


def _refused(value: Any, info: ValidationInfo) -> Any:
    """Where something is asked for; the same value that asks for nothing is none."""
    if value not in (None, False, 0) and value != [] and value != {}:
        raise ValueError(f"cannot be had here ({_WHY_NOT[info.field_name or '']}); leave it out")
    return value


_WHY_NOT = {
    "tools": "an answer calls none",
    "functions": "an answer calls none",
    "function_call": "an answer calls none",
    "logprobs": "no model chooses the words; `quotewell.confidence` says how sure the answer is",
    "top_logprobs": "no model chooses the words; `quotewell.confidence` says how sure the answer is",
    "audio": "answers are text",
    "web_search_options": "only the articles are searched",
    "suffix": "nothing is written between texts",
    "echo": "the text is the answer alone",
    "background": "an answer is there before a request for it could be",
    "conversation": "send previous_response_id, or the turns as input",
    "prompt": "no prompts are kept here",
}
Refused = Annotated[Any, BeforeValidator(_refused)]


def text_or_texts(most: int, *others: dict[str, Any], **more: Any) -> WithJsonSchema:
    one = {"type": "string", **more}
    several = {"type": "array", "items": one, "maxItems": most}
    return WithJsonSchema({"anyOf": [one, several, *others, {"type": "null"}]})


_MOST_STOPS = 16
Stops = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    BeforeValidator(lambda stop: () if stop is None else (stop,) if isinstance(stop, str) else stop),
    Field(max_length=_MOST_STOPS),
    text_or_texts(_MOST_STOPS, minLength=1),
]
Tokens = Annotated[
    int, Field(ge=1, strict=True, description="of cl100k_base; the text is cut there, and the finish says so")
]


class Wanting(Open):
    """What may be asked of an answer beside its question.

    A tool is refused, unless `tool_choice` is none, or names the one to call, whose arguments an answer then fills.
    """

    model: str = Field(examples=["quotewell"], description="`quotewell`, or `quotewell-evidence` for the quotes alone")
    stream: Annotated[bool, Field(strict=True)] | None = False
    tool_choice: Any = None
    tools: list[Any] | None = None
    top_logprobs: Refused = None

    @field_validator("tools")
    @classmethod
    def _no_tools(cls, tools: list[Any] | None, info: ValidationInfo) -> list[Any] | None:
        called = [one for one in tools or () if not (isinstance(one, dict) and cls.happens_anyway(one))]
        choice = info.data.get("tool_choice")
        if called and choice != "none" and _function(tools or (), choice) is None:
            raise ValueError("are never called here but for one that tool_choice names; send none, or tool_choice none")
        return tools

    @property
    def function(self) -> dict[str, Any] | None:
        """The function that has to be called."""
        return _function(self.tools or (), self.tool_choice)

    @classmethod
    def happens_anyway(cls, tool: dict[str, Any]) -> bool:
        """Whether an answer is made so without the tool."""
        return False


def _function(tools: Sequence[Any], choice: Any) -> dict[str, Any] | None:
    """The one that a call is asked for: by its name, or since there is no other. How clients ask for filled schemas."""
    found = [tool.get("function", tool) for tool in tools if isinstance(tool, dict) and tool.get("type") == "function"]
    known = [one for one in found if isinstance(one, dict) and isinstance(one.get("name"), str)]
    if isinstance(choice, dict):
        named = choice.get("function", choice)
        return next((one for one in known if isinstance(named, dict) and one["name"] == named.get("name")), None)
    return known[0] if choice == "required" and len(known) == len(tools) == 1 else None


class StreamOptions(Open):
    """What a stream holds beside the answer."""

    include_usage: Annotated[bool, Field(strict=True)] | None = False


class Completing(Wanting):
    """What both kinds of completions take."""

    stream_options: StreamOptions | None = None
    n: int | None = Field(1, ge=1, le=1, strict=True, description="there is one answer")
    max_tokens: Tokens | None = None
    stop: Stops = ()
    logprobs: Refused = None


class ChatRequest(Completing):
    """The last message of the user is the question, the turns before it are the history."""

    messages: tuple[ChatMessage, ...] = Field(min_length=1)
    max_completion_tokens: Tokens | None = None
    response_format: dict[str, Any] | None = Field(
        None, description="text, json_object, or json_schema with a schema of what an answer has"
    )
    modalities: list[Literal["text"]] | None = None
    functions: Refused = None
    function_call: Refused = None
    audio: Refused = None
    web_search_options: Refused = None


def as_text(text: Any) -> Any:
    """Tokens of cl100k_base, which some clients send, as the text that they are of."""
    tokens = isinstance(text, list) and text and all(type(one) is int for one in text)
    return text_of(text) if tokens else text


def _prompt(prompt: object) -> object:
    prompt = as_text(prompt)
    if isinstance(prompt, list) and len(prompt) > 1:
        raise ValueError("are several prompts; send one at a time")
    return as_text((prompt or [""])[0]) if isinstance(prompt, list) else prompt


class CompletionRequest(Completing):
    """The prompt is the question."""

    prompt: Annotated[str, BeforeValidator(_prompt, json_schema_input_type=str | list[str] | list[int])] = Field(
        examples=["Which sectors gained from preferential access under the USMCA?"]
    )
    tools: Refused = None
    best_of: int | None = Field(1, ge=1, le=1, strict=True, description="there is one answer")
    echo: Refused = None
    suffix: Refused = None


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


class FilledFunction(Reply):
    """The function that had to be called; `arguments` are JSON, filled from the answer."""

    name: str
    arguments: str


class ToolCall(Reply):
    """A call that was asked for by name; `index` stands in chunks alone."""

    index: int | None = None
    id: str
    type: Literal["function"]
    function: FilledFunction


class AssistantMessage(Reply):
    """The answer's text, with [n] behind what a source supports; annotations by marker. No text beside a call."""

    role: Literal["assistant"]
    content: str | None
    refusal: None
    annotations: tuple[Annotation, ...]
    tool_calls: tuple[ToolCall, ...] | None = None


class Choice(Reply):
    """There is one."""

    index: int
    message: AssistantMessage
    logprobs: None
    finish_reason: Literal["stop", "length", "tool_calls"]


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
    tool_calls: tuple[ToolCall, ...] | None = None


class ChunkChoice(Reply):
    """There is one, none in the chunk with the usage."""

    index: int
    delta: Delta
    logprobs: None
    finish_reason: Literal["stop", "length", "tool_calls"] | None


class ChatCompletionChunk(Sourced):
    """A piece of a streamed answer; the sources stand in the chunk with the finish_reason."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: tuple[ChunkChoice, ...]
    usage: Usage | None = None


class TextChoice(Reply):
    """There is one."""

    index: int
    text: str
    logprobs: None
    finish_reason: Literal["stop", "length"] | None


class TextCompletion(Sourced):
    """A whole answer in the older format, or a piece of one; the sources stand beside the finish_reason."""

    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    choices: tuple[TextChoice, ...]
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
    return path.startswith(CHAT) or any(path == here or path.startswith(f"{here}/") for here in _HERE)


def error_fields(path: str, status: int, message: str, code: str, pointer: str) -> tuple[int, dict[str, Any]]:
    """Status and body of OpenAI's error reply. `pointer` (RFC 6901, or a name, or "") says which value is to blame."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.strip("/").split("/") if step]
    param = "".join(f"[{step}]" if step.isdecimal() else f".{step}" for step in steps).removeprefix(".")
    asked = {RESPONSES: "input", "/v1/completions": "prompt"}.get(path, "messages")
    param = asked if param == "question" else param  # that is what it is called here
    kinds = {429: "rate_limit_error"}
    kind = kinds.get(status, "invalid_request_error" if status < 500 else "server_error")
    body = ErrorBody(message=message, type=kind, param=param or None, code=code.replace("-", "_"))
    return 400 if status == 422 else status, ErrorReply(error=body).model_dump()
