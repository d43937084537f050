"""The search index on disk: an immutable folder made from the store, published whole or not at all.

A cache: a damaged or missing one is put aside and made again from the store. Hash first, parse second; no pickle, and
nothing is mapped: what is read at all is read once, into memory, and the bytes that were checked are those that answer.
What is too much for that are pieces, each of which is checked when it is read. Its name is a hash of what it holds, so
the same documents, recipe and policy give the same version anywhere.
"""

import fcntl
import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from time import time_ns
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.errors import IndexDamaged, IndexMissing
from index.storage.pieces import READ, Content, OpenFile, Pieces
from index.storage.sqlite import sync_folder
from index.storage.store import FILE_NAME

FORMAT = 8  # raised when arrays or manifest change their shape

_CURRENT = "CURRENT"
_MANIFEST = "manifest.json"
_FRESH = ".generation.new"
_ASIDE = ".damaged"
_LOCK = ".lock"
_MOST_HEADER = 4096  # bytes of a .npy that say what it holds
_TOGETHER = 1000  # documents that are hashed together


@dataclass(frozen=True, slots=True)
class GenerationManifest:
    """What a generation was made from; asking reads it, so that building and asking cannot disagree."""

    format: int
    version: str
    sequence: int
    recipe: str  # canonical JSON: embedder, weights, split rule, tokeniser
    documents: int
    passages: int
    files: Mapping[str, str]  # name → sha256
    policy: str  # canonical JSON of what decides when to answer; "" when none was calibrated

    @property
    def content(self) -> str:
        """The part of the version that names documents and recipe; equal under every policy."""
        return self.version.partition("-")[0]


@dataclass(frozen=True, slots=True, eq=False)
class Generation:
    """A verified generation."""

    folder: Path
    manifest: GenerationManifest
    content: Content
    written: bool = True  # it stands in the folder; else in memory, or as another generation and what changed since
    changed: int = 0  # how many passages came and went since what stands on the disk
    deleted: bool = False  # whether words of documents that are gone stand there still
    gone: frozenset[str] = frozenset()  # documents of it that the store no longer holds: as if they did not exist
    problem: str = ""  # what keeps it from being all that the store holds, on the disk

    @property
    def is_damaged(self) -> bool:
        """Whether a piece of it was read and is not what was written."""
        return any(place.damaged for pieces in self.content.pieces.values() for place in pieces.sources)

    def array(self, name: str) -> NDArray[Any]:
        """Read-only."""
        return self.content.arrays[name]


def version_of(recipe: str, hashes: Iterable[tuple[str, str]], policy: str = "", engine: str = "") -> str:
    """16 hex digits over the recipe and every document's id and hash; a policy adds a dash and 8 over itself.

    `hashes` are by ascending id, and few are held. `engine` is what is searched, where that is not this process's
    memory: its nearest vectors may be other ones. The digits are those of all this as one list in JSON.
    """
    digest, rest, between = hashlib.sha256(f"[{FORMAT}, {json.dumps(recipe)}, [".encode()), iter(hashes), ""
    while some := [*islice(rest, _TOGETHER)]:
        text = '"], ["'.join(map('", "'.join, some))
        plain = text.isascii() and text.isprintable() and "\\" not in text and text.count('"') == 4 * len(some) - 2
        written = f'["{text}"]' if plain else json.dumps(some)[1:-1]  # which takes twice as long
        digest.update(f"{between}{written}".encode())
        between = ", "
    digest.update(f"]{', ' + json.dumps(engine) if engine else ''}]".encode())
    content = digest.hexdigest()[:16]
    return f"{content}-{hashlib.sha256(policy.encode()).hexdigest()[:8]}" if policy else content


