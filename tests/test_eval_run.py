"""A run through the front door: every figure is worked out by hand from what the fakes find and say."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from eval.commands.run import run as run_command
from eval.experiments.fusion import compare_arms, json_of_comparison, text_of_comparison
from eval.runs.run_file import markdown_of, markdown_of_sets, only, read_run, text_of
from eval.runs.tables import json_of, replace_block
from eval.scoring.figures import ALL, SHORT, TABLE, Point, chosen
from eval.scoring.intervals import Figure
from eval.scoring.judge import judge_for, ranked_names
from eval.scoring.rows import MEANS
from eval.scoring.run import Run, run
from eval.sets.beir import BeirSet
from eval.sets.gold import GoldSet, GoldSpan, Question
from eval.sets.sets import EvalSet, about_seeds
from index.cleaning.clean import clean, clean_plain
from index.errors import BadGold, BadInput, BadQuestion, NotFound
from index.records import Document, Hit, Passage, Span, to_source
from rag.answer import Answer, Citation, Dropped, Quote, Workings
from tests import make

EXPORTS = "Exports rose in March."
IMPORTS = "Imports fell in May."
TARIFFS = "Tariffs came in June."


def document(id_: str, source: str, *, plain: bool = True) -> Document:
    return make.cleaned(source, id_, clean_plain if plain else clean, title=id_, sha256=id_)


def passage(article: Document, ordinal: int, text: str) -> Passage:
    return make.passage(text, article.id, ordinal, start=article.text.index(text))


@dataclass
class FakeIndex:
    """Finds for each question exactly the passages it was told to find."""

    documents: Mapping[str, Document]
    parts: Mapping[str, Sequence[Passage]]
    found: Mapping[str, Sequence[Passage]] = field(default_factory=dict)
    version: str = "v1"

    def search(self, question: str, *, limit: int) -> list[Hit]:
        found = self.found.get(question, ())[:limit]
        return [make.hit(passage, row, -float(row)) for row, passage in enumerate(found)]

    def document(self, document_id: str) -> Document:
        if document_id not in self.documents:
            raise NotFound(document_id)
        return self.documents[document_id]

    def passages(self, document_id: str) -> Sequence[Passage]:
        return self.parts[document_id]


@dataclass
class FakeAssistant:
    """Says for each question the quotes and the confidence it was told to say; no quotes is an abstention."""

    index: FakeIndex
    said: Mapping[str, tuple[float, Sequence[tuple[Passage, str]]]]
    asked: list[str] = field(default_factory=list)

    def ask(self, question: str, *, limit: int) -> Answer:
        self.asked.append(question)
        confidence, quotes = self.said[question]
        citations = tuple(self._cited(marker, *quote) for marker, quote in enumerate(quotes, start=1))
        evidence = tuple(self.index.search(question, limit=limit))
        return make.answer(
            question, *citations, evidence=evidence, confidence=confidence, index_version=self.index.version
        )

    def _cited(self, marker: int, part: Passage, quote: str) -> Citation:
        article = self.index.document(part.document_id)
        start = article.text.index(quote)
        place = Span(start, start + len(quote))
        source = to_source(article, place)
        spans = {"start": place.start, "end": place.end, "source_start": source.start, "source_end": source.end}
        return make.citation(quote, article.id, marker, passage_id=part.id, **spans)


A = document("a", f"{EXPORTS} {IMPORTS} {TARIFFS}")
B = document("b", f"{IMPORTS} Nothing else.")
A0, A1 = passage(A, 0, f"{EXPORTS} {IMPORTS}"), passage(A, 1, f"{IMPORTS} {TARIFFS}")
B0 = passage(B, 0, B.text)
C = document("c", "Nothing of it.")
C0 = passage(C, 0, C.text)


def gold(article: Document, quote: str) -> GoldSpan:
    start = article.source.index(quote)
    return GoldSpan(article.id, start, start + len(quote), quote)


def question(id_: str, *spans: GoldSpan, answers: tuple[str, ...] = (), answerable: bool = True) -> Question:
    return Question(id_, f"{id_}?", answerable, answers, spans, ())


GOLD = GoldSet(
    "small",
    (
        question("exports", gold(A, "rose in March")),
        question("imports", gold(A, "fell in May"), gold(B, "fell in May")),
        question("tariffs", gold(A, "Tariffs came")),
        question("weather", answerable=False),
        question("sports", answerable=False),
    ),
)
INDEX = FakeIndex(
    {"a": A, "b": B},
    {"a": [A0, A1], "b": [B0]},
    {"exports?": [B0, A0], "imports?": [A1, A0, B0], "tariffs?": [], "weather?": [B0]},
)
SAID: dict[str, tuple[float, Sequence[tuple[Passage, str]]]] = {
    "exports?": (0.9, [(A0, IMPORTS), (A0, EXPORTS)]),
    "imports?": (0.8, [(B0, IMPORTS)]),
    "tariffs?": (0.3, []),
    "weather?": (0.3, []),
    "sports?": (0.2, [(A0, EXPORTS)]),
}


def values(figures: Sequence[Figure]) -> dict[str, float | None]:
    return {figure.name: figure.value for figure in figures}


def measured(figures: Sequence[Figure]) -> dict[str, float | None]:
    return {name: value for name, value in values(figures).items() if value is not None}


@pytest.fixture(scope="module")
def report() -> Run:
    return run(FakeAssistant(INDEX, SAID), GOLD)


def test_the_figures_of_a_gold_set_by_hand(report: Run) -> None:
    """exports: found 2nd of its 1 right passage. imports: all 3 right passages found first. tariffs: silent, 0.

    nDCG of exports is 1/log2 3. Quotes: the first is right for imports only, some quote for exports and imports.
    Abstained on tariffs and weather, of the unanswerable weather and sports. Confidence pairs: 0.9 and 0.8 win all
    four, 0.3 ties with 0.3 and wins over 0.2: 5.5 of 6. At any precision above 2/3: exports and imports, 2 of 3.

    Words shared with the gold span: "in" of 4 + 3, then 3 of 4 + 3, then silence. Of the answers at 0.9, 0.8 and 0.2
    the last is wrong: risks 0, 0 and 1/3. Each is a bin of its own: apart by 0.1, 0.2 and 0.2.
    """
    assert measured(report.figures) == pytest.approx(
        {
            "Success@1": 1 / 3,
            "Success@3": 2 / 3,
            "Success@5": 2 / 3,
            "RR@10": (1 / 2 + 1) / 3,
            "nDCG@10": (0.6309297535714575 + 1) / 3,
            "answer sentence hit@1": 1 / 3,
            "exact citation, of answered": 2 / 2,
            "exact citation, of all": 2 / 3,
            "token F1": (2 / 7 + 6 / 7) / 3,
            "spans whole in a passage": 1,
            "quotes, of answered": 4 / 3,
            "words, of answered": 16 / 3,
            "abstention precision": 1 / 2,
            "abstention recall": 1 / 2,
            "AUROC": 5.5 / 6,
            "AURC": 1 / 9,
            **dict.fromkeys([f"coverage at {percent} % precision" for percent in (80, 90, 95)], 2 / 3),
            "calibration error": 0.5 / 3,
            "Brier score, of answered": (0.01 + 0.04 + 0.04) / 3,
        }
    )


def test_every_figure_says_how_many_questions_stand_behind_it(report: Run) -> None:
    counts = {figure.name: figure.n for figure in report.figures}
    two = ["exact citation, of answered", "abstention precision", "abstention recall"]
    none = [name for name in counts if name.endswith("CPU ms") or name.startswith("marked")]
    none += ["answer in a quote"]
    assert {name: n for name, n in counts.items() if n != 3} == {
        **dict.fromkeys(two, 2),
        "AUROC": 5,
        **dict.fromkeys(none, 0),
    }
    assert all(f.low is not None and f.high is not None and f.low <= f.high for f in report.figures if f.n)
    assert {figure.value for figure in report.figures if not figure.n} == {None}


def test_a_figure_that_is_a_mean_is_the_mean_of_the_questions_own_scores(report: Run) -> None:
    scores = [row.scores for row in report.rows]
    for figure in report.figures:
        own = [score[figure.name] for score in scores if figure.name in score]
        assert not own or len(own) == figure.n
        assert not own or sum(own) / len(own) == pytest.approx(figure.value)
    assert {name for score in scores for name in score} == {
        *ranked_names("passage"),
        *(name for name in MEANS if name != "answer in a quote" and not name.startswith("marked")),
    }


def test_the_curve_ends_at_the_assistants_own_threshold(report: Run) -> None:
    assert report.risk_coverage == (Point(0.9, 1 / 5, 0), Point(0.8, 2 / 5, 0), Point(0.2, 3 / 5, 1 / 3))


def test_ties_are_counted_and_their_rule_is_said(report: Run) -> None:
    assert report.notes == (
        "questions that share their confidence; AUROC counts ties ½, thresholds take all or none: 2",
    )


def test_a_run_file_is_read_back_as_it_was_written(report: Run, tmp_path: Path) -> None:
    path = tmp_path / "small.json"
    path.write_text(json.dumps(json_of(report)))
    found = read_run(path)
    assert (found.set_name, found.level, found.made_with, found.notes) == ("small", "passage", None, report.notes)
    assert found.figures == report.figures
    assert found.rows == report.rows
    assert (found.rows[0].id, found.rows[0].citations[1].quote) == ("exports", EXPORTS)
    assert found.risk_coverage == report.risk_coverage


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("{", "it: Invalid JSON"),
        ("[]", "it: Input should be"),
        ('{"format": "other"}', "format: Input should be 'quotewell-run-1'"),
        ('{"figures": {"AUROC": {"value": "high"}}}', "is not a run file"),
    ],
)
def test_a_file_that_is_no_run_is_named_with_what_is_wrong(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        read_run(path)
    assert str(path) in str(caught.value)
    assert problem in str(caught.value)
    with pytest.raises(NotFound, match="no run file at"):
        read_run(tmp_path / "absent.json")


def test_a_run_without_a_question_is_no_run(report: Run, tmp_path: Path) -> None:
    path = tmp_path / "empty.json"
    path.write_text(json.dumps(json_of(report) | {"rows": []}))
    with pytest.raises(BadInput, match="holds no question"):
        read_run(path)


def test_figures_are_chosen_by_name_and_an_unknown_one_is_told_the_nearest(report: Run) -> None:
    assert [figure.name for figure in only(report, chosen(["auroc", "rr@10", "AUROC"])).figures] == ["RR@10", "AUROC"]
    with pytest.raises(BadInput, match="there is no measure 'nDGC10'; the nearest is 'nDCG@10', all are: Success@1"):
        chosen(["nDGC10"])


def test_the_list_of_all_figures_is_that_of_a_run(report: Run) -> None:
    of_documents = {"R@10", "R@20", "R@100", "Judged@10"}
    assert [figure.name for figure in report.figures] == [name for name in ALL if name not in of_documents]
    assert set(SHORT) | set(TABLE) <= set(ALL)


def test_a_row_tells_what_was_found_and_said(report: Run) -> None:
    first, silent, unanswerable = report.rows[0], report.rows[2], report.rows[4]
    assert (first.rank, first.found, first.evidence) == (2, ("b#0", "a#0"), ("b#0", "a#0"))
    assert [citation.quote for citation in first.citations] == [IMPORTS, EXPORTS]
    assert (first.first_right, first.any_right, first.confidence) == (False, True, 0.9)
    assert (silent.status, silent.rank, silent.first_right, silent.measures["RR@10"]) == ("abstained", None, False, 0)
    assert (unanswerable.status, unanswerable.first_right, unanswerable.measures) == ("answered", None, {})


def test_what_cannot_be_measured_is_not_measured_rather_than_zero() -> None:
    only_answerable = run(FakeAssistant(INDEX, SAID), GoldSet("one kind", GOLD.questions[:3]))
    found = values(only_answerable.figures)
    assert [found[name] for name in ("abstention precision", "abstention recall", "AUROC")] == [None, None, None]
    assert found["coverage at 90 % precision"] == pytest.approx(2 / 3)
    only_unanswerable = run(FakeAssistant(INDEX, SAID), GoldSet("other kind", GOLD.questions[3:]))
    assert measured(only_unanswerable.figures) == {"quotes, of answered": 1, "words, of answered": 4}
    assert only_unanswerable.risk_coverage == ()


def test_a_search_that_finds_nothing_at_all_is_an_error_and_no_zero() -> None:
    with pytest.raises(BadInput, match="nothing was found for any question of tariffs"):
        run(FakeAssistant(INDEX, SAID), GoldSet("tariffs", GOLD.questions[2:3]))


def test_progress_is_told_after_every_question() -> None:
    told: list[tuple[int, int]] = []
    run(FakeAssistant(INDEX, SAID), GOLD, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


def test_follow_ups_are_asked_in_their_standalone_form_and_the_report_says_so() -> None:
    follow_up = replace(GOLD.questions[0], text="And in March?", history=("Before?",), standalone="exports?")
    assistant = FakeAssistant(INDEX, SAID)
    found = run(assistant, GoldSet("follow-up", (follow_up,)))
    assert assistant.asked == ["exports?"]
    assert found.notes == ("follow-up questions, asked in their standalone form: 1",)


def test_a_question_that_the_assistant_refuses_stops_the_run_by_name() -> None:
    class Refusing(FakeAssistant):
        def ask(self, question: str, *, limit: int) -> Answer:
            raise BadQuestion("too long")

    with pytest.raises(BadGold, match="question 'exports' cannot be asked: too long"):
        run(Refusing(INDEX, SAID), GOLD)


def test_markup_at_the_ends_of_a_gold_span_does_not_make_a_quote_wrong() -> None:
    source = "Officials said on Monday that trade was worth **\\$552 billion**. It has grown in every year since then."
    article = document("m", source, plain=False)
    part = passage(article, 0, article.text.split(". ")[0] + ".")
    index = FakeIndex({"m": article}, {"m": [part]}, {"worth?": [part]})
    assistant = FakeAssistant(index, {"worth?": (0.9, [(part, "$552 billion")])})
    found = run(assistant, GoldSet("markup", (question("worth", gold(article, " **\\$552 billion**")),)))
    assert (found.rows[0].rank, found.rows[0].first_right) == (1, True)


def test_a_span_that_no_passage_holds_whole_counts_zero_and_is_named() -> None:
    across = question("across", gold(A, f"March. {IMPORTS} Tariffs"))
    index = replace(INDEX, found={"across?": [A0, A1]})
    found = run(FakeAssistant(index, {"across?": (0.9, [(A0, EXPORTS)])}), GoldSet("across", (across,)))
    assert values(found.figures)["Success@5"] == 0
    assert found.notes == ("questions whose gold span no passage holds whole; they count zero in search: 1 (across)",)


@pytest.mark.parametrize(
    ("span", "problem"),
    [
        (GoldSpan("gone", 0, 4, "Expo"), "no document 'gone'"),
        (GoldSpan("a", 0, 4, "Impo"), "the quote stands at 23:27"),
        (GoldSpan("a", 0, 900, "Expo"), "is outside of 'a'"),
    ],
)
def test_gold_that_does_not_fit_the_index_is_refused(span: GoldSpan, problem: str) -> None:
    with pytest.raises(BadGold, match=problem):
        judge_for(GoldSet("other", (question("q", span),)), INDEX)


def test_gold_that_points_to_what_nobody_sees_is_refused() -> None:
    source = "The two governments met in the capital in the first week of May.\n\n<!-- Image Source: Archive -->\n"
    article = document("p", source, plain=False)
    index = FakeIndex({"p": article}, {"p": [passage(article, 0, article.text)]})
    with pytest.raises(BadGold, match="is boilerplate, never quoted"):
        judge_for(GoldSet("photo", (question("q", gold(article, "Image Source")),)), index)


BEIR = BeirSet(
    "beir",
    Path("corpus.jsonl"),
    (question("imports", answers=("in May",)), question("topic"), question("weather", answerable=False)),
    {"imports": {"b": 1}, "topic": {"a": 1, "elsewhere": 1}},
    ("left",),
)


def test_documents_are_ranked_by_their_best_passage_and_judged_by_the_words_of_the_answer() -> None:
    """imports: passages a#1, a#0, b#0 are documents a, b. topic: one of two judged documents found; no answers."""
    index = replace(INDEX, found={"imports?": [A1, A0, B0], "topic?": [A0, A1]})
    said = {"imports?": (0.9, [(A0, IMPORTS)]), "topic?": (0.5, [(A0, EXPORTS)]), "weather?": (0.1, [])}
    found = run(FakeAssistant(index, said), BEIR)
    assert [row.found for row in found.rows[:2]] == [("a", "b"), ("a",)]
    assert measured(found.figures) == pytest.approx(
        {
            "Success@1": 1 / 2,
            "Success@3": 1,
            "Success@5": 1,
            "RR@10": (1 / 2 + 1) / 2,
            "nDCG@10": (0.6309297535714575 + 1 / 1.6309297535714575) / 2,
            **dict.fromkeys(["R@10", "R@20", "R@100"], (1 + 1 / 2) / 2),
            "Judged@10": (1 / 2 + 1) / 2,
            "answer sentence hit@1": 1,
            "exact citation, of answered": 1,
            "exact citation, of all": 1,
            "answer in a quote": 1,
            "token F1": 2 / 3,
            "quotes, of answered": 1,
            "words, of answered": 4,
            "abstention precision": 1,
            "abstention recall": 1,
            "AUROC": 1,
            "AURC": 0,
            **dict.fromkeys([f"coverage at {percent} % precision" for percent in (80, 90, 95)], 1),
            "calibration error": 0.1,
            "Brier score, of answered": 0.01,
        }
    )
    counts = {figure.name: figure.n for figure in found.figures}
    assert (found.rows[1].first_right, counts["answer sentence hit@1"], counts["token F1"]) == (None, 1, 1)
    assert found.notes == (
        "judged documents that are not in the index: 1 (elsewhere)",
        "questions that nothing judges; they are left out: 1 (left)",
        "questions for which the set cannot say whether a quote is right; no such figure counts them: 1",
    )


