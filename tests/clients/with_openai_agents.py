"""OpenAI's Agents SDK. pip: openai-agents"""

import asyncio

from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, set_tracing_disabled
from agents.mcp import MCPServerStreamableHttp
from openai import AsyncOpenAI
from pydantic import BaseModel
from trial import MCP, QUESTION, V1, tried


class Cited(BaseModel):
    answer: str
    quotes: list[str]


async def main() -> None:
    set_tracing_disabled(True)
    client = AsyncOpenAI(base_url=V1, api_key="any")
    for name, model in (("chat", OpenAIChatCompletionsModel), ("responses", OpenAIResponsesModel)):
        speaks = model(model="quotewell", openai_client=client)
        tried(name, (await Runner.run(Agent(name="a", model=speaks), QUESTION)).final_output)
        typed = Agent(name="a", model=speaks, output_type=Cited)
        tried(f"{name}: schema", (await Runner.run(typed, QUESTION)).final_output.quotes)
    async with MCPServerStreamableHttp(params={"url": MCP}) as server:
        tried("MCP tools", await server.call_tool("ask", {"question": QUESTION}))


asyncio.run(main())
