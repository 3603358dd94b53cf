"""The UI's own files: one style sheet, one script, one icon. Nothing is loaded from elsewhere."""

import hashlib
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "static"


@cache
def asset(name: str) -> str:
    """Return a file's address relative to /ui/, with a mark of its content: a new release is not read from a cache."""
    mark = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:12]
    return f"static/{name}?v={mark}"
