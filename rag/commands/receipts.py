"""The commands that check: an answer by its receipts, a text by what the articles say; and the `corpus` behind both."""

import json
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import typer

from index.bootstrap import ready
from index.errors import BadInput, BadQuestion, NotFound
from index.options import AsOf, Data, Json, day_of
from index.records import Document
from index.search import open_index
from index.settings import Settings, load_settings
from index.storage.merkle import CorpusTree
from index.storage.snapshot import Snapshot
from index.storage.store import Store
from index.terminal import Paragraph, emit_json, emit_lines, tell
from rag.receipts import verify
from rag.receipts.changes import CitationChange, change_fields, changes_of_answer
from rag.receipts.receipt import manifest_of, signature_of
from rag.receipts.signing import PUBLIC_BYTES, bytes_of, new_key
from rag.receipts.untrusted import is_hash, shown
from rag.receipts.verify import Verdict, verdict_fields
from rag.text_check.check import MOST_CHARACTERS, TextCheck, check_text, split, text_check_fields

NOT_VERIFIED = 1
MAX_BYTES = 64_000_000
_SIGNS = {"insert": "+", "delete": "−"}

_FILE = typer.Argument(metavar="FILE", help="What `ask --json` printed; - reads standard input.")
_ROOT = typer.Option("--root", metavar="HEX", help="The root that you know; any other is a problem.")
_PUBLIC = typer.Option("--public-key", metavar="B64", help="The key that you know; it must have signed.")
_OUT = typer.Option("--out", metavar="FILE", help="Write the whole manifest there.")
_SIGN = typer.Option("--sign-with", metavar="KEY", help="Sign with this key file.")
_NEW = typer.Argument(metavar="FILE", help="For new-key: where to write it.")


def check(
    file: Annotated[str, _FILE],
    data: Data = None,
    root: Annotated[str | None, _ROOT] = None,
    public_key: Annotated[str | None, _PUBLIC] = None,
    as_json: Json = False,
) -> None:
    """Check every quote of a kept answer against the articles, and say what became of it since; no server is asked.

    Exits 1 if anything is wrong. A quote whose article changed afterwards is still a true one of its revision.
    """
    settings = load_settings(data=data)
    answer = parsed(sys.stdin.buffer.read(MAX_BYTES + 1), "standard input") if file == "-" else Path(file)
    verdict = check_answer(answer, settings.data, root=root, public_key=public_key)
    changes = changes_since(answer, settings.data)
    if as_json:
        emit_json(verdict_fields(verdict) | {"changes": [change_fields(change) for change in changes]})
    else:
        emit_lines([*_told(verdict), *map(_became, changes)])
    if not verdict.ok:
        raise typer.Exit(NOT_VERIFIED)


def corpus(
    action: Annotated[Literal["show", "new-key"], typer.Argument(help="What to do.")] = "show",
    file: Annotated[Path | None, _NEW] = None,
    data: Data = None,
    out: Annotated[Path | None, _OUT] = None,
    sign_with: Annotated[Path | None, _SIGN] = None,
    as_json: Json = False,
) -> None:
    """Show the hash of all articles together, with --json of each; or make a key to sign it with."""
    if (file is None) == (action == "new-key"):
        raise BadInput("name a file for the key: quotewell corpus new-key FILE; corpus show takes none")
    if file is not None:
        public = new_key(file)
        emit_json({"public_key": public}) if as_json else emit_lines([Paragraph(f"public key  {public}")])
        tell(f"'{file}' is the private key: keep it to yourself; give the public key to whoever checks answers")
        return
    _show(load_settings(data=data), out, sign_with, as_json=as_json)


def _show(settings: Settings, out: Path | None, sign_with: Path | None, *, as_json: bool) -> None:
    ready(settings)
    with Store.open(settings.data, readonly=True) as store:
        whole = CorpusTree.of(store.documents())
    signature = signature_of(whole, sign_with or settings.signing_key)
    manifest = manifest_of(whole, signature)
    if out is not None:
        _written(out, json.dumps(manifest, ensure_ascii=False, indent=1) + "\n")
    if as_json:
        emit_json(manifest)
        return
    lines = [f"root        {whole.root}", f"documents   {whole.documents:,}"]
    lines += [f"signature   {signature.signature}", f"public key  {signature.public_key}"] if signature else []
    emit_lines(map(Paragraph, lines))


def _written(out: Path, text: str) -> None:
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"the manifest cannot be written to '{out}': {error.strerror}; name another file") from error


