"""Whose work this thread or task does: what waits for something scarce waits in its owner's line."""

from contextvars import ContextVar

#: A workspace's id; before it is known whose a key is, the key's; empty where it is midcall's own.
OWNER: ContextVar[str] = ContextVar("owner", default="")
