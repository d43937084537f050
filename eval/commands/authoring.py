"""The commands that write gold and look after it: `eval new, label, check, from-feedback`."""

import re
import sys
from collections import Counter
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

from eval.authoring.check import CheckReport, check_files
from eval.authoring.from_feedback import EXAMPLES, Learnt, learn
from eval.authoring.label_session import Journal, Session
from eval.authoring.propose import COUNT, NEAR_MISS, SEED, candidate_line, propose, read_candidates
from eval.authoring.terminal import keys_of
from eval.sets.gold import GoldSet, Question, line_of, write_lines
from eval.sets.sets import about_seeds, opened
from index.bootstrap import ready
from index.errors import BadInput, NotFound
from index.formats import read
from index.options import Data, Json
from index.records import Document
from index.search import open_index
from index.seeding import SEEDS
from index.settings import Settings, load_settings
from index.storage.feedback import read_feedback
from index.storage.store import Store
from index.terminal import Paragraph, emit, emit_json, emit_lines, tell
from rag.assistant import Assistant, open_assistant

USAGE = 2
_NAMED = re.compile(r'"document_id"\s*:\s*"([^"]*)"')  # in lines that may be broken

NewFile = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="A new file, instead of stdout.")]


def new(
    folder: Annotated[Path | None, typer.Argument(metavar="[PATH]", help="Articles that are not indexed.")] = None,
    data: Data = None,
    count: Annotated[int, typer.Option(min=1, max=10_000, help="Questions, at most.")] = COUNT,
    seed: Annotated[int, typer.Option(help="Another seed, another choice.")] = SEED,
    out: NewFile = None,
) -> None:
    """Propose questions from the articles by rule, with their answers, as lines of gold; look at each (eval label)."""
    if folder and data:
        raise BadInput("both PATH and --data name articles; give one of them")
    documents = _documents_below(folder) if folder else _stored(load_settings(data=data))
    found = propose(documents, count=count, seed=seed)
    _hand_over([line_of(question) for question in found], out)
    tags = Counter(tag for question in found for tag in question.tags)
    misses = tags.pop(NEAR_MISS, 0)
    told = ", ".join(f"{number} {tag}" for tag, number in tags.most_common())
    tell(f"{len(found)} questions from {len(documents)} articles ({told or 'none'}), {misses} of them near misses")


def label(
    gold: Annotated[Path, typer.Option(metavar="FILE", help="Gold file that grows; made if it is not there.")],
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="From eval new or eval from-feedback.")] = None,
    data: Data = None,
) -> None:
    """Look at question after question, mark what answers it, and add it to a gold file; without FILE, type them in."""
    queue = read_candidates(file) if file else []
    journal = Journal(gold)
    settings = load_settings(data=data)
    ready(settings)
    assistant = open_assistant(settings=settings)
    session = Session(queue, journal, assistant.search, assistant.index, emit_lines, asks=file is None)
    with keys_of(sys.stdin) as keys:
        if sys.stdin.isatty():
            emit("? lists the keys")
        through = session.run(keys)
    left = sum(one.question.id not in journal.done for one in session.queue)
    tell(f"{session.kept} kept in '{gold}', {session.passed} passed over, {'none' if through else left} left")


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Gold files, dev and test together.")],
    data: Data = None,
    ask: Annotated[bool, typer.Option("--ask/--no-ask", help="Ask what is said to be unanswerable.")] = True,
    as_json: Json = False,
) -> None:
    """Look for broken lines, wrong spans, repetitions and leaks, against the articles of the data folder.

    Gold that names none but bundled articles is checked against those without --data. To ask them, an index is made
    once in .eval/seeds, as eval run does; --no-ask writes nothing.
    """
    settings = load_settings(data=data)
    named = (name for file in files if file.is_file() for name in _NAMED.findall(file.read_text("utf-8", "replace")))
    own = "data" in settings.model_fields_set or not about_seeds(named)
    documents = _stored(settings) if own else _documents_below(SEEDS)
    sources = {document.id: document.source for document in documents}
    checked = check_files(files, sources, _answers(settings, own=own) if ask else None)
    if as_json:
        emit_json({"ok": not checked.count("error")} | asdict(checked))
    else:
        _emit_checked(checked)
    if checked.count("error"):
        raise typer.Exit(USAGE)


