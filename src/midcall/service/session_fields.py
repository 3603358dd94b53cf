"""The session body that a caller sends for a run of its own."""

from typing import Any

from pydantic import ConfigDict, Field

from midcall.domain.phases import Phase
from midcall.service.fields import Form


class SessionFields(Form):
    """Fields of a session body that midcall reads; all others pass through to the function unchanged."""

    model_config = ConfigDict(extra="allow", frozen=True)

    phase: Phase | None = None
    session_id: str | None = Field(default=None, alias="sessionId", min_length=1, max_length=200)
    dynamic_variables: dict[str, Any] = Field(default={}, alias="dynamicVariables")

    def body(self) -> dict[str, Any]:
        """Return the fields as they were sent, but for the phase, which midcall sets itself."""
        return self.model_dump(by_alias=True, exclude={"phase"}, exclude_unset=True)
