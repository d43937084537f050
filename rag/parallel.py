"""Which words of two phrases stand for one another: "trade with China" and "Canada" differ in their last word."""

import re

_LONGEST_PART = 7  # words, of what stands on one side of "versus"
DETERMINERS = {"the", "a", "an", "its", "their", "his", "her", "our", "el", "la", "los", "las"}
_FUNCTION = {
    *("to", "from", "in", "with", "on", "for", "by", "at", "of", "under", "during", "since", "after", "before", "as"),
    *("is", "are", "was", "were", "do", "does", "did", "go", "goes", "went", "has", "have", "had", "will", "would"),
    *("come", "comes", "came", "en", "de", "con", "para", "per", "over", "between"),
}
POSSESSIVE = re.compile(r"\w(?:['’]s|s['’])$")


def alike(first: list[str], second: list[str]) -> bool:
    """Are both things of one kind? A lower case word in the singular could be anything, even a verb."""
    return bool((kinds(first[-1]) & kinds(second[-1])) - {"word"}) or (
        first[0].lower() == second[0].lower() and first[0].lower() in DETERMINERS | _FUNCTION
    )


def aligned(left: list[str], right: list[str]) -> tuple[int, int]:
    """How many words at the end of `left` and at the start of `right` are the two things set side by side."""
    sizes = [
        (a, b)
        for a in range(1, min(len(left), _LONGEST_PART) + 1)
        for b in range(1, min(len(right), _LONGEST_PART) + 1)
    ]
    return max(sizes, key=lambda size: (_parallel(left, right, *size), -abs(size[0] - size[1]), -size[0]))


def _parallel(left: list[str], right: list[str], a: int, b: int) -> float:
    first, second, rest = left[-a:], right[:b], right[b:]
    score = 2.0 * len(kinds(first[-1]) & kinds(second[-1])) + len(kinds(first[0]) & kinds(second[0]))
    score += (1.0 + sum(x == y for x, y in zip(first, second, strict=True))) if a == b else 0.0
    if first[0].lower() in _FUNCTION or second[0].lower() in _FUNCTION:
        score += 2 if first[0].lower() == second[0].lower() else -4
    if (first[0].lower() in DETERMINERS or POSSESSIVE.search(first[0])) and not second[0].istitle():
        score += 1 if second[0].lower() in DETERMINERS or POSSESSIVE.search(second[0]) else -2
    if a < len(left) and left[-a - 1].lower() in DETERMINERS and (second[0][:1].isupper() or second[0] in DETERMINERS):
        score -= 3  # "to the US" beside "Canada": the article belongs to the first side
    if a < len(left) and is_name(left[-a - 1]) and is_name(first[0]) and a + 1 < len(left):
        score -= 3  # a name would be cut in two
    if rest and is_name(rest[0]) and is_name(second[-1]):
        score -= 3
    if rest and rest[0].lower() not in _FUNCTION and not rest[0][0].isdigit():
        score -= 1
    return score


def kinds(word: str) -> set[str]:
    """How a word looks: parallel words look alike."""
    found = {"digit"} if word[0].isdigit() else {"name"} if word[0].isupper() else {"word"}
    if POSSESSIVE.search(word):
        found.add("possessive")
    elif len(word) > 3 and word.lower().endswith("s") and not word.lower().endswith(("ss", "us", "is")):
        found.add("plural")
    return found


def is_name(word: str) -> bool:
    return word[0].isupper() and not POSSESSIVE.search(word)
