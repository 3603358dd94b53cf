"""What becomes the document of a function's next version: the one before with a patch, or another in its place."""

from collections.abc import Mapping
from typing import Any

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.function_config import FunctionConfig, Kind
from midcall.domain.jsonvalue import merge_patch
from midcall.domain.secret_reference import AUTH_VALUES, SecretPlace
from midcall.domain.template.text import parse_text
from midcall.domain.template.webhook import parse_webhook
from midcall.service.credentials.inline_secrets import restored, unmarked
from midcall.service.functions.form import NO_PART, parse_function
from midcall.service.ports import Outbound

#: What a function keeps for life; another one is another function.
_FIXED = ("name", "kind")


def check_webhook(document: Mapping[str, Any], outbound: Outbound) -> None:
    """Refuse a webhook that could never be called, whatever the values; raises InvalidInput with the fields' paths."""
    config = FunctionConfig.from_stored(unmarked(document))
    if config.kind is not Kind.WEBHOOK:
        return
    webhook, texts = config.webhook, config.webhook.auth.texts
    # Not those that are kept: what is yet to become a secret stands in it.
    templates = parse_webhook(url=webhook.url, headers=webhook.headers, query=webhook.query, body=webhook.body)
    outbound.check(templates.url.sample, loc="webhook.url")
    for name in AUTH_VALUES & texts.keys():
        parse_text(texts[name], str(SecretPlace("auth", name)), max_chars=len(texts[name]), secrets=True)
    if webhook.auth.type == "oauth2":
        outbound.check(texts["token_url"], loc="webhook.auth.token_url")


def merged(stored: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document that comes of a stored one and a merge patch (RFC 7396); raises InvalidInput."""
    faults = [
        Fault(field, "no part of a version; change it with PATCH /v1/functions/{name}")
        for field in sorted(NO_PART)
        if patch.get(field) is not None
    ]
    if faults := [*_fixed_faults(stored, patch), *faults]:
        raise InvalidInput(faults=faults)
    # Restored last: by then a list of headers has become an object, whose values have names.
    form = parse_function(merge_patch(stored, _whole_auth(FunctionConfig.from_stored(stored), patch)))
    return restored(form.config().to_stored(), stored)


def replaced(stored: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a whole document as it follows a stored one; masks in it keep what stood there. Raises InvalidInput."""
    if faults := _fixed_faults(stored, document):
        raise InvalidInput(faults=faults)
    return restored(document, stored)


def _fixed_faults(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[Fault]:
    return [
        Fault(field, f"a function keeps its {field}; create another function instead")
        for field in _FIXED
        if field in wanted and wanted[field] != stored[field]
    ]


def _whole_auth(config: FunctionConfig, patch: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let another kind of auth take the place of the one before, whose fields it does not know."""
    webhook, auth = patch.get("webhook"), None
    if isinstance(webhook, Mapping):
        auth = webhook.get("auth")
    before = config.webhook.auth
    if not isinstance(auth, Mapping) or not isinstance(webhook, Mapping):
        return patch
    kind = "credential" if "credential" in auth else auth.get("type", before.type)
    if kind == before.type:
        return patch
    gone = {name: None for name in before.texts if name not in auth}
    return {**patch, "webhook": {**webhook, "auth": {**gone, **auth}}}
