"""The socket that `serve` listens on: a request on a kept-alive connection is not slower than one on a new one."""

import http.client
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from time import perf_counter

import pytest

from server.cli import listen

ROOT = Path(__file__).parent.parent
SERVE = (
    "import sys; from index.settings import load_settings; from server.cli import run_server; "
    "run_server(load_settings(data=sys.argv[1], embedder='hash', port=0))"
)
REQUESTS = 100  # of each kind; nearly half of them may be as late as the machine is busy
DELAYED_S = 0.04  # what an acknowledgement is held back for, here and on every machine


def test_what_it_accepts_sends_at_once() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        accepted.close()


@pytest.fixture
def port(six_data: Path) -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", SERVE, six_data], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield int(process.stdout.readline().strip().rpartition(":")[2])
    process.terminate()
    process.communicate()


def seconds(connection: http.client.HTTPConnection) -> float:
    begin = perf_counter()
    connection.request("GET", "/livez")
    assert connection.getresponse().read() == b'{"alive":true}'
    return perf_counter() - begin


@pytest.mark.slow
def test_a_kept_alive_request_is_as_quick_as_one_on_a_new_connection(port: int) -> None:
    """Taken in turn, so that a busy machine is busy for both. A delayed acknowledgement would cost each 40 ms."""
    kept, new = [], []
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        for _ in range(REQUESTS):
            kept.append(seconds(connection))
            with closing(http.client.HTTPConnection("127.0.0.1", port)) as fresh:
                new.append(seconds(fresh))
    assert median(kept) < median(new) + DELAYED_S / 2
