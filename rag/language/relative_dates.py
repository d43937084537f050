"""What "last year", "in June" or "on Monday" in a quote means, counted from the day of its article.

A wrong note is worse than none: nothing is resolved in an undated article, in direct speech, or where a word could
mean two times. The meaning is for a note beside the quote and never a part of it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from rag.language.dates import Partial, When, dates_in, month_of, partials_in, safe_day, written
from rag.language.patterns import read_patterns
from rag.language.word_lists import SMALL_NUMBERS

# Which June, which 10 June, which Monday an article means: the nearest one on the side that the verb points to.
# An explicit date just before ("In 2024 …, in March") must lead to the same day, or nothing is said.

Tense = Literal["past", "future", ""]
_OLD_YEARS = 2  # a month or day said this long before the article is history, which carries its own year
_FAR_DAYS = 183  # "in November", in the past, in a September: too far back to be sure that it is not the coming one
_OLD_DAYS = 14  # a weekday beside a day or month this far from the article belongs to that


def month_meant(partial: Partial, published: date, tense: Tense, told: Sequence[When]) -> tuple[date, date] | None:
    """First and last day of the month or day meant; None where it cannot be told. `told`: explicit dates before it."""
    past = [when for when in told if when.first <= published]
    latest = past[-1] if past else None
    if latest and latest.first.year < published.year - _OLD_YEARS:
        return _following(partial, latest)
    meant = _nearest(partial, published, tense)
    return None if meant and latest and not _agrees(partial, latest, meant) else meant


def _nearest(partial: Partial, published: date, tense: Tense) -> tuple[date, date] | None:
    """A month that the article itself stands in is passed over: "in June" in a June may be last year's."""
    if not tense or (partial.month == published.month and not partial.day):
        return None
    this = _in_year(partial, published.year)
    if this and (this[1] <= published if tense == "past" else this[0] > published):
        return this
    other = _in_year(partial, published.year + (1 if tense == "future" else -1))
    far = other is None or (tense == "past" and (published - other[1]).days > _FAR_DAYS)
    return None if far else other


def weekday_meant(weekday: int, published: date, tense: Tense, told: Sequence[When]) -> date | None:
    """The day meant by "on Monday" (0); the day itself counts as past."""
    away = (max(one.first - published, published - one.last) for one in told if one.precision in ("day", "month"))
    if not tense or any(days > timedelta(days=_OLD_DAYS) for days in away):
        return None
    back = (published.weekday() - weekday) % 7
    return published - timedelta(days=back) if tense == "past" else published + timedelta(days=7 - back)


def _in_year(partial: Partial, year: int) -> tuple[date, date] | None:
    if not partial.day:
        return month_of(year, partial.month)
    day = safe_day(year, partial.month, partial.day)
    return (day, day) if day else None


def _following(partial: Partial, told: When) -> tuple[date, date] | None:
    """The month within the same year as a month or day that was told before it ("in June 1846 … in August")."""
    if told.precision not in ("day", "month") or partial.month <= told.last.month:
        return None
    return _in_year(partial, told.last.year)


def _agrees(partial: Partial, told: When, meant: tuple[date, date]) -> bool:
    """Does the story go from `told` to `meant` within a year and without a second choice?"""
    if told.precision in ("day", "month"):
        year = told.last.year + (partial.month < told.last.month)
        return meant[0].year == year
    return told.last.year == meant[0].year


# Where a quote is direct speech: between quotation marks, also where they open before it or close after it.

_MARK = re.compile(r"[“”„«»\"]|(?<!\w)‘(?=\w)|(?<=[.,!?…])’(?!\w)")
_OPENS = "“„«‘"


def spoken(before: str, quote: str) -> list[tuple[int, int]]:
    """Spans of the quote inside quotation marks; `before` is the text that leads to it in its paragraph."""
    open_at = 0 if _ends_open(before) else -1
    spans: list[tuple[int, int]] = []
    for match in _MARK.finditer(quote):
        at, opens = match.start(), _opens(quote, match.start())
        if opens and open_at < 0:
            open_at = at
        elif not opens:
            spans.append((max(open_at, 0), at + 1) if open_at >= 0 or not spans else (spans[-1][1], at + 1))
            open_at = -1
    return [*spans, (open_at, len(quote))] if open_at >= 0 else spans


