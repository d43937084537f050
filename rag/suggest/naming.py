"""Names as they are printed, with and without titles: patterns, and the name in the form in which a question has it."""

import re

CAPITALISED = r"[^\W\d_a-z][\w’'-]*[^\W_]"
NAME = rf"(?>{CAPITALISED}(?: (?:(?:of|for|de|la|del|von|van) (?:the |la )?)?{CAPITALISED}){{0,4}})"
PERSON = rf"(?>{CAPITALISED}(?: (?:(?:de|la|del|von|van) )*{CAPITALISED}){{1,3}})(?! (?:de|la|del|von|van|of)\b)"
WHO = rf"(?P<who>(?:[Tt]he )?{NAME})(?!['’])"
ROLE = (
    r"president|minister|chancellor|director|chief|chairman|founder|leader|professor|author|analyst|economist|ambassador"
    r"|spokes(?:man|woman|person)|coach|senator|secretary|CEO|governor|mayor|officer|head|envoy|advis[eo]r|researcher"
    r"|critic|captain|manager|lawyer|journalist|actor|actress|singer|writer|scientist|historian|politician|player"
)
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
TITLE = re.compile(
    r"(?:(?:former|then|the|incoming|outgoing|current|new|acting|vice|deputy|U\.?S\.?|Mexican|American) |Former )*"
    r"(?:Vice President|President(?:-elect)?|Prime Minister|Foreign Minister|Minister|Secretary(?: of State)?|Senator"
    r"|Sen\.|Rep\.|Gov\.|Governor|Ambassador|Mayor|Judge|Justice|Dr\.?|Mr\.?|Ms\.?|Mrs\.?|Professor|Prof\.|General"
    r"|Director|Chancellor|King|Queen|CEO|Coach|Representative|Congress(?:man|woman)|Chairman|Chair|Sir|Captain) "
)
_NO_NAME = re.compile(  # opens a sentence like a name
    r"(?:According|After|All|Also|Although|Analysts|And|Another|April|As|At|August|Because|Before|Both|But|By"
    r"|Company|Critics|December|Despite|During|Each|Earlier|Even|Experts|February|Finally|For|Friday|From|He"
    r"|Her|Here|His|How|However|I|If|Image|In|It|Its|January|July|June|Last|Many|March|May|Meanwhile|Monday"
    r"|More|Most|My|Next|No|Not|November|Now|October|Officials|On|One|Other|Our|Over|Photo|Reciprocally|Report"
    r"|Reports|Researchers|Saturday|September|Several|She|Since|Some|Source|Study|Such|Sunday|That|The|Their"
    r"|Then|There|These|They|This|Those|Though|Thursday|Today|Tuesday|Two|Under|We|Wednesday|What|When|Where"
    r"|While|Who|Why|With|Yesterday|Yet|You|Your)\b"
)


def subject(printed: str) -> str:
    """The name without its title, "the" before it where it takes one; "" for what is no name."""
    bare = re.sub(r"^[Tt]he ", "", printed)
    if title := TITLE.match(bare):
        bare = bare[title.end() :]
    if not bare or _NO_NAME.match(bare) or re.search(r"['’]s?(?: |$)|^[^A-Z]", bare):
        return ""
    return f"the {bare}" if printed[:4].lower() == "the " and not title else bare
