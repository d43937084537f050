"""What a corpus is, for people outside: its root, its documents with their hashes, and who signed for it."""

from pathlib import Path
from typing import Any

from index.corpus import Corpus
from rag.receipts.signing import Signature, corpus_message, sign

FORMAT = "quotewell corpus v1"


def signature_of(corpus: Corpus, key_file: Path | None) -> Signature | None:
    """None without a key. Raises BadInput for a file that holds none."""
    return sign(key_file, corpus_message(corpus.root, corpus.documents)) if key_file else None


def manifest_of(corpus: Corpus, signature: Signature | None) -> dict[str, Any]:
    """JSON-able; whoever has it can build the root again."""
    return {
        "format": FORMAT,
        "root": corpus.root,
        "documents": corpus.documents,
        "entries": [entry._asdict() for entry in corpus.entries()],
        **_signed(signature),
    }


def corpus_fields(corpus: Corpus, index_version: str, signature: Signature | None) -> dict[str, Any]:
    """As it stands in every answer, JSON-able."""
    named = {"root": corpus.root, "documents": corpus.documents, "index_version": index_version}
    return named | _signed(signature)


def _signed(signature: Signature | None) -> dict[str, str | None]:
    return {
        "signature": signature.signature if signature else None,
        "public_key": signature.public_key if signature else None,
    }
