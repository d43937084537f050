"""Pattern files: pieces put in, lines that go on, families in order; no piece that ships is unused."""

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import rag
from rag.language.patterns import Patterns, WhenUsed, read_patterns

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


def test_a_pattern_is_compiled_when_it_is_first_used(read: Callable[..., Patterns]) -> None:
    (never,) = read("[one]\n(\n").family("one")
    with pytest.raises(re.error):
        never.search("What does not compile is noticed by no question that does not need it.")


def test_every_pattern_that_ships_compiles() -> None:
    modules = [import_module(one.name) for one in walk_packages(rag.__path__, "rag.") if not one.ispkg]
    values = [value for module in modules for value in vars(module).values()]
    shipped = [one for value in values for one in (value if isinstance(value, tuple) else (value,))]
    patterns = [one.pattern for one in shipped if isinstance(one, WhenUsed)]
    assert len(patterns) > 100


def test_an_unknown_piece_is_no_pattern(read: Callable[..., Patterns]) -> None:
    with pytest.raises(KeyError, match="LATER"):
        read("[one]\n{LATER}\n\nLATER = x\n")


def test_no_piece_stands_there_unused() -> None:
    assert len(SHIPPED) > 10
    code = "".join(
        path.read_text("utf-8") for path in (*SHIPPED, *(ROOT / "rag").rglob("*.py"), *(ROOT / "eval").rglob("*.py"))
    )
    for path in SHIPPED:
        for name in re.findall(r"^([A-Z_]+) = ", path.read_text("utf-8"), re.MULTILINE):
            assert re.search(rf'["\s{{]{name}["\s}}](?!=)', code), f"{path}: {name}"
