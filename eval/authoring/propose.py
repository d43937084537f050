"""Questions for a gold file, proposed from the articles by rule, each with its answer and the words that give it.

No language model, no index; the same articles and seed give the same questions. English articles only.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from eval.authoring.duplicates import Form, form_of, likeness
from eval.authoring.near_misses import near_misses
from eval.authoring.patterns import Made, Rule
from eval.authoring.question_rules import CLAIMS, COUNTS, PEOPLE
from eval.sets.gold import GoldSpan, Question, line_of, overlap, question_of, records, span_in, text
from index.records import Document, Span
from index.text.sentences import sentences
from rag.language.dependence import depends_on_previous
from rag.suggestions.patterns import NAME

COUNT = 40
SEED = 1
NEAR_MISS = "near-miss"
_NEAR_MISSES = 0.2  # share of the questions
_LONGEST = 420  # characters; a longer sentence is a list or a table
_MOST_WORDS = 18  # of a question
_MOST_ANSWER_WORDS = 28
_OF_ITSELF = ("what is",)  # kinds that need no name: "What is inflammation?"
_VAGUE, _OFTEN = ("said", "plan"), 20  # "What did Trump suggest?" asks for too much where he is named so often
_NAME = re.compile(NAME)
_RULES: tuple[Rule, ...] = (*PEOPLE, *CLAIMS, *COUNTS)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A question, what it is about as the question has it, its kind for spreading, and how it is compared."""

    text: str
    of: str
    kind: str
    tag: str
    answer: str
    spans: tuple[GoldSpan, ...]
    form: Form


def propose(documents: Sequence[Document], *, count: int = COUNT, seed: int = SEED) -> list[Question]:
    """At most `count` questions, spread over articles and kinds, no two alike; the last fifth are near misses.

    Fewer where the articles give no more. Every answerable one is valid gold: its spans stand in the source.
    """
    english = [document for document in documents if document.language in ("en", "")]
    rng = Random(seed)
    found = _merged(english)
    misses = near_misses([(one.text, one.of) for one in found], english, rng)
    wanted = round(_NEAR_MISSES * count)
    kept = _chosen(found, count - min(wanted, len(misses)), seed)
    missed: list[Proposal] = []
    for miss in misses:
        origin = found[miss.origin]
        one = Proposal(miss.text, origin.of, miss.swapped, origin.tag, "", (), form_of(miss.text))
        if len(missed) < min(wanted, len(kept)) and not _repeats(one, (*found, *missed)):
            missed.append(one)
    return [_question(one) for one in (*kept, *missed)]


def _question(one: Proposal) -> Question:
    where = one.spans[0].document_id if one.spans else ""
    digest = hashlib.sha256(f"{where}\n{one.text}".encode()).hexdigest()[:10]
    tags = (one.tag,) if one.spans else (one.tag, NEAR_MISS)
    answers = (one.answer,) if one.spans else ()
    return Question(f"{'new' if one.spans else 'miss'}-{digest}", one.text, bool(one.spans), answers, one.spans, tags)


def _merged(documents: Sequence[Document]) -> list[Proposal]:
    """Each question once: with all places that give the same answer, and none at all where two answers differ."""
    common = _common_words(documents)
    spoken = Counter(name for one in documents for name in _NAME.findall(one.text))
    found: dict[str, list[Proposal]] = {}
    for document in documents:
        for one in _of_document(document, common):
            if one.kind not in _VAGUE or spoken[one.of.removeprefix("the ")] < _OFTEN:
                found.setdefault(one.form.text, []).append(one)
    agreed = [same for same in found.values() if len({form_of(one.answer).text for one in same}) == 1]
    return [replace(same[0], spans=tuple(dict.fromkeys(s for one in same for s in one.spans))) for same in agreed]


def _of_document(document: Document, common: frozenset[str]) -> Iterator[Proposal]:
    headings = {heading.start for heading in document.headings}
    for span in sentences(document.text, document.language or "en"):
        sentence = document.text[span.start : span.end]
        whole = len(sentence) <= _LONGEST and sentence.rstrip("”\"’')")[-1:] in (".", "!")
        if whole and span.start not in headings and not depends_on_previous(sentence):
            yield from _of_sentence(document, span, sentence, common)


