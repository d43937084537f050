"""What a client's script needs: where the server is, a question with a word of its answer, and a line for what worked.

Scripts run in their client's own environment, with this folder on the path and nothing else of the project.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

SERVER = os.environ["CLIENTS_SERVER"]  # http://127.0.0.1:PORT
V1 = f"{SERVER}/v1"
MCP = f"{SERVER}/mcp"
STDIO = json.loads(os.environ["CLIENTS_STDIO"])  # the command and arguments of `quotewell mcp`
QUESTION = "Which sectors gained from preferential access under the USMCA?"
NEXT = "Who is Mexico's ambassador?"
QUOTED, QUOTED_NEXT = "agribusiness", "Esteban Moctezuma"


def tried(what: str, said: object, wanted: str = QUOTED) -> None:
    """One line for what worked; ends the script where the reply lacks what is wanted."""
    if wanted not in str(said):
        sys.exit(f"{what}: no “{wanted}” in: {str(said)[:300]}")
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def run(*command: str, **environment: str) -> str:
    """What a program of this environment says, its errors too."""
    program = Path(sys.executable).parent / command[0]
    done = subprocess.run(
        [program, *command[1:]], env=os.environ | environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    return done.stdout + done.stderr
