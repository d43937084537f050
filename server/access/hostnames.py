"""The names under which this server is reached, what its links begin with, and which web pages may ask it.

A web page can point a name of its own at this machine (DNS rebinding) and then ask in the name of whoever reads it.
Such requests carry that name as their Host, so every request is served under known names only: loopback names, the host
that is listened on, the address that the connection came to, and those of the settings `hosts` and `public_url`. No
header of a proxy is believed but of those in the setting `proxies`, and only for who the client is.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from index.errors import BadSetting
from index.settings import Settings
from server.problems import WRONG_NAME, problem

_EVERYWHERE = {"0.0.0.0", "::", ""}
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:[0-9]{1,5})?")
_FOREIGN_NAME = (
    "this server does not go by the name in the Host header; put the name into the setting `hosts`, "
    "as in QUOTEWELL_HOSTS=articles.example"
)


class Names:
    """Under which names the server is reached, and from which pages."""

    def __init__(self, settings: Settings) -> None:
        """Raises BadSetting for what is no origin, no name or no address."""
        self.pages = allowed(settings.origins)
        self._public = _public(settings.public_url)
        self.below = _split(self._public).path  # of the public address, as it is sent
        names = _parts(settings.hosts)
        self._any = names == ["*"]
        self._own = {"localhost", settings.host.lower(), _split(self._public).hostname, *map(_name, names)}

    def knows(self, hosts: list[str], address: str) -> bool:
        """Of the Host headers of one request, and the local address that it came to."""
        found = _HOST.fullmatch(hosts[0].lower()) if len(hosts) == 1 else None
        name = found["name"].strip("[]") if found else ""
        return bool(name) and (self._any or name in self._own or name == address.lower() or is_loopback(name))

    def is_own_page(self, origin: str, host: str) -> bool:
        """Whether a page of this origin came from this server, which the request calls `host`."""
        sent, public = _split(origin.lower()), _split(self._public.lower())
        return bool(sent.netloc) and (
            sent.netloc == host.lower() or (sent.scheme, sent.netloc) == (public.scheme, public.netloc)
        )

    def may_ask(self, origin: str) -> bool:
        """Whether pages of this origin may, by the setting `origins`."""
        known, pattern = self.pages.origins, self.pages.pattern
        return "*" in known or origin.lower() in known or bool(pattern and re.fullmatch(pattern, origin.lower()))

    def base_url(self, host: str, scheme: str) -> str:
        """What links begin with, for a client that sent this known Host."""
        return self._public or f"{scheme}://{host}"


class KnownNames:
    """Refuses requests for another server's name, whatever their address."""

    def __init__(self, app: ASGIApp, names: Names) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = self._names.knows(Headers(scope=scope).getlist("host"), (scope.get("server") or ("",))[0])
        await (self._app if known else problem(scope, WRONG_NAME, _FOREIGN_NAME))(scope, receive, send)


def own_url(settings: Settings) -> str:
    """Where `quotewell serve` answers with these settings, whether or not it runs."""
    host = "127.0.0.1" if settings.host in _EVERYWHERE else settings.host
    port = settings.port or Settings.model_fields["port"].default
    return _public(settings.public_url) or (f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")


def is_local(settings: Settings) -> bool:
    """Whether nobody but this machine reaches the server, as far as the settings tell."""
    return is_loopback(settings.host) and not (settings.public_url or settings.proxies)


def trusted(proxies: str) -> list[str]:
    """Of the setting `proxies`: addresses and networks. Raises BadSetting."""
    for part in _parts(proxies):
        try:
            ip_network(part)
        except ValueError as error:
            raise BadSetting(f"the setting 'proxies' holds {part!r}; it is an address or a network: {error}") from error
    return _parts(proxies)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it; a name other than localhost is taken for one that others know."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _public(url: str) -> str:
    """Without a slash at its end; "" for none. Raises BadSetting."""
    split = _split(url)
    good = split.scheme in ("http", "https") and _HOST.fullmatch(split.netloc.lower())
    if url and (not good or split.query or split.fragment or not url.isascii() or not url.isprintable()):
        raise BadSetting(f"the setting 'public_url' is {url!r}; it is an address as in https://articles.example/path")
    return url.rstrip("/")


def _name(part: str) -> str:
    found = _HOST.fullmatch(part.lower())
    if found is None:
        raise BadSetting(f"the setting 'hosts' holds {part!r}; a host is a name as in articles.example, or * alone")
    return found["name"].strip("[]")


def _parts(setting: str) -> list[str]:
    return [part for part in re.split(r"[,\s]+", setting) if part]


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
    parts = _parts(setting)
    if parts == ["*"]:
        return Allowed(("*",), None)
    exact = [_origin(part) for part in parts if part != "local"]
    return Allowed(tuple(dict.fromkeys(exact)), _LOCAL if "local" in parts else None)


def _origin(part: str) -> str:
    """As browsers write it: in lower case, without the port that goes without saying."""
    if part == _FROM_DISK:
        return part
    found = _ORIGIN.fullmatch(part.lower())
    if found is None or int(found[3] or 0) > 65_535:
        raise BadSetting(f"the setting 'origins' holds {part!r}, which is no origin; {_ADVICE}, or * alone")
    port = "" if found[3] is None or int(found[3]) == _DEFAULT_PORTS[found[1]] else f":{int(found[3])}"
    return f"{found[1]}://{found[2]}{port}"
