"""Models that somebody brings along, as tiny random ones: a cross-encoder that orders, one that answers questions."""

from pathlib import Path

import pytest
from transformers import AutoTokenizer, BertConfig, BertForQuestionAnswering, BertForSequenceClassification, BertModel
from transformers import set_seed as seeded

from index.embedding.weights import packaged_torch
from index.errors import BadSetting, ModelMissing
from index.ranking.cross_encoder import RERANKED, CrossEncoderRanker
from index.records import Span
from index.search import Index
from index.settings import load_settings
from rag.assistant import Assistant, assistant_over
from rag.pipeline import READ_HITS
from rag.question.analysis import analyse
from rag.reading.answer_model import AnswerModel
from rag.reading.model import ABSENT, Excerpt, load_read_model
from rag.reading.reader import load_reader, reader_files
from tests import make

QUESTION = "When was the Sollen bridge opened?"
_TEXT = ("The ferry was built in 1911.", "It carries forty cars.", "The captain is Ada Byrne.")


def saved(folder: Path, kind: type, labels: int = 2) -> str:
    """A random model of this kind, with the packaged tokenizer."""
    seeded(7)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = BertConfig.from_dict({**sizes, "num_labels": labels, "max_position_embeddings": 130})
    kind(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(packaged_torch(), model_max_length=128).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def answering(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved(tmp_path_factory.mktemp("qa"), BertForQuestionAnswering)


@pytest.fixture(scope="module")
def ordering(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved(tmp_path_factory.mktemp("ce"), BertForSequenceClassification, labels=1)


@pytest.fixture(scope="module")
def headless(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved(tmp_path_factory.mktemp("none"), BertModel)


def page(*sentences: str, title: str = "The ferry of Inis") -> Excerpt:
    starts = [len(" ".join([*sentences[:n], ""])) for n in range(len(sentences))]
    spans = tuple(Span(start, start + len(one)) for start, one in zip(starts, sentences, strict=True))
    return Excerpt(title, " ".join(sentences), spans)


def test_the_answer_model_judges_every_sentence_and_its_words_stand_in_the_best(answering: str) -> None:
    model, read = AnswerModel(answering, load_read_model().blend), page(*_TEXT)
    found = model.read("When was the ferry built?", read)
    assert len(found.gaps) == 3
    assert all(gap > ABSENT and (64 * gap).is_integer() for gap in found.gaps)
    assert found.answer is not None
    best = read.sentences[found.gaps.index(found.gap)]
    assert best.start <= found.answer.start < found.answer.end <= best.end
    assert found.answer_gap == found.gap
    assert found == model.read("When was the ferry built?", read)


def test_the_title_shifts_no_place_and_what_is_beyond_the_window_is_read_too(answering: str) -> None:
    model = AnswerModel(answering, load_read_model().blend)
    read = page(*_TEXT * 40)
    found = model.read("When? " * 300, read)
    assert ABSENT not in found.gaps
    assert found.answer is not None
    assert read.text[slice(*found.answer)] == read.text[slice(*found.answer)].strip()
    assert model.read("When?", Excerpt("A", "", ())).answer is None


def test_it_reads_in_the_place_of_the_packaged_model(answering: str, hash_index: Index) -> None:
    asked = analyse(QUESTION, hash_index.stem)
    hits = hash_index.search(asked.text, limit=6)
    own = load_reader("model", hash_index, answering).read(asked, hits)
    assert own.quotes[0].gap is not None
    assert own.quotes[0].gap != load_reader("model", hash_index).read(asked, hits).quotes[0].gap
    assert reader_files("model", answering).written != reader_files("model").written


def test_the_reranker_orders_the_first_hits_by_its_own_score(ordering: str) -> None:
    hits = [make.hit(make.passage(text, f"a{n}"), n, 1 - n / 100) for n, text in enumerate(_TEXT * 20)]
    found = CrossEncoderRanker(ordering).ordered(QUESTION, hits)
    first = found[:RERANKED]
    assert {hit.row for hit in first} == set(range(RERANKED))
    assert [hit.row for hit in first] != list(range(RERANKED))
    assert first == sorted(first, key=lambda hit: (-hit.score, hit.passage.id))
    assert found[RERANKED:] == hits[RERANKED:]
    assert CrossEncoderRanker(ordering).ordered(QUESTION, []) == []


def test_what_is_read_and_what_search_gives_are_the_reranked(ordering: str, hash_index: Index) -> None:
    def over(reranker: str = "") -> Assistant:
        return assistant_over(hash_index, load_settings(reader="trained", reranker=reranker))

    as_fused, reranked = over().search(QUESTION, read=False), over(reranker=ordering).search(QUESTION, read=False)
    wanted = CrossEncoderRanker(ordering).ordered(QUESTION, hash_index.search(QUESTION, limit=RERANKED))
    assert [hit.row for hit in as_fused] == [hit.row for hit in hash_index.search(QUESTION, limit=10)]
    assert [hit.row for hit in reranked] == [hit.row for hit in wanted[:10]]
    read = over(reranker=ordering).search(QUESTION, limit=3)
    assert {hit.row for hit in read} <= {hit.row for hit in wanted[:READ_HITS]}


@pytest.mark.parametrize("make_one", [CrossEncoderRanker, lambda name: reader_files("model", name)])
def test_a_model_that_is_not_there_or_of_another_kind_says_what_to_do(make_one: object, headless: str) -> None:
    assert callable(make_one)
    with pytest.raises(ModelMissing, match="cannot be loaded.*name "):
        make_one("/no/such/folder")
    with pytest.raises(ModelMissing, match="name one that was trained"):
        make_one(headless)


def test_an_answer_model_beside_a_linear_reader_is_refused(answering: str) -> None:
    with pytest.raises(BadSetting, match='set reader = "model"'):
        reader_files("trained", answering)
