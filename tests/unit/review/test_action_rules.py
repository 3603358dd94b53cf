"""What review says of actions: hosts, credentials, options, awaiting, and what the sandbox provides."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from midcall.connectors import CONNECTORS, operations
from midcall.connectors.enabled import closest, fingerprint, known_names
from midcall.connectors.kit import Operation, bind
from midcall.domain.action import ActionFailed
from midcall.domain.review import Comment, Subject
from midcall.review import review

HANDLER = "def handler(session, actions):\n    {}\n"
URL = "https://api.example.com/orders"


def comments(line: str, *, head: str = "", handler: str = HANDLER, **declared: Any) -> list[Comment]:
    """Review a handler of one line, for which http and one host are open unless said otherwise."""
    given = {"actions": ("http",), "egress": ("api.example.com",), **declared}
    found = review(Subject(head + handler.format(line.replace("\n", "\n    ")), **given))
    return [each for each in found if each.rule.startswith(("action.", "declared.", "flakes."))]


def rules(line: str, **given: Any) -> list[str]:
    """Return the rules that have something to say."""
    return [each.rule for each in comments(line, **given)]


FINE = [
    "raise actions.Refuse('order 4711 does not exist')",
    "async def other():\n    raise actions.Refuse('no')\nreturn other()",
    "raise actions.refuse('like the names of actions, in either spelling')",
    "try:\n    return actions.http.get('"
    + URL
    + "')\nexcept ActionError as error:\n    raise actions.Refuse('gone') from error",
    f"return actions.http.get('{URL}')",
    f"return actions.http.get('{URL}', params={{'a': 1}}, timeout=5000, followRedirects=False)",
    f"return actions.http.sendRequest({{'url': '{URL}', 'method': 'get', 'clientOptions': {{'ignoreSSL': True}}}})",
    f"return actions.http.sendRequest({{'options': {{'url': '{URL}'}}}})",
    "return actions.http.get(session['params']['url'])",
    "return actions.http.get('https://{}/x'.format(session['params']['host']))",
    "return actions.http.get(f\"https://{session['params']['host']}/x\")",
    "return actions.http.get('https://api.example.com' + session['params']['path'])",
    "return actions.http.get(**session['params'])",
    "return actions.http.get(*session['params'])",
    "options = dict(session['params'])\nreturn actions.http.send_request(options)",
    "options = {'method': 'GET'}\noptions['url'] = session['params']['url']\nreturn actions.http.send_request(options)",
    "actions.log('info', 'text', order=1)\nactions.progress('almost')\nreturn 1",
    f"http = actions.http\nreturn http.get('{URL}')",
    f"get = actions.http.get\nreturn get('{URL}')",
    f"try:\n    return actions.http.get('{URL}')\nexcept ActionError as error:\n    return [error.status, error.body]",
    "raise ActionError('no such order')",
    "try:\n    return 1\nexcept ActionError as error:\n    return [error.message, error.code, error.action]",
]


@pytest.mark.parametrize("line", FINE)
def test_what_may_be_fine_draws_no_comment(line: str) -> None:
    """Good calls, and calls of which the source does not say enough."""
    subject = Subject(HANDLER.format(line.replace("\n", "\n    ")), frozenset({"url", "host", "path"}), ("http",))
    found = review(
        Subject(**{**{name: getattr(subject, name) for name in subject.__slots__}, "egress": ("api.example.com",)})
    )
    assert found == ()


@pytest.mark.parametrize("written", ["http.sendRequest", "http.send_request"])
@pytest.mark.parametrize("enabled", ["http", "http.sendRequest", "http.send_request"])
def test_actions_are_enabled_by_group_or_by_name_in_both_spellings(enabled: str, written: str) -> None:
    """`http` enables all of its calls, `http.sendRequest` that one."""
    assert rules(f"return actions.{written}({{'url': '{URL}'}})", actions=(enabled,)) == []


@pytest.mark.parametrize("name", list(operations()))
def test_every_operation_is_known_and_must_be_enabled(name: str) -> None:
    """Whatever connectors there are."""
    (found,) = comments(f"return actions.{name}", actions=("gone",))
    assert (found.rule, f"`{name}`" in found.suggestion) == ("declared.action", True)
    assert rules(f"return actions.{name}", actions=(name,)) == []
    assert rules(f"return actions.{name}", actions=(name.partition(".")[0],)) == []


def test_an_action_that_there_is_not_is_told_with_what_was_meant() -> None:
    """A misspelled operation and a misspelled group; also behind another name."""
    (found,) = comments("return actions.http.gte('https://api.example.com')")
    assert "actions.http.get" in found.suggestion
    (found,) = comments("return actions.htp.get('https://api.example.com')")
    assert "actions.http" in found.suggestion
    (found,) = comments("client = actions.http\n    return client.fetch('https://api.example.com')".replace("    ", ""))
    assert (found.rule, found.line) == ("declared.action", 3)


@pytest.mark.parametrize(
    "line",
    [
        "return actions.http.get('https://crm.example.com/x')",
        "return actions.http.get('https://api.example.com:8443/x')",
        "return actions.http.get('https://api.example.com.evil.example')",
        "return actions.http.get('https://api.example.com@evil.example/')",
        "return actions.http.get(f\"http://evil.example/{session['params']['x']}\")",
        "return actions.http.get('https://evil.example/' + session['params']['x'])",
        "return actions.http.get('https://evil.example/%s' % session['params']['x'])",
        "return actions.http.get('https://evil.example/{}'.format(session['params']['x']))",
        "base = 'https://evil.example'\nreturn actions.http.get(f\"{base}/{session['params']['x']}\")",
        "return actions.http.sendRequest({'url': 'https://evil.example'})",
        "return actions.http.sendRequest({'options': {'url': 'https://evil.example'}})",
        "options = {'url': 'https://evil.example'}\nreturn actions.http.send_request(options)",
        "return actions.http.get(url='HTTPS://EVIL.EXAMPLE')",
        "return actions.http.get(BASE)",
        "return actions.http.get('https://api.example.com' if session else 'https://evil.example')",
    ],
)
def test_a_host_that_is_not_open_is_told_at_the_url(line: str) -> None:
    """However the URL comes about, as long as the whole host can be read from the source."""
    (found,) = comments(line, head="BASE = 'https://evil.example'\n\n\n", parameters=frozenset("x"))
    assert found.rule == "action.egress"
    assert found.suggestion.startswith('Add "')


def test_wildcards_and_ports_open_what_they_say() -> None:
    """As the worker reads them."""
    line = "return actions.http.get('{}')"
    for url, entry in [("https://a.b.example", "*.b.example"), ("http://crm.internal:8443/x", "crm.internal:8443")]:
        assert rules(line.format(url), egress=(entry,)) == []
    assert rules(line.format("https://b.example"), egress=("*.b.example",)) == ["action.egress"]


def test_without_egress_no_request_can_be_sent() -> None:
    """Told at the call, with the host if there is one to be read."""
    (found,) = comments(f"return actions.http.get('{URL}')", egress=())
    assert (found.rule, '"api.example.com"' in found.suggestion) == ("action.egress", True)
    assert rules("return actions.http.get(session['url'])", egress=()) == ["action.egress"]


@pytest.mark.parametrize(
    "line",
    [
        f"return actions.http.get('{URL}', credential='crm')",
        f"return actions.http.sendRequest({{'url': '{URL}', 'credential': 'crm'}})",
        f"return actions.http.sendRequest({{'credentialId': 'crm', 'options': {{'url': '{URL}'}}}})",
        f"name = 'crm'\nreturn actions.http.get('{URL}', credential=name)",
    ],
)
def test_a_credential_must_be_declared_by_the_entry_of_its_action(line: str) -> None:
    """In every way in which a call may name one; another entry's does not count."""
    there = {"crm": "bearer", "shop": "bearer"}
    fine: dict[str, Any] = {"declared": {"http": ("crm", "shop")}, "credentials": there}
    assert rules(line, **fine) == []
    unfit: list[dict[str, tuple[str, ...]]] = [{}, {"http": ("shop",)}, {"http.post": ("crm",)}]
    for declared in unfit:
        assert rules(line, actions=("http", "http.post"), declared=declared, credentials=there) == ["action.credential"]


