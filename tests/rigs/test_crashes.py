"""A full disk, a device error and a kill at the calls that write, power cuts, and kills under load: nothing is lost."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from http.client import HTTPException
from pathlib import Path
from threading import Event, Thread
from time import sleep

import pytest

from index.build import Builder
from index.errors import NotFound, QuotewellError
from index.search import Index
from index.settings import Settings
from index.storage.feedback import FeedbackStore
from index.storage.generation import current
from index.storage.store import Store
from index.verify import verify
from tests.conftest import until
from tests.make import document
from tests.rigs.points import (
    ANSWER,
    DELETES,
    OPERATIONS,
    Points,
    answers_equal_the_store,
    broken,
    builder_of,
    full,
    indexed,
    killed,
    opened,
)
from tests.rigs.rig import ROOT, SEED, Server, folder_kept_on_failure, record, rounds, said, say
from tests.rigs.rig import indexed as six_indexed

pytestmark = [pytest.mark.rig, pytest.mark.slow]

STEPS = 30
FAULTS = {"full disk": full, "device error": broken, "kill": killed}


def points_of(name: str, folder: Path) -> int:
    counting, own = Points(), indexed(folder)
    with counting.installed():
        OPERATIONS[name](builder_of(own), own.data.parent / "articles")
    return counting.count


def whole_again(own: Settings, name: str, *, acknowledged: bool) -> list[str]:
    """What is wrong after it, with nothing done by hand; empty when all is well."""
    wrong = []
    index = answers_equal_the_store(own)
    if current(own.data) != index.version:
        wrong.append("CURRENT is not what answers")
    if acknowledged and name in DELETES and "comet" in index.document_ids:
        wrong.append("what was deleted is cited")
    if acknowledged and name in ("put", "serve") and "museum" not in index.document_ids:
        wrong.append("what was stored is lost")
    if acknowledged and name == "restore" and "comet" not in index.document_ids:
        wrong.append("what was restored is lost")
    if acknowledged and name == "judge" and FeedbackStore(own.data, 10).find(ANSWER) is None:
        wrong.append("a verdict is lost")
    wrong += verify(own).problems
    Store.open(own.data).close()  # whoever next writes clears away what was left
    if begun := [path.name for path in own.data.iterdir() if path.name.startswith(".")]:
        wrong.append(f"left behind: {begun}")
    leftovers = {path.name for path in (own.data / "generations").iterdir()} - {"CURRENT", ".lock", ".damaged"}
    if leftovers != {index.version}:
        wrong.append(f"left behind: {leftovers}")
    return wrong


def in_a_child(name: str, own: Settings, points: Points) -> bool:
    """Whether it was acknowledged. In a process that may die of it: forked, so that a thousand take a minute."""
    child = os.fork()
    if not child:
        done = 1
        with suppress(BaseException), points.installed():
            OPERATIONS[name](builder_of(own), own.data.parent / "articles")
            done = 0
        os._exit(done)
    return os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("kind", FAULTS)
def test_at_every_call_that_writes(kind: str) -> None:
    """Points are drawn in the reduced tier; in full it is every one."""
    tried, failures, draw = 0, 0, random.Random(f"{SEED} {kind}")
    with folder_kept_on_failure() as folder:
        for name in OPERATIONS:
            count = points_of(name, folder / f"{name}-counted")
            for at in sorted(draw.sample(range(1, count + 1), min(rounds(2, 1000), count))):
                own = indexed(folder / f"{name}-{at}")
                points = Points(at, FAULTS[kind], lasting=draw.random() < 0.5, after=draw.random() < 0.3)
                acknowledged = in_a_child(name, own, points)
                wrong = whole_again(own, name, acknowledged=acknowledged)
                if wrong:
                    say(f"{name}: {kind} at call {at} of {count}, {acknowledged=}: {wrong}")
                else:
                    shutil.rmtree(own.data.parent)
                tried, failures = tried + 1, failures + bool(wrong)
        record(
            f"{kind} at a call that writes (add, update, delete, prune, rebuild, feedback, serve, restore)",
            tried,
            failures,
        )


def test_an_error_while_it_lasts_serves_what_the_store_holds() -> None:
    """In this process, and before anything is mended."""
    draw, tried = random.Random(f"{SEED} lasting"), 0
    with folder_kept_on_failure() as folder:
        for name in OPERATIONS:
            count = points_of(name, folder / f"{name}-counted")
            for at in sorted(draw.sample(range(1, count + 1), min(rounds(1, 1000), count))):
                own, fail = indexed(folder / f"{name}-{at}"), draw.choice((full, broken))
                with Points(at, fail, lasting=True).installed():
                    with suppress(QuotewellError, OSError, AssertionError):
                        OPERATIONS[name](builder_of(own), own.data.parent / "articles")
                    answers_equal_the_store(own)
                with suppress(NotFound, QuotewellError):  # deleted already
                    OPERATIONS[name](builder_of(own), own.data.parent / "articles")
                answers_equal_the_store(own)
                shutil.rmtree(own.data.parent)
                tried += 1
        record("asking while the disk stays full or broken, and the same write again", tried, 0)


def texts(index: Index) -> dict[str, str]:
    return {name: index.document(name).text for name in index.document_ids}


def sequences(tried: int) -> int:
    """Failures. Puts, updates, deletes and kills in between, of which the store says what was done; and the index is
    lost now and then. Behind each step somebody opens it anew, asks, and finds the words of the dictionary.
    """
    failures = 0
    with folder_kept_on_failure() as folder:
        for number in range(tried):
            draw = random.Random(f"{SEED} sequence {number}")
            own = indexed(folder / str(number))
            held = texts(opened(own))
            for step in range(STEPS):
                name = draw.choice("abcd")
                deleting, dying = draw.random() < 0.4, draw.random() < 0.4
                points = Points(draw.randint(1, 25), killed) if dying else Points()
                text = f"Note {name} has the number {step}. It says nothing else."

                def work(builder, _, name=name, deleting=deleting, text=text, step=step):  # type: ignore[no-untyped-def]
                    builder.delete(name) if deleting else builder.put(document(text, name, sha256=f"{step}"))

                OPERATIONS["step"] = work
                done = in_a_child("step", own, points)
                del OPERATIONS["step"]
                if draw.random() < 0.1:
                    shutil.rmtree(own.data / "generations")
                index = answers_equal_the_store(own)
                others = {one: words for one, words in held.items() if one != name}
                wanted = others if deleting else {**others, name: text}
                now, asked = texts(index), index.search(f"Which number has note {name}?", limit=9)
                failures += now != wanted and (done or now != held)
                failures += any(hit.passage.document_id == name for hit in asked) != (name in now)
                held = now
            shutil.rmtree(own.data.parent)
    return failures


def test_any_sequence_behaves_like_a_dictionary() -> None:
    tried = rounds(2, 500, 5)
    what = f"sequences of {STEPS} changes with kills and lost indexes, against a dictionary"
    record(what, tried, sequences(tried))


def test_the_rig_sees_a_deletion_that_is_acknowledged_and_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Builder, "delete", lambda *_: None)
    assert sequences(1)


# -- the calls themselves, as the kernel sees them --

TRACED_ONES = ("put", "delete", "rebuild", "judge", "restore")
CALLS = "write,pwrite64,writev,fsync,fdatasync,rename,renameat2,unlink,unlinkat,mkdir,ftruncate"
TRACED = (
    "import sys, time; from tests.rigs.points import OPERATIONS, builder_of; "
    "from index.settings import load_settings; {before}own = load_settings(data=sys.argv[2], embedder='hash'); "
    "OPERATIONS[sys.argv[1]](builder_of(own), own.data.parent / 'articles'); sys.stdout.write('acknowledged'); "
    "sys.stdout.flush()"
)


def traced(name: str, own: Settings, *options: str, before: str = "") -> subprocess.CompletedProcess[str]:
    if shutil.which("strace") is None:
        pytest.skip("no strace; the calls that write are stopped by the fail points of tests/rigs/points.py alone")
    code = TRACED.format(before=before)
    command = [
        "strace",
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-y",
        "-s",
        "16",
        *options,
        sys.executable,
        "-c",
        code,
        name,
        str(own.data),
    ]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    )


def in_wrong_order(lines: list[str], data: Path) -> list[str]:
    """By a trace: what was renamed or acknowledged before it was on the disk."""
    dirty: set[str] = set()
    wrong: list[str] = []
    for line in lines:
        if (found := re.search(r"(?:p?write(?:64|v)?)\(\d+<([^>]+)>", line)) and "acknowledged" not in line:
            dirty.add(found[1]) if found[1].startswith(str(data)) and not found[1].endswith("-shm") else None
        elif found := re.search(r"f(?:data)?sync\(\d+<([^>]+)>", line):
            dirty.discard(found[1])
        elif found := re.search(r'rename\("([^"]+)", "([^"]+)"', line):
            wrong += [f"{path} was renamed before it was synced" for path in dirty if path.startswith(found[1])]
            dirty.add(str(Path(found[2]).parent))  # the folder has a new entry
        elif "write(1<" in line and "acknowledged" in line:
            wrong += [f"{path} was not synced when it was acknowledged" for path in dirty if ".lock" not in path]
    return wrong


def orders(folder: Path, before: str = "") -> list[str]:
    wrong = []
    for name in TRACED_ONES:
        own, log = indexed(folder / f"{name}{bool(before)}"), folder / f"{name}.trace"
        done = traced(name, own, "-o", str(log), "-e", f"trace={CALLS}", before=before)
        if "ptrace" in done.stderr:
            pytest.skip("strace is not permitted here")
        assert done.stdout == "acknowledged", done.stderr
        wrong += in_wrong_order(log.read_text().splitlines(), own.data)
    return wrong


def test_nothing_is_renamed_or_acknowledged_before_it_is_on_the_disk() -> None:
    with folder_kept_on_failure() as folder:
        wrong = orders(folder)
        say("; ".join(wrong))
        record(
            f"order of writes, syncs and renames, by a trace: {', '.join(TRACED_ONES)}", len(TRACED_ONES), len(wrong)
        )


def test_the_rig_sees_a_sync_that_is_left_out() -> None:
    with folder_kept_on_failure() as folder:
        assert orders(folder, before="import os; os.fsync = lambda _: None; ")


def test_at_calls_of_the_kernel() -> None:
    """What the fail points do not see: SQLite's own writes, and all others."""
    tried, failures, draw = 0, 0, random.Random(f"{SEED} strace")
    with folder_kept_on_failure() as folder:
        for name in TRACED_ONES:
            log = folder / "trace"
            done = traced(name, indexed(folder / f"{name}-counted"), "-o", str(log), "-e", f"trace={CALLS}")
            if "ptrace" in done.stderr:
                pytest.skip("strace is not permitted here")
            counts = {call: len(re.findall(rf"\b{call}\(", log.read_text())) for call in CALLS.split(",")}
            for _ in range(rounds(1, 30)):
                call = draw.choice([call for call, count in counts.items() if count])
                at, fault = draw.randint(1, counts[call]), draw.choice(("signal=SIGKILL", "error=ENOSPC", "error=EIO"))
                own = indexed(folder / f"{name}-{tried}")
                inject = f"inject={call}:{fault}:when={at}{'+' if draw.random() < 0.3 and 'KILL' not in fault else ''}"
                done = traced(name, own, "-o", str(log), "-e", f"trace={call}", "-e", inject)
                wrong = whole_again(own, name, acknowledged=done.stdout == "acknowledged")
                if wrong:
                    say(f"{name}: {inject}: {wrong}")
                else:
                    shutil.rmtree(own.data.parent)
                tried, failures = tried + 1, failures + bool(wrong)
        record("kill, full disk or device error at a call of the kernel", tried, failures)


