"""Receipts: every true one passes, every forged one fails, and nothing that anybody sends is an error."""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from index.cleaning.clean import clean, clean_plain
from index.formats.document import make_document
from index.formats.metadata import Facts
from index.records import Document, Span, plain
from index.storage.merkle import CorpusTree, Proof, leaf_hash, node_hash
from rag.citations import cite
from rag.receipts import verify
from rag.receipts.receipt import answer_id, receipt_for, revision_url
from rag.receipts.verify import Verdict, verdict_fields
from tests.vectors import make

VECTORS = Path(__file__).parent / "vectors" / "receipts.json"


@cache
def vectors() -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    read = json.loads(VECTORS.read_text("ascii"))
    return {name: base64.b64decode(data) for name, data in read["revisions"].items()}, read["cases"]


@cache
def library() -> tuple[dict[str, Document], CorpusTree]:
    documents = make.documents()
    return {one.id: one for one in documents}, CorpusTree.of(documents)


@cache
def revisions() -> dict[tuple[str, str], bytes]:
    by_id, corpus = library()
    return {(entry.document_id, entry.sha256): by_id[entry.document_id].text.encode() for entry in corpus.entries()}


def verdict_of(answer: object, **known: str | None) -> Verdict:
    """Against the true revisions; the articles' sources are known as well."""
    table = revisions()
    article_of = library()[0].get
    return verify(answer, lambda name, sha256: table.get((name, sha256)), article_of=article_of, **known)


def test_python_agrees_with_every_vector() -> None:
    table, cases = vectors()
    wrong = []
    for case in cases:
        verdict = verify(
            case["answer"],
            lambda _, sha256: table.get(sha256),
            pinned_root=case["pinned_root"],
            public_key=case["public_key"],
        )
        found = {"ok": verdict.ok, "codes": [one.code for one in verdict.citations]}
        wrong += [(case["name"], found, verdict.problems)] if found != case["expect"] else []
    assert wrong == []
    assert len(cases) > 200


def test_the_vectors_are_those_that_their_program_makes() -> None:
    cases = make.Cases()
    table = make.fill(cases)
    assert (table, json.loads(json.dumps(cases.found))) == vectors()


def test_the_vectors_hold_every_code() -> None:
    codes = {code for case in vectors()[1] for code in case["expect"]["codes"]}
    assert codes == {
        *("verified", "malformed", "unknown_revision", "wrong_hash", "wrong_span"),
        *("wrong_quote", "wrong_context", "wrong_proof", "wrong_source"),
    }


def test_a_receipt_says_where_the_quote_stands_in_three_units() -> None:
    text = "👍 é: twelve words. The end."
    document = make_document("d", text, clean_plain(text), Facts())
    corpus = CorpusTree.of([document])
    (citation,) = cite([make._quote(document, Span(5, 18))], {"d": document}.__getitem__)
    receipt = receipt_for(citation, document, corpus.proof("d"))
    assert (citation.quote, receipt.prefix, receipt.suffix) == ("twelve words.", "👍 é: ", " The end.")
    assert receipt.utf16 == Span(6, 19)
    assert receipt.bytes == Span(9, 22)
    assert receipt.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert receipt.revision_url == f"/v1/documents/d/revisions/{receipt.sha256}"
    assert receipt.text_url == "/documents/d#5-18:~:text=%F0%9F%91%8D%20%C3%A9%3A-,twelve%20words.,-The%20end."
    assert receipt.proof == Proof(0, 1, ())
    assert json.loads(json.dumps(plain(receipt)))["utf16"] == [6, 19]


def test_the_address_of_a_revision_holds_any_id() -> None:
    assert revision_url("a/b ü#1", "00") == "/v1/documents/a%2Fb%20%C3%BC%231/revisions/00"


# --- true ones pass

characters = st.one_of(
    st.characters(exclude_categories=["Cs"]),
    st.sampled_from(
        ["👍🏽", "👩‍👩‍👧‍👦", "e\u0301", "שלום", "\u202b", "\r\n", "\n\n", "𒀀", "\ufeff", "**", "\\$", "# ", ". "]
    ),
)
texts = st.lists(characters, min_size=1, max_size=80).map("".join).filter(lambda text: bool(text.strip()))


@st.composite
def true_answers(draw: st.DrawFn) -> tuple[dict[str, Any], dict[tuple[str, str], bytes], dict[str, Document]]:
    """An answer with one to three quotes of any texts, the revisions and the documents behind it."""
    documents = {}
    for number, text in enumerate(draw(st.lists(texts, min_size=1, max_size=5))):
        cleaned = draw(st.sampled_from([clean, clean_plain]))(text)
        if cleaned.text.strip():
            documents[f"d{number}"] = make_document(f"d{number}", text, cleaned, Facts())
    assume(documents)
    cited = []
    for name in draw(st.lists(st.sampled_from(sorted(documents)), min_size=1, max_size=3)):
        document = documents[name]
        inked = [n for n, c in enumerate(document.text) if not c.isspace()]  # no quote begins or ends with a blank
        first, last = sorted((draw(st.sampled_from(inked)), draw(st.sampled_from(inked))))
        cited.append((document, Span(first, last + 1)))
    corpus = CorpusTree.of(documents.values())
    table = {(e.document_id, e.sha256): documents[e.document_id].text.encode() for e in corpus.entries()}
    return make.answer_of(cited, corpus), table, documents


