"""The gateway against code that would have its worker do what was not approved: egress, credentials, odd arguments."""

import json
import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.fakes import FakeTokens

from midcall.connectors import CONNECTORS
from midcall.domain.action import ActionCall, ActionReply
from midcall.domain.credential import Credential, CredentialType, Resolved
from midcall.domain.errors import CredentialMissing
from midcall.domain.function_config import FunctionConfig
from midcall.domain.http import HttpRequest, HttpResponse
from midcall.outbound.client import GuardedClient
from midcall.outbound.poster import Poster
from midcall.sandbox import wire
from midcall.service.actions.action_executor import Means
from midcall.service.actions.action_gateway import ActionGateway, ActionGateways
from midcall.service.claimed_run import ClaimedRun
from midcall.service.ports import Outbound

SECRET = "s3cr3t-token-value/+ü"  # noqa: S105 (made up)
OK = 200
EGRESS = (
    "api.example.com",
    "*.below.example.com",
    "crm.example.com:8443",
    "[2606:4700::1]",
    "xn--bcher-kva.example.com",
)
#: Where credentials may go: wherever the code may, so that it is egress that these tests attack.
HOSTS = tuple(f"{scheme}://{entry}" for entry in EGRESS for scheme in ("https", "http"))


@dataclass
class Vault:
    """Credentials of workspaces: (workspace, name, environment) to type and values."""

    kept: dict[tuple[str, str, str], tuple[CredentialType, dict[str, Any]]] = field(default_factory=dict)
    #: Called while one is looked up.
    meanwhile: Callable[[], object] = lambda: None
    hosts: tuple[str, ...] = HOSTS

    def resolve(self, _tx: object, workspace_id: str, name: str, environment: str) -> Resolved:
        """Open one."""
        self.meanwhile()
        if (workspace_id, name, environment) not in self.kept:
            raise CredentialMissing
        kind, values = self.kept[workspace_id, name, environment]
        credential = Credential("cred_1", workspace_id, name, kind, 0, 0)
        secrets = tuple(
            value for key, value in values.items() if key not in {"shop_domain", "name"} and isinstance(value, str)
        )
        shown = {key: values[key] for key in {"shop_domain"} & set(values)}
        return Resolved(credential, values, secrets, shown, self.hosts)

    def note_use(self, _resolved: Resolved) -> None:
        """Note nothing."""


class Answering:
    """An `Outbound` that keeps requests and answers with one body."""

    def __init__(self, body: bytes = b"{}", status: int = 200) -> None:
        self.requests: list[HttpRequest] = []
        self.body = body
        self.status = status

    def send(self, request: HttpRequest) -> HttpResponse:
        """Keep a request."""
        self.requests.append(request)
        return HttpResponse(self.status, (("content-type", "application/json"),), self.body)


def gateway(
    outbound: object, vault: Vault | None = None, *, actions: Sequence[Any] = ("http",), **places: str
) -> ActionGateway:
    """Open the gateway of a run in workspace ws_1, environment production."""
    storage = SimpleNamespace(read=nullcontext)
    code = {"actions": list(actions), "egress": list(EGRESS)}
    invocation = SimpleNamespace(workspace_id="ws_1", environment="production")
    task = SimpleNamespace(
        version=SimpleNamespace(config=FunctionConfig.from_stored({"code": code})),
        invocation=invocation,
        deadline_at=60_000,
        rehearsal=None,
    )
    means = Means(outbound=cast("Outbound", outbound), tokens=FakeTokens(), clock=lambda: 0)
    gateways = ActionGateways(
        storage=cast("Any", storage), credentials=cast("Any", vault or Vault()), means=means, base_urls=places
    )
    return ActionGateway(gateways, cast("ClaimedRun", task))


def code_of(reply: ActionReply) -> str:
    """Return the word of a failure."""
    assert reply.error is not None, reply
    return reply.error.code


