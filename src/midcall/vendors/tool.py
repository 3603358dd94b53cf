"""A function as a tool: what an agent may know of it, before any vendor's format."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from midcall.domain.jsonvalue import Json

#: A client that gives up at the same moment as midcall tells its LLM nothing: the way back takes time too.
GRACE_MS = 2_000


@dataclass(frozen=True, slots=True)
class Speech:
    """The texts around a call, as the author wrote them; one of `started` is picked each time."""

    started: tuple[str, ...] = ()
    #: When the call fails, whatever the cause; texts by HTTP status come with the answer itself.
    failed: str | None = None
    #: At once, in place of a result that comes later.
    returned: str | None = None
    #: Something is said while the call runs, one of `started` or what the agent finds (`domain/speech.py`).
    during: bool = False
    after: bool = True


@dataclass(frozen=True, slots=True)
class Tool:
    """One function. Its schemas are those of `midcall.domain.visible`: no reference, nothing that is hidden."""

    name: str
    title: str
    description: str
    parameters: Mapping[str, Any]
    output: Mapping[str, Any] | None = None
    #: Whether midcall sees to it that every result keeps the output schema.
    output_kept: bool = False
    timeout_ms: int = 120_000
    speech: Speech = Speech()
    background: bool = False
    #: Variable name to path in the result, as the author wrote it.
    response_variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def client_timeout_ms(self) -> int:
        """How long whoever calls should wait: until midcall's own answer to a call that timed out has arrived."""
        return self.timeout_ms + GRACE_MS

    @property
    def execution(self) -> Json:
        """The facts that whoever carries out a call needs, times in seconds; no LLM is shown them."""
        return {
            "timeout": self.timeout_ms // 1000,
            "client_timeout": self.client_timeout_ms // 1000,
            "background": self.background,
            "started": list(self.speech.started),
            "speak_during_execution": self.speech.during,
            "speak_after_execution": self.speech.after,
        }


#: Stands in URLs for the id of an adapter that was not named.
NO_ADAPTER = "ADAPTER_ID"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a vendor calls: the public URL of this installation, without a slash at its end, and an adapter's id."""

    public_url: str
    adapter: str | None = None

    @property
    def of_adapter(self) -> str:
        """URL of the adapter, for vendors that send all calls to one place."""
        return f"{self.public_url}/v1/adapters/{self.adapter or NO_ADAPTER}"

    def of_function(self, name: str) -> str:
        """URL of one function behind the adapter."""
        return f"{self.of_adapter}/functions/{name}"


class Unfit(Exception):
    """A tool that a format has no way to write; `loc` is the field's path in the function, `msg` the cure."""

    def __init__(self, loc: str, msg: str) -> None:
        self.loc, self.msg = loc, msg
        super().__init__(f"{loc}: {msg}")


@dataclass(frozen=True, slots=True)
class ToolNote:
    """A part of a tool that a format has no place for, though the tool can be written without it."""

    loc: str
    msg: str


def late(tool: Tool, longest_ms: int, vendor: str) -> tuple[ToolNote, ...]:
    """Tell that a vendor gives up before midcall has answered; a call in the background is answered at once."""
    if tool.background or tool.client_timeout_ms <= longest_ms:
        return ()
    most = (longest_ms - GRACE_MS) // 1000
    text = f"{vendor} waits {longest_ms // 1000} s at most, and midcall's answer may come later"
    return (ToolNote("timeout", f"{text}; set timeout to {most} or less"),)


@dataclass(frozen=True, slots=True)
class ExportedTool:
    """A tool in a vendor's format, and what was lost on the way."""

    document: Json
    notes: tuple[ToolNote, ...] = ()
