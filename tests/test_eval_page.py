"""The report of a run as a page: marks against a simple oracle, escaping, and the page as a browser meets it."""

import json
from collections.abc import Sequence
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Request

from eval.runs.compare import RIGHT, compare
from eval.runs.gate import BASELINE
from eval.runs.page import MEANINGS, Against, page_of
from eval.runs.question_view import Labelled, QuestionView, pieces, views
from eval.runs.run_file import read_compared, read_run
from eval.scoring.figures import ALL
from eval.scoring.latency import FIGURES as TIMES
from eval.scoring.run import Run
from index.errors import BadInput, NotFound
from quotewell import run as quotewell

MARKUP = '<script>alert(1)</script><img src=x onerror="alert(2)">&amp;</mark></details>\'"{{ 7*7 }}'
PASSAGES = {
    "bridge#0": ("bridge", 0, "The Sollen bridge carries trams over the river Vey. It was closed in March 2019."),
    "comet#1": ("comet", 100, f"Comet Harrow was discovered by Ilse Brandt in 1904. {MARKUP} It returns."),
}
CLOSED = (52, 80)  # of the bridge: "It was closed in March 2019."
MADE = {
    "settings": {"reader": "trained", "chat_model": "", "threshold": 0.4},
    "weights_sha256": {"reader": "ab" * 32},
    "questions_sha256": "cd" * 32,
    "embedder": "hash",
    "index_version": "v1",
}
CELLS = {"td", "th", "small", "code"}  # no space stands between them
VOID = {"meta", "link", "br", "img", "input", "hr"}


def cited(start: int, end: int, passage_id: str = "bridge#0") -> dict[str, Any]:
    document_id, offset, text = PASSAGES[passage_id]
    place = {"start": start, "end": end, "source_start": start, "source_end": end}
    return {"document_id": document_id, "passage_id": passage_id, "quote": text[start - offset : end - offset], **place}


def row(id_: str, *, right: bool = True, answerable: bool = True, status: str = "answered", **other: Any) -> Any:
    """A question about the bridge's closing; `right` is of its quote."""
    answered = status == "answered"
    gold = {"document_id": "bridge", "start": 70, "end": 79, "quote": "arch 2019", "clean_start": 70, "clean_end": 79}
    scores = {"Success@1": 1.0, "nDCG@10": 1.0, "answer sentence hit@1": float(right)} if answerable else {}
    fields = {
        "id": id_,
        "question": f"When of {id_}?",
        "answerable": answerable,
        "tags": ["when"],
        "status": status,
        "reason": None if answered else "near_miss",
        "missing": [],
        "confidence": 0.8 if answered else 0.2,
        "threshold": 0.4,
        "rank": 1 if answerable else None,
        "found": list(PASSAGES),
        "relevant": {"bridge#0": 1} if answerable else {},
        "evidence": list(PASSAGES),
        "ranks": [{"dense": 1, "lexical": 2}, {"lexical": 1}],
        "citations": [cited(*(CLOSED if right else (0, 51)))] if answered else [],
        "gold": [gold] if answerable else [],
        "answers": ["March 2019"] if answerable else [],
        "first_right": (right and answered) if answerable else None,
        "any_right": (right and answered) if answerable else None,
        "features": {"quote": {"bm25": 0.5, "length": -2.0}, "confidence": {"bias": -1.0}} if answered else _NONE,
        "latency": {},
        "measures": {},
        "scores": scores,
    }
    return {**fields, **other}


_NONE: dict[str, Any] = {"quote": {}, "confidence": {}}
ROWS = [
    row("right"),
    row("wrong", right=False),
    row("refused", status="abstained"),
    row("invented", answerable=False),
    row("silent", answerable=False, status="abstained"),
    row("surer", right=False, confidence=0.9),
]


