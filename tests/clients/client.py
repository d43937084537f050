"""`make clients`: programs that nobody here wrote, each in an environment of its own, against a real `quotewell serve`.

A script `with_*` says in its first line which client it is and which packages that needs, and prints a line for each
thing that worked. What came of all of them is the table of docs/clients.md. Needs the registries of Python and Node.
"""

import http.client
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
SCRIPTS = sorted(Path(__file__).parent.glob("with_*"), key=lambda path: path.name)
DOCUMENT = ROOT / "docs" / "clients.md"
BEGIN, END = "<!-- written by make clients -->", "<!-- end -->"
QUOTEWELL = [sys.executable, str(ROOT / "quotewell.py")]
LIMIT_S = 900  # of an installation, and of a script: what hangs is ended
_FIRST = re.compile(r'(?:"""|// )(?P<name>.+)\. (?P<registry>pip|npm): (?P<packages>.+?)(?:""")?')


class Client(NamedTuple):
    """`packages` as its registry takes them; the first is the one whose version is told."""

    script: Path
    name: str
    registry: str
    packages: list[str]


class Outcome(NamedTuple):
    """What worked, in order; `fault` "" where nothing failed, else its last line."""

    version: str
    tried: tuple[str, ...]
    fault: str


def client_of(script: Path) -> Client:
    found = _FIRST.fullmatch(script.read_text("utf-8").partition("\n")[0])
    assert found, f"{script.name}: the first line names the client and its packages"
    return Client(script, found["name"], found["registry"], found["packages"].split())


@contextmanager
def serving(data: Path) -> Iterator[dict[str, str]]:
    """The environment that scripts read, of a server over this index, once it answers."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("QUOTEWELL_")}
    command = [*QUOTEWELL, "serve", "--port", "0", "--data", str(data)]
    with subprocess.Popen(command, env=own, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().split()[-1]
        while not _ready(address.rpartition("/")[2]):
            sleep(0.1)
        try:
            yield {"CLIENTS_SERVER": address, "CLIENTS_STDIO": json.dumps([*QUOTEWELL, "mcp", "--data", str(data)])}
        finally:
            server.terminate()


def _ready(host: str) -> bool:
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.request("GET", "/readyz")
    try:
        return connection.getresponse().status == 200
    finally:
        connection.close()


def tried(command: Sequence[str | Path], script: Path, environment: dict[str, str], folder: Path) -> Outcome:
    """What the script says when it is run there; nothing of it stays elsewhere, and nothing of ours is on its path."""
    (folder / "home").mkdir(exist_ok=True)
    named = {"HOME": str(folder / "home"), "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [*command, script], env=own | named | environment, cwd=folder, capture_output=True, text=True, timeout=LIMIT_S
    )
    fault = "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
    return Outcome("", tuple(done.stdout.splitlines()), fault)


def run(client: Client, environment: dict[str, str], folder: Path) -> Outcome:
    """Installed, unless this folder has its packages already, and tried."""
    wanted = folder / "installed.txt"
    said = " ".join(client.packages)
    if not wanted.exists() or wanted.read_text() != said:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            _install(client, folder)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            lines = (error.stderr or b"").decode().strip().splitlines()
            return Outcome("", (), f"not installed: {lines[-1] if lines else error}")
        wanted.write_text(said)
    first = re.sub(r"\[.*\]", "", client.packages[0])
    if client.registry == "pip":
        say = f"from importlib.metadata import version; print(version('{first}'))"
        version = subprocess.run([folder / "bin/python", "-c", say], capture_output=True, text=True).stdout.strip()
        command, script = [folder / "bin/python"], client.script
    else:
        version = json.loads((folder / "node_modules" / first / "package.json").read_text())["version"]
        script = Path(shutil.copy(client.script, folder))
        shutil.copy(client.script.parent / "trial.mjs", folder)
        command = [Path(shutil.which("node") or "node")]
    try:
        return tried(command, script, environment, folder)._replace(version=f"{first} {version}")
    except subprocess.TimeoutExpired:
        return Outcome(f"{first} {version}", (), "it did not end")


def _install(client: Client, folder: Path) -> None:
    uv = Path(sys.executable).parent / "uv"
    commands: list[list[str | Path]] = [["npm", "install", "--silent", "--no-audit", "--no-fund", *client.packages]]
    if client.registry == "pip":
        python = folder / "bin/python"
        commands = [
            [uv, "venv", "-q", "--allow-existing", "--python", sys.executable, folder],
            [uv, "pip", "install", "-q", "--python", python, *client.packages],
        ]
    for command in commands:
        subprocess.run(
            command, cwd=folder, check=True, capture_output=True, timeout=LIMIT_S,
            env=os.environ | {"UV_SYSTEM_CERTS": "1", "npm_config_update_notifier": "false"},
        )  # fmt: skip


def row(client: Client, outcome: Outcome) -> str:
    """Of the table."""
    refusal = next((line for line in outcome.tried if line.startswith("refused")), "works")
    came = f"fails: {outcome.fault}" if outcome.fault else refusal
    cells = (client.name, outcome.version, "; ".join(line for line in outcome.tried if line != refusal), came)
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def main(names: Sequence[str]) -> int:
    """Those scripts that are named (`langchain`: both of them), else all; the rows of others stay as they are."""
    chosen = [client_of(path) for path in SCRIPTS if not names or path.stem.removeprefix("with_") in names]
    head, _, rest = DOCUMENT.read_text("utf-8").partition(BEGIN)
    before, _, tail = rest.partition(END)
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in before.splitlines() if line.startswith("| ")}
    with TemporaryDirectory() as folder:
        data = Path(folder) / "index"
        subprocess.run([*QUOTEWELL, "index", str(ROOT / "seeds"), "--data", str(data)], check=True, capture_output=True)
        with serving(data) as environment:
            failed = 0
            for client in chosen:
                outcome = run(client, environment, ROOT / ".clients" / client.script.name)
                failed += bool(outcome.fault)
                rows[client.name] = row(client, outcome)
                sys.stdout.write(f"{rows[client.name]}\n")
    known = [rows[client.name] for client in map(client_of, SCRIPTS) if client.name in rows]
    table = "\n".join(("| client | version | tried | result |", "|---|---|---|---|", *known))
    DOCUMENT.write_text(f"{head}{BEGIN}\n{table}\n{END}{tail}", "utf-8")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
