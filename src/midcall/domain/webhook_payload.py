"""What a webhook call carries: its JSON body in one of four forms, or its arguments in the query."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.javascript_json import Unwritable, stringify
from midcall.domain.template.query import Pairs, query_pairs
from midcall.domain.template.url import with_query
from midcall.domain.template.values import Values, refused
from midcall.domain.template.webhook import WebhookTemplates

#: Methods that carry no body: what no template uses of the arguments goes to the query.
BODYLESS = frozenset({"GET", "DELETE"})
#: A session with its transcript (16 MB), as JSON.
MAX_BODY_CHARS = 24 * 1024 * 1024


class PayloadForm(StrEnum):
    """What the JSON body of a webhook call is."""

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
    """What is to be sent, before auth and signatures: `payload` is the body's JSON value, if `has_body`.

    `query` comes on top of what the URL has. Nothing of it shows in a repr: secrets may be in it.
    """

    url: str = field(repr=False)
    query: Pairs = field(repr=False)
    headers: Pairs = field(repr=False)
    has_body: bool
    payload: Any = field(default=None, repr=False)

    def target(self) -> str:
        """Return the URL with the query; raises TemplateUnfilled where it is longer than a URL may be."""
        return with_query(self.url, self.query)

    def body(self) -> bytes:
        """Return the body as it is signed and sent; empty where there is none. Raises InvalidInput."""
        return body_bytes(self.payload) if self.has_body else b""


def fill_webhook(
    templates: WebhookTemplates,
    call: WebhookCall,
    values: Values,
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
        headers=tuple(header.fill(values) for header in templates.headers),
        has_body=not bodyless,
        payload=None if bodyless else payload_value(form, call, templates, values),
    )


def payload_value(form: PayloadForm, call: WebhookCall, templates: WebhookTemplates, values: Values) -> Any:
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


def arguments_as_query(args: Mapping[str, Any], *, leave_out: Collection[str] = ()) -> Pairs:
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


def body_bytes(value: Any) -> bytes:
    """Write a body as JSON, the way receivers write it again to check a signature; raises InvalidInput."""
    try:
        return stringify(value, max_chars=MAX_BODY_CHARS).encode()
    except Unwritable as error:
        message = f"the body cannot be sent: it is {error}"
        raise InvalidInput(message, faults=[Fault("webhook.payload", message)]) from None
