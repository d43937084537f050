"""Whether a question is refused, why, and what decided that."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce
from itertools import combinations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from index.ranking.filters import Filters
from index.records import Hit
from index.search import Index
from index.text.words import normalise, stop_words, term_number, words
from rag.answer import Because, Reason
from rag.language.dates import When
from rag.language.detect import grammar_of
from rag.language.quantities import values
from rag.language.word_lists import FUNCTION, lexicon, listed
from rag.question.analysis import Query, Term
from rag.question.spelling import made_of, pieces
from rag.reading.candidates import rarity
from rag.reading.similarity import met_anywhere

# Which names, numbers and dates of a question stand nowhere in the articles, and which never stand together.
# Words are compared as BM25 compares them, so every claim is about what the index holds: a thing is there when some
# passage holds all its words.

SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_ASKING = listed("TELLING_NOTHING") | FUNCTION
_MEASURES = re.compile(r"\bhow $", re.IGNORECASE)  # what stands behind asks how much of it there is: "how tall"
_DRAWN_TOGETHER = re.compile(r"(?:n't|'(?:m|re|ve|ll|d))$")  # "I'm", "doesn't"
_MET = 0.4  # least cosine of a term and a token that says it in other words: "home" and "hometowns" .47, "film" .24
_MOST = 6  # things of one question that are put together in twos and threes


@dataclass(frozen=True, slots=True)
class Thing:
    """A name, number, date or run of other words of the question, at start:end of its text."""

    text: str
    terms: tuple[Term, ...]
    named: bool  # a name, number or date: nothing that may be said in other words

    @property
    def start(self) -> int:
        return self.terms[0].start


def things(query: Query) -> list[Thing]:
    """Dates, numbers, names and the words between them in order; neighbouring words of one sort are one thing."""
    grammar = grammar_of(query.language)
    dates = [(when.start, when.end) for when in query.dates]
    runs: list[tuple[object, list[Term]]] = []
    for term in query.terms:
        sort = _sort(query, term, dates)
        if _MEASURES.search(query.text, 0, term.start) or _empty(query.text[term.start : term.end], sort, grammar):
            continue
        if runs and runs[-1][0] == sort and not _parted(query.text, runs[-1][1][-1].end, term.start, sort):
            runs[-1][1].append(term)
        else:
            runs.append((sort, [term]))
    return [Thing(query.text[run[0].start : run[-1].end], tuple(run), sort != "word") for sort, run in runs]


def telling(query: Query) -> list[Term]:
    """The terms that say what is asked about; all of them where none does."""
    return [term for thing in things(query) for term in thing.terms] or list(query.terms)


def missing(query: Query, corpus: Index, *, words_too: bool, met: frozenset[Term] = frozenset()) -> tuple[str, ...]:
    """The names, numbers and dates of the question that no passage holds, as typed; `words_too`: or else other words
    that are not `met` by others. Who writes or publishes the articles is not missing.

    Of a name whose last word is known ("Donald Lind" where Lind is) only the unknown words are given.
    """
    every_thing = things(query)
    named = [part for thing in every_thing if thing.named for part in _absent(thing, query, corpus)]
    others = [replace(thing, terms=tuple(t for t in thing.terms if t not in met)) for thing in every_thing]
    plain = [part for thing in others if not thing.named and words_too for part in _absent(thing, query, corpus)]
    return tuple(part for part in dict.fromkeys(named or plain) if not corpus.writers(part))


def _met(query: Query, corpus: Index, hits: Sequence[Hit]) -> frozenset[Term]:
    """Verbs, and the terms to which some token of the hits comes near: said in other words, as likely as not."""
    met = met_anywhere(query, corpus.encode(query.text), corpus.encodings([hit.row for hit in hits]))
    verb, text = lexicon().verb, query.text.lower()
    near = zip(query.terms, met, strict=True)
    return frozenset(term for term, met in near if met >= _MET or verb(text[term.start : term.end]))


def _untold(query: Query, corpus: Index, hits: Sequence[Hit]) -> bool:
    """Does the question ask with a word, no verb, that stands nowhere and to which nothing comes near?"""
    nowhere = [term for term in telling(query) if not corpus.lexical.document_frequency(term.stem)]
    return bool(nowhere) and not _met(query, corpus, hits).issuperset(nowhere)


def unheard_of(query: Query, corpus: Index) -> tuple[str, ...]:
    """The codes and names of the question that no passage holds, nor any author or publisher, as typed; and of what a
    definition is wanted, names whose words stand side by side nowhere: "Plan Mexico" beside plans and Mexico.

    Passed over is a name that the embedder's vocabulary holds: vectors tell it from others, and know "Canadian" beside
    "Canada", while "Iard" is to them what "Kard" is; but not the surname of whom "Who is …?" asks for: with another one
    it is somebody else. German writes every noun with a capital, so it tells no name.
    """
    nowhere = [term for term in query.terms if not corpus.lexical.document_frequency(term.stem)]
    codes = tuple(query.text[term.start : term.end] for term in nowhere if term.number and _is_code(query.text, term))
    if codes or query.spoken == "de":
        return codes
    unknown = [term for term in nowhere if not term.number]
    surname = query.terms[-1] if query.subject and query.kind == "who" else None
    names = [term for term in unknown if query.named(term) or (term == surname and _behind_a_name(query))]
    names = [term for term in names if term == surname or not _in_vocabulary(corpus, query.text, term)]
    written = [query.text[term.start : term.end] for term in names]
    defined = things(query) if query.shape == "definition" and query.kind != "who" else []
    written += [thing.text for thing in defined if thing.named and not _side_by_side(thing, corpus)]
    return tuple(name for name in written if not corpus.writers(name))


def _behind_a_name(query: Query) -> bool:
    """Without capitals no word tells that it is an unknown surname, but the first name before it: "maria lopez"."""
    *_, before, last = (None, *query.terms)
    return bool(before and query.text[before.end : last.start] == " " and query.named(before))


def _is_code(text: str, term: Term) -> bool:
    """Does its number tell it from others of its kind: "P0421", "3.3"? "room 12" may be written in words."""
    return re.fullmatch(r"[^\W\d]+[-\s]?\d{2,}\w*|\d+(?:\.\d+)+", text[term.start : term.end]) is not None


def _another_code(query: Query, corpus: Index, hits: Sequence[Hit]) -> Iterator[str]:
    """Codes that no passage holds where a hit has another one in their place: "IC 2418" beside "IC 2417"."""
    for code, other in query.codes:
        known = corpus.lexical.document_frequency(re.sub("[- ]", "", code).lower())
        yield from [code] if not known and any(other.search(hit.passage.text) for hit in hits) else ()


def _side_by_side(thing: Thing, corpus: Index) -> bool:
    """Does a passage hold the words as they stand in the question, but for words of grammar?"""
    wanted = [term_number(term.stem) for term in thing.terms]
    rows = corpus.lexical.holding([term.stem for term in thing.terms]) if len(wanted) > 1 else ()
    held = (corpus.term_places(int(row)).numbers for row in rows)
    runs = (sliding_window_view(each, len(wanted)) for each in held if len(each) >= len(wanted))
    return len(wanted) < 2 or any((run == wanted).all(axis=1).any() for run in runs)


def _in_vocabulary(corpus: Index, text: str, term: Term) -> bool:
    """Of the embedder's, as it stands or with endings."""
    return made_of(pieces(corpus, text, term.start, term.end), normalise(text[term.start : term.end]))