def test_documents_that_nobody_judged_are_told_of_and_those_that_were_refused_are_not_missed() -> None:
    asked = replace(BEIR, questions=BEIR.questions[:1], relevant={"imports": {"b": 1}})
    index = replace(INDEX, found={"imports?": [A0, B0]})
    said = {"imports?": (0.9, [(A0, IMPORTS)])}
    warning = "most of the first ten documents were never judged, and those count as not relevant: Judged@10 is"
    rare = replace(index, documents={"a": A, "b": B, "c": C}, found={"imports?": [A0, C0, B0]})
    assert f"{warning} 0.33" in run(FakeAssistant(rare, said), asked).notes
    judged = run(FakeAssistant(index, said), replace(asked, rejected={"imports": {"a": 0}}))
    assert values(judged.figures)["Judged@10"] == 1
    assert not [note for note in judged.notes if note.startswith(warning)]
    assert (judged.judged["imports"], judged.rows[0].rank) == ({"a": 0, "b": 1}, 2)


def test_an_index_of_another_corpus_is_refused() -> None:
    index = FakeIndex({}, {})
    with pytest.raises(BadGold, match="none of the documents judged in beir is in this index"):
        judge_for(BEIR, index)


def found_by(found: Mapping[str, Sequence[Passage]]) -> FakeIndex:
    return replace(INDEX, found=found)


