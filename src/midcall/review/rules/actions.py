"""Rules on actions: enabled, to open hosts, with options that they take, awaited; credentials have their own file."""

from collections.abc import Iterator

from midcall.connectors import CONNECTORS, operations
from midcall.connectors.enabled import closest
from midcall.domain.action import snake
from midcall.domain.egress import Egress
from midcall.domain.review import Severity
from midcall.review.calls import Call, Use, enabled, listed, reachable, unawaited, uses
from midcall.review.module import Module
from midcall.review.options import OptionFault, faults, names
from midcall.review.rule import Hit, Rule, example
from midcall.review.urls import targets

#: Actions that reach nothing outside and need no enabling.
_ALWAYS = ("progress", "log")
_HTTP: tuple[str, ...] = ("http",)
_OPEN = ("api.example.com",)


def _actions(module: Module) -> Iterator[Hit]:
    for use in uses(module):
        group = use.parts[0]
        if group in _ALWAYS:
            continue
        if group not in CONNECTORS:
            yield _unknown(use, ".".join(use.parts[:2]), (*CONNECTORS, *_ALWAYS), group, "actions")
        elif len(use.parts) > 1:
            name = f"{group}.{use.parts[1]}"
            if name not in operations():
                yield _unknown(use, name, tuple(CONNECTORS[group].operations), use.parts[1], f"actions.{group}")
            elif name not in enabled(module):
                yield _not_enabled(module, use, name)
        elif not any(name.startswith(f"{group}.") for name in enabled(module)):
            yield _not_enabled(module, use, group)


def _unknown(use: Use, shown: str, known: tuple[str, ...], meant: str, base: str) -> Hit:
    close = closest(meant, known)
    which = f"Did you mean `{base}.{close[0]}`?" if close else f"There is {listed(known)}."
    return Hit(use.node, f"There is no action `{shown[:100]}`, so the call would fail.", which)


def _not_enabled(module: Module, use: Use, name: str) -> Hit:
    group = name.partition(".")[0]
    entries = f"`{group}` or `{name}`" if group != name else f"`{group}`"
    shown = ", ".join(sorted(map(snake, module.subject.actions))) or "none"
    return Hit(
        use.node,
        f"The action `{name}` is not enabled for this function, so the call would fail.",
        f"Add {entries} to the function's `code.actions` (enabled now: {shown}).",
    )


def _egress(module: Module) -> Iterator[Hit]:
    entries = module.subject.egress
    for call in reachable(module):
        if not call.connector.anywhere:
            continue
        if not entries:
            yield Hit(
                call.node.func,
                f"`{call.name}` can reach nothing: no host is open for this function.",
                f"Add the host to the function's `code.egress`{_host_of(module, call)}.",
            )
        elif "url" in call.options:
            yield from _closed(module, call)


def _closed(module: Module, call: Call) -> Iterator[Hit]:
    egress, url = module.once(_open), call.options["url"].value
    if egress is None:
        return
    for target in targets(module, url):
        if not egress.allows(target.host, target.port, default_port=target.default_port):
            yield Hit(
                url,
                f"The host {str(target)[:200]} is not open for this function, so the call would fail.",
                f'Add "{str(target)[:200]}" to the function\'s `code.egress` '
                f"(open now: {listed(module.subject.egress)}).",
            )
            return


def _open(module: Module) -> Egress | None:
    try:
        return Egress.parse(module.subject.egress)
    except ValueError:  # what is saved has been checked, what is merely reviewed may not have been
        return None


def _host_of(module: Module, call: Call) -> str:
    url = call.options.get("url")
    target = next(targets(module, url.value), None) if url else None
    return f': "{str(target)[:200]}"' if target else ""


