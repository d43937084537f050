"""Any judged set: our own gold file, a BEIR-style folder or a TREC one."""

from pathlib import Path
from typing import TypeAlias

from eval.beir import BeirSet, read_beir
from eval.gold import GoldSet, read_gold
from eval.trec import is_trec, read_trec
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
