// Vercel's AI SDK. npm: ai @ai-sdk/openai @ai-sdk/openai-compatible zod
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embed, generateText, Output, streamText } from "ai";
import { z } from "zod";
import { NEXT, QUESTION, QUOTED_NEXT, V1, joined, tried } from "./trial.mjs";

const openai = createOpenAI({ baseURL: V1, apiKey: "any" });
const compatible = createOpenAICompatible({ name: "quotewell", baseURL: V1, apiKey: "any", supportsStructuredOutputs: true });
const schema = z.object({ answer: z.string(), quotes: z.array(z.string()), confidence: z.number().nullable() });
const ways = { responses: openai("quotewell"), chat: openai.chat("quotewell"), compatible: compatible("quotewell") };
for (const [way, model] of Object.entries(ways)) {
  tried(`${way}: text`, (await generateText({ model, prompt: QUESTION })).text);
  tried(`${way}: stream`, await joined(streamText({ model, prompt: QUESTION }).textStream));
  tried(`${way}: object`, (await generateText({ model, prompt: QUESTION, output: Output.object({ schema }) })).output);
}
const first = await generateText({ model: openai("quotewell"), prompt: QUESTION });
const messages = [{ role: "user", content: QUESTION }, ...first.response.messages, { role: "user", content: NEXT }];
tried("history", (await generateText({ model: openai("quotewell"), messages })).text, QUOTED_NEXT);
tried("sources", (await generateText({ model: openai.chat("quotewell"), prompt: QUESTION })).sources, "/documents/");
tried("embeddings", (await embed({ model: openai.embedding("quotewell"), value: QUESTION })).embedding.length, "384");
tried("older completions", (await generateText({ model: openai.completion("quotewell"), prompt: QUESTION })).text);
