"""What the rigs share: a real server in a process of its own, articles, seeds, and a record of what came of them.

QUOTEWELL_ROUNDS asks for more rounds than `make test` has time for, and draws them anew each time: RIG_SEED repeats a
run. RIG_RECORD names a file that gets a line for each rig; `python -m tests.rigs.rig FILE DOCUMENT …` writes those of
this code, of however many runs, as the table of a document, and failures and rounds between the marks
`<!-- rig: BEGIN OF A LINE -->` of any.
"""

import http.client
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from threading import Event, Thread
from time import monotonic
from typing import Any
from urllib.request import urlopen

from scipy.stats import beta

from index.build import Builder
from index.embedding.embedder import HashEmbedder
from index.settings import Settings, load_settings
from tests.conftest import SIX_ARTICLES, costs, until

ROOT = Path(__file__).parent.parent.parent
ASKED_FOR = os.environ.get("QUOTEWELL_ROUNDS", "")
SEED = int(os.environ.get("RIG_SEED") or (random.randrange(1_000_000) if ASKED_FOR else 1))
RECORD = os.environ.get("RIG_RECORD", "")
QUESTIONS = (
    "Who runs the Marten bakery?",
    "How many kinds of rye bread are baked?",
    "When was comet Harrow last seen?",
    "Who discovered comet Harrow?",
    "When does the night ferry to Aldra leave?",
    "Where are tickets for the ferry sold?",
    "How many people does the Linden theatre seat?",
    "What did the repairs of the Sollen bridge cost?",
    "What do farmers in the Tamm valley grow?",
    "When did frost destroy the harvest?",
)
SERVE = (
    "import sys; import quotewell; from index.settings import load_settings; from server.cli import run_server; "
    "{before}"
    "run_server(load_settings(data=sys.argv[1], embedder='hash', threshold=0.0, port=0))"
)


def rounds(quick: int, full: int, each: int = 1) -> int:
    """How many: `full` at most, where somebody asks for more than `make test` has time for; `each` for one of those."""
    return min(full, each * int(ASKED_FOR)) if ASKED_FOR else quick


def here(seconds: int) -> int:
    """So many seconds of the processor that a bound was set on: more of one that is slower."""
    (least_s,) = costs(lambda: sum(number * number for number in range(1_000_000)))
    return max(seconds, round(seconds * least_s / 0.06))


@cache
def code() -> str:
    """12 hex digits over the program and the rigs: what was run before either was changed says nothing of this one."""
    folders = ("index", "rag", "server", "tests/rigs")
    files = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def record(what: str, count: int, failures: int, note: str = "") -> None:
    """Noted, and told where it fails."""
    if RECORD:
        line = {"what": what, "rounds": count, "failures": int(failures), "note": note, "seed": SEED, "code": code()}
        with Path(RECORD).open("a") as file:
            file.write(json.dumps(line) + "\n")
    assert not failures, f"{what}: {failures} of {count} rounds failed; repeat with RIG_SEED={SEED}"


def say(what: str) -> None:
    sys.stdout.write(f"RIG_SEED={SEED}: {what}\n")


@contextmanager
def folder_kept_on_failure() -> Iterator[Path]:
    """What a failing rig leaves behind stays for whoever wants to look."""
    folder = Path(mkdtemp(prefix="quotewell-rig-"))
    try:
        yield folder
    except BaseException:
        say(f"what it left behind is in {folder}")
        raise
    shutil.rmtree(folder)


def indexed(folder: Path, articles: Mapping[str, str] = SIX_ARTICLES) -> Settings:
    """The articles below `articles`, and their index in `data`."""
    (folder / "articles").mkdir(parents=True)
    for name, text in articles.items():
        (folder / "articles" / f"{name}.txt").write_text(text)
    settings = load_settings(data=folder / "data", embedder="hash")
    Builder(settings.data, settings, HashEmbedder()).index([folder / "articles"])
    return settings


@contextmanager
def on_processor(at: int) -> Iterator[None]:
    """Processes that begin meanwhile keep to this one of those that are ours: -1 for the last."""
    ours = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(ours)[at]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, ours)


