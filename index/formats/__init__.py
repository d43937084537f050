"""Files and folders → documents. One bad file is reported and the rest is read.

`ARTICLES` says which file serves which suffix; a new format is one module and one line there.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import NotFound, UnreadableFile
from index.formats import jsonl, text
from index.formats.document import MAX_ID_CHARS as MAX_ID_CHARS
from index.formats.document import Unread
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

MAX_FILE_BYTES = 200_000_000

Reader = Callable[[Path, str, Metadata], Iterator[Document | Unread]]

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


def read(paths: Iterable[Path]) -> Iterator[Document | Unread]:
    """All documents below the given files and folders, in path order. Raises NotFound for a path that is not there."""
    roots = list(paths)
    for root in roots:
        if not root.exists():
            raise NotFound(f"'{root}' does not exist; name files or folders with {', '.join(sorted(ARTICLES))} files")
    seen: dict[str, Path] = {}
    for root in roots:
        for path, found in _documents(root):
            if isinstance(found, Document) and found.id in seen:
                found = Unread(str(path), f"its id '{found.id}' is taken by {seen[found.id]}; rename one of them")
            elif isinstance(found, Document):
                seen[found.id] = path
            yield found


def _documents(root: Path) -> Iterator[tuple[Path, Document | Unread]]:
    folder = root if root.is_dir() else root.parent
    try:
        metadata = read_metadata(folder)
    except UnreadableFile as error:
        yield folder / METADATA, Unread(str(folder / METADATA), str(error))
        metadata = Metadata({})
    for path in _files(root):
        name = path.relative_to(folder).as_posix()
        reader = ARTICLES.get(_suffix(path))
        try:
            if reader is None:
                known = ", ".join(ARTICLES)
                yield (
                    path,
                    Unread(str(path), f"files of type '{path.suffix}' are not read; known are {known}", lost=False),
                )
                continue
            _refuse(path)
            for found in reader(path, name[: -len(_suffix(path))], metadata):
                yield path, found
        except UnreadableFile as error:
            yield path, Unread(str(path), str(error))
        except OSError as error:
            yield path, Unread(str(path), f"cannot be read: {error.strerror}")


def _refuse(path: Path) -> None:
    if not path.is_file() or path.is_symlink():
        raise UnreadableFile("is not a plain file; links and devices are not followed")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise UnreadableFile(f"is larger than {MAX_FILE_BYTES:,} bytes; split it")


def _files(root: Path) -> list[Path]:
    """Plain listing below a folder; a folder with a BEIR corpus holds nothing else that is an article."""
    if not root.is_dir():
        return [root]
    corpus = [path for path in (root / "corpus.jsonl", root / "corpus.jsonl.gz") if path.is_file()]
    if corpus:
        return corpus[:1]
    hidden = (path for path in root.rglob("*") if path.is_file() or path.is_symlink())
    return sorted(
        p for p in hidden if p.name != METADATA and not any(x.startswith(".") for x in p.relative_to(root).parts)
    )


def _suffix(path: Path) -> str:
    name = path.name.lower()
    return ".jsonl.gz" if name.endswith(".jsonl.gz") else path.suffix.lower()
