"""What a webhook call carries: its JSON body in one of four forms, or its arguments in the query."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import quote_plus

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.javascript_json import NotSerializable, stringify
from midcall.domain.template.query import QueryPairs, query_pairs
from midcall.domain.template.url import with_query
from midcall.domain.template.values import TemplateValues, refused
from midcall.domain.template.webhook import WebhookTemplates

#: Methods that carry no body: what no template uses of the arguments goes to the query.
BODYLESS = frozenset({"GET", "DELETE"})
#: The media type of a form.
FORM = "application/x-www-form-urlencoded"
#: A session with its transcript (16 MB), as JSON.
MAX_BODY_CHARS = 24 * 1024 * 1024


class PayloadForm(StrEnum):
    """The form of a webhook call's JSON body."""

    #: The session body, the arguments in its `params`.
    SESSION = "session"
    #: `{name, call, args}`, as Retell sends it.
    CALL = "call"
    #: The arguments alone, at the root; Retell's `args_at_root`.
    ARGS = "args"
    #: The webhook's `body`, filled.
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class WebhookCall:
    """One call of a webhook: `session` is its session body, `args` its prepared parameters.

    `call` is what the agent's runtime passed under that name; without it the session body stands there.
    """

    function: str
    args: Mapping[str, Any]
    session: Mapping[str, Any]
    call: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class FilledWebhook:
    """A webhook call before auth and signatures: `payload` is the body's JSON value, if `has_body`.

    `query` comes on top of what the URL has. Nothing of it shows in a repr: secrets may be in it.
    """

    url: str = field(repr=False)
    query: QueryPairs = field(repr=False)
    headers: QueryPairs = field(repr=False)
    has_body: bool
    payload: Any = field(default=None, repr=False)

    def target(self) -> str:
        """Return the URL with the query; raises TemplateUnfilled where it is longer than a URL may be."""
        return with_query(self.url, self.query)

    @property
    def is_form(self) -> bool:
        """Whether its `Content-Type` says that the body is a form's."""
        types = [value for name, value in self.headers if name.lower() == "content-type"]
        return any(value.partition(";")[0].strip().lower() == FORM for value in types)

    def body(self, more: Mapping[str, Any] | None = None) -> bytes:
        """Return the body, with the fields of `more`, as it is signed and sent; empty where there is none.

        Raises InvalidInput.
        """
        if more and not (self.has_body and isinstance(self.payload, Mapping)):
            raise InvalidInput("auth in the body needs a body that is a JSON object; use another kind of auth")
        if not self.has_body:
            return b""
        value = {**self.payload, **more} if more else self.payload
        return form_bytes(value) if self.is_form else body_bytes(value)


def fill_webhook(
    templates: WebhookTemplates,
    call: WebhookCall,
    values: TemplateValues,
    *,
    method: str,
    form: PayloadForm,
    taken: Collection[str] = (),
) -> FilledWebhook:
    """Fill all templates of a webhook for one call; raises TemplateUnfilled.

    `taken` are names in the query that something else will write (auth), so that no argument is put beside them.
    """
    bodyless = method in BODYLESS
    query = tuple(pair for one in templates.query for pair in one.fill(values))
    if bodyless:
        query += arguments_as_query(
            call.args, leave_out=templates.names(with_body=False) | templates.query_names() | frozenset(taken)
        )
    return FilledWebhook(
        url=templates.url.fill(values),
        query=query,
        headers=tuple(header.fill(values) for header in templates.headers if not header.value.left_out(values)),
        has_body=not bodyless,
        payload=None if bodyless else payload_value(form, call, templates, values),
    )


def payload_value(form: PayloadForm, call: WebhookCall, templates: WebhookTemplates, values: TemplateValues) -> Any:
    """Return the JSON value of the body; raises TemplateUnfilled."""
    if form is PayloadForm.SESSION:
        return {**call.session, "params": dict(call.args)}
    if form is PayloadForm.CALL:
        about = call.session if call.call is None else call.call
        return {"name": call.function, "call": dict(about), "args": dict(call.args)}
    if form is PayloadForm.ARGS:
        return dict(call.args)
    if templates.body is None:
        raise refused("webhook.body", 'the payload "template" needs a body; add one')
    return templates.body.fill(values)


def arguments_as_query(args: Mapping[str, Any], *, leave_out: Collection[str] = ()) -> QueryPairs:
    """Return the arguments as a query, those in `leave_out` excepted; raises TemplateUnfilled, naming the argument.

    A text stands as it is, a number (with all of its digits) or boolean as JSON has it, an array once for each of its
    values, an object (and an array in an array) as JSON text; null is left out.
    """
    pairs: list[tuple[str, str]] = []
    for name, value in args.items():
        if name not in leave_out:
            try:
                pairs += query_pairs(name, value)
            except ValueError as error:
                raise refused(f"params.{name}", f"cannot be written into the query: {error}") from None
    return tuple(pairs)


def form_bytes(value: Any) -> bytes:
    """Write an object as a form, each field as a query has it; raises InvalidInput."""
    if not isinstance(value, Mapping):
        raise _unsendable("a form is made of names and values, and the body is no object")
    room = MAX_BODY_CHARS
    fields: list[str] = []
    try:
        for name, item in value.items():
            for _, text in query_pairs(name, item, max_chars=room):
                fields.append(f"{quote_plus(name)}={quote_plus(text)}")
                room -= len(fields[-1])
    except UnicodeEncodeError:
        raise _unsendable("it holds half of a surrogate pair, which no UTF-8 has") from None
    except ValueError:
        room = -1
    if room < 0:
        raise _unsendable(f"it is longer than {MAX_BODY_CHARS:,} characters as a form, or cannot be written as text")
    return "&".join(fields).encode("ascii")


def body_bytes(value: Any) -> bytes:
    """Write a body as JSON, the way receivers write it again to check a signature; raises InvalidInput."""
    try:
        return stringify(value, max_chars=MAX_BODY_CHARS).encode()
    except NotSerializable as error:
        raise _unsendable(f"it is {error}") from None


def _unsendable(why: str) -> InvalidInput:
    message = f"the body cannot be sent: {why}"
    return InvalidInput(message, faults=[Fault("webhook.payload", message)])