def from_feedback(data: Data = None, out: NewFile = None, as_json: Json = False) -> None:
    """Turn what readers liked, disliked and asked in vain into candidates for gold, and show the gaps."""
    settings = load_settings(data=data)
    if not settings.data.is_dir():
        raise NotFound(f"there is no data folder '{settings.data}'; name the server's with --data")
    feedback = read_feedback(settings.data)
    if not feedback:
        tell(f"'{settings.data}' holds no feedback: nobody judged an answer there and no question went unanswered")
        if as_json:
            emit_json(_json_of(Learnt({}, (), ())))
        return
    index = open_index(settings.data, settings)
    learnt = learn(feedback, index.document, lambda text: index.encode(text).vector, index.lexical.document_frequency)
    if out:
        _hand_over([candidate_line(one) for one in learnt.candidates], out)
    emit_json(_json_of(learnt)) if as_json else emit_lines(_learnt_lines(learnt))


def _stored(settings: Settings) -> list[Document]:
    ready(settings)
    with Store.open(settings.data, readonly=True) as store:
        return list(store.documents())


def _documents_below(path: Path) -> list[Document]:
    found = list(read([path]))
    for unread in found:
        if not isinstance(unread, Document):
            tell(f"not read: {unread.path}: {unread.reason}", "yellow")
    return [document for document in found if isinstance(document, Document)]


def _hand_over(lines: list[str], out: Path | None) -> None:
    if out:
        write_lines(out, lines)
    elif lines:
        emit("\n".join(lines))


def _answers(settings: Settings, *, own: bool) -> Any:
    """Asks the indexed articles at the first question; of the bundled ones an index is made once."""

    @cache
    def assistant() -> Assistant:
        return open_assistant(settings=settings) if own else opened(GoldSet("seeds", ()), settings, lambda *_: None)[0]

    def answer(question: Question) -> str:
        found = assistant().ask(question.asked)
        return found.citations[0].quote if found.status == "answered" and found.citations else ""

    return answer


def _emit_checked(checked: CheckReport) -> None:
    for found in checked.findings:
        emit(f"{found.file}:{found.line}: {found.grave}: {found.says}")
    files = f"{len(checked.files)} file{'s' * (len(checked.files) != 1)}"
    errors, warnings = checked.count("error"), checked.count("warning")
    emit(f"{checked.questions} questions in {files}: {errors} errors, {warnings} warnings")


def _json_of(learnt: Learnt) -> dict[str, Any]:
    return {
        "feedback": dict(learnt.verdicts),
        "candidates": [
            {"answerable": one.question.answerable if one.known else None, "note": one.note}
            | {"id": one.question.id, "text": one.question.text, "spans": [asdict(s) for s in one.question.spans]}
            for one in learnt.candidates
        ],
        "gaps": [asdict(gap) for gap in learnt.gaps],
    }


def _learnt_lines(learnt: Learnt) -> list[Paragraph]:
    told = ", ".join(f"{number} {verdict}" for verdict, number in sorted(learnt.verdicts.items()))
    known = sum(one.known for one in learnt.candidates)
    lines = [
        Paragraph(f"feedback: {told}"),
        Paragraph(f"candidates: {len(learnt.candidates)}, {known} of them with spans"),
    ]
    for gap in learnt.gaps:
        lines.append(Paragraph(f"{gap.count}  {gap.name}", style="bold"))
        lines += [Paragraph(question, indent=4) for question in gap.questions[:EXAMPLES]]
        if gap.missing:
            lines.append(Paragraph(f"missing: {', '.join(gap.missing)}", indent=4, style="dim"))
    return lines
