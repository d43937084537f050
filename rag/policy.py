"""What decides whether an answer is given: the least confidence, and the risk that was certified with it.

A policy holds for the reader and search that it was calibrated with. Another reader's confidence is on another scale,
so under one the policy is refused, never quietly ignored.
"""

import json
from dataclasses import asdict, dataclass, fields
from hashlib import sha256

from index.errors import IndexMismatch
from index.settings import Settings
from index.storage.generation import GenerationManifest

_SCORING = ("reader", "fusion", "dense_weight", "depth", "max_quotes")  # settings that move confidences or quotes


@dataclass(frozen=True, slots=True)
class Policy:
    """At most `risk` of the answers given are wrong, with confidence `level`, for questions like those of the set."""

    threshold: float  # least confidence to answer; 0..1
    risk: float
    level: float
    bound: float  # Clopper-Pearson upper bound of the share of wrong answers; at most `risk`
    set_name: str
    set_sha256: str
    questions: int
    answered: int  # of the questions, with at least that confidence
    wrong: int  # of those answers
    calibrated_on: str  # Manifest.content: documents and recipe of the index that answered
    scored_by: str  # what gave the confidences; see `scored_by`


@dataclass(frozen=True, slots=True)
class InForce:
    """The policy that an assistant follows."""

    policy: Policy
    same_index: bool  # it was calibrated on these very documents, cut and embedded as they are


def scored_by(settings: Settings, weights: bytes) -> str:
    """16 hex digits over the reader, its weights, and the settings that shape what it is given and what it shows."""
    digest = sha256(weights)
    digest.update(json.dumps([getattr(settings, name) for name in _SCORING]).encode())
    digest.update(settings.reranker.encode())
    return digest.hexdigest()[:16]


def in_force(
    settings: Settings, manifest: GenerationManifest, default: float, weights: bytes
) -> tuple[float, InForce | None]:
    """The least confidence to answer, and the policy if it came from one: settings.threshold > policy > default.

    `weights` are the reader's, as they are written.

    Raises IndexMismatch for a policy that was calibrated with another reader or other search settings.
    """
    if settings.threshold is not None:
        return settings.threshold, None
    if not manifest.policy:
        return default, None
    policy = policy_from(manifest.policy)
    if policy.scored_by != scored_by(settings, weights):
        raise IndexMismatch(
            f"the policy of '{settings.data}' (at most {policy.risk:.4g} wrong, from {policy.set_name}) was calibrated "
            f"with another reader or with other values of {', '.join(_SCORING)}; calibrate again with: quotewell "
            f"eval calibrate SET --data {settings.data}, or drop it with: quotewell eval calibrate --remove"
        )
    return policy.threshold, InForce(policy, policy.calibrated_on == manifest.content)


def policy_json(policy: Policy) -> str:
    """Canonical: equal policies are equal bytes."""
    return json.dumps(asdict(policy), sort_keys=True, separators=(",", ":"))


def policy_from(text: str) -> Policy:
    """The inverse of `policy_json`. Raises IndexMismatch for the policy of a Quotewell that knows other fields."""
    given = json.loads(text)
    wanted = {field.name for field in fields(Policy)}
    if not isinstance(given, dict) or set(given) != wanted:
        raise IndexMismatch(
            "the index holds a policy of another Quotewell version; calibrate again with: quotewell eval calibrate "
            "SET, or drop it with: quotewell eval calibrate --remove"
        )
    return Policy(**given)