# -- the server: kills under load, a disk that is really full, power cuts --


class Writing(Thread):
    """A client that puts and deletes an article of its own; `held` was acknowledged last, `begun` may be there."""

    def __init__(self, server: Server, name: str, stop: Event, *, deletes: bool = True) -> None:
        super().__init__()
        self.every = 3 if deletes else sys.maxsize  # how often it deletes
        self.server, self.document, self.stop = server, name, stop
        self.held: str | None = None
        self.begun: str | None = None
        self.was: list[str | None] = [None]  # all that was held, in this order

    def run(self) -> None:
        number = 0
        while not self.stop.is_set():
            number += 1
            wanted = (
                None
                if number % self.every == 0
                else f"Note {self.document} has the number {number}. That is all of it."
            )
            self.begun = wanted
            try:
                status = self.server.delete(self.document) if wanted is None else self.server.put(self.document, wanted)
            except (OSError, HTTPException, ValueError):
                return
            if status in (200, 201, 204):
                self.held = wanted
                self.was.append(wanted)

    @property
    def acknowledged(self) -> int:
        return len(self.was) - 1


def writing(clients: list[Writing]) -> list[Writing]:
    """They have begun, and something was acknowledged."""
    for client in clients:
        client.start()
    until(lambda: any(client.acknowledged for client in clients))
    return clients


