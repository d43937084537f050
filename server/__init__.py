"""Serve answers to people and programs over HTTP.

index.storage.generation ──watch──▶ Live (one Assistant) ──▶ routes ──▶ schemas (the wire) ──▶ static/ (the pages)
"""