def test_arms_are_compared_question_by_question() -> None:
    """First right passage of (exports, imports, tariffs): first arm 1, 1, none; second arm 2, 1, 1."""
    first = found_by({"exports?": [A0], "imports?": [B0]})
    second = found_by({"exports?": [B0, A0], "imports?": [B0], "tariffs?": [A1]})
    arms = {
        "first": lambda text, limit: first.search(text, limit=limit),
        "second": lambda text, limit: second.search(text, limit=limit),
    }
    comparison = compare_arms(arms, GOLD, INDEX)
    assert values(comparison.arms["first"])["RR@10"] == pytest.approx(2 / 3)
    assert values(comparison.arms["second"])["RR@10"] == pytest.approx(2.5 / 3)
    differences = {each.figure.name: each.figure for each in comparison.differences}
    assert list(differences) == ["Success@1", "RR@10", "nDCG@10"]
    ranked = differences["RR@10"]
    assert ranked.value == pytest.approx((0.5 + 0 - 1) / 3)
    assert (ranked.n, ranked.low, ranked.high) == (3, -1, 0.5)


def test_an_arm_does_not_differ_from_itself() -> None:
    arms = dict.fromkeys(["one", "two", "three"], lambda text, limit: INDEX.search(text, limit=limit))
    told: list[tuple[int, int]] = []
    comparison = compare_arms(arms, GOLD, INDEX, progress=lambda done, total: told.append((done, total)))
    assert [(each.arm, each.other) for each in comparison.differences[::3]] == [
        ("one", "two"),
        ("one", "three"),
        ("two", "three"),
    ]
    assert {(each.figure.value, each.figure.low, each.figure.high) for each in comparison.differences} == {(0, 0, 0)}
    assert told == [(done, 9) for done in range(1, 10)]