def kills_under_load(tried: int, before: str = "", *, deletes: bool = True) -> tuple[int, str]:
    """Failures, and a note. Each new start is looked at, and is then the one that is killed."""
    failures, acknowledged, starts_s, draw = 0, 0, list[float](), random.Random(f"{SEED} load")
    with folder_kept_on_failure() as folder:
        own, clients = six_indexed(folder), list[Writing]()
        for number in range(tried + 1):
            with Server(own.data, before=before) as server:
                found = server.documents()
                starts_s.append(server.start_s)
                for client in clients:
                    acknowledged += client.acknowledged
                    failures += found.get(client.document) not in (client.held, client.begun)
                    server.delete(client.document)
                failures += sum(status != 200 for status, _ in said(server))
                if number < tried:
                    stop = Event()
                    names = [f"n{number}-{one}" for one in range(3)]
                    clients = writing([Writing(server, name, stop, deletes=deletes) for name in names])
                    sleep(draw.uniform(0.05, 1.0))
                    server.process.send_signal(signal.SIGKILL)
                    stop.set()
                    for client in clients:
                        client.join()
    return failures, f"{acknowledged:,} acknowledged; started within {max(starts_s):.1f} s each time"


def test_kills_under_load() -> None:
    tried = rounds(2, 200)
    failures, note = kills_under_load(tried)
    record("kill -9 while three clients write, and a new start", tried, failures, note)


