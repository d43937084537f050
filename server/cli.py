"""The commands that serve an index: `serve` to people and programs, `mcp` to an agent that starts it."""

import gc
import logging
import resource
import socket
import sys
from asyncio import Transport, to_thread
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from index.bootstrap import ready, refuse_nothing
from index.errors import BadSetting, QuotewellError
from index.lazy import later
from index.options import Data
from index.settings import Settings, load_settings
from index.terminal import tell, tell_error
from rag.writing.chat_model import chat_model
from server.access.guard import refuse_open_doors
from server.access.hostnames import trusted
from server.app import create_app
from server.live_index import Live

# `serve`: the application behind uvicorn on one address, until a signal ends it.

GRACE_S = 5  # for requests that run when the signal comes
HEAD_S = 10.0  # from the connection, or the reply before, until the head of a request has come
BODY_S = 10.0  # from there until its body has come, and as much longer as its bytes take at
LEAST_RATE = 20_000  # bytes a second
UNREAD_S = 20.0  # that a client may leave a reply unread of which no more fits on the way
FILES = 4096  # and connections that are open at once, where the system allows that many
BACKLOG = 128  # connections that are taken at once, before any is looked at

_log = logging.getLogger(__name__)


def run_server(settings: Settings) -> None:
    """Blocks until SIGINT or SIGTERM. Prints the address once the index is loaded. Raises BadSetting."""
    chat_model(settings)  # said here, where somebody looks, and not by an index that never gets ready
    listener = listen(settings.host, settings.port)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        http=cast("Any", partial(Punctual, app.state.turned_away)),
        backlog=BACKLOG,
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        proxy_headers=bool(settings.proxies),  # else anybody could say who they are
        forwarded_allow_ips=trusted(settings.proxies),
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    gc.freeze()  # what stands by now stays, and need not be looked through for what an index before left in cycles
    try:
        _Server(config, app.state.live, _address(listener)).run(sockets=[listener])
    except KeyboardInterrupt:  # uvicorn has shut down in order and hands the signal on
        _log.info("stopped")
    finally:
        listener.close()


@cache
def most_open() -> int:
    """Connections at a time: fewer than half of the files that may be open, since the index and the store are files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(files // 2 - BACKLOG, files // 4)


class Punctual(H11Protocol):
    """Ends the connections of clients that send too slowly, or do not read: each costs memory, and a reply its turn.

    Of more than can be open, the one that has waited for its client for longest; where all are answered, the oldest.
    """

    def __init__(self, turned_away: Callable[[bytes], bytes | None], *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._between = self.conn.states  # of requests
        self._turned_away, self._head = turned_away, b""  # and what came of one that may be turned away
        self._begin, self._bytes, self._unread_since = self.loop.time(), 0, 0.0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > most_open():
            going = (cast("Punctual", one) for one in self.connections - {self} if not one.transport.is_closing())
            longest = min(going, key=lambda one: (not one.waits, one._begin), default=self)
            longest.transport.abort()

    @property
    def works(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def waits(self) -> bool:
        """For its client: no request came, or not all of it."""
        return not self.works or self.cycle.more_body

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        data, self._head = self._head + data, b""
        idle = self.conn.states == self._between and not self.conn.trailing_data[0] and not self.flow.write_paused
        if idle and (reply := self._turned_away(data)) != b"":
            if reply is None:
                self._head = data
            else:
                self.transport.write(reply)
                self.on_response_complete()
            return
        self._bytes += len(data)
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._begin, self._bytes = self.loop.time(), 0

    def send_400_response(self, msg: str) -> None:
        """Not where the head was good and the body is not: that request is being answered, too."""
        if self.works:
            self.transport.abort()
        else:
            super().send_400_response(msg)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._begin, self._bytes = self.loop.time(), 0

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread_since = self.loop.time()

    def look(self) -> None:
        """Whether the head or the body should be there, and the reply read; that we are quick is for us to see to."""
        now = self.loop.time()
        most_s = BODY_S + self._bytes / LEAST_RATE if self.works else HEAD_S
        unread_s = now - self._unread_since if self.flow.write_paused else 0.0
        if (self.waits and now - self._begin > most_s) or unread_s > UNREAD_S:
            self.transport.abort()


class _Server(uvicorn.Server):
    """Says where it answers once it does."""

    def __init__(self, config: uvicorn.Config, live: Live, address: str) -> None:
        super().__init__(config)
        self._live = live
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        while not self._live.wait(0) and not await self.on_tick(0):  # SIGTERM does not wait for an index that is made
            await to_thread(self._live.wait, 0.1)
        if not self.should_exit:
            sys.stdout.write(f"Quotewell answers on {self._address}\n")
            sys.stdout.flush()

    async def on_tick(self, counter: int) -> bool:
        for one in [*self.server_state.connections] if counter % 10 == 0 else ():  # every second
            cast("Punctual", one).look()
        return await super().on_tick(counter)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, so that the address is known, and known to be ours, before anything is loaded."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=2048)
        # Every connection inherits it. asyncio would see to it, but only where a socket names TCP as its protocol,
        # which this one does not; and a reply's body would wait until its headers are acknowledged, 40 ms later.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise BadSetting(
            f"cannot listen on {host} port {port}: {why}; choose another with --port (0 takes a free one) or --host"
        ) from error


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


LOG = "%(levelname)s %(name)s: %(message)s"
if TYPE_CHECKING:
    from server.mcp_tools.tools import serve_stdio
else:  # `serve` must not wait for the protocol's package
    serve_stdio = later("server.mcp_tools.tools:serve_stdio")


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.  [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0 takes a free one.  [default: 8000]")] = None,
    data: Data = None,
) -> None:
    """Serve the page, the API and its documentation until Ctrl-C."""
    settings = load_settings(data=data, host=host, port=port)
    refuse_open_doors(settings)
    ready(settings)
    refuse_nothing(settings)  # raises IndexMissing here, where somebody reads it, and not at the first question
    logging.basicConfig(format=LOG)  # to stderr
    run_server(settings)


def mcp(data: Data = None) -> None:
    """Serve search, fetch and ask to an agent over stdin and stdout (Model Context Protocol)."""
    settings = load_settings(data=data)
    logging.basicConfig(format=LOG)  # to stderr; stdout belongs to the protocol
    if sys.stdin.isatty():
        tell("waiting for an agent on stdin: this command is for an agent's settings (see README.md); Ctrl-C ends it")
    try:
        ready(settings)
    except (QuotewellError, OSError) as error:  # each tool will say what is missing, where the agent reads it
        tell_error(str(error))
    serve_stdio(settings)
