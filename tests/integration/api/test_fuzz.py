"""Arbitrary JSON never makes the server fail: every answer is one that the contract has."""

import json
import urllib.parse
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.serving import Client, Served
from tests.support.world import function

#: Few, since each is a real call; enough to have found every fault that was there.
EXAMPLES = 40

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**400), max_value=10**400)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=40)
    | st.text(st.characters(categories=["Cs", "Cc"]), max_size=5)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYWORDS = [
    *("type", "properties", "required", "items", "enum", "const", "pattern", "format", "minimum", "multipleOf"),
    *("$ref", "$defs", "$id", "$schema", "$anchor", "$dynamicRef", "allOf", "anyOf", "not", "if", "default"),
    *("additionalProperties", "patternProperties", "propertyNames", "dependentSchemas", "unevaluatedProperties"),
    *("minLength", "maxLength", "uniqueItems", "contains", "prefixItems", "x-midcall", "title", "examples"),
]
words = st.sampled_from(
    ["object", "string", "integer", "#", "#/$defs/a", "(", "^a+$", "date", "email", "idn-email", "regex"]
)
schemas = st.recursive(
    scalars | words,
    lambda inner: (
        st.dictionaries(st.sampled_from(KEYWORDS) | st.sampled_from(["a", "b"]), inner, max_size=5)
        | st.lists(inner, max_size=3)
    ),
    max_leaves=15,
).map(lambda found: {**found, "type": "object"} if isinstance(found, dict) else found)
bodies = (
    values
    | st.dictionaries(st.sampled_from(list(function())), values)
    | st.builds(
        lambda changes, parameters: {**function("fuzzed"), **changes, "parameters": parameters},
        st.dictionaries(
            st.sampled_from([*function(), "timeout", "messages", "tags", "output_schema", "surprise"]),
            values,
            max_size=2,
        ),
        schemas | values,
    )
)
quick = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def author(served: Served) -> Client:
    """Make a workspace with one published function."""
    author = served.tenant()
    author.published()
    return author


def raw(value: Any) -> bytes:
    """Write JSON as ASCII, so that half a surrogate pair goes through."""
    return json.dumps(value).encode()


@given(body=bodies)
@quick
def test_any_json_to_functions_is_created_or_refused(author: Client, body: Any) -> None:
    """201, or a problem that names what is wrong."""
    response = author.send("POST", "/v1/functions", content=raw(body))
    assert response.status_code in {201, 409, 422}
    if response.status_code == 201:
        name = response.json()["name"]
        author.ok("GET", f"/v1/functions/{name}")
        author.ok("DELETE", f"/v1/functions/{name}", status=204)


@given(body=bodies)
@quick
def test_any_json_to_review_is_reviewed_or_refused(author: Client, body: Any) -> None:
    """The same for a draft."""
    assert author.send("POST", "/v1/review", content=raw(body)).status_code in {200, 422}


@given(params=values, session=values)
@quick
def test_any_json_to_invoke_is_run_or_refused(author: Client, params: Any, session: Any) -> None:
    """Whatever a platform sends in a session reaches the function as it was sent."""
    response = author.send("POST", "/v1/functions/lookup/invoke", content=raw({"params": params, "session": session}))
    assert response.status_code in {200, 422}
    if response.status_code == 200 and response.json()["status"] == "succeeded":
        got = response.json()["result"]["session"]
        known = {"params", "dynamicVariables", "sessionId", "phase", "environment", "deadlineMs"}
        # Two halves of a pair that stand side by side are one character to every reader of JSON.
        sent = json.loads(raw(session))
        assert {name: got[name] for name in sent if name not in known} == {
            name: value for name, value in sent.items() if name not in known
        }


@given(parameters=schemas, params=values)
@quick
def test_any_params_to_any_schema_are_run_or_refused(author: Client, parameters: Any, params: Any) -> None:
    """A schema that was taken can be served, whatever is held against it."""
    body = {"parameters": parameters}
    if author.send("POST", "/v1/functions/lookup/versions", content=raw(body)).status_code == 201:
        number = author.ok("GET", "/v1/functions/lookup")["versions"][-1]["number"]
        if author.ok("POST", f"/v1/functions/lookup/versions/{number}/submit")["status"] == "approved":
            call = raw({"version": number, "params": params})
            assert author.send("POST", "/v1/functions/lookup/test", content=call).status_code in {200, 422}


@given(query=st.text(max_size=60), path=st.text(max_size=30))
@quick
def test_any_path_and_query_has_an_answer(author: Client, query: str, path: str) -> None:
    """Whatever is asked for, the answer is one of the contract's."""
    where = f"/v1/functions/{urllib.parse.quote(path.encode(errors='surrogatepass'), safe='')}"
    params = urllib.parse.quote(query.encode(errors="surrogatepass"))
    for url in (f"{where}?{params}", f"/v1/invocations?function={params}", f"/v1/invocations?cursor={params}"):
        assert author.send("GET", url).status_code in {200, 404, 422}