def publish(data: Path, content: Content, manifest: GenerationManifest) -> Generation:
    """Write, sync and rename into place, then point CURRENT at it, and drop all others: who reads them has them open.

    A crash leaves the old generation standing. Raises OSError, and then leaves nothing of itself on a disk that may be
    full, and IndexDamaged where pieces cannot be read.
    """
    root = data / "generations"
    root.mkdir(parents=True, exist_ok=True)
    with _alone(root):
        try:
            made = load(data, manifest.version)  # another process was faster
        except IndexDamaged:
            place = root / manifest.version
            made = Generation(place, _written(root, content, manifest), Content(content.arrays, {}))
            for name, pieces in content.pieces.items():
                made.content.pieces[name] = Pieces.at(OpenFile(place / f"{name}.bin"), pieces.sizes, pieces.digests)
        _point_to(root, manifest.version)
    return made


def unwritten(data: Path, error: OSError) -> str:
    """Why a generation is kept in memory, for a person."""
    return (
        f"the search index cannot be written in '{data}' ({error.strerror}), so it is kept in memory and made again by "
        "whoever opens it; see to free space and to the right to write there"
    )


def _written(root: Path, content: Content, manifest: GenerationManifest) -> GenerationManifest:
    """The manifest with the hashes of the files that now stand in the version's folder."""
    fresh, place = root / _FRESH, root / manifest.version
    try:
        fresh.mkdir()
        written = replace(manifest, files=_write_files(fresh, content))
        _write(fresh / _MANIFEST, _sealed(written))
        sync_folder(fresh)
        shutil.rmtree(place, ignore_errors=True)
        fresh.rename(place)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    sync_folder(root)
    return written


