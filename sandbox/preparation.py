"""What the child does while it waits and the pool says that the machine has nothing better to do.

A sandbox runs code without any of it: a handler's own imports then load what is not there yet. To load all of this at
every boot cost three times what the rest of a boot does, and under load most of it was never used.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import sys

TYPE_CHECKING = False  # as type checkers know it: `typing` itself costs each boot
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: What handlers often import, in steps: what is imported by one further on comes before it, so that no step is long.
MODULES = (
    "math", "datetime", "random", "string", "hashlib", "base64", "copy", "dataclasses", "typing", "inspect",
    "traceback", "threading", "queue", "decimal", "statistics", "urllib.parse", "uuid", "secrets", "hmac", "zoneinfo",
    "subprocess", "logging", "concurrent.futures", "ssl", "asyncio", "abc", "argparse", "array", "ast", "binascii",
    "bisect", "calendar", "collections", "colorsys", "contextlib", "csv", "difflib", "email.message", "email.utils",
    "enum", "fractions", "functools", "heapq", "html", "html.parser", "io", "ipaddress", "itertools", "json", "keyword",
    "locale", "operator", "pathlib", "pprint", "re", "shlex", "shutil", "struct", "tempfile", "textwrap", "time",
    "types", "unicodedata", "weakref", "xml.etree.ElementTree", "zlib",
)  # fmt: skip


def steps(rehearse: Callable[[], None]) -> Iterator[None]:
    """Take a step for each item: import one module after the other, open what first uses open, rehearse a run."""
    for name in MODULES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
        yield
    with contextlib.suppress(Exception):
        sys.modules["zoneinfo"].ZoneInfo("UTC")
    rehearse()
    gc.collect()
    gc.freeze()  # none of it goes before the process does: the collector need not look at it while the code runs
