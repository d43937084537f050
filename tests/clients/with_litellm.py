"""LiteLLM. pip: litellm"""

import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it fetches a list of prices

import litellm
from trial import QUESTION, V1, tried

given = {"model": "openai/quotewell", "api_base": V1, "api_key": "any"}
asked = [{"role": "user", "content": QUESTION}]
tried("chat", litellm.completion(**given, messages=asked).choices[0].message.content)
stream = litellm.completion(**given, messages=asked, stream=True)
tried("stream", "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices))
tried("responses", litellm.responses(**given, input=QUESTION).output[0].content[0].text)
tried("embeddings", len(litellm.embedding(**given, input=[QUESTION]).data[0]["embedding"]), "384")
