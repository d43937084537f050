"""The commands that serve an index: `serve` to people and programs, `mcp` to an agent that starts it."""

import logging
import sys
from pkgutil import resolve_name
from typing import Annotated

import typer

from index.console import tell, tell_error
from index.errors import QuotewellError
from index.first import ready
from index.generation import current
from index.options import Data
from index.settings import load_settings
from server.run import serve as serve_until_signal

LOG = "%(levelname)s %(name)s: %(message)s"
_STDIO = "server.agents:serve_stdio"  # loaded when it is wanted: `serve` must not wait for the protocol's package


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.  [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0 takes a free one.  [default: 8000]")] = None,
    data: Data = None,
) -> None:
    """Serve the page, the API and its documentation until Ctrl-C."""
    settings = load_settings(data=data, host=host, port=port)
    ready(settings)
    current(settings.data)  # raises IndexMissing here, where somebody reads it, and not at the first question
    logging.basicConfig(format=LOG)  # to stderr
    serve_until_signal(settings)


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
    resolve_name(_STDIO)(settings)