@settings(deadline=None, max_examples=60)
@given(true_answers())
def test_every_true_receipt_of_any_text_passes_also_after_a_way_through_json(made: Any) -> None:
    answer, table, documents = made
    sent = json.loads(json.dumps(answer, ensure_ascii=False))
    root = answer["corpus"]["root"]
    verdict = verify(sent, lambda *key: table.get(key), pinned_root=root, article_of=documents.get)
    assert verdict_fields(verdict)["ok"], verdict
    assert {one.code for one in verdict.citations} == {"verified"}


# --- forged ones fail

FORGEABLE = (
    *("document_id", "quote", "start", "end", "source_start", "source_end"),
    *("sha256", "utf16.0", "utf16.1", "bytes.0", "bytes.1", "prefix", "suffix"),
    *("proof.index", "proof.size", "proof.path"),
)


def place_of(citation: dict[str, Any], name: str) -> tuple[Any, Any]:
    """The container and the key of a field that a receipt covers."""
    at: Any = citation if name in citation else citation["receipt"]
    *way, last = (int(step) if step.isdigit() else step for step in name.split("."))
    for step in way:
        at = at[step]
    return at, last


def changed(value: Any, data: st.DataObject) -> Any:
    """Anything else of the same kind."""
    if isinstance(value, int):
        return data.draw(st.one_of(st.integers(value - 3, value + 3), st.integers()).filter(lambda n: n != value))
    if isinstance(value, str):
        at = data.draw(st.integers(0, len(value)))
        new = data.draw(st.characters(exclude_categories=["Cs"]))
        put = data.draw(st.sampled_from([value[:at] + new + value[at:], value[:at] + new + value[at + 1 :]]))
        assume(put != value)
        return put
    assume(value)
    at = data.draw(st.integers(0, len(value) - 1))
    return [*value[:at], changed(value[at], data), *value[at + 1 :]]


@settings(deadline=None, max_examples=120)
@given(st.data())
def test_one_change_of_anything_that_a_receipt_covers_is_found(data: st.DataObject) -> None:
    by_id, corpus = library()
    document = by_id[data.draw(st.sampled_from(sorted(by_id)))]
    span = data.draw(st.sampled_from([span for _, span in make.spans(document)]))
    answer = make.answer_of([(document, span)], corpus, "first")
    assert verdict_of(answer).ok
    answer["segments"] = []
    at, key = place_of(answer["citations"][0], data.draw(st.sampled_from(FORGEABLE)))
    at[key] = changed(at[key], data)
    verdict = verdict_of(make.renamed(answer))
    assert not verdict.ok
    assert verdict.citations[0].code != "verified"


@settings(deadline=None, max_examples=80)
@given(st.data())
def test_one_changed_byte_of_a_document_is_found(data: st.DataObject) -> None:
    by_id, corpus = library()
    document = by_id[data.draw(st.sampled_from(sorted(by_id)))]
    answer = make.answer_of([(document, next(make.spans(document))[1])], corpus)
    whole = bytearray(document.text.encode())
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    verdict = verify(answer, lambda *_: bytes(whole))
    assert [one.code for one in verdict.citations] == ["wrong_hash"]
    assert not verdict.ok


@settings(deadline=None, max_examples=80)
@given(st.data())
def test_one_change_of_root_signature_or_anything_that_the_id_covers_is_found(data: st.DataObject) -> None:
    by_id, corpus = library()
    document = by_id[data.draw(st.sampled_from(["emoji", "rtl", "crlf"]))]
    answer = make.answer_of([(document, next(make.spans(document))[1])], corpus, "first")
    name = data.draw(st.sampled_from(["root", "documents", "signature", "public_key"]))
    answer["corpus"][name] = changed(answer["corpus"][name], data)
    assert not verdict_of(make.renamed(answer)).ok
    assert not verdict_of(answer, public_key=make.public("first"), pinned_root=corpus.root).ok


def test_an_invented_article_is_found_by_the_root_alone() -> None:
    """The server invents a text, its hash and a corpus around it: all agrees, and it is not the corpus we know."""
    _, corpus = library()
    lie = make_document("lie", "The bridge fell in 1999.", clean_plain("The bridge fell in 1999."), Facts())
    answer = make.answer_of([(lie, Span(0, 24))], CorpusTree.of([lie]), "another")

    def told(*_: str) -> bytes:
        return lie.text.encode()

    assert verify(answer, told).ok
    assert not verify(answer, told, pinned_root=corpus.root).ok
    assert not verify(answer, told, public_key=make.public("first")).ok
    answer["corpus"] = make.corpus_fields(corpus, "first")  # the true root with the invented article
    assert [one.code for one in verify(make.renamed(answer), told).citations] == ["wrong_proof"]


