"""The widget in a real browser: every state for everybody's eyes and hands, and a network that fails."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from server.app import create_app
from tests import make
from tests.browsing import ask, listening, say, watch
from tests.conftest import SIX_ARTICLES
from tests.faulty_server import Faulty, answer, citation

pytestmark = [pytest.mark.slow, pytest.mark.browser]

EMBED = Path(__file__).parent.parent / "examples" / "host.html"
QUESTION = "When did the Marten bakery open?"
BROKEN = "When did the Marten bakery first open?"
OPENING = [
    {"segment": 0, "kind": "note", "text": "According to “Bread in the north”:", "citations": []},
    {"segment": 1, "kind": "quote", "text": "The Marten bakery ", "citations": []},
]
BAKES, RUNS = "It bakes forty kinds of rye bread.", "Oskar Lind has run it alone since 2011."
PHRASED = answer(
    question="Phrased?",
    text="Forty kinds of bread [1], by one man [2].",
    segments=[
        {"kind": "conflict", "text": "The articles give different figures:", "citations": []},
        {"kind": "comparison", "text": "In 2011", "citations": []},
        {"kind": "statement", "text": "It bakes forty kinds of bread.", "citations": [1]},
        {"kind": "statement", "text": "One man runs it.", "citations": [1, 2]},
    ],
    citations=[citation(1, BAKES, start=57, end=91), citation(2, RUNS, start=92, end=131)],
    phrasing={"model": "small-model", "dropped": 2},
    confidence=0.3,
)
DATED = answer(
    question="Since when?",
    text=f"“{RUNS}” [1]",
    segments=[{"kind": "quote", "text": RUNS, "citations": [1]}],
    citations=[citation(1, RUNS, start=92, end=131, answer={"text": "2011", "start": 126, "end": 130})],
    confidence=0.6,
)
FOLLOWED = answer(
    question="And its bread?",
    text=f"“{BAKES}” [1]",
    standalone="What bread does the Marten bakery bake?",
    segments=[{"kind": "quote", "text": BAKES, "citations": [1]}],
    citations=[citation(1, BAKES, start=57, end=91)],
    follow_ups=["Who has run the bakery since 2011?"],
    confidence=0.6,
)
SCRIPTS: dict[str, str | dict[str, Any]] = {
    "Hold?": "hold",
    BROKEN: "drop",
    "Busy?": "busy",
    "Busy for long?": "busy_for_long",
    "Loading?": "loading",
    "Phrased?": PHRASED,
    "And its bread?": FOLLOWED,
    "Since when?": DATED,
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = """(rules) => axe.run({ runOnly: rules, resultTypes: ["violations"] }).then(({ violations }) =>
  violations.map(({ id, nodes }) => [id, ...nodes.map(({ target, failureSummary }) => [target, failureSummary])]))"""


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Faulty:
    settings = make.indexed(tmp_path_factory.mktemp("browser"), SIX_ARTICLES, threshold=0.2, origins="local null")
    return Faulty(create_app(settings), SCRIPTS, OPENING)


@pytest.fixture(scope="module")
def server(faulty: Faulty) -> Iterator[str]:
    with listening(faulty, lifespan=True) as origin:
        yield origin


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(server)
    yield page
    page.context.close()


def assert_accessible(page: Page, state: str) -> None:
    assert [state, *page.evaluate(AXE, RULES)] == [state]


def start(page: Page) -> None:
    expect(page.locator(".example").first).to_be_visible()


def streaming(page: Page) -> None:
    say(page, "Hold?")
    expect(page.locator(".busy")).to_have_text("Answering…")


def stopped(page: Page) -> None:
    page.locator("#send.stop").click()
    expect(page.locator(".stopped")).to_contain_text("Stopped.")


def answered(page: Page) -> None:
    page.locator("#restart").click()
    ask(page, QUESTION)
    expect(page.locator(".check.good").first).to_be_visible()


def source(page: Page) -> None:
    page.locator(".marker").first.click()
    expect(page.locator("#source-title")).to_be_focused()


def reasons(page: Page) -> None:
    page.locator("#source-close").click()
    page.locator(".passages summary").first.click()
    page.locator(".thumb.down").click()
    page.locator(".reason").first.click()
    expect(page.locator(".reason").first).to_have_attribute("aria-pressed", "true")


def followed(page: Page) -> None:
    ask(page, "And its bread?")
    expect(page.locator(".understood")).to_be_visible()


def abstained(page: Page) -> None:
    page.locator("#restart").click()
    ask(page, "How tall is the Eiffel tower?")
    expect(page.locator(".abstained .passages li").first).to_be_visible()


def phrased(page: Page) -> None:
    page.locator("#restart").click()
    ask(page, "Phrased?")
    expect(page.locator(".statement .marker")).to_have_count(3)


def short(page: Page) -> None:
    page.locator("#restart").click()
    ask(page, "Since when?")
    expect(page.locator("blockquote mark")).to_have_text("2011")
    expect(page.locator("blockquote .words")).to_have_text(RUNS)


def failed(page: Page) -> None:
    page.locator("#restart").click()
    ask(page, "Busy for long?")
    ask(page, "Loading?")
    page.context.set_offline(True)
    ask(page, QUESTION)
    page.context.set_offline(False)
    expect(page.locator(".error")).to_have_count(3)


STATES: list[Callable[[Page], None]] = [
    start, streaming, stopped, answered, source, reasons, followed, abstained, phrased, short, failed
]  # fmt: skip


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_state_keeps_anybody_out(
    browser: Browser, server: str, scheme: Literal["light", "dark"], width: int
) -> None:
    """No rule of WCAG 2.2 AA that a program can check is broken, nor is anything to be scrolled sideways."""
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 700}, reduced_motion="reduce")
    page.goto(server)
    page.evaluate(Axe().axe_script)
    for state in STATES:
        state(page)
        assert_accessible(page, f"{state.__name__} {scheme} {width}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), state.__name__
    page.context.close()


def test_forced_colours_and_right_to_left_keep_everything(browser: Browser, server: str) -> None:
    page = browser.new_page(forced_colors="active", viewport={"width": 1280, "height": 800})
    page.goto(server)
    page.evaluate(Axe().axe_script)
    page.evaluate("const chat = document.querySelector('quotewell-chat'); chat.dir = 'rtl'; chat.lang = 'es'")
    expect(page.locator("#welcome-title")).to_have_text("¿Qué le gustaría saber?")
    ask(page, QUESTION)
    page.locator(".marker").first.click()
    page.get_by_role("button", name="Esta respuesta no sirvió").click()
    assert_accessible(page, "forced colours, from the right")
    assert edge(page, "#source", "right") <= edge(page, "#log", "left")
    assert edge(page, "#send", "right") < edge(page, "#question", "left")
    assert edge(page, "#restart", "right") < edge(page, "#title", "left")
    assert styled(page, ".marker", "borderTopColor") == styled(page, "#source", "color")  # else it were plain text
    assert styled(page, ".thumb.down", "borderTopWidth") == "3px"  # pressed
    assert styled(page, "#source mark", "backgroundColor") != styled(page, "#source", "backgroundColor")
    page.context.close()


def edge(page: Page, selector: str, side: str) -> float:
    return float(page.locator(selector).evaluate(f"node => node.getBoundingClientRect().{side}"))


def styled(page: Page, selector: str, name: str) -> str:
    return str(page.locator(selector).first.evaluate(f"node => getComputedStyle(node).{name}"))


def test_nothing_moves_for_whom_motion_is_too_much(page: Page) -> None:
    say(page, "Hold?")
    assert styled(page, ".dots", "animationName") == "breathe"
    page.emulate_media(reduced_motion="reduce")
    assert styled(page, ".dots", "animationName") == "none"


FOCUS = """() => {
  const root = document.querySelector("quotewell-chat").shadowRoot;
  const node = root.activeElement ?? document.activeElement;
  const { left, top, width, height } = node.getBoundingClientRect();
  const over = root.elementFromPoint(left + width / 2, top + height / 2);
  const { outlineStyle, outlineWidth } = getComputedStyle(node);
  const ringed = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  return [node.id || node.className, ringed && (node.contains(over) || over?.contains(node))]; }"""


def press(page: Page, key: str, selector: str = "", most: int = 30) -> None:
    """Presses until `selector` has the focus; whatever has it on the way shows it, and nothing lies over it."""
    for _ in range(most):
        page.keyboard.press(key)
        name, seen = page.evaluate(FOCUS)
        assert seen, name
        if not selector or page.locator(f"{selector}:focus").count():
            return
    pytest.fail(f"{key} never leads to {selector}; last it was at {name}")


def test_all_of_it_works_by_keyboard_in_a_file_with_the_one_line(browser: Browser, server: str, tmp_path: Path) -> None:
    """From launcher to suggestion, answer, source, article, judgement, follow-up, and back to the page."""
    file = tmp_path / "host.html"
    file.write_text(EMBED.read_text(encoding="utf-8").replace("http://127.0.0.1:8000", server), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 640})
    faults = watch(page, server, file.as_uri())
    page.goto(file.as_uri())
    page.locator(".launcher").wait_for()
    press(page, "Tab", ".launcher")
    press(page, "Enter", "#question")
    expect(page.locator(".example").first).to_be_visible()
    press(page, "Shift+Tab", ".example")
    suggestion = page.locator(".example:focus").inner_text()
    press(page, "Enter", "#question")
    expect(page.locator(".asked")).to_have_text(suggestion)
    expect(page.locator(".support")).to_be_visible()

    press(page, "Shift+Tab", ".marker")
    expect(page.locator("#preview")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#preview")).to_have_count(0)
    press(page, "Enter")
    expect(page.locator("#source-title")).to_be_focused()
    press(page, "Tab", "#source-link")
    assert str(page.locator("#source-link").get_attribute("href")).startswith(f"{server}/documents/")
    press(page, "Escape")
    expect(page.locator(".marker").last).to_be_focused()
    expect(page.locator("#source")).to_have_count(0)

    press(page, "Tab", ".thumb.down")
    press(page, "Enter", ".thumb.down")
    press(page, "Tab", ".reason")
    press(page, "Space", ".reason")
    press(page, "Tab", ".reasons textarea")
    page.keyboard.type("Not that.")
    press(page, "Tab", ".send-reasons")
    press(page, "Enter", ".thumb.down")
    expect(page.locator(".reasons")).to_have_count(0)
    press(page, "Tab", "#question")
    page.keyboard.type("And its bread?")
    press(page, "Enter", "#question")
    expect(page.locator(".understood")).to_be_visible()
    press(page, "Shift+Tab", ".next .example")
    press(page, "Enter", "#question")
    expect(page.locator(".turn")).to_have_count(3)
    expect(page.locator("#send")).to_have_text("Ask")

    page.keyboard.type("two")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("lines")
    expect(page.locator("#question")).to_have_value("two\nlines")
    press(page, "F6", "#log")
    press(page, "F6", "#question")
    press(page, "Escape", ".launcher")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert faults == []
    page.context.close()


HEAR = """() => { window.heard = [];
  for (const region of document.querySelector("quotewell-chat").shadowRoot.querySelectorAll(".said, .alarm"))
    new MutationObserver(() => region.textContent && heard.push(region.textContent))
      .observe(region, { childList: true, characterData: true, subtree: true }); }"""


def test_a_screen_reader_is_told_the_whole_answer_once(page: Page) -> None:
    page.evaluate(HEAR)
    ask(page, QUESTION)
    expect(page.locator(".said").filter(has_text="Checked in your browser.")).to_have_count(1)
    shown = page.locator(".card .words").first.inner_text()
    begun, told, checked = page.evaluate("heard")
    assert (begun, checked) == ("Answering…", "Checked in your browser.")
    assert shown in told
    assert page.locator("#log").get_attribute("aria-live") == "off"


def test_a_connection_that_breaks_leaves_what_came_and_can_be_tried_again(page: Page, faulty: Faulty) -> None:
    page.evaluate(HEAR)
    say(page, BROKEN)
    expect(page.locator("blockquote .words")).to_have_text("The Marten bakery ")
    faulty.break_off()
    expect(page.locator(".error .why")).to_have_text("The connection broke before the answer was complete.")
    expect(page.get_by_role("alert")).to_have_text("The connection broke before the answer was complete.")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".support")).to_be_visible()
    expect(page.locator("blockquote .words").first).to_contain_text("1987")
    expect(page.locator(".error")).to_have_count(0)
    expect(page.locator(".turn")).to_have_count(1)
    expect(page.get_by_role("alert")).to_have_text("")


def test_offline_is_said_and_over_when_it_is_over(page: Page) -> None:
    page.context.set_offline(True)
    ask(page, QUESTION)
    expect(page.locator(".error .why")).to_have_text("You are offline. Ask again when the connection is back.")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".support")).to_be_visible()


def test_a_server_that_wants_time_gets_it(page: Page) -> None:
    """Too many questions: it is said when to ask again, and until then there is nothing to press."""
    page.clock.install(time=0)
    page.clock.pause_at(1000)  # from here on time passes only as it is told to
    say(page, "Busy?")
    expect(page.get_by_role("alert")).to_have_text("Too many questions at once. Try again in one second.")
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_disabled()
    page.clock.run_for(999)
    expect(again).to_be_disabled()
    page.clock.run_for(1)
    expect(again).to_be_enabled()


def test_stop_ends_the_stream_at_the_server_too(page: Page, faulty: Faulty) -> None:
    say(page, "Hold?")
    expect(page.locator("blockquote .words")).to_have_text("The Marten bakery ")
    page.locator("#question").fill("Another?")
    page.locator("#question").press("Enter")  # one at a time
    expect(page.locator("#question")).to_have_value("Another?")
    faulty.wait_for_held(1)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".stopped")).to_contain_text("Stopped.")
    expect(page.locator("blockquote .words")).to_have_text("The Marten bakery ")
    faulty.wait_for_held(0)


def test_who_reads_above_is_not_carried_away_and_can_jump_to_the_latest(page: Page) -> None:
    for question in (QUESTION, "And its bread?", "How tall is the Eiffel tower?"):
        ask(page, question)
    page.locator("#log").evaluate("log => { log.scrollTop = 0; }")
    latest = page.get_by_role("button", name="Jump to the latest answer")
    latest.wait_for()
    page.locator(".thumb.up").first.click()  # draws everything anew
    expect(page.locator(".thumb.up").first).to_have_attribute("aria-pressed", "true")
    assert page.locator("#log").evaluate("log => log.scrollTop") == 0
    latest.click()
    expect(page.locator(".turn").last.locator(".asked")).to_be_in_viewport()
    expect(latest).to_have_count(0)
    expect(page.locator("#log")).to_be_focused()
