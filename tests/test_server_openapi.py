"""The committed interface description is what the server publishes, and the server keeps to it whatever is sent."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from requests import Session
from schemathesis.specs.openapi.checks import positive_data_acceptance

from index.settings import load_settings
from server.app import create_app
from tests import make
from tests.browsing import serving

COMMITTED = Path(__file__).parent.parent / "docs" / "openapi.json"
EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "8"))  # requests made up for each operation
UNSAID: list[Any] = [positive_data_acceptance]  # no schema can say that blanks are no question


def published() -> str:
    return json.dumps(create_app(load_settings()).openapi(), ensure_ascii=False, indent=1) + "\n"


def test_the_committed_description_is_the_published_one() -> None:
    """UPDATE_GOLDEN=1 writes it; a difference is a change that programs will notice."""
    if "UPDATE_GOLDEN" in os.environ:
        COMMITTED.write_text(published(), encoding="utf-8")
    assert COMMITTED.read_text(encoding="utf-8") == published()


def test_every_operation_has_a_name_a_tag_and_declared_errors() -> None:
    described = json.loads(COMMITTED.read_text(encoding="utf-8"))
    operations = [one for path in described["paths"].values() for one in path.values()]
    assert len({one["operationId"] for one in operations}) == len(operations)
    assert all("default" in one["responses"] and one["tags"] for one in operations)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server over three small articles."""
    names = {"ferry": "ferry", "comet": "comet", "energy/2025": "2025"}
    texts = {path: f"The {name} leaves at nine. It takes 61 hours. Nobody knows why." for path, name in names.items()}
    app = create_app(make.indexed(tmp_path_factory.mktemp("contract"), texts))
    with serving(app) as address:
        yield address


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """One connection for all requests."""
    with Session() as session:
        yield session


def without_keys() -> dict[str, Any]:
    """The committed description, as of a server that needs no key, which the one of these tests is."""
    told: dict[str, Any] = json.loads(COMMITTED.read_text("utf-8"))
    del told["servers"]  # which would count from a file
    for operations in told["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)
    return told


described = schemathesis.openapi.from_dict(without_keys())


@described.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)
def test_every_reply_keeps_to_the_description_whatever_is_sent(
    case: schemathesis.Case[Any], origin: str, session: Session
) -> None:
    """No 500, only declared statuses and content types, bodies that fit their schemas, 405 with a true Allow."""
    case.call_and_validate(base_url=origin, session=session, excluded_checks=UNSAID, timeout=60)