def test_an_operations_own_entry_comes_before_its_groups() -> None:
    """As the worker takes it, in whichever order they are declared."""
    line, there = f"return actions.http.get('{URL}', credential='crm')", {"crm": "bearer"}
    for actions in (("http", "http.get"), ("http.get", "http")):
        assert rules(line, actions=actions, declared={"http.get": ("crm",)}, credentials=there) == []
        assert rules(line, actions=actions, declared={"http": ("crm",)}, credentials=there) == ["action.credential"]


def test_a_call_that_says_how_it_authenticates_needs_a_credential_of_that_type() -> None:
    """The only declared one is taken if it fits."""
    line = f"return actions.http.sendRequest({{'url': '{URL}', 'authentication': 'bearerToken'}})"
    there = {"a": "bearer", "b": "basic"}
    for declared, told in (((), 1), (("a",), 0), (("b",), 1), (("a", "b"), 1)):
        assert len(rules(line, declared={"http": declared}, credentials=there)) == told
    named = line.replace("'bearerToken'", "'bearerToken', 'credential': 'b'")
    (found,) = comments(named, declared={"http": ("a", "b")}, credentials=there)
    assert "type basic" in found.message
    unsound = line.replace("bearerToken", "magic")
    assert rules(unsound, declared={"http": ("a",)}, credentials=there) == ["action.options"]