def test_an_arm_that_finds_nothing_at_all_is_an_error_and_no_loss() -> None:
    arms = {"full": lambda text, limit: INDEX.search(text, limit=limit), "empty": lambda text, limit: []}
    with pytest.raises(BadInput, match="arm 'empty' found nothing for any question"):
        compare_arms(arms, GOLD, INDEX)
    with pytest.raises(BadInput, match="has no answerable question to compare on"):
        compare_arms(arms, GoldSet("none", GOLD.questions[3:]), INDEX)


def test_the_text_of_a_report_is_aligned_and_says_what_was_not_measured() -> None:
    only_answerable = run(FakeAssistant(INDEX, SAID), GoldSet("tiny", GOLD.questions[1:2]))
    assert text_of(only_answerable).splitlines()[:4] == [
        "tiny · 1 answerable and 0 unanswerable questions · index v1",
        "",
        "measure                      value   95 % interval  n",
        "Success@1                    1.000  1.000 to 1.000  1",
    ]
    (others,) = [line for line in text_of(only_answerable).splitlines() if "not measured" in line]
    assert others.startswith("not measured, too few questions: ") and " · AUROC · " in others


def test_the_text_of_a_comparison_marks_the_differences_that_leave_out_zero() -> None:
    better, worse = found_by({"exports?": [A0], "imports?": [B0]}), found_by({"exports?": [B0, A0], "imports?": [B0]})
    arms = {
        "better": lambda text, limit: better.search(text, limit=limit),
        "worse": lambda text, limit: worse.search(text, limit=limit),
    }
    lines = text_of_comparison(compare_arms(arms, GoldSet("one", GOLD.questions[:1]), INDEX)).splitlines()
    assert lines == [
        "one · index v1",
        "",
        "arm     Success@1  Success@3  Success@5  RR@10  nDCG@10",
        "better      1.000      1.000      1.000  1.000    1.000",
        "worse       0.000      1.000      1.000  0.500    0.631",
        "",
        "difference        measure  value     95 % interval  n",
        "better - worse  Success@1  1.000  1.000 to 1.000 *  1",
        "better - worse      RR@10  0.500  0.500 to 0.500 *  1",
        "better - worse    nDCG@10  0.369  0.369 to 0.369 *  1",
    ]


