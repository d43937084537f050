"""The JavaScript verifier of receipts, in a real browser and in Node, and what the chat page shows of it.

It must agree with the Python verifier on every shared vector, and on answers with anything in them changed.
"""

import base64
import json
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from mimetypes import guess_type
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from rag.receipts.receipt import answer_id, canonical
from rag.receipts.verify import verdict_fields, verify
from server.middleware.shell import CSP
from server.routes.pages import CHAT_CSP, STATIC

pytestmark = [pytest.mark.slow, pytest.mark.browser]

Fields = dict[str, Any]

VECTORS: Fields = json.loads((Path(__file__).parent / "vectors" / "receipts.json").read_text(encoding="utf-8"))
CASES: list[Fields] = VECTORS["cases"]
REVISIONS: dict[str, str] = VECTORS["revisions"]
HOME, INSECURE = "http://localhost", "http://quotewell.example"  # nothing listens there: the files come from `routed`
MODULES = ("receipts.js", "whole.js", "values.js", "canonical.js")
VERIFY = """
    const revisionOf = (_, sha256) => Object.hasOwn(revisions, sha256)
      ? Uint8Array.from(atob(revisions[sha256]), (one) => one.charCodeAt(0)) : null;
    const verdicts = [];
    for (const { answer, pinned_root: pinnedRoot, public_key: publicKey } of cases) {
      verdicts.push(await verifyAnswer(answer, revisionOf, { pinnedRoot, publicKey }));
    }
"""
IN_BROWSER = f"""async ([revisions, cases]) => {{
    const {{ verifyAnswer }} = await import("/static/receipts.js");
    {VERIFY}
    return verdicts;
}}"""
IN_NODE = f"""
    import {{ readFileSync }} from "node:fs";
    import {{ verifyAnswer }} from "./receipts.js";
    const [revisions, cases] = JSON.parse(readFileSync(0, "utf8"));
    {VERIFY}
    console.log(JSON.stringify(verdicts));
"""


@contextmanager
def opened(browser: Browser) -> Iterator[Page]:
    """A tab that finds the package's files and their policy everywhere; what else it asks for, a test must answer."""
    context = browser.new_context()
    page = context.new_page()
    page.route("**/*", routed)
    yield page
    context.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with opened(browser) as page:
        yield page


@pytest.fixture(scope="module")
def home(browser: Browser) -> Iterator[Page]:
    """The chat page, shared by the tests that only want its modules."""
    with opened(browser) as page:
        page.goto(HOME)
        yield page


@pytest.fixture(params=["browser", "node"])
def in_javascript(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[list[Fields]], list[Fields]]:
    """Cases → verdicts, with the revisions of the vectors."""
    if request.param == "browser":
        home: Page = request.getfixturevalue("home")
        return lambda cases: list(home.evaluate(IN_BROWSER, [REVISIONS, cases]))
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node; the browser runs the same cases")
    for name in MODULES:
        shutil.copy(STATIC / name, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "run.js").write_text(IN_NODE)
    return lambda cases: in_node(node, tmp_path, cases)


