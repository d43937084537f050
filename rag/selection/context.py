"""A quote made to stand on its own: with what its first words refer to, with its speaker, with the rest of its list.

A widened quote is still one verbatim stretch of whole sentences, holds the quote it was made of, and runs over no
heading, table or other person's turn. Widening it again changes nothing. What a quote needs that stands too far away,
a table's header or the name before a long speech, is a quote of its own before it.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from index.records import Block, Document, Passage, Span
from index.text.sentences import FIELD
from index.text.words import cut, stems, words
from rag.answer import Quote
from rag.language.dependence import depends_on_previous, hangs_on_a_pronoun
from rag.language.patterns import read_patterns
from rag.language.word_lists import SPEAKS
from rag.question.analysis import A_STEP
from rag.question.shape import Shape
from rag.structure import BODY, LISTED, NOTHING, TOLD_ON, VERSION, block_at, example_behind, overlap, place_of, reads_on

MOST_CHARACTERS = 1200  # of a widened quote
_MOST_SENTENCES = 3  # of a quote that is widened for its first words or its speaker: two before or behind it
_MOST_ITEMS = 12  # of a list
_NEAR = 240  # characters between the name of who speaks and the sentence that is quoted with it

_TEXT = read_patterns("rag.selection", "context.txt", SPEAKS=SPEAKS)
_ANNOUNCES, _COUNTS, _ALSO, _SPEECH = map(_TEXT.compiled, "ANNOUNCES COUNTS ALSO SPEECH".split())
_ITEM, _CODE_NAME, _FINISHED = map(_TEXT.cased, "ITEM CODE_NAME FINISHED".split())
_ANSWERS, _ASKS_IN_ROW, _OF_QUESTIONS = map(_TEXT.compiled, "ANSWERS ASKS_IN_ROW OF_QUESTIONS".split())
_MOST_USAGE = 400  # characters of code that stand before what tells of it


@dataclass(frozen=True, slots=True)
class _Place:
    """Sentences first..last of a document."""

    document: Document
    sentences: Sequence[Span]
    first: int
    last: int
    asked: frozenset[str] = frozenset()  # the question's words

    def text(self, n: int) -> str:
        return self.document.text[self.sentences[n].start : self.sentences[n].end]

    def block(self, n: int) -> Block:
        return block_at(self.document.blocks, self.sentences[n].start)

    def follows(self, n: int) -> bool:
        """Is there a sentence before number n that it is told on from: in its block or the one before that?"""
        if not 0 < n < len(self.sentences):
            return False
        before, after = (place_of(self.document.blocks, self.sentences[m].start) for m in (n - 1, n))
        one, two = self.document.blocks[before], self.document.blocks[after]
        if after - before > 1:
            return False
        listed = one.kind == two.kind == "item" and one.lead == two.lead
        introduced = one.kind in BODY and two.kind in LISTED and overlap(two.lead, self.sentences[n - 1])
        return listed or introduced or reads_on(one, two)

    def reach(self, first: int, last: int) -> "_Place":
        """The place from first to last, if that is not too much to quote."""
        size = self.sentences[last].end - self.sentences[first].start
        return replace(self, first=first, last=last) if size <= MOST_CHARACTERS else self


def sentences_of(passages: Iterable[Passage]) -> tuple[Span, ...]:
    """The sentences of one document in order; those that passages share come once."""
    return tuple(sorted({sentence for passage in passages for sentence in passage.sentences}))


def with_context(
    quote: Quote,
    document: Document,
    sentences: Sequence[Span],
    shape: Shape = "",
    asked: frozenset[str] = frozenset(),
    *,
    steps: bool = False,
) -> Quote:
    """The quote in whole sentences, with what it leans on; `sentences` are all those of the document, in order.

    A sentence that introduces a list gets the list; an item gets the others only where the question asks for a list
    or for `steps`. `asked`: the question's words, where one is known. What "this agreement" points at is then quoted
    only if it holds one of them that the quote lacks: else the asker has named it. What "he" points at is always
    quoted. A quote that is in no sentence comes back as it is.
    """
    starts = [sentence.start for sentence in sentences]
    first, last = bisect_right(starts, quote.start) - 1, bisect_right(starts, quote.end - 1) - 1
    if first < 0 or quote.end > sentences[last].end or quote.start >= sentences[first].end:
        return quote
    place = _Place(document, sentences, first, last, asked)
    rules: tuple[Callable[[_Place], _Place], ...] = (_whole_row, _turn, _unbroken, _with_speaker, _with_antecedent)
    if steps or shape == "list":
        rules = (_with_count, *rules)  # first, as what a long list leans on is left out
    if steps:
        rules = (_with_example, _whole_section, _with_steps, *rules)
    rules = (_whole_list if steps or shape == "list" else _introduced, *rules)
    while True:
        before = place
        for rule in rules:
            place = rule(place)
        if place == before:
            start = sentences[place.first].start
            return replace(quote, start=start + _asked_again(document, start), end=sentences[place.last].end)


def _asked_again(document: Document, start: int) -> int:
    """How much stands before an answer in its own block: its label, or in a table of questions the question."""
    block = block_at(document.blocks, start)
    answers = block.lead != NOTHING and block_at(document.blocks, block.lead.start).kind in ("question", "heading")
    asks = block.kind == "row" and _OF_QUESTIONS.match(document.text, block.lead.start, block.lead.end)
    if start != block.start or not (answers or asks):
        return 0
    before = (_ASKS_IN_ROW if asks else _ANSWERS).match(document.text, block.start, block.end)
    return before.end() - start if before else 0


def _unbroken(place: _Place) -> _Place:
    """A sentence that a page break or a splitter cut in two is put together."""
    if place.follows(place.first) and _is_cut(place, place.first):
        place = place.reach(place.first - 1, place.last)
    if place.follows(place.last + 1) and _is_cut(place, place.last + 1):
        place = place.reach(place.first, place.last + 1)
    return place


def _is_cut(place: _Place, n: int) -> bool:
    if place.block(n - 1).kind != place.block(n).kind or place.block(n).kind == "item":
        return False
    before, after = place.text(n - 1), place.text(n)
    return after[:1].islower() and not _FINISHED.search(before) and not _ITEM.match(after)


def _with_antecedent(place: _Place) -> _Place:
    if place.last - place.first + 1 < _MOST_SENTENCES and place.follows(place.first):
        opening = re.sub(r"^[*_#>\s-]+", "", place.text(place.first))
        leans = place.first == place.last and depends_on_previous(opening) and _adds(place, place.first - 1)
        if leans or hangs_on_a_pronoun(opening):
            return place.reach(place.first - 1, place.last)
    return place


def _adds(place: _Place, n: int) -> bool:
    """Does sentence number n hold a word of the question that the one behind it lacks? True where nothing was asked."""
    before, own = ({word.text for word in words(place.text(m))} for m in (n, n + 1))
    return not place.asked or bool(place.asked & before - own)


def _with_speaker(place: _Place) -> _Place:
    """Direct speech is quoted from its first to its last mark, with the sentence that says whose it is."""
    if place.last - place.first + 1 >= _MOST_SENTENCES:
        return place
    text = " ".join(place.text(n) for n in range(place.first, place.last + 1))
    opened, closed = _marks(text)
    if opened > closed and place.follows(place.last + 1):
        return place.reach(place.first, place.last + 1)
    if closed > opened and place.follows(place.first):
        return place.reach(place.first - 1, place.last)
    if opened != closed or text[:1] not in '“"«' or _SPEECH.search(_outside(text)):
        return place
    if place.follows(place.first) and _SPEECH.search(_outside(place.text(place.first - 1))):
        return place.reach(place.first - 1, place.last)
    if place.follows(place.last + 1) and _SPEECH.search(_outside(place.text(place.last + 1))[:60]):
        return place.reach(place.first, place.last + 1)
    return place


def _marks(text: str) -> tuple[int, int]:
    """How many quotation marks open and how many close; a straight one opens at the start of a word."""
    opening = len(re.findall(r"(?<!\S)\(?\"(?=\S)", text))
    closing = text.count('"') - opening
    return text.count("“") + text.count("«") + opening, text.count("”") + text.count("»") + closing


def _outside(text: str) -> str:
    return re.sub(r"“[^”]*”?|«[^»]*»?|\"[^\"]*\"?", " ", text)


# Lists, code, tables and turns as the article's blocks tell of them.


def _whole_row(place: _Place) -> _Place:
    block = place.block(place.last)
    if block.kind != "row":
        return place
    return place.reach(*_sentences_in(place, block.start, block.end))


def _turn(place: _Place) -> _Place:
    """What somebody says, from the name before it, if that is near; so, too, what an item says behind its label."""
    block = place.block(place.first)
    labelled = block.kind == "item" and FIELD.match(place.document.text[block.start : block.end])
    begin = block.start if labelled else block.lead.start
    if not labelled and (block.kind != "turn" or block.lead == NOTHING):
        return place
    first = bisect_right(place.sentences, begin, key=lambda sentence: sentence.start) - 1
    near = 0 <= first < place.first and place.sentences[place.first].start - begin <= _NEAR
    told_on = near and all(place.follows(n) for n in range(first + 1, place.first + 1))
    return place.reach(first, place.last) if told_on else place


def _introduced(place: _Place, *, listed: bool = False) -> _Place:
    """Code with the sentence that introduces it, and the other way round; a list with the sentence that announces it.

    Where a list is asked for, that is any sentence right before one.
    """
    blocks, last = place.document.blocks, place.sentences[place.last]
    at = place_of(blocks, last.start)
    told_on = blocks[at].kind == "text" and NOTHING != blocks[at].lead == blocks[at - 1].lead
    if blocks[at].kind == "code" or (told_on and blocks[at - 1].kind == "code"):
        return _with_group(place, at, climb=False)
    told = place.text(place.last)
    announces = _ANNOUNCES.search(told) or not _FINISHED.search(told)  # as what is defined
    ends = last.end == blocks[at].end  # of a longer paragraph, its last sentence introduces
    behind = at + 2 if [block.kind for block in blocks[at + 1 : at + 2]] == ["links"] else at + 1  # a picture's
    of = [b for b in blocks[behind : behind + 1] if b.kind == "code" or (b.kind == "item" and (listed or announces))]
    introduces = ends and any(overlap(b.lead, last) for b in of)
    return _with_group(place, behind, climb=blocks[at].kind != "item") if introduces else place


def _whole_list(place: _Place) -> _Place:
    """… and an item, or code below one, with all of the list and what introduces it."""
    blocks = place.document.blocks
    at = place_of(blocks, place.sentences[place.last].start)
    block = blocks[at]
    inside = block.kind == "item" or (block.kind == "code" and block_at(blocks, block.lead.start).kind == "item")
    return _with_group(place, at, climb=True) if inside else _introduced(place, listed=True)


def _with_example(place: _Place) -> _Place:
    """How something is done is told by what the sentence says and by the list or code that follows it soon."""
    blocks, end = place.document.blocks, place.sentences[place.last].end
    at = place_of(blocks, place.sentences[place.last].start)
    if blocks[at].kind != "text":
        return place
    shown = example_behind(blocks, at, end)
    return _with_group(place, shown, climb=blocks[shown].kind == "item") if shown else place


def _whole_section(place: _Place) -> _Place:
    """Where a heading, with the title, names all that is asked, what stands below it tells how, if that is short."""
    blocks = place.document.blocks
    first = last = place_of(blocks, place.sentences[place.first].start)
    while first and blocks[first].kind in TOLD_ON:
        first -= 1
    while last + 1 < len(blocks) and blocks[last + 1].kind in TOLD_ON:
        last += 1
    while blocks[last].kind == "links":  # that send the reader elsewhere
        last -= 1
    named = set(stems(place.document.text[blocks[first].start : blocks[first].end], "snowball"))
    asked, known = {cut(word, "snowball") for word in place.asked}, {*stems(place.document.title, "snowball")}
    if blocks[first].kind != "heading" or not asked & named or asked - named - known:
        return place
    start, end = _sentences_in(place, blocks[first + 1].start, blocks[last].end)
    return place.reach(min(start, place.first), max(end, place.last))


def _with_group(place: _Place, at: int, *, climb: bool) -> _Place:
    """From what introduces block number `at` to the last of the blocks about it that lead back to the same.

    What is too much to quote is left out at the end.
    """
    blocks = place.document.blocks
    first, last = _group(blocks, at, climb=climb)
    start, end = _sentences_in(place, blocks[first].start, blocks[last].end)
    lead = _root(blocks, blocks[at]) if climb else blocks[at].lead
    if first and blocks[first - 1].kind in BODY and overlap(lead, place.sentences[start - 1]):
        start -= 1
    start = min(start, place.first)
    while end > place.last and place.sentences[end].end - place.sentences[start].start > MOST_CHARACTERS:
        end -= 1
    return place.reach(start, max(end, place.last))


def _group(blocks: Sequence[Block], at: int, *, climb: bool) -> tuple[int, int]:
    """The first and the last of the blocks about number `at` that stand in the same list or the same code."""
    lead = _root(blocks, blocks[at]) if climb else blocks[at].lead

    def belongs(block: Block) -> bool:
        listed = block.kind in LISTED or (block.kind == "text" and lead != NOTHING)
        return listed and (_root(blocks, block) if climb else block.lead) == lead

    first = last = at
    while before := _next(blocks, first, -1, belongs):
        first += before
    while behind := _next(blocks, last, 1, belongs):
        last += behind
    return first, last


def _next(blocks: Sequence[Block], at: int, step: int, belongs: Callable[[Block], bool]) -> int:
    """How far the next that belongs is from number `at`, past a picture; 0 where there is none."""
    near = [n for n in (at + step, at + 2 * step) if 0 <= n < len(blocks)]
    if len(near) > 1 and blocks[near[0]].kind != "links":
        near = near[:1]
    return next((n - at for n in near if belongs(blocks[n])), 0)


def _root(blocks: Sequence[Block], block: Block) -> Span:
    """What introduces the outermost list that the block stands in."""
    while block.lead != NOTHING and block.lead.start < block.start:
        above = block_at(blocks, block.lead.start)
        if above.kind != "item":
            break
        block = above
    return block.lead


def _sentences_in(place: _Place, start: int, end: int) -> tuple[int, int]:
    """Numbers of the first and of the last sentence that begin within a stretch of the document that holds any."""
    first = bisect_left(place.sentences, start, key=lambda sentence: sentence.start)
    return first, bisect_left(place.sentences, end, key=lambda sentence: sentence.start) - 1


def left_out(quote: Span, document: Document) -> int:
    """How many lines of the list or code that it quotes from the beginning stand behind the quote's end."""
    blocks = document.blocks
    at = place_of(blocks, quote.end - 1)
    if blocks[at].kind not in LISTED or quote.start >= blocks[at].start:
        return 0
    return _group(blocks, at, climb=blocks[at].kind == "item")[1] - at


