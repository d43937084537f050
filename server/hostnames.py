"""The names under which this server is reached: under which it answers agents, and what its links begin with.

A web page can point a name of its own at this machine (DNS rebinding) and then ask in the name of whoever reads it.
Such requests carry that name as their Host, so agents are served under addresses, loopback names and names from the
settings only. No header of a proxy is believed: behind one that ends TLS, the setting `origins` knows the scheme.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers

from index.errors import BadSetting
from index.settings import Settings

_EVERYWHERE = {"0.0.0.0", "::", ""}
_FOREIGN_NAME = "this server does not go by that name; put its address, as in https://name, into the setting `origins`"
_FOREIGN_PAGE = "pages of this origin may not ask here; see the server's setting `origins`"


class Names:
    """Under which names the server is reached, and from which pages."""

    def __init__(self, host: str, origins: str) -> None:
        """Of the settings `host` and `origins`. Raises BadSetting."""
        self.pages = allowed(origins)
        self._own = {"localhost", host.lower()}
        self._addresses = {_split(origin).netloc: origin for origin in self.pages.origins if "://" in origin}

    def refusal(self, headers: Headers) -> tuple[int, str] | None:
        """The status and why, or None for a request that is served."""
        host, origin = headers.get("host", "").lower(), headers.get("origin", "").lower()
        if "*" in self.pages.origins:
            return None
        name = _split(f"//{host}").hostname or ""
        if not (name in self._own or _is_address(name) or host in self._addresses):
            return 421, _FOREIGN_NAME
        if not (origin == "" or _split(origin).netloc == host or self._may_ask(origin)):
            return 403, _FOREIGN_PAGE
        return None

    def base_url(self, host: str, scheme: str) -> str:
        """For a client that sent this Host. The scheme is that of the settings, where they name the host."""
        return self._addresses.get(host.lower()) or f"{scheme}://{host}"

    def _may_ask(self, origin: str) -> bool:
        pattern = self.pages.pattern
        return origin in self.pages.origins or bool(pattern and re.fullmatch(pattern, origin))


def own_url(settings: Settings) -> str:
    """Where `quotewell serve` answers with these settings, whether or not it runs."""
    host = "127.0.0.1" if settings.host in _EVERYWHERE else settings.host
    port = settings.port or Settings.model_fields["port"].default
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _is_address(name: str) -> bool:
    """A page's own name is never one."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _split(url: str) -> SplitResult:
    """Nothing where it is no address at all."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


_LOCAL = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
_FROM_DISK = "null"  # what browsers send for a file; also for a sandboxed frame
_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::([0-9]{1,5}))?")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ADVICE = "an origin is scheme, host and port as in https://example.org or http://wiki.local:8080; others: local, null"


@dataclass(frozen=True, slots=True)
class Allowed:
    """Exact origins, `*` for all, and a pattern for many."""

    origins: tuple[str, ...]
    pattern: str | None


def allowed(setting: str) -> Allowed:
    """Of the setting `origins`: `*`, or a list of `local`, `null` and origins; nothing in it allows none.

    Raises BadSetting with the part that is no origin.
    """
    parts = [part for part in re.split(r"[,\s]+", setting) if part]
    if parts == ["*"]:
        return Allowed(("*",), None)
    local = "local" in parts
    exact = [_origin(part) for part in parts if part != "local"]
    return Allowed(tuple(dict.fromkeys([*exact, *([_FROM_DISK] if local else [])])), _LOCAL if local else None)


def _origin(part: str) -> str:
    """As browsers write it: in lower case, without the port that goes without saying."""
    if part == _FROM_DISK:
        return part
    found = _ORIGIN.fullmatch(part.lower())
    if found is None or int(found[3] or 0) > 65_535:
        raise BadSetting(f"the setting 'origins' holds {part!r}, which is no origin; {_ADVICE}, or * alone")
    port = "" if found[3] is None or int(found[3]) == _DEFAULT_PORTS[found[1]] else f":{int(found[3])}"
    return f"{found[1]}://{found[2]}{port}"
