"""What may be written about mocks: which calls they answer, and with what."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, StrictInt, ValidationInfo, field_validator, model_validator

from midcall.connectors.enabled import closest
from midcall.domain.action import MAX_CALLS, snake
from midcall.domain.mock import (
    MAX_MESSAGE,
    MAX_MOCKS,
    MAX_MOCKS_BYTES,
    ActionAnswer,
    Mock,
    NotRecorded,
    Raised,
    Returned,
    size_of,
)
from midcall.service.actions.mocks import option_names
from midcall.service.code_form import ActionName
from midcall.service.fields import Form

_ANSWERS = ("returns", "raises", "not_recorded")


class RaisesForm(Form):
    """The ActionError that a call gets; `code` defaults to http_error with a status, to failed without."""

    message: Annotated[str, Field(max_length=MAX_MESSAGE)]
    status: StrictInt | None = Field(default=None, ge=100, le=999)
    body: JsonValue = None
    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")] | None = None

    def raised(self) -> Raised:
        """Return the failure that the mock answers with."""
        code = self.code or ("failed" if self.status is None else "http_error")
        return Raised(self.message, code, self.status, self.body)


class MockForm(Form):
    """One mock: a call of `action` whose options hold `when` gets `returns`, or an error as `raises` says."""

    action: ActionName = Field(description="a group such as airtable, or one action such as http.get")
    when: dict[str, JsonValue] = Field(
        default={},
        description="part of the call's options: an object may have more names there, a list no more items; "
        "a url may end in *, and ******** stands for anything",
    )
    returns: JsonValue = None
    raises: RaisesForm | None = None
    not_recorded: Literal["too_large", "abandoned"] | None = Field(
        default=None, description="in recordings: the answer was not kept, and the call fails with code not_recorded"
    )
    times: StrictInt | None = Field(default=None, ge=1, le=MAX_CALLS, description="default: for ever")

    @field_validator("when")
    @classmethod
    def _known_options(cls, when: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        # Without a known action there is a fault already.
        known = option_names(info.data["action"]) if "action" in info.data else frozenset(map(snake, when))
        unknown = next((name for name in when if snake(name) not in known), None)
        if unknown is not None:
            close = closest(snake(unknown), known)
            cure = f"did you mean {' or '.join(close)}?" if close else f"its options are: {', '.join(sorted(known))}"
            raise ValueError(f"{info.data['action']} has no option {unknown[:80]!r}; {cure}")
        return when

    @model_validator(mode="after")
    def _one_answer(self) -> Self:
        given = [name for name in _ANSWERS if name in self.model_fields_set]
        if len(given) != 1 or (given != ["returns"] and getattr(self, given[0]) is None):
            raise ValueError("give exactly one of returns and raises")
        return self

    def mock(self) -> Mock:
        """Return the mock that is written here."""
        answer: ActionAnswer = Returned(self.returns)
        if self.raises is not None:
            answer = self.raises.raised()
        elif self.not_recorded is not None:
            answer = NotRecorded(self.not_recorded)
        return Mock(self.action, answer, self.when, self.times)


def _not_too_large(forms: list[MockForm]) -> list[MockForm]:
    if size_of([form.mock().document() for form in forms]) > MAX_MOCKS_BYTES:
        raise ValueError(f"takes more than {MAX_MOCKS_BYTES // 1024} KiB in all; shorten what the mocks return")
    return forms


#: The mocks of one run.
MockForms = Annotated[list[MockForm], Field(max_length=MAX_MOCKS), AfterValidator(_not_too_large)]
