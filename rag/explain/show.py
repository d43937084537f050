"""Why an answer is what it is, in plain words, for `--explain`."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from index.records import Document, Hit, dated
from index.terminal import Paragraph, shortened
from rag.answer import (
    REASONS,
    RULES,
    Answer,
    Calibration,
    Citation,
    Explanation,
    FoundBy,
    Phrasing,
    Refusal,
    Removed,
    Segment,
    Without,
    Workings,
)

# What decided an answer, in plain words: its confidence, why it was refused, and which quotes are not shown.

_MOST_FEATURES = 6
_MOST_OF_A_RULE = 3  # quotes that are printed; --json has all
_MOST_CHARACTERS = 120  # of each
_NOT_SUMMANDS = frozenset(("compared", "confidence", "off_corpus"))
FILTERS = dict(
    documents="--document", authors="--author", published_from="--since", published_to="--until", as_of="--as-of"
)


def verdict_lines(answer: Answer, explanation: Explanation) -> Iterator[Paragraph]:
    """The answer's confidence against the threshold, what its features added, and the refusal, if it is one."""
    workings = answer.workings
    yield Paragraph(f"confidence {answer.confidence:.4f}, answered from {workings.threshold:.4f} on", style="dim")
    if workings.confidence:
        yield Paragraph(f"log odds {explanation.log_odds:.4f} = {added(workings.confidence)}", 2, "dim")
    if explanation.calibration:
        yield Paragraph(_calibrated(explanation.calibration), 2, "dim")
    if explanation.refusal:
        yield from _refusal_lines(explanation.refusal, workings.threshold)


def dropped_lines(workings: Workings) -> Iterator[Paragraph]:
    """By rule, those of the best quotes first."""
    dropped = workings.dropped
    if not dropped:
        return
    offered = len(dropped) + len(workings.quotes)
    yield Paragraph(f"The reader's {offered} best sentences; not shown are {len(dropped)}", style="dim")
    for rule in dict.fromkeys(drop.rule for drop in dropped):
        taken = [drop.quote for drop in dropped if drop.rule == rule]
        margin = f" (margin {workings.margin:.2f}, wider for definitions and timelines)" if rule == "margin" else ""
        yield Paragraph(f"{rule} ({len(taken)}): {RULES[rule]}{margin}", 2, "dim")
        for quote in taken[:_MOST_OF_A_RULE]:
            text = shortened(quote.words, _MOST_CHARACTERS)
            yield Paragraph(f"score {quote.score:.4f} “{text}” ({quote.passage.document_id})", 5, "dim")
        if len(taken) > _MOST_OF_A_RULE:
            yield Paragraph(f"and {len(taken) - _MOST_OF_A_RULE} more", 5, "dim")


def added(contributions: Mapping[str, float]) -> str:
    """What added or took most."""
    most = sorted(contributions.items(), key=lambda item: (-abs(item[1]), item[0]))
    shown = " ".join(f"{name} {value:+.2f}" for name, value in most[:_MOST_FEATURES] if value)
    rest = sum(value for _, value in most[_MOST_FEATURES:])
    return f"{shown} others {rest:+.2f}" if rest else shown


def _calibrated(calibration: Calibration) -> str:
    logistic = f"a chance of {calibration.uncalibrated:.4f} by the logistic function"
    if f"{calibration.uncalibrated:.4f}" == f"{calibration.confidence:.4f}":
        return logistic
    return f"{logistic}, calibrated on judged questions {calibration.confidence:.4f}"


def _refusal_lines(refusal: Refusal, threshold: float) -> Iterator[Paragraph]:
    because = refusal.because
    side = f"“{because['compared']}” " if "compared" in because else ""
    yield Paragraph(f"{side}refused as {refusal.code}: {REASONS[refusal.code]}", style="dim")
    confidence = float(because["confidence"])
    verdict = "would do, but a rule refused" if confidence >= threshold else f"is below {threshold:.4f}"
    yield Paragraph(f"confidence {confidence:.4f} {verdict}", 2, "dim")
    if detail := _detail(because):
        yield Paragraph(detail, 2, "dim")