def test_declared_credentials_exist_and_are_of_a_type_that_is_taken() -> None:
    """One comment at the top tells them all; where nobody looked, nothing is said."""
    declared = {"http": ("gone", "lost", "sheet", "crm")}
    there = {"crm": "bearer", "sheet": "google_service_account"}
    line = f"return actions.http.get('{URL}')"
    (found,) = comments(line, declared=declared, credentials=there)
    assert (found.rule, found.line, found.column) == ("action.credential", 1, 1)
    assert all(name in found.message for name in ("gone", "lost", "sheet"))
    assert "crm" not in found.message
    assert rules(line, declared=declared, credentials=None) == []


@pytest.mark.parametrize("group", [name for name, each in CONNECTORS.items() if each.needs_credential])
def test_who_needs_a_credential_takes_the_only_one_that_is_declared(group: str) -> None:
    """None declared is an error, and so are several of which the call names none."""
    operation = next(iter(CONNECTORS[group].operations))
    line, kind = f"return actions.{group}.{operation}(**session['params'])", next(iter(CONNECTORS[group].credentials))
    there = {"one": kind.value, "two": kind.value}
    without = f"return actions.{group}.{operation}({{}})"
    for declared, told in (((), True), (("one",), False), (("one", "two"), True)):
        found = rules(without, actions=(group,), declared={group: declared}, credentials=there)
        assert ("action.credential" in found) is told
        assert "action.credential" not in rules(
            line, actions=(group,), declared={group: declared or ("one",)}, credentials=there
        )


