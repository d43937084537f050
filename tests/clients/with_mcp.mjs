// MCP's SDK (Node). npm: @modelcontextprotocol/sdk
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { MCP, QUESTION, STDIO, tried } from "./trial.mjs";

const [command, ...args] = STDIO;
const ways = { HTTP: new StreamableHTTPClientTransport(new URL(MCP)), stdio: new StdioClientTransport({ command, args }) };
for (const [way, transport] of Object.entries(ways)) {
  const client = new Client({ name: "trial", version: "1" });
  await client.connect(transport);
  tried(`${way}: tools`, (await client.callTool({ name: "ask", arguments: { question: QUESTION } })).structuredContent);
  const { resources } = await client.listResources();
  tried(`${way}: resources`, await Promise.all(resources.map(({ uri }) => client.readResource({ uri }))));
  const prompt = { name: "ask_with_sources", arguments: { question: QUESTION } };
  tried(`${way}: prompts`, await client.getPrompt(prompt), QUESTION);
  await client.close();
}
