"""Entity tags (RFC 9110): whether a client has the reply already."""

Tag = str


def strong(value: str) -> Tag:
    """Of a reply whose bytes the value names."""
    return f'"{value}"'


def has(if_none_match: str, tag: Tag) -> bool:
    """Whether the header names this tag; weak comparison, as RFC 9110 section 13.1.2 says."""
    return any(given.strip().removeprefix("W/") in (tag, "*") for given in if_none_match.split(","))
