"""Saved mails: subject, sender and day, the body in words or as a page; attachments are named, not read."""

import re
from collections.abc import Iterator
from datetime import date
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage, Message
from email.parser import BytesParser
from pathlib import Path

from index.cleaning.pieces import Piece
from index.errors import UnreadableFile
from index.formats.document import Unread
from index.formats.extracted import extracted, line, moved, piece, pieces_in
from index.formats.metadata import Facts, Metadata
from index.formats.web_page import parse, pieces_of
from index.records import Document

_SIGNATURE = re.compile(r"^-- ?\r?$", re.MULTILINE)
_QUOTED = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
_MOST_PARTS = 200
_SHOWN = ("From", "To", "Cc", "Date")


def read(path: Path, document_id: str, metadata: Metadata) -> Iterator[Document | Unread]:
    """The one document of the mail. Raises UnreadableFile."""
    content = path.read_bytes()
    if not content.strip():
        raise UnreadableFile("is empty")
    if content.count(b"boundary=") > _MOST_PARTS:
        raise UnreadableFile(f"is made of more than {_MOST_PARTS} mails in mails")
    message = BytesParser(EmailMessage, policy=policy.default).parsebytes(content)
    if not isinstance(message, EmailMessage) or not any(message[name] for name in ("From", "Subject", "Date")):
        raise UnreadableFile("is no mail: it has neither sender, subject nor date")
    subject = _header(message, "Subject")
    heads = [text for name in _SHOWN if (text := _header(message, name))]
    first = [piece("heading", subject, 0, level=1)] if subject else []
    first += [piece("aside", text, at) for at, text in enumerate(heads, start=len(first))]
    body = moved(_body(message), len(first))
    body += moved(_forwarded(message), len(first) + len(body))
    names = filter(None, (line(part.get_filename() or "") for part in message.iter_attachments()))
    attached = [piece("aside", name, at) for at, name in enumerate(names, start=len(first) + len(body))]
    facts = Facts(title=subject, author=_sender(message), published=_day(message))
    yield extracted(document_id, [*first, *body, *attached], metadata.of(document_id), facts)


def _body(message: EmailMessage) -> list[Piece]:
    """The plain words where there are some, else the page; quotes from other mails, and the signature, aside."""
    plain, page = (_text(message.get_body((preferred,))) for preferred in ("plain", "html"))
    if not plain.strip():
        return pieces_of(parse(page)) if page.strip() else []
    signature = _SIGNATURE.search(plain)
    own = plain[: signature.start()] if signature else plain
    found = pieces_in(_QUOTED.sub("", own))
    others = pieces_in("\n".join(quoted.group() for quoted in _QUOTED.finditer(own)))
    others += pieces_in(plain[signature.end() :]) if signature else []
    return found + [piece("aside", one.text, at) for at, one in enumerate(others, start=len(found))]


def _forwarded(message: EmailMessage) -> list[Piece]:
    """The mails that it passes on: subject, sender and day of each, and its words. What these pass on is named only."""
    found: list[Piece] = []
    for part in message.iter_attachments():
        inner = part.get_content() if part.get_content_type() == "message/rfc822" else None
        if isinstance(inner, EmailMessage):
            heads = [text for name in ("Subject", *_SHOWN) if (text := _header(inner, name))]
            found += [piece("aside", text, at) for at, text in enumerate(heads, start=len(found))]
            found += moved(_body(inner), len(found))
    return found


def _text(part: Message | None) -> str:
    """In the encoding that the mail names, or as far as it goes in another."""
    if not isinstance(part, EmailMessage):
        return ""
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError, ValueError, KeyError, AssertionError):
        content = part.get_payload(decode=True)
        return content.decode("utf-8", errors="replace") if isinstance(content, bytes) else ""


def _header(message: EmailMessage, name: str) -> str:
    return line(str(message[name] or ""))


def _sender(message: EmailMessage) -> str:
    addresses: tuple[Address, ...] = getattr(message["From"], "addresses", ())
    return line(", ".join(address.display_name or address.addr_spec for address in addresses))


def _day(message: EmailMessage) -> date | None:
    sent = getattr(message["Date"], "datetime", None)
    return sent.date() if sent else None