def _write_files(folder: Path, content: Content) -> dict[str, str]:
    """Name → sha256."""
    arrays, files = content.arrays | _pieces_arrays(content), {}
    for name in sorted([*(f"{one}.npy" for one in arrays), *(f"{one}.bin" for one in content.pieces)]):
        path = folder / name
        with path.open("w+b") as file:
            if path.suffix == ".npy":
                np.save(file, arrays[path.stem], allow_pickle=False)
            else:
                file.writelines(content.pieces[path.stem])
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            files[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return files


def _pieces_arrays(content: Content) -> dict[str, NDArray[Any]]:
    """What says where pieces stand in their file, and what they are."""
    sizes = {f"{name}_sizes": pieces.sizes for name, pieces in content.pieces.items()}
    return sizes | {f"{name}_digests": pieces.digests for name, pieces in content.pieces.items()}


def pointed(data: Path, generation: Generation) -> Generation:
    """Makes it the current one, and the only one, if that can be written: the store says which is wanted anyway."""
    with suppress(OSError):
        root, version = data / "generations", generation.manifest.version
        if published(data) != version or _others(root, version):
            with _alone(root):
                _point_to(root, version)
    return generation


def _point_to(root: Path, version: str) -> None:
    fresh = root / ".CURRENT.new"
    _write(fresh, version)
    fresh.rename(root / _CURRENT)
    sync_folder(root)
    for other in _others(root, version):
        shutil.rmtree(other, ignore_errors=True)


def _others(root: Path, version: str) -> list[Path]:
    return [path for path in root.iterdir() if path.is_dir() and path.name != version and path.name[0] != "."]


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """One process at a time publishes; what an interrupted one left behind goes. The lock ends with its process."""
    with (root / _LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for leftover in root.glob(".*.*"):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        yield


def published(data: Path) -> str | None:
    """Version of the current generation; None where there was never one."""
    with suppress(OSError):
        return (data / "generations" / _CURRENT).read_text(encoding="ascii", errors="replace").strip()
    return None


def current(data: Path) -> str:
    """Version of the current generation. Raises IndexMissing."""
    version = published(data)
    if version is None:
        raise IndexMissing(f"no search index in '{data}'; build one with: quotewell index PATH --data {data}")
    return version


@contextmanager
def at_work(data: Path, *, alone: bool = False) -> Iterator[None]:
    """While documents are written and not yet published; several may be at it, or one alone, once they are done.

    Ends with its process at the latest. Before anybody is told that it is done, the store has a new time: who answers
    from it looks there first.
    """
    folder = os.open(data, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
    finally:
        os.close(folder)
        now = time_ns()  # the system's own stamps are too coarse for two writes in one tick
        with suppress(OSError):  # of a file of another owner: seen at the next look all the same
            os.utime(data / FILE_NAME, ns=(now, now))


def is_at_work(data: Path) -> bool:
    """Whether somebody will publish soon."""
    folder = os.open(data, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(folder)
    return False


def load(data: Path, version: str) -> Generation:
    """The generation, every file read and checked against its hash. Raises IndexDamaged naming the first bad file."""
    folder = data / "generations" / version
    try:
        written = (folder / _MANIFEST).read_bytes()
        fields = json.loads(written)
        fields.pop("sha256", None)
        made = fields["format"]
        manifest = GenerationManifest(**fields) if made == FORMAT else None
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise IndexDamaged(f"{folder / _MANIFEST} cannot be read: {error}; mend it with: quotewell verify") from error
    if manifest is None:
        raise IndexDamaged(
            f"{folder / _MANIFEST} is of format {made}, this Quotewell reads format {FORMAT}; "
            "make it again with: quotewell verify"
        )
    if _sealed(manifest).encode() != written:
        raise IndexDamaged(f"{folder / _MANIFEST} does not match its hash; mend it with: quotewell verify")
    if manifest.version != version:
        raise IndexDamaged(f"{folder} holds version {manifest.version}; mend it with: quotewell verify")
    arrays: dict[str, NDArray[Any]] = {}
    files: dict[str, OpenFile] = {}
    for name, wanted in manifest.files.items():
        kind = Path(name).suffix
        file, whole = _checked(folder / name, wanted, keep=kind == ".npy")
        if kind == ".npy":
            arrays[Path(name).stem] = _parsed(whole)
        else:
            files[Path(name).stem] = file
    pieces = {
        name: Pieces.at(file, arrays.pop(f"{name}_sizes"), arrays.pop(f"{name}_digests"))
        for name, file in files.items()
    }
    return Generation(folder, manifest, Content(arrays, pieces))


def _checked(path: Path, wanted: str, *, keep: bool) -> tuple[OpenFile, NDArray[np.uint8]]:
    """The file, and its bytes if they are to be kept. Raises IndexDamaged."""
    try:
        digest, file = hashlib.sha256(), OpenFile(path)
        whole, at = np.empty(path.stat().st_size if keep else READ, np.uint8), 0  # read where it stays, or again there
    except OSError as error:
        raise IndexDamaged(f"{path} cannot be read: {error.strerror}; mend it with: quotewell verify") from error
    while count := file.read_into(part := whole.data[at if keep else 0 :][:READ], at):
        digest.update(part[:count])
        at += count
    if digest.hexdigest() != wanted:
        raise IndexDamaged(f"{path} does not match its hash; mend it with: quotewell verify")
    return file, whole


def _parsed(whole: NDArray[np.uint8]) -> NDArray[Any]:
    """These very bytes as an array, read-only; they were checked."""
    file = io.BytesIO(whole.data[:_MOST_HEADER])
    np.lib.format.read_magic(file)
    shape, fortran, kind = np.lib.format.read_array_header_1_0(file)
    flat = np.frombuffer(whole, kind, offset=file.tell())
    flat.flags.writeable = False
    return flat.reshape(shape, order="F" if fortran else "C")


def put_aside(data: Path, version: str) -> None:
    """Keep the latest damaged generation for whoever wants to look, out of the way of the one made anew."""
    folder = data / "generations" / version
    aside = data / "generations" / _ASIDE
    if folder.is_dir():
        with _alone(folder.parent):
            shutil.rmtree(aside, ignore_errors=True)
            folder.rename(aside)


def _sealed(manifest: GenerationManifest) -> str:
    """The manifest as JSON, with a hash over itself."""
    fields = {name: getattr(manifest, name) for name in GenerationManifest.__dataclass_fields__}
    digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
    return json.dumps(fields | {"sha256": digest}, indent=1, sort_keys=True)


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
