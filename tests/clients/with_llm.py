"""llm (command line). pip: llm"""

import os
from pathlib import Path

from trial import NEXT, QUESTION, QUOTED_NEXT, V1, run, tried

os.environ["LLM_USER_PATH"] = os.environ["HOME"]
Path(os.environ["HOME"], "extra-openai-models.yaml").write_text(
    f"- {{model_id: quotewell, model_name: quotewell, api_base: '{V1}', supports_schema: true}}\n"
)
tried("ask as a stream", run("llm", "-m", "quotewell", QUESTION))
tried("ask", run("llm", "-m", "quotewell", "--no-stream", QUESTION))
tried("go on", run("llm", "-c", NEXT), QUOTED_NEXT)
tried("schema", run("llm", "-m", "quotewell", "--schema", "answer, confidence float", QUESTION), '"confidence":')
