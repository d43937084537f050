"""The search index on disk: an immutable folder made from the store, published whole or not at all.

A cache: a damaged or missing one is put aside and made again from the store. Hash first, parse second; no pickle.
Its name is a hash of what it holds, so the same documents and recipe give the same version anywhere.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.encoding import Encoding
from index.errors import IndexDamaged, IndexMissing

FORMAT = 1
KEPT = 2  # generations left on disk: the current one, and the one that a running server may still read

_CURRENT = "CURRENT"
_MANIFEST = "manifest.json"

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation was made from; asking reads it, so that building and asking cannot disagree."""

    format: int
    version: str
    sequence: int
    recipe: str  # canonical JSON: embedder, weights, split rule, tokeniser
    documents: int
    passages: int
    files: Mapping[str, str]  # name → sha256


@dataclass(frozen=True, slots=True)
class Generation:
    """A verified generation; arrays stay on disk and are mapped."""

    folder: Path
    manifest: Manifest

    def array(self, name: str) -> NDArray[Any]:
        """Read-only, mapped; safe because files of a generation never change."""
        loaded: NDArray[Any] = np.load(self.folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        return loaded

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        names = [name[: -len(".npy")] for name in self.manifest.files if name.startswith(prefix)]
        return {name.removeprefix(prefix): self.array(name) for name in names}


def version_of(recipe: str, hashes: Mapping[str, str]) -> str:
    """16 hex digits over the recipe and every document's id and hash."""
    whole = json.dumps([FORMAT, recipe, sorted(hashes.items())], ensure_ascii=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def publish(data: Path, arrays: Arrays, version: str, sequence: int, recipe: str, documents: int) -> Manifest:
    """Write, sync and rename into place, then point CURRENT at it. A crash leaves the old generation standing."""
    root = data / "generations"
    root.mkdir(parents=True, exist_ok=True)
    final = root / version
    fresh = root / f".{version}.{os.getpid()}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    files = {}
    for name, values in sorted(arrays.items()):
        path = fresh / f"{name}.npy"
        with path.open("wb") as file:
            np.save(file, values, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        files[path.name] = _sha256(path)
    passages = len(arrays["vectors"])
    manifest = Manifest(FORMAT, version, sequence, recipe, documents, passages, files)
    _write(fresh / _MANIFEST, json.dumps(_fields(manifest), indent=1, sort_keys=True))
    _sync(fresh)
    shutil.rmtree(final, ignore_errors=True)  # only a damaged or half-written one can stand there
    fresh.rename(final)
    _sync(root)
    point_to(data, version)
    return manifest


def point_to(data: Path, version: str) -> None:
    """Make a published generation the current one, and drop all but the newest few."""
    root = data / "generations"
    fresh = root / f".{_CURRENT}.{os.getpid()}"
    _write(fresh, version)
    fresh.rename(root / _CURRENT)
    _sync(root)
    others = [p for p in root.iterdir() if p.is_dir() and p.name != version]
    for folder in sorted(others, key=lambda p: p.stat().st_mtime, reverse=True)[KEPT - 1 :]:
        shutil.rmtree(folder, ignore_errors=True)


def current(data: Path) -> str:
    """Version of the current generation. Raises IndexMissing."""
    try:
        return (data / "generations" / _CURRENT).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise IndexMissing(
            f"no search index in '{data}'; build one with: quotewell index PATH --data {data}"
        ) from error


def load(data: Path, version: str) -> Generation:
    """The generation, every file checked against its hash. Raises IndexDamaged naming the first bad file."""
    folder = data / "generations" / version
    try:
        fields = json.loads((folder / _MANIFEST).read_bytes())
        manifest = Manifest(**fields)
    except (OSError, ValueError, TypeError) as error:
        raise IndexDamaged(f"{folder / _MANIFEST} cannot be read: {error}") from error
    if manifest.format != FORMAT or manifest.version != version:
        raise IndexDamaged(f"{folder} is of format {manifest.format}, version {manifest.version}")
    for name, wanted in manifest.files.items():
        if _sha256(folder / name) != wanted:
            raise IndexDamaged(f"{folder / name} does not match its hash")
    return Generation(folder, manifest)


def put_aside(data: Path, version: str) -> None:
    """Keep the latest damaged generation for whoever wants to look, out of the way of the one made anew."""
    folder = data / "generations" / version
    aside = data / "generations" / ".damaged"
    shutil.rmtree(aside, ignore_errors=True)
    if folder.exists():
        folder.rename(aside)


def arrays_of(encodings: Sequence[Encoding], dim: int) -> Arrays:
    """Vectors and token vectors of all passages, row by row; tokens of row r are starts[r]:starts[r + 1]."""
    starts = np.cumsum([0, *(len(e.tokens) for e in encodings)], dtype=np.int64)
    return {
        "vectors": np.array([e.vector for e in encodings], np.float32).reshape(len(encodings), dim),
        "token_starts": starts,
        "token_vectors": np.concatenate([np.zeros((0, dim), np.int8), *(e.tokens for e in encodings)]),
        "token_scales": np.concatenate([np.zeros(0, np.float32), *(e.scales for e in encodings)]),
        "token_offsets": np.concatenate([np.zeros((0, 2), np.int32), *(e.offsets for e in encodings)]),
    }


def _fields(manifest: Manifest) -> dict[str, object]:
    return {name: getattr(manifest, name) for name in Manifest.__dataclass_fields__}


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
        raise IndexDamaged(f"{path} cannot be read: {error.strerror}") from error
