"""From a judged set to the policy of an index: every question is answered whatever its confidence, then judged.

An answer counts as wrong when no quote that it shows is right, or when the question has no answer.
"""

from dataclasses import asdict, dataclass
from typing import Any

from eval.scoring.certify import Certificate, JudgedAnswers, certify, least_answers
from eval.scoring.figures import judged_rows
from eval.scoring.run import Asker, OnQuestion, run
from eval.sets.sets import EvalSet, set_sha256
from index.errors import BadInput
from index.settings import Settings
from index.storage.generation import GenerationManifest
from index.verify import builder_as_built
from rag.policy import Policy, policy_json, scored_by
from rag.reading.reader import reader_files

RISK = 0.05
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class CertifiedSet:
    """What a set proves about the answers of one index."""

    certificate: Certificate
    set_name: str
    set_sha256: str
    index_version: str
    judged: JudgedAnswers  # for the reliability of the same answers
    notes: tuple[str, ...]


def answering_all(settings: Settings) -> Settings:
    """The same settings, but nothing is too unsure to be answered: what `calibrate` needs of its assistant."""
    return settings.model_copy(update={"threshold": 0.0})


def calibrate(
    assistant: Asker,
    questions: EvalSet,
    *,
    risk: float = RISK,
    level: float = LEVEL,
    progress: OnQuestion | None = None,
) -> CertifiedSet:
    """Ask all questions of an assistant opened with `answering_all`, and certify a threshold.

    Raises BadInput for a risk or level that is none and for a set that cannot say which quotes are right, and what
    `run` raises.
    """
    least_answers(risk, level)  # refuses what is no risk before minutes of asking
    measured = run(assistant, questions, progress=progress)
    judged = judged_rows(measured.rows)
    if not judged.questions:
        raise BadInput(f"{questions.name} says of no question which quote answers it; give a set with spans or answers")
    left_out = len(measured.rows) - judged.questions
    notes = (f"questions for which the set cannot say whether a quote is right; left out: {left_out}",)
    return CertifiedSet(
        certify(judged, risk=risk, level=level),
        questions.name,
        set_sha256(questions),
        measured.index_version,
        judged,
        (*measured.notes, *(notes if left_out else ())),
    )


def policy_of(found: CertifiedSet, settings: Settings, manifest: GenerationManifest) -> Policy:
    """The policy for the index that answered. Raises ValueError where nothing was certified."""
    certificate = found.certificate
    if not certificate.certified:
        raise ValueError("what is not certified is no policy")
    return Policy(
        threshold=certificate.threshold, risk=certificate.risk, level=certificate.level, bound=certificate.bound,
        set_name=found.set_name, set_sha256=found.set_sha256, questions=certificate.questions,
        answered=certificate.answered, wrong=certificate.wrong, calibrated_on=manifest.content,
        scored_by=scored_by(settings, reader_files(settings.reader, settings.answer_model).written),
    )  # fmt: skip


def keep_policy(settings: Settings, policy: Policy | None) -> GenerationManifest:
    """Store and publish the policy; None removes it. A running server answers by it within a second.

    Raises IndexMissing, IndexDamaged, IndexMismatch, ModelMissing and StoreBusy.
    """
    return builder_as_built(settings).keep_policy(policy_json(policy) if policy else "")


def text_of_calibration(found: CertifiedSet) -> str:
    """What was certified or what is missing, in sentences."""
    one = found.certificate
    promise = f"at most {_percent(one.risk)} of given answers wrong, with {_percent(one.level)} confidence"
    counts = (
        f"confidence {one.threshold:g} or more: {one.answered} of {one.questions} questions answered, {one.wrong} of "
        f"these answers wrong; their share is at most {_percent(one.bound)}"
    )
    head = f"{found.set_name} · {one.questions} judged questions · index {found.index_version}"
    said = [f"certified: {promise}", counts, "for questions like these; others may carry another risk"]
    if not one.certified:
        said = [f"not certified: {promise}", f"nearest is {counts}", _missing(one)]
    return "\n".join([head, "", *said, *(["", *found.notes] if found.notes else [])])


def json_of_calibration(found: CertifiedSet) -> dict[str, Any]:
    """The certificate with what it was made from, as JSON-able values."""
    origin = {"set": found.set_name, "set_sha256": found.set_sha256, "index_version": found.index_version}
    return {**origin, **asdict(found.certificate), "notes": list(found.notes)}


def _missing(one: Certificate) -> str:
    if one.needed is None:
        return (
            f"more questions like these will not help: where fewer than {_percent(one.risk)} of the answers are wrong, "
            "too few are answered, if any; state a larger risk, or mend what is answered wrongly"
        )
    return f"about {one.needed:,} more questions like these would be enough, with the same share of wrong answers"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
