"""What is said around a call: one reading of messages and flags, for calls, events and exports alike."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from midcall.domain.function_config import FunctionConfig, MessagesConfig


@dataclass(frozen=True, slots=True)
class Spoken:
    """The texts around a call, by a version's document and its attachment. `messages` are those of both."""

    messages: MessagesConfig
    #: Something is said while the call runs: one of those at its start, or what the agent finds by itself.
    during: bool
    #: The agent goes on by itself once the result is there.
    after: bool

    def pick(self) -> str | None:
        """Pick what is said at once, by chance."""
        return random.choice(self.messages.started) if self.messages.started else None  # noqa: S311 (nothing secret about it)


#: Nobody speaks: there is no conversation before a session and after it.
SILENT = Spoken(MessagesConfig(), during=False, after=False)


def spoken(config: FunctionConfig, attached: Mapping[str, Any] | None) -> Spoken:
    """Read a version's document with the messages that its attachment has in place of its own.

    A text for the time while it runs asks for speaking then, whatever the flag says.
    """
    messages = config.messages.overridden(attached)
    during = config.speak_during_execution or bool(messages.started)
    return Spoken(messages, during=during, after=config.speak_after_execution)
