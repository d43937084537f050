"""The people, places, groups, things and times that a text speaks of, found without a language model.

A mention is what a later "he", "its" or "that treaty" can stand for. Names are found by their capitals, or by being
known already where a reader types in lower case; other noun phrases as runs of words that are no grammar and no verb.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rag.follow_ups.noun_phrases import WORD, Token, capitals_end, known_end, phrase_end, token
from rag.language.patterns import read_patterns
from rag.language.word_lists import A_MONTH, ARTICLES, AUXILIARIES, PREPOSITIONS, lexicon, listed

Kind = Literal["person", "place", "group", "thing", "time", "name"]  # "name": a name of we know not what
Role = Literal["subject", "asked", "possessor", "object"]

TIME = read_patterns("rag.follow_ups", "mentions.txt", A_MONTH=A_MONTH).compiled("TIME")
_HEADS: Mapping[Kind, str] = {  # lists of nouns that say what kind of thing is named
    "person": "PERSON_NOUNS",
    "place": "PLACE_NOUNS",
    "group": "GROUP_NOUNS",
    "time": "TIME_NOUNS",
}
_KIND_OF = {noun: kind for kind, nouns in _HEADS.items() for noun in listed(nouns)}
_TITLES = listed("TITLES")
_PLURALS = frozenset(["people", "men", "women", "children", "police", "media", "data", "migrants"])
_SINGULAR_ENDINGS = ("ss", "us", "is", "news", "series")


@dataclass(frozen=True, slots=True)
class Mention:
    """What a text names, where (end exclusive), and what can be told of it."""

    text: str
    start: int
    end: int
    kind: Kind
    gender: Literal["m", "f", ""]
    plural: bool
    role: Role

    @property
    def head(self) -> str:
        """The noun that says what it is, in lower case: "treaty" of "the Treaty of Guadalupe Hidalgo"."""
        words = [word.group().lower() for word in WORD.finditer(self.text)]
        first = next((at for at, word in enumerate(words) if at and word in PREPOSITIONS), len(words))
        return words[first - 1] if words else ""


def mentions(text: str, known: Sequence[Mention] = ()) -> list[Mention]:
    """In the order of the text, none inside another; `known` names are found in lower case as well."""
    tokens = [token(match) for match in WORD.finditer(text)]
    times = [
        Mention(named.group(), named.start(), named.end(), "time", "", False, "object") for named in TIME.finditer(text)
    ]
    familiar = {mention.text.lower(): mention for mention in known if is_name(mention)}
    named = list(times)
    at = 0
    while at < len(tokens):
        stop = phrase_end(tokens, at, text, familiar)
        if stop > at and not any(t.start < tokens[stop - 1].end and tokens[at].start < t.end for t in times):
            named.append(_mention(tokens, at, stop, text, familiar))
        at = max(stop, at + 1)
    return sorted(named, key=lambda mention: mention.start)


def owners(mentioned: Sequence[Mention], known: Sequence[Mention] = ()) -> list[Mention]:
    """The names that stand behind "of" in them: "Norway" of "the population of Norway"."""
    inner: list[Mention] = []
    for mention in mentioned:
        at = mention.text.find(" of ") + len(" of ")
        if at >= len(" of ") and not is_name(mention):
            named = [m for m in mentions(mention.text[at:], known) if is_name(m)]
            inner += [
                replace(m, start=mention.start + at + m.start, end=mention.start + at + m.end, role="possessor")
                for m in named
            ]
    return inner


def is_name(mention: Mention) -> bool:
    """Written like a name, or known to be one."""
    first, _, rest = mention.text.partition(" ")
    bare = rest if first.lower() in ARTICLES else mention.text
    return mention.kind != "time" and (bare[:1].isupper() or bare.lower() in lexicon().countries)


def singular(noun: str) -> str:
    """The noun without its plural ending; wrong for irregular ones, which only costs a match."""
    if not is_plural(noun) or noun in _PLURALS:
        return noun
    return f"{noun[:-3]}y" if noun.endswith("ies") else noun[:-1]


def is_plural(noun: str) -> bool:
    """By its ending."""
    return noun in _PLURALS or (len(noun) > 3 and noun.endswith("s") and not noun.endswith(_SINGULAR_ENDINGS))


def kind_of_noun(noun: str) -> Kind:
    """What a common noun stands for; a thing unless told otherwise."""
    return _KIND_OF.get(singular(noun), "thing")


def with_first_names(mentioned: Iterable[Mention], everywhere: Sequence[Mention]) -> list[Mention]:
    """ "Sheinbaum" is a woman once "Claudia Sheinbaum" has been named: kind and gender pass on by the last word."""
    full = {m.head: m for m in everywhere if m.kind == "person" and is_name(m)}
    return [
        replace(m, kind="person", gender=full[m.head].gender) if m.kind in ("name", "person") and m.head in full else m
        for m in mentioned
    ]


def _mention(tokens: Sequence[Token], at: int, stop: int, text: str, familiar: dict[str, Mention]) -> Mention:
    start, end = tokens[at].start, tokens[stop - 1].end
    written = text[start:end]
    bare = tokens[at + 1 :] if tokens[at].low in ARTICLES else tokens[at:]
    low = " ".join(token.low for token in bare[: stop - (len(tokens) - len(bare))])
    shell = Mention(written, start, end, "thing", "", is_plural(tokens[stop - 1].low), _role(tokens, at, stop))
    known = familiar.get(low) or familiar.get(f"the {low}")
    large = max(known_end(tokens, at, familiar), capitals_end(tokens, at, text)) > at or tokens[at].low in ARTICLES
    if not large and written[:1].isupper() and written[1:2].islower():
        shell = replace(shell, text=written[:1].lower() + written[1:])  # it only opens the sentence
        written = shell.text
    if known:
        if written.islower() and known.text.lower() == written:
            shell = replace(shell, text=known.text)  # as it is printed
        return replace(shell, kind=known.kind, gender=known.gender, plural=known.plural)
    kind, gender = _kind(low, written, shell.head)
    several = kind in ("thing", "group") or tokens[at].low in ARTICLES  # "Flores" is one, "the Proud Boys" are many
    return replace(
        shell, kind=kind, gender=gender, plural=kind not in ("place", "person") and several and is_plural(shell.head)
    )


def _kind(low: str, written: str, head: str) -> tuple[Kind, Literal["m", "f", ""]]:
    if low in lexicon().countries:
        return "place", ""
    parts = low.split()
    noun = kind_of_noun(head)
    upper = head.title() in written or head.upper() in written
    if len(parts) > 1 and upper and noun == "thing":
        for names, gender in ((lexicon().women, "f"), (lexicon().men, "m")):
            if names & set(parts[:2]):
                return "person", gender  # type: ignore[return-value]
        if parts[0].rstrip(".") in _TITLES:
            return "person", ""
    if noun != "thing" or not upper:
        return noun, ""
    return ("group", "") if written.isupper() or any(kind_of_noun(p) == "group" for p in parts) else ("name", "")


def _role(tokens: Sequence[Token], at: int, stop: int) -> Role:
    if tokens[stop - 1].owner:
        return "possessor"
    before = tokens[at - 1].low if at else ""
    if before in ("which", "what", "many", "much"):
        return "asked"
    earlier = [token.low for token in tokens[:at] if token.low in AUXILIARIES]
    return "subject" if (before in AUXILIARIES and len(earlier) == 1) or not at else "object"
