"""A policy is read from the index as it was written, applies to the reader it was made with, and to no other."""

from dataclasses import replace

import pytest

from index.build import Builder
from index.embedding.embedder import HashEmbedder
from index.errors import IndexMismatch
from index.search import Index, open_index
from index.settings import Settings
from rag.policy import Policy, in_force, policy_from, policy_json, scored_by

WEIGHTS = b"of the reader"


@pytest.fixture
def policy(hash_index: Index, hash_settings: Settings) -> Policy:
    return Policy(
        threshold=0.8125,
        risk=0.05,
        level=0.95,
        bound=0.049,
        set_name="märz",
        set_sha256="ab" * 32,
        questions=147,
        answered=60,
        wrong=0,
        calibrated_on=hash_index.manifest.content,
        scored_by=scored_by(hash_settings, WEIGHTS),
    )


def reopened(settings: Settings) -> Index:
    return open_index(settings.data, settings, HashEmbedder())


def test_a_policy_comes_back_equal_and_equal_ones_are_equal_bytes(policy: Policy) -> None:
    assert policy_from(policy_json(policy)) == policy
    assert policy_json(policy) == policy_json(replace(policy))
    assert policy_json(policy) != policy_json(replace(policy, wrong=1))


def test_an_explicit_threshold_wins_over_the_policy_and_the_policy_over_the_readers_own(
    hash_builder: Builder, hash_index: Index, hash_settings: Settings, policy: Policy
) -> None:
    assert in_force(hash_settings, hash_index.manifest, 0.4, WEIGHTS) == (0.4, None)
    hash_builder.keep_policy(policy_json(policy))
    manifest = reopened(hash_settings).manifest
    threshold, found = in_force(hash_settings, manifest, 0.4, WEIGHTS)
    assert threshold == 0.8125
    assert found is not None and (found.policy, found.same_index) == (policy, True)
    said = hash_settings.model_copy(update={"threshold": 0.0})
    assert in_force(said, manifest, 0.4, WEIGHTS) == (0.0, None)


def test_after_a_document_changed_the_policy_stays_and_says_that_it_is_of_another_index(
    hash_builder: Builder, hash_index: Index, hash_settings: Settings, policy: Policy
) -> None:
    hash_builder.keep_policy(policy_json(policy))
    hash_builder.delete("ferry")
    threshold, found = in_force(hash_settings, reopened(hash_settings).manifest, 0.4, WEIGHTS)
    assert threshold == 0.8125
    assert found is not None and not found.same_index


@pytest.mark.parametrize("change", [{"fusion": "rrf"}, {"dense_weight": 0.25}, {"depth": 7}, {"max_quotes": 1}])
def test_a_policy_is_refused_under_settings_that_move_confidences_or_quotes(
    hash_builder: Builder, hash_settings: Settings, policy: Policy, change: dict[str, object]
) -> None:
    hash_builder.keep_policy(policy_json(policy))
    other = hash_settings.model_copy(update=change)
    manifest = reopened(hash_settings).manifest
    with pytest.raises(IndexMismatch, match=r"calibrate again with: quotewell eval calibrate SET .* --remove"):
        in_force(other, manifest, 0.4, WEIGHTS)
    assert in_force(other.model_copy(update={"threshold": 0.3}), manifest, 0.4, WEIGHTS) == (0.3, None)


def test_settings_that_move_neither_are_free(hash_settings: Settings) -> None:
    other = hash_settings.model_copy(update={"port": 1, "limit": 3, "threshold": 0.5, "data": hash_settings.data / "x"})
    assert scored_by(other, WEIGHTS) == scored_by(hash_settings, WEIGHTS)


def test_a_policy_is_refused_under_other_weights(
    hash_builder: Builder, hash_settings: Settings, policy: Policy
) -> None:
    hash_builder.keep_policy(policy_json(policy))
    with pytest.raises(IndexMismatch, match="another reader"):
        in_force(hash_settings, reopened(hash_settings).manifest, 0.4, b"of another reader")


@pytest.mark.parametrize("text", ['{"threshold": 0.5}', "[]", "3"])
def test_a_policy_with_other_fields_says_what_to_do(text: str) -> None:
    with pytest.raises(IndexMismatch, match="--remove"):
        policy_from(text)
