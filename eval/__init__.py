"""Measure the assistant through its own front door: judged questions in, figures with n and an interval out.

Import from the modules (`from eval.run import run`): a plain `import eval` would hide the builtin.
"""
