"""Side prompts that chat clients send to the model of the chat: for a title, tags, follow-up questions, search words.

They are known by the templates of Open WebUI and LibreChat, and answered at once in the form these ask for; they are no
questions to the articles, so nothing is searched, kept or counted.
"""

import json
import re
from collections import deque
from collections.abc import Sequence
from threading import Lock

from server.completions_schemas import ChatMessage

_MOST_RECENT = 128  # answers whose follow-ups can be given; older ones get none
_TITLE_CHARS = 48
_READ_CHARS = 200_000  # of a chat, from its end

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


class FollowUps:
    """What to ask next after the newest answers, so that a client that asks for it gets it. Threads may share it."""

    def __init__(self) -> None:
        self._recent: deque[tuple[str, tuple[str, ...]]] = deque(maxlen=_MOST_RECENT)
        self._lock = Lock()

    def note(self, text: str, follow_ups: tuple[str, ...]) -> None:
        """`text` is the message that was given."""
        with self._lock:
            self._recent.append((text, follow_ups))

    def after(self, chat: str) -> tuple[str, ...]:
        """Of the last answer in this chat; nothing where it was not given here lately."""
        with self._lock:
            recent = tuple(self._recent)
        chat = chat[-_READ_CHARS:]
        found = [(chat.rfind(text), follow_ups) for text, follow_ups in recent]
        at, follow_ups = max(found, key=lambda one: one[0], default=(-1, ()))
        return follow_ups if at >= 0 else ()


def chore(messages: Sequence[ChatMessage], follow_ups: FollowUps) -> str | None:
    """The reply to a side prompt; None for a question."""
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


def _done(form: str, chat: str, follow_ups: FollowUps) -> str:
    """Tags would be guesses, and a search elsewhere is of no use to answers from these articles: none of both."""
    if form == "title":
        return _json({"title": title_of(chat)})
    if form == "follow_ups":
        return _json({"follow_ups": list(follow_ups.after(chat))})
    if form == "prompt":
        spoken = _SPOKEN.findall(chat)
        return _json({"prompt": spoken[-1][1].strip() if spoken else ""})
    return _json({"text": ""} if form == "text" else {form: []})


def _json(reply: dict[str, object]) -> str:
    return json.dumps(reply, ensure_ascii=False)
