"""The pages in a real browser, against a real server with the real model over the bundled articles."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from index.settings import load_settings
from server.app import create_app
from tests.browsing import ask, opened, serving

pytestmark = [pytest.mark.slow, pytest.mark.browser]

QUESTION = "Which sectors gained from preferential access under the USMCA?"
HOSTILE = "<img src=x onerror=\"document.title='pwned'\"> <script>document.title='pwned'</script>"


@pytest.fixture(scope="module")
def origin(seeds_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server over the seeds and three articles that are made to cause trouble."""
    data = tmp_path_factory.mktemp("page") / "data"
    shutil.copytree(seeds_data, data)
    app = create_app(load_settings(data=data))
    with serving(app) as address:
        hostile = f"The parrot of Valparaiso says `{HOSTILE}` whenever the harbour bell rings at noon."
        put(address, "hostile", {"text": hostile, "title": HOSTILE, "author": HOSTILE})
        emoji = "🦜🦜 first. The harbour of Tromsø 🚢 freezes 👩‍👩‍👧 only once in a century. 𝔘nd so on 🦜."
        put(address, "folder/emoji", {"text": emoji, "title": "Ice 🧊"})
        put(address, "undated", {"text": "The clockmaker of Glarus never wrote down a year."})
        yield address


def put(origin: str, name: str, body: dict[str, str]) -> None:
    address = f"{origin}/v1/documents/{quote(name, safe='')}"
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(address, json.dumps(body).encode(), headers, method="PUT"), timeout=60) as reply:
        assert reply.status == 201


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, origin: str) -> Iterator[Page]:
    """The chat, which must not complain, nor ask any other origin for anything."""
    with opened(context, origin) as page:
        page.goto(origin)
        yield page


def marked(page: Page) -> str:
    return "".join(page.locator("#text mark").all_text_contents())


def test_a_question_is_answered_with_a_quote_whose_marker_leads_to_the_sentence(page: Page, origin: str) -> None:
    page.get_by_role("button", name=QUESTION).click()
    expect(page.locator(".card blockquote")).to_have_count(1)
    expect(page.locator(".support")).to_have_text(re.compile("(Well s|S|Weakly s)upported"))
    expect(page.locator(".check")).to_have_text(re.compile("✓\\s*Checked in your browser"))
    words = page.locator("blockquote .words").inner_text()  # which came bit by bit, and are all there once checked
    assert "automotive" in words

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


def test_when_the_articles_do_not_say_it_says_so_and_shows_the_nearest(page: Page, origin: str) -> None:
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


def test_a_follow_up_says_how_it_was_understood_and_can_be_asked_as_typed(page: Page, origin: str) -> None:
    ask(page, "What share of Mexico's exports goes to the US?")
    expect(page.locator(".conflict")).to_contain_text("different figures")
    ask(page, "And its imports?")
    understood = page.locator(".turn").nth(1).locator(".understood")
    expect(understood).to_contain_text("What share of Mexico's imports")
    understood.get_by_role("button", name="Ask as typed").click()
    expect(page.locator(".turn")).to_have_count(3)
    expect(page.locator(".turn").nth(2).locator(".card")).to_be_visible()
    expect(page.locator(".turn").nth(2).locator(".understood")).to_have_count(0)


def test_dates_say_when_they_are_inferred_or_unknown(page: Page, origin: str) -> None:
    page.goto(f"{origin}/documents/001_4beff35bf11eeb42")
    expect(page.locator("#byline")).to_contain_text("Bartłomiej Znojek")
    expect(page.locator("#byline")).to_contain_text("about June 2026 (date inferred)")
    page.goto(f"{origin}/documents/undated")
    expect(page.locator("#byline")).to_have_text("undated")


def test_markup_in_an_article_stays_text(page: Page, origin: str) -> None:
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


def test_offsets_beyond_emoji_mark_the_right_words(page: Page, origin: str) -> None:
    sentence = "The harbour of Tromsø 🚢 freezes 👩‍👩‍👧 only once in a century."
    ask(page, "How often does the harbour of Tromsø freeze?")
    expect(page.locator("blockquote .words").first).to_contain_text(sentence)  # which comes bit by bit
    expect(page.locator(".check").first).to_contain_text("Checked")
    quoted = page.locator("blockquote .words").first.inner_text()
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


