"""The pages in a real browser, against a real server with the real model over the bundled articles."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from index.build import Builder
from index.embed import load_embedder
from index.settings import load_settings

pytestmark = [pytest.mark.slow, pytest.mark.browser]

ROOT = Path(__file__).parent.parent
QUESTION = "Which sectors gained from preferential access under the USMCA?"
SERVE = (
    "import sys; from index.settings import load_settings; from server.run import serve; "
    "serve(load_settings(data=sys.argv[1], port=0))"
)
HOSTILE = "<img src=x onerror=\"document.title='pwned'\"> <script>document.title='pwned'</script>"


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server over the seeds and three articles that are made to cause trouble."""
    data = tmp_path_factory.mktemp("page") / "data"
    settings = load_settings()
    Builder(data, settings, load_embedder("minilm")).index([ROOT / "seeds"])
    command = [sys.executable, "-c", SERVE, str(data)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip().rpartition(" ")[2]
            hostile = f"The parrot of Valparaiso says {HOSTILE} whenever the harbour bell rings at noon."
            put(address, "hostile", {"text": hostile, "title": HOSTILE, "author": HOSTILE})
            emoji = "🦜🦜 first. The harbour of Tromsø 🚢 freezes 👩‍👩‍👧 only once in a century. 𝔘nd so on 🦜."
            put(address, "folder/emoji", {"text": emoji, "title": "Ice 🧊"})
            put(address, "undated", {"text": "The clockmaker of Glarus never wrote down a year."})
            yield address
        finally:
            process.kill()


def put(origin: str, name: str, body: dict[str, str]) -> None:
    address = f"{origin}/v1/documents/{quote(name, safe='')}"
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(address, json.dumps(body).encode(), headers, method="PUT"), timeout=60) as reply:
        assert reply.status == 201


