"""`quotewell doctor`: what an index needs, and what reading it needs."""

import typer

from index.doctor import Diagnosis, examine, failed
from index.errors import QuotewellError
from index.options import Data, Json
from index.settings import Settings
from index.terminal import emit_json, emit_table
from rag.reading.reader import reader_files

FAILED = 1


def doctor(data: Data = None, as_json: Json = False) -> None:
    """Look at everything that Quotewell needs here, and say how to mend what is missing."""
    checks = examine(data, _reader)
    if as_json:
        emit_json({"ok": all(c.state != "failed" for c in checks), "checks": [c._asdict() for c in checks]})
    else:
        emit_table(("state", "what", "found", "what to do"), [(c.state, c.name, c.says, c.fix) for c in checks])
    if any(check.state == "failed" for check in checks):
        raise typer.Exit(FAILED)


def _reader(settings: Settings) -> Diagnosis:
    try:
        found = reader_files(settings.reader, settings.answer_model)
    except QuotewellError as error:
        return failed("reader", error)
    reads = f"reads with its model ({found.model.sha256[:16]})" if found.model else "is linear and reads with no model"
    return Diagnosis("reader", "ok", f"{found.name} {reads}", "")
