"""Work that may take all time or memory is done in another process, which the system stops: it costs its file alone.

One process serves many files, so that a good one costs no more than its document's way through a pipe. It is told what
to run by a pipe and not by `multiprocessing`, which would run the main module of whoever imported this once more.
No sandbox: it keeps what a file takes within bounds, not what a program that breaks in may do.
"""

import atexit
import os
import pickle
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import is_dataclass
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple, TypeVar

from index.errors import UnreadableFile

Given = TypeVar("Given")
Found = TypeVar("Found")


class Limits(NamedTuple):
    """What one piece of work may take; of what yields many results, each one."""

    seconds: int  # of processor time, so that a busy machine is no failure
    megabytes: int  # of memory, the program itself with its 300 included


_TOO_MUCH_MEMORY = 77  # exit status
_BEGIN = "import sys; sys.path[:] = sys.argv[1:]; from index.formats.apart import serve; serve()"


def run_apart(work: Callable[[Given], Iterable[Found]], given: Given, limits: Limits) -> Generator[Found, None, None]:
    """What `work(given)` yields, made in another process; both are sent there, so `work` must stand in a module.

    Raises UnreadableFile where it passes a limit, breaks down or raises anything.
    """
    worker = _free_worker()
    try:
        yield from worker.run(work, given, limits)
    except UnreadableFile:
        worker.end() if worker.broken() else _idle.append(worker)
        raise
    except BaseException:  # whoever reads stopped in the middle
        worker.end()
        raise
    _idle.append(worker)


class _Worker:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BEGIN, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for whoever reads, who ends this
        )
        assert self._process.stdin and self._process.stdout
        self._to, self._from = self._process.stdin, self._process.stdout

    def run(self, work: Callable[[Given], Iterable[Found]], given: Given, limits: Limits) -> Iterator[Found]:
        folder = Path.cwd()
        try:
            pickle.dump((folder, work, given, limits), self._to)
            self._to.flush()
            while message := _Records(self._from).load():
                found, failure = message
                if failure:
                    raise UnreadableFile(failure)
                yield found
        except (EOFError, OSError, pickle.UnpicklingError) as error:  # it ended, perhaps in the middle of a message
            self._process.kill()  # which changes nothing for one that is ending
            raise UnreadableFile(_why(self._process.wait(), limits)) from error

    def broken(self) -> bool:
        return self._process.poll() is not None

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._to, self._from):
            pipe.close()


class _Records(pickle.Unpickler):
    """Revives records of ours and nothing that could run: whoever breaks into the other process gets no further."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _PLAIN:
            return super().find_class(module, name)
        found = super().find_class(module, name) if module.startswith("index.") and "." not in name else None
        if isinstance(found, type) and (is_dataclass(found) or issubclass(found, tuple)):
            return found
        raise pickle.UnpicklingError(f"{module}.{name} is no record")


_PLAIN = {("datetime", "date"), ("pathlib", "PosixPath"), ("pathlib", "WindowsPath")}
_idle: list[_Worker] = []
os.register_at_fork(after_in_child=_idle.clear)


def _free_worker() -> _Worker:
    while True:
        try:
            worker = _idle.pop()
        except IndexError:
            return _Worker()
        if not worker.broken():
            return worker
        worker.end()


@atexit.register
def _end_all() -> None:
    while _idle:
        _idle.pop().end()


def _why(status: int, limits: Limits) -> str:
    if status == -signal.SIGXCPU:
        return f"takes more than {limits.seconds} seconds to read; split it, or save it anew from its program"
    if status == _TOO_MUCH_MEMORY:
        return f"takes more than {limits.megabytes:,} MB of memory to read; split it, or save it anew from its program"
    how = signal.Signals(-status).name if status < 0 else f"status {status}"
    return _broken(f"{how}: it is damaged, or takes more than {limits.megabytes:,} MB of memory")


def _broken(why: str) -> str:
    return f"made its parser break down, {why}; save it anew from its program"


def serve() -> None:
    """The other process: does what it is told until nobody tells it any more."""
    told, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # each thread takes address space, of which there is little
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while True:
        try:
            folder, work, given, limits = pickle.load(told)
        except EOFError:
            return
        try:
            os.chdir(folder)  # paths may be given from there
            _bound_memory(limits)
            _bound_time(limits)
            for found in work(given):
                _answer(answers, (found, ""))
                _bound_time(limits)
            _answer(answers, None)
        except MemoryError:
            os._exit(_TOO_MUCH_MEMORY)  # nothing that takes memory
        except BrokenPipeError:
            return
        except RecursionError:
            _answer(answers, (None, "is nested too deeply; save it anew from its program"))
        except Exception as error:  # whatever a parser makes of what nobody foresaw costs its file and no other
            _answer(answers, (None, _broken(f"{type(error).__name__}: {error}"[:200])))


def _answer(answers: Any, message: object) -> None:
    pickle.dump(message, answers)
    answers.flush()


def _bound_time(limits: Limits) -> None:
    _set(resource.RLIMIT_CPU, int(process_time()) + 1 + limits.seconds)


def _bound_memory(limits: Limits) -> None:
    _set(resource.RLIMIT_AS, limits.megabytes * 1_000_000)


def _set(what: int, most: int) -> None:
    """As low, or as the system lets us: macOS does not bound address space."""
    _, hard = resource.getrlimit(what)
    try:
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    except (ValueError, OSError):
        return
