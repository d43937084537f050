"""Open WebUI (its server). pip: open-webui"""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from trial import QUESTION, V1, tried

with socket.create_server(("127.0.0.1", 0)) as free:
    HERE = f"http://127.0.0.1:{free.getsockname()[1]}"
SETTINGS = {
    "DATA_DIR": os.environ["HOME"], "WEBUI_AUTH": "False", "OFFLINE_MODE": "True", "HF_HUB_OFFLINE": "1",
    "ENABLE_OLLAMA_API": "False", "OPENAI_API_BASE_URL": V1, "OPENAI_API_KEY": "any", "WEBUI_SECRET_KEY": "any",
    "RAG_EMBEDDING_ENGINE": "openai", "RAG_OPENAI_API_BASE_URL": V1, "RAG_EMBEDDING_MODEL": "quotewell",
    "ANONYMIZED_TELEMETRY": "False", "DO_NOT_TRACK": "True", "SCARF_NO_ANALYTICS": "True",
}  # fmt: skip


def reply(path: str, body: object = None, token: str = "") -> str:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    with urlopen(Request(HERE + path, data, headers), timeout=60) as answer:
        return answer.read().decode()


def main() -> None:
    while True:  # until it answers; whoever runs this ends it where it does not
        try:
            token = json.loads(reply("/api/v1/auths/signin", {"email": "", "password": ""}))["token"]
            break
        except URLError:
            time.sleep(1)
    tried("models", reply("/api/models", token=token), "quotewell-evidence")
    asked = {"model": "quotewell", "messages": [{"role": "user", "content": QUESTION}]}
    tried("chat", reply("/api/chat/completions", asked, token))
    streamed = reply("/api/chat/completions", {**asked, "stream": True}, token)
    tried("stream, with its sources", streamed, '"citations": ["http://127.0.0.1')
    asked["messages"].append({"role": "assistant", "content": "They did."})
    for chore, wanted in (("title", "Which sectors"), ("tags", "tags"), ("follow_up", "follow_ups")):
        tried(chore.replace("_", "-"), reply(f"/api/v1/tasks/{chore}/completions", asked, token), wanted)


command = [
    Path(sys.executable).parent / "open-webui",
    "serve",
    "--host",
    "127.0.0.1",
    "--port",
    HERE.rpartition(":")[2],
]
with Path(os.environ["HOME"], "log").open("w") as log:
    server = subprocess.Popen(command, env=os.environ | SETTINGS, stdout=log, stderr=log)
try:
    main()
finally:
    server.terminate()
    server.wait()
