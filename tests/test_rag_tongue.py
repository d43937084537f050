"""The promise of the question's language: Spanish is known by its own words, everything else is framed in English."""

import pytest

from index.records import Document
from rag.language.detect import language_of, other_language
from tests import make

SPANISH = (
    "¿Qué es el T-MEC?",
    "Qué dijo Sheinbaum sobre los aranceles",
    "cuándo empezó la guerra entre México y Estados Unidos",
    "cuanto exporta mexico a los estados unidos",
    "quién es Marco Rubio",
    "¿Y sus importaciones?",
    "Por qué preocupa la reforma judicial a los inversionistas",
    "la respuesta del gobierno a los aranceles que impuso Trump",
)
ENGLISH = (
    "What did Sheinbaum say about the tariffs?",
    "Who is Andrés Manuel López Obrador?",
    "Who is Juan Ramon de la Fuente?",
    "el chamizal dispute",
    "Los Angeles protests",
    "La Trobe University",
    "mexico exports us share",
    "Does Mexico have a consulate in San Diego?",
    "Was sagt Sheinbaum zu den Zöllen?",
    "USMCA",
    "312,000",
    "?",
)


@pytest.mark.parametrize("question", SPANISH)
def test_spanish_questions_are_known_with_and_without_marks(question: str) -> None:
    assert language_of(question) == "es"


@pytest.mark.parametrize("question", ENGLISH)
def test_names_from_spanish_do_not_make_a_question_spanish(question: str) -> None:
    assert language_of(question) == "en"


def test_no_language_is_read_off_nothing() -> None:
    assert language_of("") == "en"


def written_in(language: str) -> Document:
    return make.document(language=language)


def test_the_language_of_the_articles_is_named_only_where_it_is_another() -> None:
    english, spanish, unknown = map(written_in, ("en", "es", ""))
    assert other_language("es", [english, english, spanish]) == "English"
    assert other_language("en", [english, english, spanish]) == ""
    assert other_language("es", [unknown]) == other_language("es", []) == ""