def apart(query: Query, corpus: Index) -> tuple[str, ...]:
    """Two names, numbers or dates, or else three, that the articles hold but never in one passage; else empty.

    The rarest are looked at first. Other words are passed over: what they say may be said in other words.
    """
    rows = {thing: _holding(thing, query, corpus) for thing in things(query) if thing.named}
    known = sorted((thing for thing in rows if len(rows[thing])), key=lambda thing: (len(rows[thing]), thing.start))
    for group in (*combinations(known[:_MOST], 2), *combinations(known[:_MOST], 3)):
        if not len(reduce(np.intersect1d, (rows[thing] for thing in group))):
            return tuple(thing.text for thing in sorted(group, key=lambda thing: thing.start))
    return ()


def _absent(thing: Thing, query: Query, corpus: Index) -> list[str]:
    unknown = [term for term in thing.terms if not corpus.lexical.document_frequency(term.stem)]
    if unknown and len(_holding(thing, query, corpus)):
        return []
    if not thing.named or any(term.number for term in thing.terms):
        whole = bool(unknown) and thing.named
    else:
        whole = thing.terms[-1] in unknown or not (unknown or len(_holding(thing, query, corpus)))
    return [thing.text] if whole else [query.text[term.start : term.end] for term in unknown]


def _holding(thing: Thing, query: Query, corpus: Index) -> NDArray[np.int64]:
    """Rows of the passages with all its words; with a number in whichever way it is printed."""
    rows = corpus.lexical.holding([term.stem for term in thing.terms])
    if len(thing.terms) > 1 or not thing.terms[0].number:
        return rows
    worth = next((v.value for v in values(query.text) if v.start <= thing.start < v.end), 0.0)
    return np.union1d(rows, np.concatenate([corpus.lexical.holding(written) for written in _printed(worth)] or [rows]))


def _printed(value: float) -> list[list[str]]:
    """ "475000000000" and "475 billion", as words of the index."""
    ways = [[f"{value:.0f}"]] if value >= min(SCALES.values()) and float(value).is_integer() else []
    scaled = [(value / times, word) for word, times in SCALES.items()]
    return ways + [[f"{figure:g}", word] for figure, word in scaled if 1 <= figure < 1000]


def _sort(query: Query, term: Term, dates: Sequence[tuple[int, int]]) -> object:
    """Terms of the same sort may be one thing; each date is a sort of its own."""
    date = next((span for span in dates if span[0] <= term.start < span[1]), None)
    return date or ("number" if term.number else "name" if query.named(term) else "word")


def _parted(text: str, end: int, start: int, sort: object) -> bool:
    """Does what stands between two terms part them? Inside a date nothing does."""
    return sort == "number" or (isinstance(sort, str) and text[end:start] not in (" ", ". ", "-"))


