"""From judged questions to the policy that an index answers by."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eval.scoring.certify import JudgedAnswers, certify
from eval.scoring.figures import judged_rows
from eval.scoring.rows import Quoted, Row
from eval.sets.beir import BeirSet
from eval.sets.gold import GoldSet, GoldSpan, Question
from eval.sets.sets import set_sha256
from eval.training.calibrate import (
    CertifiedSet,
    answering_all,
    calibrate,
    json_of_calibration,
    keep_policy,
    policy_of,
    text_of_calibration,
)
from index.embedding.embedder import HashEmbedder
from index.errors import BadInput, IndexMissing
from index.search import Index, open_index
from index.settings import Settings
from index.storage.generation import current
from index.verify import verify
from rag.assistant import open_assistant
from rag.policy import InForce, in_force
from rag.reading.reader import reader_files
from server.live_index import Live
from tests.conftest import until

CITED = Quoted("a", "a#0", "quote", 0, 5, 0, 5)


def row(confidence: float, *, answerable: bool, right: bool | None, answered: bool = True) -> Row:
    return Row(
        id="q",
        question="q?",
        answerable=answerable,
        tags=(),
        status="answered" if answered else "abstained",
        confidence=confidence,
        citations=(CITED,) if answered else (),
        first_right=right,
        any_right=right,
        scores={},
    )


def asked_of(articles: dict[str, str]) -> GoldSet:
    """A question for every sentence, in its own words, and as many that nothing answers."""
    questions = [
        Question(f"{name} {at}", f"{sentence}?", True, (), (span(name, text, sentence),), ())
        for name, text in articles.items()
        for at, sentence in enumerate(sentences(text))
    ]
    wrong = [Question(f"none {at}", f"What of quux number {at}?", False, (), (), ()) for at in range(len(questions))]
    return GoldSet("own words", (*questions, *wrong))


def sentences(text: str) -> list[str]:
    return [part if part.endswith(".") else f"{part}." for part in text.split(". ")]


def span(name: str, text: str, sentence: str) -> GoldSpan:
    start = text.index(sentence)
    return GoldSpan(name, start, start + len(sentence), sentence)


def found(certificate_of: Sequence[tuple[float, bool]], questions: int, risk: float = 0.05) -> CertifiedSet:
    judged = JudgedAnswers(
        np.array([c for c, _ in certificate_of], float), np.array([not r for _, r in certificate_of], bool), questions
    )
    return CertifiedSet(certify(judged, risk=risk, level=0.95), "own", "ab" * 32, "v1", judged, ())


def test_an_answer_is_wrong_without_a_right_quote_and_to_a_question_without_an_answer() -> None:
    judged = judged_rows(
        [
            row(0.9, answerable=True, right=True),
            row(0.8, answerable=True, right=False),
            row(0.7, answerable=False, right=None),
            row(0.6, answerable=False, right=None, answered=False),
            row(0.5, answerable=True, right=False, answered=False),
            row(0.4, answerable=True, right=None),
        ]
    )
    assert judged.confidence.tolist() == [0.9, 0.8, 0.7]
    assert judged.wrong.tolist() == [False, True, True]
    assert judged.questions == 5


def test_every_question_is_answered_and_the_policy_is_what_the_index_then_answers_by(
    hash_index: Index, hash_settings: Settings, six_articles: dict[str, str]
) -> None:
    """18 sentences asked for in their own words: all answered, all right, at 20 % risk 14 are enough.

    Calibrating again, on the calibrated index, gives the same policy.
    """
    questions = asked_of(six_articles)
    assistant = open_assistant(settings=answering_all(hash_settings), embedder=HashEmbedder())
    seen: list[tuple[int, int]] = []
    result = calibrate(assistant, questions, risk=0.2, progress=lambda *at: seen.append(at))
    certificate = result.certificate
    assert seen[-1] == (36, 36)
    assert (certificate.questions, certificate.certified) == (36, True)
    assert certificate.answered >= 14
    assert result.index_version == hash_index.version

    policy = policy_of(result, hash_settings, hash_index.manifest)
    manifest = keep_policy(hash_settings, policy)
    assert manifest.version == current(hash_settings.data) != hash_index.version
    again = open_index(hash_settings.data, hash_settings, HashEmbedder())
    assert in_force(hash_settings, again.manifest, 0.0, reader_files("model").written) == (
        certificate.threshold,
        InForce(policy, same_index=True),
    )
    assert verify(hash_settings).mended == ()

    calibrated = open_assistant(settings=answering_all(hash_settings), embedder=HashEmbedder())
    once_more = policy_of(calibrate(calibrated, questions, risk=0.2), hash_settings, calibrated.index.manifest)
    assert once_more == policy
    assert keep_policy(hash_settings, once_more).version == manifest.version

    assert keep_policy(hash_settings, None).version == hash_index.version


def test_a_running_server_answers_by_a_policy_as_soon_as_it_is_kept(hash_index: Index, hash_settings: Settings) -> None:
    live = Live(hash_settings)
    live.start()
    try:
        live.wait()
        assert live.assistant.index.version == hash_index.version
        calibration = found([(0.9, True)] * 60, 60)
        kept = keep_policy(hash_settings, policy_of(calibration, hash_settings, hash_index.manifest))
        until(lambda: live.assistant.index.version == kept.version)
        assert live.assistant.index.manifest.policy == kept.policy != ""
    finally:
        live.stop()


def test_what_is_not_certified_is_no_policy(hash_index: Index, hash_settings: Settings) -> None:
    with pytest.raises(ValueError, match="not certified"):
        policy_of(found([(0.9, True)] * 10, 10), hash_settings, hash_index.manifest)


def test_a_policy_needs_an_index(hash_settings: Settings) -> None:
    with pytest.raises(IndexMissing):
        keep_policy(hash_settings, None)


def test_a_set_that_cannot_say_what_is_right_is_refused_and_a_risk_that_is_none_before_asking(
    hash_index: Index, hash_settings: Settings
) -> None:
    assistant = open_assistant(settings=answering_all(hash_settings), embedder=HashEmbedder())
    question = Question("1", "Where is the bakery?", True, (), (), ())
    silent = BeirSet("silent", Path("corpus.jsonl"), (question,), {"1": {"bakery": 1}}, ())
    with pytest.raises(BadInput, match="says of no question"):
        calibrate(assistant, silent)
    with pytest.raises(BadInput, match="risk 5 "):
        calibrate(assistant, silent, risk=5)


def test_a_sets_hash_is_of_its_questions_and_judgements() -> None:
    question = Question("1", "Where?", True, ("here",), (), ())
    beir = BeirSet("set", Path("a/corpus.jsonl"), (question,), {"1": {"d": 1}}, ())
    digest = set_sha256(beir)
    assert len(digest) == 64
    assert digest == set_sha256(replace(beir, corpus=Path("b/corpus.jsonl")))
    assert digest != set_sha256(replace(beir, relevant={"1": {"d": 2}}))
    assert digest != set_sha256(replace(beir, questions=(replace(question, answers=()),)))
    assert set_sha256(GoldSet("set", (question,))) == set_sha256(GoldSet("set", (question,)))


def test_what_is_certified_is_said_in_sentences() -> None:
    text = text_of_calibration(found([(0.9, True)] * 100, 140))
    assert text.splitlines() == [
        "own · 140 judged questions · index v1",
        "",
        "certified: at most 5 % of given answers wrong, with 95 % confidence",
        "confidence 0.9 or more: 100 of 140 questions answered, 0 of these answers wrong; "
        "their share is at most 2.95 %",
        "for questions like these; others may carry another risk",
    ]


def test_what_is_missing_is_said_in_questions() -> None:
    assert text_of_calibration(found([(0.9, True)] * 20, 40)).splitlines()[2:] == [
        "not certified: at most 5 % of given answers wrong, with 95 % confidence",
        "nearest is confidence 0.9 or more: 20 of 40 questions answered, 0 of these answers wrong; "
        "their share is at most 13.9 %",
        "about 78 more questions like these would be enough, with the same share of wrong answers",
    ]
    hopeless = text_of_calibration(found([(0.9, False)] * 20, 40))
    assert "more questions like these will not help" in hopeless


def test_the_json_holds_the_certificate_and_where_it_comes_from() -> None:
    fields = json.loads(json.dumps(json_of_calibration(found([(0.9, True)] * 100, 140))))
    assert fields["certified"] is True
    assert (fields["set"], fields["index_version"], fields["answered"], fields["needed"]) == ("own", "v1", 100, 0)
    assert json_of_calibration(found([(0.9, False)] * 20, 40))["needed"] is None
