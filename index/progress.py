"""What one run of a build has seen: progress while it runs, a report when it is done."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from index.embed import OnText
from index.errors import BadInput
from index.formats.document import Unread
from index.generation import Manifest
from index.records import Document


class Progress(NamedTuple):
    """How far a build is; `total` grows while files are read."""

    step: str  # reading, embedding, publishing
    done: int
    total: int


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did; the counts of passages and tokens are of the documents embedded in this run."""

    added: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: int
    deleted: tuple[str, ...]
    unread: tuple[Unread, ...]
    embedded_passages: int
    tokens: int
    documents: int
    passages: int
    version: str


class Run:
    """What one run of a build has seen so far."""

    def __init__(
        self,
        before: Mapping[str, str],
        items: Iterable[Document | Unread],
        on_progress: OnProgress,
        *,
        everything: bool,
    ) -> None:
        self.wanted: set[str] = set()  # ids of all documents that were read
        self.put: list[str] = []
        self._before = before
        self._items = items
        self._on_progress = on_progress
        self._everything = everything
        self._unread: list[Unread] = []
        self._tokens = 0
        self._done = 0
        self._total = 0

    def changed(self) -> Iterator[Document]:
        """The documents to be embedded; unreadable files are noted on the way."""
        for number, item in enumerate(self._items, start=1):
            self._on_progress(Progress("reading", number, number))
            if isinstance(item, Unread):
                self._unread.append(item)
                continue
            self.wanted.add(item.id)
            if self._everything or self._before.get(item.id) != item.sha256:
                yield item

    def gone(self) -> list[str]:
        """Documents that stand nowhere any more. Raises BadInput when that cannot be told, and nothing is deleted."""
        lost = [unread.path for unread in self._unread if unread.lost]
        if lost or not self.wanted:
            raise BadInput(
                f"nothing was pruned: {f'{lost[0]} could not be read' if lost else 'no article was read'}, so what is "
                "gone cannot be told; mend that, or delete one by one with: quotewell documents delete ID"
            )
        return [name for name in self._before if name not in self.wanted]

    def embedding(self, texts: int) -> OnText:
        """Counts a group of so many texts."""
        self._total += texts

        def on_text(tokens: int) -> None:
            self._done += 1
            self._tokens += tokens
            self._on_progress(Progress("embedding", self._done, self._total))

        return on_text

    def report(self, deleted: Sequence[str], manifest: Manifest) -> BuildReport:
        return BuildReport(
            added=tuple(name for name in self.put if name not in self._before),
            updated=tuple(name for name in self.put if name in self._before),
            unchanged=len(self.wanted - set(self.put)),
            deleted=tuple(deleted),
            unread=tuple(self._unread),
            embedded_passages=self._done,
            tokens=self._tokens,
            documents=manifest.documents,
            passages=manifest.passages,
            version=manifest.version,
        )
