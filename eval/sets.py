"""Any judged set: our own gold file or a BEIR-style folder."""

from pathlib import Path
from typing import TypeAlias

from eval.beir import BeirSet, read_beir
from eval.gold import GoldSet, read_gold
from index.errors import BadGold, NotFound

EvalSet: TypeAlias = GoldSet | BeirSet


def resolve_set(path: Path) -> EvalSet:
    """A folder is read as BEIR, a file as gold. Raises NotFound, and BadGold for a broken or empty set."""
    if path.is_dir():
        found: EvalSet = read_beir(path)
    elif path.is_file():
        found = GoldSet(path.stem, tuple(read_gold(path)))
    else:
        raise NotFound(f"no evaluation set at {path}; give a gold file (.jsonl) or a BEIR-style folder")
    if not found.questions:
        raise BadGold(f"{path} holds no judged question; give a set with at least one")
    return found
