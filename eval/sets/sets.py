"""Any judged set, our own gold file, a BEIR-style folder or a TREC one: its halves, and the index of its corpus."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

from eval.sets.beir import BeirSet, is_trec, read_beir, read_trec
from eval.sets.gold import GoldSet, Question, read_gold
from index.build import Builder, Progress
from index.embedding.embedder import Embedder, load_embedder
from index.errors import BadGold, NotFound
from index.search import Index, open_index
from index.seeding import SEEDS
from index.settings import Settings
from index.terminal import Show
from rag.assistant import Assistant, open_assistant

EvalSet: TypeAlias = GoldSet | BeirSet
WORK = Path(".eval")
WORK_384 = Path(".eval-384")  # indexes without projected token vectors, for training
EMBEDDER_384 = "minilm-384"


def resolve_set(path: Path) -> EvalSet:
    """A file is read as gold, a folder with `qrels.txt` as TREC, any other as BEIR.

    Raises NotFound, and BadGold for a broken or empty set.
    """
    if path.is_dir():
        found: EvalSet = read_trec(path) if is_trec(path) else read_beir(path)
    elif path.is_file():
        found = GoldSet(path.stem, tuple(read_gold(path)))
    else:
        raise NotFound(f"no evaluation set at {path}; give a gold file (.jsonl), a BEIR-style folder or a TREC one")
    if not found.questions:
        raise BadGold(f"{path} holds no judged question; give a set with at least one")
    return found


# Which questions of a public set may be tuned on; the rest is only ever tested on.
#
# squad2-dev-half splits by its articles (the first eight), timeqa-human by article (the first half in order of name),
# every other set by even and odd place of its questions. Our gold files are split by file: *-dev may be tuned on.

_SQUAD_ARTICLES = 8


def testing_questions(questions: EvalSet) -> list[Question]:
    """The other half: nothing was ever chosen by looking at it. Empty for a gold file named *-dev."""
    tuned = {question.id for question in tuning_questions(questions)}
    return [question for question in questions.questions if question.id not in tuned]


def tuning_questions(questions: EvalSet) -> list[Question]:
    """The half that fitting and sweeping see. Empty for a gold file that is not named *-dev."""
    if not isinstance(questions, BeirSet):
        return list(questions.questions) if questions.name.endswith("-dev") else []
    if questions.name == "squad2-dev-half":
        return [q for q in questions.questions if q.near and int(q.near[:2]) < _SQUAD_ARTICLES]
    if questions.name == "timeqa-human":
        articles = sorted({question.near for question in questions.questions})
        first = set(articles[: len(articles) // 2])
        return [question for question in questions.questions if question.near in first]
    return list(questions.questions[::2])


def set_sha256(questions: EvalSet) -> str:
    """Over name, questions and judgements; wherever the files stand and however they are written."""
    relevant = questions.relevant if isinstance(questions, BeirSet) else {}
    whole = [questions.name, [asdict(question) for question in questions.questions], relevant]
    return sha256(json.dumps(whole, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def half(questions: EvalSet, *, tuning: bool) -> EvalSet:
    """The same set with only the questions that may be tuned on, or only the others."""
    kept = tuple(tuning_questions(questions) if tuning else testing_questions(questions))
    if not isinstance(questions, BeirSet):
        return replace(questions, questions=kept)
    ids = {question.id for question in kept}
    relevant = {id_: gains for id_, gains in questions.relevant.items() if id_ in ids}
    return replace(questions, questions=kept, relevant=relevant)


# The index of a set's own corpus: made once below a work folder, brought up to date when anything changed.


def indexed(questions: EvalSet, settings: Settings, embedder: Embedder, work: Path, show: Show) -> Settings:
    """Settings that point to the set's index; gold files are about the bundled articles."""
    corpus = questions.corpus if isinstance(questions, BeirSet) else SEEDS
    place = sha256(str(corpus.resolve()).encode()).hexdigest()[:8]  # two sets may have one name
    name = f"{questions.name}-{place}" if isinstance(questions, BeirSet) else "seeds"
    own = settings.model_copy(update={"data": work / name})

    def on_progress(at: Progress) -> None:
        show(f"{questions.name}: {at.step}", at.done, at.total)

    Builder(own.data, own, embedder).index([corpus], prune=True, on_progress=on_progress)
    return own


def about_seeds(document_ids: Iterable[str]) -> bool:
    """Whether gold that names these documents is about the bundled articles, and not about those of the data folder."""
    return {*document_ids} <= {path.stem for path in SEEDS.glob("*.txt")}


def opened(questions: EvalSet, settings: Settings, show: Show, work: Path = WORK) -> tuple[Assistant, Settings]:
    """An index that the settings name is used as it stands, and so is that of gold which is not about the bundled
    articles; else the set's own corpus is indexed below `work`."""
    named = () if isinstance(questions, BeirSet) else (s.document_id for q in questions.questions for s in q.spans)
    if "data" in settings.model_fields_set or not about_seeds(named):
        return open_assistant(settings=settings), settings
    embedder = load_embedder(settings.embedder, settings.model_path)
    own = indexed(questions, settings, embedder, work, show)
    return open_assistant(settings=own, embedder=embedder), own


def open_set(
    questions: EvalSet, settings: Settings, embedder: Embedder, work: Path, show: Show
) -> tuple[Index, Settings]:
    """The set's own index, made or brought up to date."""
    own = indexed(questions, settings, embedder, work, show)
    return open_index(own.data, own, embedder), own


def index_of(articles: Iterable[Mapping[str, str]], settings: Settings, embedder: Embedder, folder: Path) -> Index:
    """The index of made articles, each with the fields of a line of a corpus, in an empty folder."""
    corpus = folder / "articles.jsonl"
    corpus.write_text("".join(f"{json.dumps(article)}\n" for article in articles), encoding="utf-8")
    own = settings.model_copy(update={"data": folder / "index"})
    Builder(own.data, own, embedder).index([corpus])
    return open_index(own.data, own, embedder)
