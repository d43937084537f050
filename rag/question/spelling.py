"""Words that the articles do not know, read as the nearest word that they do know; the answer says so.

A word is mended only if it is no word of its own: otherwise a question about Iran would be answered about Iraq.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby, islice

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from index.search import Index
from index.text.language import asked_in, spoken
from index.text.words import Stem, Word, cut, normalise, stop_words, words
from rag.language.detect import language_of
from rag.language.patterns import read_patterns
from rag.language.quantities import limits, same, values

# Is a word a name? Asked where the question itself cannot tell, because it is written without capitals.
# Read off the passages that hold the word; a capital at the start of a sentence or inside a heading says nothing.

_PASSAGES = 12  # that are looked at; more would not change what most of them do
_NEIGHBOURS = 2  # a word among capitalised words on both sides stands in a heading
_SENTENCE_START = re.compile(r"(?:^|[.!?:…\n•\]][\"'”’»)\]]*|[\"“‘«(\[*_#-])\s*$")

_FIRST_OF_TWO = re.compile(r" [^\W\d_a-z][^\W\d_A-Z]")  # "Esteban Moctezuma is …"


class Casing:
    """Of one index; what was found of a word is kept."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.is_name = lru_cache(maxsize=4096)(self._is_name)

    def _is_name(self, word: str) -> bool:
        """Do most of the passages' sentences that hold the word, in any form, write it with a capital?"""
        stem = next((term.text for term in self._index.asked(word)), normalise(word))
        passages = [self._index.passage(scored.row) for scored in self._index.lexical.rank([stem], _PASSAGES)]
        seen = [upper for passage in passages for upper in _capitals(passage.text, stem, self._index.stem)]
        return 2 * sum(seen) > len(seen)


def _capitals(text: str, stem: str, how: Stem) -> Iterator[bool]:
    """For each place where that can be told: is the word written with a capital?"""
    text_words = words(text)
    language = spoken([word.text for word in text_words])
    for at, word in enumerate(text_words):
        if cut(word.text, how, language) != stem:
            continue
        about = [*text_words[max(0, at - _NEIGHBOURS) : at], *text_words[at + 1 : at + 1 + _NEIGHBOURS]]
        upper = [text[other.start].isupper() for other in about]
        if _SENTENCE_START.search(text[max(0, word.start - 8) : word.start]):
            if _FIRST_OF_TWO.match(text, word.end):
                yield True
        elif not (text[word.start].isupper() and len(upper) == 2 * _NEIGHBOURS and all(upper)):
            yield text[word.start].isupper()


