"""Whatever JSON a vendor sends, a reader makes something of it or names the field that is wrong."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.deliveries import (
    elevenlabs_initiation,
    elevenlabs_post_call,
    retell_event,
    retell_function,
    retell_inbound,
    vapi_report,
    vapi_tool_calls,
)

from midcall.domain.errors import InvalidInput
from midcall.vendors import elevenlabs, retell, vapi

EXAMPLES = 60
SIGNATURE = "v=1,d=" + "0" * 64

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def mutated(value: Any, draw: st.DrawFn) -> Any:
    """Copy an example with some of its parts replaced by anything, or taken out."""
    if draw(st.integers(0, 9)) == 0:
        return draw(values)
    if isinstance(value, dict):
        return {name: mutated(each, draw) for name, each in value.items() if draw(st.integers(0, 14))}
    if isinstance(value, list):
        return [mutated(each, draw) for each in value]
    return value


def read_retell(body: Any) -> Any:
    """Read a function call."""
    return retell.function_call(body, "get_user_details", session=None, adapter="a", signature=SIGNATURE)


READERS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "retell function": (read_retell, retell_function()),
    "retell inbound": (lambda body: retell.inbound(body, adapter="a", signature=SIGNATURE), retell_inbound()),
    "retell event": (retell.event, retell_event("call_analyzed", call_analysis={})),
    "vapi tool calls": (vapi.message, vapi_tool_calls()),
    "vapi report": (vapi.message, vapi_report()),
    "elevenlabs tool": (lambda body: elevenlabs.tool_call(body, "f", {"x-conversation-id": "c"}), {"city": "x"}),
    "elevenlabs initiation": (elevenlabs.initiation, elevenlabs_initiation()),
    "elevenlabs post-call": (elevenlabs.post_call, elevenlabs_post_call()),
}


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
@settings(max_examples=EXAMPLES, deadline=None, database=None)
def test_any_json_is_read_or_refused(name: str, data: st.DataObject) -> None:
    """No other error; and what is read can be kept."""
    read, example = READERS[name]
    body = data.draw(st.composite(lambda draw: mutated(example, draw))())
    with contextlib.suppress(InvalidInput):
        json.dumps(read(body), default=lambda found: {slot: getattr(found, slot) for slot in found.__slots__})
