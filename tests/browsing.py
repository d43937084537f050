"""What tests of the server share: servers in this process on ports of their own, and pages that must not complain."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Thread
from typing import Any, cast

import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import BrowserContext, Dialog, Page, expect
from starlette.types import ASGIApp

from server.cli import Punctual


@contextmanager
def listening(
    app: ASGIApp, *, lifespan: bool = False, turned_away: Callable[[bytes], bytes | None] = lambda data: b""
) -> Iterator[str]:
    """The address of `app` on a loopback port; with `lifespan` it starts up and shuts down, too."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        http=cast("Any", partial(Punctual, turned_away)),
        log_config=None,
        lifespan="on" if lifespan else "off",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


@contextmanager
def serving(app: FastAPI, around: Callable[[ASGIApp], ASGIApp] = lambda app: app) -> Iterator[str]:
    """The address of an application that has its index, and perhaps something `around` it."""
    with listening(around(app), lifespan=True, turned_away=app.state.turned_away) as address:
        app.state.live.wait()
        yield address


def started(app: FastAPI, **how: Any) -> Iterator[TestClient]:
    """A client of one without a port; for a fixture, which yields from it."""
    with TestClient(app, **how) as client:
        app.state.live.wait()
        yield client


def watch(page: Page, *origins: str) -> list[str]:
    """What is wrong, as it happens: words on the console, errors, dialogs, downloads, requests to any other origin."""
    faults: list[str] = []

    def dismissed(dialog: Dialog) -> None:
        faults.append(dialog.message)
        dialog.dismiss()  # else the page waits for ever

    page.on("console", lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", dismissed)
    page.on("download", lambda download: faults.append(download.url))
    page.on("popup", lambda popup: faults.append(popup.url))
    page.on("request", lambda sent: None if sent.url.startswith(origins) else faults.append(sent.url))
    return faults


@contextmanager
def opened(context: BrowserContext, *origins: str) -> Iterator[Page]:
    """A page, which shares nothing with the others of the context but its process, and must not complain."""
    page = context.new_page()
    faults = watch(page, *origins)
    yield page
    page.close()
    assert faults == []
    assert context.cookies() == []


def say(page: Page, question: str) -> None:
    """Types a question and sends it."""
    box = page.locator("#question")
    box.fill(question)
    box.press("Enter")


def ask(page: Page, question: str) -> None:
    """…and waits for what it gives."""
    turns = page.locator(".turn")
    before = turns.count()
    say(page, question)
    expect(turns).to_have_count(before + 1)
    expect(turns.last.locator(".card")).to_have_count(1)
    expect(page.locator("#send:not(.stop)")).to_have_count(1)