def _of_sentence(document: Document, at: Span, sentence: str, common: frozenset[str]) -> Iterator[Proposal]:
    for rule in _RULES:
        for match in rule.pattern.finditer(sentence):
            made = rule.make(match)
            if made is None:
                continue
            text = _small(made.text, made.of, common)
            if not (rule.kind in _OF_ITSELF or re.search(r"[A-Z]", text[1:])) or not _usable(made, sentence):
                continue
            start, end = match.start(), max(match.end(), made.answer.end)
            start += len(sentence[start:end]) - len(sentence[start:end].lstrip(" ,;"))
            gold = span_in(document, Span(at.start + start, at.start + len(sentence[:end].rstrip())))
            tag = "who" if text.startswith("Who ") else rule.tag
            yield Proposal(text, made.of, rule.kind, tag, _cut(made, sentence), (gold,), form_of(text))


def _usable(made: Made, sentence: str) -> bool:
    answer = _cut(made, sentence)
    behind = sentence[made.answer.end :]
    return (
        len(made.text.split()) <= _MOST_WORDS
        and 0 < len(answer.split()) <= _MOST_ANSWER_WORDS
        and answer.lower() not in made.text.lower()
        and not re.search(r"\b[A-Z]$|^\W*$", answer)  # cut at an abbreviation
        and not re.match(r"[.,]\d", behind)  # or inside a number
        and not (behind[:1] == "," and re.search(r"(?:ed|al|ive|ous|ic)$", answer) and answer[:2] in ("a ", "an"))
        and all(_paired(part) for part in (answer, made.text))
    )


def _cut(made: Made, sentence: str) -> str:
    return sentence[made.answer.start : made.answer.end].strip()


def _paired(text: str) -> bool:
    pairs = all(text.count(a) == text.count(b) for a, b in ("()", "“”", "[]"))
    return pairs and text.count('"') % 2 == 0


def _common_words(documents: Sequence[Document]) -> frozenset[str]:
    """Words that stand inside sentences in lower case more often than not, so that a capital only opens a sentence."""
    written = Counter(word for one in documents for word in re.findall(r"(?<=[\w,] )[^\W\d_]+", one.text))
    return frozenset(word for word, times in written.items() if word.islower() and times >= written[word.capitalize()])


def _small(text: str, of: str, common: frozenset[str]) -> str:
    first, *others = of.split()
    if first.lower() not in common or not first.istitle() or (others and others[0][0].isupper()):
        return text
    return text.replace(of, of[0].lower() + of[1:], 1)


def _chosen(found: Sequence[Proposal], count: int, seed: int) -> list[Proposal]:
    """One of every article and kind, then the second: never two of one sentence, never two that are alike."""
    places: Counter[tuple[str, str]] = Counter()
    ranked: list[tuple[int, int, str, Proposal]] = []
    for one in sorted(found, key=lambda one: _chance(one, seed)):
        document, kind = ("document", one.spans[0].document_id), ("kind", one.kind)
        ranked.append((places[document], places[kind], _chance(one, seed), one))
        places.update((document, kind))
    kept: list[Proposal] = []
    for *_, one in sorted(ranked, key=lambda entry: entry[:3]):
        if len(kept) < count and not _repeats(one, kept):
            kept.append(one)
    return kept


def _chance(one: Proposal, seed: int) -> str:
    return hashlib.sha256(f"{seed}\n{one.spans[0].document_id}\n{one.text}".encode()).hexdigest()


def _repeats(one: Proposal, others: Sequence[Proposal]) -> bool:
    """The same question, or another one that the same words answer."""
    return any(
        likeness(one.form, other.form) in ("same", "near") or overlap(one.spans, other.spans) for other in others
    )


# Questions on their way into a gold file: as gold, but they may say nothing yet of whether they can be answered.
#
# `eval new` writes valid gold; `eval from-feedback` also writes lines with "answerable": null and a "note" for whoever
# labels them.


@dataclass(frozen=True, slots=True)
class ProposedQuestion:
    """`question` has neither answers nor spans while it is not `known` whether it can be answered."""

    question: Question
    known: bool = True
    note: str = ""


def read_candidates(path: Path) -> list[ProposedQuestion]:
    """In the order of the file. Raises NotFound, and BadGold with file, line and reason."""
    found: list[ProposedQuestion] = []
    seen: set[str] = set()
    for place, record in records(path):
        note = text(place, record, "note") if "note" in record else ""
        record.pop("note", None)
        known = record.get("answerable", True) is not None
        question = question_of(place, record if known else record | {"answerable": False})
        if question.id in seen:
            raise place.bad(f"id {question.id!r} stands on an earlier line too")
        seen.add(question.id)
        found.append(ProposedQuestion(question, known, note))
    return found


def candidate_line(candidate: ProposedQuestion) -> str:
    """Gold with its note, and null where nobody knows yet whether the question can be answered."""
    fields = json.loads(line_of(candidate.question))
    if not candidate.known:
        fields["answerable"] = None
    if candidate.note:
        fields["note"] = candidate.note
    return json.dumps(fields, ensure_ascii=False)
