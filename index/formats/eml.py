"""Saved mails: subject, sender and day, the body in words or as a page; attachments are named, not read."""

import re
from collections.abc import Iterator
from datetime import date
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage, Message
from email.parser import BytesParser
from pathlib import Path

from index.cleaning.clean import clean
from index.errors import UnreadableFile
from index.formats.document import Unread
from index.formats.metadata import Facts, Metadata
from index.formats.pieces import Piece, extracted, line, of_cleaned
from index.formats.web_page import parse, pieces_of
from index.records import Document

_SIGNATURE = re.compile(r"^-- ?\r?$", re.MULTILINE)
_QUOTED = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
_SHOWN = ("From", "To", "Cc", "Date", "Subject")


def read(path: Path, document_id: str, metadata: Metadata) -> Iterator[Document | Unread]:
    """The one document of the mail. Raises UnreadableFile."""
    content = path.read_bytes()
    if not content.strip():
        raise UnreadableFile("is empty")
    message = BytesParser(EmailMessage, policy=policy.default).parsebytes(content)
    if not isinstance(message, EmailMessage) or not any(message[name] for name in ("From", "Subject", "Date")):
        raise UnreadableFile("is no mail: it has neither sender, subject nor date")
    heads = [Piece("aside", text) for name in _SHOWN if (text := _header(message, name)) and name != "Subject"]
    subject = _header(message, "Subject")
    title = [Piece("heading", subject)] if subject else []
    body = list(_body(message))
    offset = len(title) + len(heads)
    moved = [piece._replace(lead=piece.lead if piece.lead is None else piece.lead + offset) for piece in body]
    attached = [Piece("aside", text) for text in _attached(message)]
    facts = Facts(title=subject, author=_sender(message), published=_day(message))
    yield extracted(document_id, [*title, *heads, *moved, *attached], metadata.of(document_id), facts)


def _body(message: EmailMessage) -> Iterator[Piece]:
    """The plain words where there are some, else the page; what is quoted from other mails, and the signature, aside."""
    for preferred in ("plain", "html"):
        part = message.get_body((preferred,))
        text = _text(part) if part is not None else ""
        if not text.strip():
            continue
        if preferred == "html":
            yield from pieces_of(parse(text))
            return
        signature = _SIGNATURE.search(text)
        own = text[: signature.start()] if signature else text
        yield from of_cleaned(clean(_QUOTED.sub("", own)))
        others = [found.group().strip(" \t>\r") for found in _QUOTED.finditer(own)]
        others += text[signature.end() :].splitlines() if signature else []
        yield from (Piece("aside", shown) for other in others if (shown := line(other)))
        return


def _text(part: Message) -> str:
    """In the encoding that the mail names, or as far as it goes in another."""
    assert isinstance(part, EmailMessage)
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


def _attached(message: EmailMessage) -> Iterator[str]:
    for part in message.iter_attachments():
        if name := line(part.get_filename() or ""):
            yield name
