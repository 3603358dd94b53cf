"""The values of one credential for one environment, as a form: secrets go in and never come back."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from nicegui import ui

from midcall.domain.credential import CredentialType
from midcall.domain.parameters import MASK
from midcall.service.credentials.hosts import own_hosts
from midcall.service.credentials.types import MODELS, CredentialValues
from midcall.ui.admin.credential_words import HOSTS, HOSTS_OF_SERVICE, KEY_FILE, words_of
from midcall.ui.admin.fields import ChoiceField, FormErrors, FormField, HostsField, PairsField, SecretField, TextField

#: Secrets of several lines.
_LONG = frozenset({"private_key", "key_file"})


class CredentialForm:
    """Fields by type. `shown` are the values as answers show them: secrets masked; empty for new ones."""

    def __init__(self, kind: CredentialType, shown: Mapping[str, Any]) -> None:
        self.errors = FormErrors((), below="values.")
        self._key_file: SecretField | None = None
        self._stored = bool(shown)
        with ui.element("div").classes("mc-fields"):
            if kind is CredentialType.GOOGLE_SERVICE_ACCOUNT:
                self._key_file = SecretField("key_file", KEY_FILE, stored=bool(shown), multiline=True)
                with ui.expansion("Or enter its fields one by one").classes("mc-credential-expansion"):
                    fields = self._fields(kind, shown)
                self.errors.fields.append(self._key_file)
            else:
                fields = self._fields(kind, shown)
        self._fields_made = fields
        self.errors.fields.extend(fields)

    def values(self) -> dict[str, Any]:
        """Return what is to be saved; what is left out is kept."""
        found: dict[str, Any] = {}
        if self._key_file is not None:
            self._key_file.put(found)
            if found:
                return found
        for field in self._fields_made:
            field.put(found)
        if self._key_file is not None and not found and not self._stored:
            # Nothing at all: the fault stands at the file, not at fields that nobody has unfolded.
            return {"key_file": ""}
        return found

    @staticmethod
    def _fields(kind: CredentialType, shown: Mapping[str, Any]) -> list[FormField]:
        return [_field(kind, MODELS[kind], name, shown) for name in MODELS[kind].model_fields]


def hosts_field(kind: CredentialType, stored: Sequence[str]) -> HostsField:
    """Make the field of where a credential may be sent."""
    # A shop's own address is in its values.
    return HostsField(HOSTS_OF_SERVICE if own_hosts(kind, {"shop_domain": "x"}) else HOSTS, stored)


def _field(kind: CredentialType, model: type[CredentialValues], name: str, shown: Mapping[str, Any]) -> FormField:
    words, info, value = words_of(kind, name), model.model_fields[name], shown.get(name)
    required = info.is_required()
    if isinstance(info.default, dict):
        return PairsField(name, words, value if isinstance(value, Mapping) else {})
    options = [each for each in get_args(info.annotation) if isinstance(each, str)]
    if options:
        return ChoiceField(name, words, options, value or info.default)
    # A user name without a password is a secret too; then it comes as its mask.
    if name not in model.SHOWN or value == MASK:
        stored = value is not None
        return SecretField(name, words, stored=stored, removable=stored and not required, multiline=name in _LONG)
    return TextField(name, words, value or "", required=required)
