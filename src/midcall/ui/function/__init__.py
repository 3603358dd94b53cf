"""The page of one function, in parts: editor, review, versions, tests, assistant. `pages/function.py` mounts them.

Parts know each other by `opened.OpenFunction` alone.
"""
