"""Identifiers: a prefix that says what it is, then time, then chance, so that they sort by age.

What is named by several of them at once is a value here, which alone knows how it is written as text.
"""

import secrets
import time
from dataclasses import dataclass
from typing import Self


def new_id(prefix: str) -> str:
    """Make an id such as `inv_019a8f3c5d7e4b1f…`: 48 bits of milliseconds, then 80 random bits, in hex."""
    return f"{prefix}_{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


def without_prefix(an_id: str) -> str:
    """Return the hexadecimal digits of an id."""
    return an_id.partition("_")[2] or an_id


@dataclass(frozen=True, slots=True)
class RunId:
    """One run: the number of a try within an attempt at an invocation, both from 1."""

    invocation: str
    attempt: int
    number: int

    def __str__(self) -> str:
        return f"{self.invocation}.{self.attempt}.{self.number}"

    @classmethod
    def of(cls, text: str) -> Self:
        """Read what `str` wrote; raises ValueError."""
        invocation, attempt, number = text.split(".")
        return cls(invocation, int(attempt), int(number))


@dataclass(frozen=True, slots=True)
class LeaseOwner:
    """A process that holds leases: its group, all of whose processes take turns, its host, and its number there."""

    group: str
    host: str
    process: int

    def __str__(self) -> str:
        return f"{self.beginning(self.group)}{self.host}:{self.process}"

    @staticmethod
    def beginning(group: str) -> str:
        """Return how the names of a group's processes begin, and no others."""
        return f"{group}@"
