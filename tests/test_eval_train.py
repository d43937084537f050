"""Training: cases as the reader meets them, a projection that learns, and the same bytes twice."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eval.scoring.judge import judge_for
from eval.sets.gold import GoldSet, GoldSpan, Question
from eval.training.cases import TWIN, TrainingCase, case_of, cut_to, for_projection, sample_of, shuffled, without
from eval.training.projection import example_of, learn_projection, projected
from eval.training.train_reader import Gathered, gather, sha256_of, train
from index.embedding.minilm import projection_bytes, projection_from
from index.errors import BadInput
from index.search import Index
from rag.reading.candidates import Evidence
from rag.reading.weights import weights_from

ASKED = {
    "comet": ("Who discovered comet Harrow in 1904?", "discovered by Ilse Brandt"),
    "bridge": ("When was the Sollen bridge closed for repairs?", "in March 2019"),
    "ferry": ("Where are the tickets of the ferry to Aldra sold?", "old customs house"),
    "theatre": ("How many people does the Linden theatre seat?", "312 people"),
    "orchard": ("What did Frost destroy in 2021?", "half of the harvest"),
}


@pytest.fixture
def gold(hash_index: Index) -> GoldSet:
    questions = []
    for name, (text, quote) in ASKED.items():
        at = hash_index.document(name).source.index(quote)
        span = GoldSpan(name, at, at + len(quote), quote)
        questions.append(Question(f"q-{name}", text, True, (quote,), (span,), ()))
    nothing = Question("q-none", "Who baked bread on Atlantis?", False, (), (), ())
    return GoldSet("made-dev", (*questions, nothing))


def cases_of(gold: GoldSet, index: Index) -> list[TrainingCase]:
    judge = judge_for(gold, index)
    return [case_of(gold.name, question, judge, index, 6) for question in gold.questions]


def encodings_of(case: TrainingCase, index: Index):  # type: ignore[no-untyped-def]
    return index.encodings([hit.row for hit in case.hits])


def projectable(gold: GoldSet, index: Index) -> Gathered:
    return replace(gather(gold, index, "0" * 64, lambda *_: None), projectable=True)


def test_a_case_knows_which_sentences_are_right(gold: GoldSet, hash_index: Index) -> None:
    comet = cases_of(gold, hash_index)[0]
    place = next(n for n, hit in enumerate(comet.hits) if hit.passage.document_id == "comet")
    assert comet.has_right
    assert comet.right[place].tolist() == [True, False, False]
    assert [n for n, relevant in enumerate(comet.relevant) if relevant] == [place]


def test_without_the_hits_that_answer_the_others_move_up(gold: GoldSet, hash_index: Index) -> None:
    comet = cases_of(gold, hash_index)[0]
    left = without(comet, comet.relevant)
    assert left is not None
    assert not left.question.answerable
    assert not left.has_right
    assert "comet" not in {hit.passage.document_id for hit in left.hits}
    assert sorted(hit.ranks["dense"] for hit in left.hits) == list(range(1, len(left.hits) + 1))
    assert without(comet, np.ones(len(comet.hits), bool)) is None
    assert len(cut_to(comet, 2).hits) == len(cut_to(comet, 2).right) == 2


def test_a_question_and_its_twin_are_of_the_same_half_and_all_of_one_article_are(gold: GoldSet) -> None:
    def half(id_: str, near: str = "", set_name: str = "nq") -> bool:
        question = Question(id_, "Why?", True, (), (), (), near=near)
        return for_projection(TrainingCase(set_name, question, (), (), np.zeros(0, bool)))

    ids = [f"q{n}" for n in range(40)]
    assert {half(id_) for id_ in ids} == {True, False}
    assert all(half(id_) == half(f"{id_}{TWIN}") for id_ in ids)
    assert len({half(id_, near="Oxygen") for id_ in ids}) == 1
    assert len({half(id_, near=f"03-{id_}", set_name="squad2-dev-half") for id_ in ids}) == 1


def test_shuffling_depends_on_the_seed_alone(gold: GoldSet, hash_index: Index) -> None:
    cases = cases_of(gold, hash_index)
    assert shuffled(cases, 1) == shuffled(cases, 1)
    assert sorted(c.question.id for c in shuffled(cases, 1)) == sorted(c.question.id for c in cases)


def test_an_example_holds_the_tokens_of_every_sentence_and_no_title(gold: GoldSet, hash_index: Index) -> None:
    comet = cases_of(gold, hash_index)[0]
    encodings = encodings_of(comet, hash_index)
    made = example_of(comet, hash_index.encode(comet.question.asked), encodings)
    assert made.tokens.shape == (sum(len(one.tokens) for one in encodings), 64)
    assert len(made.sentences) == len(made.right) == 3 * len(comet.hits)
    titles = {0, *np.cumsum([len(one.tokens) for one in encodings])[:-1].tolist()}  # a title is one word here
    assert not titles & set(made.sentences.ravel().tolist())


def test_a_learned_projection_lowers_the_loss_and_is_the_same_twice(gold: GoldSet, hash_index: Index) -> None:
    cases = [case for case in cases_of(gold, hash_index) if case.has_right] * 24

    def example(case: TrainingCase):  # type: ignore[no-untyped-def]
        return example_of(case, hash_index.encode(case.question.asked), encodings_of(case, hash_index))

    once, again = learn_projection(cases, example), learn_projection(cases, example)
    assert projection_bytes(once.matrix, once.attention) == projection_bytes(again.matrix, again.attention)
    assert np.mean(once.losses[-5:]) < np.mean(once.losses[:5])


def test_seen_through_the_identity_an_index_is_what_it_was(gold: GoldSet, hash_index: Index) -> None:
    identity = projection_from(projection_bytes(np.eye(64, dtype=np.float32), np.zeros(64, np.float32)))
    through = projected(hash_index, identity, {})
    case = cases_of(gold, hash_index)[0]
    one = sample_of(case, Evidence(through), hash_index.stem)
    other = sample_of(case, Evidence(hash_index), hash_index.stem)
    assert one is not None
    assert other is not None
    assert one.features == pytest.approx(other.features, abs=0.01)
    assert one.right.tolist() == other.right.tolist()


def test_training_twice_writes_the_same_bytes_and_names_its_data(
    gold: GoldSet, hash_index: Index, tmp_path: Path
) -> None:
    written = []
    for name in ("a", "b"):
        (tmp_path / name / "index" / "embedding").mkdir(parents=True)
        (tmp_path / name / "rag" / "reading").mkdir(parents=True)
        trained = train([projectable(gold, hash_index)], lambda *_: None)
        trained.write(tmp_path / name)
        written.append(
            [
                (tmp_path / name / path).read_bytes()
                for path in ("index/embedding/projection.npy", "rag/reading/trained.json")
            ]
        )
    assert written[0] == written[1]
    assert trained.reader["data"] == {"made-dev": "0" * 64}
    assert trained.reader["projection"]["sha256"] == projection_from(written[0][0]).sha256
    assert 0 <= weights_from(trained.reader).threshold <= 1


def test_our_own_gold_teaches_no_projection(gold: GoldSet, hash_index: Index) -> None:
    with pytest.raises(BadInput, match="too few questions with a right sentence to learn a projection from"):
        train([gather(gold, hash_index, "0" * 64, lambda *_: None)], lambda *_: None)


def test_a_hash_of_a_set_changes_with_any_byte_or_name(tmp_path: Path) -> None:
    for folder, name, content in (("a", "q", "x"), ("b", "q", "x"), ("c", "q", "y"), ("d", "p", "x")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(content)
    first, same, other, renamed = (sha256_of(tmp_path / name) for name in "abcd")
    assert first == same
    assert len({first, other, renamed}) == 3
