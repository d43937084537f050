"""`serve`: the application behind uvicorn on one address, until a signal ends it."""

import logging
import socket
import sys
from asyncio import to_thread

import uvicorn

from index.errors import BadSetting
from index.settings import Settings
from rag.chat_reader import chat_model
from server.app import create_app
from server.live import Live

GRACE_S = 5  # for requests that run when the signal comes

_log = logging.getLogger(__name__)


def serve(settings: Settings) -> None:
    """Blocks until SIGINT or SIGTERM. Prints the address once the index is loaded. Raises BadSetting."""
    chat_model(settings)  # said here, where somebody looks, and not by an index that never gets ready
    listener = listen(settings.host, settings.port)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    try:
        _Server(config, app.state.live, _address(listener)).run(sockets=[listener])
    except KeyboardInterrupt:  # uvicorn has shut down in order and hands the signal on
        _log.info("stopped")
    finally:
        listener.close()


class _Server(uvicorn.Server):
    """Says where it answers once it does."""

    def __init__(self, config: uvicorn.Config, live: Live, address: str) -> None:
        super().__init__(config)
        self._live = live
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        await to_thread(self._live.wait)
        sys.stdout.write(f"Quotewell answers on {self._address}\n")
        sys.stdout.flush()


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
