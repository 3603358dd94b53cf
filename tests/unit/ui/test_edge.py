"""What passes the last look before the browser."""

import pytest

from midcall.ui.edge import is_call, kept_props
from midcall.ui.parts.scripts import called, handler


@pytest.mark.parametrize(
    "name", [":x", ":aria-label", "onclick", "onUpdate", "innerHTML", ".innerHTML", "^onclick", "srcdoc", "html", "v-x"]
)
def test_a_property_that_is_run_or_parsed_does_not_pass(name: str) -> None:
    """Whatever its value is; the others stay."""
    assert kept_props({name: "canary()", "aria-label": "a"}) == {"aria-label": "a"}


@pytest.mark.parametrize(
    "value", ["javascript:x", "JavaScript:x", "java\tscript:x", "\x01javascript:x", "data:text/html,x"]
)
def test_an_address_leads_to_a_page(value: str) -> None:
    """Of ours or of the web."""
    assert kept_props({"href": value}) == {}
    assert kept_props({"title": value}) == {"title": value}


def test_ordinary_properties_pass() -> None:
    """With any text as their value."""
    props = {"aria-label": '" :x="1', "options": [{"label": "<b>"}], "rows": 1, "outlined": True, "href": "/a?b=c:d#e"}
    assert kept_props(props) == props


@pytest.mark.parametrize(
    "script",
    ["canary()", "mcShow(1); canary()", "mcShow(canary())", "mcShow(1)//", "(() => 1)()", "return 1", "mcShow", "",
     'mcShow("a")+("b")', "eval(1)", "return runMethod(1, x)"],
)  # fmt: skip
def test_a_script_that_is_no_call_with_values_does_not_pass(script: str) -> None:
    """It would be evaluated whole."""
    assert not is_call(script)


def test_calls_pass_with_any_value() -> None:
    """Values are written as JSON, in ASCII."""
    text = '"); canary(); ("\\ \u2028 </script> ${x} \ud800'
    assert is_call(called("mcCopy", text, 1, None, {"a": [text]}))
    assert is_call(handler("mcCopy", text).removeprefix("() => "))
    assert is_call('return runMethod(7, "focus", [])')
    assert called("mcCopy", text).isascii()
