"""What may be written about a test run: of which version, with what, and how its actions are rehearsed."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, StrictBool, StrictInt, ValidationError

from midcall.domain.errors import InvalidInput
from midcall.domain.invocation import Purpose
from midcall.domain.mock import Rehearsal
from midcall.domain.phases import Phase
from midcall.service.actions.mock_form import MockForms
from midcall.service.fields import Form, faults_of
from midcall.service.runs.submit import InvocationRequest
from midcall.service.session_fields import SessionFields

VersionNumber = Annotated[StrictInt, Field(ge=1, le=2**31 - 1)]


class RunForm(Form):
    """Try a version out; `version` defaults to the latest approved one."""

    version: VersionNumber | None = None
    session: SessionFields = SessionFields()
    params: dict[str, Any] = Field(default={})
    mocks: MockForms = Field(default=[], description="answers that stand in for those of actions; the first that fits")
    record: StrictBool = Field(default=False, description="answer with what the actions were answered, as mocks")
    dry: StrictBool = Field(default=False, description="what no mock answers fails; nothing leaves midcall")

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """Read one from a document; raises InvalidInput with every fault's path."""
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            raise InvalidInput(faults=list(faults_of(error))) from error

    def rehearsal(self) -> Rehearsal | None:
        """Return what is mocked and recorded, if anything is."""
        mocks = tuple(form.mock() for form in self.mocks)
        wanted = Rehearsal(mocks, record=self.record, dry=self.dry)
        return None if wanted == Rehearsal() else wanted

    def call(self, call_id: str, function: str, *, trace_id: str | None = None) -> InvocationRequest:
        """Return the call that it asks for."""
        return InvocationRequest(
            id=call_id,
            function=function,
            purpose=Purpose.TEST,
            params=self.params,
            session=self.session.body(),
            phase=self.session.phase or Phase.DURING_SESSION,
            version=self.version,
            trace_id=trace_id,
            rehearsal=self.rehearsal(),
        )
