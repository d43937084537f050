"""The command that serves an index: `serve`."""

import logging
from typing import Annotated

import typer

from index.first import ready
from index.generation import current
from index.options import Data
from index.settings import load_settings
from server.run import serve as serve_until_signal

LOG = "%(levelname)s %(name)s: %(message)s"


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
