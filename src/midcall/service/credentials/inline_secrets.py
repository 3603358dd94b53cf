"""Secrets that stand in a webhook's headers, query and auth: kept encrypted, written once, never shown again.

Secret are the values of `auth` that prove who calls, entries under a name that is plainly a secret's, and those that
are marked, `{"value": …, "secret": true}`; all others are plain text like the rest of the document. What was secret
stays so until its author says otherwise, `"secret": false`, and sends a value that may be read.

In a stored document a secret is MASK followed by its id. What is shown is MASK alone, and whoever sends MASK back keeps
the value; so nobody can name the secret of another function, nor send what looks like a reference.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.parameters import MASK
from midcall.domain.secret_names import is_secret_name
from midcall.domain.secret_reference import AUTH_SECRETS, AUTH_VALUES, SecretPlace, SecretReference

_MARK = "{{"
#: A password of fewer characters proves nothing: the user name beside it is the key.
_SHORTEST_PASSWORD = 3

_TEMPLATE = (
    "has a placeholder, so it is a template, which everybody reads: save its secret part as a credential and write "
    "{{secret.<credential>.<key>}} in a header"
)
_PLAINLY = "is always kept secret: nothing else stands in such a place, or under such a name; leave `secret` out"
_READABLE = f"send the value itself to make it readable: {MASK} keeps one that nobody reads again"
_NOT_KEPT = f"{MASK} keeps a value, but none is kept under this name; send the value itself"


@dataclass(frozen=True, slots=True)
class _Entry:
    """One value of headers, query or auth; `secret` is what its author says of it, if anything."""

    place: SecretPlace
    value: str = field(repr=False)
    secret: bool | None
    #: Whether its place alone makes it a secret.
    plainly: bool

    @property
    def key(self) -> SecretPlace:
        """Names it where headers are compared: their case says nothing."""
        place = self.place
        return replace(place, name=place.name.lower()) if place.part == "headers" else place

    @property
    def kept(self) -> bool:
        """Whether it is a reference already, or a mask."""
        return SecretReference.of(self.value) is not None

    @property
    def literal(self) -> bool:
        """Whether there is anything to keep: neither nothing, nor a template, nor what is kept already."""
        return bool(self.value) and _MARK not in self.value and not self.kept


def shown(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a version's document as it may be shown."""
    return _changed(config, lambda entry: MASK if entry.kept else entry.value)


def unmarked(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document whose entries are their values, whatever they are marked as."""
    return _changed(config, lambda entry: entry.value)


def kept(config: Mapping[str, Any], keep: Callable[[str, SecretPlace], str]) -> dict[str, Any]:
    """Return a document whose secrets are references; `keep(value, place)` stores one and returns its id."""

    def change(entry: _Entry) -> str:
        secret = entry.literal and (entry.plainly or entry.secret)
        return str(SecretReference(keep(entry.value, entry.place))) if secret else entry.value

    return _changed(config, change)


def restored(document: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """Put the references of `base` back where a document has MASK in their place, and mark what is to stay secret.

    A new value for what was secret is secret too, unless its author says otherwise: it may be one under a harmless
    name. Raises InvalidInput where nothing is kept under that name, for anything else that begins like a mask, and for
    a mark that cannot be.
    """
    before = {entry.place: entry.value for entry in _entries(base)}
    secret_before = {entry.key for entry in _entries(base) if entry.kept}
    faults = []

    def change(entry: _Entry) -> Any:
        problem = _problem(entry)
        if problem is None and entry.kept and entry.value != before.get(entry.place):
            if entry.value != MASK or entry.place not in before:
                problem = _NOT_KEPT
            else:
                entry = replace(entry, value=before[entry.place])
        if problem is not None:
            faults.append(Fault(str(entry.place), problem))
            return entry.value
        stays = entry.secret is None and entry.key in secret_before
        secret = entry.literal and not entry.plainly and (stays or entry.secret)
        return {"value": entry.value, "secret": True} if secret else entry.value

    changed = _changed(document, change)
    if faults:
        raise InvalidInput(faults=faults)
    return changed


def _problem(entry: _Entry) -> str | None:
    """Say what is wrong with how an entry is marked."""
    if entry.secret and _MARK in entry.value:
        return _TEMPLATE
    if entry.secret is False and entry.kept:
        return _READABLE
    if entry.secret is False and entry.literal and entry.plainly:
        return _PLAINLY
    return None


def _entries(config: Mapping[str, Any]) -> Iterator[_Entry]:
    found: list[_Entry] = []

    def look(entry: _Entry) -> str:
        found.append(entry)
        return entry.value

    _changed(config, look)
    return iter(found)


def _changed(config: Mapping[str, Any], change: Callable[[_Entry], Any]) -> dict[str, Any]:
    """Copy a document with every value of its webhook's headers, query and auth changed; tolerates any shape."""
    webhook = config.get("webhook")
    if not isinstance(webhook, Mapping):
        return dict(config)
    changed = dict(webhook)
    for part in ("headers", "query", "auth"):
        given = webhook.get(part)
        if isinstance(given, Mapping):
            changed[part] = {
                name: value if (entry := _entry(part, name, value, given)) is None else change(entry)
                for name, value in given.items()
            }
    return {**config, "webhook": changed}


def _entry(part: str, name: str, written: Any, beside: Mapping[str, Any]) -> _Entry | None:
    """Read a value, marked or not; None for what is none."""
    value, secret = written, None
    if isinstance(written, Mapping):
        value, secret = written.get("value"), written.get("secret")
    if not isinstance(value, str) or not (secret is None or isinstance(secret, bool)):
        return None
    place = SecretPlace(part, name)
    if not place.in_auth:
        return _Entry(place, value, secret, plainly=is_secret_name(name))
    if name not in AUTH_VALUES:
        return None
    return _Entry(place, value, secret, plainly=name in AUTH_SECRETS or _is_the_key(name, beside))


def _is_the_key(name: str, auth: Mapping[str, Any]) -> bool:
    """Tell whether a user name is what proves who calls: some services take their key for one, without a password."""
    password = auth.get("password")
    return name == "username" and isinstance(password, str) and len(password) < _SHORTEST_PASSWORD