def test_the_rig_sees_writes_that_are_acknowledged_before_they_are_made() -> None:
    never = "import server.live_index as l; l.Live.put = lambda self, document: True; "
    assert kills_under_load(1, never, deletes=False)[0]


BACKUP = "import sys; {before}from quotewell import main; sys.exit(main())"


def missing_in_backups(tried: int, before: str = "") -> tuple[int, int]:
    """Failures, and writes that were acknowledged before the last backup began. Each is restored and started."""
    failures, stop = 0, Event()
    with folder_kept_on_failure() as folder, Server(six_indexed(folder).data) as server:
        clients = writing([Writing(server, f"n{one}", stop, deletes=False) for one in range(3)])
        for number in range(tried):
            begun = [client.acknowledged for client in clients]
            place = folder / f"restored-{number}"
            place.mkdir()
            command: list[str | Path] = [
                sys.executable,
                "-c",
                BACKUP.format(before=before),
                "backup",
                place / "corpus.db",
            ]
            done = subprocess.run([*command, "--data", server.data], cwd=ROOT, capture_output=True)
            may_be = [{*client.was[count:], client.begun} for client, count in zip(clients, begun, strict=True)]
            with Server(place) as restored:
                found = restored.documents()
                failures += done.returncode != 0 or any(status != 200 for status, _ in said(restored))
            for client, states in zip(clients, may_be, strict=True):
                failures += found.get(client.document) not in states
        stop.set()
        for client in clients:
            client.join()
    return failures, sum(begun)


def test_backups_under_load() -> None:
    tried = rounds(1, 20)
    failures, acknowledged = missing_in_backups(tried)
    note = f"{acknowledged:,} writes acknowledged before the last one began"
    record("backups while three clients write, restored and started", tried, failures, note)


