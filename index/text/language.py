"""Which language a text is in; the home of py3langid."""

from functools import cache
from typing import Any

_LEAST_WORDS = 12  # below that a guess is worth nothing
_LEAST_SURE = 0.9


@cache
def _identifier() -> Any:
    # a third of a second of import, which nobody who only asks should pay
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def language(text: str) -> str:
    """ISO 639-1 code of the text's language, "" when it is too short to tell."""
    if len(text.split()) < _LEAST_WORDS:
        return ""
    return str(_identifier().classify(text[:4000])[0])


def foreign(text: str, home: str) -> bool:
    """Is this text surely in another language than `home`? Never when `home` is "", unknown."""
    if not home or len(text.split()) < _LEAST_WORDS:
        return False
    code, sure = _identifier().classify(text[:4000])
    return bool(sure >= _LEAST_SURE) and code != home
