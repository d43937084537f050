"""Does a sentence say who or what something is? So that "Who is X?" and "What is X?" are answered by that sentence.

Copular and appositive patterns as in Hildebrandt, Katz and Lin 2004, "Answering Definition Questions with Multiple
Knowledge Sources", read off the words around the subject.
"""

import re
from functools import lru_cache

from rag.question.analysis import Query

_X = "\ue000"  # stands for the subject, so that the patterns need to be compiled only once
_SURNAME = 0.9  # what is said of "Sheinbaum" is worth less than what is said of "Claudia Sheinbaum"
_LATE = 0.9  # and so is what is said late in a sentence
_EARLY_CHARACTERS = 40
_BE = r"(?:is|was|are|were|remains|became|has been|es|fue|son)"
_TITLE = (
    r"(?:president|prime minister|minister|chancellor|king|queen|prince|princess|pope|senator|governor|mayor|judge"
    r"|justice|secretary|ambassador|director|chief|chairman|chairwoman|chair|ceo|founder|co-founder|leader|head|general"
    r"|captain|professor|dr\.?|sir|author|writer|singer|actor|actress|coach|spokes(?:man|woman|person)|lawyer"
    r"|journalist|economist|analyst|historian|advis[eo]r|envoy|congress(?:man|woman)|candidate|czar|official|officer"
    r"|manager|predecessor)"
)
_THING = (
    r"(?:agreement|treaty|act|law|policy|party|movement|coalition|alliance|program(?:me)?|initiative|plan|fund|bank"
    r"|company|firm|group|agency|organi[sz]ation|institute|university|system|principle|method|model|theory|protocol"
    r"|test|language|river|city|town|county|region|species|disease|virus|element|compound|film|novel|album|series"
    r"|software|language)"
)
_HEAD = rf"{_X}[”\"’']?(?: \([^)]{{1,60}}\))?"
_GRADED = tuple(
    (grade, re.compile(pattern, re.IGNORECASE))
    for grade, pattern in (
        (
            1.0,
            rf"{_HEAD}(?:, [^,]{{1,80}},)? {_BE} (?:\w+ly |also |still |now |often )?(?:an?|the|one of|any|some"
            r"|known as|his|her|its|their|un|una|el|la)\b",
        ),
        (
            1.0,
            rf"{_HEAD},? (?:means?|refers? to|stands? for|denotes?|describes?|(?:is|are) (?:defined as|short for))\b",
        ),
        (0.9, rf"{_X} (?:\w+ ){{0,2}}{_THING}, (?:(?:to|under|by|of|in) )?which\b"),
        (0.9, rf"{_HEAD}(?:,[”\"]?|[–—-]| [–—-]) ?(?:an?|the|one of) "),
        (0.9, rf"{_HEAD},? (?:(?:better|also|formerly|commonly|officially) )?(?:known|called|referred to) (?:as|by)\b"),
        (0.9, rf"(?:called|known as|named|dubbed|termed|abbreviated as|or simply|namely),? (?:the )?[“\"‘']?{_X}"),
        (0.9, rf"(?:\w[\w’'-]+ ){{2,}}\({_X}\)|{_X} \((?:[\w’'-]+[ )]){{2,}}"),
        (0.8, rf"{_HEAD} {_BE} (?!likely|expected|going|not|able|also|born|in|at|to|on|with|by|from)\w+"),
        (0.8, rf"{_HEAD}, (?:\w+[’']s )?(?:(?:current|former|new|then|late) )?\w+ (?:\w+ )?(?:of|to|for|at|in)\b"),
        (0.8, rf"\b{_TITLE}(?: (?:to|of|for) (?:the )?\w+)?,? {_X}|{_X}, (?:[\w’'-]+ ){{0,5}}{_TITLE}\b"),
        (0.8, rf"{_X} as (?:[\w’'-]+ ){{0,3}}{_TITLE}\b|{_X} (?:\w+ ){{0,2}}{_THING}\b"),
        (0.7, rf"{_HEAD},? (?:or|that is|i\.e\.),? (?!not\b)\w+|\b(?:or|i\.e\.),? [“\"]?{_X}"),
        (0.7, rf"{_HEAD}(?:, | )(?:(?:by|to|through|under|in) )?(?:which|who) \w+"),
        (0.7, rf"\b(?:\w+[’']s|its|his|her|their|the) (?:\w+ ){{0,4}}{_TITLE}(?: \w+){{0,3}}, (?:\w+ )?{_X}"),
    )
)


def defines(query: Query, sentence: str) -> float:
    """0..1: 1 for "X is a …", less for an apposition, a title or an abbreviation spelled out, and less late in the
    sentence; 0 where no definition is asked for or the sentence does not name the subject."""
    if not query.subject:
        return 0.0
    whole, surname = _names(query.subject, query.kind == "who")
    marked, found = whole.subn(_X, sentence)
    if found:
        return _best(marked)
    if surname is None:
        return 0.0
    marked, found = surname.subn(_X, sentence)
    return _SURNAME * _best(marked) if found else 0.0


def _best(marked: str) -> float:
    matches = ((grade, pattern.search(marked)) for grade, pattern in _GRADED)
    return max(
        (grade * (1 if match.start() < _EARLY_CHARACTERS else _LATE) for grade, match in matches if match), default=0
    )


@lru_cache(maxsize=256)
def _names(subject: str, person: bool) -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    """The subject as it may be printed; and a person's surname, as most sentences have nothing else."""
    words = re.findall(r"[^\W_]+", subject) or [subject]
    if len(words) > 1 and re.fullmatch(_THING, words[-1], re.IGNORECASE) and not person:
        *words, last = words
        tail = rf"(?: {last})?"  # "the Remain in Mexico policy" is printed as “Remain in Mexico”
    else:
        tail = r"(?:s|es)?"
    name = r"[\s'’\"“”.-]{1,3}".join(re.escape(word) for word in words)
    acronym = subject.isupper() and len(subject) > 1  # "ICE" is not "ice"
    whole = re.compile(rf"(?<!\w){name}{tail}(?!\w)", re.NOFLAG if acronym else re.IGNORECASE)
    if not person or len(words) < 2 or len(words[-1]) < 3:
        return whole, None
    return whole, re.compile(rf"(?<!\w){re.escape(words[-1][0].upper() + words[-1][1:])}(?!\w)")
