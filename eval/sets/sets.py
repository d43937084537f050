"""Any judged set: our own gold file, a BEIR-style folder or a TREC one."""

import json
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

from eval.sets.beir import BeirSet, read_beir
from eval.sets.gold import GoldSet, Question, read_gold
from eval.sets.trec import is_trec, read_trec
from index.errors import BadGold, NotFound

EvalSet: TypeAlias = GoldSet | BeirSet


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
