"""The corpus of templates: each entry gives what it says, or is refused when it is saved or filled."""

import json
from pathlib import Path
from typing import Any

import pytest

from midcall.domain.errors import InvalidInput, TemplateUnfilled
from midcall.domain.template.body import parse_body
from midcall.domain.template.headers import parse_header
from midcall.domain.template.url import parse_url_template
from midcall.domain.template.values import TemplateValues
from midcall.outbound.url import parse_url

LINES = Path("tests/corpus/template.jsonl").read_text(encoding="utf-8").splitlines()
CASES = [pytest.param(case, id=case["id"]) for case in map(json.loads, LINES)]

#: Refused only with the values of a call; the others that are refused cannot be saved.
FILLED_FIRST = {"tp-20", "tp-22", "tp-23", "tp-25", "tp-37", "tp-38", "tp-41"}


def values_of_case(case: dict[str, Any]) -> TemplateValues:
    """Take an entry's `vars` for parameters, and its `secret` for credentials of one value each."""
    given = dict(case["vars"])
    secrets = {name: {"value": value} for name, value in given.pop("secret", {}).items()}
    return TemplateValues(params=given, secrets=secrets)


def filled(case: dict[str, Any]) -> Any:
    """Parse and fill an entry, as its part says."""
    values = values_of_case(case)
    if case["part"] == "json_body":
        return {"json": parse_body(case["template"]).fill(values)}
    if case["part"] == "header":
        return {"text": parse_header(case["header"], case["template"]).fill(values)[1]}
    assert case["part"] == "url"
    url = parse_url_template(case["template"]).fill(values)
    assert parse_url(url).url == url
    return {"text": url}


@pytest.mark.parametrize("case", CASES)
def test_an_entry_gives_what_the_corpus_says(case: dict[str, Any]) -> None:
    """The exact text or value; or an error, when it is saved wherever that can be told."""
    if "error" not in case["expect"]:
        assert filled(case) == case["expect"]
        return
    with pytest.raises(InvalidInput) as caught:
        filled(case)
    assert isinstance(caught.value, TemplateUnfilled) == (case["id"] in FILLED_FIRST)
    assert all(fault.loc.startswith("webhook.") for fault in caught.value.faults)
