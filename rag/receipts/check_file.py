"""An answer that was kept → is it true of the articles in a data folder? No server, no search index, no model."""

import json
from functools import lru_cache
from pathlib import Path

from index.errors import BadInput, NotFound
from index.records import Document
from index.storage.snapshot import Snapshot
from index.storage.store import Store
from rag.receipts import verify
from rag.receipts.changes import CitationChange, changes_of_answer
from rag.receipts.signing import PUBLIC_BYTES, bytes_of
from rag.receipts.untrusted import is_hash, shown
from rag.receipts.verify import Verdict

MAX_BYTES = 64_000_000


def check_answer(answer: object, data: Path, *, root: str | None = None, public_key: str | None = None) -> Verdict:
    """Of an answer's wire form, or of the file that holds it if this is a Path.

    Raises BadInput for a file that is no JSON, or a root or key that is none; IndexMissing; IndexDamaged.
    """
    pinned_root, pinned_key = _root(root), _key(public_key)
    whole = parsed(_bytes(answer), str(answer)) if isinstance(answer, Path) else answer
    with Store.open(data, readonly=True) as store, store.snapshot() as now:
        article_of = lru_cache(maxsize=16)(lambda document_id: _article(now, document_id))
        return verify(whole, now.revision, pinned_root=pinned_root, public_key=pinned_key, article_of=article_of)


def changes_since(answer: object, data: Path) -> list[CitationChange]:
    """What became of each citation since; none for what is no answer. Raises as check_answer does."""
    whole = parsed(_bytes(answer), str(answer)) if isinstance(answer, Path) else answer
    if not isinstance(whole, dict) or not isinstance(whole.get("citations"), list):
        return []
    with Store.open(data, readonly=True) as store, store.snapshot() as now:
        return changes_of_answer(whole, now)


def parsed(raw: bytes, name: str) -> object:
    """What the JSON says. Raises BadInput."""
    if len(raw) > MAX_BYTES:
        raise BadInput(f"{name} holds more than {MAX_BYTES:,} bytes; check one answer at a time")
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadInput(f"{name} is not UTF-8 text; keep answers as they come from: quotewell ask --json") from error
    except (ValueError, RecursionError) as error:  # no JSON; a number of more than 4,300 digits; nested too deeply
        raise BadInput(f"{name} is no JSON that can be read: {error}; keep one with: quotewell ask --json") from error


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInput(f"'{path}' cannot be read: {error.strerror}; name a file that holds an answer") from error


def _article(now: Snapshot, document_id: str) -> Document | None:
    try:
        return now.document(document_id)
    except NotFound:
        return None


def _root(written: str | None) -> str | None:
    root = written.strip().lower() if written is not None else None
    if root is not None and not is_hash(root):
        raise BadInput(f"the root {shown(written)} is not 64 hex digits; print one with: quotewell corpus")
    return root


def _key(written: str | None) -> str | None:
    key = written.strip() if written is not None else None
    if key is not None and bytes_of(key, PUBLIC_BYTES) is None:
        raise BadInput(f"the public key {shown(written)} is not 32 bytes in base64; new-key and corpus print it")
    return key
