"""Serve answers to people and programs over HTTP.

a generation ──watch──▶ Live (one Assistant) ──▶ routes ──▶ schemas (the wire) ──▶ static/ (chat and article pages)
"""