def in_node(node: str, folder: Path, cases: list[Fields]) -> list[Fields]:
    given = json.dumps([REVISIONS, cases])
    done = subprocess.run([node, "run.js"], cwd=folder, input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def routed(route: Route) -> None:
    """The files of the package, with the policy of the server's pages."""
    path = urlsplit(route.request.url).path
    file = STATIC / ("index.html" if path == "/" else path.removeprefix("/static/"))
    if not file.is_file():
        route.fulfill(status=503, json={"detail": "not here"})
        return
    kind = guess_type(file.name)[0] or "text/plain"
    policy = CHAT_CSP if path == "/" else CSP
    route.fulfill(body=file.read_bytes(), headers={"Content-Type": kind, "Content-Security-Policy": policy})


def in_python(case: Fields) -> Fields:
    def revision_of(_: str, sha256: str) -> bytes | None:
        return base64.b64decode(REVISIONS[sha256]) if sha256 in REVISIONS else None

    return verdict_fields(
        verify(case["answer"], revision_of, pinned_root=case["pinned_root"], public_key=case["public_key"])
    )


def told(verdict: Fields) -> Fields:
    """What both verifiers must say alike: all but the wording."""
    return {
        "ok": verdict["ok"],
        "root": verdict["root"],
        "signed_by": verdict["signed_by"],
        "citations": [(one["marker"], one["ok"], one["code"]) for one in verdict["citations"]],
        "problems": len(verdict["problems"]),
        "statements": verdict["statements"],
    }


def case_of(answer: object) -> Fields:
    return {"answer": answer, "pinned_root": None, "public_key": None}


def named(name: str) -> Fields:
    return next(case for case in CASES if case["name"] == name)


InJavaScript = Callable[[list[Fields]], list[Fields]]


def test_python_says_the_same_of_every_vector(in_javascript: InJavaScript) -> None:
    """Which is what is written beside it, by a test of Python's own."""
    verdicts = in_javascript(CASES)
    wrong = {
        case["name"]: (told(got), told(in_python(case)))
        for case, got in zip(CASES, verdicts, strict=True)
        if told(got) != told(in_python(case))
    }
    assert wrong == {}


def test_answers_with_anything_changed_anywhere_get_the_same_verdict_in_python(in_javascript: InJavaScript) -> None:
    chance = random.Random(7)
    whole = [case for case in CASES if case["expect"]["ok"] and case["expect"]["codes"]]
    cases = [changed(chance.choice(whole), chance) for _ in range(400)]
    verdicts = in_javascript(cases)
    wrong = [
        (case["changed"], told(got), told(in_python(case)))
        for case, got in zip(cases, verdicts, strict=True)
        if told(got) != told(in_python(case))
    ]
    assert wrong == []
    assert {one["code"] for got in verdicts for one in got["citations"]} >= {
        "verified", "malformed", "unknown_revision", "wrong_span", "wrong_quote", "wrong_context", "wrong_proof",
    }  # fmt: skip


def changed(case: Fields, chance: random.Random) -> Fields:
    """One value of the answer is another now; half of the time its id is made anew."""
    answer = deepcopy(case["answer"])
    at, step = chance.choice(list(places(answer)))
    at[step], before = another(at[step], chance), at[step]
    if chance.random() < 0.5 and sound(answer):
        answer["id"] = answer_id(answer)
    return {**case, "answer": answer, "changed": f"{step}: {before!r} → {at[step]!r}"}


def sound(answer: Fields) -> bool:
    try:
        return bool(canonical(answer))
    except ValueError:
        return False


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    for step in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, step
        yield from places(value[step])


def another(value: Any, chance: random.Random) -> Any:
    odd: list[Any] = [
        None, True, 0, -1, 1.5, 2**53 - 1, 2**53, 1e-7, 1e21, "", "x", "\ud83d", "🦜", [], {}, [[]], {"a": 1},
    ]  # fmt: skip
    if isinstance(value, str) and value and chance.random() < 0.7:
        at = chance.randrange(len(value))
        return value[:at] + chance.choice(["", "x", "0", "é", "🦜", value[at] * 2]) + value[at + 1 :]
    if isinstance(value, int) and chance.random() < 0.7:
        return value + chance.choice([-2, -1, 1, 2, 7, 0.0, 0.5])
    if isinstance(value, list) and value and chance.random() < 0.7:
        return chance.choice([value[1:], value[::-1], [*value, value[0]]])
    return chance.choice(odd)


@pytest.mark.parametrize("name", ["signed, nothing pinned", "fields that nobody knows, with odd numbers and names"])
def test_an_answer_as_text_is_the_same_as_what_it_parses_to(in_javascript: InJavaScript, name: str) -> None:
    answer = named(name)["answer"]
    spellings = [
        answer,
        json.dumps(answer, ensure_ascii=False),
        json.dumps(answer, indent=2, sort_keys=True),
        canonical(answer).decode(),
    ]
    verdicts = in_javascript([case_of(each) for each in spellings])
    assert [one["ok"] for one in verdicts] == [True] * 4
    assert all(one == verdicts[0] for one in verdicts)


@pytest.mark.parametrize(
    "made",
    [
        "undefined", "NaN", "1n", "Symbol()", "() => 1", "new Map([[1, 2]])", "new Proxy({}, {})", "'{'", "'null'",
        "(() => { const circle = {}; circle.citations = [circle]; return circle; })()",
        "({ toJSON() { throw new Error('no'); } })", "({ get id() { throw new Error('no'); } })",
        "'[' .repeat(200000)", "'{\"citations\":' + '['.repeat(200000) + ']'.repeat(200000) + '}'",
        "({ citations: Array(500).fill(null) })", "'{\"citations\":[{\"__proto__\":{\"marker\":1}}]}'",
        "({ citations: { length: 1e9 }, corpus: [], segments: 'x', status: {} })",
    ],
)  # fmt: skip
def test_nothing_at_all_makes_it_throw(home: Page, made: str) -> None:
    ok, problems = home.evaluate(
        f"""async () => {{
            const {{ verifyAnswer }} = await import("/static/receipts.js");
            const {{ ok, problems }} = await verifyAnswer({made}, () => null);
            return [ok, problems]; }}"""
    )
    assert ok is False
    assert problems


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("() => null", "unknown_revision"),
        ("() => undefined", "unknown_revision"),
        ("() => 'text'", "unknown_revision"),
        ("() => { throw new Error('gone'); }", "unknown_revision"),
        ("async () => { throw null; }", "unknown_revision"),
        ("null", "unknown_revision"),
        ("() => new ArrayBuffer(3)", "wrong_hash"),
        ("async () => new Uint8Array(0)", "wrong_hash"),
    ],
)
def test_a_source_of_revisions_that_fails_is_a_code_and_a_reason(home: Page, source: str, code: str) -> None:
    verdict = home.evaluate(
        f"""async (answer) => {{
            const {{ verifyAnswer }} = await import("/static/receipts.js");
            return verifyAnswer(answer, {source}); }}""",
        named("signed, nothing pinned")["answer"],
    )
    assert verdict["ok"] is False
    assert [one["code"] for one in verdict["citations"]] == [code, code]
    assert all(one["detail"] for one in verdict["citations"])