def test_a_source_span_is_checked_where_the_article_is_at_hand() -> None:
    by_id, corpus = library()
    document = by_id["markdown-crlf"]
    at = document.text.index("costs")
    answer = make.answer_of([(document, Span(at, at + 17))], corpus)
    assert verdict_of(answer).ok
    answer["citations"][0]["source_start"] += 2
    verdict = verdict_of(make.renamed(answer))
    assert [one.code for one in verdict.citations] == ["wrong_source"]
    assert verdict.citations[0].detail.startswith("the quote comes from")


def test_words_that_are_shown_as_a_quote_and_cited_nowhere_are_a_problem() -> None:
    by_id, corpus = library()
    answer = make.answer_of([(by_id["only"], Span(0, 7))], corpus)
    answer["segments"][0]["text"] = "Something"
    assert verdict_of(make.renamed(answer)).problems == (
        "the answer shows 'Something' as a quote, and no citation has these words",
    )


# --- nothing raises

json_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(st.characters(), max_size=8),
        st.sampled_from([2**53, -(2**200), 10**400, 1e308, float("nan"), float("inf"), "0" * 64, "\ud800", "", "="]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=4)),
    max_leaves=12,
)


def paths_of(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(path for key, inner in items for path in paths_of(inner, (*way, key)))]


@settings(deadline=None, max_examples=120)
@given(st.data())
def test_any_json_anywhere_in_an_answer_gives_a_verdict(data: st.DataObject) -> None:
    by_id, corpus = library()
    answer = json.loads(json.dumps(make.answer_of([(by_id["emoji"], Span(0, 9))], corpus, "first")))
    path = data.draw(st.sampled_from(paths_of(answer)[1:]))
    at = answer
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = data.draw(json_values)
    fields = verdict_fields(verdict_of(answer))
    json.dumps(fields, allow_nan=False).encode()
    assert all(one["detail"] and len(one["detail"]) < 600 for one in fields["citations"])


@settings(deadline=None, max_examples=80)
@given(json_values)
def test_anything_that_json_can_be_gives_a_verdict_that_is_not_ok(value: Any) -> None:
    assert not verdict_of(value).ok
    assert not verdict_of({"status": "answered", "citations": value, "corpus": value}).ok


def deep(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.slow
def test_huge_and_deep_ones_are_refused_in_good_time_and_in_few_words() -> None:
    by_id, corpus = library()
    answer = make.answer_of([(by_id["emoji"], Span(0, 9))], corpus)
    huge = deepcopy(answer)
    huge["citations"][0] |= {"quote": "🐘" * 2_500_000}
    huge["citations"][0]["receipt"] |= {
        "prefix": "x" * 10_000_000,
        "proof": {"index": 0, "size": 1, "path": ["0" * 64] * 10**5},
    }
    (checked,) = verdict_of(huge).citations
    assert (checked.code, len(checked.detail) < 300) == ("malformed", True)
    assert verdict_of(answer | {"extra": deep(5000)}).problems == (
        "the answer has no id: nested deeper than 100 levels",
    )
    assert not verdict_of({"citations": [7] * 100_000}).ok


@pytest.mark.slow
def test_ten_thousand_documents_are_one_tree_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many proofs are asked for."""
    documents = [make_document(f"d{n:05}", f"Text {n}.", clean_plain(f"Text {n}."), Facts()) for n in range(10_000)]
    corpus = CorpusTree.of(documents)
    hashed: Counter[str] = Counter()
    for one in (leaf_hash, node_hash):

        def counted(*given: bytes, one: Callable[..., bytes] = one) -> bytes:
            hashed[one.__name__] += 1
            return one(*given)

        monkeypatch.setattr(f"index.storage.merkle.{one.__name__}", counted)
    assert corpus.root
    assert {len(corpus.proof(document.id).path) for document in documents} <= set(range(5, 15))
    assert hashed == {"leaf_hash": 10_000, "node_hash": 9_999}


def test_a_revision_is_fetched_and_hashed_once_for_all_its_quotes() -> None:
    by_id, corpus = library()
    document = by_id["emoji"]
    asked: list[tuple[str, str]] = []

    def revision_of(name: str, sha256: str) -> bytes | None:
        asked.append((name, sha256))
        return revisions().get((name, sha256))

    spans = [(document, span) for _, span in islice(make.spans(document), 3)]
    assert verify(make.answer_of(spans, corpus), revision_of).ok
    assert len(asked) == 1


def test_the_id_is_of_all_fields_and_of_nothing_else() -> None:
    fields: dict[str, Any] = {"b": 1.0, "a": ["é", None, True]}
    assert answer_id(fields) == hashlib.sha256('{"a":["é",null,true],"b":1}'.encode()).hexdigest()[:32]
    assert answer_id({**fields, "id": "anything"}) == answer_id(dict(reversed(fields.items())))