@pytest.mark.parametrize(
    ("call", "word"),
    [
        ("get('https://api.example.com', headerz={})", "headers"),
        ("get('https://api.example.com', 'body')", "by position"),
        ("sendRequest({'uri': 'https://api.example.com'})", "url"),
        ("sendRequest({'url': 'https://api.example.com', 'metod': 'GET'})", "method"),
        ("sendRequest({'options': {'url': 'https://api.example.com', 'metod': 'GET'}})", "method"),
        ("sendRequest({'url': 'https://api.example.com', 'method': 'FETCH'})", "method"),
        ("sendRequest({'url': 'https://api.example.com', 'clientOptions': {'timeout': 'x'}})", "timeout"),
        ("sendRequest({'url': 'https://api.example.com', 'clientOptions': {'timeuot': 1}})", "timeuot"),
        ("get('https://api.example.com', timeout=400000)", "timeout"),
        ("get('https://api.example.com', url='x')", "twice"),
        ("sendRequest({'method': session['x']})", "`url`"),
        ("sendRequest()", "`url`"),
        ("get()", "`url`"),
    ],
)
def test_options_that_the_action_would_refuse_are_told(call: str, word: str) -> None:
    """Unknown, missing, unsound, too many: at the option, or at the call where one is missing."""
    found = [each for each in comments(f"return actions.http.{call}") if each.rule == "action.options"]
    assert len(found) == 1
    assert word in found[0].message + found[0].suggestion


@pytest.mark.parametrize(("name", "operation"), [(name, each) for name, (_, each) in operations().items()])
def test_every_option_of_every_operation_is_known(name: str, operation: Operation) -> None:
    """A model that is asked for one option answers with faults, never with another exception."""
    for option in operation.options.model_fields:
        for spelled in {option, operation.options.model_fields[option].alias or option}:
            line = f"return actions.{name}({{'{spelled}': session['x']}})"
            found = comments(line, actions=(name,))
            assert not [each for each in found if "has no option" in each.message]
    for odd in (None, 1, "x", [], {}, [1], {"a": 1}):
        for option in operation.options.model_fields:
            with contextlib.suppress(ValidationError):
                operation.options.model_validate({option: odd})


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"return actions.http.get('{URL}')", 1),
        (f"actions.http.get('{URL}')\nreturn 1", 1),
        (f"return actions.http.get('{URL}')['data']", 1),
        (f"return actions.http.get('{URL}').get('data')", 1),
        (f"found = actions.http.get('{URL}')\nreturn found['data'] or found.get('x')", 2),
        (f"return (await actions.http.get('{URL}'))['data']", 0),
        (f"found = actions.http.get('{URL}')\nfound = await found\nreturn found['data']", 0),
        (f"found = actions.http.get('{URL}')\nreturn await found", 0),
        ("actions.progress('x')\nactions.log('x')\nreturn 1", 0),
        (f"import asyncio\nreturn await asyncio.gather(actions.http.get('{URL}'), actions.http.head('{URL}'))", 0),
    ],
)
def test_an_answer_that_is_used_without_await_is_told(line: str, told: int) -> None:
    """In `async def` alone: elsewhere a call returns its answer."""
    assert rules(line, handler="async " + HANDLER).count("action.await") == told
    if "await" not in line:
        assert rules(line) == []


def test_a_name_that_stands_for_the_sandboxs_error_may_not_be_misspelled() -> None:
    """ActionError is the one name that it provides."""
    assert rules("return ActionFault") == ["flakes.undefined"]


def test_a_text_that_grows_like_a_bomb_ends() -> None:
    """Sums of sums of f-strings are followed once each."""
    lines = ["a0 = f'https://evil.example/{1}'"]
    lines += [f"a{n} = f'{f'{{a{n - 1}}}' * 10}'" for n in range(1, 30)]
    lines += ["return actions.http.get(a29)"]
    assert "a3 = f'{a2}{a2}" in lines[3]
    assert "action.egress" not in rules("\n".join(lines))


def test_the_fingerprint_changes_with_what_decides_and_not_with_remarks() -> None:
    """The policy's version is made of it."""
    assert "send_request" in fingerprint()
    assert "Send an HTTP request" not in fingerprint()
    assert closest("http.gett", known_names())[0] == "http.get"


