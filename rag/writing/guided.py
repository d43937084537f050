"""Replies to what asks nothing of the articles' text: small talk, and what is known about the articles themselves."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from index.ranking.filters import EVERYTHING, Filters
from index.records import Head, Passage, Span, short_title
from index.text.words import cut, stems, words
from rag.answer import Citation, Quote, Segment
from rag.catalogue import DETERMINER, Catalogue, span_of
from rag.citations import cite
from rag.follow_ups.fragments import is_fragment, opening
from rag.follow_ups.resolve import resolve
from rag.follow_ups.turns import Turn
from rag.language.detect import language_of, other_language
from rag.language.word_lists import PREPOSITIONS, SPEAKS
from rag.question.purpose import FACT, Purpose, alike, asked_behind, purpose_of, purposes
from rag.question.spelling import Casing
from rag.selection.key_sentences import stands_alone
from rag.writing.compose import compose, say

_LISTED = 10  # articles, at most
_SHOWN = 3  # articles that are quoted where they mention something
_TITLES = 3  # that are named where no subject is common to them
_SUBJECTS = 4
_OF_TITLES = 0.1  # have a name that is a subject of all articles
_SEARCHED = 60  # passages, for the one of each article that mentions a thing best
_WORD_OF = frozenset(("said", "according"))
_ASKED_FIRST = _WORD_OF | {"topic"}  # of the articles' text
_BY_DATE = frozenset(("newest", "oldest"))
_OF_ONE = frozenset(("author", "publisher", "date", "title", "one", "source"))
_ON_THINGS = _ASKED_FIRST | {"mention"}
_BEING = re.compile(r"(?:who|what|qui[eé]n|qu[eé])(?:['’]s| is| was| are| es| fue) (?P<who>.+)", re.IGNORECASE)
_PARTICLE = re.compile(r"^(?:about|on|by|from|of|regarding|sobre|acerca de|de) ", re.IGNORECASE)
_SPOKEN = re.compile(rf"“[^“”\n]*\b(?:{SPEAKS})\b")


@dataclass(frozen=True, slots=True)
class Guidance:
    """What is said instead of an answer; every article that is told about is cited."""

    segments: tuple[Segment, ...]
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Writing:
    """The articles of somebody whose word is asked for, and what is asked of them."""

    who: str
    heads: tuple[Head, ...]
    of: str
    question: str

    def within(self, filters: Filters) -> Filters:
        """Only these articles; they have passed the filters before."""
        return replace(filters, documents=frozenset(head.id for head in self.heads))

    def mentions(self, meant: "Meant") -> Guidance:
        """Where they speak of it, if they do, for when none of them answers."""
        catalogue = Catalogue(meant.catalogue.index, self.within(EVERYTHING))
        return _mentions(self.of, catalogue, meant.language, self.who)


@dataclass(frozen=True, slots=True)
class Meant:
    """All that a message may be for, the likeliest first."""

    purposes: tuple[Purpose, ...]
    catalogue: Catalogue
    language: str

    @classmethod
    def of(cls, message: str, turns: Sequence[Turn], catalogue: Catalogue) -> "Meant":
        """As it goes on from what was asked about articles, as it was typed, and as it reads behind the turns."""
        resolved = resolve(message, turns)
        texts = dict.fromkeys((message, *(() if resolved.hung else resolved.readings[:1])))
        goes_on = _behind(message, turns, catalogue)
        meant = [goes_on] * (goes_on != FACT) + [each for text in texts for each in purposes(text)]
        return cls(tuple(meant), catalogue, language_of(message))

    def reply(self, turns: Sequence[Turn]) -> Guidance | None:
        """To small talk and to questions about the articles; None for all else, and where no article is meant."""
        replies = (self._reply(purpose, turns) for purpose in self.purposes)
        return next(filter(None, replies), None)

    @property
    def writing(self) -> Writing | None:
        """Whose word is asked for, where there are articles of theirs."""
        asked = (purpose for purpose in self.purposes if purpose.which in _WORD_OF)
        found = ((purpose, self.catalogue.by(purpose.who)) for purpose in asked)
        purpose, heads = next((pair for pair in found if pair[1]), (None, ()))
        if purpose is None:
            return None
        question = purpose.of if purpose.which == "according" else str(say(self.language).spoken_of(purpose.of))
        return Writing(purpose.who, heads, purpose.of, question)

    @property
    def summaries(self) -> list[Purpose]:
        """All summaries that may be asked for."""
        return [purpose for purpose in self.purposes if purpose.kind == "summary"]

    @property
    def topic(self) -> str:
        """What is to be told about, where nothing else is asked of it; else ""."""
        return next((purpose.of for purpose in self.purposes if purpose.which == "topic"), "")

    def mentions(self, topic: str) -> Guidance | None:
        """Where the articles speak of a topic that no sentence answers for; None where none does."""
        return _mentions(topic, self.catalogue, self.language) if self.catalogue.mentioning(topic) else None

    def works(self, question: str) -> Guidance | None:
        """What is by whom or what "Who is …?" asks about; None where nothing is."""
        asked = _BEING.fullmatch(question.strip(" ¿?.!"))
        wrote = Purpose("about", "works", who=asked["who"]) if asked else FACT
        return self._reply(wrote, ()) if self.catalogue.by(wrote.who) else None

    def alike(self, message: str, turns: Sequence[Turn]) -> Guidance | None:
        """To a message that no pattern knows and no article answers, as to the example that it comes close to."""
        purpose = alike(message, self.catalogue.index)
        return self._reply(purpose, turns) if purpose else None

    def _reply(self, purpose: Purpose, turns: Sequence[Turn]) -> Guidance | None:
        if purpose.kind == "talk":
            return Guidance(tuple(_talk(purpose.which, self.catalogue, self.language)), ())
        about = purpose.kind == "about" and purpose.which not in _ASKED_FIRST
        return _about(purpose, self.catalogue, turns, self.language) if about else None


def _behind(message: str, turns: Sequence[Turn], catalogue: Catalogue) -> Purpose:
    """What a message without a purpose of its own is for behind the turns; FACT where those ask nothing of articles."""
    if purpose_of(message) != FACT or not turns:
        return FACT
    last = purpose_of(turns[-1].question)
    before = _behind(turns[-1].question, turns[:-1], catalogue) if last == FACT else last
    return FACT if before == FACT else _going_on(message, before, turns, catalogue)


def _going_on(message: str, before: Purpose, turns: Sequence[Turn], catalogue: Catalogue) -> Purpose:
    """ "When?", "and the second one?", "and about trade?", "and Ellis?": the same of something else."""
    lead, rest = opening(message)
    if (which := asked_behind(rest)) and before.which in (*_OF_ONE, "works"):
        return Purpose("about", which, before.of or before.who)
    of_named = before.kind == "summary" or before.which in _OF_ONE
    if catalogue.nth(rest, turns):
        return replace(before, of=rest) if of_named else Purpose("about", "one", rest)
    of = _PARTICLE.sub("", rest)
    if not (lead and is_fragment(lead, rest, message)) or (of == rest and rest.partition(" ")[0] in PREPOSITIONS):
        return FACT
    if before.which == "works" or (before.which in _WORD_OF and catalogue.by(of)):
        return replace(before, who=of)
    return replace(before, of=of) if before.which in _ON_THINGS or (of_named and catalogue.meant(of, turns)) else FACT


def _talk(which: str, catalogue: Catalogue, language: str) -> Iterator[Segment]:
    yield Segment("note", str(say(language).reply(which)), ())
    heads = catalogue.heads
    subjects = _subjects(catalogue)
    titles = [] if subjects else [short_title(head.title) for head in catalogue.newest_first[:_TITLES]]
    yield Segment("note", str(say(language).introduction(len(heads), subjects, titles, span_of(heads))), ())


def _subjects(catalogue: Catalogue) -> list[str]:
    """Names that several titles have, and not too few of them, the commonest first."""
    casing = Casing(catalogue.index)
    least = max(2, _OF_TITLES * len(catalogue.heads))
    shared = Counter({stem: len(ids) for stem, ids in catalogue.title_words.items() if len(ids) >= least})
    written = (
        catalogue.index.written(stem) for stem, _ in sorted(shared.items(), key=lambda pair: (-pair[1], pair[0]))
    )
    printed = Counter(re.findall(r"[^\W\d_]+", " ".join(head.title for head in catalogue.heads)))
    names = [word for word in written if word and casing.is_name(word)][:_SUBJECTS]
    return [
        max((one for one in printed if one.lower() == name), key=printed.__getitem__, default=name) for name in names
    ]


def _about(purpose: Purpose, catalogue: Catalogue, turns: Sequence[Turn], language: str) -> Guidance | None:
    which = purpose.which
    if which == "mention":
        return _mentions(purpose.of, catalogue, language)
    heads = _meant(purpose, catalogue, turns)
    if heads is None:
        return None
    told = [] if which in _OF_ONE else [Segment("about", _counted(which, purpose, heads, catalogue, language), ())]
    listed = [] if which == "count" else heads[:_LISTED]
    openings = [opening for head in listed if (opening := opening_of(catalogue, head))]
    marker_of = {quote.passage.document_id: n for n, quote in enumerate(openings, start=1)}
    for head in listed:
        markers = (marker_of[head.id],) if head.id in marker_of else ()
        told.append(Segment("about", _known(which, catalogue, head, language), markers))
    if len(heads) > len(listed) and listed:
        told.append(Segment("about", str(say(language).more(len(heads) - len(listed))), ()))
    return Guidance(tuple(told), cite(openings, catalogue.index.document, catalogue.index.twins))


def _meant(purpose: Purpose, catalogue: Catalogue, turns: Sequence[Turn]) -> Sequence[Head] | None:
    """The articles that are told about; None where none is meant, so that it may be a question of fact."""
    which = purpose.which
    if which in _BY_DATE:
        return catalogue.dated[-1:] if which == "newest" else catalogue.dated[:1]
    if which == "works":
        return catalogue.by(purpose.who) or catalogue.published(purpose.who)
    if which == "source":  # whose words they are where a quote tells who speaks is in the quote
        return (not _SPOKEN.search(turns[-1].answer) and catalogue.named_in(turns[-1:])) or None if turns else None
    if which in _OF_ONE:
        return catalogue.meant(purpose.of, turns) or None
    return catalogue.newest_first


def _counted(which: str, purpose: Purpose, heads: Sequence[Head], catalogue: Catalogue, language: str) -> str:
    names = {"authors": [head.author for head in heads], "publishers": [head.publisher for head in heads]}.get(which)
    of = purpose.who or purpose.of if names is None else ", ".join(filter(None, dict.fromkeys(sorted(names))))
    undated = sum(head.published is None for head in heads)
    return str(say(language).counted(which, len(heads), len(catalogue.heads), of, span_of(heads), undated))


def _known(which: str, catalogue: Catalogue, head: Head, language: str) -> str:
    """Opened, since only the document says what of it was inferred."""
    document = catalogue.index.document(head.id)
    facts = (document.title, document.author, document.publisher, document.published, document.inferred)
    return str(say(language).known(which, *facts))


def opening_of(catalogue: Catalogue, head: Head) -> Quote | None:
    """Its first sentence, to cite the article as a whole; None for one without any."""
    passages = catalogue.index.passages(head.id)
    first = next(((passage, span) for passage in passages for span in passage.sentences), None)
    return Quote(first[0], *first[1], 0.0) if first else None


def _mentions(of: str, catalogue: Catalogue, language: str, who: str = "") -> Guidance:
    """How many hold the words, and of the first few the sentence that does."""
    of = DETERMINER.sub("", of, count=1)
    heads = catalogue.mentioning(of)
    openings = (opening_of(catalogue, head) for head in heads)  # where only titles and headings mention it
    quotes = (_sentences(of, heads, catalogue) or list(filter(None, openings)))[:_SHOWN]
    citations = cite(quotes, catalogue.index.document, catalogue.index.twins)
    counted = str(say(language).counted("mention", len(heads), len(catalogue.heads), of, None, 0, who))
    told = [Segment("about", counted, ()), *compose(citations, language=language)]
    documents = [] if heads else [catalogue.index.document(head.id) for head in catalogue.heads[:_LISTED]]
    if other := str(say(language).other_language(other_language(language, documents))):
        told.append(Segment("note", other, ()))
    if 0 < len(quotes) < len(heads):
        told.append(Segment("about", str(say(language).more(len(heads) - len(quotes))), ()))
    return Guidance(tuple(told), citations)


def _sentences(of: str, heads: Sequence[Head], catalogue: Catalogue) -> list[Quote]:
    """For each article the sentence with most of the words, of equals one that stands alone; as search orders them."""
    index = catalogue.index
    wanted = set(stems(of, index.stem))
    narrow = Filters(documents=frozenset(head.id for head in heads))
    hits = index.search(of, limit=_SEARCHED, filters=narrow) if heads else []
    best: dict[str, tuple[tuple[int, bool], Passage, Span]] = {}
    for hit in hits:
        for span in hit.passage.sentences:
            text = hit.passage.said(*span)
            held = (len(wanted & {cut(word.text, index.stem) for word in words(text)}), stands_alone(text))
            before = best.get(hit.passage.document_id)
            if held[0] and (before is None or held > before[0]):
                best[hit.passage.document_id] = (held, hit.passage, span)
    return [Quote(passage, *span, 0.0) for _, passage, span in best.values()]
