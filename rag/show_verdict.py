"""What decided an answer, in plain words: its confidence, why it was refused, and which quotes are not shown."""

from collections.abc import Iterator, Mapping

from index.console import Line
from rag.answers import Answer, Workings
from rag.explain import REASONS, RULES, Calibration, Explanation, Refusal
from rag.sift import words_of

_MOST_FEATURES = 6
_MOST_OF_A_RULE = 3  # quotes that are printed; --json has all
_MOST_CHARACTERS = 120  # of each
_NOT_SUMMANDS = frozenset(("compared", "confidence", "off_corpus"))
FILTERS = {
    "documents": "--document",
    "authors": "--author",
    "published_from": "--since",
    "published_to": "--until",
    "as_of": "--as-of",
}


def verdict_lines(answer: Answer, explanation: Explanation) -> Iterator[Line]:
    """The answer's confidence against the threshold, what its features added, and the refusal, if it is one."""
    workings = answer.workings
    yield Line(f"confidence {answer.confidence:.4f}, answered from {workings.threshold:.4f} on", style="dim")
    if workings.confidence:
        yield Line(f"log odds {explanation.log_odds:.4f} = {added(workings.confidence)}", 2, "dim")
    if explanation.calibration:
        yield Line(_calibrated(explanation.calibration), 2, "dim")
    if explanation.refusal:
        yield from _refusal_lines(explanation.refusal, workings.threshold)


def dropped_lines(workings: Workings) -> Iterator[Line]:
    """By rule, those of the best quotes first."""
    dropped = workings.dropped
    if not dropped:
        return
    offered = len(dropped) + len(workings.quotes)
    yield Line(f"The reader's {offered} best sentences; not shown are {len(dropped)}", style="dim")
    for rule in dict.fromkeys(one.rule for one in dropped):
        taken = [one.quote for one in dropped if one.rule == rule]
        margin = f" (margin {workings.margin:.2f}, wider for definitions and timelines)" if rule == "margin" else ""
        yield Line(f"{rule} ({len(taken)}): {RULES[rule]}{margin}", 2, "dim")
        for quote in taken[:_MOST_OF_A_RULE]:
            text = shortened(words_of(quote), _MOST_CHARACTERS)
            yield Line(f"score {quote.score:.4f} “{text}” ({quote.passage.document_id})", 5, "dim")
        if len(taken) > _MOST_OF_A_RULE:
            yield Line(f"and {len(taken) - _MOST_OF_A_RULE} more", 5, "dim")


def shortened(text: str, most: int) -> str:
    """In one line, cut between words."""
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1].rpartition(' ')[0] or text[: most - 1]}…"


def added(contributions: Mapping[str, float]) -> str:
    """What added or took most."""
    most = sorted(contributions.items(), key=lambda item: (-abs(item[1]), item[0]))
    shown = " ".join(f"{name} {value:+.2f}" for name, value in most[:_MOST_FEATURES] if value)
    rest = sum(value for _, value in most[_MOST_FEATURES:])
    return f"{shown} others {rest:+.2f}" if rest else shown


def _calibrated(one: Calibration) -> str:
    logistic = f"a chance of {one.uncalibrated:.4f} by the logistic function"
    if f"{one.uncalibrated:.4f}" == f"{one.confidence:.4f}":
        return logistic
    return f"{logistic}, calibrated on judged questions {one.confidence:.4f}"


def _refusal_lines(refusal: Refusal, threshold: float) -> Iterator[Line]:
    because = refusal.because
    side = f"“{because['compared']}” " if "compared" in because else ""
    yield Line(f"{side}refused as {refusal.code}: {REASONS[refusal.code]}", style="dim")
    confidence = float(because["confidence"])
    verdict = "would do, but a rule refused" if confidence >= threshold else f"is below {threshold:.4f}"
    yield Line(f"confidence {confidence:.4f} {verdict}", 2, "dim")
    if detail := _detail(because):
        yield Line(detail, 2, "dim")


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
    if because["side"] == "published":
        return f"{asked}, and no article was published then"
    mentioned = f"{because['beyond']} of {because['years']} mentions of years are {because['side']}"
    return f"{asked}, which no passage mentions; {mentioned}, and no article was published then or {because['side']}"
