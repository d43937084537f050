"""In which language a question is asked, as far as its answer can be framed in it."""

from collections import Counter
from collections.abc import Sequence

from index.records import Document
from index.text.words import words
from rag.language.word_lists import listed

_NAMES = dict(pair.split(":") for pair in listed("LANGUAGES"))
# Words that no English question has; a language model for whole texts errs on six words. Some are also in names.
_TOLD = {"es": listed("SPANISH"), "de": listed("GERMAN"), "fr": listed("FRENCH")}
_SHARED = {"es": listed("SHARED"), "de": listed("GERMAN_SHARED"), "fr": listed("FRENCH_SHARED")}
_ASKING = {"es": listed("SPANISH_ASKING"), "de": listed("GERMAN_ASKING"), "fr": listed("FRENCH_ASKING")}
LANGUAGES = ("en", *_TOLD)  # in which there are words of our own


def language_of(question: str) -> str:
    """One of LANGUAGES; `en` stands for every other one."""
    spoken = [word.text for word in words(question)]
    if "¿" in question or "¡" in question:
        return "es"
    telling = {
        of: (bool(spoken) and spoken[0] in _ASKING[of], sum(map(told.__contains__, spoken)))
        for of, told in _TOLD.items()
    }
    best = max(telling, key=telling.__getitem__)
    asking, count = telling[best]
    own = any(word in _TOLD[best] - _SHARED[best] for word in spoken)
    return best if asking or (own and 3 * count >= len(spoken)) else "en"


def grammar_of(language: str) -> frozenset[str]:
    """Words that say nothing by themselves, in lower case with accents; those of English are index.text.stop_words."""
    return _TOLD.get(language, frozenset())


def name_of(language: str) -> str:
    """The English name of a language, as far as it is known; else its ISO 639-1 code."""
    return _NAMES.get(language, language)


def other_language(language: str, documents: Sequence[Document]) -> str:
    """The name of the language that most of the documents are in, where it is not the question's; else ""."""
    spoken = Counter(document.language for document in documents if document.language)
    most = spoken.most_common(1)
    return name_of(most[0][0]) if most and most[0][0] != language else ""
