"""Byte strings by number, each checked against its hash whenever it is read: what is too much to be kept in memory.

Nothing is mapped. What is damaged, cut off or exchanged on the disk while it is used is noticed when it is read, and
neither answers nor ends the process; a file that is deleted can be read to the end by whoever has it open.
"""

import os
import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import IndexDamaged

DIGEST = 8  # bytes a piece: enough to notice any damage, not to keep out who can write the hashes as well

Arrays = dict[str, NDArray[Any]]
Rows = NDArray[np.int64]


class Carrier(Protocol):
    """Where pieces stand; `damaged` once one was not what it should be."""

    damaged: bool

    def read(self, start: int, size: int) -> bytes: ...


@dataclass(slots=True)
class _Memory:
    """Bytes at hand."""

    whole: bytearray
    damaged: bool = False

    def read(self, start: int, size: int) -> bytes:
        return bytes(memoryview(self.whole)[start : start + size])


class OpenFile:
    """Open as long as somebody holds it."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self.path = path
        self.damaged = False
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe in its place gives an error
        self._descriptor = os.open(path, flags)
        weakref.finalize(self, os.close, self._descriptor)

    def read(self, start: int, size: int) -> bytes:
        """Raises IndexDamaged where the device does not give it."""
        try:
            return os.pread(self._descriptor, size, start)
        except OSError as error:
            self.damaged = True
            raise IndexDamaged(
                f"{self.path} cannot be read: {error.strerror}; mend it with: quotewell verify"
            ) from error

    def blocks(self) -> Iterator[bytes]:
        """All of it."""
        at = 0
        while block := self.read(at, 1 << 20):
            yield block
            at += len(block)


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Immutable; threads may share it."""

    sources: tuple[Carrier, ...]
    source: NDArray[np.int32]  # (pieces,) of `sources`
    starts: Rows  # (pieces,) where it begins there
    sizes: Rows  # (pieces,) bytes
    digests: NDArray[np.uint8]  # (pieces, DIGEST)

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, number: int) -> bytes:
        """Raises IndexDamaged."""
        place: Carrier = self.sources[int(self.source[number])]
        found = place.read(int(self.starts[number]), int(self.sizes[number]))
        if _digest(found) != self.digests[number].tobytes():
            place.damaged = True
            name = place.path if isinstance(place, OpenFile) else "the index in memory"
            raise IndexDamaged(f"{name} is damaged: a piece does not match its hash; mend it with: quotewell verify")
        return found

    def __iter__(self) -> Iterator[bytes]:
        return (self[number] for number in range(len(self)))

    @classmethod
    def of(cls, pieces: Iterable[bytes]) -> "Pieces":
        """In memory, where each is written behind the others as it comes."""
        whole, sizes, digests = bytearray(), [], []
        for one in pieces:
            whole += one
            sizes.append(len(one))
            digests.append(_digest(one))
        return cls.at(_Memory(whole), sizes, np.frombuffer(b"".join(digests), np.uint8).reshape(-1, DIGEST))

    @classmethod
    def at(cls, place: Carrier, sizes: Iterable[int] | Rows, digests: NDArray[np.uint8]) -> "Pieces":
        """One behind the other."""
        lengths = np.array(sizes, np.int64)
        starts = np.cumsum(lengths) - lengths
        return cls((place,), np.broadcast_to(np.int32(0), len(lengths)), starts, lengths, digests)

    def beside(self, others: "Pieces", order: Rows) -> "Pieces":
        """Those of `order`, which counts these first and the others behind them."""
        return Pieces(
            (*self.sources, *others.sources),
            np.concatenate([self.source, others.source + np.int32(len(self.sources))])[order],
            np.concatenate([self.starts, others.starts])[order],
            np.concatenate([self.sizes, others.sizes])[order],
            np.concatenate([self.digests, others.digests])[order],
        )


class Content(NamedTuple):
    """What an index is made of: what is kept in memory, and what is read when it is asked for."""

    arrays: Arrays
    pieces: dict[str, Pieces]

    @property
    def passages(self) -> int:
        """How many there are."""
        return len(self.pieces["passages"])

    def part(self, prefix: str) -> Mapping[str, NDArray[Any]]:
        return {name.removeprefix(prefix): values for name, values in self.arrays.items() if name.startswith(prefix)}

    def and_(self, more: "Content") -> "Content":
        return Content(self.arrays | more.arrays, self.pieces | more.pieces)


def _digest(piece: bytes) -> bytes:
    return blake2b(piece, digest_size=DIGEST).digest()
