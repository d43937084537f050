"""A fragment ("And its imports?", "in 2023?", "Why?") → the earlier question with the fragment in its place."""

import re
from collections.abc import Sequence

from rag.follow_ups.mentions import TIME, Mention, is_name, is_plural, kind_of_noun, mentions, owners
from rag.follow_ups.noun_phrases import WORD
from rag.follow_ups.referents import SaidTurn
from rag.language.detect import language_of
from rag.language.patterns import read_patterns
from rag.language.word_lists import A_MONTH, ARTICLES, ASKING, AUXILIARIES, FUNCTION, POSSESSIVES, PREPOSITIONS, lexicon

_TEXT = read_patterns("rag.follow_ups", "fragments.txt")
LEAD, _TIME_WORDS, _ASKED, _ADJUNCT, _OBJECT = map(_TEXT.compiled, "LEAD TIME_WORDS ASKED ADJUNCT OBJECT".split())
_AROUND, _PLURAL, _ORDINAL = map(_TEXT.compiled, "AROUND PLURAL ORDINAL".split())
_OTHER, _SAME, _FIGURE = map(_TEXT.compiled, "OTHER SAME FIGURE".split())
_LISTED = _TEXT.cased("LISTED")
_SINGULAR = {"are": "is", "were": "was", "do": "does", "have": "has"}
_AT_PLACE = ("in", "on", "at")
_ORDINALS = {"first": 0, "former": 0, "second": 1, "third": 2, "fourth": 3, "last": -1, "latter": -1}
_MOST_WORDS = 6  # of a fragment without "and" or "what about"
_AND = {"en": "and", "es": "y", "de": "und", "fr": "et"}
_SUFFIX = 4  # letters that two nouns must share at their ends to be parallel: imports, exports


def opening(question: str) -> tuple[str, str]:
    """What leads in ("And", "What about") and the rest, without its end mark."""
    bare = unmarked(question.strip().lstrip("¿¡ "))
    match = LEAD.match(bare)
    lead = match.group().strip() if match else ""
    rest = bare[match.end() :] if match else bare
    return (lead, rest) if rest else ("", bare)


def is_fragment(lead: str, rest: str, question: str) -> bool:
    """No sentence of its own: no verb, few words, and a sign that it goes on from what was asked before."""
    words = [word.group().lower() for word in WORD.finditer(rest)]
    if not words or _ASKED.match(rest):
        return bool(words)
    asks = [at for at, word in enumerate(words) if word in ASKING or word in ("many", "much")]
    if any(word in AUXILIARIES for word in words) or (asks and len(words) > 4):
        return False
    if asks:
        return not (words[0] in ("who", "what", "which") and len(words) > 2) and len(words) <= 4
    if any(lexicon().verb(word) and not _nominal(words, at) for at, word in enumerate(words)):
        return False
    led = bool(lead) and len(words) <= _MOST_WORDS + 3
    timed = bool(TIME.fullmatch(rest) or _TIME_WORDS.match(rest))
    bare = len(words) <= 2 and question.rstrip().endswith("?")
    return led or timed or bare or (words[0] in PREPOSITIONS | POSSESSIVES and len(words) <= _MOST_WORDS)


def complete(rest: str, last: SaidTurn) -> tuple[str, ...]:
    """One or two full questions for a fragment."""
    base = last.core
    if timed := _timed(rest, base) or _one_of(rest, base):
        return (timed,)
    if _ASKED.match(rest):
        return (_asked(rest, base, last),)
    first = WORD.match(rest)
    asks = not ASKING.isdisjoint(rest.lower().split()[:3])
    if asks and first and first.group().lower() in ASKING | {"on", "in", "of", "for", "by", "to"}:
        return (hung(last.core, rest),)
    if swapped := _swapped_behind(rest, last) or _swapped(rest, base, last):
        return swapped
    if WORD.match(rest.lower()) and rest.split()[0].lower() in PREPOSITIONS and "about" not in rest.lower():
        return (f"{unmarked(base)} {rest[:1].lower()}{rest[1:]}?",)
    asked_about = hung(last.core, rest if language_of(rest) != "en" else f"what about {rest}")
    if "'s " in rest or rest.lower().startswith(("the ", "its ")):
        noun = rest.split()[-1].lower()
        word = "Who is" if kind_of_noun(noun) == "person" else "What are" if is_plural(noun) else "What is"
        return (f"{word} {rest}?", asked_about)
    return (asked_about,)