def _options(module: Module) -> Iterator[Hit]:
    for call in reachable(module):
        for misfit in call.misfits:
            yield Hit(misfit.where, f"{misfit.message}: the call would fail.", _taken(call))
        found = list(faults(call))
        missing = [fault.name for fault in found if fault.kind == "missing"]
        if missing:
            shown = ", ".join(f"`{name}`" for name in missing)
            yield Hit(call.node.func, f"`{call.name}` needs {shown}: the call would fail.", f"Add {shown}.")
        yield from (_option_hit(call, fault) for fault in found if fault.kind != "missing")


def _option_hit(call: Call, fault: OptionFault) -> Hit:
    given = call.options.get(fault.name or "")
    if fault.kind == "unknown" and given is not None:
        close = closest(fault.name or "", names(call.operation))
        which = f"Did you mean `{close[0]}`?" if close else _taken(call)
        return Hit(given.name, f"`{call.name}` has no option `{str(fault.name)[:60]}`: the call would fail.", which)
    about = f"`{fault.name}` of `{call.name}`" if given else f"`{call.name}`"
    return Hit(given.value if given else call.node.func, f"{about}: {fault.message[:300]}.", "Correct it.")


def _taken(call: Call) -> str:
    return f"Its options are {listed(names(call.operation), most=40)}."


def _await(module: Module) -> Iterator[Hit]:
    for node, name in unawaited(module):
        if name in enabled(module):
            yield Hit(
                node,
                f"In an `async def`, `{name}` gives its answer only when it is awaited.",
                "Write `await` before the call (with parentheses around both where something follows).",
            )


RULES: tuple[Rule[Module], ...] = (
    Rule(
        id="declared.action",
        summary="Only actions that there are and that are enabled are called.",
        severity=Severity.ERROR,
        check=_actions,
        good=example(
            "def handler(session, actions):\n    return actions.http.sendRequest({'url': 'https://api.example.com'})\n",
            actions=_HTTP,
            egress=_OPEN,
        ),
        bad=example(
            "def handler(session, actions):\n    return actions.http.post('https://api.example.com', json={})\n",
            actions=["http.get"],
            egress=_OPEN,
        ),
    ),
    Rule(
        id="action.egress",
        summary="Requests go to hosts that the function's egress names.",
        severity=Severity.ERROR,
        check=_egress,
        good=example(
            "def handler(session, actions):\n"
            "    order = session['params']['order']\n"
            "    return actions.http.get(f'https://api.example.com/orders/{order}')\n",
            parameters=["order"],
            actions=_HTTP,
            egress=_OPEN,
        ),
        bad=example(
            "def handler(session, actions):\n"
            "    order = session['params']['order']\n"
            "    return actions.http.get(f'https://crm.example.com/orders/{order}')\n",
            parameters=["order"],
            actions=_HTTP,
            egress=_OPEN,
        ),
    ),
    Rule(
        id="action.options",
        summary="Options that the source spells out are known to the action, complete and sound.",
        severity=Severity.ERROR,
        check=_options,
        good=example(
            "def handler(session, actions):\n"
            "    return actions.http.get('https://api.example.com/me', headers={'Accept': '*/*'}, timeout=5000)\n",
            actions=_HTTP,
            egress=_OPEN,
        ),
        bad=example(
            "def handler(session, actions):\n"
            "    return actions.http.get('https://api.example.com/me', header={'Accept': '*/*'})\n",
            actions=_HTTP,
            egress=_OPEN,
        ),
    ),
    Rule(
        id="action.await",
        summary="In an `async def`, the answer of an action is awaited before it is used.",
        severity=Severity.WARNING,
        check=_await,
        good=example(
            "async def handler(session, actions):\n"
            "    answer = await actions.http.get('https://api.example.com/me')\n"
            "    return answer['data']\n",
            actions=_HTTP,
            egress=_OPEN,
        ),
        bad=example(
            "async def handler(session, actions):\n"
            "    answer = actions.http.get('https://api.example.com/me')\n"
            "    return answer['data']\n",
            actions=_HTTP,
            egress=_OPEN,
        ),
    ),
)
