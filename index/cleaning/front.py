"""The lines around an article: which is its title, which tell of its section, author and day, and notes at its end."""

import re
from collections.abc import Sequence
from dataclasses import replace

from index.cleaning.parts import LETTER, TURN
from index.cleaning.pieces import Piece
from index.text.language import foreign, language
from index.text.sentences import FIELD

_FRONT_PIECES = 12
_TITLE_CHARS, _TITLE_WORDS = 250, 30
_BY_WORD = r"(?:by|von|par|por|author|autor(?:in)?|written[ ]by|text)\b\s*:?\s+"
_BYLINE = re.compile(_BY_WORD + r"\S.{0,60}", re.IGNORECASE)
_NAME = re.compile(
    r"(?:[^\W\d_a-z][\w.'’-]*|de|da|di|la|van|von|der|den|del|al)(?:\s(?:[^\W\d_a-z][\w.'’-]*|de|da|di|la|van|von|der|den|del|al)){1,4}"
)
_BY = re.compile(
    rf"""(?i:{_BY_WORD})
         ({_NAME.pattern}(?:(?:,|\ and|\ und|\ et|\ y|\ &)\s{_NAME.pattern})*)""",
    re.VERBOSE,
)
_DATE = re.compile(
    r"""(?:[^\W\d_]+(?:\s(?:on|at|am|le|el))?\s*:?\s+)?(?:[^\W\d_]{2,12}\.?,?\s+)?
        (?: \d{4}-\d{2}-\d{2} | \d{1,2}[./]\d{1,2}[./]\d{2,4}
          | [^\W\d_]{3,12}\.?\s?\d{1,2}(?:st|nd|rd|th)?,?\s?\d{4}
          | (?:\d{1,2}(?:st|nd|rd|th|\.|º)?\s+)?(?:de\s+)?[^\W\d_]{3,12}\.?,?\s+(?:de\s+)?\d{4} )
        (?:[\sT,|]+\d{1,2}[:.]\d{2}.{0,12})?""",
    re.VERBOSE,
)
_SAYS_WHEN = re.compile(r"\s[\[(]?\d{1,2}:\d\d(?::\d\d)?(?:\s?[AaPp]\.?[Mm]\.?)?[\])]?$")
_NOTE_SHARE = 0.2  # more than that in another language at the end is part of a bilingual article


def front_of(found: Sequence[Piece]) -> int:
    """How many pieces stand before the article's first sentence, list or table; 0 where that is not near."""
    called = len(found) > 1 and found[1].kind == "heading" and not found[0].closed  # as "Data sheet: HP 12"
    count = next((n for n, piece in enumerate(found) if _is_body(piece) and (n or not called)), len(found))
    return count if count <= _FRONT_PIECES else 0


def with_front(found: Sequence[Piece], count: int) -> tuple[str, list[Piece]]:
    """The title, "" where there is none, and the pieces with the title as a heading and what is around it marked."""
    front = list(found[:count])
    title = next((n for n, piece in enumerate(front) if piece.kind == "heading"), None)
    if title is None:
        title = _title(front)
    timed = [piece for piece in found if _SAYS_WHEN.search(piece.text[-16:])]  # a name and a time, above what is said
    if title is None or (front[title] in timed[:1] and len(timed) > 1):
        first = next((piece.text for piece in found if piece.level == 1 and piece.kind == "heading"), "")
        return first, list(found)
    if all(
        piece.kind in ("aside", "heading") for n, piece in enumerate(found) if n != title
    ):  # it is all that there is
        return front[title].text, list(found)
    front[title] = replace(front[title], kind="heading")
    for n, piece in enumerate(front):
        if piece.kind == "text" and (
            n < title
            or _DATE.fullmatch(piece.text)
            or _BYLINE.fullmatch(piece.text)
            or _NAME.fullmatch(piece.text)
            or any(piece.text == other.text for other in front[:n])
        ):
            front[n] = replace(piece, kind="aside")
        elif n > title and piece.kind != "aside":
            break
    return front[title].text, [*front, *found[count:]]


def with_notes(found: Sequence[Piece]) -> list[Piece]:
    """An author's note in another language at the end is marked."""
    texts = [piece.text for piece in found]
    home = language("\n".join(texts))
    most = _NOTE_SHARE * sum(map(len, texts))
    begin, size = len(found), 0
    while begin > 1 and (found[begin - 1].kind == "aside" or foreign(texts[begin - 1], home)):
        begin -= 1
        size += len(texts[begin]) if found[begin].kind != "aside" else 0
        if size > most:
            return list(found)
    return [*found[:begin], *(replace(piece, kind="aside") for piece in found[begin:])]


def author_of(line: str) -> str:
    """Whom a line names as who wrote the article, as in "By Ann Lee and Bo Ek"; "" where it does not."""
    found = _BY.fullmatch(line)
    return found.group(1) if found else ""


def _is_body(piece: Piece) -> bool:
    if piece.kind in ("aside", "heading"):
        return False
    field = FIELD.match(piece.text) and re.search(r"\d", piece.text) and not _DATE.fullmatch(piece.text)
    return piece.kind != "text" or piece.prose or bool(piece.closed and len(piece.text.split()) > 2) or bool(field)


def _title(front: Sequence[Piece]) -> int | None:
    """The first short line that may be one; a section's name right above a longer line is none."""
    may = [n for n, piece in enumerate(front) if _may_be_title(piece)]
    if len(may) > 1 and may[1] == may[0] + 1 and front[may[1]].tight:
        first, second = (len(front[n].text.split()) for n in may[:2])
        return may[1] if first < 3 <= second else may[0]
    return may[0] if may else None


def _may_be_title(piece: Piece) -> bool:
    text = piece.text
    if (
        piece.kind != "text"
        or not LETTER.search(text)
        or len(text) > _TITLE_CHARS
        or text[0].islower()
        or text.endswith((".", ",", ";", ":"))
        or TURN.match(text)
    ):
        return False
    return len(text.split()) <= _TITLE_WORDS and not _DATE.fullmatch(text) and not _BYLINE.fullmatch(text)
