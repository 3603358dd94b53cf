"""Identifiers: a prefix that says what it is, then time, then chance, so that they sort by age."""

import secrets
import time


def new_id(prefix: str) -> str:
    """Make an id such as `inv_019a8f3c5d7e4b1f…`: 48 bits of milliseconds, then 80 random bits, in hex."""
    return f"{prefix}_{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"