def _ends_open(text: str) -> bool:
    marks = [match.start() for match in _MARK.finditer(text)]
    return bool(marks) and _opens(text, marks[-1])


def _opens(text: str, at: int) -> bool:
    """A straight mark opens where a word follows and none stands before."""
    if text[at] != '"':
        return text[at] in _OPENS
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    return bool(after.strip()) and not (before.strip() and before not in "([—–-")


@dataclass(frozen=True, slots=True)
class Relative:
    """`words` stand at start:end of the quote and mean `meaning`, the days of `when` (its offsets are the same)."""

    words: str
    start: int
    end: int
    meaning: str
    when: When


@dataclass(frozen=True, slots=True)
class _Scene:
    """What the notes of one quote are read off."""

    quote: str
    published: date
    told: tuple[When, ...]  # in what stands before the quote
    dates: tuple[When, ...]  # in the quote

    def told_before(self, at: int) -> tuple[When, ...]:
        return self.told + tuple(when for when in self.dates if when.start < at)


_NEAR = 20  # characters before a day or month that are looked at
_YEARS = range(1000, 9000)  # of an article's day: counting from it stays inside the calendar
_STEP = {"last": -1, "this": 0, "next": 1}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEKDAY = "|".join(_WEEKDAYS)
_NUMBERS = ("", *SMALL_NUMBERS[1:13])
_TEXT = read_patterns("rag.language", "relative_dates.txt", NUMBERS="|".join(_NUMBERS[1:]), WEEKDAY=_WEEKDAY)
_SIDE, _DAY, _AGO = map(_TEXT.cased, ("SIDE", "DAY", "AGO"))
_ON, _SIDED, _OTHER_YEAR = map(_TEXT.cased, ("ON", "SIDED", "OTHER_YEAR"))
_NO_TIME = _TEXT.cased("NO_TIME")
_DAY_LEAD = _TEXT.compiled("DAY_LEAD")


def relative_notes(quote: str, published: date | None, before: str = "") -> tuple[Relative, ...]:
    """Notes in the quote's order; none without a date of the article.

    `before` is what stands before the quote in its paragraph: it shows whose year the story is in, and where speech
    has begun. Without it "In March" may be given the year of the article where the sentence before says another.
    """
    if published is None or published.year not in _YEARS:
        return ()
    scene = _Scene(quote, published, tuple(dates_in(before)), tuple(dates_in(quote)))
    closed = [(when.start, when.end) for when in scene.dates] + spoken(before, quote)
    kept: list[Relative] = []
    for note in _candidates(scene):
        free = all(note.end <= start or end <= note.start for start, end in closed)
        if free and not _repeats(note, scene) and not _is_title(note, quote):
            closed.append((note.start, note.end))
            kept.append(note)
    return tuple(sorted(kept, key=lambda note: note.start))


def _is_title(note: Relative, quote: str) -> bool:
    """A capital inside a sentence, as in the song "Gone Tomorrow"? Months and weekdays always have one."""
    capital = note.words.startswith(("Yesterday", "Tomorrow", "Last", "This", "Next"))
    return capital and quote[: note.start].rstrip()[-1:].isalpha()


def _candidates(scene: _Scene) -> Iterator[Relative]:
    """The longer expressions first: "June last year" before "last year"."""
    for partial in partials_in(scene.quote):
        yield from _month(scene, partial)
    for match in _ON.finditer(scene.quote):
        yield from _weekday(scene, match)
    for match in _SIDE.finditer(scene.quote):
        yield from _side(scene, match)
    for match in _DAY.finditer(scene.quote):
        day = scene.published + timedelta(days=-1 if match["back"] else 1)
        yield _note(scene, match.span(), When(*match.span(), day, day, "day"))
    for match in _AGO.finditer(scene.quote):
        yield _ago(scene, match)