def kept(path: Path, rows: Sequence[Any] = tuple(ROWS), **other: Any) -> Path:
    """A run file of these rows."""
    names = ("Success@1", "abstention precision", "all, median CPU ms")
    figure = {"value": 0.5, "n": len(rows), "low": 0.25, "high": 0.75}
    fields = {
        "format": "quotewell-run-1",
        "set": "small",
        "level": "passage",
        "index_version": "v1",
        "questions": {"answerable": sum(one["answerable"] for one in rows), "unanswerable": 0},
        "figures": dict.fromkeys(names, figure),
        "notes": ["follow-up questions, asked in their standalone form: 1"],
        "made_with": MADE,
        "risk_coverage": [
            {"confidence": 0.9, "coverage": 0.2, "risk": 1.0},
            {"confidence": 0.8, "coverage": 0.8, "risk": 0.5},
        ],
        "rows": list(rows),
        "passages": {
            passage_id: {"document_id": d, "title": f"The {d}", "text": text, "start": start, "end": start + len(text)}
            for passage_id, (d, start, text) in PASSAGES.items()
        },
    }
    path.write_text(json.dumps({**fields, **other}), encoding="utf-8")
    return path


def of(found: Sequence[QuestionView], id_: str) -> QuestionView:
    return next(one for one in found if one.row.id == id_)


