"""What pieces are to each other: headings of plain text, questions and answers, turns, what introduces a list."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from index.cleaning.parts import ANSWER_LABELS, CUE, LETTER, QUESTION_LABELS, TIME, TURN
from index.cleaning.pieces import Piece
from index.records import Kind
from index.text.sentences import FIELD

_HEADING_CHARS, _HEADING_WORDS = 80, 10
_NO_LEVEL = 9  # as good as: below all that have one
_LEAD_CHARS = 300  # a longer paragraph introduces nothing
_NUMBER = re.compile(r"^\(?\d{1,3}[.)]\s")
_NUMBERED = re.compile(r"\d{1,3}(?:\.\d{1,3})*[.)]?\s+\S")
_SPEAKER = re.compile(
    rf"""(?:(?P<time>{TIME})\s*[-–>:]*\s*)?
         <?(?P<name>[^\W\d_][\w.'’-]*(?:[ ][\w.'’()&-]+){{0,5}}?
           (?:,[ ][\w.'’-]+(?=>|[ ]{{1,3}}\d))?(?:\s?\((?!\d+:)[^()]{{1,60}}\))?)?
         (?:\s*(?P<after>{TIME}))?\s?
         (?::\s+|(?<=\w)>\s*|(?:(?<=[\])\d])|(?<=\d[AaPp][Mm])|(?<=\d[ ][AaPp][Mm]))\s+)(?=\S)""",
    re.VERBOSE,
)
_LABEL = re.compile(r"(?P<label>[^\W\d_]{1,9})\s?\d{0,3}\s?(?:[:.)]\s+|：\s*)\S")
_STEP = re.compile(r"(?:step|schritt|paso|étape)\s\d{1,3}\s?[.:)–—-]\s?\S", re.IGNORECASE)
_TURN_SHARE = 0.4  # of the paragraphs
_ASKING_SHARE = 0.6  # of the turns of whoever interviews
_QUESTION_CHARS = 200
_ENDS_INSIDE = re.compile(r"[.!…]\s")
_LINK_HEADING = re.compile(
    r"""(?:see\s+also|references?|further\s+reading|(?:external|related)\s+links|related(?:\s+articles)?|links|siehe\s+auch
      |weblinks)\W*""",
    re.IGNORECASE | re.VERBOSE,
)
_LINK_LINE = re.compile(
    r"(?:see also|siehe auch)\b[^.!?]*[.!]?|(?:read more|further reading|related|more on this)\s*:.*",
    re.IGNORECASE | re.DOTALL,
)


def with_structure(found: Sequence[Piece]) -> list[Piece]:
    """The same pieces in the same order, with their kinds and with what introduces them."""
    return _leads(_links(_facts(_questions(_turns(_headings(_steps(found)))))))


def _steps(found: Sequence[Piece]) -> list[Piece]:
    """Paragraphs "Step 1: …", and what stands below such headings, are a list."""
    pieces: list[Piece] = []
    inside = False
    for piece in found:
        step = piece.kind in ("text", "heading") and bool(_STEP.match(piece.text))
        inside = step and piece.kind == "heading" if piece.kind == "heading" else inside and piece.kind == "text"
        pieces.append(replace(piece, kind="item") if step or inside else piece)
    return pieces


def _headings(found: Sequence[Piece]) -> list[Piece]:
    """Short lines above a paragraph, in bold or in a text without any sign for headings."""
    signs = any(piece.level for piece in found)
    pieces = list(found)
    for n, (piece, following) in enumerate(pairwise(found)):
        text = piece.text
        short = len(text) <= _HEADING_CHARS and len(text.split()) <= _HEADING_WORDS and not text.endswith(",")
        bold = piece.bold == len(text)
        numbered = piece.kind == "item" and _NUMBERED.match(text) and (not n or found[n - 1].kind != "item")
        if not (piece.kind == "text" or numbered) or not short or text[0].islower() or piece.linked:
            continue
        if _speaks_below(piece) or TURN.match(text) or text[0] == "-" or not LETTER.search(text):
            continue
        if n and piece.tight and not bold and pieces[n - 1].kind == "text" and not pieces[n - 1].closed:
            continue  # the last of several short lines: "Serves 4", "Bake 35 minutes"
        if (
            (bold or not (signs or piece.closed or FIELD.match(text)))
            and following.kind == "text"
            and following.prose
            and not text.endswith("?")
        ):
            pieces[n] = replace(piece, kind="heading")
    return pieces


def _turns(found: Sequence[Piece]) -> list[Piece]:
    """Paragraphs that begin with a speaker's name or the time, where speakers take turns."""
    heads = [_head(piece) for piece in found]
    cued = any(piece.kind == "aside" and CUE.fullmatch(piece.text) for piece in found)
    if not _take_turns([one for one in heads if one], sum(1 for one in found if one.kind == "text"), cued=cued):
        return list(found)
    names = Counter(head["name"] for head in heads if head)
    asking = Counter(
        head["name"] for head, piece in zip(heads, found, strict=True) if head and piece.text.endswith("?")
    )
    asks = {name for name, count in asking.items() if name and count > 1 and count > _ASKING_SHARE * names[name]}
    pieces: list[Piece] = []
    speaking = -1
    for piece, before, head, following in zip(found, (None, *heads[:-1]), heads, (*heads[1:], None), strict=True):
        if head:
            answered = following and following["name"] != head["name"]
            alone = answered and not _ENDS_INSIDE.search(piece.text, head.end())
            question = piece.text.endswith("?") and (head["name"] in asks or alone)
            speaking = -1 if question else piece.at
            kind: Kind = "question" if question else "turn"
            speaker = len(piece.text[: head.end()].rstrip(": >"))
            pieces.append(replace(piece, kind=kind, lead=speaking, speaker=speaker))
        else:
            speaking = speaking if piece.kind == "text" else -1
            alone = speaking >= 0 and before and following and following["name"] != before["name"]
            kind = "question" if alone and _is_question(piece) else "turn"
            pieces.append(replace(piece, kind=kind, lead=speaking) if speaking >= 0 else piece)
    return pieces


