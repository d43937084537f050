"""openai (Python). pip: openai"""

from openai import OpenAI
from pydantic import BaseModel
from trial import NEXT, QUESTION, QUOTED_NEXT, V1, tried


class Cited(BaseModel):
    answer: str
    quotes: list[str]


client = OpenAI(base_url=V1, api_key="any")
asked = [{"role": "user", "content": QUESTION}]
tried("models", [model.id for model in client.models.list()], "quotewell")
first = client.chat.completions.create(model="quotewell", messages=asked).choices[0].message
tried("chat", first.content)
tried("citations", [one.url_citation.url for one in first.annotations], "/documents/")
history = [*asked, {"role": "assistant", "content": first.content}, {"role": "user", "content": NEXT}]
tried("history", client.chat.completions.create(model="quotewell", messages=history), QUOTED_NEXT)
with client.chat.completions.stream(model="quotewell", messages=asked) as stream:
    tried("stream", stream.get_final_completion().choices[0].message.content)
parsed = client.chat.completions.parse(model="quotewell", messages=asked, response_format=Cited)
tried("schema", parsed.choices[0].message.parsed.quotes)
response = client.responses.create(model="quotewell", input=QUESTION)
tried("responses", response.output_text)
after = client.responses.create(model="quotewell", input=NEXT, previous_response_id=response.id)
tried("previous response", after.output_text, QUOTED_NEXT)
with client.responses.stream(model="quotewell", input=QUESTION) as events:
    tried("responses as events", events.get_final_response().output_text)
tried("responses by schema", client.responses.parse(model="quotewell", input=QUESTION, text_format=Cited).output_parsed)
tried("embeddings", len(client.embeddings.create(model="quotewell", input=QUESTION).data[0].embedding), "384")
tried("older completions", client.completions.create(model="quotewell", prompt=QUESTION).choices[0].text)
client.close()
