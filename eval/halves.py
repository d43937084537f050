"""Which questions of a public set may be tuned on; the rest is only ever tested on.

squad2-dev-half splits by its articles (the first eight), timeqa-human by article (the first half in order of name),
every other set by even and odd place of its questions. Our gold files are split by file: *-dev may be tuned on.
"""

from eval.beir import BeirSet
from eval.gold import Question
from eval.sets import EvalSet

_SQUAD_ARTICLES = 8


def testing_questions(questions: EvalSet) -> list[Question]:
    """The other half: nothing was ever chosen by looking at it. Empty for a gold file named *-dev."""
    tuned = {question.id for question in tuning_questions(questions)}
    return [question for question in questions.questions if question.id not in tuned]


def tuning_questions(questions: EvalSet) -> list[Question]:
    """The half that fitting and sweeping see. Empty for a gold file that is not named *-dev."""
    if not isinstance(questions, BeirSet):
        return list(questions.questions) if questions.name.endswith("-dev") else []
    if questions.name == "squad2-dev-half":
        return [q for q in questions.questions if q.near and int(q.near[:2]) < _SQUAD_ARTICLES]
    if questions.name == "timeqa-human":
        articles = sorted({question.near for question in questions.questions})
        first = set(articles[: len(articles) // 2])
        return [question for question in questions.questions if question.near in first]
    return list(questions.questions[::2])