def _take_turns(heads: Sequence[re.Match[str]], texts: int, *, cued: bool) -> bool:
    """Labels of a list are each there once, or the same one after the other; speakers come again and alternate. Only
    cues of subtitles show by their ">" who speaks: else it may be `<request>`, or "File>Save"."""
    names = [head["name"] for head in heads if head["name"]]
    if {name.lower().split()[0] for name in names} & ANSWER_LABELS:
        return False
    if sum(1 for head in heads if head["time"] or head["after"] or (cued and ">" in head.group())) > 1:
        return True
    again = sum(count for count in Counter(names).values() if count > 1)
    alternating = sum(1 for one, other in pairwise(names) if one != other)
    return 2 * again > len(names) and 2 * alternating > len(names) - 1 and len(names) > max(2, _TURN_SHARE * texts)


def _head(piece: Piece) -> re.Match[str] | None:
    """The time and name that a turn begins with."""
    found = _SPEAKER.match(f"{piece.text} .") if piece.kind in ("text", "item") else None  # it may stand alone
    timed = found and (found["time"] or found["after"])
    named = found and found["name"] and found.end() < len(piece.text) and {":", ">"} & {*found.group()}
    return found if timed or named else None


def _speaks_below(piece: Piece) -> bool:
    """A name and a time in a line of their own."""
    head = _head(piece)
    return bool(head and head["name"] and head.end() > len(piece.text))


def _questions(found: Sequence[Piece]) -> list[Piece]:
    """Questions that stand alone, and what answers them: labelled, in bold, as a heading, or several in one article."""
    labels = [_label(piece) for piece in found]
    labelled = bool({*labels} & QUESTION_LABELS and {*labels} & ANSWER_LABELS)
    alone = [_is_question(piece) and _may_answer(piece, following) for piece, following in pairwise(found)]
    several = sum(alone) + sum(1 for piece in found if piece.kind == "item" and "? " in piece.text) > 1
    pieces: list[Piece] = []
    asked = -1
    for piece, label, is_alone in zip(found, labels, (*alone, False), strict=False):
        asks = labelled and label in QUESTION_LABELS
        bold = piece.kind == "text" and piece.bold == len(piece.text) and piece.text.endswith("?")
        if piece.kind == "heading":
            asked = piece.at if piece.text.endswith("?") else -1
            pieces.append(piece)
        elif asks or (piece.kind in ("text", "item") and (bold or (is_alone and several and not labelled))):
            asked = piece.at
            pieces.append(replace(piece, kind="question"))
        elif piece.kind == "question":
            asked = -1
            pieces.append(piece)
        else:
            pieces.append(replace(piece, lead=asked) if piece.kind == "text" and piece.lead < 0 else piece)
    return pieces


