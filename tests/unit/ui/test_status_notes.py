"""What a list says of a call besides its status."""

from dataclasses import replace
from typing import Any

import pytest

from midcall.domain.function_config import Kind
from midcall.domain.invocation import Purpose
from midcall.domain.phases import Phase
from midcall.domain.run_status import InvocationStatus
from midcall.domain.times import now_ms
from midcall.storage.listings import InvocationLine
from midcall.ui.parts.cells import status_note


@pytest.fixture
def line() -> InvocationLine:
    """Give a call whose first attempt has failed and whose next one is due in an hour."""
    fields: dict[str, Any] = dict.fromkeys(InvocationLine.__slots__)
    of_a_call = {"purpose": Purpose.BACKGROUND, "phase": Phase.POST_SESSION, "kind": Kind.CODE}
    return InvocationLine(
        **fields | of_a_call | {"status": InvocationStatus.QUEUED, "attempt": 1, "due_at": now_ms() + 3_700_000}
    )


def test_a_call_that_is_tried_again_says_when(line: InvocationLine) -> None:
    """And which attempt has failed."""
    assert status_note(line) == "attempt 1 failed, again in 1 hour"


def test_a_call_that_is_due_or_runs_says_which_attempt_it_is_if_it_is_not_the_first(line: InvocationLine) -> None:
    """Nothing of the first."""
    assert status_note(replace(line, due_at=now_ms() - 1)) == ""
    assert status_note(replace(line, status=InvocationStatus.RUNNING, attempt=2)) == "attempt 2"
