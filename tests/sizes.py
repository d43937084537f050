"""What each part of an installation weighs, by the environment that this runs in: python -m tests.sizes docs/operate.md

writes the table of that document.
"""

import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
BEGIN, END = "<!-- written by python -m tests.sizes -->", "<!-- end -->"
APART = {"milvus", "postgres", "ray"}  # extras pinned in pyproject.toml alone, as few should install what they need
SHOWN = 3  # of a part's packages, the largest


def needed(lines: Iterable[str]) -> set[str]:
    """Names of all packages that these requirements bring, this project's own extras too. Raises where one is away."""
    found: set[str] = set()
    seen, waiting = set[tuple[str, str]](), [(Requirement(line), "") for line in lines]
    while waiting:
        one, extra = waiting.pop()
        if one.marker is not None and not one.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(one.name)
        for wanted in {key for key in ("", *one.extras) if (name, key) not in seen}:
            seen.add((name, wanted))
            if name == PROJECT["name"]:
                waiting += [(Requirement(line), "") for line in EXTRAS.get(wanted, ())]
            else:
                found.add(name)
                waiting += [(Requirement(line), wanted) for line in distribution(name).requires or ()]
    return found


def size(name: str) -> int:
    """Bytes of a package's files as it was unpacked, without what Python compiles of them."""
    places = (Path(str(file.locate())) for file in distribution(name).files or () if file.suffix != ".pyc")
    return sum(place.stat().st_size for place in places if place.is_file())


def parts() -> dict[str, set[str]]:
    """Part → what it brings beside the packages that are installed without an extra; "" is those."""
    plain = needed(PROJECT["dependencies"])
    return {"": plain, **{extra: needed(EXTRAS[extra]) - plain for extra in EXTRAS if extra not in APART}}


def table() -> str:
    rows = ["| `pip install` | packages | MB | the largest |", "|---|---:|---:|---|"]
    for extra, names in parts().items():
        sizes = {name: size(name) / 1e6 for name in names}
        largest = sorted(sizes, key=lambda name: (-sizes[name], name))[:SHOWN]
        shown = ", ".join(f"{name} {sizes[name]:,.0f}" for name in largest)
        part = f"`.[{extra}]`: beside that" if extra else "`.`"
        rows.append(f"| {part} | {len(names)} | {sum(sizes.values()):,.0f} | {shown} |")
    return "\n".join(rows)


if __name__ == "__main__":
    document = Path(sys.argv[1])
    head, _, rest = document.read_text("utf-8").partition(BEGIN)
    document.write_text(f"{head}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}", "utf-8")
