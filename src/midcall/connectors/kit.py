"""The connector kit: what one integration is made of.

An integration is one file: options as pydantic models, operations as generators that ask for HTTP requests and are
sent the answers, the credentials it takes, where it lives. Nothing in it touches a network, a secret's storage or a
clock, so it is tested by driving the generator by hand; `midcall.service.actions` drives it for real. What the review,
the docs and code completion say of actions is read from here.

    >>> class GetThing(Options):
    ...     '''Read one thing.'''
    ...     thing_id: str
    >>> def get_thing(options: GetThing, account: Account) -> Steps:
    ...     answer = yield Ask("GET", path("/things/{}", options.thing_id))
    ...     return answer.value
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from midcall.domain.action import ActionFailed, snake
from midcall.domain.credential import CredentialType
from midcall.domain.grant import Grant
from midcall.domain.http import Headers, HttpResponse

#: The values of the credential in use that are no secret (`shop_domain`, `phone_number_id`).
Account = Mapping[str, str]

#: What a JSON body is where there is none: null is one.
NOTHING: Any = object()

_FAULTS_SHOWN = 5


class Options(BaseModel):
    """The options of one operation; its docstring is the operation's description. snake_case and camelCase both do."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        loc_by_alias=False,
        hide_input_in_errors=True,
    )

    def credential_types(self) -> frozenset[CredentialType] | None:
        """Return the types of credentials that these options ask for; None where they say nothing of it."""
        return None


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One HTTP request that an operation asks for.

    `path` lies below the connector's base URL and is made with `path` where it holds values. `json` is the body.
    """

    method: str
    path: str = ""
    query: tuple[tuple[str, str], ...] = ()
    json: Any = field(default=NOTHING, repr=False)
    headers: Headers = ()
    #: Statuses of 400 and more that the operation wants to see itself; all others raise ActionFailed in the caller.
    sees: Callable[[int], bool] = lambda _status: False
    #: Whether it may be sent once more after a lost connection or a 5xx; None: if its method is GET, HEAD, PUT, DELETE.
    repeatable: bool | None = None
    #: For APIs that say in a body, not by 429, that they did nothing because of too many requests: the milliseconds to
    #: wait before it is sent again, as after a 429; None: the answer is one.
    throttled: Callable[[HttpResponse], int | None] = lambda _answer: None
    #: Of connectors without a base URL alone: the whole address, and how it is called.
    url: str = field(default="", repr=False)
    body: bytes | None = field(default=None, repr=False)
    redirects: int = 0
    timeout_ms: int | None = None
    verify: bool = True


#: An operation under way: yields what it asks for, is sent the answers, returns what the code gets. Where a request
#: fails, ActionFailed is thrown into it at that request: one of several requests can then say how far it came.
Steps = Generator[ApiRequest, HttpResponse, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a connector does."""

    options: type[Options]
    run: Callable[[Any, Account], Steps]
    #: Options that may be given by position.
    positional: tuple[str, ...] = ()
    #: What it returns, in a line of Python, for docs and completion.
    returns: str = "the answer as JSON"
    #: A call of it, for docs, completion and the tests that run every example.
    example: str = ""
    #: Types of credentials that it takes, where those are not all that its connector does.
    credentials: frozenset[CredentialType] | None = None

    @property
    def summary(self) -> str:
        """The first sentence of its description."""
        return (self.options.__doc__ or "").strip().splitlines()[0]

    def takes(self, kind: CredentialType, options: Options) -> bool:
        """Tell whether a call with these options may use a credential of a type that its connector takes."""
        wanted = options.credential_types()
        return (self.credentials is None or kind in self.credentials) and (wanted is None or kind in wanted)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When an operation's request is sent again by itself: after a 429 or 503, if the deadline leaves the time."""

    attempts: int = 3
    #: Milliseconds to wait where the answer names none.
    pause_ms: int = 1_000


#: Nothing is ever sent again.
NO_RETRY = RetryPolicy(attempts=1)