def test_of_the_quotes_that_are_not_shown_a_run_keeps_the_best_five_and_how_they_begin(tmp_path: Path) -> None:
    words = " ".join(["word"] * 60)
    long = passage(document("a", words), 0, words)
    dropped = tuple(Dropped(Quote(long, 0, 299, 9.0 - n), "margin") for n in range(7))

    class Dropping(FakeAssistant):
        def ask(self, question: str, *, limit: int) -> Answer:
            return replace(super().ask(question, limit=limit), workings=Workings((), {}, 0.0, dropped=dropped))

    path = tmp_path / "run.json"
    path.write_text(json.dumps(json_of(run(Dropping(INDEX, SAID), GOLD))))
    kept = read_run(path).rows[0].dropped
    assert [(one.document_id, one.start, one.end, one.score, one.rule) for one in kept] == [
        ("a", 0, 299, 9.0 - n, "margin") for n in range(5)
    ]
    assert {one.quote for one in kept} == {f"{' '.join(['word'] * 31)}…"}
    written = json.loads(path.read_text())
    for row in written["rows"]:
        del row["dropped"], row["ranker_scores"]
    path.write_text(json.dumps(written))
    assert [(row.dropped, row.ranker_scores) for row in read_run(path).rows] == [((), ())] * len(GOLD.questions)


