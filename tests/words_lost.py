"""Which visible words of whole collections the cleaner loses: python -m tests.words_lost docs/files.md SET...

writes the table of that document. SET is a folder with a corpus.jsonl, packed or not.
"""

import gzip
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from index.cleaning.clean import clean
from index.text.words import words
from tests.test_index_clean import UNSEEN

BEGIN, END = "<!-- written by python -m tests.words_lost -->", "<!-- end of words lost -->"
TAG = re.compile(r"<[^<>\n]*>")  # nobody sees "li" and "value" of <li value=13>


def lost(source: str) -> tuple[int, list[str]]:
    """How many words a text has, and those of which some letter or digit is seen and not kept."""
    seen = bytearray(len(source))
    for run in clean(source).runs:
        seen[run.source : run.source + run.length] = b"\x01" * run.length
    for pattern in (UNSEEN, TAG):
        for found in pattern.finditer(source):
            seen[found.start() : found.end()] = b"\x01" * (found.end() - found.start())
    every = words(source)
    return len(every), [word.text for word in every if not all(seen[word.start : word.end])]


def texts(folder: Path) -> Iterator[str]:
    (path,) = folder.glob("corpus.jsonl*")
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)["text"]


def table(folders: list[Path]) -> str:
    rows = ["| set | articles | words | lost |", "|---|---:|---:|---:|"]
    sums = [0, 0, 0]
    for folder in folders:
        counts = [lost(text) for text in texts(folder)]
        row = [len(counts), sum(count for count, _ in counts), sum(len(gone) for _, gone in counts)]
        sums = [a + b for a, b in zip(sums, row, strict=True)]
        rows.append(f"| {folder.name} | " + " | ".join(f"{number:,}" for number in row) + " |")
    return "\n".join([*rows, f"| all | {' | '.join(f'{number:,}' for number in sums)} |"])


def main(page: Path, folders: list[Path]) -> None:
    before, rest = page.read_text("utf-8").split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{table(folders)}\n{END}{rest.split(END)[1]}", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(folder) for folder in sys.argv[2:]])