def _label(piece: Piece) -> str:
    found = _LABEL.match(piece.text) if piece.kind == "text" else None
    return found["label"].lower() if found else ""


def _is_question(piece: Piece) -> bool:
    short = piece.kind in ("text", "item") and len(piece.text) <= _QUESTION_CHARS
    return short and piece.text.endswith("?") and not _ENDS_INSIDE.search(_NUMBER.sub("", piece.text))


def _may_answer(question: Piece, following: Piece) -> bool:
    """Of what stands behind a question: not another one, nor the next point of a list of both."""
    listed = following.kind == "item" and question.kind == "item"
    if listed and (_NUMBERED.match(following.text) or not _NUMBERED.match(question.text)):
        return False
    return following.kind in ("text", "item") and not _is_question(following)


def _facts(found: Sequence[Piece]) -> list[Piece]:
    """Short lines "Name: value" one below the other, as of opening hours, are a list: none is told on from another."""

    def names(one: Piece) -> bool:
        return one.kind == "text" and one.lead < 0 and len(one.text) <= _HEADING_CHARS and bool(FIELD.match(one.text))

    pieces: list[Piece] = []
    for fact, group in groupby(found, key=names):
        run = [*group]
        listed = fact and (len(run) > 2 or bool(pieces and pieces[-1].text.endswith(":")))
        pieces += [replace(one, kind="item") if listed else one for one in run]
    return pieces


def _links(found: Sequence[Piece]) -> list[Piece]:
    """Lists of links, and lines that send the reader elsewhere."""
    pieces: list[Piece] = []
    below = False  # a heading that announces links
    for piece in found:
        if piece.kind == "heading":
            below = bool(_LINK_HEADING.fullmatch(piece.text))
        sends = piece.kind in ("text", "item") and (piece.linked or bool(_LINK_LINE.fullmatch(piece.text)))
        announced = below and piece.kind == "item"
        pieces.append(replace(piece, kind="links", lead=-1) if sends or announced else piece)
    return pieces


def _leads(found: Sequence[Piece]) -> list[Piece]:
    """What introduces each list, table or block of code: the line before it, else the heading that it is under; and
    the heading that each heading is under.

    Code below an item belongs to that, and the list goes on behind it.
    """
    pieces: list[Piece] = []
    items: set[int] = set()
    headings = [(0, -1)]  # that we are in, outermost first, each with its level
    lead = listed = -1
    unfinished = False  # what introduces it
    before: Piece | None = None  # the last that is said
    for piece in found:
        kind = "row" if piece.kind == "header" else piece.kind
        if before and before.text[0] == "-" and before.kind == kind == "text" and piece.tight:  # an option
            piece = replace(piece, kind=(kind := "item"), lead=before.at)
        same = before and ("row" if before.kind == "header" else before.kind) == kind
        if before and before.kind == "item" and kind == "code":
            listed, lead = lead, before.at
        elif before and before.kind == "code" and kind == "item" and before.lead in items:
            lead = listed
        elif piece.kind in ("item", "code", "header") and not same:
            introduces = (
                before
                and before.kind in ("text", "turn", "question")
                and (before.text.endswith(":") or len(before.text) <= _LEAD_CHARS)
            )
            lead = before.at if before and introduces else headings[-1][1]
            unfinished = bool(before and introduces and before.text[-1] not in ".!?")
        if piece.kind == "heading":
            level = piece.level or _NO_LEVEL
            headings = [one for one in headings if one[0] < level]
            lead = headings[-1][1]
            headings.append((level, piece.at))
        if piece.kind == "item":
            items.add(piece.at)
        told_on = before and before.kind == "code" and kind == "text" and piece.text[0].islower()  # "and delete it by"
        introduced = piece.kind in ("heading", "item", "code", "header") or (told_on and unfinished)
        pieces.append(replace(piece, lead=lead) if introduced and piece.lead < 0 else piece)
        before = pieces[-1] if piece.kind not in ("links", "aside") else before
    return pieces
