"""Turn files into something searchable, keep it safe, search it.

files ──formats──▶ Document ──split──▶ Passage ──embed──▶ store (the truth) ──▶ generation (the cache) ──▶ Index
"""