def test_each_revision_is_asked_for_once(home: Page) -> None:
    answer = named("signed, nothing pinned")["answer"]
    answer = answer | {"citations": answer["citations"] * 3}
    asked = home.evaluate(
        """async (answer) => {
            const { verifyAnswer } = await import("/static/receipts.js");
            const asked = [];
            await verifyAnswer(answer, (documentId) => { asked.push(documentId); return null; });
            return asked; }""",
        answer,
    )
    assert sorted(asked) == sorted({one["document_id"] for one in answer["citations"]})


def test_where_a_browser_gives_no_cryptography_nothing_is_called_checked(page: Page) -> None:
    page.goto(INSECURE)
    assert page.evaluate("window.isSecureContext") is False
    verdict = page.evaluate(IN_BROWSER, [REVISIONS, [named("signed, nothing pinned")]])[0]
    assert verdict["ok"] is False
    assert {one["code"] for one in verdict["citations"]} == {"unchecked"}
    assert "HTTPS" in verdict["problems"][0]


def test_a_browser_without_ed25519_says_that_the_signature_was_not_checked(page: Page) -> None:
    page.goto(HOME)
    page.evaluate(
        """() => { crypto.subtle.importKey = async () => { throw new DOMException("no", "NotSupportedError"); }; }"""
    )
    case = named("signed, nothing pinned")
    pinned = {**case, "public_key": case["answer"]["corpus"]["public_key"]}
    loose, strict = page.evaluate(IN_BROWSER, [REVISIONS, [case, pinned]])
    assert (loose["ok"], loose["signed_by"], loose["problems"]) == (True, None, [])
    assert "was not checked" in loose["unchecked"][0]
    assert (strict["ok"], strict["signed_by"]) == (False, None)
    assert "was not checked" in strict["problems"][0]


# The chat page


def answered(name: str = "signed, nothing pinned") -> Fields:
    """An answer of the vectors as /v1/ask would send it."""
    answer: Fields = deepcopy(named(name)["answer"]) | {"evidence": [], "reason": None}
    return answer | {"id": answer_id(answer)}


def asks(page: Page, answer: Fields, home: str = HOME) -> None:
    """Asked, and answered with this."""
    page.route("**/v1/ask", lambda route: route.fulfill(json=answer))
    page.goto(home)
    page.get_by_label("Your question").fill("What do the articles say?")
    page.get_by_label("Your question").press("Enter")
    expect(page.locator(".turn .card")).to_have_count(1)


def said(page: Page, text: str) -> Locator:
    """Where a screen reader is told so."""
    return page.locator(".said").filter(has_text=text)


def gives(page: Page, change: Callable[[bytes], bytes] = bytes) -> list[str]:
    """The server has the revisions of the vectors; what it was asked for."""
    asked: list[str] = []

    def fulfil(route: Route) -> None:
        path = urlsplit(route.request.url).path
        asked.append(path)
        data = REVISIONS.get(path.rpartition("/")[2])
        if data is None:
            route.fulfill(status=404, json={"detail": "no such revision"})
        else:
            route.fulfill(body=change(base64.b64decode(data)), headers={"Content-Type": "text/plain; charset=utf-8"})

    page.route("**/v1/documents/*/revisions/*", fulfil)
    return asked