def test_a_report_and_a_comparison_become_json(report: Run) -> None:
    found = json.loads(json.dumps(json_of(report)))
    assert found["set"] == "small"
    assert found["questions"] == {"answerable": 3, "unanswerable": 2}
    assert found["figures"]["abstention precision"]["value"] == 0.5
    place = {"start": 0, "end": 20, "source_start": 0, "source_end": 20}
    assert found["rows"][1]["citations"] == [{"document_id": "b", "passage_id": "b#0", "quote": IMPORTS, **place}]
    clean = {"clean_start": 31, "clean_end": 42}
    assert found["rows"][1]["gold"][0] == {"document_id": "a", "start": 31, "end": 42, "quote": "fell in May", **clean}
    assert (found["rows"][3]["reason"], found["rows"][0]["reason"]) == ("off_corpus", None)
    assert (found["rows"][2]["reason"], found["rows"][2]["scores"]["RR@10"]) == ("off_corpus", 0)
    assert found["passages"]["b#0"] == {"document_id": "b", "title": "b", "text": B.text, "start": 0, "end": 34}
    assert set(found["passages"]) == {"a#0", "a#1", "b#0"}
    arms = dict.fromkeys(["one", "two"], lambda text, limit: INDEX.search(text, limit=limit))
    compared = json.loads(json.dumps(json_of_comparison(compare_arms(arms, GOLD, INDEX))))
    assert compared["differences"][0] == {
        "arm": "one", "other": "two", "measure": "Success@1", "value": 0, "n": 3, "low": 0, "high": 0,
    }  # fmt: skip


