"""Is the reply to a turn of a conversation a helpful one? Judged by its kind, its articles and its sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from eval.runs.tables import Table, cells_of, paragraphs, record_of
from eval.scoring.intervals import Figures, mean
from eval.scoring.run import OnQuestion, SetName, followed
from eval.sets.gold import records
from rag.answer import Answer
from rag.assistant import Assistant
from rag.follow_ups.turns import Turn
from rag.writing.compose import say

HelpfulKind = Literal["talk", "about", "quote", "refusal", "summary", "plain", "conflict", "comparison", "timeline"]
KINDS: tuple[HelpfulKind, ...] = get_args(HelpfulKind)
FRAMES = frozenset(KINDS[-3:])  # what quotes may be shown as, beyond "plain"
ALL, SHOWN = "all turns", "frames shown"
_FEWEST_OF_A_SUMMARY = 3  # sentences


@dataclass(frozen=True, slots=True)
class ConversationTurn:
    """A message, and what a helpful reply to it is."""

    id: str
    text: str
    history: tuple[str, ...]  # earlier messages; their replies are the assistant's own
    kind: HelpfulKind
    articles: frozenset[str] | None  # all that are cited; None where that is not judged
    sentences: tuple[tuple[str, ...], ...]  # of each group one stands in a quote; of a frame, in every quote one of any
    says: tuple[str, ...]  # stand in the text of the reply


@dataclass(frozen=True, slots=True)
class JudgedTurn:
    """A turn, the text of its reply, and why that is not a helpful one."""

    id: str
    kind: HelpfulKind
    text: str
    reply: str
    wrong: str  # "" where it is
    frame: str  # that the quotes are shown in; "" for none


@dataclass(frozen=True, slots=True)
class HelpfulReplies:
    """The share of helpful replies by kind, in the order of KINDS, then of all; then of the frames that were shown the
    share that is right: as meant, and with no quote that has no place in it."""

    set_name: SetName
    index_version: str
    right: Figures
    turns: tuple[JudgedTurn, ...]


def read_turns(path: Path) -> list[ConversationTurn]:
    """One JSON object a line. Raises NotFound, and BadGold for a line that is none of these."""
    turns: list[ConversationTurn] = []
    for place, record in records(path):
        try:
            turns.append(record_of(ConversationTurn, record))
        except ValueError as error:
            raise place.bad(str(error)) from error
    return turns


def measure_conversation(
    assistant: Assistant, turns: Sequence[ConversationTurn], *, set_name: str, progress: OnQuestion | None = None
) -> HelpfulReplies:
    """Ask every turn behind those before it; deterministic."""
    judged: list[JudgedTurn] = []
    for turn in followed(turns, progress):
        answer = asked_behind(assistant, turn.history, turn.text)
        fault, frame = fault_of(turn, answer), frame_of(answer)
        judged.append(JudgedTurn(turn.id, turn.kind, turn.text, answer.text, fault, frame))
    groups: dict[str, list[JudgedTurn]] = {kind: [one for one in judged if one.kind == kind] for kind in KINDS}
    groups |= {ALL: judged, SHOWN: [one for one in judged if one.frame]}
    right = tuple(mean(name, [not one.wrong for one in group]) for name, group in groups.items() if group)
    return HelpfulReplies(set_name, assistant.index.version, right, tuple(judged))


def asked_behind(assistant: Assistant, history: Sequence[str], message: str) -> Answer:
    """The answer to a message behind earlier ones and what the assistant said to them."""
    before: tuple[Turn, ...] = ()
    for earlier in history:
        before = (*before, Turn(earlier, assistant.ask(earlier, history=before).text))
    return assistant.ask(message, history=before)


def fault_of(turn: ConversationTurn, answer: Answer) -> str:
    """Why it is no helpful reply, or ""."""
    if problem := _kind_fault(turn.kind, answer):
        return problem
    cited = {citation.document_id for citation in answer.citations}
    if turn.articles is not None and cited != turn.articles:
        return f"cites {', '.join(sorted(cited)) or 'nothing'}"
    quotes = "\n".join(citation.quote for citation in answer.citations)
    if turn.kind in FRAMES:
        fitting = [sentence for group in turn.sentences for sentence in group]
        wrong = [one.quote for one in answer.citations if not any(sentence in one.quote for sentence in fitting)]
        told = sum(any(sentence in quotes for sentence in group) for group in turn.sentences)
        return f"quotes {wrong[0]}" if wrong else "" if told > 1 else "tells one side alone"
    lacking = [group[0] for group in turn.sentences if not any(sentence in quotes for sentence in group)]
    lacking += [words for words in turn.says if words not in answer.text]
    return f"lacks {'; '.join(lacking)}" if lacking else ""


def frame_of(answer: Answer) -> str:
    """What its quotes are shown as: one of FRAMES, or ""."""
    marks = {segment.kind for segment in answer.segments} & FRAMES
    told = any(segment.text == str(say("en").timeline()) for segment in answer.segments)
    return next(iter(marks), "timeline" if told else "")


def _kind_fault(kind: HelpfulKind, answer: Answer) -> str:
    frame = frame_of(answer)
    if frame or kind in FRAMES:
        return "" if frame == kind or (kind == "quote" and frame) else f"is shown as {frame or 'plain quotes'}"
    about = any(segment.kind == "about" for segment in answer.segments)
    fits = {
        "talk": answer.status == "guided" and not about,
        "about": answer.status == "guided" and about,
        "quote": answer.status == "answered",
        "refusal": answer.status == "abstained",
        "plain": True,
        "summary": answer.status == "answered" and len(answer.citations) >= _FEWEST_OF_A_SUMMARY,
    }
    return "" if fits[kind] else f"is {answer.status} with {len(answer.citations)} citations"


def text_of_conversation(found: HelpfulReplies) -> str:
    """Every share as an aligned table, then what is not helpful and why."""
    title = f"helpful replies · {found.set_name} · index {found.index_version}"
    wrong = [f"{one.id} {one.kind} “{one.text}”: {one.wrong}" for one in found.turns if one.wrong]
    return paragraphs(title, _table(found), wrong)


def markdown_of_conversation(found: HelpfulReplies, *, command: str) -> str:
    """The shares with the command that gives them."""
    return paragraphs(
        _table(found).as_markdown(), f"{found.set_name} · index {found.index_version}: written by `{command}`."
    )


def _table(found: HelpfulReplies) -> Table:
    rows = [(figure.name, *cells_of(figure)[:2], str(figure.n)) for figure in found.right]
    return Table(("kind of reply", "helpful", "95 % interval", "n"), rows)
