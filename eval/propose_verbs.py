"""Verbs whose past, participle and base the question rules know: a question changes the form of its verb."""

from typing import NamedTuple


class Verb(NamedTuple):
    """wrote, written, write"""

    past: str
    participle: str
    base: str


_REGULAR = (
    *("abandon", "abolish", "accept", "acquire", "adopt", "announce", "annex", "appoint", "approve", "arrest"),
    *("assassinate", "attack", "award", "bomb", "cancel", "capture", "cede", "close", "coin", "colonise", "colonize"),
    *("commission", "complete", "compose", "conquer", "construct", "convict", "create", "crown", "declare", "dedicate"),
    *("defeat", "demolish", "depose", "describe", "design", "designate", "destroy", "develop", "die", "discover"),
    *("dissolve", "divide", "elect", "enact", "end", "erect", "establish", "excommunicate", "execute", "exhibit"),
    *("exile", "expand", "formulate", "found", "graduate", "host", "impose", "inaugurate", "incorporate", "install"),
    *("introduce", "invade", "invent", "isolate", "join", "kill", "land", "launch", "liberate", "merge", "move"),
    *("name", "open", "ordain", "organise", "organize", "pass", "patent", "perform", "plant", "produce", "propose"),
    *("publish", "purchase", "receive", "record", "reject", "release", "relocate", "renovate", "repeal", "restore"),
    *("retire", "sack", "seize", "sponsor", "start", "suspend", "translate", "unveil", "visit"),
)
_IRREGULAR = (
    ("banned", "banned", "ban"),
    ("became", "become", "become"),
    ("began", "begun", "begin"),
    ("bought", "bought", "buy"),
    ("built", "built", "build"),
    ("drew", "drawn", "draw"),
    ("entered into force", "entered into force", "enter into force"),
    ("expelled", "expelled", "expel"),
    ("fell", "fallen", "fall"),
    ("fought", "fought", "fight"),
    ("held", "held", "hold"),
    ("laid", "laid", "lay"),
    ("lost", "lost", "lose"),
    ("made", "made", "make"),
    ("married", "married", "marry"),
    ("occupied", "occupied", "occupy"),
    ("overthrew", "overthrown", "overthrow"),
    ("ratified", "ratified", "ratify"),
    ("rebuilt", "rebuilt", "rebuild"),
    ("sank", "sunk", "sink"),
    ("sold", "sold", "sell"),
    ("took effect", "taken effect", "take effect"),
    ("withdrew", "withdrawn", "withdraw"),
    ("won", "won", "win"),
    ("wrote", "written", "write"),
)


def _regular(base: str) -> Verb:
    past = f"{base}d" if base.endswith("e") else f"{base}ed"
    return Verb(past, past, base)


VERBS = (*map(_regular, _REGULAR), *(Verb(*forms) for forms in _IRREGULAR))
BY_PAST = {verb.past: verb for verb in VERBS}
BY_PARTICIPLE = {verb.participle: verb for verb in VERBS}
PASTS = "|".join(BY_PAST)
PARTICIPLES = "|".join((*BY_PARTICIPLE, "born", "baptised", "baptized", "buried", "signed"))
# a date is enough behind these: "When did the bridge open?"
ALONE = frozenset(
    (
        *("die", "open", "close", "end", "start", "begin", "retire", "fall", "merge", "dissolve", "sink", "withdraw"),
        *("take effect", "enter into force"),
    )
)
# whoever does this is asked for with "who"
AGENTIVE = "|".join(
    BY_PARTICIPLE[name].past
    for name in (
        *("founded", "written", "invented", "discovered", "composed", "designed", "established", "built", "created"),
        *("published", "proposed", "introduced", "coined", "conquered", "defeated", "assassinated", "killed", "won"),
        *("developed", "launched", "appointed", "commissioned", "captured", "destroyed", "crowned", "translated"),
        *("overthrown", "invaded", "occupied", "patented", "constructed", "attacked", "formulated", "banned"),
    )
)
