"""What may be written about an agent, as pydantic models."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, StrictInt, TypeAdapter, ValidationError

from midcall.domain.agent import Attachment, OnFailure
from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.function import NAME_PATTERN
from midcall.domain.phases import Phase
from midcall.service.fields import Form, Line, faults_of
from midcall.service.functions.form import Messages
from midcall.service.runs.form import VersionNumber

#: Names that stand in paths: a runtime's own ids and agents' names.
PathName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._:@+=~-]{0,199}$")]


class AttachmentForm(Form):
    """A function attached to an agent; `order` defaults to the place in the list."""

    function: Annotated[str, Field(pattern=NAME_PATTERN)]
    phase: Phase
    order: StrictInt | None = Field(default=None, ge=0, le=10_000)
    version: VersionNumber | None = None
    on_failure: OnFailure = OnFailure.CONTINUE
    messages: Messages | None = None
    timeout: StrictInt | None = Field(default=None, ge=1, le=600)

    def attachment(self, place: int) -> Attachment:
        """Return the attachment; messages hold what was said alone, the function's own stand for the rest."""
        messages = None if self.messages is None else self.messages.model_dump(mode="json", exclude_unset=True)
        return Attachment(
            function=self.function,
            phase=self.phase,
            order=place if self.order is None else self.order,
            version=self.version,
            on_failure=self.on_failure,
            messages=messages,
            timeout=self.timeout,
        )


class PutAgent(Form):
    """An agent, whole: what is not in `functions` is not attached any more."""

    version: Line = ""
    number: Line = ""
    functions: list[AttachmentForm] = Field(default=[], max_length=200)

    def attachments(self) -> list[Attachment]:
        """Return the attachments, each at its place."""
        return [each.attachment(place) for place, each in enumerate(self.functions)]


_NAME: TypeAdapter[str] = TypeAdapter(PathName)


def agent_name(name: str) -> str:
    """Check an agent's name; raises InvalidInput."""
    try:
        return _NAME.validate_python(name)
    except ValidationError as error:
        cure = "1-200 letters, digits, spaces and . _ : @ + = ~ -, a letter or digit first"
        raise InvalidInput(faults=[Fault("name", cure)]) from error


def parse_agent(document: Mapping[str, Any]) -> PutAgent:
    """Read an agent from a document; raises InvalidInput with every fault's path."""
    try:
        return PutAgent.model_validate(document)
    except ValidationError as error:
        raise InvalidInput(faults=list(faults_of(error))) from error
