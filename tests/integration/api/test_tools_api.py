"""`GET /v1/agents/{name}/tools` over HTTP."""

import json

import pytest
from tests.support.serving import Client, Served

from midcall.vendors.tools.export import CALLING, Format

PATH = "/v1/agents/desk/tools"


@pytest.fixture(scope="module")
def owner(served: Served) -> Client:
    """Make a workspace whose agent has one function."""
    owner = served.tenant()
    owner.published("lookup", description="Ours, and nobody else's.")
    attached = [{"function": "lookup", "phase": "during_session", "timeout": 5}]
    owner.ok("PUT", "/v1/agents/desk", {"functions": attached})
    return owner


@pytest.mark.parametrize("wanted", Format)
def test_every_format_is_answered_with_one_envelope(owner: Client, served: Served, wanted: Format) -> None:
    """URLs start where the installation is reached."""
    found = owner.ok("GET", f"{PATH}?format={wanted.value}")
    assert (found["agent"], found["environment"], found["format"]) == ("desk", "production", wanted.value)
    assert len(found["tools"]) == 1
    text = json.dumps(found["tools"])
    assert "Ours, and nobody else's." in text
    assert (f'"{served.settings.public}/v1/adapters/ADAPTER_ID' in text) is (wanted in CALLING)
    locs = [problem["loc"] for problem in found["problems"]]
    assert locs == (["adapter", "url"] if wanted in CALLING else [])


def test_openai_is_the_format_that_nobody_need_name(owner: Client) -> None:
    """Most runtimes take it."""
    assert owner.ok("GET", PATH) == owner.ok("GET", f"{PATH}?format=openai")


def test_an_unknown_format_is_refused_with_those_there_are(owner: Client) -> None:
    """Each by its name."""
    found = owner.problem(422, "GET", f"{PATH}?format=openapi")
    assert [fault["loc"] for fault in found["errors"]] == ["format"]
    assert [wanted for wanted in Format if f"'{wanted.value}'" not in found["errors"][0]["msg"]] == []


@pytest.mark.parametrize("query", ["adapter=a%2Fb&format=vapi", "adapter=ad_1", "adapter=", "environment=Ä"])
def test_a_query_that_cannot_be_names_its_field(owner: Client, query: str) -> None:
    """An adapter's id goes into a URL; a format without URLs takes none."""
    found = owner.problem(422, "GET", f"{PATH}?{query}")
    assert [fault["loc"] for fault in found["errors"]] == [query.partition("=")[0]]


def test_a_function_of_another_workspaces_name_is_another_function(owner: Client, served: Served) -> None:
    """Names are a workspace's own."""
    other = served.tenant()
    other.published("lookup", description="Theirs, and nobody else's.")
    other.ok("PUT", "/v1/agents/desk", {"functions": [{"function": "lookup", "phase": "during_session"}]})
    assert "Theirs" in json.dumps(other.ok("GET", PATH)["tools"])
    assert "Theirs" not in json.dumps(owner.ok("GET", PATH)["tools"])


def test_a_key_that_is_limited_to_agents_reads_the_tools_of_those_alone(owner: Client, served: Served) -> None:
    """With the scope run, which a runtime has."""
    assert served.colleague(owner, "runtime", "run", agents=("desk",)).ok("GET", PATH)["tools"]
    served.colleague(owner, "other", "run", agents=("other",)).problem(403, "GET", PATH)


def test_the_reference_shows_an_answer_in_every_format(served: Served) -> None:
    """Made by what makes the real ones."""
    operation = served.contract.document["paths"]["/v1/agents/{name}/tools"]["get"]
    examples = operation["responses"]["200"]["content"]["application/json"]["examples"]
    assert list(examples) == [wanted.value for wanted in Format]
    assert all(example["value"]["format"] == name and example["value"]["tools"] for name, example in examples.items())


def test_a_list_that_has_not_changed_is_not_sent_again(owner: Client, served: Served) -> None:
    """Its ETag is made of what it says: another format, another version, another attachment has another one."""
    owner.ok("PUT", "/v1/agents/asked", {"functions": [{"function": "lookup", "phase": "during_session"}]})
    path = "/v1/agents/asked/tools"
    etags = {format_.value: owner.send("GET", f"{path}?format={format_.value}").headers["etag"] for format_ in Format}
    assert len(set(etags.values())) == len(Format)
    etag = etags["openai"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = owner.send("GET", path, headers={"if-none-match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag), known
    for known in ('"other"', etag.strip('"'), etags["mcp"]):
        answer = owner.send("GET", path, headers={"if-none-match": known})
        assert (answer.status_code, answer.headers["etag"]) == (200, etag), known
    owner.ok(
        "PUT", "/v1/agents/asked", {"functions": [{"function": "lookup", "phase": "during_session", "timeout": 9}]}
    )
    answer = owner.send("GET", path, headers={"if-none-match": etag})
    assert (answer.status_code, answer.headers["etag"] != etag) == (200, True)


def test_a_list_is_refused_to_whom_it_is_closed_whatever_they_know(owner: Client, served: Served) -> None:
    """An ETag opens nothing."""
    etag = owner.send("GET", PATH).headers["etag"]
    other = served.colleague(owner, "elsewhere", "run", agents=("other",))
    assert other.send("GET", PATH, headers={"if-none-match": etag}).status_code == 403
