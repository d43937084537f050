"""Training a model that reads, on a small collection: the same bytes twice, resumed as straight through."""

import json
import random
import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer, BertConfig, BertModel, BertTokenizer

from eval.reading.batches import Lesson, epoch, groups_of
from eval.reading.network import LONGEST, NO_SENTENCE, encode, open_backbone
from eval.reading.recipe import Recipe, train_model
from eval.reading.rows import MINED, TrainingRow, read_grades, read_rows
from eval.reading.train import TrainingPlan, across, train
from eval.reading.twins import shortened
from index.embedding.embedder import HashEmbedder
from index.errors import BadInput, ModelMissing, NotFound

PLACES = "Linden Harrow Aldra Sollen Morvale Tarn Kestrel Ombry Fenwick Calder Brindle Ashby".split()
MANY = 99  # mined passages of a group: all
MADE = ("bridge", "theatre", "canal", "museum")


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 paragraphs, each with a question that it answers; every fourth question has a human twin."""
    folder = tmp_path_factory.mktemp("sets") / "made"
    folder.mkdir()
    documents, questions, qrels = [], [], ["query-id\tcorpus-id\tscore"]
    for number, (place, thing) in enumerate((place, thing) for place in PLACES for thing in MADE):
        year, seats = 1801 + 3 * number, 110 + number
        told = [
            f"The first {thing} of {place} was opened in {year} beside the market.",
            f"Its oldest hall holds {seats} seats.",
            f"The {thing} is painted green.",
        ]
        text, id_ = " ".join(told), f"d{number:02d}"
        documents.append({"_id": id_, "title": f"{place} {thing}", "text": text})
        asked = [
            (f"When was the first {thing} of {place} opened?", f"in {year}"),
            (f"What did {place} open in {year}?", f"first {thing} of {place}"),
            (f"How many seats has the oldest hall of the {place} {thing}?", f"{seats} seats"),
        ][number % 3]
        spans = [{"doc": id_, "start": text.index(asked[1]), "end": text.index(asked[1]) + len(asked[1])}]
        whole = {"_id": f"q{number:02d}", "text": asked[0], "answerable": True, "near_doc": id_, "pair": id_}
        questions.append({**whole, "answers": [asked[1]], "spans": spans})
        qrels.append(f"q{number:02d}\t{id_}\t1")
        if number % 4 == 0:
            twin = f"Who closed the {thing} of {place}?"
            questions.append({**whole, "_id": f"n{number:02d}", "text": twin, "answerable": False, "answers": []})
    for name, lines in (("corpus", documents), ("queries", questions)):
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    (folder / "qrels.tsv").write_text("\n".join(qrels) + "\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT of two layers whose word pieces are single characters."""
    folder = tmp_path_factory.mktemp("backbone")
    signs = "abcdefghijklmnopqrstuvwxyz0123456789.,?:'"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *signs, *(f"##{sign}" for sign in signs)]
    (folder / "vocab.txt").write_text("\n".join(pieces), "utf-8")
    torch.manual_seed(3)
    shape = BertConfig(
        vocab_size=len(pieces), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    BertModel(shape).save_pretrained(folder)
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


def recipe_for(backbone: Path) -> Recipe:
    return Recipe(backbone, large=backbone, twins=20, mined=20, epochs=1, teacher_epochs=1, threads=1)


@pytest.fixture(scope="module")
def made(collection: Path, backbone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a whole run."""
    out = tmp_path_factory.mktemp("made")
    train_model([collection], out, recipe_for(backbone), HashEmbedder(), lambda _: None)
    return out


def rows_of(folder: Path) -> list[TrainingRow]:
    return [*read_rows(folder / "rows.jsonl"), *read_rows(folder / "more.jsonl")]


def plan_for(made: Path, backbone: Path, *, epochs: float = 3) -> TrainingPlan:
    rows = (made / "rows.jsonl", made / "more.jsonl")
    often = {"tokens": 1500, "tell": 1, "keep": 0, "check": 60}
    return TrainingPlan(backbone, rows, made / "valid.jsonl", epochs, 3e-3, grades=made / "grades.npz", **often)  # type: ignore[arg-type]


@pytest.mark.slow
def test_the_same_collections_give_the_same_bytes(made: Path, collection: Path, backbone: Path, tmp_path: Path) -> None:
    train_model([collection], tmp_path, recipe_for(backbone), HashEmbedder(), lambda _: None)
    files = ("rows.jsonl", "more.jsonl", "valid.jsonl", "teacher.safetensors", "grades.npz", "reader.safetensors")
    assert [name for name in files if (made / name).read_bytes() != (tmp_path / name).read_bytes()] == []


@pytest.mark.slow
def test_rows_are_of_every_kind_and_none_of_a_question_that_is_tested(made: Path, collection: Path) -> None:
    rows = rows_of(made)
    assert {row.kind for row in rows} == {"gold", "near", "found", "twin", "same"}
    assert {row.made for row in rows} >= {"another word", "another year", "mined"}
    assert all(bool(row.good) == (row.kind in ("gold", "same")) for row in rows)
    assert not {row.id for row in rows} & {row.id for row in read_rows(made / "valid.jsonl")}


@pytest.mark.slow
def test_what_is_swapped_in_an_unanswerable_twin_stands_nowhere_in_its_passage(made: Path) -> None:
    asked = {row.id: row.question for row in read_rows(made / "rows.jsonl")}
    twins = [row for row in rows_of(made) if row.kind == "twin"]
    assert len(twins) >= 10
    for row in twins:
        if not row.made.startswith(("another word", "another year", "another number")):
            continue
        new = set(row.question.lower().strip("?").split()) - set(asked[row.id].lower().strip("?").split())
        assert new
        assert not [word for word in new if word in row.text.lower().split()], row.question


def test_a_shortened_passage_keeps_all_sentences_but_those_that_answer() -> None:
    text = "One runs here. Two walk there. Three sit. Four sleep."
    ends = [match.end() for match in re.finditer(r"[.]", text)]
    row = TrainingRow(
        "Who?", "", text, ((0, ends[0]), (15, ends[1]), (31, ends[2]), (42, ends[3])), (1, 2), (15, 18), 1.0, "q",
        "made", "gold", "q",
    )  # fmt: skip
    kept = list(shortened([row] * 20 + [replace(row, good=(0, 1, 2)), replace(row, good=())], random.Random(1)))
    assert 2 < len(kept) < 20
    for one in kept:
        assert [one.text[a:b] for a, b in one.sentences] == ["One runs here.", "Four sleep."]
        assert (one.good, one.short, one.kind, one.question) == ((), None, "twin", "Who?")


@pytest.mark.slow
def test_a_batch_holds_all_of_a_group_or_none(made: Path, backbone: Path) -> None:
    rows = rows_of(made)
    tokenizer, _ = open_backbone(backbone)
    lessons = [Lesson(row, item) for row, item in zip(rows, encode(tokenizer, rows), strict=True)]
    sizes: dict[str, int] = defaultdict(int)
    for row in rows:
        sizes[row.group] += 1
    assert max(sizes.values()) > 2
    read = 0
    for batch in epoch(groups_of(lessons), 1500, MANY, random.Random(1)):
        here: dict[str, int] = defaultdict(int)
        for one in batch:
            here[one.row.group] += 1
        assert here == {group: sizes[group] for group in here}
        read += len(batch)
    assert read > len(rows) / 2
    for batch in epoch(groups_of(lessons), 1500, 1, random.Random(1)):
        mined = [one.row.group for one in batch if one.row.made == MINED]
        assert len(mined) == len(set(mined))


@pytest.mark.slow
def test_stopped_and_resumed_equals_straight_through_and_the_loss_falls(
    made: Path, backbone: Path, tmp_path: Path
) -> None:
    plan, told = plan_for(made, backbone), list[str]()
    train(plan, tmp_path / "whole.pt", tmp_path / "whole.safetensors", told.append)
    losses = [float(text.split("loss ")[1]) for text in told if text.startswith("step")]
    assert len(losses) > 8
    assert losses[-1] < 0.9 * losses[0]

    def stop(text: str) -> None:
        if text.startswith("step 5 "):
            raise KeyboardInterrupt

    parts = (tmp_path / "parts.pt", tmp_path / "parts.safetensors")
    with pytest.raises(KeyboardInterrupt):
        train(plan, *parts, stop)
    again = list[str]()
    train(plan, *parts, again.append)
    assert again[0].startswith("goes on: step 5 ")
    assert parts[1].read_bytes() == (tmp_path / "whole.safetensors").read_bytes()
    assert not [name for name in load_file(parts[1]) if "word_embeddings" in name]
    with pytest.raises(BadInput, match="other settings"):
        train(replace(plan, seed=2), *parts, again.append)


@pytest.mark.slow
def test_grades_are_found_under_their_rows_in_any_order(made: Path, tmp_path: Path) -> None:
    grades = read_grades(made / "grades.npz")
    rows = rows_of(made)
    assert {row.key for row in rows} == set(grades.logits)
    assert all(len(grades.logits[row.key]) == len(row.sentences) + 1 for row in rows)
    grades.logits = dict(reversed(grades.logits.items()))
    grades.write(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (made / "grades.npz").read_bytes()


def test_across_passages_of_a_question_the_one_that_answers_is_preferred() -> None:
    """And the loss is that of one softmax over all its sentences and zero, worked out by hand."""
    question = torch.tensor([0, 1, 0, 2])
    gaps = torch.tensor([[2.0, -1.0], [9.0, 0.0], [0.5, NO_SENTENCE], [-3.0, 1.0]])
    want = torch.tensor([[0.75, 0.0], [1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    whole = torch.logsumexp(torch.tensor([2.0, -1.0, 0.5, 0.0]), 0)
    assert across(question, gaps, want).item() == pytest.approx((0.75 * (whole - 2.0) + 0.25 * whole).item() / 4)
    other = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.75, 0.0], [0.0, 0.0]])
    assert across(question, gaps, other) > across(question, gaps, want)
    assert across(question[1:], gaps[1:], want[1:]) == 0


def test_a_row_is_cut_into_tokens_as_the_tokeniser_cuts_a_pair(backbone: Path) -> None:
    """The question and the text are cut apart and put together: the tokeniser itself is the oracle."""
    tokenizer = AutoTokenizer.from_pretrained(backbone)
    text = "the comet is dim. it was seen in 1904, near lyra."
    row = TrainingRow("who saw it?", "comet", text, ((0, 17), (18, 49)), (1,), (33, 37), 1.0, "q", "s", "gold", "g")
    item = encode(tokenizer, [row])[0]
    pair = tokenizer(row.question, f"comet: {text}", return_offsets_mapping=True)
    assert item.ids == pair["input_ids"]
    shown = [text[a - 7 : b - 7] for a, b in pair["offset_mapping"]]
    assert "".join(shown[slice(*item.ranges[1])]) == "itwasseenin1904,nearlyra."
    assert item.span is not None
    assert "".join(shown[item.span[0] : item.span[1] + 1]) == "1904"
    long = encode(tokenizer, [replace(row, text=text * 20, short=None)])[0]
    assert len(long.ids) == LONGEST
    assert long.ids[-1] == tokenizer.sep_token_id


def test_what_is_missing_is_named_before_anything_is_made(collection: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def wrong(recipe: Recipe, sets: Path, error: type[Exception], what: str) -> None:
        with pytest.raises(error, match=what):
            train_model([sets], out, recipe, HashEmbedder(), lambda _: None)
        assert not out.exists()

    wrong(Recipe(tmp_path), collection, BadInput, "--large")
    wrong(Recipe(tmp_path, large=tmp_path), collection, ModelMissing, "no config.json")
    wrong(Recipe(tmp_path, large=tmp_path), tmp_path / "absent", NotFound, "no folder")