Make = Callable[[Mapping[str, Any]], Grant]


@dataclass(frozen=True, slots=True)
class Connector:
    """One integration.

    `base_url` is where it lives, unless the operator says otherwise; `{shop_domain}` in it is a value of the credential
    that is no secret. None: an operator has to say. `anywhere`: it has no base, and its requests name whole addresses.
    """

    name: str
    title: str
    summary: str
    operations: Mapping[str, Operation]
    #: How each type of credential that it takes shows who calls.
    credentials: Mapping[CredentialType, Make]
    base_url: str | None = None
    anywhere: bool = False
    #: False: calls may go without a credential, and never take one that they do not name.
    needs_credential: bool = True
    retry: RetryPolicy = RetryPolicy()
    #: Asks something harmless to see whether a credential is good; None: nothing can be asked.
    check: Callable[[Account], Steps] | None = None
    #: Where its API is documented, for people.
    source: str = ""


@dataclass(frozen=True, slots=True)
class BoundArguments:
    """A call whose arguments fit its operation."""

    options: Options
    #: The name that the call gave, or None.
    credential: str | None
    #: The options as the call gave them, those on top named in snake_case.
    given: Mapping[str, Any] = field(default_factory=dict, repr=False)


def path(template: str, *values: str) -> str:
    """Fill `{}` in a path with values, each percent-encoded whole; raises ActionFailed for one that is no segment."""
    for value in values:
        if value in {"", ".", ".."}:
            raise ActionFailed(f"{value!r} cannot stand in a path", code="bad_options")
    return template.format(*(quote(value, safe="") for value in values))


def bind(name: str, operation: Operation, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> BoundArguments:
    """Read a call's arguments: an object of options, options by position, by name, or all of these.

    The envelope `{"credentialId": …, "options": {…}}` is read as well. Raises ActionFailed that names each fault.
    """
    given = _merged(name, operation, args, kwargs)
    credential = None
    for word in ("credential", "credential_id"):
        credential = given.pop(word, None) or credential
    if credential is not None and not isinstance(credential, str):
        raise ActionFailed(f"{name}: credential is the name of one, a text", code="bad_options")
    if set(given) == {"options"} and isinstance(given["options"], Mapping):
        given = _named(name, given["options"])
        credential = given.pop("credential", None) or given.pop("credential_id", None) or credential
    try:
        return BoundArguments(operation.options.model_validate(given), credential, given)
    except ValidationError as error:
        raise ActionFailed(f"{name}: {_faults(error)}", code="bad_options") from None


def _merged(name: str, operation: Operation, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    if len(args) == 1 and isinstance(args[0], Mapping):
        given = _named(name, args[0])
    elif len(args) <= len(operation.positional):
        given = dict(zip(operation.positional, args, strict=False))
    else:
        takes = f"({', '.join(operation.positional)}) by position" if operation.positional else "nothing by position"
        raise ActionFailed(f"{name} takes {takes}, and an object of options", code="bad_options")
    for word, value in _named(name, kwargs).items():
        if word in given:
            raise ActionFailed(f"{name}: {word} is given twice", code="bad_options")
        given[word] = value
    return given


def _named(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return options by their Python names; raises ActionFailed where one comes in both spellings."""
    named = {snake(word): value for word, value in given.items()}
    if len(named) < len(given):
        raise ActionFailed(f"{name}: an option is given in two spellings", code="bad_options")
    return named


def _faults(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    texts = []
    for fault in found[:_FAULTS_SHOWN]:
        where = ".".join(str(part) for part in fault["loc"]) or "options"
        texts.append(f"{where}: {_text_of(fault['type'], fault['msg'])}")
    return "; ".join(texts) + ("; …" if len(found) > _FAULTS_SHOWN else "")


def _text_of(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "is no option of this action; remove it or check its spelling"
    if kind == "missing":
        return "is required; add it"
    return message.removeprefix("Value error, ")
