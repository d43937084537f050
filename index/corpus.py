"""All documents of an index under one hash, the root of a Merkle tree in which every document has its proof."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.errors import NotFound
from index.records import Document
from index.tree import Proof, Tree, document_leaf


class Entry(NamedTuple):
    """A document and the revision of it that is searched; `sha256` in hex, over the clean text's UTF-8 bytes."""

    document_id: str
    sha256: str
    characters: int


class Corpus:
    """Immutable; the tree is built when it is first asked for. Documents stand in the order of their ids."""

    def __init__(self, ids: Sequence[str], digests: NDArray[np.uint8], characters: NDArray[np.int64]) -> None:
        """Ids ascending; digests (documents, 32); characters (documents,), code points of each text."""
        self._ids = ids
        self._digests = digests
        self._characters = characters

    @classmethod
    def of(cls, documents: Iterable[Document]) -> "Corpus":
        """Of documents in the order of their ids; reads each once."""
        facts = [(one.id, revision(one.text), len(one.text)) for one in documents]
        characters = np.array([count for *_, count in facts], np.int64)
        return cls([name for name, *_ in facts], digest_rows(digest for _, digest, _ in facts), characters)

    @property
    def documents(self) -> int:
        return len(self._ids)

    @property
    def root(self) -> str:
        """In hex."""
        return self._tree.root.hex()

    def entries(self) -> Iterator[Entry]:
        for row, (name, characters) in enumerate(zip(self._ids, self._characters.tolist(), strict=True)):
            yield Entry(name, self._digests[row].tobytes().hex(), characters)

    def proof(self, document_id: str) -> Proof:
        """That the revision which is searched belongs to the corpus. Raises NotFound."""
        row = self._rows.get(document_id)
        if row is None:
            raise NotFound(f"no document '{document_id}' in the index; list them with: quotewell documents")
        return self._tree.proof(row)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self._ids)}

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
