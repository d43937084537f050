"""What each part of an installation weighs, and how long pip takes for it, at the versions of the environment that this
runs in: python -m tests.sizes docs/operate.md

writes the table of that document. It installs every part twice, into a folder that goes again; the first time fills
pip's cache, which takes gigabytes of the network, the second one is timed.
"""

import subprocess
import sys
import tomllib
import venv
from collections.abc import Callable, Iterable
from importlib.metadata import distribution, version
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

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


def seconds(names: Iterable[str]) -> float:
    """Of the clock, that pip takes to install these packages and no others from its cache, into a new environment."""
    wanted, taken = [f"{name}=={version(name)}" for name in sorted(names)], 0.0
    for _ in range(2):
        with TemporaryDirectory(prefix="quotewell-sizes-") as folder:
            venv.create(folder, with_pip=True)
            command = [f"{folder}/bin/python", "-m", "pip", "install", "-q", "--no-deps", "--no-compile", *wanted]
            began = perf_counter()
            subprocess.run(command, check=True)
            taken = perf_counter() - began
    return taken


def table(seconds: Callable[[Iterable[str]], float] = seconds) -> str:
    rows = ["| `pip install` | packages | MB | s | the largest |", "|---|---:|---:|---:|---|"]
    for extra, names in parts().items():
        sizes = {name: size(name) / 1e6 for name in names}
        largest = sorted(sizes, key=lambda name: (-sizes[name], name))[:SHOWN]
        shown = ", ".join(f"{name} {sizes[name]:,.0f}" for name in largest)
        part = f"`.[{extra}]`: beside that" if extra else "`.`"
        rows.append(f"| {part} | {len(names)} | {sum(sizes.values()):,.0f} | {seconds(names):,.1f} | {shown} |")
    return "\n".join([*rows, "", "s: seconds of the clock that pip takes from its cache, on one machine."])


if __name__ == "__main__":
    document = Path(sys.argv[1])
    head, _, rest = document.read_text("utf-8").partition(BEGIN)
    document.write_text(f"{head}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}", "utf-8")
