"""Whether two claims speak of the same thing: how many words they have in common, and which facts belong together."""

from collections.abc import Iterator

from rag.conflicts.claims import Claim, Told
from rag.conflicts.facts import differ, said_alike

NEAR_COPY = 0.6  # likeness from which on two sentences tell the same in other words here and there
SAME_SENTENCE = 0.75  # … in the same words, but for some
_SPECIFIC = 0.9  # … in words that nobody uses twice by chance, if there are
_SPECIFIC_WORDS = 5  # so many of them
_COPY_WORDS = 3  # words of meaning that two copies have in common at least
_NEAR_FACTS = 0.5  # likeness of the words about two facts from which on they are of the same thing


def likeness(a: Claim, b: Claim) -> float:
    """Share of common words of meaning, 0..1 (Dice 1945); 0 where too few are common to tell."""
    common = len(a.stems & b.stems)
    enough = common >= _COPY_WORDS or (a.stems == b.stems and common > 1)
    return _dice(a.stems, b.stems) if enough else 0.0


def swapped(ours: frozenset[str], theirs: frozenset[str], a: Claim, b: Claim) -> bool:
    """Each has a word that the other's whole sentence has not: one was put in the place of the other."""
    return bool(ours - b.stems and theirs - a.stems)


def specific(a: Claim, b: Claim) -> bool:
    """So long a sentence in the same words is the same statement, whatever its article is called."""
    return likeness(a, b) >= _SPECIFIC and len(a.stems & b.stems) >= _SPECIFIC_WORDS


def aligned(a: Claim, b: Claim) -> list[tuple[Told, Told]]:
    """Facts of one unit that are of the same thing, each once: equal ones first, then by the words about them."""
    ranked = sorted(
        (
            (said_alike(ours.fact, theirs.fact), _dice(ours.near, theirs.near), -abs(m - n), -m, -n)
            for m, ours in enumerate(a.told)
            for n, theirs in enumerate(b.told)
            if ours.fact.unit == theirs.fact.unit
        ),
        reverse=True,
    )
    return list(_paired(a, b, ranked))


def _paired(a: Claim, b: Claim, ranked: list[tuple[bool, float, int, int, int]]) -> Iterator[tuple[Told, Told]]:
    left, right = set(range(len(a.told))), set(range(len(b.told)))
    for same, near, _, m, n in ranked:
        if -m not in left or -n not in right:
            continue
        left.remove(-m)
        right.remove(-n)
        ours, theirs = a.told[-m], b.told[-n]
        if same or (near >= _NEAR_FACTS and not swapped(ours.near, theirs.near, a, b)):
            yield ours, theirs


def told_twice(a: Claim, b: Claim) -> bool:
    """One article's own long sentence again with at most one fact changed; parallel ones tell different things."""
    changed = sum(differ(ours.fact, theirs.fact) for ours, theirs in aligned(a, b))
    return specific(a, b) and changed <= 1 and len(a.told) == len(b.told)


def of_other_time(question: Claim, a: Claim, b: Claim) -> bool:
    """The question names years, and the two are not of the same one; two copies may both be of another."""
    wanted = _years(question)
    ours, theirs = _years(a), _years(b)
    if not wanted:
        return False
    if wanted & ours and wanted & theirs:
        return not wanted & ours & theirs
    fits = {not years or bool(wanted & years) for years in (ours, theirs)}
    return len(fits) == 2 or (fits == {False} and likeness(a, b) < NEAR_COPY)


def of_a_month(claim: Claim) -> bool:
    return any(told.fact.moment and told.fact.moment.month for told in claim.told)


def _years(claim: Claim) -> frozenset[int]:
    moments = [told.fact.moment for told in claim.told if told.fact.moment]
    return frozenset(year for m in moments if m.first and m.last for year in range(m.first, m.last + 1))


def _dice(a: frozenset[str], b: frozenset[str]) -> float:
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else 1.0
