"""Side prompts that chat clients send to the model of the chat: for a title, tags, follow-up questions, search words.

They are known by the templates of Open WebUI and LibreChat, and answered at once in the form these ask for; they are no
questions to the articles, so nothing is searched, kept or counted.
"""

import json
import re
from collections.abc import Sequence

from server.answer_log import RecentFollowUps
from server.schemas.openai import ChatMessage

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


def chore(messages: Sequence[ChatMessage], follow_ups: RecentFollowUps) -> str | None:
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


def _done(form: str, chat: str, follow_ups: RecentFollowUps) -> str:
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
