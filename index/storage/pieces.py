"""Byte strings by number, each checked against its hash whenever it is read: what is too much to be kept in memory.

Nothing is mapped. What is damaged, cut off or exchanged on the disk while it is used is noticed when it is read, and
neither answers nor ends the process; a file that is deleted can be read to the end by whoever has it open.
"""

import errno
import os
import weakref
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import chain
from operator import methodcaller
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, NamedTuple, Self
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from index.errors import IndexDamaged

DIGEST = 8  # bytes a piece: enough to notice any damage, not to keep out who can write the hashes as well
READ = 1 << 17  # bytes that are looked at together
_BLOCK = 1000  # lines that are made strings together

Arrays = dict[str, NDArray[Any]]
Rows = NDArray[np.int64]


class Packing:
    """Pieces in memory, each behind those that were added before; many of them in a file that has no name."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder`: where the file may be. Without one, and where it cannot be written, all stay in memory."""
        self.damaged = False
        self._folder = folder
        self._file: OpenFile | None = None
        self._whole, self._sizes, self._digests = bytearray(), array("q"), bytearray()

    def add(self, piece: bytes) -> None:
        self._whole += piece
        self._sizes.append(len(piece))
        self._digests += _digest(piece)
        if self._folder and len(self._whole) > READ:
            self._to_file(self._folder)

    def _to_file(self, folder: Path) -> None:
        try:
            if self._file is None:
                with TemporaryFile(dir=folder) as file:
                    self._file = OpenFile(folder, os.dup(file.fileno()))
            self._file.append(self._whole)
            self._whole = bytearray()
        except OSError:  # of a full disk, say
            before = b"".join(self._file.blocks()) if self._file else b""
            self._whole = bytearray(before)[: sum(self._sizes) - len(self._whole)] + self._whole
            self._folder, self._file = None, None

    def read(self, start: int, size: int) -> bytes:
        return bytes(memoryview(self._whole)[start : start + size])

    def pieces(self) -> "Pieces":
        """When all are added."""
        if self._folder and self._file:
            self._to_file(self._folder)
        return Pieces.at(self._file or self, self._sizes, np.frombuffer(self._digests, np.uint8).reshape(-1, DIGEST))


class OpenFile:
    """Open as long as somebody holds it."""

    def __init__(self, path: Path, descriptor: int | None = None) -> None:
        """`descriptor`: of one without a name that is open already, in the folder `path`. Raises OSError."""
        self.path = path
        self.damaged = False
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe in its place gives an error
        self._descriptor = os.open(path, flags) if descriptor is None else descriptor
        weakref.finalize(self, os.close, self._descriptor)

    def read(self, start: int, size: int) -> bytes:
        """Raises IndexDamaged where the device does not give it."""
        found = bytearray(size)
        return bytes(memoryview(found)[: self.read_into(memoryview(found), start)])

    def read_into(self, part: memoryview, start: int) -> int:
        """As much as there is and fits; how many bytes that is. Raises as `read`."""
        try:
            return os.preadv(self._descriptor, [part], start)
        except OSError as error:
            self.damaged = True
            raise IndexDamaged(
                f"{self.path} cannot be read: {error.strerror}; mend it with: quotewell verify"
            ) from error

    def append(self, more: bytearray) -> None:
        """Raises OSError, also where a part of it is written."""
        if os.write(self._descriptor, more) < len(more):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def blocks(self) -> Iterator[bytes]:
        """All of it."""
        at = 0
        while block := self.read(at, READ):
            yield block
            at += len(block)


