"""Why an answer is what it is, in plain words, for `--explain`."""

from collections.abc import Callable, Iterator

from index.console import Line
from index.records import Document
from rag.answers import Answer
from rag.explain import Explanation, Found, Removed, Without
from rag.show_verdict import FILTERS, added, dropped_lines, verdict_lines

DocumentOf = Callable[[str], Document]


def why_lines(answer: Answer, explanation: Explanation, document_of: DocumentOf) -> Iterator[Line]:
    """Sums first, then what would have been otherwise."""
    workings = answer.workings
    yield Line()
    yield from verdict_lines(answer, explanation)
    for marker, contributions in enumerate(workings.quotes, start=1):
        yield Line(f"[{marker}] score {sum(contributions.values()):.4f} = {added(contributions)}", 2, "dim")
    if answer.policy:
        policy = answer.policy.policy
        certified = f"at most {policy.risk:.0%} of answers wrong, certified at {policy.level:.0%} on {policy.set_name}"
        yield Line(f"{certified} ({policy.questions} questions)", style="dim")
    yield from dropped_lines(workings)
    yield Line(f"index {answer.index_version}", style="dim")
    for number, found in enumerate(explanation.found, start=1):
        yield from _found_lines(number, found)
    yield from _otherwise_lines(explanation, document_of)


def _found_lines(number: int, found: Found) -> Iterator[Line]:
    shares = (f"{name} {one.added:.4f} (rank {one.rank}, score {one.score:.4f})" for name, one in found.shares.items())
    yield Line(f"{number}. {found.passage_id}: found with {found.fused:.4f} = {' + '.join(shares)}", 2, "dim")
    for one in found.shares.values():
        if one.terms:
            yield Line(f"BM25 by word: {added(one.terms)}", 5, "dim")
    if found.best:
        yield Line(f"placed by its best sentence, {found.best.score:.4f} = {added(found.best.features)}", 5, "dim")


def _otherwise_lines(explanation: Explanation, document_of: DocumentOf) -> Iterator[Line]:
    if explanation.best and explanation.without:
        best = explanation.best
        text = " ".join(document_of(best.document_id).text[best.start : best.end].split())
        yield Line(f"What if? The best quote is “{text}”", style="dim")
        for one in explanation.without:
            yield Line(_without(one), 2, "dim")
    if explanation.removed:
        yield Line(_removed(explanation.removed, document_of), style="dim")


def _without(one: Without) -> str:
    still = "still " if one.rank == 1 else ""
    place = "it would not be among the ten best" if one.rank is None else f"it would {still}be number {one.rank}"
    return f"without “{one.term}” {place} (confidence {one.confidence:.4f})"


def _removed(one: Removed, document_of: DocumentOf) -> str:
    by = " and ".join(FILTERS[name] for name in one.by)
    where = document_of(one.best.document_id).title
    quote = " ".join(one.quote.split())
    return f"Without {by} the first would be “{quote}” from “{where}” (confidence {one.confidence:.4f})"
