"""The turns before a question, as chat clients keep them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from index.errors import BadQuestion

MOST_TURNS = 6  # older ones are passed over
MOST_MESSAGES = 200
MOST_CHARS = 20_000  # of one message


@dataclass(frozen=True, slots=True)
class Turn:
    """What was asked and what was answered, as shown; the answer may be empty."""

    question: str
    answer: str


def turns_of(messages: Iterable[Any]) -> tuple[Turn, ...]:
    """The last turns of a chat in the messages form of the OpenAI API; other roles than user and assistant are
    passed over. Raises BadQuestion for what is no such message, and for too many or too long ones."""
    turns: list[Turn] = []
    for at, message in enumerate(messages):
        if at >= MOST_MESSAGES:
            raise BadQuestion(f"the history has more than {MOST_MESSAGES} messages; send the last ones only")
        role, content = _message(at, message)
        if role == "user" and content.strip():
            turns.append(Turn(content.strip(), ""))
        elif role == "assistant" and turns:
            turns[-1] = Turn(turns[-1].question, f"{turns[-1].answer}\n{content}".strip())
    return tuple(turns[-MOST_TURNS:])


def _message(at: int, message: object) -> tuple[str, str]:
    if not isinstance(message, Mapping):
        raise BadQuestion(f"message {at} of the history is no object; give role and content")
    role, content = message.get("role"), message.get("content")
    if isinstance(content, list):  # parts, as newer clients send them
        content = "\n".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    if not isinstance(role, str) or not isinstance(content, str | None):
        raise BadQuestion(f"message {at} of the history needs a role and a content, both texts")
    if len(content or "") > MOST_CHARS:
        raise BadQuestion(f"message {at} of the history has {len(content or ''):,} characters; at most {MOST_CHARS:,}")
    return role, content or ""