def apart(quote: Quote, document: Document) -> Quote | None:
    """What has to be quoted before it: its table's header, the name of who speaks, the code above a heading that "this"
    points at, as a manual has it, or the option, function or version that it is told of; None where nothing has to."""
    block = block_at(document.blocks, quote.start)
    if quote.start == block.start + _asked_again(document, block.start) > block.start:
        return None
    if block.kind in {"row", "turn"} and block.lead != NOTHING and quote.start > block.lead.start:
        return replace(quote, start=block.lead.start, end=block.lead.end, answer=None)
    said = document.text[quote.start : quote.end]
    points = block.kind == "text" and quote.start == block.start and depends_on_previous(said)
    return (_used(quote, document) if points else None) or _told_of(quote, document, said)


def _told_of(quote: Quote, document: Document, said: str) -> Quote | None:
    """The nearest heading above it that is code or a version, unless the quote has its name."""
    blocks, at = document.blocks, place_of(document.blocks, quote.start)
    while at > 0 and blocks[at].kind in BODY:
        at -= 1
    while blocks[at].kind == "heading":
        name = document.text[blocks[at].start : blocks[at].end]
        if name != document.title and (_CODE_NAME.match(name) or VERSION.match(name)):
            known = any(part in said for part in re.split(r"[\s,()\[\]]+", name) if part and not part.isalpha())
            return None if known else replace(quote, start=blocks[at].start, end=blocks[at].end, answer=None)
        if blocks[at].lead == NOTHING:
            break
        at = place_of(blocks, blocks[at].lead.start)
    return None