class Looked:
    """The real way out, but for the resolver, which notes what it was asked for and knows nothing."""

    def __init__(self) -> None:
        self.hosts: list[str] = []
        self.poster = Poster(GuardedClient(http=True, pools=1, resolve=self.resolve, dial=self.dial))

    def resolve(self, host: str) -> Sequence[str]:
        """Note a host."""
        self.hosts.append(host)
        return []

    def dial(self, address: object, port: int, *_: object) -> Any:
        """Note an address."""
        self.hosts.append(f"{address}:{port}")
        raise OSError


OPEN = {"api.example.com", "x.below.example.com", "crm.example.com", "xn--bcher-kva.example.com"}


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.com",
        "https://api.example.com@evil.com/",
        "https://api.example.com:443@evil.com/",
        "https://evil.com@api.example.com/",
        "https://api.example.com./",
        "https://api.example.com:8443/",
        "http://api.example.com:443/",
        "https://crm.example.com/",
        "https://crm.example.com:08443/",
        "https://below.example.com/",
        "https://xbelow.example.com/",
        "https://.below.example.com/",
        "https://api.example.com%2f.evil.com/",
        "https://api.example.com%00.evil.com/",
        "https://%61pi.example.com/",
        "https://api.example.com\\.evil.com/",
        "https://evil.com\\@api.example.com/",
        "https:\\\\api.example.com/",
        "https://api.example.com\t.evil.com/",
        "https://api.example.com\n/",
        "https://api。example。com/",
        "https://api.ex\u00adample.com/",
        "https://\uff41pi.example.com/",
        "https://API.EXAMPLE.COM.evil.com/",
        "https://[2606:4700::2]/",
        "https://[::ffff:1.1.1.1]/",
        "https://[2606:4700::1]:8443/",
        "https://1.1.1.1/",
        "https://0x01010101/",
        "https://16843009/",
        "//api.example.com@evil.com/",
        "ftp://api.example.com/",
        "file:///etc/passwd",
        "https://",
        "https://[",
        "https://api.example.com:99999/",
        "https://api.example.com:/",
        "https:///api.example.com/",
        "api.example.com@evil.com",
        "evil.com?://api.example.com",
        "evil.com#://api.example.com",
        "evil.com/://api.example.com/",
    ],
)
def test_no_spelling_of_a_host_leads_out_of_egress(url: str) -> None:
    """Nothing is looked up that egress does not name."""
    looked = Looked()
    assert code_of(gateway(looked.poster).act(ActionCall(1, "http.get", (url,)))) != "internal_error"
    assert looked.hosts == []


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://api.example.com/", "api.example.com"),
        ("https://api.example.com#@evil.com/", "api.example.com"),
        ("HTTPS://API.example.COM", "api.example.com"),
        ("api.example.com/x?y=1", "api.example.com"),
        ("http://api.example.com:80/", "api.example.com"),
        ("https://a.b.below.example.com/", "a.b.below.example.com"),
        ("https://crm.example.com:8443/", "crm.example.com"),
        ("https://bücher.example.com/", "xn--bcher-kva.example.com"),
    ],
)
def test_hosts_in_egress_are_looked_up(url: str, host: str) -> None:
    """So that the other test can fail."""
    looked = Looked()
    assert code_of(gateway(looked.poster).act(ActionCall(1, "http.get", (url,)))) == "unresolved_host"
    assert looked.hosts == [host]


_TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["", "\ud800"[:0], "crm", "https://api.example.com/", "a" * 9_000, "\x00", "Ü: x\r\ny"]),
)
_VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**30), 10**30),
        st.floats(allow_nan=False, allow_infinity=False),
        _TEXTS,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_TEXTS, inner, max_size=4)),
    max_leaves=8,
)
_NAMES = st.one_of(
    st.sampled_from(
        [
            *("url", "headers", "query", "params", "body", "json", "method", "authentication", "credential"),
            *("credentialId", "clientOptions", "client_options", "timeout", "options", "ignoreSSL", "responseFormat"),
        ]
    ),
    _TEXTS,
)
_URLS = st.one_of(
    st.just("https://api.example.com/x"),
    st.text(max_size=60).map(lambda text: f"https://api.example.com{text}"),
    st.text(max_size=60).map(lambda text: f"https://{text}"),
    st.text(max_size=60),
)


