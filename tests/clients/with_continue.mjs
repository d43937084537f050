// Continue (command line). npm: @continuedev/cli
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { QUESTION, V1, tried } from "./trial.mjs";

writeFileSync("config.yaml", `name: local
version: 1.0.0
schema: v1
models:
  - {name: quotewell, provider: openai, model: quotewell, apiBase: "${V1}", apiKey: any}
`);
const done = spawnSync("node_modules/.bin/cn", ["--config", "config.yaml", "-p", QUESTION], { encoding: "utf8" });
tried("refused, and told why: it sends tools with every question", done.stdout + done.stderr, "never called here");