def test_a_readme_gets_a_shorter_table(report: Run) -> None:
    full, short = (markdown_of(report, command="make eval", short=short) for short in (False, True))
    assert "| AURC |" in full
    assert "| AURC |" not in short
    assert set(short.splitlines()) < set(full.splitlines())


def test_the_markdown_table_holds_what_was_measured_and_the_command() -> None:
    table = markdown_of(run(FakeAssistant(INDEX, SAID), GoldSet("tiny", GOLD.questions[1:2])), command="make eval")
    assert table.splitlines()[:3] == [
        "| measure | value | 95 % interval | n |",
        "|---|---:|---:|---:|",
        "| Success@1 | 1.000 | 1.000 to 1.000 | 1 |",
    ]
    assert table.splitlines()[-1] == (
        "tiny · 1 answerable and 0 unanswerable questions · index v1: written by `make eval`."
    )
    assert "not measured" not in table


def test_several_sets_share_a_table_with_a_line_each_and_empty_cells_for_what_they_cannot_say() -> None:
    both, one = (
        run(FakeAssistant(INDEX, SAID), GOLD),
        run(FakeAssistant(INDEX, SAID), GoldSet("one", GOLD.questions[1:2])),
    )
    search, _, refusal = markdown_of_sets([both, one], command="quotewell eval run a b").split("\n\n")[:3]
    assert [line.split(" | ")[0] for line in search.splitlines()] == [
        "| set",
        "|---|---:|---:|---:|---:|---:|",
        "| small",
        "| one",
    ]
    assert "| one | 1 / 0 | 1.000 [1.00, 1.00] |" in search
    assert refusal.startswith("| set | answerable / not | AUROC |")
    assert markdown_of_sets([both], command="quotewell eval run a b").endswith("Written by `quotewell eval run a b`.")


