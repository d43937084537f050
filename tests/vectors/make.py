"""Makes receipts.json, the vectors that every verifier of receipts must agree on: `python -m tests.vectors.make`.

Deterministic: no clock, no random number; the signing keys are made of their names. `expect` is written by hand beside
each forgery and never taken from a verifier.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from index.cleaning.clean import clean, clean_plain
from index.formats import read
from index.formats.document import make_document
from index.formats.metadata import Facts
from index.records import Block, Document, Passage, Span, plain
from index.storage.merkle import CorpusTree
from rag.answer import Quote
from rag.citations import cite
from rag.receipts.receipt import answer_id, receipt_for
from rag.receipts.signing import corpus_message

HERE = Path(__file__).parent
FILE = HERE / "receipts.json"
SEEDS = HERE.parent.parent / "seeds"

Fields = dict[str, Any]

# id → clean text as it would come from a JSON file; nothing in it is cleaned
PLAIN = {
    "astral": "𒀀𒁀 stands on the tablet. 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 has 𝟭𝟬𝟬 such planes, says 𐌰𐌻𐍆𐌰. The last sign is 𝄞",
    "bom": "\ufeffThe first character here is a mark that most decoders drop. The second sentence must not move.",
    "combining": "Cafe\u0301 and na\u0131\u0308ve: marks. \u1112\u1161\u11ab is \ud55c cut. A\u030a is not \u00c5.",
    "crlf": "The first line ends as on Windows.\r\nSo does the second.\r\n\r\nThe third follows a blank one.\r\n",
    "emoji": "👩‍👩‍👧‍👦 came to tea. 🏳️‍🌈 flew above 🇩🇪 and 🇫🇷. They ate 🥨🥨🥨, and nobody counted. 👍🏽",
    "only": "Nothing stands around these words.",
    "rtl": "ירושלים היא עיר. \u202bالقاهرة مدينة كبيرة.\u202c The year was \u2066٢٠٢٥\u2069. שלום 👋 עולם.",
    "separators": "One\u2028two\u2029three\u0085four\u000bfive.\tA no-break\u00a0space, a zero\u200bwidth one. Done.",
}
# id → source that is cleaned: Markdown signs, hard line ends, boilerplate
SOURCES = {
    "markdown-crlf": (
        "# Harbour news\r\n\r\nThe ferry to **Aldra** costs \\$552 a year. It leaves at nine 🛳️ from the old pier."
        "\r\n\r\nAdvertisement\r\n\r\nIn winter the crossing takes six hours, and the café “Zur Möwe” is closed.\r\n"
    )
}
TAMPERED = "The keeper of this archive has changed one letter of this sentence. The rest is as it was."


def documents() -> list[Document]:
    """By id."""
    made = [make_document(name, text, clean_plain(text), Facts()) for name, text in PLAIN.items()]
    made += [make_document(name, source, clean(source), Facts()) for name, source in SOURCES.items()]
    made += [make_document("tampered", TAMPERED, clean_plain(TAMPERED), Facts())]
    made += [found for found in read([SEEDS]) if isinstance(found, Document)]
    return sorted(made, key=lambda document: document.id)


def key_of(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"quotewell vectors: {name}".encode()).digest())


def public(name: str) -> str:
    return base64.b64encode(key_of(name).public_key().public_bytes_raw()).decode()


def answer_of(cited: Sequence[tuple[Document, Span]], corpus: CorpusTree, key: str = "") -> Fields:
    """An answer that is true, with one quote for each span."""
    by_id = {document.id: document for document, _ in cited}
    citations = cite([_quote(document, span) for document, span in cited], by_id.__getitem__)
    fields = [
        plain(one) | {"receipt": plain(receipt_for(one, by_id[one.document_id], corpus.proof(one.document_id)))}
        for one in citations
    ]
    return renamed(
        {
            "id": "",
            "question": "What do the articles say?",
            "status": "answered" if cited else "abstained",
            "text": " ".join(f"“{one.quote}” [{one.marker}]" for one in citations),
            "confidence": 0.8125,
            "segments": [{"kind": "quote", "text": one.quote, "citations": [one.marker]} for one in citations],
            "citations": fields,
            "follow_ups": [],
            "index_version": "0123456789abcdef",
            "corpus": corpus_fields(corpus, key),
        }
    )


def corpus_fields(corpus: CorpusTree, key: str) -> Fields:
    message = corpus_message(corpus.root, corpus.documents)
    return {
        "root": corpus.root,
        "documents": corpus.documents,
        "index_version": "0123456789abcdef",
        "signature": base64.b64encode(key_of(key).sign(message)).decode() if key else None,
        "public_key": public(key) if key else None,
    }


def renamed(answer: Fields) -> Fields:
    """With the id that its fields have now."""
    return answer | {"id": answer_id(answer)}


def _quote(document: Document, span: Span) -> Quote:
    text = document.text[span.start : span.end]
    return Quote(
        Passage(f"{document.id}#0", document.id, 0, text, *span, (span,), (Block("text", *span),), ""), *span, 1.0
    )


def spans(document: Document) -> Iterator[tuple[str, Span]]:
    """At the beginning, inside and at the end of its text."""
    text = document.text
    first = text.find(". ") + 1 or len(text)
    yield "beginning", Span(0, first)
    if first < len(text):
        middle = len(text) // 2
        while text[middle].isspace():
            middle += 1
        yield "inside", Span(middle, min(middle + 60, len(text.rstrip())))
        end = len(text.rstrip())
        yield "end", Span(text.rfind(" ", 0, end) + 1, end)


class Cases:
    """What goes into the file; every case is named once."""

    def __init__(self) -> None:
        self.found: list[Fields] = []

    def add(
        self,
        name: str,
        answer: object,
        codes: Sequence[str],
        *,
        ok: bool,
        root: str | None = None,
        key: str | None = None,
    ) -> None:
        assert name not in [case["name"] for case in self.found], name
        expect = {"ok": ok, "codes": list(codes)}
        self.found.append({"name": name, "answer": answer, "pinned_root": root, "public_key": key, "expect": expect})


def put(path: str, value: object) -> Callable[[Fields], None]:
    """Sets one field; `path` counts list items from 0. A function is called with what stands there."""

    def change(answer: Fields) -> None:
        *way, last = (int(step) if step.isdigit() else step for step in path.split("."))
        at: Any = answer
        for step in way:
            at = at[step]
        at[last] = value(at[last]) if callable(value) else value

    return change


def more(number: int) -> int:
    return number + 1


def less(number: int) -> int:
    return number - 1


def one_digit(text: str) -> str:
    """Another hex digit in the middle."""
    at = len(text) // 2
    return f"{text[:at]}{'0' if text[at] != '0' else '1'}{text[at + 1 :]}"


def one_byte(written: str) -> str:
    """Base64 of the same bytes but for one bit of the first."""
    data = base64.b64decode(written)
    return base64.b64encode(bytes([data[0] ^ 1]) + data[1:]).decode()


def one_letter(text: str) -> str:
    at = next(n for n, character in enumerate(text) if character.isalpha())
    return f"{text[:at]}{'x' if text[at] != 'x' else 'y'}{text[at + 1 :]}"


R, C = "citations.0.receipt.", "citations.0."
FORGED: Mapping[str, tuple[str, Sequence[Callable[[Fields], None]]]] = {
    # one thing changed in the first citation
    "one letter of the quote": ("wrong_quote", [put(C + "quote", one_letter)]),
    "the quote without its last character": ("wrong_quote", [put(C + "quote", lambda q: q[:-1])]),
    "a blank behind the quote": ("wrong_quote", [put(C + "quote", lambda q: q + " ")]),
    "the quote is empty": ("wrong_quote", [put(C + "quote", "")]),
    "start one more": ("wrong_span", [put(C + "start", more)]),
    "start one less": ("wrong_span", [put(C + "start", less)]),
    "end one more": ("wrong_span", [put(C + "end", more)]),
    "end one less": ("wrong_span", [put(C + "end", less)]),
    "end far behind the text": ("wrong_span", [put(C + "end", 10**9)]),
    "end at start": ("wrong_span", [lambda a: put(C + "end", a["citations"][0]["start"])(a)]),
    "utf16 start one more": ("wrong_span", [put(R + "utf16.0", more)]),
    "utf16 end one less": ("wrong_span", [put(R + "utf16.1", less)]),
    "bytes start one more": ("wrong_span", [put(R + "bytes.0", more)]),
    "bytes end one less": ("wrong_span", [put(R + "bytes.1", less)]),
    "one letter of the prefix": ("wrong_context", [put(R + "prefix", one_letter)]),
    "one letter of the suffix": ("wrong_context", [put(R + "suffix", one_letter)]),
    "the prefix without its first character": ("wrong_context", [put(R + "prefix", lambda p: p[1:])]),
    "the suffix without its last character": ("wrong_context", [put(R + "suffix", lambda s: s[:-1])]),
    "no prefix": ("wrong_context", [put(R + "prefix", "")]),
    "one digit of the hash": ("unknown_revision", [put(R + "sha256", one_digit)]),
    "another document": ("wrong_proof", [put(C + "document_id", "only")]),
    "index of the proof one more": ("wrong_proof", [put(R + "proof.index", more)]),
    "index of the proof one less": ("wrong_proof", [put(R + "proof.index", less)]),
    "index of the proof behind its size": ("wrong_proof", [put(R + "proof.index", 10**9)]),
    "size of the proof one more": ("wrong_proof", [put(R + "proof.size", more)]),
    "size of the proof one less": ("wrong_proof", [put(R + "proof.size", less)]),
    "size of the proof is 0": ("wrong_proof", [put(R + "proof.size", 0)]),
    "one digit in the path": ("wrong_proof", [put(R + "proof.path.1", one_digit)]),
    "the path without its last hash": ("wrong_proof", [put(R + "proof.path", lambda p: p[:-1])]),
    "the path with a hash too many": ("wrong_proof", [put(R + "proof.path", lambda p: [*p, p[0]])]),
    "the path backwards": ("wrong_proof", [put(R + "proof.path", lambda p: p[::-1])]),
    "no path": ("wrong_proof", [put(R + "proof.path", [])]),
    "the source ends where it starts": (
        "wrong_source",
        [lambda a: put(C + "source_end", a["citations"][0]["source_start"])(a)],
    ),
    # what is no citation at all
    "the citation is null": ("malformed", [put("citations.0", None)]),
    "the citation is a list": ("malformed", [put("citations.0", [])]),
    "the citation is empty": ("malformed", [put("citations.0", {})]),
    "no receipt": ("malformed", [lambda a: a["citations"][0].pop("receipt")]),
    "the receipt is null": ("malformed", [put("citations.0.receipt", None)]),
    "the receipt is a string": ("malformed", [put("citations.0.receipt", "x")]),
    "no proof": ("malformed", [lambda a: a["citations"][0]["receipt"].pop("proof")]),
    "no quote": ("malformed", [lambda a: a["citations"][0].pop("quote")]),
    "the quote is a number": ("malformed", [put(C + "quote", 7)]),
    "the marker is a string": ("malformed", [put(C + "marker", "1")]),
    "start is a string": ("malformed", [put(C + "start", str)]),
    "start is true": ("malformed", [put(C + "start", True)]),
    "start is null": ("malformed", [put(C + "start", None)]),
    "start is negative": ("malformed", [put(C + "start", -1)]),
    "start is a fraction": ("malformed", [put(C + "start", 0.5)]),
    "end is huge": ("malformed", [put(C + "end", 1e300)]),
    "end is 2^53": ("malformed", [put(C + "end", 2**53)]),
    "no source_end": ("malformed", [lambda a: a["citations"][0].pop("source_end")]),
    "utf16 is an object": ("malformed", [put(R + "utf16", {"start": 0, "end": 1})]),
    "bytes has three numbers": ("malformed", [put(R + "bytes", lambda b: [*b, 1])]),
    "the hash in capitals": ("malformed", [put(R + "sha256", str.upper)]),
    "the hash cut short": ("malformed", [put(R + "sha256", lambda h: h[:-1])]),
    "the hash with a line feed": ("malformed", [put(R + "sha256", lambda h: h + "\n")]),
    "the path is a string": ("malformed", [put(R + "proof.path", "00")]),
    "the path holds a number": ("malformed", [put(R + "proof.path.0", 7)]),
    "the path has 65 hashes": ("malformed", [put(R + "proof.path", lambda p: [p[0]] * 65)]),
    "the prefix is a number": ("malformed", [put(R + "prefix", 0)]),
}


def whole_forgeries(answer: Fields) -> Iterator[tuple[str, Fields, list[str]]]:
    """Forged as a whole; the answer has two citations and is signed."""
    true = ["verified", "verified"]
    lost = ["wrong_proof", "wrong_proof"]

    def changed(*changes: Callable[[Fields], None]) -> Fields:
        copy = deepcopy(answer)
        for change in changes:
            change(copy)
        return renamed(copy)

    yield "one digit of the root", changed(put("corpus.root", one_digit)), lost
    yield "the root in capitals", changed(put("corpus.root", str.upper)), lost
    yield "no root", changed(put("corpus.root", None)), lost
    yield "no corpus", changed(put("corpus", None)), lost
    yield "documents one more", changed(put("corpus.documents", more)), lost
    yield "documents is a string", changed(put("corpus.documents", str)), lost
    yield "one byte of the signature", changed(put("corpus.signature", one_byte)), true
    yield "one byte of the public key", changed(put("corpus.public_key", one_byte)), true
    yield "the signature without padding", changed(put("corpus.signature", lambda s: s.rstrip("="))), true
    yield "the signature is no base64", changed(put("corpus.signature", "***")), true
    yield "a signature without key", changed(put("corpus.public_key", None)), true
    yield "a key without signature", changed(put("corpus.signature", None)), true
    yield "signed by another key than it names", changed(put("corpus.public_key", public("another"))), true
    yield "one digit of the id", answer | {"id": one_digit(answer["id"])}, true
    yield "no id", {name: value for name, value in answer.items() if name != "id"}, true
    yield "the text changed after the id was made", answer | {"text": answer["text"] + "!"}, true
    yield "a field added after the id was made", answer | {"note": 1e-7}, true
    yield "status is something else", changed(put("status", "maybe")), true
    yield "abstained with citations", changed(put("status", "abstained")), true
    yield "answered without citations", changed(put("citations", []), put("segments", [])), []
    yield "citations is null", changed(put("citations", None), put("segments", [])), []
    yield "citations is an object", changed(put("citations", {"0": 1}), put("segments", [])), []
    yield "a quote is shown that no citation has", changed(put("segments.0.text", one_letter)), true
    yield "a quote is shown with the marker of another", changed(put("segments.0.citations", [2])), true
    yield "a quote is shown without a marker", changed(put("segments.0.citations", [])), true
    yield "the receipts of two citations exchanged", changed(_exchange), ["wrong_span", "wrong_span"]
    yield "half a surrogate pair in a quote", _halved(answer), ["malformed", "verified"]
    yield (
        "only the second citation is forged",
        changed(put("citations.1.quote", one_letter), put("segments", [])),
        ["verified", "wrong_quote"],
    )
    yield "a citation twice, once forged", changed(_twice), ["verified", "verified", "wrong_quote"]
    yield "quote, prefix and suffix moved by one with the old offsets", changed(_drag), ["wrong_quote", "verified"]


def _exchange(answer: Fields) -> None:
    first, second = answer["citations"]
    first["receipt"], second["receipt"] = second["receipt"], first["receipt"]


def _halved(answer: Fields) -> Fields:
    """No id can be right for what has no UTF-8 form."""
    copy = deepcopy(answer)
    copy["citations"][0]["quote"] = "\ud83d" + copy["citations"][0]["quote"][1:]
    return copy


def _twice(answer: Fields) -> None:
    third = deepcopy(answer["citations"][0])
    third["quote"] = one_letter(third["quote"])
    answer["citations"].append(third)


def _drag(answer: Fields) -> None:
    one = answer["citations"][0]
    quote, receipt = one["quote"], one["receipt"]
    one["quote"] = receipt["prefix"][-1] + quote[:-1]
    receipt["prefix"], receipt["suffix"] = receipt["prefix"][:-1], quote[-1] + receipt["suffix"][:-1]
    answer["segments"] = []


def fill(cases: Cases) -> dict[str, bytes]:
    """All cases; returns revision hash → bytes, which are not what was hashed for the tampered document only."""
    library = documents()
    corpus = CorpusTree.of(library)
    by_id = {document.id: document for document in library}
    for document in library:
        if document.id != "tampered":
            _add_true(cases, document, corpus)
    _add_whole(cases, by_id, corpus)
    _add_stated(cases, by_id, corpus)
    _add_forged(cases, by_id, corpus)
    table = {entry.sha256: by_id[entry.document_id].text.encode() for entry in corpus.entries()}
    spoilt = hashlib.sha256(TAMPERED.encode()).hexdigest()
    return table | {spoilt: TAMPERED.replace("letter", "lettes").encode()}


def _add_true(cases: Cases, document: Document, corpus: CorpusTree) -> None:
    alone = CorpusTree.of([document])
    for where, span in spans(document):
        answer = answer_of([(document, span)], corpus, "first")
        cases.add(f"{document.id}: {where}", answer, ["verified"], ok=True, root=corpus.root, key=public("first"))
    answer = answer_of([(document, next(spans(document))[1])], alone)
    cases.add(f"{document.id}: alone in its corpus, not signed", answer, ["verified"], ok=True, root=alone.root)


def _add_whole(cases: Cases, by_id: Mapping[str, Document], corpus: CorpusTree) -> None:
    all_spans = [(document, span) for document in by_id.values() for _, span in spans(document)]
    spoilt = ["wrong_hash" if document.id == "tampered" else "verified" for document, _ in all_spans]
    cases.add(
        "every document in one answer, one of them changed in the archive",
        answer_of(all_spans, corpus),
        spoilt,
        ok=False,
    )
    two = [(by_id["emoji"], Span(14, 36)), (by_id["rtl"], Span(17, 40))]
    signed, plain = answer_of(two, corpus, "first"), answer_of(two, corpus)
    true = ["verified", "verified"]
    cases.add("signed, nothing pinned", signed, true, ok=True)
    cases.add("not signed, nothing pinned", plain, true, ok=True)
    cases.add("not signed, and the key is pinned", plain, true, ok=False, key=public("first"))
    cases.add("signed by another key than the pinned one", signed, true, ok=False, key=public("another"))
    cases.add("the pinned key is no base64", signed, true, ok=False, key="not a key")
    cases.add("another root is pinned", signed, true, ok=False, root=one_digit(corpus.root))
    cases.add("the fields in another order", dict(reversed(signed.items())), true, ok=True)
    turned = deepcopy(signed)
    turned["citations"].reverse()
    cases.add("the citations in another order", renamed(turned), true, ok=True)
    real = deepcopy(signed)
    real["citations"][0]["start"] = float(real["citations"][0]["start"])
    cases.add("start is written with a decimal point", real, true, ok=True)
    odd = {
        "numbers": [1e-7, 1e21, 0.1, 1e-6, 123456789012345680000, -0.0, 5e-324],
        "\U0001f600": 1,
        "\uffee": "\u2028\x7f\x01",
    }
    cases.add("fields that nobody knows, with odd numbers and names", renamed(signed | {"more": odd}), true, ok=True)
    said = renamed(signed | {"evidence": [{"text": "…"}]})
    scores = {"score": 0.75, "scores": {"dense": 0.25}, "ranks": {"dense": 1}}
    explained = said | {"workings": {"threshold": 0.5}, "evidence": [{"text": "…", **scores}]}
    cases.add("explained: the id is that of the answer without what explains it", explained, true, ok=True)
    surer = said | {"confidence": 0.9321}
    cases.add("another confidence: it is measured, and the id says what was said", surer, true, ok=True)
    spans_only = renamed(plain | {"mode": "evidence", "status": "abstained", "segments": []})
    cases.add("spans alone, and not sure enough to answer", spans_only, true, ok=True)
    cases.add(
        "abstained in mode answer, and yet two citations", renamed(spans_only | {"mode": "answer"}), true, ok=False
    )
    abstained = answer_of([], corpus, "first")
    cases.add("abstained", abstained, [], ok=True, root=corpus.root, key=public("first"))
    cases.add("abstained, no root", renamed(abstained | {"corpus": None}), [], ok=False)
    for name, answer in (("null", None), ("a list", []), ("a string", "answer"), ("a number", 7), ("empty", {})):
        cases.add(f"the answer is {name}", answer, [], ok=False)


def _add_stated(cases: Cases, by_id: Mapping[str, Document], corpus: CorpusTree) -> None:
    """In a language model's words: what they cite is checked like every citation, and they are no quotes."""
    true = ["verified", "verified"]
    two = answer_of([(by_id["emoji"], Span(14, 36)), (by_id["rtl"], Span(17, 40))], corpus, "first")
    said = [{"kind": "statement", "text": "A flag flew, and a city is great.", "citations": [1, 2]}]
    stated = renamed(two | {"segments": said, "phrasing": {"model": "some-model", "dropped": 1}})
    cases.add("stated by a model, with two citations", stated, true, ok=True)
    cases.add("stated, and the second citation quoted", renamed(stated | {"segments": [
        {**said[0], "citations": [1]}, two["segments"][1]]}), true, ok=True)  # fmt: skip
    cases.add("no model spoke", renamed(two | {"phrasing": None}), true, ok=True)
    wrong: Mapping[str, Callable[[Fields], None]] = {
        "stated without a citation": put("segments.0.citations", []),
        "stated with a citation that is not there": put("segments.0.citations", [1, 3]),
        "stated with null for citations": put("segments.0.citations", None),
        "stated with a string for a citation": put("segments.0.citations", ["1"]),
        "stated by nobody": put("phrasing", None),
        "stated by a model without a name": put("phrasing", {"model": None, "dropped": 0}),
        "stated by a list": put("phrasing", ["some-model"]),
        "a statement given out as a quote": put("segments.0.kind", "quote"),
    }
    for name, change in wrong.items():
        forged = deepcopy(stated)
        change(forged)
        cases.add(f"forged: {name}", renamed(forged), true, ok=False)


def _add_forged(cases: Cases, by_id: Mapping[str, Document], corpus: CorpusTree) -> None:
    first, second = by_id["emoji"], by_id["rtl"]
    seed = next(document for document in by_id.values() if document.id.startswith("002"))
    two = answer_of([(first, Span(14, 36)), (second, Span(17, 40))], corpus, "first")
    for name, forged, codes in whole_forgeries(two):
        cases.add(f"forged: {name}", forged, codes, ok=False)
    for where, document, span in (("emoji", first, Span(14, 36)), ("seed", seed, Span(400, 520))):
        answer = answer_of([(document, span)], corpus, "first")
        answer["segments"] = []
        for name, (code, changes) in FORGED.items():
            forged = deepcopy(answer)
            for change in changes:
                change(forged)
            cases.add(f"forged, {where}: {name}", renamed(forged), [code], ok=False)


def main() -> None:
    cases = Cases()
    table = {name: base64.b64encode(data).decode() for name, data in fill(cases).items()}
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases.found)
    revisions = json.dumps(table, indent=1)
    FILE.write_text(f'{{"revisions": {revisions},\n"cases": [\n{lines}\n]}}\n', encoding="ascii")


if __name__ == "__main__":
    main()
