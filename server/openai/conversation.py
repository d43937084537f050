"""A chat client's messages → the question and the turns before it, as far as they are read; and its side prompts.

Nothing is refused for its length but the question. Side prompts ask the model of the chat for a title, tags, follow-up
questions or search words. They are known by the templates of Open WebUI and LibreChat, and answered at once in the form
these ask for; they are no questions to the articles, so nothing is searched, kept or counted.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastapi.exceptions import RequestValidationError

from rag.follow_ups.turns import MOST_CHARS, MOST_TURNS
from server.openai.cited_text import BOLD, without_sources
from server.schemas.openai import ChatMessage

_NO_TEXT = re.compile("[\0\ud800-\udfff]")
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


def asked(messages: Sequence[ChatMessage], name: str = "messages", before: int = 0) -> Conversation:
    """`name`: of the field that they stand in, all but those `before` it.

    Raises RequestValidationError where the user says nothing, or shows what cannot be read.
    """
    at = next((i for i in reversed(range(before, len(messages))) if messages[i].role == "user"), None)
    if at is None:
        raise invalid((name,), "there is no message with the role user, so nothing is asked")
    _only_text((name, at - before), messages[at])
    question = question_in(messages[at].words)
    if not question:
        raise invalid((name, at - before, "content"), "is empty; the last message of the user is the question")
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
        words = _NO_TEXT.sub(" ", words)[:MOST_CHARS].strip()
        if words:
            turns.append((message.role, words))
            asking += message.role == "user"
        if asking == MOST_TURNS or len(turns) == _MOST_HISTORY:
            break
    return tuple(reversed(turns))


def _only_text(place: tuple[str | int, ...], message: ChatMessage) -> None:
    """Images of earlier turns are passed over, or one refused image would end the whole chat."""
    for number, part in enumerate(message.content):
        if not part.is_text:
            what = "an image" if "image" in part.type else "not text"
            raise invalid((*place, "content", number), f"is {what}, and only text can be read; ask in words")


def invalid(location: tuple[str | int, ...], message: str) -> RequestValidationError:
    """`location`: of the value that is to blame, in the body."""
    return RequestValidationError([{"type": "value_error", "loc": ("body", *location), "msg": message}])


# Side prompts.

_TITLE_CHARS = 48

# Open WebUI: "### Task:", then the form of the reply as JSON, then the chat
_TASK, _CHAT, _END = "### Task:", "<chat_history>", "</chat_history>"
_FORM = re.compile(r"\"(follow_ups|queries|tags|title|prompt|text)\"\s*:")
_EMOJI = "Your task is to reflect the speaker's likely facial expression through a fitting emoji"
_TOOLS = "Available Tools:"  # a system message before the question, where the client calls tools by itself
# LibreChat: titles in plain words, and in the form of its structured output
_PLAIN_TITLE = re.compile(r"(?:Provide|Please generate) a concise, 5-word-or-less title for the conversation")
_FORMED_TITLE = re.compile(r"Analyze this conversation and provide:.{0,120}A concise title", re.DOTALL)

_SPOKEN = re.compile(
    r"^(?:\|\|>)?(USER|User): ?(.*?)(?=^(?:\|\|>)?(?:ASSISTANT|AI|Response|USER|User):|\Z)", re.M | re.S
)
_TAG = re.compile(r"<[^<>]*>")


def chore(messages: Sequence[ChatMessage], follow_ups: Callable[[str], Sequence[str]]) -> str | None:
    """The reply to a side prompt; None for a question. `follow_ups`: of the last answer in a chat."""
    prompt = messages[-1].words.strip()
    instructions, begin, rest = prompt.partition(_CHAT)
    form = _FORM.search(instructions) if begin and prompt.startswith(_TASK) else None
    if form:
        return _done(form[1], rest.rpartition(_END)[0] or rest, follow_ups)
    if _PLAIN_TITLE.match(prompt):
        return title_of(prompt)
    if _FORMED_TITLE.match(prompt):
        return _json({"title": title_of(prompt)})
    if prompt.startswith(_EMOJI):
        return "💬"
    if any(message.role == "system" and message.words.startswith(_TOOLS) for message in messages):
        return _json({"tool_calls": []})
    return None


def title_of(chat: str) -> str:
    """What the user asked first, cut between words."""
    found = _SPOKEN.search(chat)
    words = " ".join(_TAG.sub(" ", found[2][:1000]).split()).strip("\"'`“”?¿!¡. ") if found else ""
    if len(words) > _TITLE_CHARS:
        words = words[:_TITLE_CHARS].rpartition(" ")[0] or words[:_TITLE_CHARS]
        words = f"{words.rstrip(',;:- ')}…"
    return words[:1].upper() + words[1:] or "Quotewell"


def _done(form: str, chat: str, follow_ups: Callable[[str], Sequence[str]]) -> str:
    """Tags would be guesses, and a search elsewhere is of no use to answers from these articles: none of both."""
    if form == "title":
        return _json({"title": title_of(chat)})
    if form == "follow_ups":
        return _json({"follow_ups": list(follow_ups(chat))})
    if form == "prompt":
        spoken = _SPOKEN.findall(chat)
        return _json({"prompt": spoken[-1][1].strip() if spoken else ""})
    return _json({"text": ""} if form == "text" else {form: []})


def _json(reply: dict[str, object]) -> str:
    return json.dumps(reply, ensure_ascii=False)