def test_a_fragment_that_is_no_range_marks_nothing(page: Page, origin: str) -> None:
    page.goto(f"{origin}/documents/undated#4-14")
    expect(page.locator("#text mark")).to_have_text("clockmaker")
    for fragment in ("", "#9-3", "#0-999999", "#x-y", "#-1-5"):
        page.evaluate("fragment => { location.hash = fragment; }", fragment)
        expect(page.locator("mark")).to_have_count(0)
        expect(page.locator("#text")).to_have_text("The clockmaker of Glarus never wrote down a year.")
        page.evaluate("location.hash = '4-14'")
        expect(page.locator("#text mark")).to_have_count(1)


def test_a_small_screen_shows_everything_without_sideways_scrolling(page: Page, origin: str) -> None:
    def sideways() -> bool:
        return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))

    page.set_viewport_size({"width": 320, "height": 568})
    expect(page.locator("#corpus")).to_be_visible()
    assert not sideways()
    ask(page, QUESTION)
    assert not sideways()
    page.locator(".marker").click()
    expect(page.get_by_role("link", name="Open the article at this sentence")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("dialog").locator("mark")).to_be_in_viewport()
    expect(page.locator(".conversation")).to_have_attribute("inert", "")  # it lies below the source
    box = page.locator("#source").bounding_box()
    assert box is not None
    assert box["width"] == 320
    page.get_by_role("link", name="Open the article at this sentence").click()
    expect(page.locator("#text mark")).to_be_in_viewport()
    assert not sideways()


def test_without_an_index_the_page_says_so_and_goes_on_once_there_is_one(context: BrowserContext, origin: str) -> None:
    problem = {"detail": "no search index in '.index'; build one with: quotewell index PATH"}
    page = context.new_page()
    page.route("**/v1/*", lambda route: route.fulfill(status=503, json=problem))
    page.goto(origin)
    expect(page.locator("#trouble")).to_have_text("No search index in '.index'; build one with: quotewell index PATH.")
    page.unroute("**/v1/*")
    expect(page.locator("#corpus li")).to_have_count(7)  # six titles, and how many more
    expect(page.locator("#trouble")).to_be_hidden()
    page.close()


def test_a_refused_question_says_why_and_stays_to_be_corrected(context: BrowserContext, origin: str) -> None:
    page = context.new_page()  # the browser writes the refusal on the console
    page.goto(origin)
    ask(page, "?!")
    expect(page.locator(".card.error .why")).to_have_text("The question is empty; ask something in words.")
    expect(page.get_by_label("Your question")).to_have_value("?!")
    page.close()


def test_a_judgement_outlives_a_reload_and_can_be_taken_back(page: Page) -> None:
    ask(page, QUESTION)
    sent: list[tuple[str, str | None]] = []
    page.on("request", lambda request: sent.append((request.method, request.post_data)))
    down = page.get_by_role("button", name="This answer did not help")
    down.click()
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


def test_the_interface_page_needs_no_other_server(context: BrowserContext, origin: str) -> None:
    """Swagger UI's pictures are data: addresses; nothing else is fetched, and the policy of the page is kept."""
    with opened(context, origin, "data:") as page:
        page.goto(f"{origin}/docs")
        page.locator("#operations-answers-ask").wait_for()


def test_the_enter_that_ends_a_composition_sends_nothing(page: Page) -> None:
    """Safari has `isComposing` false there, and key code 229 as all have."""
    box = page.locator("#question")
    box.fill("にほん")
    for composing in (True, False):
        keys = {"key": "Enter", "keyCode": 229, "isComposing": composing, "bubbles": True, "composed": True}
        box.evaluate("(box, keys) => box.dispatchEvent(new KeyboardEvent('keydown', keys))", keys)
    expect(page.locator(".turn")).to_have_count(0)
    box.press("Enter")
    expect(page.locator(".turn")).to_have_count(1)
