"""Files and folders → documents. One bad file is reported and the rest is read.

Links inside a folder are followed, for mounted volumes are made of them; others are not. What is hidden (its name
begins with a dot) is passed over, unless a link that is not hidden leads there.

`ARTICLES` says which file serves which suffix; a new format is one module and one line there.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from index.errors import NotFound, UnreadableFile
from index.formats import jsonl, text
from index.formats.apart import Limits, run_apart
from index.formats.document import MAX_ID_CHARS as MAX_ID_CHARS
from index.formats.document import FileReading, Unread
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

_BEIR = ("corpus.jsonl", "corpus.jsonl.gz")
MAX_FILE_BYTES = 100_000_000  # of a file that is read as a whole

LEAST_SECONDS = 30  # of processor time that any file may take
BYTES_A_SECOND = 50_000  # beyond that; a page of a PDF takes a fortieth of a second and may come to 1,300 bytes
MEGABYTES = 2_000

# Path, document id and the folder's facts → what stands in the file; a bare Document has nothing more to tell.
Reader = Callable[[Path, str, Metadata], Iterator[Document | FileReading | Unread]]

ARTICLES: dict[str, Reader] = {
    **dict.fromkeys(text.MARKUP, text.read),
    **dict.fromkeys((".jsonl", ".jsonl.gz"), jsonl.read), **dict.fromkeys((".html", ".htm", ".xhtml"), read_web_page),
    ".pdf": read_pdf, ".docx": read_docx, ".epub": read_epub, ".eml": read_eml,
    ".ipynb": jsonl.read_notebook, **dict.fromkeys((".csv", ".tsv"), read_csv),
}  # fmt: skip
_BY_PANDOC = {".tex", ".latex", ".rtf", ".odt", ".fb2", ".textile", ".typ", ".t2t", ".mediawiki", ".docbook"}
CORPORA = {".jsonl", ".jsonl.gz"}  # many documents a file, which give their own ids; read line by line, of any size


class File(NamedTuple):
    """One file that was given or found."""

    path: Path
    name: str  # the id of its document unless another has it: its path below the given folder, without suffix
    metadata: Metadata


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
    for found in _files(root, seen):
        if isinstance(found, Path):
            yield File(found, _name(found.relative_to(folder)), metadata)
        else:  # what is no article by its name is none behind a link either
            yield replace(found, lost=not Path(found.path).suffix or suffix(Path(found.path)) in ARTICLES)


def open_file(file: File) -> Iterator[FileReading | Unread]:
    """What stands in a file: documents, or why not. Nothing is raised, whatever the file is made to do."""
    if suffix(file.path) not in ARTICLES:
        told = f"convert it: pandoc -t markdown -o {file.path.stem}.md {file.path.name}"
        known = told if suffix(file.path) in _BY_PANDOC else f"known are {', '.join(ARTICLES)}"
        yield Unread(str(file.path), f"files of type '{file.path.suffix}' are not read; {known}", lost=False)
        return
    try:
        yield from run_apart(_opened, _with_own_facts(file), _limits(file.path))
    except UnreadableFile as error:
        yield Unread(str(file.path), str(error))
    except OSError as error:
        yield Unread(str(file.path), f"cannot be read: {error.strerror or error}")


def _opened(file: File) -> Iterator[FileReading | Unread]:
    """As `open_file`, without its bounds."""
    try:
        for found in ARTICLES[suffix(file.path)](*file):
            yield FileReading.of(found) if isinstance(found, Document) else found
    except UnreadableFile as error:
        yield Unread(str(file.path), str(error))
    except OSError as error:
        yield Unread(str(file.path), f"cannot be read: {error.strerror or error}")


def _with_own_facts(file: File) -> File:
    """Without those of the other files of its folder, which may be thousands."""
    own = Metadata({file.name: file.metadata.of(file.name)})
    return file if suffix(file.path) in CORPORA else file._replace(metadata=own)


def _limits(path: Path) -> Limits:
    """Raises UnreadableFile for what is not even begun, OSError for what is not there."""
    if not path.is_file():
        raise UnreadableFile("is not a plain file; devices and pipes are not read")
    size = path.stat().st_size
    if suffix(path) not in CORPORA and size > MAX_FILE_BYTES:
        raise UnreadableFile(f"is larger than {MAX_FILE_BYTES:,} bytes; split it")
    return Limits(LEAST_SECONDS + size // BYTES_A_SECOND, MEGABYTES)


def read(paths: Iterable[Path]) -> Iterator[Document | Unread]:
    """All documents below the given files and folders, under the names of their files. Raises NotFound at once."""
    for file in find(paths):
        for found in (file,) if isinstance(file, Unread) else open_file(file):
            yield found.document if isinstance(found, FileReading) else found


def suffix(path: Path) -> str:
    """What says how a file is read, in lower case."""
    name = path.name.lower()
    return ".jsonl.gz" if name.endswith(".jsonl.gz") else path.suffix.lower()


def _name(path: Path) -> str:
    name = path.as_posix()
    return name[: -len(suffix(path))] if suffix(path) else name


def _files(root: Path, seen: set[str]) -> list[Path | Unread]:
    """Files below a folder in the order of their paths, or the file itself; each one once, whatever links lead to it.

    A folder with a BEIR corpus holds nothing else that is an article. `seen` has the real paths that were given before,
    and takes those given now. Unread: a folder that cannot be listed, a link that is not followed.
    """
    if not root.is_dir():
        return [] if _known(os.path.realpath(root), seen) else [root]
    corpus = [root / name for name in _BEIR if (root / name).is_file()]
    if corpus:
        return [] if _known(os.path.realpath(corpus[0]), seen) else [corpus[0]]
    return sorted(_walk(root, seen), key=lambda found: Path(found.path) if isinstance(found, Unread) else found)


def _walk(root: Path, seen: set[str]) -> Iterator[Path | Unread]:
    """Plain files first, so that a file that a link leads to as well goes by its own name."""
    home = os.path.realpath(root)
    folders = deque([(root, home)])
    links: deque[Path] = deque()
    while folders or links:
        path, real = folders.popleft() if folders else (links.popleft(), "")
        try:
            if not real:  # a link, as all folders are done
                yield from _followed(path, home, folders, seen)
            elif not _known(real + os.sep, seen):
                yield from _listed(path, real, folders, links, seen)
        except OSError as error:
            yield Unread(str(path), f"cannot be listed: {error.strerror}")


def _listed(
    folder: Path, real: str, folders: deque[tuple[Path, str]], links: deque[Path], seen: set[str]
) -> Iterator[Path]:
    """The plain files of a folder; its folders and links are noted for later."""
    with os.scandir(folder) as listed:
        entries = [entry for entry in listed if not entry.name.startswith(".") and entry.name != METADATA]
    for entry in sorted(entries, key=lambda entry: entry.name):
        path, target = folder / entry.name, f"{real.rstrip(os.sep)}{os.sep}{entry.name}"
        if entry.is_symlink():
            links.append(path)
        elif entry.is_dir():
            folders.append((path, target))
        elif entry.is_file() and not _known(target, seen):
            yield path


def _followed(link: Path, home: str, folders: deque[tuple[Path, str]], seen: set[str]) -> Iterator[Path | Unread]:
    """The file that a link leads to; its folder is noted for later."""
    target = os.path.realpath(link)
    if os.path.commonpath([target, home]) != home:
        where = f"to have it read, name its target: {target}"
        yield Unread(str(link), f"is a link out of the given folder, which is not followed; {where}")
    elif Path(target).is_dir():
        folders.append((link, target))
    elif not Path(target).exists():
        yield Unread(str(link), "is a link that leads nowhere")
    elif Path(target).is_file() and not _known(target, seen):
        yield link


def _known(real: str, seen: set[str]) -> bool:
    """Whether it was given before; from now on it was."""
    before = real in seen
    seen.add(real)
    return before
