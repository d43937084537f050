"""Which earlier mention a pronoun or "that treaty" stands for: agreement first, then salience.

Salience follows Lappin & Leass 1994, "An algorithm for pronominal anaphora resolution", with few weights: recency,
a parallel grammatical role, and the person, place or time that the earlier question asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.follow_ups.mentions import Kind, Mention, Role, is_name, is_plural, kind_of_noun, singular
from rag.language.word_lists import lexicon

_CLOSE = 0.75  # a rival that comes so near makes the choice unsure
_SYNONYMS = (
    "treaty agreement deal pact accord tratado acuerdo",
    "war conflict fighting battle",
    "policy programme program initiative scheme plan strategy project",
    "law act bill amendment reform legislation",
    "measure tariff sanction restriction step action",
    "country nation island state",
    "party movement",
    "gun firearm weapon arm",
    "designation label decision",
    "talk negotiation meeting call conversation",
)
_QUANTITIES = frozenset("share number part percentage proportion amount kind sort type total rate".split())
_CLASSES = tuple(frozenset(line.split()) for line in _SYNONYMS)


@dataclass(frozen=True, slots=True)
class SaidTurn:
    """A turn as later ones see it."""

    question: str  # in its standalone form
    core: str  # the question that a clause may be hung on: without ", and …"
    asked: Kind | None  # what it asked for, where its question word tells
    mentions: tuple[Mention, ...]
    heard: tuple[Mention, ...]  # in the answer's quotes, and not in the question


@dataclass(frozen=True, slots=True)
class WantedReferent:
    """What a pronoun or a noun phrase asks of its referent."""

    kinds: tuple[Kind, ...]
    role: Role
    gender: str = ""
    plural: bool | None = None  # None: either
    noun: str = ""  # "treaty" of "that treaty"


def rank(wanted: WantedReferent, said: Sequence[SaidTurn], used: Sequence[str] = ()) -> list[Mention]:
    """Candidates that agree, best first; those that come close to the best stand behind it, the others are left out."""
    scored: list[tuple[float, Mention]] = []
    seen: set[str] = set(used)
    for age, turn in enumerate(reversed(said)):
        for heard, mention in [(False, m) for m in turn.mentions] + [(True, m) for m in turn.heard]:
            if mention.text.lower() not in seen and agrees(wanted, mention) and _can_stand(mention, turn, heard=heard):
                scored.append((_salience(wanted, mention, turn, age, heard=heard), mention))
    scored.sort(key=lambda pair: -pair[0])
    if not scored or scored[0][0] < -1.25 - 2.0 * len(said):
        return []
    near = [mention for score, mention in scored if score >= scored[0][0] - _CLOSE]
    return list({mention.text.lower(): mention for mention in reversed(near)}.values())[::-1]


def _can_stand(mention: Mention, turn: SaidTurn, *, heard: bool) -> bool:
    """Not the "ambassador" of "Who is the ambassador?", nor a bare "effect" inside a question."""
    if is_name(mention) or mention.kind == "time":
        return not (heard and kind_of_noun(mention.text.lower()) == "person")  # "President", without a name
    bare = not mention.text.lower().startswith(("the ", "a ", "an ", "that ", "this "))
    if heard or (bare and mention.role == "object" and not mention.plural):
        return False
    return mention.head not in _QUANTITIES and not (mention.kind == "person" and turn.asked == "person")


def agrees(wanted: WantedReferent, mention: Mention) -> bool:
    """In kind, gender, number and, for "that treaty", in the noun."""
    if wanted.noun:
        return _same_noun(wanted.noun, mention)
    if mention.kind not in wanted.kinds or (mention.gender and wanted.gender and mention.gender != wanted.gender):
        return False
    if mention.kind == "name" and wanted.kinds == ("person", "name") and not _like_a_person(mention.text):
        return False
    collective = wanted.plural is True and mention.kind in ("place", "group", "name") and mention.role != "possessor"
    return wanted.plural is None or mention.plural == wanted.plural or collective


def _like_a_person(name: str) -> bool:
    """Every word written large, but for "de" and the like, and not all in capitals."""
    if _of_a_people(name.lower()):
        return False
    words = [word for word in name.split() if word.lower() not in ("de", "la", "del", "van", "von", "der", "bin", "al")]
    return (not name.isupper() and all(word[:1].isupper() for word in words)) or name.islower()


def _of_a_people(word: str) -> bool:
    """ "Mexican", "Chinese": a country's name with another ending."""
    named = " " not in word and word.endswith(("an", "ans", "ese", "ish", "ic"))
    return named and any(country[:4] == word[:4] for country in lexicon().countries)


def is_class(noun: str) -> bool:
    """ "the treaty", "the island": nouns that, without a word beside them, mean one spoken of before."""
    single = singular(noun)
    return any(single in nouns for nouns in _CLASSES) or kind_of_noun(single) == "place"


def _same_noun(noun: str, mention: Mention) -> bool:
    single, head = singular(noun), singular(mention.head)
    within = {singular(word) for word in mention.text.lower().split()} if is_name(mention) else {head}
    if single in within or any(single in nouns and within & nouns for nouns in _CLASSES):
        return True
    kind = kind_of_noun(noun)
    return kind in ("person", "place", "group") and mention.kind == kind and is_name(mention) and not is_plural(noun)


def _salience(wanted: WantedReferent, mention: Mention, turn: SaidTurn, age: int, *, heard: bool) -> float:
    """The sum of the weights that hold."""
    fits = mention.kind == turn.asked or (mention.kind == "name" and turn.asked == "person")
    topical = wanted.role == "object" or (wanted.role == "subject" and mention.role == "asked")
    articled = mention.text.lower().startswith(("the ", "its ", "a ", "an "))
    weights = (
        (-2.0 * age, True),
        (-1.5, heard),
        (3.0, heard and fits and turn.asked in wanted.kinds),  # "Who mentored her?" … "he" is whom the answer names
        (1.0, mention.role == wanted.role),
        (0.75, wanted.role == "possessor" and mention.role == "subject"),
        (0.25, wanted.role == "subject" and mention.role == "possessor"),
        (1.0, wanted.plural is True and mention.plural),
        (-1.0, wanted.plural is True and not mention.plural),
        (1.5, wanted.plural is False and mention.kind == "thing" and topical),
        # one word and no article: a surname, as likely as not
        (-1.5, mention.kind == "name" and "person" not in wanted.kinds and mention.text.isalpha()),
        (2.0, bool(wanted.noun) and mention.kind == "place" and mention.role == "object"),  # a subject would be "it"
        (0.5, bool(wanted.gender) and mention.gender == wanted.gender),
        (-1.0, mention.kind == "thing" and not articled and mention.role != "asked" and not wanted.plural),
    )
    return sum(weight for weight, holds in weights if holds)
