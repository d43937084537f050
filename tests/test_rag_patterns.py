"""Pattern files: pieces put in, lines that go on, families in order; no piece that ships is unused."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.language.patterns import Patterns, read_patterns

ROOT = Path(__file__).parent.parent
SHIPPED = (*(ROOT / "rag").rglob("*.txt"), *(ROOT / "eval").rglob("*.txt"))


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Patterns]:
    def read_text(text: str, **given: str) -> Patterns:
        package = tmp_path / f"of_{tmp_path.name}"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "some.txt").write_text(text, "utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        return read_patterns(package.name, "some.txt", **given)

    return read_text


def test_pieces_are_put_in_and_quantifiers_left_alone(read: Callable[..., Patterns]) -> None:
    text = "# {NOTHING} is put into this\n\nDIGITS = \\d{2,4}\nYEAR = in {DIGITS}\n  | {WORD}\n\n[one]\n{YEAR}!\n"
    found = read(f"{text}a = b\n\n[two, or more]\n[a-z]\n", WORD="lately")
    assert found.pieces["YEAR"] == r"in \d{2,4}| lately"
    assert found.families == {"one": (r"in \d{2,4}| lately!", "a = b"), "two, or more": ("[a-z]",)}
    assert found.compiled("YEAR").fullmatch("IN 1999")


def test_an_unknown_piece_is_no_pattern(read: Callable[..., Patterns]) -> None:
    with pytest.raises(KeyError, match="LATER"):
        read("[one]\n{LATER}\n\nLATER = x\n")


def test_no_piece_stands_there_unused() -> None:
    assert len(SHIPPED) > 10
    for path in SHIPPED:
        code = "".join(beside.read_text("utf-8") for beside in path.parent.glob("*.py"))
        code += "".join(beside.read_text("utf-8") for beside in path.parent.glob("*.txt"))
        for name in re.findall(r"^([A-Z_]+) = ", path.read_text("utf-8"), re.MULTILINE):
            assert f"{{{name}}}" in code or f'"{name}"' in code, f"{path}: {name}"
