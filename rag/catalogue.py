"""What is known of the articles without opening them: which are meant, by author, publisher, title, date or subject."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property, lru_cache

from index.ranking.filters import EVERYTHING, Filters
from index.records import Head, short_title
from index.search import Index
from index.text.words import Stem, normalise, stems
from rag.follow_ups.turns import Turn
from rag.language.dates import dates_in
from rag.language.detect import grammar_of
from rag.language.patterns import read_patterns

_TEXT = read_patterns("rag", "catalogue.txt")
_NEWEST, _OLDEST, _EVERYTHING = map(_TEXT.family, ("newest", "oldest", "everything"))
_HERE, _DESCRIBED = map(_TEXT.family, ("here", "described"))
_TITLE = re.compile(r"“([^”]+(?:“[^”]+”[^”]*)?)”")
_SEARCHED = 40  # passages, to order articles by how much they are on something; articles, sooner than all
_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_NTH = _TEXT.compiled("NTH")
DETERMINER = re.compile(r"^(?:the|an?|el|la|los|las|una?) ", re.IGNORECASE)
_WHOLE_NAME = 2  # words of a title that are enough to name it where they stand together


class Catalogue:
    """Of one index, or of those of its articles that pass the filters; what it keeps was worked out before."""

    def __init__(self, index: Index, filters: Filters = EVERYTHING) -> None:
        self.index = index
        self.filters = filters

    @cached_property
    def heads(self) -> tuple[Head, ...]:
        """Of its articles."""
        return self.index.heads_within(self.filters)

    @cached_property
    def dated(self) -> tuple[Head, ...]:
        """Those with a date, oldest first."""
        return tuple(sorted((h for h in self.heads if h.published), key=lambda head: (head.published, head.id)))

    @cached_property
    def newest_first(self) -> tuple[Head, ...]:
        """The undated ones come last."""
        return (*reversed(self.dated), *(head for head in self.heads if not head.published))

    @cached_property
    def title_words(self) -> Mapping[str, frozenset[str]]:
        """Stem → ids of the articles that have it in their titles."""
        having: defaultdict[str, set[str]] = defaultdict(set)
        for head in self.heads:
            for stem in self._stems(head.title):
                having[stem].add(head.id)
        return {stem: frozenset(ids) for stem, ids in having.items()}

    @cached_property
    def _called(self) -> frozenset[str]:
        return frozenset(_plain(head.title) for head in self.heads)

    def by(self, name: str) -> tuple[Head, ...]:
        """Whose author or publisher is meant by the name, which may have an article before it ("the Courier")."""
        meant = self.index.writers(DETERMINER.sub("", name))
        return tuple(head for head in self.heads if {head.author, head.publisher} & meant) if meant else ()

    def titled(self, words: str) -> tuple[Head, ...]:
        """Whose title is meant by the words: most of it, or some words of it that stand together."""
        asked, plain = self._stems(words), " ".join(normalise(words).split())
        return tuple(
            head
            for head in self._with_words(asked)
            if 2 * len(asked) > len(self._stems(head.title))
            or (len(asked) >= _WHOLE_NAME and plain in " ".join(normalise(head.title).split()))
        )

    def entitled(self, words: str) -> bool:
        """Is an article called just that? Where few hold these words, their titles are looked at and not all."""
        asked, near = {*self._stems(words)}, self.mentioning(words)
        heads = near if len(near) <= _SEARCHED and _plain(words) not in self._called else self._with_words([*asked])
        return bool(asked) and any({*self._stems(head.title)} == asked and head in self.heads for head in heads)

    def mentioning(self, words: str) -> tuple[Head, ...]:
        """That have a passage with all words of meaning, in whichever form."""
        heads = self.index.heads_holding([term.text for term in self.index.asked(words)])
        return tuple(filter(self.filters.passes, heads)) if self.filters else heads

    def on(self, subject: str) -> tuple[Head, ...]:
        """Those with the subject in their titles, else those that mention it, which is most on it first."""
        if titled := self._with_words(self._stems(subject)):
            return titled
        mentioning = {head.id: head for head in self.mentioning(subject)}
        narrow = Filters(documents=frozenset(mentioning))
        hits = self.index.search(subject, limit=_SEARCHED, filters=narrow) if mentioning else []
        return tuple(mentioning[name] for name in dict.fromkeys((*(h.passage.document_id for h in hits), *mentioning)))

    def meant(self, phrase: str, turns: Sequence[Turn] = ()) -> tuple[Head, ...]:
        """Which articles a phrase means ("the article by Ellis", "Ellis", a title, "it"); none where it means none.

        What names nothing means the articles that the last answer named, else all of them.
        """
        text = " ".join(phrase.split()).strip(" ?.!,:;\"'“”")
        named = self.named_in(turns)
        if nth := self.nth(text, turns):
            return nth
        if _fits(_NEWEST, text) or _fits(_OLDEST, text):
            return (self.dated[-1:] if _fits(_NEWEST, text) else self.dated[:1]) or self.heads
        if _fits(_EVERYTHING, text):
            return self.heads
        if not text or _fits(_HERE, text):
            return named or self.heads
        if titled := self.titled(text):
            return titled
        match = next((found for pattern in _DESCRIBED if (found := pattern.match(text))), None)
        return (self._described(match.groupdict()) if match else ()) or self.by(text)

    def nth(self, phrase: str, turns: Sequence[Turn]) -> tuple[Head, ...]:
        """ "The second one", counted in the last answer that names so many; none for every other phrase."""
        ordinal = _NTH.match(phrase)
        at = _ORDINALS.index(ordinal[1].lower()) if ordinal else 0
        return self.named_in(turns, least=at + 1)[at : at + 1] if ordinal else ()

    def named_in(self, turns: Sequence[Turn], least: int = 1) -> tuple[Head, ...]:
        """The articles whose titles stand in the last answer that names any, or so many, in its order."""
        for turn in reversed(turns):
            titles = dict.fromkeys(_plain(title) for title in _TITLE.findall(turn.answer))
            if len(named := tuple(head for title in titles for head in self._titles.get(title, ()))) >= least:
                return named
        return ()

    @cached_property
    def _titles(self) -> Mapping[str, tuple[Head, ...]]:
        found: defaultdict[str, tuple[Head, ...]] = defaultdict(tuple)
        for head in self.heads:
            for title in {_plain(head.title), _plain(short_title(head.title))}:
                found[title] += (head,)
        return found

    def _described(self, said: Mapping[str, str | None]) -> tuple[Head, ...]:
        """By whom and about what; both must hold where both are said."""
        if title := said.get("title"):
            return self.titled(title)
        who, about = said.get("who"), said.get("about")
        writing = self.by(who) or self.published(who) if who else self.heads
        if who and not writing and not about:
            return self._with_words(self._stems(who))
        subjects = self.on(about) if about else writing
        return tuple(head for head in subjects if head in writing)

    def published(self, when: str) -> tuple[Head, ...]:
        """Within the first time that is named."""
        times = dates_in(when)
        within = Filters(published_from=times[0].first, published_to=times[0].last) if times else None
        return tuple(filter(within.passes, self.heads)) if within else ()

    def _with_words(self, asked: Sequence[str]) -> tuple[Head, ...]:
        """With all of the stems in the title."""
        ids = [self.title_words.get(stem, frozenset()) for stem in asked]
        common = frozenset.intersection(*ids) if ids else frozenset()
        return tuple(head for head in self.heads if head.id in common) if common else ()

    def _stems(self, words: str) -> tuple[str, ...]:
        return _stems_of(words, self.index.stem)


@lru_cache(maxsize=2**15)
def _stems_of(words: str, stem: Stem) -> tuple[str, ...]:
    """Of the words of meaning, whether the phrase is English or Spanish; titles, of which all are asked about again and
    again, are mostly the former."""
    grammar = grammar_of("es")
    return tuple(each for each in stems(words, stem) if each not in grammar)


def span_of(heads: Sequence[Head]) -> tuple[date, date] | None:
    """The first and the last day of publication; None where none has a date."""
    days = [head.published for head in heads if head.published]
    return (min(days), max(days)) if days else None


def _fits(patterns: Iterable[re.Pattern[str]], text: str) -> bool:
    return any(pattern.match(text) for pattern in patterns)


def _plain(title: str) -> str:
    return " ".join(normalise(title).split())