def test_a_file_that_may_be_tuned_on_has_no_half_to_test() -> None:
    with pytest.raises(BadInput, match="all questions of articles-dev may be tuned on"):
        run_command([Path(__file__).parent.parent / "eval" / "gold" / "articles-dev.jsonl"], test=True)


def test_only_the_text_between_the_markers_is_replaced(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_bytes(b"# A\r\n<!-- eval:own -->\r\nold\r\n<!-- /eval:own -->\r\nend <!-- eval:other -->")
    assert replace_block(readme, "own", "| new |\n| row |")
    wanted = b"# A\r\n<!-- eval:own -->\r\n| new |\r\n| row |\r\n<!-- /eval:own -->\r\nend <!-- eval:other -->"
    assert readme.read_bytes() == wanted
    assert not replace_block(readme, "own", "| new |\n| row |")


@pytest.mark.parametrize(
    "text",
    [
        "nothing",
        "<!-- eval:own -->",
        "<!-- /eval:own --> <!-- eval:own -->",
        "<!-- eval:own --> <!-- /eval:own --> <!-- eval:own -->",
    ],
)
def test_markers_that_are_missing_doubled_or_turned_round_are_refused(tmp_path: Path, text: str) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(text)
    with pytest.raises(BadInput, match="once each"):
        replace_block(readme, "own", "new")
    assert readme.read_text() == text
    with pytest.raises(NotFound, match="to write the table into"):
        replace_block(tmp_path / "absent.md", "own", "new")


def test_the_projects_own_index_is_judged_through_the_same_door(tmp_path: Path) -> None:
    """Each question repeats a sentence that stands once, so words alone find it first."""
    sentences = {"trade": "Exports of lemons rose by nine percent.", "talks": "The ministers met in Lima on Friday."}
    texts = {name: f"Here is what is known about it so far this year. {one}\n" for name, one in sentences.items()}
    index = make.index(tmp_path, texts)
    spans = {name: gold(index.document(name), sentence) for name, sentence in sentences.items()}
    questions: EvalSet = GoldSet("own", tuple(replace(question(n, s), text=s.quote) for n, s in spans.items()))
    comparison = compare_arms({"both": lambda text, limit: index.search(text, limit=limit)}, questions, index)
    assert values(comparison.arms["both"])["Success@1"] == 1
    assert comparison.index_version == index.version


def test_gold_is_about_the_bundled_articles_only_where_it_names_no_others() -> None:
    assert about_seeds(["000_0ff4957a0b8e66ca"]) and about_seeds([])
    assert not about_seeds(["000_0ff4957a0b8e66ca", "tides"])