def test_below_the_answer_stands_once_that_it_was_checked_with_bytes_from_the_addresses_of_its_revisions(
    page: Page,
) -> None:
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if "Security Policy" in message.text else None)
    asked, answer = gives(page), answered()
    asks(page, answer)
    expect(page.locator(".check.good")).to_have_count(1)
    expect(page.locator(".check .state")).to_have_text(["Checked in your browser"])
    expect(page.locator("blockquote ~ .check")).to_have_count(1)
    expect(page.locator(".check ~ blockquote")).to_have_count(0)
    expect(said(page, answer["text"])).to_have_count(1)
    expect(said(page, "Checked in your browser.")).to_have_count(1)
    assert sorted(asked) == sorted({one["receipt"]["revision_url"] for one in answer["citations"]})
    assert faults == []

    page.reload()
    expect(page.locator(".check.good")).to_have_count(1)  # kept answers are checked again


def test_while_the_bytes_are_on_their_way_it_does_not_say_that_it_was_checked(page: Page) -> None:
    held: list[Route] = []
    page.route("**/v1/documents/*/revisions/*", lambda route: held.append(route))
    asks(page, answered())
    expect(page.locator(".check .state").first).to_have_text("Checking in your browser…")
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()


def test_a_revision_that_is_no_longer_kept_is_said_in_words(page: Page) -> None:
    page.route("**/v1/documents/*/revisions/*", lambda route: route.fulfill(status=404, json={"detail": "gone"}))
    asks(page, answered())
    reason = "Could not be checked: the server did not give the version of the article that was quoted."
    expect(page.locator(".check .state").first).to_have_text(reason)
    expect(page.locator(".check.good")).to_have_count(0)
    expect(said(page, reason)).to_have_count(1)


def test_a_server_that_is_gone_during_the_check_is_said_in_words(page: Page) -> None:
    page.route("**/v1/documents/*/revisions/*", lambda route: route.abort())
    asks(page, answered())
    expect(page.locator(".check .state").first).to_contain_text("Could not be checked: ")


def test_other_bytes_than_those_that_were_hashed_are_caught(page: Page) -> None:
    gives(page, lambda data: data.replace(b"e", b"a", 1))
    asks(page, answered())
    expect(page.locator(".check.wrong").first).to_contain_text("The check failed: the server gave another text")
    expect(page.locator(".check.good")).to_have_count(0)


def test_a_quote_that_does_not_stand_there_is_caught_beside_one_that_does(page: Page) -> None:
    gives(page)
    answer = answered()
    answer["citations"][1] = answer["citations"][1] | {"quote": "Nobody ever wrote this."}
    answer["segments"][1] = answer["segments"][1] | {"text": "Nobody ever wrote this."}
    asks(page, answer | {"id": answer_id(answer)})
    expect(page.locator(".check .state")).to_have_text(
        ["Checked in your browser", "The check failed: other words stand there in the article."]
    )
    expect(page.locator("blockquote + .check")).to_have_count(2)  # each below its own


def test_an_answer_that_was_changed_as_a_whole_says_so_above_how_sure_it_is(page: Page) -> None:
    gives(page)
    answer = answered()
    asks(page, answer | {"text": answer["text"] + "!"})
    expect(page.locator(".check.good")).to_have_count(1)
    expect(page.locator(".check.wrong")).to_contain_text("The check of the whole answer failed: id is")
    expect(page.locator(".check.wrong + .support")).to_have_count(1)


def test_an_answer_of_a_server_without_receipts_is_shown_as_ever_and_asks_for_nothing(page: Page) -> None:
    asked, answer = gives(page), answered()
    answer["citations"] = [{k: v for k, v in one.items() if k != "receipt"} for one in answer["citations"]]
    del answer["corpus"]
    asks(page, answer)
    expect(page.locator("blockquote")).to_have_count(2)
    expect(page.locator(".check")).to_have_count(0)
    expect(said(page, answer["text"])).to_have_count(1)
    assert asked == []


def test_a_page_over_plain_http_from_elsewhere_says_why_it_cannot_check(page: Page) -> None:
    asks(page, answered(), INSECURE)
    expect(page.locator(".check .state")).to_have_text(
        ["Could not be checked: browsers only check pages that come over HTTPS or from your own machine."]
    )