@contextmanager
def opened(
    browser: Browser, origin: str, *, width: int = 1280, height: int = 800, scheme: Literal["light", "dark"] = "light"
) -> Iterator[Page]:
    """A page that must not complain, nor ask any other origin for anything."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: faults.append(dialog.message))
    page.on("request", lambda request: faults.append(request.url) if not request.url.startswith(origin) else None)
    yield page
    assert faults == []
    assert context.cookies() == []
    context.close()


def ask(page: Page, question: str) -> None:
    before = page.locator(".turn .card").count()
    page.get_by_label("Your question").fill(question)
    page.get_by_label("Your question").press("Enter")
    expect(page.locator(".turn .card")).to_have_count(before + 1)
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()  # until then it says Stop


def marked(page: Page) -> str:
    return "".join(page.locator("#text mark").all_text_contents())


def test_a_question_is_answered_with_a_quote_whose_marker_leads_to_the_sentence(browser: Browser, origin: str) -> None:
    with opened(browser, origin) as page:
        page.goto(origin)
        page.get_by_role("button", name=QUESTION).click()
        expect(page.locator(".card blockquote")).to_have_count(1)
        words = page.locator("blockquote .words").inner_text()
        assert "automotive" in words
        expect(page.locator(".support")).to_have_text(re.compile("(Well s|S|Weakly s)upported"))
        expect(page.locator(".said").filter(has_text=words)).to_have_count(1)

        page.get_by_role("button", name="Source 1: Diplomacy in times of uncertainty").click()
        panel = page.get_by_role("dialog")
        expect(panel).to_be_visible()
        expect(panel.locator("mark")).to_have_text(words)
        expect(panel).to_contain_text("11 August 2025")
        assert words in panel.locator(".passage").inner_text()
        assert panel.locator(".passage").inner_text() != words

        page.get_by_role("link", name="Open the article at this sentence").click()
        expect(page.locator("#text mark")).to_be_in_viewport()
        assert marked(page) == words
        assert page.evaluate("document.activeElement.tagName") == "MARK"
        assert page.title().startswith("Diplomacy in times of uncertainty")

        page.goto(origin)
        expect(page.locator("blockquote .words")).to_have_text(words)  # the answer was not lost


def test_all_of_it_works_by_keyboard(browser: Browser, origin: str) -> None:
    with opened(browser, origin) as page:
        page.goto(origin)
        expect(page.get_by_label("Your question")).to_be_focused()
        page.keyboard.type(QUESTION)
        page.keyboard.press("Enter")
        marker = page.locator(".marker")
        expect(marker).to_have_attribute("aria-expanded", "false")
        expect(page.get_by_label("Your question")).to_be_focused()
        marker.focus()
        page.keyboard.press("Enter")
        expect(marker).to_have_attribute("aria-expanded", "true")
        expect(page.locator("#source-title")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(marker).to_be_focused()
        page.get_by_label("Your question").focus()
        page.keyboard.type("two")
        page.keyboard.press("Shift+Enter")
        page.keyboard.type("lines")
        expect(page.get_by_label("Your question")).to_have_value("two\nlines")


def test_when_the_articles_do_not_say_it_says_so_and_shows_the_nearest(browser: Browser, origin: str) -> None:
    with opened(browser, origin) as page:
        page.goto(origin)
        ask(page, "How tall is the Eiffel tower?")
        card = page.locator(".card.abstained")
        expect(card.locator(".note").first).to_contain_text("The articles do not say.")
        expect(card).to_contain_text("“Eiffel”")
        expect(card.locator("blockquote")).to_have_count(0)
        link = card.get_by_role("link").first
        passage = card.locator("li p").first.text_content() or ""
        link.click()
        expect(page.locator("#text mark").first).to_be_in_viewport()
        assert marked(page) == passage.replace("\n\n", "")


def test_every_quote_is_checked_in_the_browser_against_the_bytes_of_its_article(browser: Browser, origin: str) -> None:
    with opened(browser, origin) as page:
        page.goto(origin)
        ask(page, QUESTION)
        expect(page.locator(".check.good").first).to_contain_text("Checked in your browser")
        expect(page.locator(".check.wrong")).to_have_count(0)


def test_a_follow_up_says_how_it_was_understood_and_can_be_asked_as_typed(browser: Browser, origin: str) -> None:
    with opened(browser, origin) as page:
        page.goto(origin)
        ask(page, "What share of Mexico's exports goes to the US?")
        expect(page.locator(".conflict")).to_contain_text("different figures")
        ask(page, "And its imports?")
        understood = page.locator(".turn").nth(1).locator(".understood")
        expect(understood).to_contain_text("What share of Mexico's imports")
        understood.get_by_role("button", name="Ask as typed").click()
        expect(page.locator(".turn")).to_have_count(3)
        expect(page.locator(".turn").nth(2).locator(".card")).to_be_visible()
        expect(page.locator(".turn").nth(2).locator(".understood")).to_have_count(0)


def test_dates_say_when_they_are_inferred_or_unknown(browser: Browser, origin: str) -> None:
    with opened(browser, origin) as page:
        page.goto(f"{origin}/documents/001_4beff35bf11eeb42")
        expect(page.locator("#byline")).to_contain_text("Bartłomiej Znojek")
        expect(page.locator("#byline")).to_contain_text("about June 2026 (date inferred)")
        page.goto(f"{origin}/documents/undated")
        expect(page.locator("#byline")).to_have_text("undated")


def test_markup_in_an_article_stays_text(browser: Browser, origin: str) -> None:
    with opened(browser, origin) as page:
        page.goto(origin)
        ask(page, "What does the parrot of Valparaiso say when the harbour bell rings?")
        expect(page.locator("blockquote .words").first).to_contain_text(HOSTILE)
        page.locator(".marker").first.click()
        expect(page.locator("#source mark")).to_contain_text(HOSTILE)
        expect(page.locator("#source-title")).to_have_text(HOSTILE)
        expect(page.locator("#source-byline")).to_have_text(f"{HOSTILE} · undated")
        page.get_by_role("link", name="Open the article at this sentence").click()
        expect(page.locator("#title")).to_have_text(HOSTILE)
        assert HOSTILE in marked(page)
        assert page.locator("img:not(.brand img)").count() == 0
        assert page.title() == f"{HOSTILE} · Quotewell"


def test_offsets_beyond_emoji_mark_the_right_words(browser: Browser, origin: str) -> None:
    sentence = "The harbour of Tromsø 🚢 freezes 👩‍👩‍👧 only once in a century."
    with opened(browser, origin) as page:
        page.goto(origin)
        ask(page, "How often does the harbour of Tromsø freeze?")
        quoted = page.locator("blockquote .words").first.inner_text()
        assert sentence in quoted
        page.locator(".marker").first.click()
        expect(page.locator("#source mark")).to_have_text(quoted)
        whole = page.locator("#source-passage").text_content() or ""
        assert whole == "🦜🦜 first. The harbour of Tromsø 🚢 freezes 👩‍👩‍👧 only once in a century. 𝔘nd so on 🦜."
        page.get_by_role("link", name="Open the article at this sentence").click()
        expect(page.locator("#text mark")).to_be_visible()
        assert marked(page) == quoted
        start = whole.index("freezes")
        page.goto(f"{origin}/documents/folder%2Femoji#{start}-{start + len('freezes 👩‍👩‍👧')}")
        expect(page.locator("#text mark")).to_have_text("freezes 👩‍👩‍👧")


@pytest.mark.parametrize("fragment", ["", "#", "#9-3", "#0-999999", "#x-y", "#-1-5"])
def test_a_fragment_that_is_no_range_marks_nothing(browser: Browser, origin: str, fragment: str) -> None:
    with opened(browser, origin) as page:
        page.goto(f"{origin}/documents/undated{fragment}")
        expect(page.locator("#text")).to_have_text("The clockmaker of Glarus never wrote down a year.")
        expect(page.locator("mark")).to_have_count(0)


def test_a_small_screen_shows_everything_without_sideways_scrolling(browser: Browser, origin: str) -> None:
    def sideways(page: Page) -> bool:
        return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))

    with opened(browser, origin, width=320, height=568) as page:
        page.goto(origin)
        expect(page.locator("#corpus")).to_be_visible()
        assert not sideways(page)
        ask(page, QUESTION)
        assert not sideways(page)
        page.locator(".marker").click()
        expect(page.get_by_role("link", name="Open the article at this sentence")).to_be_in_viewport(ratio=1)
        expect(page.get_by_role("dialog").locator("mark")).to_be_in_viewport()
        expect(page.locator(".conversation")).to_have_attribute("inert", "")  # it lies below the source
        box = page.locator("#source").bounding_box()
        assert box is not None
        assert box["width"] == 320
        page.get_by_role("link", name="Open the article at this sentence").click()
        expect(page.locator("#text mark")).to_be_in_viewport()
        assert not sideways(page)


def test_the_dark_scheme_is_dark_and_readable(browser: Browser, origin: str) -> None:
    with opened(browser, origin, scheme="dark") as page:
        page.goto(origin)
        ask(page, QUESTION)
        page.locator(".marker").click()
        for selector in (
            "body",
            ".card .note",
            "blockquote",
            ".support",
            "#source",
            "#source mark",
            "#send",
            ".marker",
        ):
            assert contrast(page, selector) >= 4.5, selector
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 23, 26)"


@pytest.mark.parametrize("selector", ["body", ".promise", ".lede", ".example", "#corpus .byline", "#hint", "#send"])
def test_the_light_scheme_is_readable(browser: Browser, origin: str, selector: str) -> None:
    with opened(browser, origin) as page:
        page.goto(origin)
        expect(page.locator("#corpus")).to_be_visible()
        assert contrast(page, selector) >= 4.5


def contrast(page: Page, selector: str) -> float:
    """Of the text against the nearest background that is not transparent (WCAG 2.2)."""
    ratio = page.locator(selector).first.evaluate(
        """(element) => {
             const lum = (colour) => {
               const scale = colour.startsWith("color(") ? 1 : 255;  // color(srgb …) counts to one
               const [r, g, b] = colour.match(/[0-9.]+/g).slice(0, 3).map((v) => Number(v) / scale)
                 .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
               return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
             let behind = element;
             while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)")
               behind = behind.parentElement ?? behind.getRootNode().host;
             const [a, b] = [lum(getComputedStyle(element).color), lum(getComputedStyle(behind).backgroundColor)];
             return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); }"""
    )
    return float(ratio)


def test_a_server_that_is_gone_is_said_in_words_and_can_be_tried_again(browser: Browser, origin: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(origin)
    page.route("**/v1/ask", lambda route: route.abort())
    ask(page, QUESTION)
    expect(page.locator(".card.error .why")).to_have_text(
        "The server cannot be reached. See that it is running, then try again."
    )
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    page.unroute("**/v1/ask")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".card blockquote")).to_have_count(1)
    expect(page.locator(".turn")).to_have_count(1)
    context.close()


def test_without_an_index_the_page_says_so_and_goes_on_once_there_is_one(browser: Browser, origin: str) -> None:
    problem = {"detail": "no search index in '.index'; build one with: quotewell index PATH"}
    context = browser.new_context()
    page = context.new_page()
    page.route("**/v1/*", lambda route: route.fulfill(status=503, json=problem))
    page.goto(origin)
    expect(page.locator("#trouble")).to_have_text("No search index in '.index'; build one with: quotewell index PATH.")
    page.unroute("**/v1/*")
    expect(page.locator("#corpus li")).to_have_count(7)  # six titles, and how many more
    expect(page.locator("#trouble")).to_be_hidden()
    context.close()


def test_a_refused_question_says_why_and_stays_to_be_corrected(browser: Browser, origin: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(origin)
    ask(page, "?!")
    expect(page.locator(".card.error .why")).to_have_text("The question is empty; ask something in words.")
    expect(page.get_by_label("Your question")).to_have_value("?!")
    context.close()


def test_while_it_reads_it_says_so_and_takes_no_second_question(browser: Browser, origin: str) -> None:
    with opened(browser, origin) as page:
        page.goto(origin)
        held = []
        page.route("**/v1/ask", lambda route: held.append(route))
        page.get_by_label("Your question").fill(QUESTION)
        page.get_by_role("button", name="Ask", exact=True).click()
        expect(page.locator(".busy")).to_have_text("Reading the articles…")
        expect(page.locator("#send")).to_have_text("Stop")
        page.get_by_label("Your question").fill("Another?")
        page.get_by_label("Your question").press("Enter")
        expect(page.get_by_label("Your question")).to_have_value("Another?")
        expect(page.locator(".turn")).to_have_count(1)
        held[0].continue_()
        expect(page.locator(".card blockquote")).to_have_count(1)
        assert len(held) == 1


def test_an_answer_that_is_stopped_says_so_and_can_be_asked_for_again(browser: Browser, origin: str) -> None:
    with opened(browser, origin) as page:
        page.goto(origin)
        page.route("**/v1/ask", lambda route: None)
        page.get_by_label("Your question").fill(QUESTION)
        page.get_by_label("Your question").press("Enter")
        page.get_by_role("button", name="Stop").click()
        expect(page.locator(".stopped")).to_contain_text("Stopped.")
        page.unroute("**/v1/ask")
        page.get_by_role("button", name="Try again").click()
        expect(page.locator(".card blockquote")).to_have_count(1)
        expect(page.locator(".turn")).to_have_count(1)


def test_a_stream_that_breaks_leaves_what_came_and_can_be_tried_again(browser: Browser, origin: str) -> None:
    piece = {"segment": 0, "kind": "quote", "text": "Half of a sent", "citations": []}
    with opened(browser, origin) as page:
        page.goto(origin)
        stream = f"event: delta\ndata: {json.dumps(piece)}\n\n"
        page.route("**/v1/ask", lambda route: route.fulfill(content_type="text/event-stream", body=stream))
        page.get_by_label("Your question").fill(QUESTION)
        page.get_by_label("Your question").press("Enter")
        expect(page.locator("blockquote .words")).to_have_text("Half of a sent")
        expect(page.locator(".error .why")).to_have_text("The connection broke before the answer was complete.")
        page.unroute("**/v1/ask")
        page.get_by_role("button", name="Try again").click()
        expect(page.locator("blockquote .words")).to_contain_text("automotive")
        expect(page.locator(".error")).to_have_count(0)


def test_a_judgement_is_kept_shown_and_taken_back(browser: Browser, origin: str) -> None:
    with opened(browser, origin) as page:
        page.goto(origin)
        ask(page, QUESTION)
        sent: list[tuple[str, str | None]] = []
        page.on("request", lambda request: sent.append((request.method, request.post_data)))
        down = page.get_by_role("button", name="This answer did not help")
        down.click()
        expect(down).to_have_attribute("aria-pressed", "true")
        page.get_by_role("button", name="Incomplete").click()
        page.get_by_label("In your words").fill("There are more sectors.")
        page.get_by_role("button", name="Send").click()
        expect(page.locator(".reasons")).to_have_count(0)
        page.reload()
        expect(down).to_have_attribute("aria-pressed", "true")
        down.click()
        expect(down).to_have_attribute("aria-pressed", "false")
        expect(page.locator(".said").filter(has_text="taken back")).to_have_count(1)
        told = [(method, json.loads(body) if body else None) for method, body in sent if method in {"PUT", "DELETE"}]
        assert told == [
            ("PUT", {"verdict": "down", "reasons": [], "comment": ""}),
            ("PUT", {"verdict": "down", "reasons": ["incomplete"], "comment": "There are more sectors."}),
            ("DELETE", None),
        ]


def test_the_interface_page_needs_no_other_server(browser: Browser, origin: str) -> None:
    """Swagger UI's pictures are data: addresses; nothing else is fetched, and the policy of the page is kept."""
    context = browser.new_context()
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on(
        "request",
        lambda request: faults.append(request.url) if not request.url.startswith((origin, "data:")) else None,
    )
    page.goto(f"{origin}/docs")
    page.locator("#operations-answers-ask .opblock-summary-control").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table").get_by_role("cell", name="200", exact=True)).to_be_visible()
    assert faults == []
    context.close()