class Reading(HTMLParser):
    """What a page holds: tags in balance, ids, links, and text outside of <style>."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.text += " " if tag in CELLS else ""
        given_ = dict(attrs)
        assert not any(name.startswith("on") for name in given_)
        self.tags.append(tag)
        self.ids += [given_["id"] or ""] if "id" in given_ else []
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.text += " " if tag in CELLS else ""

    def handle_data(self, data: str) -> None:
        self.text += "" if "style" in self.open else data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """run.json, and before.json, which had `wrong` right, `right` wrong, and another reader."""
    made = tmp_path_factory.mktemp("runs")
    kept(made / "run.json")
    other = {**MADE, "settings": {**MADE["settings"], "reader": "plain"}}  # type: ignore[dict-item]
    kept(made / "before.json", [row("right", right=False), row("wrong"), *ROWS[2:]], made_with=other)
    return made


@pytest.fixture(scope="module")
def small(folder: Path) -> Run:
    return read_run(folder / "run.json")


@pytest.fixture(scope="module")
def page(small: Run) -> str:
    return page_of(small)


@pytest.fixture(scope="module")
def against(folder: Path) -> Against:
    before = read_compared(folder / "before.json")
    found = compare(before, read_compared(folder / "run.json"), figures=(RIGHT, "Success@1"))
    return Against("before.json", before, found)


@pytest.fixture(scope="module")
def both(small: Run, against: Against) -> str:
    """The page of the run beside the earlier one."""
    return page_of(small, against)


@given(
    st.text(alphabet="ab\n<", max_size=12),
    st.lists(st.builds(Labelled, st.integers(-3, 14), st.integers(-3, 14), st.sampled_from("xyz")), max_size=5),
)
def test_every_character_has_the_labels_of_the_marks_that_cover_it(text: str, marks: list[Labelled]) -> None:
    found = pieces(text, marks)
    labels = [one.labels for one in found for _ in one.text]
    assert "".join(one.text for one in found) == text
    assert labels == [
        tuple(sorted({mark.label for mark in marks if mark.start <= at < mark.end})) for at in range(len(text))
    ]
    assert all(one.labels != two.labels and one.text for one, two in pairwise(found))


def test_a_label_opens_once_for_each_stretch_of_it() -> None:
    found = pieces("0123456789", [Labelled(2, 6, "1"), Labelled(4, 8, "gold")])
    assert [(one.text, one.labels, one.opens) for one in found] == [
        ("01", (), ()),
        ("23", ("1",), ("1",)),
        ("45", ("1", "gold"), ("gold",)),
        ("67", ("gold",), ()),
        ("89", (), ()),
    ]


def test_quotes_and_gold_are_marked_where_they_stand_in_the_passage(small: Run) -> None:
    one = of(views(small, {}), "right")
    (shown,) = one.shown
    assert "".join(piece.text for piece in shown.pieces if "1" in piece.labels) == "It was closed in March 2019."
    assert [piece.text for piece in shown.pieces if "gold" in piece.labels] == ["arch 2019"]
    assert [(place.passage_id, place.ranks, place.right, place.quotes) for place in one.places] == [
        ("bridge#0", (1, 2), True, ("1",)),
        ("comet#1", (None, 1), False, ()),
    ]


def test_an_offset_counts_from_the_start_of_the_passage(tmp_path: Path) -> None:
    quote = row("far", answerable=False, citations=[cited(100, 112, "comet#1")])
    (one,) = views(read_run(kept(tmp_path / "run.json", [quote])), {})
    assert [(shown.passage_id, shown.pieces[0].text) for shown in one.shown] == [("comet#1", "Comet Harrow")]


def test_mistakes_come_first_and_the_surest_of_them_before_the_others(small: Run) -> None:
    assert [(one.row.id, one.group) for one in views(small, {})] == [
        ("surer", "wrong"),
        ("wrong", "wrong"),
        ("refused", "refused"),
        ("invented", "invented"),
        ("right", "right"),
        ("silent", "right"),
    ]


def test_it_says_which_rule_refused_and_by_which_threshold(tmp_path: Path, small: Run) -> None:
    below = "Refused: confidence 0.2000 is below the threshold 0.4000; reason near_miss: the articles are about this, "
    assert of(views(small, {}), "refused").why == f"{below}but do not say it."
    sure = row("opinion", answerable=False, status="abstained", confidence=0.9, reason="needs_judgement")
    (one,) = views(read_run(kept(tmp_path / "run.json", [sure])), {})
    assert "0.9000 reaches the threshold 0.4000, so a rule refused; reason needs_judgement" in one.why


def test_features_are_sorted_by_size(small: Run) -> None:
    assert of(views(small, {}), "right").of_quote == (("length", -2.0), ("bm25", 0.5))


def offered(rule: str, quote: str, score: float) -> dict[str, Any]:
    return {"document_id": "bridge", "start": 0, "end": len(quote), "quote": quote, "score": score, "rule": rule}


def test_of_a_mistake_it_is_told_what_was_not_shown_and_why(tmp_path: Path) -> None:
    """By rule, in the order of the run; of right answers nothing is, and a rule of another version has its code."""
    quotes = [offered("margin", "Trams ring.", 5.5), offered("other", "It rains.", 5), offered("margin", MARKUP, 4)]
    rows = [row("wrong", right=False, dropped=quotes), row("right", dropped=[offered("margin", "Boats sail.", 1)])]
    run = read_run(kept(tmp_path / "run.json", rows))
    (first, second), (third,) = of(views(run, {}), "wrong").dropped, of(views(run, {}), "right").dropped
    assert (first[0], [one.score for one in first[1]]) == ("margin: scores too far below the best quote", [5.5, 4.0])
    assert (second[0], third[1][0].quote) == ("other", "Boats sail.")
    found = Reading(page_of(run))
    assert "5.50 “Trams ring.”" in found.text and MARKUP in found.text and "Boats sail." not in found.text
    assert not {"script", "img"} & set(found.tags)


def test_each_rank_stands_with_the_score_where_the_run_has_it(tmp_path: Path, small: Run) -> None:
    scored = row("scored", ranker_scores=[{"dense": 0.25, "lexical": 3.5}, {"lexical": 4.75}])
    run = read_run(kept(tmp_path / "run.json", [scored]))
    assert [place.scores for place in of(views(run, {}), "scored").places] == [(0.25, 3.5), (None, 4.75)]
    assert [place.scores for place in of(views(small, {}), "right").places] == [(None, None), (None, None)]
    assert "1 0.250 2 3.500" in " ".join(Reading(page_of(run)).text.split())


def test_every_link_leads_to_a_place_of_the_page(page: str) -> None:
    found = Reading(page)
    assert len(set(found.ids)) == len(found.ids)
    assert {link.removeprefix("#") for link in found.links} <= set(found.ids)
    assert all(link.startswith("#") for link in found.links)


def test_markup_in_questions_and_articles_is_text(tmp_path: Path) -> None:
    hostile = row("x", question=MARKUP, tags=[MARKUP], answers=[MARKUP], missing=[MARKUP], id=f"x{MARKUP}")
    hostile["features"] = {"quote": {MARKUP: 1.0}, "confidence": {}}
    made = {**MADE, "settings": {MARKUP: MARKUP}}
    found = Reading(page_of(read_run(kept(tmp_path / "run.json", [hostile, ROWS[1]], set=MARKUP, made_with=made))))
    assert not {"script", "img"} & set(found.tags)
    assert found.text.count(MARKUP) >= 8


def test_without_times_none_is_told(small: Run, page: str) -> None:
    assert "CPU ms" in page
    assert "CPU ms" not in page_of(small, times=False)


def test_a_run_without_refusals_and_judgements_says_that_they_are_not_measured(tmp_path: Path) -> None:
    unmeasured = {"value": None, "n": 0, "low": None, "high": None}
    rows = [row("a", first_right=None, any_right=None, tags=[], scores={})]
    figures = {"abstention recall": unmeasured}
    run = read_run(kept(tmp_path / "run.json", rows, figures=figures, risk_coverage=[], made_with=None))
    text = " ".join(Reading(page_of(run)).text.split())
    assert "abstention recall of unanswerable questions, those refused not measured" in text
    assert "Not measured: the set cannot say which answers are right." in text
    assert "Not measured: no answer can be judged." in text
    assert "Not judged: 1" in text


def test_two_runs_show_what_changed_and_where(both: str) -> None:
    text = " ".join(Reading(both).text.split())
    assert "Newly failing: 1 wrong When of wrong? right quote → wrong quote" in text
    assert "Newly right: 1 right When of right? wrong quote → right quote" in text
    assert "right in the end 0.333 0.333 0.000" in text
    assert "reader trained plain" in text
    assert "In the other run: right quote, confidence 0.8000." in text


def test_every_figure_is_explained() -> None:
    assert set(MEANINGS) == {RIGHT, *ALL} - set(TIMES)


def test_the_command_writes_the_page_and_the_same_run_gives_the_same_bytes(folder: Path, page: str) -> None:
    assert quotewell(["eval", "report", str(folder / "run.json"), "--out", str(folder / "new" / "page.html")]) == 0
    assert (folder / "new" / "page.html").read_bytes().decode("utf-8") == page


def test_what_cannot_be_shown_is_a_clear_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, the file's name, and nothing written."""
    out = folder / "none.html"
    no_run, others = folder / "no-run.json", kept(folder / "others.json", made_with={**MADE, "questions_sha256": "ef"})
    no_run.write_text("[1]", encoding="utf-8")
    run = str(folder / "run.json")
    for files, words in (
        ([str(folder / "missing.json")], "no run file at"),
        ([str(no_run)], "is not a run file"),
        ([str(BASELINE)], "is a baseline, which does not keep what was found and quoted"),
        ([str(kept(folder / "torn.json", passages={}))], "is not a run file: passages: no 'bridge#0'"),
        ([run, str(no_run)], "is not a run file"),
        ([run, str(others)], "the runs are not of the same questions"),
    ):
        assert quotewell(["eval", "report", *files, "--out", str(out)]) == 2
        assert words in capsys.readouterr().err
    assert not out.exists()
    with pytest.raises(NotFound):
        read_run(folder / "missing.json")
    with pytest.raises(BadInput):
        read_run(no_run)


