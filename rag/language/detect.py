"""In which language a question is asked, as far as its answer can be framed in it."""

from collections import Counter
from collections.abc import Sequence

from index.records import Document
from index.text.words import words

_NAMES = {
    "ar": "Arabic", "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "fr": "French", "he": "Hebrew",
    "hi": "Hindi", "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "pt": "Portuguese",
    "ru": "Russian", "th": "Thai", "zh": "Chinese",
}  # fmt: skip
# Words that no English question has; a language model for whole texts errs on six words.
_SPANISH = frozenset(
    "qué cuál cuáles cuándo cuánto cuánta cuántos cuántas cómo dónde quién quiénes por para según los las del "
    "una unos unas el la en y o es son fue fueron era eran está están ha han hay se su sus al con sin sobre "
    "entre desde hasta que como más pero porque también este esta estos estas ese esa eso lo le les un de cual "
    "cuales cuando cuanto cuantos quien donde hola gracias adios ayuda saludos buenos buenas dias tardes noches "
    "articulo articulos documentos tienes puedes resumen".split()
)
_SHARED = frozenset(
    "de la los las el en un y o es son se sin como al con le lo a del san no me les sur".split()
)  # also in names, or in French
_OWN = _SPANISH - _SHARED
_ASKING = frozenset(
    "qué cuál cuáles cual cuales cuándo cuando cuánto cuanto cuántos cuantos quién quien dónde como".split()
)


def language_of(question: str) -> str:
    """`es` or `en`, which stands for every other language."""
    spoken = [word.text for word in words(question)]
    if "¿" in question or "¡" in question or (spoken and spoken[0] in _ASKING):
        return "es"
    telling = sum(word in _SPANISH for word in spoken)
    own = sum(word in _OWN for word in spoken)
    return "es" if own and 3 * telling >= len(spoken) else "en"


def grammar_of(language: str) -> frozenset[str]:
    """Words that say nothing by themselves, in lower case with accents; those of English are index.text.stop_words."""
    return _SPANISH if language == "es" else frozenset()


def name_of(language: str) -> str:
    """The English name of a language, as far as it is known; else its ISO 639-1 code."""
    return _NAMES.get(language, language)


def other_language(language: str, documents: Sequence[Document]) -> str:
    """The name of the language that most of the documents are in, where it is not the question's; else ""."""
    spoken = Counter(document.language for document in documents if document.language)
    most = spoken.most_common(1)
    return name_of(most[0][0]) if most and most[0][0] != language else ""