def _used(quote: Quote, document: Document) -> Quote | None:
    blocks = document.blocks
    above = place_of(blocks, quote.start) - 1
    while above > 0 and blocks[above].kind == "heading":
        above -= 1
    if above < 0 or blocks[above].kind != "code":
        return None
    first, last = _group(blocks, above, climb=False)
    inside = [block for block in blocks[first : last + 1] if block.end - blocks[first].start <= _MOST_USAGE]
    return replace(quote, start=blocks[first].start, end=inside[-1].end, answer=None) if inside else None


# What is counted up in sentences.


def _with_count(place: _Place) -> _Place:
    """ "First, …", "Second, …" belong together, and "He also …" belongs to what he did before."""
    first, last = place.first, place.last
    if _COUNTS.match(place.text(first)):
        earlier = (n for n in range(first, max(first - _MOST_ITEMS, -1), -1) if _COUNTS.match(place.text(n)))
        first = _reached(place, first, min(earlier, default=first))
    if _COUNTS.match(place.text(first)):
        later = (n for n in range(last, min(last + 4, len(place.sentences))) if _COUNTS.match(place.text(n)))
        last = _reached(place, last, max(later, default=last))
    if last - first + 1 < _MOST_ITEMS and place.follows(last + 1) and _ALSO.match(place.text(last + 1)):
        last += 1
    return place.reach(first, last)


def _with_steps(place: _Place) -> _Place:
    """What is to be done before it and after it, where sentence after sentence says so."""
    first, last = place.first, place.last
    if all(A_STEP.match(place.text(n)) for n in range(first, last + 1)):
        while place.follows(first) and A_STEP.match(place.text(first - 1)):
            first -= 1
        while place.follows(last + 1) and A_STEP.match(place.text(last + 1)):
            last += 1
    return place.reach(first, last)


def _reached(place: _Place, start: int, goal: int) -> int:
    """As far from start to goal as no heading stands between."""
    low, high = min(start, goal), max(start, goal)
    return goal if all(place.follows(n) for n in range(low + 1, high + 1)) else start
