"""The Merkle tree of RFC 6962 (section 2.1) over a list of leaves: one hash for all, and short proofs of one.

The number of leaves is not part of the root; whoever checks a proof must know it from where the root came.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.errors import NotFound
from index.records import Document

_LEAF, _NODE = b"\x00", b"\x01"
_HASH = 32  # bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """Where a leaf stands (0-based) among how many, and the audit path: what it is hashed with on the way up."""

    index: int
    size: int
    path: tuple[bytes, ...]


class Tree:
    """All levels of hashes, the leaves' first; 64 bytes a leaf."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        level = b"".join(map(leaf_hash, leaves))
        self._levels = [level]
        while len(level) > _HASH:
            pairs = range(_HASH, len(level), 2 * _HASH)  # where the second of each begins
            hashed = (node_hash(level[at - _HASH : at], level[at : at + _HASH]) for at in pairs)
            level = b"".join(hashed) + level[2 * _HASH * len(pairs) :]  # one without a neighbour rises as it is
            self._levels.append(level)

    @property
    def size(self) -> int:
        return len(self._levels[0]) // _HASH

    @property
    def root(self) -> bytes:
        """32 bytes; of no leaves, the hash of nothing."""
        return self._levels[-1] or hashlib.sha256().digest()

    def proof(self, index: int) -> Proof:
        """Raises IndexError for a leaf that is not there."""
        if not 0 <= index < self.size:
            raise IndexError(f"leaf {index} of a tree of {self.size}")
        neighbours = ((level, _HASH * ((index >> height) ^ 1)) for height, level in enumerate(self._levels))
        return Proof(index, self.size, tuple(level[at : at + _HASH] for level, at in neighbours if at < len(level)))


def document_leaf(document_id: str, sha256: bytes) -> bytes:
    """The leaf of a document: its id and the 32 bytes that name its revision. No id holds a NUL."""
    return document_id.encode() + b"\0" + sha256


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(_LEAF + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()


def root_from(leaf: bytes, proof: Proof) -> bytes | None:
    """The root to which the proof leads, None if it leads nowhere (RFC 9162, section 2.1.3.2).

    A leaf belongs to the tree if this is the tree's root and `proof.size` the tree's size.
    """
    if not 0 <= proof.index < proof.size:
        return None
    at, last, found = proof.index, proof.size - 1, leaf_hash(leaf)
    for other in proof.path:
        if last == 0:
            return None
        if at & 1 or at == last:
            found = node_hash(other, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, other)
        at, last = at >> 1, last >> 1
    return found if last == 0 else None


# All documents of an index under one hash, the root of a Merkle tree in which every document has its proof.


class CorpusEntry(NamedTuple):
    """A document and the revision of it that is searched; `sha256` in hex, over the clean text's UTF-8 bytes."""

    document_id: str
    sha256: str
    characters: int


class CorpusTree:
    """Immutable; the tree is built when it is first asked for. Documents stand in the order of their ids."""

    def __init__(self, ids: Mapping[str, int], digests: NDArray[np.uint8], characters: NDArray[np.int64]) -> None:
        """Ids ascending, each with its row; digests (documents, 32); characters (documents,), code points of a text."""
        self._ids = ids
        self._digests = digests
        self._characters = characters

    @classmethod
    def of(cls, documents: Iterable[Document]) -> "CorpusTree":
        """Of documents in the order of their ids; reads each once."""
        facts = [(one.id, revision(one.text), len(one.text)) for one in documents]
        characters = np.array([count for *_, count in facts], np.int64)
        ids = {name: row for row, (name, *_) in enumerate(facts)}
        return cls(ids, digest_rows(digest for _, digest, _ in facts), characters)

    @property
    def documents(self) -> int:
        return len(self._ids)

    @property
    def root(self) -> str:
        """In hex."""
        return self._tree.root.hex()

    def entries(self) -> Iterator[CorpusEntry]:
        for row, (name, characters) in enumerate(zip(self._ids, self._characters.tolist(), strict=True)):
            yield CorpusEntry(name, self._digests[row].tobytes().hex(), characters)

    def proof(self, document_id: str) -> Proof:
        """That the revision which is searched belongs to the corpus. Raises NotFound."""
        row = self._ids.get(document_id)
        if row is None:
            raise NotFound(f"no document '{document_id}' in the index; list them with: quotewell documents")
        return self._tree.proof(row)

    @cached_property
    def _tree(self) -> Tree:
        whole = self._digests.tobytes()
        return Tree(document_leaf(name, whole[32 * row : 32 * row + 32]) for row, name in enumerate(self._ids))


def revision(text: str) -> bytes:
    """The 32 bytes that name a revision of a document: SHA-256 of its clean text in UTF-8."""
    return hashlib.sha256(text.encode()).digest()


def digest_rows(digests: Iterable[bytes]) -> NDArray[np.uint8]:
    """(digests, 32)."""
    return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)
