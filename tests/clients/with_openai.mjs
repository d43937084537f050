// openai (Node). npm: openai zod
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { NEXT, QUESTION, QUOTED_NEXT, V1, tried } from "./trial.mjs";

const client = new OpenAI({ baseURL: V1, apiKey: "any" });
const model = "quotewell";
const messages = [{ role: "user", content: QUESTION }];
const cited = z.object({ answer: z.string(), quotes: z.array(z.string()) });
const models = [];
for await (const one of client.models.list()) models.push(one.id);
tried("models", models, model);
tried("chat", await client.chat.completions.create({ model, messages }));
tried("stream", await client.chat.completions.stream({ model, messages }).finalContent());
const response_format = zodResponseFormat(cited, "cited");
tried("schema", (await client.chat.completions.parse({ model, messages, response_format })).choices[0].message.parsed);
const response = await client.responses.create({ model, input: QUESTION });
tried("responses", response.output_text);
const after = await client.responses.create({ model, input: NEXT, previous_response_id: response.id });
tried("previous response", after.output_text, QUOTED_NEXT);
tried("responses as events", (await client.responses.stream({ model, input: QUESTION }).finalResponse()).output_text);
const text = { format: zodTextFormat(cited, "cited") };
tried("responses by schema", (await client.responses.parse({ model, input: QUESTION, text })).output_parsed);
tried("embeddings", (await client.embeddings.create({ model, input: QUESTION })).data[0].embedding.length, "384");
tried("older completions", (await client.completions.create({ model, prompt: QUESTION })).choices[0].text);