_WEEKDAY = re.compile(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b", re.IGNORECASE)
_SHORT_FORMS = {"phone": "tel", "telephone": "tel", "maximum": "max", "minimum": "min", "temperature": "temp"}
_LONG_FORM = re.compile(rf"\b(?:{'|'.join(_SHORT_FORMS)})\b", re.IGNORECASE)
_SHORT_DAYS = ("tue", "tues", "thu", "thur", "thurs", "fri", "mon", "wed", "sat", "sun")  # six that are no words
_SHORTEST = 5  # letters; among shorter words too many are neighbours
_LONG = 9  # letters, from which on two slips may be mended
_SHORT = 6  # letters, up to which the last one must be right as well
_CLEAR = 8  # letters, from which on the first one may be wrong
_NEAREST = 20  # near words that are compared
_WHOLE = 4  # letters of a first piece that is a word, so that the pieces behind it may be its endings

_SHORTEST_CODE = 4  # letters and digits of a code whose parts are looked for
_LONG_NUMBER = 7  # digits from which on a number is a code, and may be parted anywhere
_LONGEST_CODE = 34  # of an account
_PARTING = r"[\W_]{0,3}"
_CUTS = 8  # ways to cut a code into terms that are tried
_CODE = re.compile(  # its parts joined by a sign, or those with digits by a blank: "4021/88-C", "DE89 3704 0044"
    r"(?<![\w.])(?=[^\s]*\d)[^\W_]{1,34}(?:(?:[-./_]|(?<=\d) (?=[^\W_]*\d\d))[^\W_]{1,34}){0,12}"
)

_PREFIX, _ENDING = map(read_patterns("rag.question", "spelling.txt").cased, ("PREFIX", "ENDING"))


@dataclass(frozen=True, slots=True)
class Respelt:
    """The question with its slips mended, and what was changed: (typed, read)."""

    text: str
    changes: tuple[tuple[str, str], ...] = ()


class Speller:
    """Of one index, or of one day's view of it; its list of words is made at the first word that is unknown."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._casing = Casing(index)

    def respell(self, question: str) -> Respelt:
        """Mends a word only if no passage holds it, it is no word of its own, and a near one stands in the articles.

        "No word of its own": the embedder's tokeniser, whose vocabulary holds the common words and names of English,
        cuts it into pieces that are not a word with a prefix or an ending. English only, as that vocabulary is.
        """
        if language_of(question) != "en" or asked_in([word.text for word in words(question)]) != "en":
            return Respelt(question)
        text, changes = question, []
        for word in reversed(self._strange(question)):
            typed = question[word.start : word.end]
            named = typed[0].isupper() and not typed.isupper() and word.start > 0
            if read := _like(typed, self._nearest(word.text, named)):
                text = text[: word.start] + read + text[word.end :]
                changes.append((typed, read))
        return Respelt(text, tuple(reversed(changes)))

    def _strange(self, question: str) -> list[Word]:
        """Words that neither the articles nor the language know."""
        new = [
            word
            for word in words(question)
            if len(word.text) >= _SHORTEST and word.text.isalpha() and word.text not in stop_words()
            if not self._index.lexical.document_frequency(cut(word.text, self._index.stem))
        ]
        new = [word for word in new if not made_of(self._pieces(question, word), word.text)]
        bare = {word: prefix.end() for word in new if (prefix := _PREFIX.match(word.text))}
        rests = {word: word.text[end:] for word, end in bare.items()}
        return [word for word in new if word not in rests or not self._is_word(rests[word])]

    def _is_word(self, text: str) -> bool:
        if self._index.lexical.document_frequency(cut(text, self._index.stem)):
            return True
        return made_of(self._pieces(text, Word(text, 0, len(text))), text)

    def _pieces(self, text: str, word: Word) -> list[str]:
        return pieces(self._index, text, word.start, word.end)

    def _nearest(self, word: str, named: bool) -> str:
        """The nearest word of the articles by optimal string alignment; "" if none is near.

        Of equals the one that ends alike, then the commonest; of names none, for either may be meant. What is written
        as a name is read as a name only.
        """
        forms = self._forms
        if doubled := [
            other for other in self._single.get(_undoubled(word), ()) if not named or self._casing.is_name(other)
        ]:
            return max(doubled, key=lambda other: self._index.lexical.document_frequency(forms[other]))
        most = 2 if len(word) >= _LONG else 1
        near = extract(word, forms.keys(), scorer=OSA.distance, score_cutoff=most, limit=_NEAREST)
        ranked = [
            (distance, other[-1] != word[-1], -self._index.lexical.document_frequency(forms[other]), other)
            for other, distance, _ in near
            if _slip(word, other)
        ]
        fitting = [one for one in sorted(ranked) if self._fits(word, named, one[-1])]
        equal = {forms[one[-1]] for one in fitting if one[:2] == fitting[0][:2]}
        return fitting[0][-1] if fitting and not (len(equal) > 1 and self._casing.is_name(fitting[0][-1])) else ""

    def _fits(self, word: str, named: bool, other: str) -> bool:
        """ "Estefan" and "Manuela" are people of their own, not slips for "Esteban" and "Manuel"."""
        if not self._casing.is_name(other):
            return not named
        swapped = sorted(word) == sorted(other)
        ends = word[-1] == other[-1] and (len(word) >= _CLEAR or len(word) != len(other))
        return OSA.distance(word, other) == 1 and (swapped or ends)

    @cached_property
    def _single(self) -> dict[str, list[str]]:
        """Words of the articles by what they are without doubled letters: "tarrifs" is "tariffs", whatever OSA says."""
        forms: dict[str, list[str]] = {}
        for form in self._forms:
            forms.setdefault(_undoubled(form), []).append(form)
        return forms

    @cached_property
    def _forms(self) -> dict[str, str]:
        """Every longer word of letters in the passages, normalised → its stem."""
        written = sorted({normalise(form) for form in self._index.written_forms()})
        return {form: cut(form, self._index.stem) for form in written if form.isalpha() and len(form) >= _SHORTEST - 1}


def with_codes(question: str, index: Index) -> str:
    """Codes joined as most articles join them, "E-17" for "E17", else as some passage parts them, "TV.330.12" for
    "TV33012": to an embedder and a reading model these differ."""
    terms = index.asked(question)
    inner = [a for a in terms for b in terms if a != b and b.start <= a.start and a.end <= b.end]
    for term in reversed([one for one in terms if one not in inner]):
        typed, read = question[term.start : term.end], index.written(term.text)
        same = _bare(typed) == _bare(read) and not typed.isalpha() and not typed.isdecimal()
        question = question[: term.start] + _like(typed, read) + question[term.end :] if same else question
    for code in reversed([*_CODE.finditer(question)]):
        typed, read = code.group(), _parted(code.group(), index)
        if read.lower() not in ("", typed.lower()):
            question = question[: code.start()] + read + question[code.end() :]
    return question


def is_code(text: str) -> bool:
    """Is it one, and nothing beside it? "2019" and "90 minutes" are none."""
    return _CODE.fullmatch(text) is not None and not (text.isdecimal() and len(text) < _LONG_NUMBER)


def _parted(typed: str, index: Index) -> str:
    """The code as the passages write it, whatever parts it there; "" where none does."""
    bare = _bare(typed)
    if not (_LONG_NUMBER if bare.isdecimal() else _SHORTEST_CODE) <= len(bare) <= _LONGEST_CODE:
        return ""
    written = re.compile(rf"(?<!\w){_PARTING.join(bare)}(?!\w)", re.IGNORECASE)
    held = index.lexical.document_frequency
    for pieces in islice(_cut_into(bare, lambda piece: held(piece) > 0, set()), _CUTS):
        texts = (index.passage(int(row)).text for row in index.lexical.holding(pieces)[:_PASSAGES])
        if found := next(filter(None, map(written.search, texts)), None):
            return found.group()
    return ""


def _cut_into(bare: str, held: Callable[[str], bool], dead: set[str]) -> Iterator[list[str]]:
    """Every way to cut it into terms that are held, the longest first; a number may have lost its point."""
    if not bare:
        yield []
    for end in range(len(bare), 0, -1) if bare not in dead else ():
        piece, rest = bare[:end], bare[end:]
        points = [f"{piece[:n]}.{piece[n:]}" for n in range(1, end)] if piece.isdecimal() and end < 9 else []
        for own in filter(held, (piece, *points)):
            yield from ([own, *behind] for behind in _cut_into(rest, held, dead))
    dead.add(bare)  # what is left of it was told already, if there was any


def with_short_forms(question: str, index: Index) -> str:
    """Weekdays, and "phone" and the like, as the articles write them, where they only write them short, as opening
    hours do: "Tue", "Tel.".

    "Sun", "sat" and, in names, "Mon" are words, so some passage must write two days short.
    """

    def held(*days: str) -> bool:
        return len(index.lexical.holding([cut(day.lower(), index.stem) for day in days])) > 0

    def written(match: re.Match[str]) -> str:
        day = match.group()
        return day if held(day) else next((day[:size] for size in (5, 4, 3) if held(day[:size])), day)

    def short(match: re.Match[str]) -> str:
        return match.group() if held(match.group()) else _SHORT_FORMS[match.group().lower()]

    question = _LONG_FORM.sub(short, question)
    if not _WEEKDAY.search(question):
        return question
    two = any(held(sure, other) for sure in _SHORT_DAYS[:6] for other in _SHORT_DAYS if sure[:2] != other[:2])
    return _WEEKDAY.sub(written, question) if two else question


def within_limits(question: str, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """With "up to 10 kg" for "5 kg" where none of the texts has that number and one of them tells by such limits: the
    narrowest in the first of these, which comes with it."""
    for asked in (one for one in values(question) if one.unit not in ("year", "decade", "day", "%")):
        if any(same(asked, other) for text in texts for other in values(text)):
            continue
        units = (asked.unit, "" if asked.unit == "years" else asked.unit)  # ages need none
        for text in texts:
            tiers = [one for one in limits(text) if one.unit in units]
            near = [one for one in tiers if one.least <= asked.value <= one.most]
            if near and len(tiers) > 1:
                best = min(near, key=lambda one: (one.most - one.least, min(one.most, -one.least)))
                limit = text[best.start : best.end]
                yield question[: asked.start] + limit + question[asked.end :], limit
                return


def _bare(code: str) -> str:
    return "".join(filter(str.isalnum, code.lower().replace("×", "x")))


def pieces(index: Index, text: str, start: int, end: int) -> list[str]:
    """Of a word of the text, as the embedder's tokeniser cuts it; one that was not read is left whole."""
    spans = [(int(a), int(b)) for a, b in index.encode(text).offsets if a < end and start < b]
    return [normalise(text[max(a, start) : min(b, end)]) for a, b in spans] or [normalise(text[start:end])]


def _undoubled(word: str) -> str:
    return "".join(letter for letter, _ in groupby(word))


def made_of(pieces: Sequence[str], word: str) -> bool:
    """Is it a word of the tokeniser's vocabulary, as it stands or with endings?"""
    if len(pieces) < 2:
        return True
    return len(pieces[0]) >= _WHOLE and _ENDING.fullmatch(word[len(pieces[0]) :]) is not None


def _slip(typed: str, meant: str) -> bool:
    """Could one word be a slip for the other? The fewer letters, the more of them must be right.

    The first letter seldom is wrong (Pollock and Zamora 1984), and where it is, "import" may mean "export".
    """
    first = (
        meant[0] == typed[0] or meant[:2] == typed[1::-1] or (len(typed) >= _CLEAR and OSA.distance(typed, meant) < 2)
    )
    if len(typed) > _SHORT:
        return first
    same = sorted(typed) == sorted(meant)
    return first and (same or meant[-1] == typed[-1]) and (same or len(meant) > len(typed) or len(typed) == _SHORT)


def _like(typed: str, read: str) -> str:
    """In the letter case of what was typed."""
    if typed.isupper():
        return read.upper()
    return read[:1].upper() + read[1:] if typed[:1].isupper() else read