Carrier = Packing | OpenFile  # where pieces stand; `damaged` once one was not what it should be


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
        """In memory."""
        packing = Packing()
        for one in pieces:
            packing.add(one)
        return packing.pieces()

    @classmethod
    def at(cls, place: Carrier, sizes: "array[int] | Rows", digests: NDArray[np.uint8]) -> "Pieces":
        """One behind the other."""
        lengths = np.asarray(sizes, np.int64)
        starts = np.cumsum(lengths) - lengths
        return cls((place,), np.broadcast_to(np.int32(0), len(lengths)), starts, lengths, digests)

    def beside(self, others: "Pieces", order: Rows) -> "Pieces":
        """Those of `order`, which counts these first and the others behind them; what holds none of them is let go."""
        sources = (*self.sources, *others.sources)
        source = np.concatenate([self.source, others.source + np.int32(len(self.sources))])[order]
        used = np.flatnonzero(np.bincount(source))
        numbers = np.zeros(len(sources), np.int32)
        numbers[used] = np.arange(len(used))
        return Pieces(
            tuple(sources[one] for one in used.tolist()),
            numbers[source],
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


_encoded = methodcaller("encode", "utf-8", "surrogatepass")  # as a line, and without the call of a function in Python


class Lines(Mapping[str, int]):
    """The lines of a text by number, each a string only while somebody looks at it, and the number of each by name.

    Their names, which are they themselves or made of them, mostly differ; of lines of one name it is the first.
    """

    def __init__(self, text: NDArray[np.uint8], count: int, name: Callable[[str], str] = str) -> None:
        """Raises IndexDamaged where it has not so many."""
        breaks = [np.flatnonzero(text[at : at + READ] == ord("\n")) + at + 1 for at in range(0, len(text), READ)]
        starts = np.concatenate([[0], *breaks, [len(text) + 1]] if count else [[0]])
        if len(starts) != count + 1:
            raise IndexDamaged(f"a text has not {count} lines; rebuild with: quotewell index PATH")
        self.text, self._starts, self._name = text, starts.astype(np.min_scalar_type(len(text) + 1)), name

    @classmethod
    def over(cls, text: NDArray[np.uint8], count: int, name: Callable[[str], str] = str) -> Self:
        """As made of these; where somebody holds those of this text, they, with all that was found of them."""
        held = _HELD.get(id(text))
        if not isinstance(held, cls) or len(held) != count:
            held = _HELD[id(text)] = cls(text, count, name)
        return held

    @classmethod
    def of(cls, lines: Iterable[str]) -> "Lines":
        """None of them has a line break."""
        every = [*lines]
        return cls(np.frombuffer("\n".join(every).encode("utf-8", "surrogatepass"), np.uint8), len(every))

    def line(self, number: int, behind: int = 0) -> str:
        """With all that stand between it and the one behind."""
        start, end = self._starts.item(number), self._starts.item(behind or number + 1) - 1
        return str(self.text.data[start:end], "utf-8", "surrogatepass")

    def name(self, number: int) -> str:
        return self._name(self.line(number))

    def at(self, place: int) -> int:
        """The number of the line in which the byte at this place of the text stands."""
        return int(self._starts.searchsorted(place, side="right")) - 1

    def beside(self, others: "Lines", order: Rows) -> NDArray[np.uint8]:
        """The text of those of `order`, which counts these first and the others behind them."""
        parts = [np.append(one.text, np.uint8(ord("\n"))) for one in (self, others) if len(one)]
        starts = np.concatenate([self._starts.astype(np.int64), others._starts[1:] + self._starts[-1].astype(np.int64)])
        whole = np.concatenate(parts or [self.text])
        return taken([whole], starts, order)[0][:-1]

    def blocks(self) -> Iterator[list[str]]:
        """All lines, some at a time."""
        for first in range(0, len(self), _BLOCK):
            yield self.line(first, min(first + _BLOCK, len(self))).split("\n")

    def __iter__(self) -> Iterator[str]:
        return map(self._name, chain.from_iterable(self.blocks()))

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, name: str) -> int:
        for number in self.named(name):
            return number
        raise KeyError(name)

    def named(self, name: str) -> list[int]:
        """The numbers of all lines of that name, ascending."""
        crc, (hashes, order) = crc32(_encoded(name)), self._hashed
        found = order[bisect_left(hashes.data, crc) : bisect_right(hashes.data, crc)].tolist()
        return [number for number in found if self.name(number) == name]

    @cached_property
    def _hashed(self) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """Ascending, and the number of the line of each: eight bytes a line, and no object."""
        hashes = np.fromiter(map(crc32, map(_encoded, self)), np.uint32, len(self))
        order = np.argsort(hashes, kind="stable").astype(np.uint32)
        return hashes[order], order


class Ascending(Lines):
    """Lines by ascending names, each of them once, which are found by halves and need no table."""

    def place(self, name: str) -> int:
        """The number of the first that is not below the name."""
        return bisect_left(range(len(self)), name, key=self.name)

    def named(self, name: str) -> list[int]:
        at = self.place(name)
        return [at] if at < len(self) and self.name(at) == name else []


_HELD: "weakref.WeakValueDictionary[int, Lines]" = weakref.WeakValueDictionary()  # by their texts, which they hold


class Chosen(Sequence[str]):
    """The names of some lines, in order; equal to any sequence of the same."""

    def __init__(self, lines: Lines, numbers: Rows) -> None:
        self._lines, self._numbers = lines, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return tuple(map(self._lines.name, self._numbers[at].tolist()))
        return self._lines.name(int(self._numbers[at]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and [*self] == [*other]


Columns = Sequence[NDArray[Any]]


def placed(
    indptr: Rows, columns: Columns, becomes: NDArray[np.int32], groups: Rows, more: Columns
) -> tuple[Rows, list[NDArray[Any]]]:
    """Columns in groups of ascending rows, which are the first column: each row as what it becomes or, with -1, left
    out, and `more` put between them, each in its group and, in that, at its row. Groups may be new ones.
    """
    rows = becomes[columns[0]]
    kept = rows >= 0
    own = [column[kept] for column in (rows, *columns[1:])]
    begins = indptr - np.flatnonzero(~kept).searchsorted(indptr)
    begins = np.append(begins, np.full(max(int(groups.max(initial=-1)) + 2 - len(begins), 0), begins[-1]))
    order = np.lexsort((more[0], groups))
    groups = groups[order]
    at, ends = begins[groups], begins[groups + 1]
    wanted = more[0][order]
    while (open_ := np.flatnonzero(at < ends)).size:  # by halves, all at once
        middle = (at[open_] + ends[open_]) // 2
        below = own[0][middle] < wanted[open_]
        at[open_[below]], ends[open_[~below]] = middle[below] + 1, middle[~below]
    made = [
        np.insert(one.astype(np.result_type(one, new), copy=False), at, new[order])
        for one, new in zip(own, more, strict=True)
    ]
    return begins + groups.searchsorted(np.arange(len(begins))), made


def taken(columns: Columns, indptr: Rows, order: Rows) -> list[NDArray[Any]]:
    """Of columns in groups, of which group n stands at indptr[n]:indptr[n + 1], these groups in this order.

    Groups that stay neighbours are copied together.
    """
    pieces = [(indptr[first], indptr[behind]) for first, behind in runs(order)]
    return [np.concatenate([one[:0], *(one[start:end] for start, end in pieces)]) for one in columns]


def runs(order: Rows) -> list[tuple[int, int]]:
    """Of numbers, those that follow each other: the first, and the one behind the last."""
    ends = np.flatnonzero(np.diff(order, append=-1) != 1)
    return [*zip(order[[0, *ends[:-1] + 1]].tolist(), (order[ends] + 1).tolist(), strict=True)] if len(order) else []