@settings(max_examples=600, deadline=None)
@given(
    operation=st.sampled_from(["get", "post", "send_request", "delete", "head", "nope", ""]),
    args=st.one_of(st.tuples(_URLS), st.lists(_VALUES, max_size=3).map(tuple), st.tuples(_URLS, _VALUES)),
    kwargs=st.dictionaries(_NAMES, _VALUES, max_size=4),
    url=st.none() | _URLS,
)
def test_no_arguments_upset_the_desk_or_leave_egress(
    operation: str, args: tuple[Any, ...], kwargs: dict[str, Any], url: str | None
) -> None:
    """Whatever code writes, it is answered in JSON, and nothing outside of egress is asked for."""
    looked = Looked()
    vault = Vault({("ws_1", "crm", "production"): (CredentialType.BEARER, {"token": SECRET})})
    given = kwargs if url is None else {"url": url, **kwargs}
    opened = gateway(looked.poster, vault, actions=[{"name": "http", "credentials": ["crm"]}])
    reply = opened.act(ActionCall(1, f"http.{operation}", args, given))
    assert reply.error is not None
    assert reply.error.code != "internal_error"
    told = wire.to_json([reply.error.message, reply.error.body])
    assert len(told) < 20_000
    assert SECRET not in told.decode("utf-8", "surrogatepass")
    assert all(
        host in OPEN or host.endswith(".below.example.com") or host == "2606:4700::1:443" for host in looked.hosts
    )


def test_a_credential_of_another_workspace_or_environment_does_not_exist() -> None:
    """A name that was approved opens what this workspace keeps for this environment, and nothing else."""
    out = Answering()
    bearer = (CredentialType.BEARER, {"token": SECRET})
    vault = Vault({("ws_2", "crm", "production"): bearer, ("ws_1", "crm", "staging"): bearer})
    opened = gateway(out, vault, actions=[{"name": "http", "credentials": ["crm"]}])
    reply = opened.act(ActionCall(1, "http.get", ("https://api.example.com",), {"credential": "crm"}))
    assert code_of(reply) == CredentialMissing.code
    assert out.requests == []


@pytest.mark.parametrize("name", ["other", "CRM", "crm ", "crm\x00", "../crm", "", "crm,other"])
def test_a_credential_that_the_entry_does_not_name_is_never_opened(name: str) -> None:
    """Neither is one that another entry names."""
    out = Answering()
    bearer = (CredentialType.BEARER, {"token": SECRET})
    vault = Vault({("ws_1", each, "production"): bearer for each in ("other", "crm", name)})
    entries = [{"name": "http", "credentials": ["crm"]}, {"name": "agent", "credentials": ["other"]}]
    opened = gateway(out, vault, actions=entries)
    for call in (
        ActionCall(1, "http.get", ("https://api.example.com",), {"credential": name}),
        ActionCall(2, "http.get", (), {"credentialId": name, "options": {"url": "https://api.example.com"}}),
        ActionCall(3, "http.get", ({"url": "https://api.example.com", "credential": name},)),
        ActionCall(4, "http.get", (), {"options": {"url": "https://api.example.com", "credential": name}}),
    ):
        reply = opened.act(call)
        assert name == "" or code_of(reply) == "credential"
    assert SECRET not in str([request.headers for request in out.requests])