class Server:
    """The real one on a free port of loopback, with the embedder that needs no model."""

    def __init__(self, data: Path, before: str = "") -> None:
        """`before` is a statement that the process runs first, to break something."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("QUOTEWELL_")}
        own |= {"QUOTEWELL_WITHOUT_KEY": "admin", "TMPDIR": str(data.parent)}  # rigs write
        self.data = data
        self.errors = (data.parent / "server.log").open("a")
        self.began = monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE.format(before=before), data],
            cwd=ROOT,
            env=own,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )

    def wait(self) -> "Server":
        """Until it says where it answers."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the server did not start: see {self.errors.name}"
        self.port = int(line.strip().rpartition(":")[2])
        self.start_s = monotonic() - self.began
        return self

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.errors.close()

    def __enter__(self) -> "Server":
        return self.wait()

    def __exit__(self, *_: object) -> None:
        self.end()

    def request(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] = {}
    ) -> tuple[int, dict[str, Any]]:
        """Raises OSError or HTTPException where there is no whole reply."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            text = body if body is None or isinstance(body, str) else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json", **headers})
            reply = connection.getresponse()
            raw = reply.read()
        finally:
            connection.close()
        return reply.status, json.loads(raw) if raw else {}

    def ask(self, question: str) -> tuple[int, dict[str, Any]]:
        return self.request("POST", "/ask", {"question": question})

    def put(self, name: str, text: str) -> int:
        return self.request("PUT", f"/v1/documents/{name}", {"text": text})[0]

    def delete(self, name: str) -> int:
        return self.request("DELETE", f"/v1/documents/{name}")[0]

    @property
    def cpu_s(self) -> float:
        """Seconds of a processor that it has used."""
        after_its_name = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, after_its_name[11:13])) / os.sysconf("SC_CLK_TCK")

    def answers(self) -> int:
        """That this process has given, by its own metrics."""
        with urlopen(f"http://127.0.0.1:{self.port}/metrics") as reply:
            counts = re.findall(rb"^quotewell_answers_total{.* (\d+)", reply.read(), re.MULTILINE)
        return sum(map(int, counts))

    def documents(self) -> dict[str, str]:
        """Id → text, of what answers now."""
        found: dict[str, str] = {}
        token: str | None = ""
        while token is not None:
            _, page = self.request("GET", f"/v1/documents?page_token={token}")
            for one in page["documents"]:
                found[one["id"]] = self.request("GET", f"/v1/documents/{one['id']}")[1]["text"]
            token = page["next_page_token"]
        return found


def said(server: Server) -> list[tuple[int, str]]:
    """Status of each reply, and what an answer says, cites and has read; not of which version of the index."""
    replies = [server.ask(question) for question in QUESTIONS]
    return [(status, _told(answer) if status == 200 else "") for status, answer in replies]


def _told(answer: dict[str, Any]) -> str:
    cited = [(one["document_id"], one["start"], one["end"], one["quote"]) for one in answer["citations"]]
    read = [(one["passage_id"], one["score"], one["text"]) for one in answer["evidence"]]
    return json.dumps((answer["text"], answer["confidence"], cited, read))


def written_in_turn(data: Path, writes: int, before: str = "") -> tuple[int, int]:
    """Failures and answers of two servers over one data folder, of which each finds what the other was given.

    Both are asked all the time. Answers of one version are the same, whoever gave them, and each counts its own.
    """
    replies: dict[int, list[tuple[int, dict[str, Any]]]] = {0: [], 1: []}
    question, failures, done = "What is the number of the note?", 0, Event()

    def keep_asking(number: int) -> None:
        while not done.is_set():
            replies[number].append(pair[number].ask(question))

    with Server(data, before) as one, Server(data, before) as other:
        pair = (one, other)
        failures += said(one) != said(other)
        counted = [server.answers() for server in pair]
        askers = [Thread(target=keep_asking, args=(number,)) for number in replies]
        for asker in askers:
            asker.start()
        for number in range(writes):
            note = f"The number of the note is {number}, and nothing else is said about it."
            failures += pair[number % 2].put("note", note) != (200 if number else 201)
            until(lambda: all(any(note in json.dumps(last) for _, last in replies[n][-1:]) for n in replies))  # noqa: B023
        done.set()
        for asker in askers:
            asker.join()
        failures += [server.answers() - before for server, before in zip(pair, counted, strict=True)] != [
            sum(status == 200 for status, _ in replies[number]) for number in replies
        ]
    every = [reply for number in replies for reply in replies[number]]
    by_version: dict[str, set[str]] = {}
    for status, answer in every:
        failures += status != 200
        by_version.setdefault(answer.get("index_version", ""), set()).add(json.dumps(answer))
    return failures + sum(len(answers) > 1 for answers in by_version.values()), len(every)


def upper_bound(count: int, failures: int) -> float:
    """Of the share of failures, 95 % sure (Clopper and Pearson); of none in n about 3 / n."""
    return 1.0 if failures >= count else float(beta.ppf(0.95, failures + 1, count - failures))


def table(lines: list[dict[str, Any]]) -> str:
    """As Markdown."""
    whole: dict[str, dict[str, Any]] = {}
    for one in lines:  # what was run in pieces is one line
        before = whole.setdefault(one["what"], {**one, "rounds": 0, "failures": 0, "note": ""})
        before["rounds"] += one["rounds"]
        before["failures"] += one["failures"]
        before["note"] = "; ".join(filter(None, dict.fromkeys((before["note"], one["note"]))))
    rows = ["| what was tried | rounds | failures | at most (95 %) | |", "|---|---:|---:|---:|---|"]
    for one in whole.values():
        most = upper_bound(one["rounds"], one["failures"]) if one["rounds"] else 1.0
        shown = f"{100 * most:.2f} %" if one["rounds"] else "not tried"
        rows.append(f"| {one['what']} | {one['rounds']:,} | {int(one['failures'])} | {shown} | {one['note']} |")
    return "\n".join(rows)


def figure(lines: list[dict[str, Any]], begin: str) -> str:
    """Of all lines that begin so."""
    found = [one for one in lines if one["what"].startswith(begin)]
    return f"{sum(one['failures'] for one in found):,} of {sum(one['rounds'] for one in found):,}" if found else "–"


FIGURE = re.compile(r"(<!-- rig: (.+?) -->).*?(<!-- /rig -->)")
BEGIN, END = "<!-- written by make rigs -->", "<!-- end -->"

if __name__ == "__main__":
    every = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    lines = [line for line in every if line["code"] == code()]
    say(f"{len(lines)} records of this code ({code()}), {len(every) - len(lines)} of others are left out")
    for document in map(Path, sys.argv[2:]):
        head, begins, rest = document.read_text().partition(BEGIN)
        whole = f"{head}{BEGIN}\n{table(lines)}\n{END}{rest.partition(END)[2]}" if begins else head
        document.write_text(FIGURE.sub(lambda found: f"{found[1]}{figure(lines, found[2])}{found[3]}", whole))
