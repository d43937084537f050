"""Answer a question from the hits of an index, only in quotes with citations, or say that the articles do not say."""

from rag.answer import Answer, Citation
from rag.assistant import Assistant, open_assistant

__all__ = ["Answer", "Assistant", "Citation", "open_assistant"]