@pytest.mark.slow
@pytest.mark.browser
def test_the_page_is_accessible_narrow_and_asks_for_nothing(browser: Browser, both: str) -> None:
    """Light and dark, with a wrong, a refused and an invented answer open; 320 px wide without sideways scrolling."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        rules = {"runOnly": ["color-contrast"]} if scheme == "dark" else {}
        tab = browser.new_page(color_scheme=scheme, viewport={"width": 320, "height": 800})
        tab.on("request", note)
        tab.set_content(both)
        tab.evaluate("[...document.querySelectorAll('details')].slice(1, 4).forEach(one => one.open = true)")
        assert tab.evaluate("document.documentElement.scrollWidth") == 320
        found = Axe().run(tab, options={"resultTypes": ["violations"], **rules})
        assert [one["id"] for one in found.response["violations"]] == []
        assert asked == []
        tab.close()


@pytest.mark.browser
def test_a_link_opens_its_question_without_a_script(browser: Browser, folder: Path, page: str) -> None:
    (folder / "page.html").write_text(page, encoding="utf-8")
    tab = browser.new_context(java_script_enabled=False).new_page()
    tab.goto(f"file://{folder}/page.html")
    tab.click("a[href='#q2']")
    assert tab.locator("#q2").is_visible()
    assert not tab.locator("#q1").is_visible()
