"""What a run will do: which document each file is, which ones changed, which are gone. Nothing is written here.

A document keeps its id as long as one of its files stands: a file is known again by its path, whatever folder it is
named by, and takes the id of no other file. Files of the same bytes are one document, which has all their paths.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import NamedTuple

from index.errors import BadInput
from index.formats import CORPORA, File, open_file, suffix
from index.formats.document import FileReading, Unread, serves_as_id, title_from
from index.formats.text import clean_body
from index.records import Document
from index.text.twins import Sketch, alike, held_by, sketch


class Progress(NamedTuple):
    """How far a build is; `total` may grow meanwhile."""

    step: str  # reading, embedding, publishing
    done: int
    total: int


OnProgress = Callable[[Progress], None]


class Stored(NamedTuple):
    """What is in the store before the run."""

    hashes: Mapping[str, str] = {}  # document id → sha256
    files: Mapping[str, tuple[str, ...]] = {}  # document id → where it was read
    document: Callable[[str], Document] | None = None


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one document of one file; of the lines of a corpus only those of which there is more to say."""

    path: str
    document: str
    characters: int  # of its source
    marked: int  # kept as furniture, behind all other text
    hidden: int  # left out
    warnings: tuple[str, ...]

    @property
    def shares(self) -> tuple[float, float]:
        """Of its characters: marked, left out."""
        return self.marked / max(self.characters, 1), self.hidden / max(self.characters, 1)


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What the files are to the index."""

    added: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: int
    deleted: tuple[str, ...]
    unread: tuple[Unread, ...]
    files: tuple[FileReport, ...]
    twins: Mapping[str, tuple[str, ...]]  # document id → the files of the same bytes that it stands for, its own first
    alike: tuple[tuple[str, str, float], ...]  # two ids and the share of runs of words in common, one of them changed
    held_by: Mapping[str, tuple[str, ...]]  # document id → those that say all that it says and are searched for it

    @property
    def lost(self) -> int:
        """How many files, or lines of them, could hold articles and were not read."""
        return sum(unread.lost for unread in self.unread)


class Plan:
    """Made by reading the files once, as `changed` is stepped through; all else is known when that is done."""

    def __init__(
        self,
        found: Sequence[File | Unread],
        stored: Stored,
        on_progress: OnProgress = lambda _: None,
        *,
        everything: bool = False,
    ) -> None:
        self.unread: list[Unread] = []
        self.reports: list[FileReport] = []
        self.changes: list[str] = []  # ids that are new or to be replaced
        self._found = found
        self._stored = stored
        self._on_progress = on_progress
        self._everything = everything
        self._placed: dict[str, list[str]] = {}  # what was read: id → paths
        self._hashes = dict(stored.hashes)
        self._files = {name: list(paths) for name, paths in stored.files.items()}
        self._held = defaultdict[str, set[str]](set)  # path → ids
        self._same = defaultdict[str, set[str]](set)  # sha256 → ids of files, not of lines of a corpus
        self._sketches: dict[str, Sketch] = {}  # of files, not of lines of a corpus
        self._doubtful: set[str] = set()  # paths where documents may stand that could not be read
        for name, paths in stored.files.items():
            for path in paths:
                self._held[path].add(name)
            if name in self._hashes and not any(suffix(Path(path)) in CORPORA for path in paths):
                self._same[self._hashes[name]].add(name)

    def changed(self) -> Iterator[Document]:
        """The documents to be embedded, under the ids that they get; what cannot be read is noted on the way."""
        number = 0
        for done, file in enumerate(self._found, start=1):
            for item in (file,) if isinstance(file, Unread) else open_file(file):
                number += 1
                self._on_progress(Progress("reading", max(done, number), max(len(self._found), number)))
                if isinstance(item, FileReading) and isinstance(file, File):
                    yield from self._read(file, item)
                elif isinstance(item, Unread):
                    self._note(item, Path(file.path))

    @property
    def read(self) -> set[str]:
        """Ids of all documents that stand in the files."""
        return set(self._placed)

    def report(self, gone: Sequence[str]) -> PlanReport:
        changes = [name for name in dict.fromkeys(self.changes) if name not in gone]
        pairs = list(alike(self._sketches))
        return PlanReport(
            added=tuple(name for name in changes if name not in self._stored.hashes),
            updated=tuple(name for name in changes if name in self._stored.hashes),
            unchanged=len(self.read - set(changes)),
            deleted=tuple(name for name in gone if name in self._stored.hashes),
            unread=tuple(self.unread),
            files=tuple(self.reports),
            twins={name: self.files_of(name) for name, paths in self._placed.items() if len(paths) > 1},
            alike=tuple(pair for pair in pairs if {*pair[:2]} & {*changes}),
            held_by=held_by(self._sketches, pairs),
        )

    def others(self, stored: Iterable[Document], roots: Sequence[Path] | None) -> Iterator[Document]:
        """Of what is stored what was not read, but for what is gone; cleaned again unless it came as clean text."""
        passed_over = {*self.read, *self.changes, *self.gone(roots)}
        for document in stored:
            if document.id in passed_over:
                continue
            self.changes.append(document.id)
            if document.text != document.source:
                cleaned, _ = clean_body(document.source, *self.files_of(document.id))
                document = replace(document, text=cleaned.text, runs=cleaned.runs, blocks=cleaned.blocks)
            yield document

    def files(self) -> dict[str, tuple[str, ...]]:
        """Where the documents stand now, for all of which that is not what is stored."""
        now = {name: tuple(paths) for name, paths in self._files.items()}
        return {name: paths for name, paths in now.items() if self._stored.files.get(name, ()) != paths}

    def files_of(self, document_id: str) -> tuple[str, ...]:
        return tuple(self._files.get(document_id, ()))

    def gone(self, roots: Sequence[Path] | None) -> list[str]:
        """Documents whose only file holds another's text now and, with roots, those that stood below them and are gone.

        What lies elsewhere is never among them. Raises BadInput where nothing was read, as in a volume that is not
        mounted: then nobody can tell.
        """
        gone = {name for name in self._hashes if name in self._files and not self._files[name]}
        if roots is not None and not self._placed:
            raise BadInput(
                "nothing was pruned: no article was read, so what is gone cannot be told; mend that, or delete one by "
                "one with: quotewell documents delete ID"
            )
        below = _Below(roots or ())
        for name, paths in self._files.items() if roots else ():
            placed = self._placed.get(name, ())
            doubted = [
                path for path in paths if self._doubtful and self._doubtful & {path, *map(str, Path(path).parents)}
            ]
            left = [path for path in paths if path in placed or path not in below or path in doubted]
            if paths and not left and name in self._hashes:
                gone.add(name)
            self._files[name] = left
        return sorted(gone)

    def _note(self, unread: Unread, path: Path) -> None:
        self.unread.append(unread)
        if unread.lost:
            self._doubtful.add(absolute(path))

    def _read(self, file: File, reading: FileReading) -> Iterator[Document]:
        """The document under its id if it is new or changed, after the one that stays for its twins if there is one."""
        path = absolute(file.path)
        name = self._id_of(file, path, reading.document)
        if name is None:
            taken = f"its id '{reading.document.id}' is taken by another line of the same file; rename one of them"
            self._note(Unread(str(file.path), taken), file.path)
            return
        document = _named(reading.document, name)
        if suffix(file.path) not in CORPORA or reading.marked or reading.hidden or reading.warnings:
            counts = (len(document.source), reading.marked, reading.hidden)
            self.reports.append(FileReport(str(file.path), name, *counts, reading.warnings))
        if suffix(file.path) not in CORPORA:
            self._sketches[name] = sketch(document)
        same = self._hashes.get(name) == document.sha256
        again = name in self._placed  # a twin of what was read before
        if not same:
            yield from self._left_to_twins(name, path)
        self._place(name, path, document.sha256, corpus=suffix(file.path) in CORPORA)
        if not same or (self._everything and not again):
            self.changes.append(name)
            yield document

    def _id_of(self, file: File, path: str, document: Document) -> str | None:
        """None for a line whose id another line of the file has."""
        corpus = suffix(file.path) in CORPORA
        names = _names(document.id, path, corpus=corpus)
        held = sorted(self._held[path]) if not corpus else [name for name in names if name in self._held[path]]
        if corpus and held:
            again = path in self._placed.get(held[0], ())
            return None if again and self._hashes[held[0]] != document.sha256 else held[0]
        for name in held:
            if self._hashes.get(name) == document.sha256:
                return name
        for name in () if corpus else sorted(self._same[document.sha256]):
            if any(other != path and self._stands(name, other) for other in self._files[name]):
                return name
        for name in held:  # it changed; its twins may not have
            if next((other for other in self._files[name] if self._stands(name, other)), path) == path:
                return name
        return self._free(names, path)

    def _free(self, names: Sequence[str], path: str) -> str:
        """The first name that no other file has. A document of unknown origin is taken to be of this one, as ever."""
        beside = f"{names[0]}{Path(path).suffix}"
        more = (f"{names[0]}~{number}" for number in count(2))
        for name in chain(names, more):
            others = [other for other in self._files.get(name, ()) if other != path and self._stands(name, other)]
            if name not in self._placed and all(_same_file(other, path) for other in others):
                return name
            if any(_stem(other) == _stem(path) for other in others) and not self._files.get(beside):
                return beside
        raise AssertionError("numbers do not end")

    def _stands(self, name: str, path: str) -> bool:
        """Whether the document was read from the path in this run, or may be yet."""
        return path in self._placed.get(name, ()) or not path or Path(path).exists()

    def _left_to_twins(self, name: str, path: str) -> Iterator[Document]:
        """The document as it is stored, for its other files: one of them changed, they did not."""
        others = [other for other in self.files_of(name) if other not in (path, "") and self._stands(name, other)]
        others = [other for other in others if not _same_file(other, path)]
        if not others or name not in self._stored.hashes or self._stored.document is None:
            return
        document = self._stored.document(name)
        heir = self._free(_names(Path(others[0]).stem, others[0], corpus=False), others[0])
        self._files[heir] = others
        self._files[name] = [other for other in self._files[name] if other not in others]
        for other in others:
            self._held[other] = self._held[other] - {name} | {heir}
            if other in self._placed.get(name, ()):  # read before the one that changed
                self._placed[name].remove(other)
                self._placed.setdefault(heir, []).append(other)
        self._hashes[heir] = document.sha256
        self._same[document.sha256].add(heir)
        self.changes.append(heir)
        yield _named(document, heir)

    def _place(self, name: str, path: str, sha256: str, *, corpus: bool) -> None:
        """The file holds this document and, where it is no corpus, no other."""
        before = self._hashes.get(name)
        if before is not None and before != sha256:
            self._same[before].discard(name)
            self._files[name] = []
        others = [other for other in self._files.get(name, ()) if other != path]
        standing = [other for other in others if self._stands(name, other) and not _same_file(other, path)]
        first = path in self._files.get(name, ())[:1]
        self._files[name] = [path, *standing] if first else [*standing, path]
        self._hashes[name] = sha256
        placed = self._placed.setdefault(name, [])
        if path not in placed:
            placed.append(path)
        if not corpus:
            self._same[sha256].add(name)
            for other_name in self._held[path] - {name}:
                self._files[other_name] = [other for other in self._files[other_name] if other != path]
            self._held[path] = set()
        self._held[path].add(name)


class _Below:
    """Which paths lie below some folders, or are these files; by whichever name the folders go."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = {folder for root in roots for folder in (absolute(root), os.path.realpath(root))}
        self._real: dict[Path, str] = {}

    def __contains__(self, path: str) -> bool:
        folder = Path(path).parent
        if folder not in self._real:
            self._real[folder] = os.path.realpath(folder)
        named = (Path(path), Path(self._real[folder]) / Path(path).name) if path else ()
        return any(str(one) in self._roots for name in named for one in (name, *name.parents))


def absolute(path: Path) -> str:
    """How a file is known from run to run: links stay as they are, since what they lead to changes."""
    return os.path.abspath(path)  # noqa: PTH100 (`Path.absolute` leaves ".." in)


def _names(name: str, path: str, *, corpus: bool) -> list[str]:
    """Ids that would serve, the shortest first: the given one, then with more and more of the file's path before it."""
    parts = Path(path).with_suffix("").parts[1:]
    tails = ["/".join(parts[-count:]) for count in range(1, len(parts) + 1)]
    longer = [f"{tail}/{name}" for tail in tails] if corpus else [tail for tail in tails if len(tail) > len(name)]
    return list(filter(serves_as_id, (name, *longer)))


def _named(document: Document, name: str) -> Document:
    """Under another id; a title that was made of the id is made of the new one."""
    made = document.title == title_from(document.id)
    return replace(document, id=name, title=title_from(name) if made else document.title)


def _stem(path: str) -> Path | None:
    return Path(path).with_suffix("") if path else None


def _same_file(one: str, other: str) -> bool:
    """Two names for one file."""
    try:
        return one != other and Path(one).samefile(other)
    except (OSError, ValueError):
        return False
