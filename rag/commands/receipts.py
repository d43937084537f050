"""The commands about receipts: `check` an answer, and show the `corpus` that answers are checked against."""

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from index.bootstrap import ready
from index.errors import BadInput
from index.options import Data, Json
from index.settings import Settings, load_settings
from index.storage.merkle import CorpusTree
from index.storage.store import Store
from index.terminal import Paragraph, emit_json, emit_lines, tell
from rag.receipts.changes import CitationChange, change_fields
from rag.receipts.check_file import MAX_BYTES, changes_since, check_answer, parsed
from rag.receipts.receipt import manifest_of, signature_of
from rag.receipts.signing import new_key
from rag.receipts.verify import Verdict, verdict_fields

NOT_VERIFIED = 1
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
