"""An action carried out: requests, retries, tokens, deadlines, over fakes of what lies behind them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from tests.support.fakes import Clock, FakeOutbound, FakeTokens

from midcall.connectors.kit import NO_RETRY, ApiRequest, RetryPolicy, Steps
from midcall.domain.action import ActionFailed
from midcall.domain.egress import Egress
from midcall.domain.errors import OutboundError
from midcall.domain.grant import Grant
from midcall.domain.http import HttpRequest, HttpResponse, TokenRequest
from midcall.service.actions.action_executor import MAX_REQUESTS, ActionExecutor, Means
from midcall.service.actions.request import ActionTarget

PLACE = ActionTarget("https://api.test", Egress.parse(["api.test"]))
TOKEN = TokenRequest("https://id.test/token", "me", "hush")


class Away(OutboundError):
    """The connection broke."""

    code = "bad_reply"
    passing = True


@dataclass
class ExecutorCase:
    """One executor and what it is run with."""

    outbound: FakeOutbound = field(default_factory=FakeOutbound)
    tokens: FakeTokens = field(default_factory=FakeTokens)
    clock: Clock = field(default_factory=Clock)
    grant: Grant = field(default_factory=Grant)
    retry: RetryPolicy = field(default_factory=lambda: RetryPolicy(pause_ms=1))
    left_ms: int = 10_000

    def __post_init__(self) -> None:
        """Make the executor."""
        means = Means(outbound=self.outbound, tokens=self.tokens, clock=self.clock)
        self.executor = ActionExecutor(
            means, PLACE, self.grant, workspace_id="ws", retry=self.retry, deadline_at=self.clock() + self.left_ms
        )

    def answers(self, *replies: HttpResponse | Exception) -> "ExecutorCase":
        """Have the target give these answers, the last one for ever."""
        left = list(replies)

        def answer(_: HttpRequest) -> HttpResponse:
            reply = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(reply, Exception):
                raise reply
            return reply

        self.outbound.answer = answer
        return self

    def run(self, *asks: ApiRequest) -> Any:
        """Ask for these, one after the other, and return the values."""
        return self.executor.run(asking(*asks))


def asking(*asks: ApiRequest) -> Steps:
    """Make an operation that asks for these."""
    values: list[Any] = []
    for ask in asks:
        answer = yield ask
        values.append(answer.value)
    return values


def failure(act: Callable[[], object]) -> ActionFailed:
    """Return what an act fails with."""
    with pytest.raises(ActionFailed) as caught:
        act()
    return caught.value


def test_requests_go_to_the_base_with_the_credential() -> None:
    """Path, query, JSON body, headers of the grant in place of the operation's own; egress is the base alone."""
    grant = Grant(headers=(("X-Key", "k"),), query=(("sig", "a b"),), fields={"pin": "1"})
    case = ExecutorCase(grant=grant).answers(HttpResponse(200, body=b'{"n":1}'))
    value = case.run(
        ApiRequest("POST", "/v1/a", query=(("q", "ü"),), json={"x": 1}, headers=(("x-key", "mine"), ("A", "b")))
    )
    assert value == [{"n": 1}]
    (sent,) = case.outbound.requests
    assert (sent.method, sent.url) == ("POST", "https://api.test/v1/a?q=%C3%BC&sig=a%20b")
    assert sent.headers == (("Content-Type", "application/json"), ("A", "b"), ("X-Key", "k"))
    assert sent.body == b'{"x":1,"pin":"1"}'
    assert sent.egress is not None
    assert sent.egress.allows("api.test", 443, default_port=443)
    assert not sent.egress.allows("id.test", 443, default_port=443)
    assert 0 < sent.timeout_ms <= 10_000
    assert (case.executor.method, case.executor.host, case.executor.status, case.executor.requests) == (
        *("POST", "api.test", 200, 1),
    )


def test_a_body_that_is_no_object_cannot_carry_fields() -> None:
    """The error says what the credential needs."""
    case = ExecutorCase(grant=Grant(fields={"pin": "1"}))
    for ask in (ApiRequest("POST", "/", json=[1]), ApiRequest("POST", "/", body=b"text")):
        assert failure(partial(case.run, ask)).code == "bad_options"
    assert case.outbound.requests == []