def hung(core: str, clause: str) -> str:
    """Both in one sentence: what the clause leaves out stands before it."""
    language = language_of(core)
    if language_of(clause) != language:
        return f"{clause[:1].upper()}{unmarked(clause)[1:]}?"  # half of a sentence in each language is none
    words = clause.split()
    low = words[0].lower() in FUNCTION or lexicon().verb(words[0].lower())
    tail = clause[:1].lower() + clause[1:] if low and words[0] not in ("I", "US") else clause
    return f"{unmarked(core)}, {_AND[language]} {tail.rstrip('?!. ')}?"


def at_another_time(rest: str, last: SaidTurn) -> str:
    """ "What was it in 2019?" behind a question for a figure or a state; else empty."""
    match = _SAME.match(unmarked(rest))
    when = match["when"] if match else ""
    timed = TIME.fullmatch(re.sub(r"^at ", "", when)) or _TIME_WORDS.match(when)
    return complete(when, last)[0] if timed and _FIGURE.match(last.core) else ""


def counted(question: str, last: SaidTurn) -> str:
    """ "the second one", "the latter" and "the other country" by name; unchanged where nothing is listed."""
    listed = _listed([*last.mentions]) or _listed([*last.heard])
    for pattern in (_ORDINAL, _OTHER):
        match = pattern.search(question)
        if not match or len(listed) < 2:
            continue
        at = _ORDINALS[(match.group(1) or match.group(2)).lower()] if pattern is _ORDINAL else _other(question, listed)
        if -len(listed) <= at < len(listed):
            return question[: match.start()] + listed[at].text + question[match.end() :]
    return question


def _listed(mentioned: Sequence[Mention]) -> list[Mention]:
    names = [m for m in {m.text.lower(): m for m in mentioned if is_name(m) and m.role != "possessor"}.values()]
    return [m for m in names if m.kind == names[0].kind] if names else []


def _other(question: str, listed: Sequence[Mention]) -> int:
    named = [at for at, mention in enumerate(listed) if mention.text.lower() in question.lower()]
    return 0 if named and named[0] != 0 else 1


def _one_of(rest: str, base: str) -> str:
    """ "Homan" behind "Who are Waltz and Homan?"."""
    every = _LISTED.search(base)
    if not every or rest not in re.split(r",? and |, ", every.group()):
        return ""
    before = _PLURAL.sub(lambda be: _SINGULAR[be.group().lower()], base[: every.start()])
    return f"{before}{rest}{base[every.end() :]}"


def _timed(rest: str, base: str) -> str:
    if rest.lower() in ("before", "after") and (turned := _AROUND.sub(rest.lower(), base)) != base:
        return turned  # "And before?" behind "What happened after the war?"
    if not (TIME.fullmatch(rest) or _TIME_WORDS.match(rest)):
        return ""
    preposition = "in " if re.fullmatch(rf"(?:(?:{A_MONTH}) )?\d{{4}}|{A_MONTH}", rest, re.IGNORECASE) else ""
    times = [match for match in TIME.finditer(base) if not match.group().lower().startswith("each")]
    if not times:
        return f"{unmarked(base)} {preposition}{rest}?"
    old = times[-1]
    kept = re.match(r"(?:in|on|by|since|until|before|after|during|from|en|desde) ", old.group(), re.IGNORECASE)
    own = rest.split()[0].lower() in PREPOSITIONS or _TIME_WORDS.match(rest) or rest.lower().startswith("last")
    new = rest if own else f"{kept.group() if kept else preposition}{rest}"
    return base[: old.start()] + new + base[old.end() :]


def _asked(rest: str, base: str, last: SaidTurn) -> str:
    """ "Why?" takes the place of "When" in "When did Trump …?", and stands before a yes-no question."""
    word = rest[:1].upper() + rest[1:].lower()
    adjunct = _ADJUNCT.match(base)
    if adjunct and adjunct.group(1).lower() in AUXILIARIES:
        return f"{word} {base[adjunct.end() :]}"
    if base.lower().partition(" ")[0] in AUXILIARIES:
        return f"{word} {base[:1].lower()}{base[1:]}"
    if of := _OBJECT.match(base):  # "How many bees did Tveit lose in May?": "Why did Tveit lose bees in May?"
        return f"{word} {of['be']} {of['whole']} {of['what']}{of['rest']}"
    return hung(last.core, rest)


