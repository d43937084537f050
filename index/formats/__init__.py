"""Files and folders → documents. One bad file is reported and the rest is read.

`ARTICLES` says which file serves which suffix; a new format is one module and one line there.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from index.errors import NotFound, UnreadableFile
from index.formats import jsonl, text
from index.formats.document import MAX_ID_CHARS as MAX_ID_CHARS
from index.formats.document import FileReading, Unread
from index.formats.folders import files
from index.formats.metadata import METADATA, Metadata, read_metadata
from index.lazy import later
from index.records import Document

if TYPE_CHECKING:
    from index.formats.csv_rows import read as read_csv
    from index.formats.docx import read as read_docx
    from index.formats.eml import read as read_eml
    from index.formats.epub import read as read_epub
    from index.formats.pdf import read as read_pdf
    from index.formats.web_page import read as read_web_page
else:  # their libraries load for up to a second
    read_csv, read_docx = later("index.formats.csv_rows:read"), later("index.formats.docx:read")
    read_eml, read_epub = later("index.formats.eml:read"), later("index.formats.epub:read")
    read_pdf, read_web_page = later("index.formats.pdf:read"), later("index.formats.web_page:read")

MAX_FILE_BYTES = 100_000_000  # of a file that is read as a whole

# Path, document id and the folder's facts → what stands in the file; a bare Document has nothing more to tell.
Reader = Callable[[Path, str, Metadata], Iterator[Document | FileReading | Unread]]

ARTICLES: dict[str, Reader] = {
    ".txt": text.read,
    ".md": text.read,
    ".markdown": text.read,
    ".jsonl": jsonl.read,
    ".jsonl.gz": jsonl.read,
    ".html": read_web_page,
    ".htm": read_web_page,
    ".xhtml": read_web_page,
    ".pdf": read_pdf,
    ".docx": read_docx,
    ".epub": read_epub,
    ".eml": read_eml,
    ".csv": read_csv,
    ".tsv": read_csv,
}
CORPORA = {".jsonl", ".jsonl.gz"}  # many documents a file, which give their own ids; read line by line, of any size


class File(NamedTuple):
    """One file that was given or found."""

    path: Path
    folder: Path  # the given one that it was found below, or its own
    metadata: Metadata

    @property
    def name(self) -> str:
        """Its path below the folder, without suffix: the id of its document unless another has it."""
        name = self.path.relative_to(self.folder).as_posix()
        return name[: -len(suffix(self.path))] if suffix(self.path) else name


def find(paths: Iterable[Path]) -> list[File | Unread]:
    """All files below the given files and folders, in path order, each once. Raises NotFound for a path not there."""
    roots = list(paths)
    for root in roots:
        if not root.exists():
            raise NotFound(f"'{root}' does not exist; name files or folders with {', '.join(sorted(ARTICLES))} files")
    seen: set[str] = set()
    return [found for root in roots for found in _below(root, seen)]


def _below(root: Path, seen: set[str]) -> Iterator[File | Unread]:
    folder = root if root.is_dir() else root.parent
    try:
        metadata = read_metadata(folder)
    except UnreadableFile as error:
        yield Unread(str(folder / METADATA), str(error))
        metadata = Metadata({})
    for found in files(root, seen):
        if isinstance(found, Path):
            yield File(found, folder, metadata)
        else:  # what is no article by its name is none behind a link either
            yield replace(found, lost=not Path(found.path).suffix or suffix(Path(found.path)) in ARTICLES)


def open_file(file: File) -> Iterator[FileReading | Unread]:
    """What stands in a file: documents, or why not. Nothing is raised."""
    reader = ARTICLES.get(suffix(file.path))
    if reader is None:
        known = ", ".join(ARTICLES)
        yield Unread(str(file.path), f"files of type '{file.path.suffix}' are not read; known are {known}", lost=False)
        return
    try:
        _refuse(file.path)
        for found in reader(file.path, file.name, file.metadata):
            yield FileReading.of(found) if isinstance(found, Document) else found
    except UnreadableFile as error:
        yield Unread(str(file.path), str(error))
    except OSError as error:
        yield Unread(str(file.path), f"cannot be read: {error.strerror or error}")


def read(paths: Iterable[Path]) -> Iterator[Document | Unread]:
    """All documents below the given files and folders, under the names of their files. Raises NotFound at once."""
    for file in find(paths):
        for found in (file,) if isinstance(file, Unread) else open_file(file):
            yield found.document if isinstance(found, FileReading) else found


def suffix(path: Path) -> str:
    """What says how a file is read, in lower case."""
    name = path.name.lower()
    return ".jsonl.gz" if name.endswith(".jsonl.gz") else path.suffix.lower()


def _refuse(path: Path) -> None:
    if not path.is_file():
        raise UnreadableFile("is not a plain file; devices and pipes are not read")
    if suffix(path) not in CORPORA and path.stat().st_size > MAX_FILE_BYTES:
        raise UnreadableFile(f"is larger than {MAX_FILE_BYTES:,} bytes; split it")
