"""POST /v1/check: what the articles say of every sentence of a text that somebody, or a language model, wrote."""

from functools import partial
from time import perf_counter
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import Field

from index.errors import BadInput, BadQuestion
from rag.answer_json import citation_fields
from rag.text_check.check import MOST_CHARACTERS, check_text, text_check_fields
from server.dependencies import Now
from server.openapi import problems
from server.schemas.base import Citation, Fields, IsoDate, Reply, Request, Text

MOST_CHECK_BYTES = 12 * MOST_CHARACTERS + 1_000  # a character is at most two escapes of six bytes in JSON


router = APIRouter(tags=["receipts"])


class TextToCheck(Request):
    """A text of at most 200 sentences; they are split here."""

    text: Annotated[Text, Field(min_length=1, max_length=MOST_CHARACTERS)] = Field(
        examples=["The El Chamizal dispute was resolved peacefully in 1967."]
    )
    as_of: IsoDate | None = Field(None, description="check as if articles published later did not exist")


class Difference(Reply):
    """A name, number, date or negation of the sentence, and what the closest span has instead; "" for nothing."""

    said: str
    found: str


class CheckedSentence(Reply):
    """What the articles say of one sentence, at start:end (code points) of the text.

    supported: one span says it, with all its names, numbers and dates, and none of them otherwise. partly: spans speak
    of it, but do not say all of it, or say it otherwise. unsupported: none speaks of it. `citations` are the markers of
    these spans, best first. Supported does not mean true, and who did what to whom is not compared.
    """

    text: str
    start: int
    end: int
    state: Literal["supported", "partly", "unsupported", "not_a_claim"]
    citations: tuple[int, ...]
    missing: tuple[str, ...] = Field(description="names, numbers and dates found nowhere in the articles")
    elsewhere: tuple[str, ...] = Field(description="found in the articles, but in none of these spans")
    differs: tuple[Difference, ...]


class CheckedText(Reply):
    """The sentences in order, and every span that is named with one, once."""

    sentences: tuple[CheckedSentence, ...]
    citations: tuple[Citation, ...]
    index_version: str


@router.post("/v1/check", operation_id="check_text", response_model=CheckedText, responses=problems(400, 413, 422, 503))
def check(body: TextToCheck, response: Response, now: Now) -> Fields:
    """Say of every sentence of a text which verbatim spans support it, or what in it they do not say."""
    begin = perf_counter()
    index = now.index.as_of(body.as_of) if body.as_of else now.index
    try:
        found = check_text(body.text, index)
    except BadQuestion as error:
        raise BadInput(str(error)) from error  # there is no /question in this body to point at
    response.headers["Server-Timing"] = f"check;dur={(perf_counter() - begin) * 1000:.1f}"
    return text_check_fields(found, partial(citation_fields, basis=now.basis))
