"""A thousand files of ten kinds in one run, the packaged embedder: `python -m tests.rigs.mixed_files --write FILE`.

The figure is written between the marks `<!-- mixed-files -->` of the file.
"""

import json
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.rigs.test_hostile_files import good_files

EACH = 100  # of ten kinds
MARKS = re.compile(r"(?<=<!-- mixed-files -->).*?(?=<!-- /mixed-files -->)", re.DOTALL)


def measured(folder: Path) -> str:
    """One sentence on a run over the files, written below the folder first."""
    (folder / "in").mkdir()
    for name, content in good_files(EACH):
        (folder / "in" / name).write_bytes(content)
    command = [sys.executable, "-m", "quotewell", "index", str(folder / "in"), "--data", str(folder / "data"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    took = resource.getrusage(resource.RUSAGE_CHILDREN)  # with the process that it reads files in
    report = json.loads(done.stdout)
    seconds = took.ru_utime + took.ru_stime
    lines = [line for line in done.stderr.splitlines() if re.fullmatch(r"(?:reading|embedding) \d+ of \d+", line)]
    return (
        f"{len(report['added']):,} of {10 * EACH:,} small files of ten kinds were indexed "
        f"in {seconds:,.0f} seconds of processor time ({report['embedded_passages']:,} passages, "
        f"{len(report['unread'])} not read, "
        f"{len(lines)} lines of progress)."
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        sentence = measured(Path(made))
    sys.stdout.write(f"{sentence}\n")
    if "--write" in sys.argv:
        page = Path(sys.argv[sys.argv.index("--write") + 1])
        page.write_text(MARKS.sub(sentence, page.read_text("utf-8")), "utf-8")
