"""The search index on disk: an immutable folder made from the store, published whole or not at all.

A cache: a damaged or missing one is put aside and made again from the store. Hash first, parse second; no pickle.
Its name is a hash of what it holds, so the same documents, recipe and policy give the same version anywhere.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.embedding.vectors import Encoding
from index.errors import IndexDamaged, IndexMissing

FORMAT = 6  # raised when arrays or manifest change their shape
KEPT = 2  # generations left on disk: the current one, and the one that a running server may still read

_CURRENT = "CURRENT"
_MANIFEST = "manifest.json"
_FRESH = ".generation.new"
_ASIDE = ".damaged"
_LOCK = ".lock"

Arrays = dict[str, NDArray[Any]]


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


@dataclass(frozen=True, slots=True)
class Generation:
    """A verified generation; arrays stay on disk and are mapped, or in memory where they could not be written."""

    folder: Path
    manifest: GenerationManifest
    held: Arrays | None = None  # in memory: what should stand in the folder
    gone: frozenset[str] = frozenset()  # documents of it that the store no longer holds: as if they did not exist
    problem: str = ""  # what keeps it from being all that the store holds, on the disk

    def array(self, name: str) -> NDArray[Any]:
        """Read-only, mapped; safe because files of a generation never change. Raises IndexDamaged if it is gone."""
        if self.held is not None:
            return self.held[name]
        path = self.folder / f"{name}.npy"
        try:
            loaded: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        except OSError as error:
            raise IndexDamaged(f"{path} cannot be read: {error.strerror}; mend it with: quotewell verify") from error
        return loaded

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        names = [name[: -len(".npy")] for name in self.manifest.files if name.startswith(prefix)]
        return {name.removeprefix(prefix): self.array(name) for name in names}


def version_of(recipe: str, hashes: Mapping[str, str], policy: str = "") -> str:
    """16 hex digits over the recipe and every document's id and hash; a policy adds a dash and 8 over itself."""
    whole = json.dumps([FORMAT, recipe, sorted(hashes.items())], ensure_ascii=True)
    content = hashlib.sha256(whole.encode()).hexdigest()[:16]
    return f"{content}-{hashlib.sha256(policy.encode()).hexdigest()[:8]}" if policy else content


def publish(
    data: Path, arrays: Arrays, version: str, sequence: int, recipe: str, documents: int, policy: str = ""
) -> Generation:
    """Write, sync and rename into place, then point CURRENT at it. A crash leaves the old generation standing.

    Raises OSError, and then leaves nothing of itself on a disk that may be full.
    """
    root = data / "generations"
    root.mkdir(parents=True, exist_ok=True)
    with _alone(root):
        try:
            made = load(data, version)  # another process was faster
        except IndexDamaged:
            passages = len(arrays["vectors"])
            manifest = GenerationManifest(FORMAT, version, sequence, recipe, documents, passages, {}, policy)
            made = Generation(root / version, _written(root, arrays, manifest))
        _point_to(root, version)
    return made


def in_memory(
    data: Path, arrays: Arrays, version: str, sequence: int, recipe: str, documents: int, policy: str = ""
) -> Generation:
    """What `publish` makes of the same values, where nothing can be written; its files have no hashes."""
    files = dict.fromkeys((f"{name}.npy" for name in sorted(arrays)), "")
    manifest = GenerationManifest(FORMAT, version, sequence, recipe, documents, len(arrays["vectors"]), files, policy)
    for values in arrays.values():
        values.flags.writeable = False
    return Generation(data / "generations" / version, manifest, arrays)


def _written(root: Path, arrays: Arrays, manifest: GenerationManifest) -> GenerationManifest:
    """The manifest with the hashes of the files that now stand in the version's folder."""
    fresh, place = root / _FRESH, root / manifest.version
    try:
        written = replace(manifest, files=_write_arrays(fresh, arrays))
        _write(fresh / _MANIFEST, _sealed(written))
        _sync(fresh)
        shutil.rmtree(place, ignore_errors=True)
        fresh.rename(place)
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    _sync(root)
    return written


def _write_arrays(folder: Path, arrays: Arrays) -> dict[str, str]:
    """File name → sha256."""
    folder.mkdir()
    files = {}
    for name, values in sorted(arrays.items()):
        path = folder / f"{name}.npy"
        with path.open("wb") as file:
            np.save(file, values, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        files[path.name] = _sha256(path)
    return files


def point_to(data: Path, version: str) -> None:
    """Make a published generation the current one, and drop all but the newest few."""
    with _alone(data / "generations"):
        _point_to(data / "generations", version)


def pointed(data: Path, generation: Generation) -> Generation:
    """Makes it the current one, if it is not and if that can be written: the store says which is wanted anyway."""
    with suppress(OSError):
        try:
            standing = current(data) == generation.manifest.version
        except IndexMissing:
            standing = False
        if not standing:
            point_to(data, generation.manifest.version)
    return generation


def _point_to(root: Path, version: str) -> None:
    fresh = root / ".CURRENT.new"
    _write(fresh, version)
    fresh.rename(root / _CURRENT)
    _sync(root)
    others = [p for p in root.iterdir() if p.is_dir() and p.name != version and not p.name.startswith(".")]
    for folder in sorted(others, key=lambda p: p.stat().st_mtime, reverse=True)[KEPT - 1 :]:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """One process at a time publishes; what an interrupted one left behind goes. The lock ends with its process."""
    with (root / _LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for leftover in root.glob(".*.*"):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        yield


def current(data: Path) -> str:
    """Version of the current generation. Raises IndexMissing."""
    try:
        return (data / "generations" / _CURRENT).read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        raise IndexMissing(
            f"no search index in '{data}'; build one with: quotewell index PATH --data {data}"
        ) from error


@contextmanager
def at_work(data: Path) -> Iterator[None]:
    """While documents are written and not yet published; several may be at it. Ends with its process at the latest."""
    folder = os.open(data, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_SH)
        yield
    finally:
        os.close(folder)


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
    """The generation, every file checked against its hash. Raises IndexDamaged naming the first bad file."""
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
    for name, wanted in manifest.files.items():
        if _sha256(folder / name) != wanted:
            raise IndexDamaged(f"{folder / name} does not match its hash; mend it with: quotewell verify")
    return Generation(folder, manifest)


def put_aside(data: Path, version: str) -> None:
    """Keep the latest damaged generation for whoever wants to look, out of the way of the one made anew."""
    folder = data / "generations" / version
    aside = data / "generations" / _ASIDE
    if folder.is_dir():
        with _alone(folder.parent):
            shutil.rmtree(aside, ignore_errors=True)
            folder.rename(aside)


def arrays_of(encodings: Sequence[Encoding], dim: int) -> Arrays:
    """Vectors and token vectors of all passages, row by row; tokens of row r are starts[r]:starts[r + 1]."""
    starts = np.cumsum([0, *(len(e.tokens) for e in encodings)], dtype=np.int64)
    token_dim = encodings[0].tokens.shape[1] if encodings else dim
    return {
        "vectors": np.array([e.vector for e in encodings], np.float32).reshape(len(encodings), dim),
        "token_starts": starts,
        "token_vectors": np.concatenate([np.zeros((0, token_dim), np.int8), *(e.tokens for e in encodings)]),
        "token_scales": np.concatenate([np.zeros(0, np.float32), *(e.scales for e in encodings)]),
        "token_offsets": np.concatenate([np.zeros((0, 2), np.int32), *(e.offsets for e in encodings)]),
    }


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


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise IndexDamaged(f"{path} cannot be read: {error.strerror}; mend it with: quotewell verify") from error
