"""Every file of the data folder damaged, before the start and while it runs, and indexes that were made wrong.

No crash, and no other answer.
"""

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from index import build
from index.errors import IndexDamaged
from index.ranking.content import content_of, merged
from index.ranking.lexical import LexicalRanker
from index.storage.docstore import head_records
from index.storage.generation import current
from index.storage.pieces import Content, Pieces
from server.live_index import Live
from tests.conftest import until
from tests.make import document
from tests.rigs import points
from tests.rigs.rig import QUESTIONS, SEED, Server, folder_kept_on_failure, indexed, record, rounds, said, say

pytestmark = [pytest.mark.rig, pytest.mark.slow]

Damage = Callable[[Path, random.Random], None]


def flipped(path: Path, draw: random.Random) -> None:
    whole = bytearray(path.read_bytes() or b"\0")
    whole[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
    path.write_bytes(whole)


def flipped_all_over(path: Path, draw: random.Random) -> None:
    whole = bytearray(path.read_bytes())
    for at in range(0, len(whole), 7):
        whole[at] ^= 1 << draw.randrange(8)
    path.write_bytes(whole)


def zeroed(path: Path, draw: random.Random) -> None:
    """A page of it."""
    page = draw.randrange(0, max(path.stat().st_size, 1), 4096)
    with path.open("r+b") as file:
        file.seek(page)
        file.write(bytes(min(4096, path.stat().st_size - page)))


def cut(path: Path, draw: random.Random) -> None:
    os.truncate(path, draw.randrange(path.stat().st_size or 1))


def emptied(path: Path, _: random.Random) -> None:
    os.truncate(path, 0)


def exchanged(path: Path, draw: random.Random) -> None:
    """For another file of the folder."""
    others = sorted(one for one in path.parent.iterdir() if one.is_file() and one != path)
    path.write_bytes(draw.choice(others).read_bytes())


def deleted(path: Path, _: random.Random) -> None:
    path.unlink()


def closed(path: Path, _: random.Random) -> None:
    """Nobody may read it; root may all the same."""
    path.chmod(0)


def linked(path: Path, _: random.Random) -> None:
    """A link that leads nowhere in its place."""
    path.unlink()
    path.symlink_to("/nonexistent/file")


def a_folder(path: Path, _: random.Random) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: tuple[Damage, ...] = (
    *(flipped, flipped_all_over, zeroed, cut, emptied, exchanged, deleted, closed, linked, a_folder),
)
# of SQLite's: where a log was or the locks are, which exist only for moments or are the store's own last writes
_PASSING = ("-shm", "-wal", "-journal", ".lock")


def files_of(data: Path) -> list[Path]:
    """Of the search index, its pointer, and the store."""
    files = sorted(path for path in data.rglob("*") if path.is_file() and not path.name.endswith(_PASSING))
    return [path for path in files if ".damaged" not in path.parts and path.name not in ("answers.db", "feedback.db")]


def cases(data: Path, draw: random.Random, most: int) -> list[tuple[str, Damage]]:
    """By the name below the generation, since that changes from one to the next."""
    every = [(path.name, damage) for path in files_of(data) for damage in DAMAGES]
    return draw.sample(every, min(most, len(every)))


def of_name(data: Path, name: str) -> Path:
    return next(path for path in files_of(data) if path.name == name)


def test_damage_before_the_start() -> None:
    """Right answers, or a refusal by a server that lives; where the store is whole, right answers without help."""
    tried, failures, draw = 0, 0, random.Random(f"{SEED} before")
    with folder_kept_on_failure() as folder:
        own = indexed(folder)
        with Server(own.data) as server:
            wanted = said(server)
        for name, damage in cases(own.data, draw, rounds(2, 60)):
            place = folder / f"{tried}"
            shutil.copytree(own.data, place / "data")
            damage(of_name(place / "data", name), draw)
            with Server(place / "data") as server:
                found, alive = said(server), server.request("GET", "/livez")[0]
            right = [one in (want, (503, "")) for one, want in zip(found, wanted, strict=True)]
            mended = found == wanted or name == "corpus.db"
            if not (all(right) and alive == 200 and mended):
                failures += 1
                say(f"{name} {damage.__name__}: {[status for status, _ in found]}, {right}")
            else:
                shutil.rmtree(place)
            tried += 1
        record("a damaged file before the start: another answer, a crash, or no recovery", tried, failures)


# What may be lost without harm to an answer, each with its own request that must be served again by itself.
ASIDE = ("answers.db", "feedback.db", "replies.db")


def unmended(data: Path, answer: str, wanted: list[tuple[int, str]]) -> list[str]:
    """What is wrong with a server that is started there, a second request later."""
    with Server(data) as server:
        feedback, keyed = f"/v1/answers/{answer}/feedback", {"Idempotency-Key": "again"}
        found = said(server)
        for _ in range(2):  # the first finds the damage, and says so
            judged = server.request("PUT", feedback, {"verdict": "down"})[0]
            put = server.request("PUT", "/v1/documents/keyed", {"text": "This one has a key."}, keyed)[0]
        wrong = {"another answer": found != wanted, "no feedback": judged != 200, "no write": put not in (200, 201)}
        return [name for name, is_so in wrong.items() if is_so]


def test_damage_to_what_is_kept_beside_the_store() -> None:
    tried, failures, draw = 0, 0, random.Random(f"{SEED} aside")
    with folder_kept_on_failure() as folder:
        own = indexed(folder)
        with Server(own.data) as server:
            wanted, answer = said(server), server.ask(QUESTIONS[0])[1]["id"]
            server.request("PUT", f"/v1/answers/{answer}/feedback", {"verdict": "up"})
            server.request("PUT", "/v1/documents/keyed", {"text": "It has a key."}, {"Idempotency-Key": "once"})
            server.delete("keyed")
        every = [(name, damage) for name in ASIDE for damage in DAMAGES if damage not in (linked, a_folder)]
        for name, damage in draw.sample(every, rounds(3, len(every))):
            place = folder / f"{tried}"
            shutil.copytree(own.data, place / "data")
            for path in (place / "data").glob("*.db"):  # else the log hides what is damaged
                with closing(sqlite3.connect(path)) as connection:
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            damage(place / "data" / name, draw)
            if wrong := unmended(place / "data", answer, wanted):
                failures += 1
                say(f"{name} {damage.__name__}: {wrong}")
            tried += 1
    record("damage to feedback, kept answers and kept replies: what is asked twice is served", tried, failures)


def test_the_rig_sees_damage_that_nobody_sets_aside() -> None:
    with folder_kept_on_failure() as folder:
        own = indexed(folder)
        for name in ASIDE:
            (own.data / name).write_bytes(b"no database " * 1000)
            (own.data / f"{name}.damaged").mkdir()
            (own.data / f"{name}.damaged" / "full").touch()  # so that nothing takes its place
        assert unmended(own.data, "0" * 32, []) == ["another answer", "no feedback", "no write"]


def put_back(path: Path, whole: bytes) -> None:
    """In its place where it is still the file that the server has open."""
    if path.is_dir():
        path.rmdir()
    elif path.is_symlink():
        path.unlink()
    path.write_bytes(whole)


def wrong_while_it_runs(server: Server, most: int, draw: random.Random) -> tuple[int, int]:
    """Rounds, and those in which an answer differed, the server died or did not mend itself."""
    wanted, tried, failures = said(server), 0, 0
    for name, damage in cases(server.data, draw, most):
        if name == "corpus.db":  # its damage is for a person to mend
            continue
        path = of_name(server.data, name)
        whole = path.read_bytes()
        damage(path, draw)
        found = said(server)
        right = [one in (want, (503, "")) for one, want in zip(found, wanted, strict=True)]
        if not all(right):
            failures += 1
            say(f"{name} {damage.__name__} while it runs: {right}")
            return tried + 1, failures
        if any(status == 503 for status, _ in found):  # made again from the store
            until(lambda: said(server) == wanted)
        elif path.parent.is_dir():  # nobody read it
            put_back(path, whole)
        tried += 1
    return tried, failures


def test_damage_while_it_runs() -> None:
    draw = random.Random(f"{SEED} running")
    with folder_kept_on_failure() as folder:
        own = indexed(folder)
        with Server(own.data) as server:
            tried, failures = wrong_while_it_runs(server, rounds(25, 600, 10), draw)
            failures += server.process.poll() is not None
            # what was changed is made of what is read, and the index that is written is whole
            failures += server.put("note", "The number of the note is one.") != 201
            failures += server.delete("note") != 204
            until(lambda: all(status == 200 for status, _ in said(server)))
        record("a damaged file while it runs: another answer, a crash, or no recovery", tried, failures)


def test_a_store_that_is_damaged_while_it_runs_changes_no_answer() -> None:
    """It is the truth and cannot be made again: what answered before answers, or a refusal says why."""
    draw, tried, failures = random.Random(f"{SEED} store"), 0, 0
    with folder_kept_on_failure() as folder:
        own = indexed(folder)
        whole = (own.data / "corpus.db").read_bytes()
        with Server(own.data) as server:
            wanted = said(server)
            for _ in range(rounds(1, 5)):
                for damage in (flipped, flipped_all_over, zeroed, cut, emptied):
                    damage(own.data / "corpus.db", draw)
                    found = said(server)
                    failures += not all(one in (want, (503, "")) for one, want in zip(found, wanted, strict=True))
                    failures += server.process.poll() is not None
                    (own.data / "corpus.db").write_bytes(whole)
                    until(lambda: said(server) == wanted)
                    tried += 1
        record("a damaged store while it runs: another answer or a crash", tried, failures)


def test_the_rig_sees_a_hash_that_is_not_checked() -> None:
    with folder_kept_on_failure() as folder:
        own = indexed(folder)
        unchecked = (
            "import index.storage.pieces as p; "
            "p.Pieces.__getitem__ = lambda s, n: s.sources[int(s.source[n])].read(int(s.starts[n]), int(s.sizes[n])); "
        )
        with Server(own.data, before=unchecked) as server:
            wanted = said(server)
            for name in ("tokens.bin", "passages.bin"):
                flipped_all_over(of_name(own.data, name), random.Random(SEED))
            assert any(one not in (want, (503, "")) for one, want in zip(said(server), wanted, strict=True))


# A build that goes wrong makes what the store does not hold. As it is made, so it is found: no hash can tell.

Spoil = Callable[[Content], Content]


def changed(content: Content, name: str, values: np.ndarray) -> Content:
    return Content(content.arrays | {name: values}, content.pieces)


def vectors_of_the_next(content: Content) -> Content:
    return changed(content, "vectors", np.roll(content.arrays["vectors"], 1, axis=0))


def vectors_that_are_no_numbers(content: Content) -> Content:
    return changed(content, "vectors", np.full_like(content.arrays["vectors"], np.nan))


def words_of_the_next(content: Content) -> Content:
    return changed(content, "lexical_rows", (content.arrays["lexical_rows"] + 1) % content.passages)


def no_words(content: Content) -> Content:
    empty = LexicalRanker.build([[]] * content.passages).to_arrays()
    return Content(content.arrays | {f"lexical_{name}": values for name, values in empty.items()}, content.pieces)


def of_the_next(name: str) -> Spoil:
    """Pieces in another order than the rest."""

    def spoil(content: Content) -> Content:
        pieces = content.pieces[name]
        turned = pieces.beside(Pieces.of(()), np.roll(np.arange(len(pieces)), 1))
        return Content(content.arrays, content.pieces | {name: turned})

    spoil.__name__ = f"{name}_of_the_next"
    return spoil


def a_document_left_out(content: Content) -> Content:
    none = content_of([], "light", content.arrays["vectors"].shape[1])
    return merged(content, frozenset({next(head_records(content))[0]}), none)


SPOILT: tuple[Spoil, ...] = (
    *(vectors_of_the_next, vectors_that_are_no_numbers, words_of_the_next, no_words, a_document_left_out),
    *map(of_the_next, ("passages", "documents", "tokens")),
)


def spoil_builds(patch: pytest.MonkeyPatch, spoil: Spoil, *, lasts: bool) -> None:
    """What is made beside what stands and, where it `lasts`, what is made of everything."""
    for name in ("merged", "content_of") if lasts else ("merged",):
        good = getattr(build, name)

        def bad(*given: object, good: Callable[..., Content] = good) -> Content:
            made = good(*given)
            return spoil(made) if made.passages > 1 else made  # a single one has no neighbour

        patch.setattr(build, name, bad)


def same(one: Content, other: Content) -> bool:
    arrays = all(np.array_equal(values, other.arrays[name]) for name, values in one.arrays.items())
    return arrays and all([*pieces] == [*other.pieces[name]] for name, pieces in one.pieces.items())


def wrong_after_a_bad_build(spoil: Spoil, *, lasts: bool) -> str:
    """Of a write: what goes wrong once is made again from the store, what `lasts` is refused, and not in silence."""
    with folder_kept_on_failure() as folder, pytest.MonkeyPatch.context() as patch:
        own = points.indexed(folder)
        live = Live(own)
        live._attempt()
        before, pointed = live.assistant.index.generation, current(own.data)
        spoil_builds(patch, spoil, lasts=lasts)
        refused = False
        try:
            live.put(document(points.NEW, "museum", sha256="m"))
        except IndexDamaged:
            refused = True
        except ValueError as error:
            return f"what was made cannot answer: {error}"
        if refused != lasts:
            return "refused" if refused else "not refused"
        if lasts:
            if not same(live.assistant.index.generation.content, before.content) or current(own.data) != pointed:
                return "the former does not answer"
            if live.state.problem is None:
                return "nobody is told"
        patch.undo()
        live._attempt()
        whole = points.answers_equal_the_store(own).generation.content
        if not same(live.assistant.index.generation.content, whole) or live.state.problem is not None:
            return "not as the store has it"
        return ""


def test_an_index_that_was_made_wrong_does_not_answer() -> None:
    wrong = {
        (one.__name__, lasts): wrong_after_a_bad_build(one, lasts=lasts) for one in SPOILT for lasts in (False, True)
    }
    say(str(wrong))
    what = "an index that is made wrong: made again from the store, or refused while the former answers"
    record(what, len(wrong), sum(map(bool, wrong.values())))


def test_the_rig_sees_an_index_that_nobody_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of some it is seen only where the fault goes by: where it lasts, what is made cannot be opened."""
    monkeypatch.setattr(build, "refuse_unlike", lambda *_: None)
    assert all(any(wrong_after_a_bad_build(spoil, lasts=lasts) for lasts in (False, True)) for spoil in SPOILT)
