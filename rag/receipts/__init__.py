"""What proves where a quote stands, and who checks it: `from rag.receipts import verify`."""

from rag.receipts.verify import verify

__all__ = ["verify"]