@pytest.mark.parametrize(
    "domain",
    [
        *(
            "evil.com/",
            "evil.com/.myshopify.com",
            "evil.com?",
            "evil.com#",
            "user@evil.com",
            "evil.com:8443",
            "",
            "a b",
        ),
        *("a.myshopify.com\n", "[::1]", "{token}", "..", "a..b", "-a", "a\\b", "a%2fb"),
    ],
)
def test_an_odd_value_of_a_credential_never_becomes_another_address(domain: str) -> None:
    """It is refused on save; were it in the database all the same, nothing is sent."""
    out = Answering()
    values = {"shop_domain": domain, "access_token": SECRET}
    vault = Vault({("ws_1", "shop", "production"): (CredentialType.SHOPIFY, values)})
    opened = gateway(out, vault, actions=[{"name": "shopify", "credentials": ["shop"]}])
    reply = opened.act(ActionCall(1, "shopify.get_order", (), {"name": "#1001"}))
    assert code_of(reply) in {"credential", "not_configured"}
    assert out.requests == []


@pytest.mark.parametrize("place", ["http://", "https://user@host.example", "https://a b", "https://HOST.example:0"])
def test_an_address_of_the_operators_that_is_none_is_said_to_be_so(place: str) -> None:
    """Not that midcall broke."""
    out = Answering()
    vault = Vault({("ws_1", "base", "production"): (CredentialType.AIRTABLE, {"token": SECRET})})
    opened = gateway(out, vault, actions=[{"name": "airtable", "credentials": ["base"]}], airtable=place)
    call = ActionCall(1, "airtable.get_record_by_id", ("appAbc", "Orders", "recXyz"))
    assert code_of(opened.act(call)) == "not_configured"
    assert out.requests == []


KINDS: list[tuple[CredentialType, dict[str, Any]]] = [
    (CredentialType.BEARER, {"token": SECRET}),
    (CredentialType.BASIC, {"username": "me", "password": SECRET}),
    (CredentialType.HEADER, {"name": "X-Key", "value": SECRET}),
    (CredentialType.QUERY, {"name": "key", "value": SECRET}),
    (CredentialType.DIGEST, {"username": "me", "password": SECRET}),
    (CredentialType.CUSTOM, {"headers": {"X": "h"}, "query": {"q": "q"}, "body": {"b": "b"}}),
    (
        CredentialType.OAUTH2_CLIENT_CREDENTIALS,
        {"token_url": "https://t.test", "client_id": "me", "client_secret": SECRET},
    ),
]


def test_every_type_that_goes_anywhere_is_tried_here() -> None:
    """A new one, or a new connector without a place of its own, is tried as well."""
    assert [name for name, each in CONNECTORS.items() if each.anywhere] == ["http"]
    assert {kind for kind, _ in KINDS} == set(CONNECTORS["http"].credentials)


@pytest.mark.parametrize(("kind", "values"), KINDS, ids=[kind.value for kind, _ in KINDS])
@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://crm.example.com:8443/",
            "http://api.example.com/",
            "https://x.below.example.com",
            "//api.example.com",
        ),
        *("https://api.example.com@crm.example.com:8443/", "https://crm.example.com:8443\\@api.example.com/"),
    ],
)
def test_a_credential_goes_to_its_own_hosts_alone(kind: CredentialType, values: Any, url: str) -> None:
    """Wherever else the code may reach: nothing is sent, and the code is told what to do."""
    target = Answering()
    vault = Vault({("ws_1", "crm", "production"): (kind, values)}, hosts=("https://api.example.com",))
    opened = gateway(target, vault, actions=[{"name": "http", "credentials": ["crm"]}])
    for asked in (url, {"url": url, "method": "POST", "body": {}}):
        name, args = ("http.get", (asked,)) if isinstance(asked, str) else ("http.send_request", (asked,))
        reply = opened.act(ActionCall(1, name, args, {"credential": "crm"}))
        assert code_of(reply) in {"secret_elsewhere", "bad_options"}
    assert target.requests == []
    assert opened.act(ActionCall(1, "http.get", ("https://api.example.com/x",), {"credential": "crm"})).error is None
    assert len(target.requests) == 1


