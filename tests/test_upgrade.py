"""An index that an older Quotewell made is understood as it is: each of tests/files/indexes is one of a former format.

They hold one article on a comet that was replaced once, made by `quotewell index` of the code of that time with the
embedder `hash`; format-4 has the second schema of the store, format-5 the third.
"""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from index.settings import load_settings
from index.shards import ENCODER, TERMS
from index.storage.generation import FORMAT
from quotewell import run
from server.app import create_app
from tests.browsing import serving

INDEXES = sorted((Path(__file__).parent / "files" / "indexes").glob("*.tar.xz"))
WHO = "Who discovered Comet Harrow?"


@pytest.fixture(params=INDEXES, ids=lambda path: path.name.partition(".")[0])
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The data folder, as it was left."""
    shutil.unpack_archive(request.param, tmp_path, filter="data")
    assert made_of(tmp_path / "data")["format"] < FORMAT
    return tmp_path / "data"


def made_of(data: Path) -> dict[str, Any]:
    """The manifest of the search index on the disk."""
    version = (data / "generations" / "CURRENT").read_text().strip()
    found: dict[str, Any] = json.loads((data / "generations" / version / "manifest.json").read_text())
    return found


def kept(data: Path) -> list[list[Any]]:
    """Every article, passage and former text of the store, whatever wrote it."""
    wanted = {
        "documents": "id, title, author, published, text, source, sha256",
        "passages": "document_id, ordinal, text_start, text_end, vector",
        "revisions": "document_id, sha256, text",
    }
    with closing(sqlite3.connect(data / "corpus.db")) as store:
        return [list(store.execute(f"SELECT {columns} FROM {table}")) for table, columns in wanted.items()]


@pytest.mark.parametrize("command", ["ask", "doctor", "verify", "documents", "check-text", "backup", "index"])
def test_whatever_is_done_first_with_an_older_index_works_and_loses_nothing(
    older: Path, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(older.parent)
    for name, value in {"EMBEDDER": "hash", "THRESHOLD": "0", "KEEP_REVISIONS_DAYS": "36500"}.items():
        monkeypatch.setenv(f"QUOTEWELL_{name}", value)
    before = kept(older)
    assert [len(rows) for rows in before] == [1, 1, 1]
    (older.parent / "ferry.md").write_text("The night ferry to Aldra leaves at nine.\n")
    words = {"ask": [WHO], "check-text": ["ferry.md"], "backup": ["copy.db"], "index": ["ferry.md"]}.get(command, [])
    code = run([command, *words, "--data", "data"])
    out, err = capsys.readouterr()
    assert code == 0, err
    assert {"ask": "Ilse Brandt", "verify": "all is well", "documents": "Ada Quay"}.get(command, "") in out
    found = [[row for row in rows if row[0] == "comet"] for rows in kept(older)]
    if command == "index":  # which makes all anew where files are cleaned or embedded otherwise by now
        assert found[0][0][5] == before[0][0][5] and {*found[2]} >= {*before[2]}
    else:
        assert found == before
    if command == "backup":
        (older.parent / "copied").mkdir()
        shutil.move(older.parent / "copy.db", older.parent / "copied" / "corpus.db")
        assert kept(older.parent / "copied") == before
    assert run(["ask", WHO, "--data", "data"]) == 0 and "Ilse Brandt" in capsys.readouterr().out
    assert made_of(older)["format"] == FORMAT


@pytest.mark.slow
def test_a_server_over_an_older_index_answers_proves_and_takes_articles_or_says_what_to_do(older: Path) -> None:
    ((*_, sha256, text),) = kept(older)[2]
    made = json.loads(made_of(older)["recipe"])
    cut_otherwise = (made.get("encoder"), made.get("terms")) != (ENCODER, TERMS)  # its vectors or words are not as now
    app = create_app(load_settings(data=older, embedder="hash", threshold=0.0, keep_revisions_days=36500))
    with serving(app) as address, httpx2.Client(base_url=address, timeout=60) as client:
        assert client.get("/readyz").status_code == 200
        answer = client.post("/ask", json={"question": WHO}).json()
        assert "Ilse Brandt" in answer["text"]
        assert client.post("/v1/verify", json=answer).json()
        assert client.get(f"/v1/documents/comet/revisions/{sha256}").text == text
        put = client.put("/v1/documents/ferry", json={"text": "The ferry to Aldra leaves at nine."})
        if cut_otherwise:
            assert put.status_code == 503 and "make everything in it anew with: quotewell index --data" in put.text
        else:
            assert put.status_code == 201
            assert "nine" in client.post("/ask", json={"question": "When does the ferry leave?"}).json()["text"]
    assert kept(older)[2] == [("comet", sha256, text)]


def test_index_without_files_makes_all_anew(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUOTEWELL_EMBEDDER", "hash")
    before = kept(older)[2]
    assert run(["index", "--data", str(older)]) == 0
    recipe = json.loads(made_of(older)["recipe"])
    assert (recipe["encoder"], recipe["terms"]) == (ENCODER, TERMS)
    assert {*kept(older)[2]} >= {*before}
    assert run(["index", "--data", str(older)]) == 0  # with nothing left to do