def test_the_rig_sees_a_backup_that_is_a_bare_copy() -> None:
    """Of the file as it was a moment ago, as one without its log is."""
    old = "import index.cli as c; c.copy = lambda path, into, *_: into.write_bytes(OLD.read_bytes()); "
    with folder_kept_on_failure() as folder:
        before = six_indexed(folder / "old").data / "corpus.db"
        copied = f"from pathlib import Path; OLD = Path({str(before)!r}); {old}"
        assert missing_in_backups(1, copied)[0]


def test_a_disk_that_is_really_full() -> None:
    mount = Path("/usr/bin/mount")
    with folder_kept_on_failure() as folder:
        place = folder / "small"
        place.mkdir()
        if os.geteuid() != 0 or subprocess.run([mount, "-t", "tmpfs", "-o", "size=8m", "tmpfs", place]).returncode:
            pytest.skip("a small file system can be mounted by root alone")
        try:
            own = six_indexed(place)
            tried, failures = rounds(1, 10), 0
            with Server(own.data) as server:
                first = said(server)
                for number in range(tried):
                    filler = place / "filler"
                    with suppress(OSError), filler.open("wb") as file:
                        while True:
                            file.write(b"x" * 65536)
                            file.flush()
                    status = server.put("note", f"The number of the note is {number}. " * 2000)
                    failures += status not in (503, 507)
                    failures += server.delete("none") not in (404, 503, 507)
                    failures += said(server) != first
                    filler.unlink()
                    failures += server.put("note", f"The number of the note is {number}.") not in (200, 201)
                    failures += server.delete("note") != 204
                    failures += said(server) != first
            record("a file system of 8 MB that is full, and has space again, without a restart", tried, failures)
        finally:
            subprocess.run(["/usr/bin/umount", "-l", place], check=True)


def test_files_that_may_grow_no_further() -> None:
    """By RLIMIT_FSIZE: also those that a library makes for a moment, unless it has its tables already."""
    loaded = "from index.text.language import language; language('the words of a language ' * 20); "
    bound = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0})); "
    tried, failures, refused = 0, 0, 0
    with folder_kept_on_failure() as folder:
        own, held = six_indexed(folder), dict[str, str]()
        least = (own.data / "corpus.db").stat().st_size
        for before, most in ((loaded, least + 400_000), ("", 1000), (loaded, least), ("", least))[: rounds(2, 4)]:
            with Server(own.data, before=before + bound.format(most)) as server:
                first = said(server)
                for number in range(6):
                    name, text = f"note-{most}-{number}", f"The number of the note is {number}. " * 2000
                    status = server.put(name, text)
                    failures += status not in (201, 503)
                    refused += status == 503
                    held |= {name: text} if status == 201 else {}
                    tried += 1
                gone = next(iter(held), "none")
                if server.delete(gone) == 204:
                    del held[gone]
                failures += any(status != 200 for status, _ in said(server)) or not first
        with Server(own.data) as server:
            found = server.documents()
            failures += {name for name in found if name.startswith("note")} != held.keys()
    failures += not refused
    record("writes where no file may grow beyond a limit", tried, failures, f"{len(held)} acknowledged, all there")


def cited_until_abreast(server: Server, question: str) -> list[str]:
    """The quotes of all its answers, up to the first of which it says that nothing is missing from it.

    A server has to look first at what others wrote: it says so, and a new article may be missing meanwhile.
    """
    said = []
    while True:
        status, answer = server.ask(question)
        said += [json.dumps(answer.get("citations"))] * (status == 200)
        if status not in (200, 503) or (status == 200 and "-behind" not in answer["index_version"]):
            return said


def put(server: Server, note: str) -> bool:
    """Whether it took it; where another one writes for long, it says when to come again."""
    return server.put("note", note) in (200, 201)


