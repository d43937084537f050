// MCP Inspector (command line). npm: @modelcontextprotocol/inspector
import { spawnSync } from "node:child_process";
import { MCP, QUESTION, STDIO, tried } from "./trial.mjs";

const run = (...words) => {
  const done = spawnSync("node_modules/.bin/mcp-inspector", ["--cli", ...words], { encoding: "utf8" });
  return done.stdout + done.stderr;
};
for (const [way, server] of Object.entries({ HTTP: [MCP, "--transport", "http"], stdio: STDIO })) {
  const ask = ["tools/call", "--tool-name", "ask", "--tool-arg", `question=${QUESTION}`];
  tried(`${way}: tools`, run(...server, "--method", ...ask));
  tried(`${way}: resources`, run(...server, "--method", "resources/list"), "quotewell://articles/");
  const prompt = ["prompts/get", "--prompt-name", "ask_with_sources", "--prompt-args", `question=${QUESTION}`];
  tried(`${way}: prompts`, run(...server, "--method", ...prompt), QUESTION);
}