def _detail(because: Mapping[str, float | str]) -> str:
    """What the code stands on."""
    if "off_corpus" in because:
        summands = {name: float(value) for name, value in because.items() if name not in _NOT_SUMMANDS}
        odds = float(because["off_corpus"])
        return f"log odds that it is off the corpus {odds:.4f} (above 0 off_corpus, else near_miss) = {added(summands)}"
    if "words" in because:
        return f"read as {because['kind']} by the words “{because['words']}”"
    if "without_filters" in because:
        by = " and ".join(FILTERS[name] for name in str(because["by"]).split(", "))
        return f"without {by} the confidence would be {because['without_filters']:.4f}"
    if "from" in because:
        return _unreached(because)
    return "no passage was found" if "hits" in because else ""


def _unreached(because: Mapping[str, float | str]) -> str:
    asked = f"asked about {because['from']} to {because['to']}"
    mentioned = f"{because['beyond']} of {because['years']} mentions of years are {because['side']}"
    return f"{asked}, which no passage mentions; {mentioned}, and no article was published then or {because['side']}"


DocumentOf = Callable[[str], Document]


def why_lines(answer: Answer, explanation: Explanation, document_of: DocumentOf) -> Iterator[Paragraph]:
    """Sums first, then what would have been otherwise."""
    workings = answer.workings
    yield Paragraph()
    yield from verdict_lines(answer, explanation)
    for marker, contributions in enumerate(workings.quotes, start=1):
        yield Paragraph(f"[{marker}] score {sum(contributions.values()):.4f} = {added(contributions)}", 2, "dim")
    if answer.policy:
        policy = answer.policy.policy
        certified = f"at most {policy.risk:.0%} of answers wrong, certified at {policy.level:.0%} on {policy.set_name}"
        yield Paragraph(f"{certified} ({policy.questions} questions)", style="dim")
    yield from dropped_lines(workings)
    yield Paragraph(f"index {answer.index_version}", style="dim")
    for number, hit in enumerate(explanation.found, start=1):
        yield from _found_lines(number, hit)
    yield from _otherwise_lines(explanation, document_of)


def _found_lines(number: int, hit: FoundBy) -> Iterator[Paragraph]:
    shares = (f"{name} {one.added:.4f} (rank {one.rank}, score {one.score:.4f})" for name, one in hit.shares.items())
    yield Paragraph(f"{number}. {hit.passage_id}: found with {hit.fused:.4f} = {' + '.join(shares)}", 2, "dim")
    for share in hit.shares.values():
        if share.terms:
            yield Paragraph(f"BM25 by word: {added(share.terms)}", 5, "dim")
    if hit.best:
        yield Paragraph(f"and 1/20 of its best sentence: {hit.best.score:.4f} = {added(hit.best.features)}", 5, "dim")


def _otherwise_lines(explanation: Explanation, document_of: DocumentOf) -> Iterator[Paragraph]:
    if explanation.best and explanation.without:
        best = explanation.best
        text = " ".join(document_of(best.document_id).text[best.start : best.end].split())
        yield Paragraph(f"What if? The best quote is “{text}”", style="dim")
        for rerun in explanation.without:
            yield Paragraph(_without(rerun), 2, "dim")
    if explanation.removed:
        yield Paragraph(_removed(explanation.removed, document_of), style="dim")


def _without(rerun: Without) -> str:
    still = "still " if rerun.rank == 1 else ""
    place = "it would not be among the ten best" if rerun.rank is None else f"it would {still}be number {rerun.rank}"
    return f"without “{rerun.term}” {place} (confidence {rerun.confidence:.4f})"


def _removed(removed: Removed, document_of: DocumentOf) -> str:
    by = " and ".join(FILTERS[name] for name in removed.by)
    where = document_of(removed.best.document_id).title
    quote = " ".join(removed.quote.split())
    return f"Without {by} the first would be “{quote}” from “{where}” (confidence {removed.confidence:.4f})"


# An answer and its hits as paragraphs for people: each quote by itself, then where it stands.

NEAREST = 3  # passages that are shown when nothing answers
_STYLES = {"note": "", "conflict": "yellow", "comparison": "cyan", "question": "cyan"}


def answer_lines(answer: Answer, document_of: DocumentOf, *, sources: bool = True) -> Iterator[Paragraph]:
    """Words of the articles stand indented and in quotation marks; everything else is ours."""
    if answer.standalone:
        yield Paragraph(f"Understood as: {answer.standalone}", style="dim")
        yield Paragraph()
    cited = {citation.marker: citation for citation in answer.citations}
    for segment in answer.segments:
        yield _quote_line(cited[segment.citations[0]]) if segment.kind == "quote" else _segment_line(segment)
        yield Paragraph()
    if answer.mode == "evidence":
        yield from _span_lines(answer, document_of)
    elif sources:
        yield from cited_lines(answer, document_of)
    if answer.reason and answer.evidence and not answer.citations:
        yield Paragraph("Nearest passages", style="dim")
        yield Paragraph()
        yield from hit_lines(answer.evidence[:NEAREST], document_of, explain=bool(answer.explanation))
    if answer.follow_ups and answer.status != "answered":
        yield Paragraph("You could ask", style="dim")
        yield from (Paragraph(f"{number}. {text}", 2) for number, text in enumerate(answer.follow_ups, start=1))
    if answer.explanation:
        yield from why_lines(answer, answer.explanation, document_of)