def _calls() -> st.SearchStrategy[tuple[str, list[Any], dict[str, Any]]]:
    """Make calls of any operation with literal arguments, some of which fit."""

    def of(name: str) -> st.SearchStrategy[tuple[str, list[Any], dict[str, Any]]]:
        fields = operations()[name][1].options.model_fields
        spelled = [*fields, *(field.alias or word for word, field in fields.items()), "options", "x"]
        plain = st.sampled_from([None, 1, -1, 0.5, True, "x", "", "GET", "asc", "https://a.example/", "A1:B2"])
        values = st.recursive(
            plain,
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(spelled), inner, max_size=2),
            max_leaves=4,
        )
        required = st.fixed_dictionaries({word: values for word, field in fields.items() if field.is_required()})
        args = st.lists(values, max_size=2) | st.lists(required, min_size=1, max_size=1)
        return st.tuples(st.just(name), args, st.dictionaries(st.sampled_from(spelled), values, max_size=2))

    return st.sampled_from(list(operations())).flatmap(of)


@settings(max_examples=400, deadline=None)
@given(call=_calls())
def test_review_refuses_the_options_that_the_worker_would_refuse_and_no_others(
    call: tuple[str, list[Any], dict[str, Any]],
) -> None:
    """Where all of a call is literal, review and the worker agree."""
    name, args, kwargs = call
    try:
        bind(name, operations()[name][1], tuple(args), kwargs)
        fits = True
    except ActionFailed:
        fits = False
    written = ", ".join([*map(repr, args), *(f"{word}={value!r}" for word, value in kwargs.items())])
    told = rules(f"return actions.{name}({written})", actions=(name,), egress=("a.example",))
    assert ("action.options" not in told) is fits


def _said(body: str) -> list[tuple[str, str]]:
    source = f"def handler(session, actions):\n    {body}\n"
    comments = review(Subject(source, actions=("http",), egress=("api.example.com",)))
    return [(comment.rule, comment.suggestion) for comment in comments]


@pytest.mark.parametrize(
    "body",
    [
        "return actions.http.get('https://api.example.com/x', timeout=10)['data']",
        "return actions.http.post('https://api.example.com/x', json={}, timeout=300)['data']",
        "return actions.http.get({'url': 'https://api.example.com/x', 'timeout': 30})",
        "return actions.http.sendRequest({'url': 'https://api.example.com/x', 'clientOptions': {'timeout': 5}})",
    ],
)
def test_a_timeout_that_was_meant_in_seconds_is_told_of_at_its_place(body: str) -> None:
    """With the figure to write."""
    ((rule, advice),) = _said(body)
    assert rule == "action.milliseconds"
    assert "000`" in advice


@pytest.mark.parametrize("words", ["timeout=5000", "timeout=301", "timeout=SLOW", ""])
def test_other_timeouts_are_fine(words: str) -> None:
    """Also those that nobody can see."""
    assert [rule for rule, _ in _said(f"return actions.http.get('https://api.example.com/x', {words})")] in (
        [],
        ["flakes.undefined"],
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return actions.http.get('https://api.example.com/x').data", "answer.json()"),
        ("r = actions.http.get('https://api.example.com/x')\n    return r.iter_lines()", "splitlines"),
        ("r = actions.http.get('https://api.example.com/x')\n    return r.cookies", "set-cookie"),
        ("r = actions.http.get('https://api.example.com/x')\n    return r.elapsed", "responseCode"),
    ],
)
def test_what_an_answer_has_not_is_told_of_with_what_it_has(body: str, words: str) -> None:
    """At the line that would fail."""
    ((rule, advice),) = _said(body)
    assert rule == "action.answer"
    assert words in advice


@pytest.mark.parametrize(
    "use", ["json()", "status_code", "raise_for_status()", "text", "ok", "headers", "get('data')", "items()"]
)
def test_what_an_answer_has_passes(use: str) -> None:
    """The words of `requests`, and those of a dict."""
    assert _said(f"r = actions.http.get('https://api.example.com/x')\n    return r.{use}") == []
