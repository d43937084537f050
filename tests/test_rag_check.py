"""`check` and `corpus`: kept answers against the store alone; keys, signatures, manifests, and what is unreadable."""

import base64
import json
import stat
import struct
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from index.build import Builder
from index.errors import BadInput, IndexMissing
from index.records import Span
from index.search import Index
from index.storage.merkle import CorpusTree
from rag.commands.receipts import check, check_answer, corpus, parsed
from rag.receipts.receipt import canonical, corpus_fields, manifest_of, signature_of, text_url
from rag.receipts.signing import bytes_of, corpus_message, is_signed, new_key, sign
from tests.vectors import make

APP = typer.Typer()
APP.command("check")(check)
APP.command("corpus")(corpus)


def kept_answer(index: Index, key: Path | None = None) -> dict[str, Any]:
    """The first sentence about the ferry as an answer on the wire."""
    document = index.document("ferry")
    answer = make.answer_of([(document, Span(0, document.text.index(".") + 1))], index.corpus)
    answer["corpus"] = corpus_fields(index.corpus, index.version, signature_of(index.corpus, key))
    return dict(json.loads(json.dumps(make.renamed(answer))))


@pytest.fixture
def data(hash_index: Index) -> str:
    return str(hash_index.generation.folder.parent.parent)


@pytest.fixture
def kept(hash_index: Index, tmp_path: Path) -> Path:
    file = tmp_path / "answer.json"
    file.write_text(json.dumps(kept_answer(hash_index), indent=2), encoding="utf-8")
    return file


def test_a_kept_answer_is_verified_against_the_store_alone(hash_index: Index, data: str, kept: Path) -> None:
    for folder in (Path(data) / "generations").iterdir():
        if folder.is_dir():
            (folder / "vectors.npy").unlink()
    verdict = check_answer(kept, Path(data), root=hash_index.corpus.root.upper())
    assert verdict.ok
    assert verdict.root == hash_index.corpus.root


def test_check_exits_0_when_all_is_verified_and_1_when_anything_is_not(data: str, kept: Path, tmp_path: Path) -> None:
    good = CliRunner().invoke(APP, ["check", str(kept), "--data", data])
    assert good.exit_code == 0
    assert good.stdout.splitlines()[0] == "[1] verified: the quote stands in the article"
    forged = tmp_path / "forged.json"
    forged.write_text(kept.read_text("utf-8").replace("leaves at nine", "leaves at five"), encoding="utf-8")
    bad = CliRunner().invoke(APP, ["check", str(forged), "--data", data])
    assert bad.exit_code == 1
    assert "[1] wrong quote: at 0:40 stands 'The night ferry to Aldra leaves at nine.'" in bad.stdout
    assert "problem: id is" in bad.stdout
    as_json = CliRunner().invoke(APP, ["check", "-", "--data", data, "--json"], input=forged.read_bytes())
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)["citations"][0]["code"] == "wrong_quote"


def test_check_knows_a_revision_that_was_replaced_and_not_one_that_never_was(
    hash_index: Index, hash_builder: Builder, data: str, kept: Path, six_files: Path
) -> None:
    (six_files / "ferry.txt").write_text(
        "The night ferry to Aldra now leaves at ten. Tickets are dear.", encoding="utf-8"
    )
    hash_builder.index([six_files])
    answer = json.loads(kept.read_text("utf-8"))
    (checked,) = check_answer(kept, Path(data)).citations
    assert checked.code == "verified"
    answer["citations"][0]["receipt"]["sha256"] = "0" * 64
    (checked,) = check_answer(answer, Path(data)).citations
    assert checked.code == "unknown_revision"


