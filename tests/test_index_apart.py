"""Work done in another process: what passes a limit, breaks down or raises is a reason, and the next work is done."""

import os
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from index.errors import UnreadableFile
from index.formats import apart as module
from index.formats.apart import Limits, run_apart

LIMITS = Limits(seconds=1, megabytes=400)
ENDLESS: partial[deque[int]] = partial(deque, maxlen=0)  # goes through all that it is given, and keeps nothing


@pytest.mark.parametrize(
    ("work", "given", "reason"),
    [
        (ENDLESS, range(10**12), "takes more than 1 seconds to read"),
        (bytearray, 10**10, "takes more than 400 MB of memory to read"),
        (os._exit, 3, "made its parser break down, status 3"),
        (int, "x", "made its parser break down, ValueError: invalid literal"),
        (partial(getattr, 7), "nothing", "AttributeError"),
    ],
)
def test_what_cannot_be_done_is_a_reason_and_the_next_is_done(
    work: Callable[[Any], Any], given: object, reason: str
) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        list(run_apart(work, given, LIMITS))
    assert list(run_apart(range, 3, LIMITS)) == [0, 1, 2]


def test_one_process_serves_many_and_a_second_where_the_first_is_at_work() -> None:
    list(run_apart(range, 1, LIMITS))
    (before,) = module._idle
    first = run_apart(range, 10, LIMITS)
    assert next(first) == 0
    assert module._idle == []
    assert list(run_apart(range, 3, LIMITS)) == [0, 1, 2]
    assert list(first) == list(range(1, 10))
    assert before in module._idle and len(module._idle) == 2
    module._idle.pop().end()


def test_who_stops_in_the_middle_ends_the_process_and_a_dead_one_is_not_used() -> None:
    begun = run_apart(range, 10**9, LIMITS)
    next(begun)
    begun.close()
    assert module._idle == []
    list(run_apart(range, 1, LIMITS))
    (idle,) = module._idle
    idle._process.kill()
    idle._process.wait()
    assert list(run_apart(range, 2, LIMITS)) == [0, 1]
    assert module._idle != [idle]


def test_each_result_may_take_what_the_limit_allows() -> None:
    """A corpus of a million lines takes minutes; a line may not."""
    assert sum(1 for _ in run_apart(range, 300_000, LIMITS)) == 300_000