def cited_by_another_server(changes: int, before: str = "") -> int:
    """Failures: what one of two servers over one folder has replaced or deleted, and the other cites a moment later."""
    failures, question, about = 0, "What is the number of the note?", "number of the note"
    with folder_kept_on_failure() as folder:
        own = six_indexed(folder)
        with Server(own.data, before=before) as one, Server(own.data, before=before) as other:
            for number in range(changes):
                writer, reader = (one, other) if number % 2 else (other, one)
                note = f"The number of the note is {number}, and nothing else is said about it."
                until(partial(put, writer, note))
                said = cited_until_abreast(reader, question)
                failures += note not in said[-1] or any(about in each and note not in each for each in said)
                if number % 3 == 1:
                    failures += writer.delete("note") != 204
                    failures += any(about in each for each in cited_until_abreast(reader, question))
            until(lambda: failures > 0 or one.documents() == other.documents())
            one.process.kill()
            until(partial(put, other, "No lock is left behind."))
    return failures


def test_two_servers_over_one_folder() -> None:
    changes = rounds(6, 300, 6)
    failures = cited_by_another_server(changes)
    record("changes by one of two servers, and questions to the other at once", changes, failures)


def test_the_rig_sees_a_server_that_looks_only_now_and_then() -> None:
    assert cited_by_another_server(2, "import server.live_index as l; l.Live.is_abreast = True; l.POLL_S = 600.0; ")


def power_cuts(tried: int, before: str = "") -> tuple[int, int]:
    """Failures and acknowledged writes. What stands in a file that holds a file system survives, and nothing that the
    kernel still keeps to itself.
    """
    tools = [shutil.which(name) for name in ("mkfs.ext4", "mount", "umount")]
    if os.geteuid() != 0 or None in tools or not Path("/dev/loop-control").exists():
        pytest.skip("power cuts need root, loop devices and mkfs.ext4")
    failures, acknowledged = 0, 0
    draw = random.Random(f"{SEED} power")
    with folder_kept_on_failure() as folder:
        disk, snapshot, here, there = (folder / name for name in ("disk.img", "snapshot.img", "here", "there"))
        here.mkdir()
        there.mkdir()
        for _ in range(tried):
            disk.unlink(missing_ok=True)  # the loop device of the last round may still be letting go of it
            with disk.open("wb") as file:
                file.truncate(48_000_000)
            subprocess.run(["mkfs.ext4", "-q", "-F", disk], check=True)
            if subprocess.run(["mount", "-o", "loop", disk, here]).returncode:
                pytest.skip("loop devices are not permitted here")
            try:
                own = six_indexed(here)
                os.sync()
                with Server(own.data, before=before) as server:
                    stop = Event()
                    clients = writing([Writing(server, f"n{one}", stop) for one in range(2)])
                    sleep(draw.uniform(0.1, 1.0))
                    held = [(client.held, client.acknowledged) for client in clients]
                    server.process.send_signal(signal.SIGSTOP)
                    snapshot.unlink(missing_ok=True)
                    shutil.copyfile(disk, snapshot)
                    begun = [{client.held, client.begun} for client in clients]
                    server.process.send_signal(signal.SIGKILL)
                    stop.set()
                    for client in clients:
                        client.join()
            finally:
                until(lambda: not subprocess.run(["umount", here], capture_output=True).returncode)
            subprocess.run(["mount", "-o", "loop", snapshot, there], check=True)
            try:
                with Server(there / "data") as server:
                    found = server.documents()
                    for at, client in enumerate(clients):
                        acknowledged += held[at][1]
                        failures += found.get(client.document) not in {held[at][0], *begun[at]}
                    failures += sum(status != 200 for status, _ in said(server))
            finally:
                until(lambda: not subprocess.run(["umount", there], capture_output=True).returncode)
    return failures, acknowledged


def test_power_cuts() -> None:
    tried = rounds(1, 100)
    failures, acknowledged = power_cuts(tried)
    record("power cuts while two clients write (ext4)", tried, failures, f"{acknowledged} writes acknowledged")


def test_the_rig_sees_power_cuts_of_a_store_that_is_not_synced() -> None:
    unsynced = "import index.storage.sqlite as s; s.WRITER = (*s.WRITER, 'synchronous=OFF'); "
    assert any(power_cuts(1, unsynced)[0] for _ in range(10))
