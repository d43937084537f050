"""The widget in a page of another origin with a strict policy, in a real browser with a real server; and its file."""

import gzip
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from PIL import Image, ImageChops
from playwright.sync_api import Browser, BrowserContext, FloatRect, Page, expect
from starlette.responses import HTMLResponse
from starlette.testclient import TestClient

from server.app import create_app
from server.routes.pages import STATIC
from tests import make
from tests.browsing import listening, opened, started
from tests.conftest import SIX_ARTICLES

Hosted = Callable[[str], Page]

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "server" / "widget"
MOST_BYTES = 20_200  # 20 kB; deflaters differ by some bytes
QUESTION = "When did the Marten bakery open?"
STUB = """<script nonce="n">
window.Quotewell = ["open", "close", "ask", "on", "reset"].reduce((calls, name) => {
  calls[name] = (...given) => calls.push([name, ...given]); return calls; }, []);
Quotewell.on("answer", ({ answer }) => { document.title = answer.status; });
Quotewell.ask("When did the Marten bakery open?");
</script>"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return create_app(make.indexed(tmp_path_factory.mktemp("widget"), SIX_ARTICLES, threshold=0.0, origins="*"))


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    yield from started(app)


@pytest.fixture(scope="module")
def server(app: FastAPI, client: TestClient) -> Iterator[str]:
    with listening(app) as origin:
        yield origin


@pytest.fixture(scope="module")
def host(server: str) -> Iterator[FastAPI]:
    """Another origin, which lets in the widget and nothing else; a test sets what its page holds."""
    ours = (
        f"default-src 'none'; script-src {server} 'nonce-n'; connect-src {server}; base-uri 'none'; "
        "require-trusted-types-for 'script'; trusted-types lit-html"
    )
    host = FastAPI()

    def page(policy: str = ours) -> HTMLResponse:
        html = f'<!doctype html><html lang="en"><title>Host</title><main><h1>Host</h1></main>{host.state.body}'
        return HTMLResponse(html, headers={"Content-Security-Policy": policy})

    host.add_api_route("/", page)
    with listening(host) as host.state.origin:
        yield host


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    context.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    yield context
    context.close()


@pytest.fixture
def hosted(context: BrowserContext, host: FastAPI, server: str) -> Iterator[Callable[[str], Page]]:
    """Opens a page with that body; it must not complain, nor ask others."""
    with opened(context, host.state.origin, server) as page:

        def show(body: str) -> Page:
            host.state.body = body
            page.goto(host.state.origin)
            return page

        yield show


def tag(server: str, attributes: str = "") -> str:
    return f'<script src="{server}/widget.js" {attributes}></script>'


def ask(page: Page, question: str = QUESTION) -> None:
    page.get_by_label("Your question").fill(question)
    page.get_by_label("Your question").press("Enter")
    expect(page.locator(".turn").last.locator(".support, .absent")).to_have_count(1)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("left_out", ["", "connect-src SERVER; "])
def test_a_page_that_allows_nothing_but_what_is_documented_reports_no_violation(
    context: BrowserContext, host: FastAPI, server: str, left_out: str
) -> None:
    """And one that leaves out a line of it does: else nobody would see one."""
    documented = re.search(
        r"^\*\*Content-Security-Policy\*\* of the page: `(.+?)`", (ROOT / "docs/service.md").read_text(), re.MULTILINE
    )
    assert documented and left_out in documented[1]
    allowed = documented[1].replace(left_out, "").replace("SERVER", server)
    host.state.body = tag(server)
    page = context.new_page()
    page.add_init_script(
        "window.violations = []; "
        "addEventListener('securitypolicyviolation', event => violations.push(event.effectiveDirective));"
    )
    policy = quote(f"default-src 'none'; {allowed}")
    page.goto(f"{host.state.origin}?policy={policy}")
    page.locator(".launcher").click()
    if left_out:
        page.wait_for_function("violations.includes('connect-src')")
    else:
        ask(page)
        page.locator(".marker").first.click()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Close").click()
        assert page.evaluate("violations") == []
    page.close()


@pytest.mark.browser
@pytest.mark.slow
def test_one_line_puts_a_launcher_on_any_page_whose_dialog_answers(hosted: Hosted, server: str) -> None:
    page = hosted(tag(server))
    launcher = page.locator(".launcher")
    expect(launcher).to_have_attribute("aria-expanded", "false")
    launcher.click()
    expect(page.get_by_role("dialog", name="Ask the articles")).to_be_visible()
    expect(launcher).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_label("Your question")).to_be_focused()
    ask(page)
    expect(page.locator("blockquote .words").first).to_contain_text("1987")
    expect(page.locator(".check.good").first).to_be_visible()
    page.locator(".marker").first.click()
    link = page.get_by_role("link", name="Open the article at this sentence")
    assert str(link.get_attribute("href")).startswith(f"{server}/documents/bakery#")
    page.keyboard.press("Escape")
    expect(page.locator(".marker").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(launcher).to_be_focused()


@pytest.mark.browser
@pytest.mark.slow
def test_what_a_page_calls_before_the_script_is_there_happens_once_it_is(hosted: Hosted, server: str) -> None:
    page = hosted(STUB + tag(server))
    expect(page.locator("blockquote .words").first).to_contain_text("1987")
    assert page.title() == "answered"
    page.evaluate("Quotewell.close()")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.evaluate("Quotewell.open()")
    page.evaluate("Quotewell.reset()")
    expect(page.locator(".turn")).to_have_count(0)


@pytest.mark.browser
@pytest.mark.slow
def test_the_page_hears_of_everything_by_events(hosted: Hosted, server: str) -> None:
    page = hosted(tag(server, 'data-auto="off"'))
    expect(page.locator("quotewell-chat")).to_have_count(0)
    page.evaluate(
        """() => { window.heard = [];
        for (const name of ["open", "submit", "answer", "source", "feedback", "error", "close"])
          document.addEventListener(`quotewell:${name}`, (event) => heard.push([name, event.composed])); }"""
    )
    page.evaluate("Quotewell.open()")
    ask(page)
    page.locator(".marker").first.click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="This answer helped").click()
    expect(page.locator(".said").filter(has_text="Thank you")).to_have_count(1)
    ask_refused(page)
    page.evaluate("Quotewell.close()")
    expect(page.get_by_role("dialog")).to_have_count(0)
    names = ["open", "submit", "answer", "source", "feedback", "submit", "error", "close"]
    assert page.evaluate("heard") == [[name, True] for name in names]


UGLY = {  # what a page says of everything; zoom alone goes through, as a browser's own does
    "handed down": """body { text-transform: uppercase; letter-spacing: .4em; word-spacing: 2em; text-indent: 5em;
        font: italic small-caps 900 30px/3 cursive; color: red; white-space: pre; text-align: right;
        word-break: break-all; hyphens: auto; -webkit-text-stroke: 2px red; text-shadow: 3px 3px red;
        cursor: wait; tab-size: 20 }""",
    "from the right": """html { direction: rtl; text-align: justify; text-align-last: right;
        unicode-bidi: bidi-override; writing-mode: vertical-rl; text-orientation: upright }
        quotewell-chat { direction: rtl }""",
    "everything is important": """* { font: 40px/4 cursive !important; color: lime !important; opacity: .4 !important;
        letter-spacing: 9px !important; text-transform: uppercase !important; float: right !important;
        position: relative !important; transform: rotate(3deg) !important; filter: blur(2px) !important;
        visibility: hidden !important; direction: rtl !important; pointer-events: none !important }""",
    "the body is turned": """body { transform: scale(.5) rotate(5deg); filter: blur(3px); perspective: 100px;
        opacity: .5; contain: strict; overflow: hidden; height: 40px; clip-path: inset(50%) }""",
    "boxes": """html { font-size: 40px } *, *::before, *::after { box-sizing: content-box !important;
        width: 10px !important; max-width: 50px !important; height: 10px !important; margin: 20px !important;
        padding: 20px !important; border: 5px solid red !important; background: pink !important;
        z-index: -1 !important; inset: 0 !important; clip-path: circle(5%) !important;
        display: inline-table !important }""",
}


ROUNDED = 4  # of 255 steps, by which a colour may differ; seen were 2, of three pixels


def picture(png: object) -> Image.Image:
    assert isinstance(png, bytes)
    return Image.open(BytesIO(png)).convert("RGB")


def shown_on(hosted: Hosted, server: str, style: str) -> list[object]:
    """Where the launcher and the open dialog stand, and what is seen within their rounded corners."""
    page = hosted(tag(server))
    adopt = (
        "css => { const sheet = new CSSStyleSheet(); sheet.replaceSync(css); document.adoptedStyleSheets = [sheet] }"
    )
    page.evaluate(adopt, style)
    page.get_by_role("button", name="Ask the articles").click()
    ask(page)
    expect(page.locator(".check.good")).to_have_count(1)
    page.mouse.move(0, 0)
    seen, now = list[object](), looked_at(page)
    while seen != now:  # until it stands still: a busy machine draws late
        seen, now = now, looked_at(page)
    page.evaluate("sessionStorage.clear()")
    return seen


def looked_at(page: Page) -> list[object]:
    seen: list[object] = []
    for part in (".launcher", "#panel"):
        box = page.locator(part).bounding_box()
        assert box
        x, y, width, height = (round(box[side]) for side in ("x", "y", "width", "height"))
        inside = FloatRect(x=x + 26, y=y + 5, width=width - 52, height=height - 10)
        seen += [box, page.screenshot(clip=inside, animations="disabled")]
    return seen


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("name", UGLY)
def test_nothing_that_a_page_says_of_everything_changes_the_widget(hosted: Hosted, server: str, name: str) -> None:
    """To the pixel, but for what a browser rounds otherwise now and then at a rounded corner."""
    plain, ugly = shown_on(hosted, server, ""), shown_on(hosted, server, UGLY[name])
    assert ugly[::2] == plain[::2]  # where they stand
    for one, other in zip(plain[1::2], ugly[1::2], strict=True):
        apart = max(ImageChops.difference(picture(one), picture(other)).tobytes())
        assert apart <= ROUNDED, "the launcher or the dialog looks otherwise"


@pytest.mark.browser
@pytest.mark.slow
def test_a_page_can_still_hide_it_and_set_its_colours(hosted: Hosted, server: str) -> None:
    page = hosted(tag(server))
    launcher = page.locator(".launcher")
    page.evaluate("document.querySelector('quotewell-chat').style.setProperty('--quotewell-accent', 'rgb(1, 2, 3)')")
    expect(launcher).to_have_css("background-color", "rgb(1, 2, 3)")
    page.evaluate("document.querySelector('quotewell-chat').hidden = true")
    expect(launcher).to_be_hidden()


def ask_refused(page: Page) -> None:
    page.route("**/v1/ask", lambda route: route.fulfill(status=200, json={}))  # no answer at all
    page.get_by_label("Your question").fill("Another?")
    page.get_by_label("Your question").press("Enter")
    expect(page.locator(".error .why")).to_have_text("The connection broke before the answer was complete.")


@pytest.mark.browser
@pytest.mark.slow
def test_attributes_of_the_script_shape_the_widget(hosted: Hosted, server: str) -> None:
    shape = (
        'data-title="Ask Ada" data-lang="es" data-theme="dark" data-position="start" data-open data-shortcut="mod+i" '
        'data-questions="One?|Two?" data-placeholder="Anything" data-disclaimer="Check the sources."'
    )
    page = hosted(tag(server, shape))
    expect(page.get_by_role("dialog", name="Ask Ada")).to_be_visible()
    expect(page.locator("#welcome-title")).to_have_text("¿Qué le gustaría saber?")
    expect(page.locator(".example")).to_have_text(["One?", "Two?"])
    expect(page.locator("#question")).to_have_attribute("placeholder", "Anything")
    expect(page.locator(".disclaimer")).to_have_text("Check the sources.")
    assert page.locator(".panel").evaluate("node => getComputedStyle(node).backgroundColor") == "rgb(21, 23, 26)"
    box = page.locator(".launcher").bounding_box()
    assert box is not None
    assert box["x"] == 20
    page.keyboard.press("Control+i")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.browser
@pytest.mark.slow
def test_on_a_phone_the_dialog_covers_the_page_and_is_modal(hosted: Hosted, server: str) -> None:
    page = hosted(tag(server))
    page.set_viewport_size({"width": 320, "height": 700})
    page.locator(".launcher").click()
    expect(page.locator("dialog:modal")).to_have_count(1)
    box = page.locator("dialog").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 320, "height": 700}


@pytest.mark.browser
@pytest.mark.slow
def test_a_page_that_has_the_script_twice_has_one_widget(hosted: Hosted, server: str) -> None:
    page = hosted(tag(server, "defer") + tag(server, "defer") + tag(server))
    expect(page.locator("quotewell-chat")).to_have_count(1)
    page.evaluate("Quotewell.open()")
    ask(page)
    expect(page.locator("blockquote .words").first).to_contain_text("1987")


@pytest.mark.browser
@pytest.mark.slow
def test_nothing_is_left_in_the_browser_but_the_answers_of_this_tab(hosted: Hosted, server: str) -> None:
    page = hosted(tag(server, "data-open"))
    ask(page)
    kept = page.evaluate("[document.cookie, localStorage.length, Object.keys(sessionStorage)]")
    assert kept == ["", 0, [f"quotewell.answers {server}"]]
    page.evaluate("Quotewell.reset()")
    assert page.evaluate("sessionStorage.length") == 0


def test_the_script_may_be_kept_for_five_minutes_and_used_by_every_page(client: TestClient) -> None:
    reply = client.get("/widget.js")
    assert reply.headers["content-type"].startswith("text/javascript")
    assert reply.headers["cache-control"] == "public, max-age=300"
    assert reply.headers["cross-origin-resource-policy"] == "cross-origin"
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.content == (STATIC / "widget.js").read_bytes()
    again = client.get("/widget.js", headers={"If-None-Match": reply.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_page_of_its_own_keeps_scripts_and_markup_out(client: TestClient) -> None:
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'" in policy
    assert "require-trusted-types-for 'script'; trusted-types lit-html" in policy
    assert "unsafe" not in policy


def test_the_script_is_small() -> None:
    assert len(gzip.compress((STATIC / "widget.js").read_bytes(), 9)) <= MOST_BYTES


def test_no_markup_is_made_from_text_and_nothing_is_fetched_from_elsewhere() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in sorted(SOURCES.glob("src/*.ts")))
    for never in (
        "innerHTML",
        "insertAdjacentHTML",
        "unsafeHTML",
        "document.cookie",
        "document.write",
        "<img",
        "http:",
    ):
        assert never not in sources


def test_the_committed_script_is_what_its_sources_build(tmp_path: Path) -> None:
    modules = SOURCES / "node_modules"
    if shutil.which("node") is None or not modules.is_dir():
        pytest.skip("no node, or no node_modules: run `npm ci` in server/widget")
    copy = tmp_path / "server" / "widget"
    shutil.copytree(SOURCES, copy, ignore=shutil.ignore_patterns("node_modules"))
    (copy / "node_modules").symlink_to(modules)
    (tmp_path / "server" / "static").mkdir()
    done = subprocess.run(["node", "build.mjs"], cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    built = {path.name: path.read_bytes() for path in (tmp_path / "server" / "static").iterdir()}
    assert built == {path.name: path.read_bytes() for path in STATIC.glob("widget.*")}
    assert set(built) == {"widget.js", "widget.js.LEGAL.txt", "widget.es.json"}
