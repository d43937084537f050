"""Pydantic AI. pip: pydantic-ai-slim[openai,mcp]"""

from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider
from trial import NEXT, QUESTION, QUOTED_NEXT, V1, tried


class Cited(BaseModel):
    """An answer with its quotes."""

    answer: str
    quotes: list[str]


provider = OpenAIProvider(base_url=V1, api_key="any")
for name, model in (("chat", OpenAIChatModel), ("responses", OpenAIResponsesModel)):
    agent = Agent(model("quotewell", provider=provider), instructions="Be brief.")
    first = agent.run_sync(QUESTION)
    tried(name, first.output)
    tried(f"{name}: history", agent.run_sync(NEXT, message_history=first.all_messages()).output, QUOTED_NEXT)
    tried(f"{name}: schema by a tool", agent.run_sync(QUESTION, output_type=Cited).output.quotes)
    tried(f"{name}: native schema", agent.run_sync(QUESTION, output_type=NativeOutput(Cited)).output.quotes)