def _swapped(rest: str, base: str, last: SaidTurn) -> tuple[str, ...]:
    """The fragment in the place of what is most like it in the question; two when another place is as good."""
    words = rest.split()
    led = words[0].lower() if words[0].lower() in PREPOSITIONS and len(words) > 1 else ""
    noun = rest[len(words[0]) + 1 :] if led else rest
    new = mentions(f"of {noun}", [*last.mentions, *last.heard])  # what opens a fragment opens no sentence
    if not new or not noun:
        return ()
    known = [*last.mentions, *last.heard]
    old = [m for m in mentions(base, known) if m.kind != "time"]
    old += owners(old, known)
    if led and is_name(new[-1]) and not _behind(led, base, old):
        return ()
    replaced = _parallel(new[-1], _behind(led, base, old)) or _parallel(new[-1], old)
    return tuple(base[: m.start] + _fitting(noun, m, base) + base[m.end :] for m in replaced)


def _swapped_behind(rest: str, last: SaidTurn) -> tuple[str, ...]:
    """In the clause that was hung on the question, where there is one and it has something like the fragment."""
    core = unmarked(last.core)
    if unmarked(last.question) == core:
        return ()
    return tuple(text for text in _swapped(rest, last.question, last) if text.startswith(core))[:1]


def _behind(led: str, base: str, old: Sequence[Mention]) -> list[Mention]:
    """Those that stand behind the same preposition as the fragment; "in Oslo" is where "on Hest" is."""
    alike = tuple(f" {one}" for one in (_AT_PLACE if led in _AT_PLACE else (led,)))
    return [m for m in old if led and base[: m.start].lower().rstrip().endswith(alike)]


def _parallel(new: Mention, old: Sequence[Mention]) -> list[Mention]:
    """What in the earlier question the fragment takes the place of; two where a second name is as good as the first."""
    if is_name(new) and not new.text.lower().startswith("its"):
        return _parallel_names(new, [mention for mention in old if is_name(mention)])
    nouns = [mention for mention in old if not is_name(mention)]
    # "exports?" after "What are Mexico's imports?"
    ending_alike = [noun for noun in nouns if noun.head != new.head and noun.head[-_SUFFIX:] == new.head[-_SUFFIX:]]
    # "the second treaty?" after "Who signed the treaty?"
    of_same_noun = [noun for noun in nouns if new.head and noun.head == new.head]
    # "fisheries?" after "Which states live on agriculture?"
    at_the_end = [noun for noun in old[-1:] if noun in nouns and noun.role == "object" and _plain(noun) and _plain(new)]
    return (ending_alike or of_same_noun or at_the_end)[-1:]


def _parallel_names(new: Mention, names: Sequence[Mention]) -> list[Mention]:
    """Of the same kind, the last first, owners behind the others.

    "And Canada?" after "Did China or Mexico retaliate?" may stand for either; after "Did China sue Mexico?" only for
    Mexico, since China is the subject.
    """
    same_kind = [name for name in names if name.kind == new.kind]
    any_kind = [name for name in names if "name" in (name.kind, new.kind)]
    best = sorted(same_kind or any_kind, key=lambda name: (name.role == "possessor", -name.start))[:2]
    return best[:1] if best[1:] and best[1].role == "subject" else best


def _plain(mention: Mention) -> bool:
    """One noun without an article: "fisheries"."""
    return mention.kind == "thing" and " " not in mention.text


def _fitting(noun: str, old: Mention, base: str) -> str:
    """Without a possessor that stands before the old words already, with the article of the old ones."""
    owner = re.search(r"(\S+['\u2019]s?) $", base[: old.start])
    if owner and noun.lower().startswith(f"{owner.group(1).lower()} "):
        return noun[len(owner.group(1)) + 1 :]
    if owner and (re.match(r"\S+['\u2019]s? ", noun) or noun.split()[0].lower() in ARTICLES):
        return noun.split(" ", 1)[1]
    return noun.title() if noun.lower() in lexicon().countries and noun.islower() and len(noun) > 3 else noun


def _nominal(words: Sequence[str], at: int) -> bool:
    """A word that could be a verb, but stands where a noun does, or is a plural that is seldom a verb."""
    before = words[at - 1] if at else ""
    return (not before and len(words) <= 2) or before in ARTICLES | POSSESSIVES | PREPOSITIONS or is_plural(words[at])


def unmarked(question: str) -> str:
    """Without its end mark; the point of "the U.S." stays."""
    return re.sub(r"(?:[?!\s]|(?<![A-Z])\.|(?<!\.[A-Z])\.)+$", "", question)
