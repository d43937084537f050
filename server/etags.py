"""Entity tags (RFC 9110): whether a client has the reply already."""

from typing import Annotated

from fastapi import Header, Response

from server.openapi import Responses

Tag = str
IfNoneMatch = Annotated[str, Header(description="entity tags of what the client has")]
NOT_MODIFIED: Responses = {304: {"description": "The client has it"}}


def strong(value: str) -> Tag:
    """Of a reply whose bytes the value names."""
    return f'"{value}"'


def has(if_none_match: str, tag: Tag) -> bool:
    """Whether the header names this tag; weak comparison, as RFC 9110 section 13.1.2 says."""
    return any(given.strip().removeprefix("W/") in (tag, "*") for given in if_none_match.split(","))


def unchanged(if_none_match: str, response: Response, tag: Tag) -> Response | None:
    """The reply to a client that has it; else None, and `response` bears the tag."""
    if has(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return None
