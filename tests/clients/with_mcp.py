"""MCP's SDK (Python). pip: mcp"""

import asyncio

from mcp import Client, StdioServerParameters
from trial import MCP, QUESTION, STDIO, tried


async def main() -> None:
    for way, server in (("HTTP", MCP), ("stdio", StdioServerParameters(command=STDIO[0], args=STDIO[1:]))):
        async with Client(server) as client:
            tried(f"{way}: tools", (await client.call_tool("ask", {"question": QUESTION})).structured_content)
            uris = [one.uri for one in (await client.list_resources()).resources]
            tried(f"{way}: resources", [(await client.read_resource(uri)).contents for uri in uris])
            tried(f"{way}: prompts", await client.get_prompt("ask_with_sources", {"question": QUESTION}), QUESTION)


asyncio.run(main())
