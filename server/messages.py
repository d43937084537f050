"""A chat client's messages → the question and the turns before it, as far as they are read. Nothing is refused for its
length but the question."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi.exceptions import RequestValidationError

from rag.dialogue.turns import MOST_CHARS, MOST_TURNS
from server.cited_text import without_sources
from server.completions_schemas import ChatMessage

_MOST_HISTORY = 100  # messages; Ask takes no more
_READ = ("user", "assistant")

# Open WebUI puts this before a question when files are attached; its words are about passages that are not ours
_WITH_FILES = re.compile(r"### Task:\s*Respond to the user query using the provided context.*</context>", re.DOTALL)
_QUERY_TAGS = re.compile(r"</?user_query>")


@dataclass(frozen=True, slots=True)
class Asked:
    """(role, content) of the turns, oldest first; roles are user and assistant."""

    question: str
    history: tuple[tuple[str, str], ...]


def asked(messages: Sequence[ChatMessage]) -> Asked:
    """Raises RequestValidationError where the user says nothing, or shows what cannot be read."""
    at = next((i for i in reversed(range(len(messages))) if messages[i].role == "user"), None)
    if at is None:
        raise _invalid(("messages",), "there is no message with the role user, so nothing is asked")
    _only_text(at, messages[at])
    question = question_in(messages[at].words)
    if not question:
        raise _invalid(("messages", at, "content"), "is empty; the last message of the user is the question")
    return Asked(question, _history(messages[:at]))


def question_in(text: str) -> str:
    """Without what Open WebUI puts before it."""
    found = _WITH_FILES.match(text.strip())
    return _QUERY_TAGS.sub("", text.strip()[found.end() :]).strip() if found else text.strip()


def _history(messages: Sequence[ChatMessage]) -> tuple[tuple[str, str], ...]:
    """From the user's sixth message before the question on; older turns are passed over anyway."""
    turns: list[tuple[str, str]] = []
    asking = 0
    for message in reversed(messages):
        if message.role not in _READ:
            continue
        words = without_sources(message.words) if message.role == "assistant" else question_in(message.words)
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