def _empty(written: str, sort: object, grammar: frozenset[str]) -> bool:
    """BM25 passes over stop words, so it cannot say that one occurs nowhere; and words of asking tell nothing."""
    plain = _DRAWN_TOGETHER.sub("", normalise(written))
    passed = stop_words() | _ASKING if sort == "word" or len(plain) == 1 else stop_words()
    return written.lower() in grammar or all(word.text in passed for word in words(plain))


# Log odds that a question is about none of the articles' subjects: logistic regression on the tuning halves of
# squad2-dev-half, multihoprag-facts and qed-nq and on articles-dev. Near misses are unanswerable questions, swapped
# names and removed articles whose names are left; the others are questions of the other sets, and removed articles
# whose names are gone. Every set and way of making counts the same.
BIAS = 1.46
COSINE = -6.17  # highest cosine of question and passage
KNOWN = -4.03  # share of the question's terms, weighted by rarity, that stand anywhere
SIZE = 1.46  # log10 of the number of passages: among many, one is alike by chance
_LARGEST = 5_000  # passages; nothing larger was fitted on

_YEARS = range(1500, 2100)  # numbers that are read as years wherever they stand; for an earlier one also those from
_EARLIEST = 1000
_STRAY = 0.01  # share of all years mentioned that may lie beyond a year that is "outside": a model number, a far goal
_LONGEST = 200  # years of one period that are looked up


def refusal(query: Query, index: Index, hits: Sequence[Hit], *, sure: bool, doubted: bool = False) -> Reason | None:
    """Why nothing is answered, with what the articles lack and what decided it; None where it is answered.

    `hits` are those that were read; `sure`: the reader's confidence would do; `doubted`: its model says of the best
    sentence that it answers less than none, so that a word which the articles lack is no other word for theirs.
    """
    if query.scope and (query.scope.declined or not sure):
        return Reason("needs_judgement", (), because=query.scope._asdict())
    beyond = unreached(query, index)
    unheard = (*unheard_of(query, index), *_another_code(query, index, hits))
    if sure and not beyond and not unheard and not (doubted and _untold(query, index, hits)):
        return None
    parts = off_corpus_parts(query, index, hits) if hits else {}
    odds = math.fsum(parts.values()) if hits else math.inf
    met = _met(query, index, hits) if hits and odds > 0 else frozenset()
    lacking, separate = missing(query, index, words_too=odds > 0, met=met) or unheard, apart(query, index)
    if beyond:
        return Reason("date_outside", lacking, separate, beyond)
    because: dict[str, float | str] = {"off_corpus": odds, **parts} if hits else {"hits": 0}
    return Reason("off_corpus", lacking, (), because) if odds > 0 else Reason("near_miss", lacking, separate, because)


def off_corpus_parts(query: Query, index: Index, hits: Sequence[Hit]) -> dict[str, float]:
    """By name, the summands of the log odds that the articles are not about what is asked; above 0 they are not."""
    weights = {term.stem: rarity(index, term.stem) for term in telling(query)}
    known = sum(weight for stem, weight in weights.items() if index.lexical.document_frequency(stem))
    share = known / max(sum(weights.values()), 1e-9)
    cosine = max((float(hit.scores.get("dense", 0.0)) for hit in hits), default=0.0)  # none where only BM25 found it
    size = math.log10(min(max(index.passage_count, 1), _LARGEST))
    return {"bias": BIAS, "cosine": COSINE * cosine, "known": KNOWN * share, "size": SIZE * size}


def unreached(query: Query, index: Index) -> Because | None:
    """A time that the question names and the articles do not reach; None where there is none.

    It is mentioned nowhere, nearly all years that are lie to one side of it, and nothing was published in it or beyond.
    Told are its first and last day, the side where the articles have next to nothing, and how many of their mentions of
    years lie there.
    """
    if not query.dates:
        return None
    begin = _YEARS.start if all(when.first.year >= _YEARS.start for when in query.dates) else _EARLIEST
    counts = {year: index.lexical.document_frequency(str(year)) for year in range(begin, _YEARS.stop)}
    return next(filter(None, (_beyond(query.text, when, counts, index) for when in query.dates)), None)


def _beyond(question: str, when: When, counts: dict[int, int], index: Index) -> Because | None:
    """Is there nothing of that time, and next to nothing on one side of it?"""
    first, last = when.first, when.last
    total = sum(counts.values())
    if not total or any(index.lexical.document_frequency(str(y)) for y in range(first.year, last.year + 1)[:_LONGEST]):
        return None
    later = sum(count for year, count in counts.items() if year > last.year)
    earlier = sum(count for year, count in counts.items() if year < first.year)
    for side, count, begin, end in (
        ("later", later, date(first.year, 1, 1), date.max),
        ("earlier", earlier, date.min, date(last.year, 12, 31)),
    ):
        dated = Filters(published_from=begin, published_to=end)
        if count <= _STRAY * total and not index.search(question, limit=1, filters=dated):
            days = {"from": first.isoformat(), "to": last.isoformat()}
            return {**days, "side": side, "beyond": count, "years": total}
    return None