def cited_lines(answer: Answer, document_of: DocumentOf) -> Iterator[Paragraph]:
    """Where each quote stands; of an article that is only told about, which one it is."""
    if answer.status == "guided":
        yield from (Paragraph(f"[{one.marker}] {one.document_id}", 2, "dim") for one in answer.citations)
        return
    if answer.phrasing:
        yield Paragraph(_phrased(answer.phrasing), style="dim")
        yield Paragraph()
    if answer.citations:
        yield Paragraph("Sources", style="dim")
    quoted = {marker for segment in answer.segments if segment.kind == "quote" for marker in segment.citations}
    for citation in answer.citations:
        if citation.marker not in quoted:
            yield _quote_line(citation, "")
        yield from _source_lines(citation, document_of(citation.document_id))


def _quote_line(citation: Citation, style: str = "bold") -> Paragraph:
    """The words that answer stand out."""
    before, words, _ = citation.pieces
    begin = 1 + len(before)  # behind the quotation mark
    return Paragraph(f"“{citation.quote}” [{citation.marker}]", 2, style, (begin, begin + len(words)))


def _segment_line(segment: Segment) -> Paragraph:
    if segment.kind in ("statement", "about"):
        marked = "".join(f"[{marker}]" for marker in segment.citations)
        return Paragraph(f"{segment.text} {marked}", 2)
    return Paragraph(segment.text, style=_STYLES[segment.kind])


def _phrased(phrasing: Phrasing) -> str:
    dropped = f"; {phrasing.dropped} of its sentences left out, as no quote bears them out" if phrasing.dropped else ""
    return f"Phrased by the language model {phrasing.model}{dropped}. The articles' own words stand below."


def hit_lines(hits: Sequence[Hit], document_of: DocumentOf, *, explain: bool = False) -> Iterator[Paragraph]:
    """Passages, best first."""
    for number, hit in enumerate(hits, start=1):
        if number > 1:
            yield Paragraph()
        yield Paragraph(f"{number}. {_named(document_of(hit.passage.document_id))}", style="cyan")
        yield Paragraph(f"{hit.passage.document_id}, characters {hit.passage.start} to {hit.passage.end}", 3, "dim")
        if explain:
            yield Paragraph(_ranked(hit), 3, "dim")
        yield Paragraph(" ".join(hit.passage.text.split()), 3)


def _span_lines(answer: Answer, document_of: DocumentOf) -> Iterator[Paragraph]:
    """Each quote with its source; what they are worth is said first."""
    sure = f"not enough to answer ({answer.reason.code})" if answer.reason else "enough to answer"
    yield Paragraph(f"confidence {answer.confidence:.4f}: {sure}", style="dim")
    yield Paragraph()
    for citation in answer.citations:
        yield Paragraph(f"“{citation.quote}” [{citation.marker}]", 2, "bold")
        yield from _source_lines(citation, document_of(citation.document_id))
        yield Paragraph()


def _source_lines(citation: Citation, document: Document) -> Iterator[Paragraph]:
    page = f"page {citation.page}, " if citation.page else ""
    where = f"{citation.document_id}, {page}characters {citation.start} to {citation.end}"
    yield Paragraph(f"[{citation.marker}] {_named(document)}", 2)
    yield Paragraph(f"{where} (in its file {citation.source_start} to {citation.source_end})", 6, "dim")
    if citation.twins:
        yield Paragraph(f"also in {', '.join(citation.twins)}", 6, "dim")


def _named(document: Document) -> str:
    title = f"{document.title} (title inferred)" if "title" in document.inferred else document.title
    return " · ".join(part for part in (title, document.author or document.publisher, dated(document)) if part)


def _ranked(hit: Hit) -> str:
    own = (f"{name} rank {rank} score {hit.scores[name]:.4f}" for name, rank in sorted(hit.ranks.items()))
    return " · ".join((*own, f"fused {hit.score:.4f}"))
