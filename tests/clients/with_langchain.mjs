// LangChain (Node). npm: @langchain/openai @langchain/core zod
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { z } from "zod";
import { QUESTION, V1, joined, tried } from "./trial.mjs";

const given = { model: "quotewell", apiKey: "any", configuration: { baseURL: V1 } };
const chat = new ChatOpenAI(given);
const texts = async function* (chunks) { for await (const chunk of chunks) yield chunk.content; };
tried("invoke", (await chat.invoke(QUESTION)).content);
tried("stream", await joined(texts(await chat.stream(QUESTION))));
const schema = z.object({ answer: z.string(), quotes: z.array(z.string()) });
tried("schema", await chat.withStructuredOutput(schema).invoke(QUESTION));
tried("responses", (await new ChatOpenAI({ ...given, useResponsesApi: true }).invoke(QUESTION)).content);
tried("embeddings", (await new OpenAIEmbeddings(given).embedQuery(QUESTION)).length, "384");
