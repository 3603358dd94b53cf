"""Rules on the credentials that actions use: declared with the code, there, of a type that fits."""

import ast
from collections.abc import Iterator

from midcall.connectors import CONNECTORS
from midcall.connectors.kit import Connector
from midcall.domain.action import EnabledAction, covering, snake
from midcall.domain.credential import CredentialType
from midcall.domain.review import Severity
from midcall.review.calls import OperationCall, listed, reachable
from midcall.review.constants import texts
from midcall.review.module import Module
from midcall.review.options import credential_types
from midcall.review.rule import Hit, Rule, Span, example


def _credentials(module: Module) -> Iterator[Hit]:
    missing = list(_unfit(module))
    if missing:
        # One comment: comments of one rule at one place count as one.
        yield Hit(Span(), " ".join(fault for fault, _ in missing), " ".join(dict.fromkeys(cure for _, cure in missing)))
    for call in reachable(module):
        yield from _credential(module, call)


def _credential(module: Module, call: OperationCall) -> Iterator[Hit]:
    declared, wanted = _declared(module, call.name), credential_types(call)
    if call.credential is not None and not _is_none(call):
        where: ast.AST = call.credential.value
        chosen = sorted(texts(module, call.credential.value) or ())
        unknown = [name for name in chosen if name not in declared]
        if unknown:
            yield _undeclared(call, where, unknown[0], declared)
            return
    elif call.is_open or not (call.connector.needs_credential or wanted):
        return
    elif len(declared) != 1:
        yield _none_to_take(call, declared, wanted)
        return
    else:
        where, chosen = call.node.func, list(declared)
    yield from _unfit_for_call(module, call, where, chosen)


def _unfit_for_call(module: Module, call: OperationCall, where: ast.AST, chosen: list[str]) -> Iterator[Hit]:
    """Yield a credential of a type that its connector takes, and this call does not."""
    takes, there = _taking(call, credential_types(call)), module.subject.credentials or {}
    for name in chosen:
        kind = there.get(name)
        if kind in call.connector.credentials and kind not in takes:
            yield Hit(
                where,
                f"The credential {name} is of type {kind}, which this call of `{call.name}` does not take.",
                f"Use one of type {' or '.join(takes) or 'none at all'}.",
            )
            return


def _taking(call: OperationCall, wanted: frozenset[CredentialType] | None) -> list[CredentialType]:
    """Return the types of credentials that a call takes."""
    own = call.operation.credentials
    return [
        kind
        for kind in call.connector.credentials
        if (own is None or kind in own) and (wanted is None or kind in wanted)
    ]


def _unfit(module: Module) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with declared credentials, and what to do."""
    there = module.subject.credentials
    for entry, credentials in module.subject.declared.items():
        connector = CONNECTORS.get(snake(entry).partition(".")[0])
        for name in credentials:
            if there is not None and name not in there:
                yield (
                    f"There is no credential {name} in this workspace: calls that use it would fail.",
                    f"Save it with PUT /v1/credentials/{name}, or correct the name in `code.actions`.",
                )
            elif there is not None and connector is not None and there[name] not in connector.credentials:
                yield (
                    f"The credential {name} is of type {there[name]}, which {connector.title} does not take.",
                    f"Declare one of type {_types(connector)} for `{entry}`.",
                )


def _undeclared(call: OperationCall, where: ast.AST, name: str, declared: tuple[str, ...]) -> Hit:
    others = f" (declared now: {listed(declared)})" if declared else ""
    return Hit(
        where,
        f"The credential {name[:63]} is not declared for `{call.name}`, so the call would fail.",
        f"Add it to the credentials of that entry of `code.actions`, or name one that is there{others}.",
    )


def _none_to_take(call: OperationCall, declared: tuple[str, ...], wanted: frozenset[CredentialType] | None) -> Hit:
    if declared:
        return Hit(
            call.node.func,
            f"`{call.name}` names no credential, and several are declared for it.",
            f'Name the one to use: credential="{declared[0]}" (declared: {listed(declared)}).',
        )
    kinds, group = " or ".join(_taking(call, wanted)), call.connector.name
    return Hit(
        call.node.func,
        f"`{call.name}` needs a credential, and none is declared for it.",
        f'Declare one of type {kinds}: {{"name": "{group}", "credentials": ["…"]}} in `code.actions`.',
    )


def _is_none(call: OperationCall) -> bool:
    value = call.credential.value if call.credential else None
    return isinstance(value, ast.Constant) and value.value is None


def _declared(module: Module, action: str) -> tuple[str, ...]:
    """Return the credentials of the entry that an action is called under."""
    declared = module.subject.declared
    entry = covering((EnabledAction(snake(name), declared.get(name, ())) for name in module.subject.actions), action)
    return entry.credentials if entry else ()


def _types(connector: Connector) -> str:
    return " or ".join(connector.credentials)


RULES: tuple[Rule[Module], ...] = (
    Rule(
        id="action.credential",
        summary="Credentials that calls name are declared, exist, and are of a type that the action takes.",
        severity=Severity.ERROR,
        check=_credentials,
        good=example(
            "def handler(session, actions):\n"
            "    return actions.http.get('https://api.example.com/me', credential='shop')\n",
            actions=["http"],
            egress=["api.example.com"],
            declared={"http": ("shop",)},
            credentials={"shop": "bearer"},
        ),
        bad=example(
            "def handler(session, actions):\n"
            "    return actions.http.get('https://api.example.com/me', credential='crm')\n",
            actions=["http"],
            egress=["api.example.com"],
            declared={"http": ("shop",)},
            credentials={"shop": "bearer"},
        ),
    ),
)