def test_a_failure_carries_status_body_and_the_targets_own_words() -> None:
    """And the operation may see a status itself."""
    case = ExecutorCase(retry=NO_RETRY).answers(HttpResponse(404, body=b'{"error": {"message": "No such record"}}'))
    failed = failure(lambda: case.run(ApiRequest("GET", "/")))
    assert (failed.code, failed.status, failed.body) == ("http_error", 404, {"error": {"message": "No such record"}})
    assert failed.message == "api.test answered 404: No such record"
    assert case.run(ApiRequest("GET", "/", sees=lambda status: status == 404)) == [
        {"error": {"message": "No such record"}}
    ]


@pytest.mark.parametrize(
    ("method", "status", "attempts"),
    [("GET", 500, 3), ("POST", 500, 1), ("POST", 429, 3), ("POST", 503, 3), ("GET", 404, 1)],
)
def test_what_is_sent_again(method: str, status: int, attempts: int) -> None:
    """429 and 503 did nothing; a 5xx may have, so that only what may be repeated is."""
    case = ExecutorCase().answers(HttpResponse(status))
    assert failure(lambda: case.run(ApiRequest(method, "/"))).status == status
    assert len(case.outbound.requests) == attempts


def test_a_lost_connection_is_tried_again_only_where_that_is_harmless() -> None:
    """The host is in the error."""
    case = ExecutorCase().answers(Away(), HttpResponse(200, body=b"1"))
    assert case.run(ApiRequest("GET", "/")) == [1]
    case = ExecutorCase().answers(Away())
    failed = failure(lambda: case.run(ApiRequest("POST", "/")))
    assert (failed.code, failed.message) == ("bad_reply", "api.test: The connection broke.")
    assert len(case.outbound.requests) == 1


def test_retry_after_is_kept_to_or_given_up() -> None:
    """A wait that the deadline does not leave ends in the answer at once."""
    case = ExecutorCase().answers(HttpResponse(429, (("retry-after", "60"),)))
    assert failure(lambda: case.run(ApiRequest("GET", "/"))).status == 429
    assert len(case.outbound.requests) == 1


def test_a_body_may_say_that_nothing_was_done() -> None:
    """As a 429 would; then the same request is sent again."""
    case = ExecutorCase().answers(HttpResponse(200, body=b'"later"'), HttpResponse(200, body=b'"now"'))
    ask = ApiRequest("POST", "/", throttled=lambda answer: 1 if answer.value == "later" else None)
    assert case.run(ask) == ["now"]


def test_a_token_is_fetched_and_once_more_when_it_is_not_taken() -> None:
    """A 401 drops the token; the second one stands in the headers, and among the secrets."""
    case = ExecutorCase(grant=Grant(token=TOKEN, secrets=("hush",))).answers(
        HttpResponse(401), HttpResponse(200, body=b"1")
    )
    assert case.run(ApiRequest("POST", "/")) == [1]
    assert case.tokens.forgotten == ["token-1"]
    assert [dict(sent.headers)["Authorization"] for sent in case.outbound.requests] == [
        *("Bearer token-1", "Bearer token-2"),
    ]
    assert set(case.executor.secrets) >= {"hush", "token-2"}


def test_no_request_begins_after_the_deadline_or_the_end_of_the_run() -> None:
    """Both are the same word to the code."""
    case = ExecutorCase(left_ms=0)
    assert failure(lambda: case.run(ApiRequest("GET", "/"))).code == "timed_out"
    case = ExecutorCase()
    case.executor.cancel()
    assert failure(lambda: case.run(ApiRequest("GET", "/"))).code == "timed_out"
    assert case.outbound.requests == []


def test_requests_of_one_action_are_bounded() -> None:
    """A paging that never ends does."""
    case = ExecutorCase().answers(HttpResponse(200, body=b"1"))
    failed = failure(lambda: case.run(*[ApiRequest("GET", "/")] * (MAX_REQUESTS + 1)))
    assert (failed.code, len(case.outbound.requests)) == ("too_many_requests", MAX_REQUESTS)


def test_an_answer_that_was_cut_is_none() -> None:
    """Half of a JSON document must not be taken for an answer."""
    case = ExecutorCase().answers(HttpResponse(200, body=b"[1", truncated=True))
    assert failure(lambda: case.run(ApiRequest("GET", "/"))).code == "output_limit"


def test_an_operation_may_go_on_after_a_failure() -> None:
    """The failure is thrown into it at its request."""

    def steps() -> Steps:
        try:
            yield ApiRequest("GET", "/a")
        except ActionFailed as failed:
            answer = yield ApiRequest("GET", "/b")
            return [failed.status, answer.value]

    case = ExecutorCase(retry=NO_RETRY).answers(HttpResponse(404), HttpResponse(200, body=b"2"))
    assert case.executor.run(steps()) == [404, 2]
