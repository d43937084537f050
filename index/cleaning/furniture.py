"""Which lines are furniture of the page that an article stood on: to sign up, to share, credits, rights.

A sentence is furniture only where it says nothing particular: "Sign up for the course before 3 May" is what somebody
may ask for.
"""

import re

_ALWAYS = re.compile(  # credits and rights, whatever they say
    r"""(?: image\s+source\b.* | (?:image|photo|picture)s?\s*(?:credit|courtesy|by)?\s*:.* | photo(?:graph)?\s+by\b.*
      | webvtt\b.*
      | page\s+\d+(?:\s+of\s+\d+)? | advertisement
      | if\s+you\s+want\s+to\s+subscribe\b.* | (?:first\s+|originally\s+)?published\s*(?:in|on|at|by)?\s*:.*
      | (?:copyright\s+)?(?:©.*|\(c\)\s*\d{4}.*) | all\s+rights\s+reserved.*
      | (?:the\s+)?(?:views|opinions)(?:\s+and\s+(?:views|opinions))?\s+expressed\b.* )""",
    re.IGNORECASE | re.VERBOSE,
)
_INVITES = re.compile(  # to do something with the page
    r"""(?: subscribe\s+(?:to|now|for)\b.* | sign\s+up\s+(?:for|to|now)\b.*
      | (?:please\s+)?(?:enter\s+)?your\s+e-?mail\b.*
      | unlock\s+(?:articles|this|full|all)\b.* | become\s+a\s+(?:member|subscriber)\b.* | share\s+(?:this|on)\b.*
      | follow\s+us\b.* | read\s+(?:more|also|next)\b.{0,80} | related\s+(?:articles|posts|stories)\b.*
      | (?:click|tap)\s+here\b.* | log\s?in\b.{0,40} | (?:accept\s+)?(?:all\s+)?cookies\b.{0,40}
      | skip\s+to\s+(?:main\s+)?content | print\s+this\b.* | back\s+to\s+top )""",
    re.IGNORECASE | re.VERBOSE,
)
_OF_THE_PAGE = re.compile(
    r"""\b(?:newsletters?|inbox|articles?|unlimited|unrestricted|full\s+access|accounts?|logging\s+in|cookies|premium
      |e-?mail)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_PARTICULAR = re.compile(r"\d|(?<=\s)[^\W\d_a-z]\w")  # a number, or a name inside the line
_NUMBER = re.compile(r"\d")
_FURNITURE_CHARS = 160  # a longer line is prose that happens to begin like furniture
_LABEL_WORDS = 5  # what is longer and closed is a sentence


def is_furniture(text: str) -> bool:
    """Whether a line is of the page and not of the article."""
    if len(text) > _FURNITURE_CHARS:
        return False
    closed = text.rstrip("\"'”’»)").endswith((".", "!", "?"))
    sentence = closed and len(text.split()) > _LABEL_WORDS
    if _ALWAYS.fullmatch(text):
        return not (sentence and _PARTICULAR.search(text))
    if not _INVITES.fullmatch(text):
        return False
    particular = _PARTICULAR.search(text) if closed and not text.isupper() else _NUMBER.search(text)
    return not particular and (not sentence or bool(_OF_THE_PAGE.search(text)))
