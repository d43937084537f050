"""Instructor. pip: instructor"""

import instructor
from openai import OpenAI
from pydantic import BaseModel
from trial import QUESTION, V1, tried


class Cited(BaseModel):
    answer: str
    quotes: list[str]


for mode in (instructor.Mode.TOOLS, instructor.Mode.JSON, instructor.Mode.JSON_SCHEMA):
    create = instructor.from_openai(OpenAI(base_url=V1, api_key="any"), mode=mode).chat.completions.create
    asked = [{"role": "user", "content": QUESTION}]
    tried(f"mode {mode.name}", create(model="quotewell", messages=asked, response_model=Cited).quotes)
