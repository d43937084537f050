"""Every setting with its default, in one place: flag > `QUOTEWELL_*` > `quotewell.toml` > default.

The values that shape an index are stored in its manifest; asking reads them from there, so that building and
asking cannot disagree.
"""

import os
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from index.errors import BadSetting

PREFIX = "QUOTEWELL_"
TOML = Path("quotewell.toml")


class Settings(BaseModel):
    """All settings; frozen. Unknown keys are errors wherever they stand."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), validate_default=True)

    data: Path = Field(Path(".index"), description="folder of the store and its search index")
    store: str = Field(
        "",
        description="search engine that holds vectors and terms: milvus+http://HOST:19530/NAME, a .db file of Milvus "
        "Lite, or postgresql://HOST:5432/DATABASE/NAME; empty: this process's memory",
    )
    store_timeout_s: float = Field(5, gt=0, le=600, description="seconds until the search engine counts as down")
    embedder: str = Field(
        "minilm",
        description="minilm (ONNX), minilm-384 (its tokens not projected), hash (tests), or a model's name or path",
    )
    model_path: Path | None = Field(None, description="folder with the model's files; wins over the packaged ones")
    passage_tokens: int = Field(160, ge=16, description="aimed size of a passage, in the embedder's own tokens")
    overlap_sentences: int = Field(1, ge=0, le=4, description="sentences that neighbouring passages share")
    stem: Literal["none", "light", "snowball"] = Field("snowball", description="how words are cut to stems for BM25")
    token_vectors: Literal["stored", "recomputed"] = Field(
        "stored", description="kept in the index, or made again for the passages that are read: smaller and slower"
    )
    keep_revisions_days: int = Field(
        90,
        ge=0,
        le=36_500,
        description="how long the text of a replaced article can still be read, while there is room; 0: not at all",
    )
    fusion: Literal["convex", "rrf"] = Field("convex", description="how the two rankings become one")
    dense_weight: float = Field(0.5, ge=0, le=1, description="share of the dense ranking in the convex fusion")
    depth: int = Field(100, ge=1, le=1000, description="passages taken from each ranker before fusion")
    limit: int = Field(10, ge=1, le=100, description="passages that are read and returned as evidence")
    reader: Literal["model", "trained"] = Field(
        "model", description="how quotes are chosen: model reads the best passages; trained is linear"
    )
    reranker: str = Field(
        "", description="folder or name of a cross-encoder of sentence-transformers that orders the passages found"
    )
    answer_model: str = Field(
        "", description="folder of a model that reads in place of ours, or name of a question-answering one"
    )
    threshold: float | None = Field(None, ge=0, le=1, description="least confidence to answer; default: the reader's")
    max_quotes: int = Field(3, ge=1, le=5, description="quotes in one answer, at most")
    signing_key: Path | None = Field(
        None, description="PEM file with the ed25519 key that signs the corpus; make one: quotewell corpus new-key FILE"
    )
    keep_answers: int = Field(
        10_000, ge=0, le=1_000_000, description="newest questions kept by `serve`, to give their answers again; 0: none"
    )
    origins: str = Field(
        "local",
        description="web pages that may ask from other origins: local (this machine), null (files), * (all), or a list",
    )
    hosts: str = Field("", description="more names that the server is reached by, as articles.example; *: any")
    public_url: str = Field("", description="address that links begin with; empty: the one that was asked")
    proxies: str = Field("", description="addresses of proxies whose X-Forwarded-For and -Proto are believed")
    without_key: Literal["default", "nothing", "widget", "ask", "ingest", "admin"] = Field(
        "default", description="what callers without a key may do; default: ask, where others can reach it nothing"
    )
    rate: str = Field(
        "", description="most requests of a key or address; default: none, where others can reach it 600/minute"
    )
    inline_sources: Literal["off", "list"] = Field(
        "off", description="whether answers to chat clients end in a list of sources, for those that show no citations"
    )
    chat_url: str = Field("", description="base URL of an OpenAI-compatible model that may phrase answers; empty: none")
    chat_model: str = Field("", description="the model's name there")
    chat_key: SecretStr = Field(SecretStr(""), description="the key it wants, if any")
    chat_deadline_s: float = Field(15, gt=0, le=600, description="seconds until the answer goes out without the model")
    host: str = Field("127.0.0.1", description="address that `serve` listens on")
    port: int = Field(8000, ge=0, le=65535, description="port that `serve` listens on; 0 takes a free one")
    max_question_chars: int = Field(2000, ge=1, description="longer questions are refused")
    max_body_bytes: int = Field(65_536, ge=1024, description="larger requests are refused (documents: 10 MB)")


def load_settings(**flags: Any) -> Settings:
    """Settings from all sources; flags that are None count as not given. Raises BadSetting with the offending key."""
    given = {key: value for key, value in flags.items() if value is not None}
    try:
        from_file = tomllib.loads(TOML.read_text("utf-8")) if TOML.is_file() else {}
        return Settings(**from_file | _from_environment() | given)
    except ValidationError as error:
        raise BadSetting(_explain(error)) from error
    except ValueError as error:  # quotewell.toml is not TOML
        raise BadSetting(f"{TOML} cannot be read: {error}; correct it or move it away") from error


def _from_environment() -> dict[str, Any]:
    """Whatever case the variables are in. Raises BadSetting for an unknown one, which is a misspelt one."""
    known = sorted(name.upper() for name in Settings.model_fields)
    found: dict[str, Any] = {}
    for name, value in os.environ.items():
        own = name.upper().removeprefix(PREFIX)
        if name.upper().startswith(PREFIX) and own not in known:
            raise BadSetting(f"unknown setting {name}; {_nearest(own, known, PREFIX)}")
        if name.upper().startswith(PREFIX):
            found[own.lower()] = value
    return found


def _nearest(name: str, known: list[str], prefix: str = "") -> str:
    close = get_close_matches(name, known, n=1)
    return f"did you mean {prefix}{close[0]}?" if close else f"known are {prefix}{f', {prefix}'.join(known)}"


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"unknown setting '{name}'; {_nearest(name, sorted(Settings.model_fields))}"
    return f"setting '{name}' is {first['input']!r}: {first['msg']}; see the settings table in README.md"