@pytest.mark.parametrize("depth", [101, 500, 700, 960, 5_000, 200_000])
@pytest.mark.parametrize("status", [OK, 500])
def test_an_answer_of_any_depth_is_an_answer_or_an_honest_error(depth: int, status: int) -> None:
    """No parser on its way into the sandbox gives up on it."""
    opened = gateway(Answering(b"[" * depth + b"]" * depth, status))
    reply = opened.act(ActionCall(1, "http.get", ("https://api.example.com",), {"response_format": "json"}))
    json.loads(wire.to_json([reply.value, reply.error and reply.error.body]))
    assert code_of(reply) == ("bad_answer" if status == OK else "http_error")


@pytest.mark.parametrize("body", [b"[NaN]", b"[1e999]", b'"\\ud800"', b"[" + b"9" * 5_000 + b"]", b"\xff\xfe\x00", b""])
@pytest.mark.parametrize("status", [200, 400])
def test_odd_answers_are_never_an_internal_error(body: bytes, status: int) -> None:
    """What is no JSON is text, or an error that says so."""
    opened = gateway(Answering(body, status))
    reply = opened.act(ActionCall(1, "http.get", ("https://api.example.com",)))
    assert reply.error is None or reply.error.code in {"bad_answer", "http_error"}
    wire.to_json([reply.value, reply.error and [reply.error.message, reply.error.body]])


def test_a_token_that_was_not_taken_is_masked_like_its_successor() -> None:
    """The target may quote either."""

    class Quoting:
        def __init__(self) -> None:
            self.seen: list[str] = []

        def send(self, request: HttpRequest) -> HttpResponse:
            self.seen += [value for name, value in request.headers if name == "Authorization"]
            if len(self.seen) == 1:
                return HttpResponse(401)
            return HttpResponse(200, (("content-type", "application/json"),), json.dumps(self.seen).encode())

    oauth = {"token_url": "https://t.test", "client_id": "me", "client_secret": SECRET}
    vault = Vault({("ws_1", "crm", "production"): (CredentialType.OAUTH2_CLIENT_CREDENTIALS, oauth)})
    opened = gateway(Quoting(), vault, actions=[{"name": "http", "credentials": ["crm"]}])
    reply = opened.act(ActionCall(1, "http.get", ("https://api.example.com",), {"credential": "crm"}))
    assert reply.error is None
    assert "token-" not in json.dumps(reply.value), reply.value


def test_a_call_whose_run_ends_while_its_credential_is_looked_up_reaches_nobody() -> None:
    """There was no executor yet that could have been cancelled."""
    out, vault = Answering(), Vault({("ws_1", "crm", "production"): (CredentialType.BEARER, {"token": SECRET})})
    opened = gateway(out, vault, actions=[{"name": "http", "credentials": ["crm"]}])
    records: list[Any] = []
    vault.meanwhile = lambda: records.extend(opened.close())
    reply = opened.act(ActionCall(1, "http.get", ("https://api.example.com",), {"credential": "crm"}))
    assert [record.outcome for record in records] == ["abandoned"]
    assert code_of(reply) == "timed_out"
    assert out.requests == []


def test_what_is_asked_after_the_end_is_not_begun() -> None:
    """And leaves no record."""
    out = Answering()
    opened = gateway(out)
    assert opened.close() == ()
    assert opened.act(ActionCall(1, "http.get", ("https://api.example.com",))).error is not None
    assert opened.close() == ()
    assert out.requests == []


def test_two_hundred_calls_from_ten_threads_leave_a_hundred_records() -> None:
    """The cap holds whoever counts."""
    out = Answering()
    opened = gateway(out)

    def go() -> None:
        for number in range(20):
            opened.act(ActionCall(number + 1, "http.get", ("https://api.example.com",)))

    threads = [threading.Thread(target=go) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened.close()) == len(out.requests) == 100
