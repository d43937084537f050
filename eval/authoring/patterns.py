"""Verbs whose past, participle and base the question rules know: a question changes the form of its verb."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from index.records import Span
from index.text.words import stop_words
from rag.language.patterns import Patterns, read_patterns
from rag.suggestions.patterns import NAME, PERSON, ROLE, subject


class Verb(NamedTuple):
    """wrote, written, write"""

    past: str
    participle: str
    base: str


VERB_LISTS = read_patterns("eval.authoring", "verbs.txt").pieces


def _regular(base: str) -> Verb:
    past = f"{base}d" if base.endswith("e") else f"{base}ed"
    return Verb(past, past, base)


VERBS = (
    *map(_regular, VERB_LISTS["REGULAR"].split()),
    *(Verb(*forms.replace("_", " ").split(":")) for forms in VERB_LISTS["IRREGULAR"].split()),
)
BY_PARTICIPLE = {verb.participle: verb for verb in VERBS}
BY_PAST = {verb.past: verb for verb in VERBS}


# The pieces that the question rules are made of: subjects, dates, where a clause stops, what fits into a question.


class Made(NamedTuple):
    """A question and the place of its answer in the sentence; `of` is what it is about, as the question has it."""

    text: str
    answer: Span
    of: str


Make = Callable[[re.Match[str]], Made | None]


class Rule(NamedTuple):
    """`tag` is that of the gold question; `make` gives None where the question would read badly."""

    kind: str
    tag: str
    pattern: re.Pattern[str]
    make: Make


PIECES = read_patterns(
    "eval.authoring", "patterns.txt", NAME=NAME, PERSON=PERSON, ROLE=ROLE, PASTS="|".join(BY_PAST),
    BY_PARTICIPLE="|".join(BY_PARTICIPLE),
    AGENTIVE="|".join(BY_PARTICIPLE[name].past for name in VERB_LISTS["AGENTIVE"].split()),
).pieces  # fmt: skip
_NO_SUBJECT = (stop_words() - {"the"}) | {
    *("whereas", "unlike", "following", "among", "within", "without", "upon", "due", "given", "since"),
    *("today", "like", "according", "based", "several"),
}
_UNFIT = re.compile(PIECES["UNFIT"], re.IGNORECASE)
_LAST_DATE = re.compile(r"\b(?:in|on) (?:[A-Z][a-z]+ )?\d[\d, ]*$")


def span_of(match: re.Match[str], name: str) -> Span:
    return Span(*match.span(name))


def named(printed: str) -> str:
    """The subject inside a question: without a title, "the" small; "" for what names nothing."""
    bare = re.sub(r"^[Tt]he ", "", printed)
    if printed.split()[0].lower() in _NO_SUBJECT:
        return ""
    if re.match(r"[Tt]he [a-z]", printed) or re.search(r"U\.[SK]\.", printed):
        return f"the {bare}"
    if owner := re.match(rf"({NAME})['’]s [a-z]", printed):
        return printed if subject(owner[1]) == owner[1] else ""
    return subject(printed)


def asks(template: str, answer: str) -> Make:
    """A question with the groups of a match put into its template, {who} as a question names it; `answer`: a group."""

    def make(match: re.Match[str]) -> Made | None:
        who = named(match["who"])
        return Made(template.format_map(match.groupdict() | {"who": who}), span_of(match, answer), who) if who else None

    return make


def fits(words: str, *, dated: bool = False) -> bool:
    """Can the words stand in a question of their own? Nothing in them points elsewhere but perhaps one last date."""
    return not _UNFIT.search(f" {_LAST_DATE.sub('', words) if dated else words} ")


def rest_of(match: re.Match[str], *, dated: bool = False) -> str | None:
    """The words behind the verb with a blank before them, None where they do not fit into a question."""
    rest = match["rest"].strip()
    if not fits(rest, dated=dated):
        return None
    return f" {rest}" if rest else ""


def rules(patterns: Patterns, makers: Mapping[str, tuple[str, Make]]) -> tuple[Rule, ...]:
    """In the order of the file; `makers`: family → the tag, and what is made. A kind is a family up to its comma."""
    return tuple(
        Rule(family.partition(",")[0], makers[family][0], re.compile(pattern), makers[family][1])
        for family, of_family in patterns.families.items()
        for pattern in of_family
    )