def _note(scene: _Scene, span: tuple[int, int], when: When, meaning: str = "") -> Relative:
    return Relative(scene.quote[span[0] : span[1]], *span, meaning or written(when), when)


def _repeats(note: Relative, scene: _Scene) -> bool:
    """Is the meaning written right behind, as in "last year (2024)"?"""
    return any(0 <= when.start - note.end <= 3 and when.first == note.when.first for when in scene.dates)


def _month(scene: _Scene, partial: Partial) -> Iterator[Relative]:
    quote, published = scene.quote, scene.published
    lead, sided = quote[max(0, partial.start - _NEAR) : partial.start], _SIDED.match(quote, partial.end)
    bare = partial.day and not _DAY_LEAD.search(lead)  # "January 6th" alone may be the name of an event
    if bare or _OTHER_YEAR.match(quote, partial.end) or _NO_TIME.search(lead):
        return
    if sided:
        first, last = month_of(published.year + _STEP[sided["side"]], partial.month)
        if partial.day > last.day:
            return
        days = (first.replace(day=partial.day),) * 2 if partial.day else (first, last)
        span = partial.start, sided.end()
    else:
        tense = tense_at(quote, partial.start, partial.end)
        meant = month_meant(partial, published, tense, scene.told_before(partial.start))
        if not meant or any(
            when.start > partial.start and _is_other(when, meant[0], published) for when in scene.dates
        ):
            return
        days, span = meant, (partial.start, partial.end)
    yield _note(scene, span, When(*span, *days, "day" if partial.day else "month"))


def _is_other(when: When, day: date, published: date) -> bool:
    """A past date of another year behind the word: which of the two years it belongs to cannot be told."""
    return when.first <= published and not when.first.year <= day.year <= when.last.year


def _weekday(scene: _Scene, match: re.Match[str]) -> Iterator[Relative]:
    side = (match["side"] or "").lower()
    if not (side or match["part"]):
        return
    weekday, published = _WEEKDAYS.index(match["day"]), scene.published
    monday = published - timedelta(days=published.weekday())
    day: date | None
    if side in _STEP:
        day = monday + timedelta(days=weekday + 7 * _STEP[side])
        if side != "this" and abs((day - published).days) > 7:
            return  # "last Friday" may be the nearest one or the one of the last week
    else:
        tense = tense_at(scene.quote, match.start(), match.end())
        day = weekday_meant(weekday, published, tense, scene.told + scene.dates)
    if day:
        span = match.start(0), match.end("day")
        yield _note(scene, span, When(*span, day, day, "day"))


def _side(scene: _Scene, match: re.Match[str]) -> Iterator[Relative]:
    step, unit, published = _STEP[match["side"].lower()], match["unit"], scene.published
    span, year = match.span(), published.year + step
    if unit == "year":
        yield _note(scene, span, When(*span, date(year, 1, 1), date(year, 12, 31), "year"))
    elif unit == "week" and published.weekday() < 6:  # on a Sunday the week may be the one that ends or the one to come
        monday = published + timedelta(days=7 * step - published.weekday())
        yield _week(scene, span, monday)
    elif unit in ("month", "quarter"):
        size = 1 if unit == "month" else 3
        index = published.year * 12 + (published.month - 1) // size * size + size * step
        first, last = _month_at(index), _month_at(index + size - 1)
        yield _note(scene, span, When(*span, first[0], last[1], "month" if size == 1 else "quarter"))
    elif (
        (step == 0 and 3 <= published.month <= 11)
        or (step < 0 and published.month <= 2)
        or (step > 0 and published.month == 12)
    ):
        when = When(*span, date(year, 1, 1), date(year, 12, 31), "year")
        yield _note(scene, span, when, f"{unit} {year}")