UNREADABLE = {
    "empty": b"",
    "cut short": b'{"id": "x", "citations": [',
    "not UTF-8": b"\xff\xfe{}",
    "too deep": b"[" * 100_000,
    "a number with too many digits": b"1" * 5000,
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_is_no_json_is_bad_input(name: str, data: str, tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    file.write_bytes(UNREADABLE[name])
    with pytest.raises(BadInput, match="; keep "):
        check_answer(file, Path(data))


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_any_bytes_are_json_or_bad_input(raw: bytes) -> None:
    try:
        parsed(raw, "it")
    except BadInput as error:
        assert str(error).startswith("it ")


def test_a_file_that_is_not_there_a_wrong_root_and_a_wrong_key_are_bad_input(data: str, kept: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        check_answer(kept.with_name("none.json"), Path(data))
    with pytest.raises(BadInput, match="the root 'abc' is not 64 hex digits"):
        check_answer(kept, Path(data), root="abc")
    with pytest.raises(BadInput, match="the public key 'abc' is not 32 bytes"):
        check_answer(kept, Path(data), public_key="abc")
    with pytest.raises(IndexMissing):
        check_answer(kept, kept.parent / "nothing")


def test_a_signed_answer_is_verified_with_the_key_that_new_key_said(
    hash_index: Index, data: str, tmp_path: Path
) -> None:
    public = new_key(tmp_path / "key.pem")
    answer = kept_answer(hash_index, key=tmp_path / "key.pem")
    assert check_answer(answer, Path(data), public_key=public).signed_by == public
    other = new_key(tmp_path / "other.pem")
    verdict = check_answer(answer, Path(data), public_key=other)
    assert not verdict.ok
    assert verdict.signed_by is None


def test_a_new_key_is_for_its_owner_only_and_never_replaces_one(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    public = new_key(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(BadInput, match="exists already"):
        new_key(file)
    with pytest.raises(BadInput, match="No such file or directory; name another file"):
        new_key(tmp_path / "none" / "key.pem")
    made = sign(file, b"message")
    assert made.public_key == public
    key, signature = base64.b64decode(public), base64.b64decode(made.signature)
    assert is_signed(b"message", signature, key)
    assert not is_signed(b"massage", signature, key)
    assert not is_signed(b"message", signature[:-1], key)
    assert not is_signed(b"message", signature, bytes(32))


def test_a_file_without_an_ed25519_key_does_not_sign(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked = serialization.BestAvailableEncryption(b"word")
    for content, said in (
        (b"no key", "holds no signing key"),
        (Ed448PrivateKey.generate().private_bytes(pem, pkcs8, serialization.NoEncryption()), "of another kind"),
        (Ed25519PrivateKey.generate().private_bytes(pem, pkcs8, locked), "holds no signing key"),
    ):
        file.write_bytes(content)
        with pytest.raises(BadInput, match=said):
            sign(file, b"message")
    with pytest.raises(BadInput, match="cannot be read"):
        sign(tmp_path / "none.pem", b"message")


def test_base64_has_one_spelling() -> None:
    assert bytes_of("AAA=", 2) == b"\0\0"
    for other in ("AAB=", "AAA", "AAA=\n", " AAA=", "AA-=", "", None, 7, "é"):
        assert bytes_of(other, 2) is None


def test_corpus_shows_root_and_signature_and_writes_the_manifest(hash_index: Index, data: str, tmp_path: Path) -> None:
    key, out = tmp_path / "key.pem", tmp_path / "manifest.json"
    made = CliRunner().invoke(APP, ["corpus", "new-key", str(key)])
    public = made.stdout.split()[-1]
    shown = CliRunner().invoke(APP, ["corpus", "--data", data, "--sign-with", str(key), "--out", str(out)])
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.splitlines()[:2] == [f"root        {hash_index.corpus.root}", "documents   6"]
    manifest = json.loads(out.read_text("utf-8"))
    message = corpus_message(manifest["root"], manifest["documents"])
    assert is_signed(message, base64.b64decode(manifest["signature"]), base64.b64decode(public))
    printed = CliRunner().invoke(APP, ["corpus", "--data", data, "--json"])
    assert json.loads(printed.stdout) == manifest | {"signature": None, "public_key": None}


def test_the_manifest_holds_what_the_root_is_made_of(hash_index: Index) -> None:
    manifest = manifest_of(hash_index.corpus, None)
    documents = [hash_index.document(entry["document_id"]) for entry in manifest["entries"]]
    assert manifest["format"] == "quotewell corpus v1"
    assert CorpusTree.of(documents).root == manifest["root"]
    assert [entry["characters"] for entry in manifest["entries"]] == [len(one.text) for one in documents]


@pytest.mark.parametrize("arguments", [["corpus", "new-key"], ["corpus", "show", "file"]])
def test_corpus_says_which_file_it_wants(arguments: list[str]) -> None:
    assert isinstance(CliRunner().invoke(APP, arguments).exception, BadInput)


def test_the_commands_do_not_load_the_library_of_signatures() -> None:
    code = "import sys, rag.commands.receipts, rag.receipts.receipt; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parent.parent).returncode == 0


# Appendix B of RFC 8785: the bits of a double, and how it is written.
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


@pytest.mark.parametrize("bits", NUMBERS)
def test_numbers_are_written_as_in_the_rfc(bits: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical(number).decode() == NUMBERS[bits]


def test_canonical_json_is_that_of_the_rfc() -> None:
    """Section 3.2.3: names are ordered by UTF-16 code units."""
    names = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    assert canonical(names).decode() == '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}'
    text = '\u20ac$\u000f\nA\'B"\\\\"/\u2028\x7f'
    assert canonical(text).decode() == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\u2028\x7f"'
    assert canonical([None, True, False, 10, (1.5,)]) == b"[null,true,false,10,[1.5]]"


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_that_is_written_is_the_same_number_when_read(number: float) -> None:
    assert float(json.loads(canonical(number))) == number


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), 10**400, "\ud800", {1: 2}, {1}, datetime(2026, 1, 1, tzinfo=UTC), b""],
    ids=repr,
)
def test_what_has_no_json_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        canonical([value])


FRAGMENTS = [
    (("https://a.example/x", "A quote, short.", "", ""), "https://a.example/x#:~:text=A%20quote%2C%20short."),
    (("https://a.example/x#top", "words", "", ""), "https://a.example/x#top:~:text=words"),
    (
        ("/d", "well-known & good", "and ", " for ever and a day and so on it"),
        "/d#:~:text=and-,well%2Dknown%20%26%20good,-for%20ever%20and",
    ),
    (("/d", "one", "x" * 32, "y" * 32), "/d#:~:text=one"),  # words that may be cut
    (("/d", "one", "end of it.\n\n", "\n\nNext one here"), "/d#:~:text=end%20of%20it.-,one,-Next%20one%20here"),
    (("/d", "a b c d e f g h i j k l m", "", ""), "/d#:~:text=a%20b%20c%20d%20e,i%20j%20k%20l%20m"),
    (("/d", "first line here\n\nlast line", "", ""), "/d#:~:text=first%20line%20here,last%20line"),
]


@pytest.mark.parametrize(("given_", "wanted"), FRAGMENTS)
def test_a_text_fragment_names_whole_words_of_one_line(given_: tuple[str, str, str, str], wanted: str) -> None:
    assert text_url(*given_) == wanted


@settings(deadline=None)
@given(*[st.text(st.characters(exclude_categories=["Cs"]), max_size=32)] * 3)
def test_a_text_fragment_is_ascii_and_its_own_signs_are_escaped(quote: str, prefix: str, suffix: str) -> None:
    address = text_url("/d", quote, prefix, suffix)
    assert address.isascii()
    assert address.count(":~:text=") == 1
    assert address.count(",") <= 3
