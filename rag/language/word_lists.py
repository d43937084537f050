"""The words that the rules know by heart: months, numbers, grammar, verbs of saying, countries, first names."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from rag.language.patterns import read_patterns

MONTHS = tuple("January February March April May June July August September October November December".split())
A_MONTH = "|".join(MONTHS)  # for patterns, and so below
A_SPANISH_MONTH = "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"

# By what they are worth: SMALL_NUMBERS[7] is "seven", TENS[2] is "twenty".
SMALL_NUMBERS = tuple(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen".split()
)
TENS = (*("", ""), *"twenty thirty forty fifty sixty seventy eighty ninety".split())

LISTS = read_patterns("rag.language", "words.txt").pieces
REPORTS, SPEAKS, MEASURED = (
    LISTS[name] for name in ("REPORTS", "SPEAKS", "MEASURED")
)  # who speaks may also deny, warn or allege it


def listed(name: str) -> frozenset[str]:
    """The words of a list."""
    return frozenset(LISTS[name].split())


AUXILIARIES = listed("AUXILIARIES")
ASKING = frozenset("who whom whose what which when where why how".split())
PREPOSITIONS = listed("PREPOSITIONS")
POSSESSIVES = frozenset("its their his her my our your".split())
ARTICLES = frozenset("the a an this that these those any some no each every all both".split())
FUNCTION = AUXILIARIES | ASKING | PREPOSITIONS | POSSESSIVES | ARTICLES | listed("FUNCTION")
_FORMS = ("s", "es", "ed", "d", "ing")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All in lower case."""

    countries: frozenset[str]  # and parts of the world, states and capitals that stand for them
    women: frozenset[str]  # first names and titles
    men: frozenset[str]
    verbs: frozenset[str]

    def verb(self, word: str) -> bool:
        """A form of a common verb, by its ending."""
        if word in self.verbs or (word.endswith("ied") and f"{word[:-3]}y" in self.verbs):
            return True
        stems = [word.removesuffix(form) for form in _FORMS if word.endswith(form)]
        return any(stem in self.verbs or f"{stem}e" in self.verbs for stem in stems)


@cache
def lexicon() -> Lexicon:
    """Read once."""
    lists = json.loads((files("rag.language") / "lexicon.json").read_text("utf-8"))
    return Lexicon(**{name: frozenset(words.split("|")) for name, words in lists.items()})
