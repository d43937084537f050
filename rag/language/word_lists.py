"""The words that the rules know by heart: months, numbers, grammar, verbs of saying, countries, first names."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

MONTHS = tuple("January February March April May June July August September October November December".split())
A_MONTH = "|".join(MONTHS)  # for patterns, and so below
A_SPANISH_MONTH = "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"

# By what they are worth: SMALL_NUMBERS[7] is "seven", TENS[2] is "twenty".
SMALL_NUMBERS = tuple(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen".split()
)
TENS = (*("", ""), *"twenty thirty forty fifty sixty seventy eighty ninety".split())

# Who reports says no more than what is reported; who speaks may also deny, warn or allege it.
REPORTS = "said|says|reported|reports|stated|states|noted|notes|announced|estimated|estimates|wrote|added"
SPEAKS = (
    "said|says|saying|told|tells|added|asked|wrote|writes|argue[sd]|warn(?:s|ed)|den(?:ies|ied)|claim(?:s|ed)|allege[sd]"
    "|announced|declared|insist(?:s|ed)|stressed|replied|explain(?:s|ed)|note[sd]|stated?|states|remarked|tweeted|posted"
    "|recalled|concluded|according to|quoted"
)

AUXILIARIES = frozenset(
    "is are was were be been being do does did has have had will would can could may might must should shall isn't "
    "aren't wasn't weren't don't doesn't didn't hasn't haven't won't wouldn't can't couldn't shouldn't".split()
)
ASKING = frozenset("who whom whose what which when where why how".split())
PREPOSITIONS = frozenset(
    "of in on at to from with by for about against between under over into through during before after since until "
    "without within among towards toward across behind beyond despite besides near per than as like via en de con para "
    "por desde sobre".split()
)
POSSESSIVES = frozenset("its their his her my our your".split())
ARTICLES = frozenset("the a an this that these those any some no each every all both".split())
_OTHERS = (
    "and or but so if because while though although that he she it they him them i we you us me there then here not "
    "also too either neither yes no ok okay just only even still already yet ever never again really actually now "
    "instead else more most much many up down out off away back ago later long am due along own enough nowadays today "
    "s"
)
FUNCTION = AUXILIARIES | ASKING | PREPOSITIONS | POSSESSIVES | ARTICLES | frozenset(_OTHERS.split())
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
