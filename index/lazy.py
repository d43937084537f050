"""Functions of ours that are loaded at their first call, since what they import takes long and few need it."""

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any


def later(place: str) -> Callable[..., Any]:
    """What stands at `module:name`, found when it is called. Stands beside an import that only the type checker sees:

    if TYPE_CHECKING:
        from index.seeding import seed
    else:
        seed = later("index.seeding:seed")
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        return resolve_name(place)(*args, **kwargs)

    return call