def _month_at(index: int) -> tuple[date, date]:
    """Months counted from the year 0."""
    return month_of(index // 12, index % 12 + 1)


def _week(scene: _Scene, span: tuple[int, int], monday: date) -> Relative:
    when = When(*span, monday, monday + timedelta(days=6), "day")
    return _note(scene, span, when, f"the week of {written(when)}")


def _ago(scene: _Scene, match: re.Match[str]) -> Relative:
    written_number = match["n"].lower()
    n = (
        int(written_number)
        if written_number.isdecimal()
        else max(1, _NUMBERS.index(written_number) if written_number in _NUMBERS else 1)
    )
    unit, span, published = match["unit"], match.span(), scene.published
    if unit == "day":
        day = published - timedelta(days=n)
        when = When(*span, day, day, "day")
        return _note(scene, span, when, f"about {written(when)}" if match["about"] else "")
    if unit == "week":
        return _week(scene, span, published - timedelta(days=7 * n + published.weekday()))
    index = published.year * 12 + published.month - 1 - (n if unit == "month" else 12 * n)
    if unit == "year" and n > 1:
        when = When(*span, date(index // 12, 1, 1), date(index // 12, 12, 31), "year")
    else:
        when = When(*span, *_month_at(index), "month")
    return _note(scene, span, when, f"about {written(when)}")


_LEAD_IN = 1000  # characters; a document may be one long line
_ABOVE, _HEAD = 4000, 40  # characters: how far above a heading is looked for, and the most that it has


def lead_in(text: str, start: int) -> str:
    """What leads to `start`: the rest of its paragraph (a line), or the paragraph before if it opens one; before it the
    nearest short line with a date, since a heading such as "2018" dates all that stands below it."""
    begin = text.rfind("\n", 0, start) + 1
    if not text[begin:start].strip():
        begin = text.rfind("\n", 0, len(text[:begin].rstrip())) + 1
    above = text[max(0, begin - _ABOVE) : begin].split("\n")
    heads = (line for line in reversed(above[1:]) if 0 < len(line) <= _HEAD and dates_in(line))
    return f"{next(heads, '')}\n{text[max(begin, start - _LEAD_IN) : start]}".lstrip("\n")


# Does a clause speak of what has happened or of what is to come? Read off its verbs, for one place in a sentence.
# English only. In doubt there is no answer: reported speech, conditions and "to meet in June" behind a past verb.

_BESIDE = 300  # characters on either side of the place that are read

_TENSES = read_patterns("rag.language", "tense.txt")
_HAPPENED, _TO_COME, _UNSURE = map(_TENSES.cased, ("PAST", "FUTURE", "UNSURE"))
_INFINITIVE, _CLAUSE_END = map(_TENSES.cased, ("INFINITIVE", "CLAUSE_END"))


def tense_at(sentence: str, start: int, end: int) -> Tense:
    """The tense of the clause around sentence[start:end]; of the next one if that has no verb that tells."""
    opens = max(0, start - _BESIDE)
    sentence, start, end = sentence[opens : end + _BESIDE], start - opens, end - opens
    whole = _tense(sentence, start)
    if whole != "mixed":
        return "" if whole == "none" else whole
    ends = [0, *(match.start() for match in _CLAUSE_END.finditer(sentence)), len(sentence)]
    opens = max(at for at in ends if at <= start)
    closes = [at for at in ends if at >= end] or [len(sentence)]
    for close in closes[:3]:
        tense = _tense(sentence[opens:close], start - opens)
        if tense != "none":
            return "" if tense == "mixed" else tense
    return ""


def _tense(clause: str, at: int) -> Literal["past", "future", "", "mixed", "none"]:
    past = [match.end() for match in _HAPPENED.finditer(clause)]
    future = _TO_COME.search(clause) is not None
    if (past and future) or (_UNSURE.search(clause) and (past or future)):
        return "mixed"
    if future:
        return "future"
    if not past:
        return "none" if not _UNSURE.search(clause) else "mixed"
    before = [end for end in past if end <= at]
    return "" if before and _INFINITIVE.search(clause, before[-1], max(at, before[-1])) else "past"
