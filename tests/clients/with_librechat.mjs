// LibreChat's agents (what its server runs). npm: @librechat/agents @langchain/core
import { HumanMessage } from "@langchain/core/messages";
import { Providers, Run } from "@librechat/agents";
import { QUESTION, V1, tried } from "./trial.mjs";

const model = { model: "quotewell", apiKey: "any", configuration: { baseURL: V1 } };
const llmConfig = { provider: Providers.OPENAI, ...model };
const run = await Run.create({
  runId: "1", returnContent: true, graphConfig: { type: "standard", instructions: "Be brief.", llmConfig },
});
const given = { runId: "1", streamMode: "values", version: "v2", configurable: { thread_id: "1" } };
const said = await run.processStream({ messages: [new HumanMessage(QUESTION)] }, given);
tried("chat", said);
for (const titleMethod of ["completion", "structured"]) {
  const wanted = { provider: Providers.OPENAI, inputText: QUESTION, contentParts: said, clientOptions: model, titleMethod };
  tried(`title by ${titleMethod}`, await run.generateTitle(wanted), "Which sectors");
}
