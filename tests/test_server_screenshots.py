"""Makes docs/screenshots: what a newcomer sees first. Only when asked: `UPDATE_SCREENSHOTS=1 pytest <this file>`."""

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from index.settings import load_settings
from server.app import create_app
from tests.browsing import ask, listening

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(not os.environ.get("UPDATE_SCREENSHOTS"), reason="set UPDATE_SCREENSHOTS=1 to make them anew"),
]

FOLDER = Path(__file__).parent.parent / "docs" / "screenshots"
MOST_BYTES = 120_000
QUESTION = "Which sectors gained from preferential access under the USMCA?"
HOST = """<!doctype html><html lang="en"><meta charset="utf-8"><title>The Border Review</title>
<style>body { margin: 0; background: #fff; color: #222; font: 18px/1.65 Georgia, "Liberation Serif", serif; }
header { padding: 18px 64px; border-bottom: 1px solid #ddd; font-weight: bold; letter-spacing: .02em; }
main { width: 620px; margin: 48px 64px; }
h1 { font-size: 38px; line-height: 1.15; margin: 0 0 20px; } p { margin: 0 0 18px; }
</style><header>The Border Review</header><main><h1>Mexico and its neighbour</h1>
<p>For a year we have followed what changed between the two countries: tariffs, trade, migration, and the people in
between. Four of our longer articles are collected here.</p>
<p>They can be read from beginning to end. They can also be asked: the button in the corner answers with sentences that
stand in them, and shows where.</p><p>Where our articles do not say, it says so. It makes nothing up, because it has no
words of its own.</p></main><script src="%s/widget.js" defer></script>"""


@pytest.fixture(scope="module")
def origin(seeds_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("screenshots") / "data"
    shutil.copytree(seeds_data, data)
    with listening(create_app(load_settings(data=data, origins="local null")), lifespan=True) as address:
        yield address


@contextmanager
def screen(browser: Browser, address: str, **how: Any) -> Iterator[Page]:
    page = browser.new_page(**{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **how})
    page.goto(address)
    yield page
    page.context.close()


def keep(page: Page, name: str) -> None:
    """As it is seen once all is quiet, in at most 256 colours."""
    page.mouse.move(0, 0)
    page.wait_for_load_state("networkidle")
    page.evaluate("Promise.all(document.getAnimations().map(({ finished }) => finished))")
    made = io.BytesIO()
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
        made, "PNG", optimize=True
    )
    assert len(made.getvalue()) <= MOST_BYTES, name
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.png").write_bytes(made.getvalue())


def answered(page: Page) -> None:
    ask(page, QUESTION)
    expect(page.locator(".check.good").first).to_be_visible()


def test_screenshots_are_made(browser: Browser, origin: str, tmp_path: Path) -> None:
    with screen(browser, origin) as page:
        expect(page.locator(".example")).to_have_count(4)
        keep(page, "start")
        answered(page)
        page.locator(".marker").first.click()
        keep(page, "answer")
        page.locator("#restart").click()
        ask(page, "How tall is the Eiffel tower?")
        keep(page, "abstained")
    with screen(browser, origin, color_scheme="dark") as page:
        answered(page)
        page.locator(".marker").first.click()
        keep(page, "dark")
    with screen(browser, origin, viewport={"width": 390, "height": 844}) as page:
        answered(page)
        keep(page, "phone")
    host = tmp_path / "host.html"
    host.write_text(HOST % origin, encoding="utf-8")
    with screen(browser, host.as_uri()) as page:
        page.locator(".launcher").click()
        answered(page)
        keep(page, "embedded")
