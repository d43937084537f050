"""Which sentences of somebody's text the articles support."""
