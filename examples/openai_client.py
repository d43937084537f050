"""Ask Quotewell through the openai package: python examples/openai_client.py [QUESTION] [BASE_URL]

The base URL is that of a running `quotewell serve`; it may also stand in the environment as OPENAI_BASE_URL.
"""

import os
import sys
from collections.abc import Iterable

from openai import OpenAI
from openai.types.chat import ChatCompletionChunk, ChatCompletionUserMessageParam

QUESTION = "Which sectors gained from preferential access under the USMCA?"


def main(question: str = QUESTION, base_url: str = "") -> None:
    """Prints the answer as it comes, then its sources."""
    address = base_url or os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:8000/v1")
    asked: ChatCompletionUserMessageParam = {"role": "user", "content": question}
    with (
        OpenAI(base_url=address, api_key="not needed") as client,
        client.chat.completions.create(model="quotewell", messages=[asked], stream=True) as chunks,
    ):
        _show(chunks)


def _show(chunks: Iterable[ChatCompletionChunk]) -> None:
    for chunk in chunks:
        for choice in chunk.choices:
            print(choice.delta.content or "", end="", flush=True)
            for annotation in (choice.delta.model_extra or {}).get("annotations", ()):
                source = annotation["url_citation"]
                print(f"\n  {source['title']}\n  {source['url']}", end="")
    print()


if __name__ == "__main__":
    main(*sys.argv[1:3])
