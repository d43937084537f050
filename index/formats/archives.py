"""Files that are archives of others: what stands in them is unpacked up to a size, and never on to the disk."""

from contextlib import suppress
from io import BytesIO
from lzma import LZMAError
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError

from lxml import etree

from index.errors import UnreadableFile

MOST_UNPACKED_BYTES = 60_000_000  # of one part; trees of it take ten times as much memory
MOST_PARTS = 20_000
_TEXT_PARTS = (".xml", ".rels", ".opf", ".ncx", ".html", ".xhtml", ".htm", ".txt")


class Archive:
    """A zip file that was looked at before it is unpacked: no part may be larger than a program can read of it."""

    def __init__(self, path: Path) -> None:
        """Raises UnreadableFile for what is no archive, is encrypted, or unpacks to more than makes sense."""
        self.content = BytesIO(path.read_bytes())
        if not self.content.getbuffer().nbytes:
            raise UnreadableFile("is empty")
        if self.content.getbuffer()[:8].tobytes() == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
            raise UnreadableFile("is encrypted with a password, or of an old format; save it anew without one")
        try:
            self._zip = ZipFile(self.content)
            parts = self._zip.infolist()
        except (BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise UnreadableFile("is damaged, or not what its name says; open it and save it anew") from error
        if len(parts) > MOST_PARTS:
            raise UnreadableFile(f"holds {len(parts):,} parts, more than {MOST_PARTS:,}")
        # A part gives no more than the size it declares: zipfile stops there.
        text = [part for part in parts if part.filename.lower().endswith(_TEXT_PARTS)]
        if sum(part.file_size for part in text) > MOST_UNPACKED_BYTES:
            raise UnreadableFile(f"unpacks to more than {MOST_UNPACKED_BYTES:,} bytes of text; split it")
        if any(part.flag_bits & 1 for part in parts):
            raise UnreadableFile("is encrypted with a password; save it without one")

    def names(self) -> list[str]:
        return self._zip.namelist()

    def part(self, name: str) -> bytes:
        """Raises UnreadableFile for one that is missing, damaged or too large."""
        try:
            if self._zip.getinfo(name).file_size > MOST_UNPACKED_BYTES:
                raise UnreadableFile(f"unpacks to more than {MOST_UNPACKED_BYTES:,} bytes in '{name}'")
            return self._zip.read(name)
        except KeyError as error:
            raise UnreadableFile(f"is damaged: '{name}' is missing") from error
        except (BadZipFile, NotImplementedError, EOFError, ValueError, OSError, ZlibError, LZMAError) as error:
            raise UnreadableFile(f"is damaged: '{name}' cannot be unpacked") from error

    def tree(self, name: str) -> Any:
        """The XML of a part, in which entities mean nothing. Raises UnreadableFile."""
        try:
            return etree.fromstring(self.part(name), etree.XMLParser(resolve_entities=False, no_network=True))
        except (etree.XMLSyntaxError, ValueError) as error:
            raise UnreadableFile(f"is damaged: '{name}' is not XML") from error

    def said(self, name: str) -> dict[str, str]:
        """Local name → text of the elements of a part that holds facts; nothing where it is missing or damaged."""
        found: dict[str, str] = {}
        with suppress(UnreadableFile):
            for element in self.tree(name).iter("{*}*"):
                if text := (element.text or "").strip():
                    found.setdefault(etree.QName(element).localname, text)
        return found
