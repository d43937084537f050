"""LlamaIndex. pip: llama-index-llms-openai-like llama-index-embeddings-openai-like"""

from llama_index.core.llms import ChatMessage
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel
from trial import QUESTION, V1, tried


class Cited(BaseModel):
    answer: str
    quotes: list[str]


given = {"model": "quotewell", "api_base": V1, "api_key": "any"}
asked = [ChatMessage(role="user", content=QUESTION)]
for name, chats in (("older completions", False), ("chat", True)):
    llm = OpenAILike(**given, is_chat_model=chats)
    tried(name, llm.complete(QUESTION))
    tried(f"{name} as a stream", "".join(piece.delta or "" for piece in llm.stream_chat(asked)))
typed = OpenAILike(**given, is_chat_model=True, should_use_structured_outputs=True).as_structured_llm(Cited)
tried("schema", typed.complete(QUESTION))
embedder = OpenAILikeEmbedding(model_name="quotewell", api_base=V1, api_key="any")
tried("embeddings", len(embedder.get_text_embedding(QUESTION)), "384")