def _became(one: CitationChange) -> Paragraph:
    """What stands in the article today."""
    if one.change is None:
        return Paragraph(f"[{one.marker or '?'}] today: cannot be told, {one.reason}", 0, "dim")
    words = "".join(f" {_SIGNS[op]}“{text.strip()}”" for op, text in one.change.diff if op in _SIGNS)
    place = f" to {one.change.start}:{one.change.end}" if one.change.state == "moved" else ""
    return Paragraph(f"[{one.marker or '?'}] today: {one.change.state}{place}{words}", 0, "dim")


def _not_quotes(statements: int) -> str:
    said = "1 sentence is" if statements == 1 else f"{statements:,} sentences are"
    return f"{said} a language model's, not a quote: only the quotes it cites are checked here; read them beside it"


def _told(verdict: Verdict) -> list[Paragraph]:
    lines = [
        Paragraph(
            f"[{'?' if one.marker is None else one.marker}] {one.code.replace('_', ' ')}: {one.detail}",
            0,
            "" if one.ok else "bold red",
        )
        for one in verdict.citations
    ]
    lines += [Paragraph(f"problem: {problem}", 0, "bold red") for problem in verdict.problems]
    lines += [Paragraph(_not_quotes(verdict.statements), 0, "yellow")] if verdict.statements else []
    right = sum(one.ok for one in verdict.citations)
    signed = f"signed by {verdict.signed_by}" if verdict.signed_by else "not signed"
    lines.append(
        Paragraph(f"{right} of {len(verdict.citations)} quotes verified; root {verdict.root or 'missing'}, {signed}")
    )
    return [*lines, Paragraph("all is as it should be" if verdict.ok else "this answer is not verified", 0, "bold")]


# An answer that was kept → is it true of the articles in a data folder? No server, no search index, no model.


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


# A text that somebody, or some language model, wrote → what the articles say of each of its sentences.

_MOST_BYTES = 4 * MOST_CHARACTERS + 3  # every character of four bytes, and a mark in front
_WORDS = {"supported": "supported", "partly": "partly", "unsupported": "unsupported", "not_a_claim": "no claim"}
_STYLES = {"supported": "green", "partly": "yellow", "unsupported": "red", "not_a_claim": "dim"}


def check_written(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A text file; - reads standard input.")],
    data: Data = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Say of every sentence of a text which spans of the articles support it, and what in it they do not say."""
    settings = load_settings(data=data)
    day = day_of(as_of)
    text = _text_of(file)
    split(text)  # what cannot be checked is refused before anything is opened or built
    ready(settings)
    index = open_index(settings.data, settings)
    check = check_text(text, index.as_of(day) if day else index)
    if as_json:
        emit_json(text_check_fields(check))
    else:
        emit_lines(list(_checked_lines(check)))


def _text_of(file: Path) -> str:
    """Raises NotFound, BadInput or BadQuestion."""
    named = str(file) != "-"
    try:
        if named:
            with file.open("rb") as stream:
                raw = stream.read(_MOST_BYTES + 1)
        else:
            raw = sys.stdin.buffer.read(_MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise NotFound(f"no file '{file}'; give a text file, or - for standard input") from error
    except OSError as error:
        raise BadInput(f"'{file}' cannot be read: {error.strerror}; give a text file") from error
    if len(raw) > _MOST_BYTES:
        raise BadQuestion(f"the text has more than {MOST_CHARACTERS:,} characters; check it in parts")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"the text is not UTF-8 (byte 0x{raw[error.start]:02x} at {error.start:,}); convert it, for example: "
            "iconv -f WINDOWS-1252 -t UTF-8"
        ) from error


def _checked_lines(check: TextCheck) -> Iterator[Paragraph]:
    """Each sentence with its state, what is wrong with it, and the markers of its spans; then the spans."""
    for sentence in check.sentences:
        markers = "".join(f" [{marker}]" for marker in sentence.citations)
        yield Paragraph(f"{_WORDS[sentence.state]}: {sentence.text}{markers}", style=_STYLES[sentence.state])
        for difference in sentence.differs:
            said, found = difference.said or "nothing of the kind", difference.found or "nothing of the kind"
            yield Paragraph(f"says “{said}”, the article “{found}”", indent=4)
        if sentence.missing:
            yield Paragraph(f"found nowhere in the articles: {', '.join(sentence.missing)}", indent=4)
        if sentence.elsewhere:
            yield Paragraph(f"in the articles, but not there: {', '.join(sentence.elsewhere)}", indent=4)
    for citation in check.citations:
        yield Paragraph("")
        day = citation.published.isoformat() if citation.published else "undated"
        inferred = ", date inferred" if "published" in citation.inferred else ""
        span = f"{citation.document_id} {citation.start}-{citation.end}"
        yield Paragraph(f"[{citation.marker}] {citation.title or citation.document_id} ({day}{inferred}) {span}")
        yield Paragraph(f"“{citation.quote}”", indent=4)
