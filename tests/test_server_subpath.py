"""Behind a proxy that keeps a path for the server: every page and all that it loads, in a real browser."""

from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, expect
from starlette.types import ASGIApp, Receive, Scope, Send

from server.app import create_app
from tests import make
from tests.browsing import ask, opened, serving

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PREFIX = "/tools/qw"


class Proxy:
    """As nginx's "location /tools/qw/ { proxy_pass http://up/; }": the server is not told of the path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        raw = scope["raw_path"].decode()
        if not raw.startswith(f"{PREFIX}/"):
            await send({"type": "http.response.start", "status": 404, "headers": []})
            return await send({"type": "http.response.body", "body": b""})
        inside = raw.removeprefix(PREFIX)
        return await self._app({**scope, "raw_path": inside.encode(), "path": unquote(inside)}, receive, send)


@pytest.mark.parametrize("name", ["lamp", "folder/lamp"])
def test_chat_article_and_interface_work_below_a_path(tmp_path: Path, browser: Browser, name: str) -> None:
    text = "# The lamp of the harbour\n\nThe lamp of the harbour was lit in 1891 and burned whale oil.\n"
    app = create_app(make.indexed(tmp_path, {f"{name}.md": text}, threshold=0.0))
    context = browser.new_context()
    with serving(app, Proxy) as address, opened(context, address) as page:
        page.goto(f"{address}{PREFIX}/")
        ask(page, "When was the lamp of the harbour lit?")
        page.goto(f"{address}{PREFIX}/documents/{name.replace('/', '%2F')}#0-8")
        expect(page.locator("mark")).to_have_count(1)
        page.locator("a.brand").click()
        expect(page).to_have_url(f"{address}{PREFIX}/")
        page.goto(f"{address}{PREFIX}/docs", wait_until="commit")
        tried = page.locator(".opblock").filter(has_text="/version")
        tried.locator(".opblock-summary-control").click()
        tried.get_by_role("button", name="Try it out").click()
        with page.expect_response("**/version") as asked:
            tried.get_by_role("button", name="Execute").click()
        assert (asked.value.url, asked.value.status) == (f"{address}{PREFIX}/version", 200)
        page.goto(f"{address}{PREFIX}/docs/problems")
        page.get_by_role("link", name="Interface", exact=True).click()
        expect(page).to_have_url(f"{address}{PREFIX}/docs")
    context.close()
