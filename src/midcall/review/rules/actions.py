"""Rules on actions: enabled, to open hosts, with options that they take, awaited; credentials have their own file."""

import ast
from collections.abc import Iterator

from midcall.connectors import CONNECTORS, operations
from midcall.connectors.enabled import closest
from midcall.domain.action import snake
from midcall.domain.egress import Egress
from midcall.domain.review import Severity
from midcall.review.calls import ActionReference, OperationCall, enabled, listed, reachable, unawaited, uses
from midcall.review.module import Module
from midcall.review.options import OptionFault, faults, names
from midcall.review.rule import Hit, Rule, example
from midcall.review.scopes import BindingKind
from midcall.review.urls import targets
from midcall.review.vocabulary import words

#: A timeout up to this was probably meant in seconds.
_SECONDS = 300
#: What an answer over HTTP knows besides what a dict does.
ANSWERS = words(
    "json status_code status ok is_success is_error text content reason reason_phrase headers raise_for_status"
)
_INSTEAD = {
    "iter_lines": "Write `answer.text.splitlines()`.",
    "iter_content": "Write `answer.content`.",
    "iter_bytes": "Write `answer.content`.",
    "read": "Write `answer.content`, or `answer.text`.",
    "data": "Write `answer['data']`, or `answer.json()`.",
    "body": "Write `answer['data']`, or `answer.text`.",
    "responseCode": "Write `answer['responseCode']`, or `answer.status_code`.",
    "message": "Write `answer['message']`.",
    "cookies": "Read `answer.headers.get('set-cookie')`, with `full_response=True` in the call.",
    "code": "Write `answer.status_code`.",
}
#: Actions that reach nothing outside and need no enabling.
_ALWAYS = ("progress", "log", "refuse")
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


def _unknown(use: ActionReference, shown: str, known: tuple[str, ...], meant: str, base: str) -> Hit:
    close = closest(meant, known)
    which = f"Did you mean `{base}.{close[0]}`?" if close else f"There is {listed(known)}."
    return Hit(use.node, f"There is no action `{shown[:100]}`, so the call would fail.", which)


def _not_enabled(module: Module, use: ActionReference, name: str) -> Hit:
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


def _closed(module: Module, call: OperationCall) -> Iterator[Hit]:
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


def _host_of(module: Module, call: OperationCall) -> str:
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


def _option_hit(call: OperationCall, fault: OptionFault) -> Hit:
    given = call.options.get(fault.name or "")
    if fault.kind == "unknown" and given is not None:
        close = closest(fault.name or "", names(call.operation))
        which = f"Did you mean `{close[0]}`?" if close else _taken(call)
        return Hit(given.name, f"`{call.name}` has no option `{str(fault.name)[:60]}`: the call would fail.", which)
    about = f"`{fault.name}` of `{call.name}`" if given else f"`{call.name}`"
    return Hit(given.value if given else call.node.func, f"{about}: {fault.message[:300]}.", "Correct it.")


def _taken(call: OperationCall) -> str:
    return f"Its options are {listed(names(call.operation), most=40)}."


def _await(module: Module) -> Iterator[Hit]:
    for node, name in unawaited(module):
        if name in enabled(module):
            yield Hit(
                node,
                f"In an `async def`, `{name}` gives its answer only when it is awaited.",
                "Write `await` before the call (with parentheses around both where something follows).",
            )


def _units(module: Module) -> Iterator[Hit]:
    for call in reachable(module):
        if call.connector.name != "http":
            continue
        given = call.options.get("timeout")
        value = given.value if given else _nested_timeout(call)
        if isinstance(value, ast.Constant) and type(value.value) is int and 0 < value.value <= _SECONDS:
            yield Hit(
                value,
                f"`timeout` is in milliseconds here: after {value.value} ms the call fails.",
                f"Write `timeout={value.value * 1000}` for {value.value} s, or leave it out.",
            )


def _nested_timeout(call: OperationCall) -> ast.expr | None:
    nested = call.options.get("client_options")
    if nested is None or not isinstance(nested.value, ast.Dict):
        return None
    pairs = zip(nested.value.keys, nested.value.values, strict=True)
    return next((value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "timeout"), None)


def _answers(module: Module) -> Iterator[Hit]:
    """Tell of attributes that an answer over HTTP does not have; what it has, `sandbox/answer.py` at the top says."""
    made = {call.node: call.name for call in reachable(module) if call.connector.name == "http"}
    for node in module.nodes(ast.Attribute) if made else ():
        source = _made_by(module, node.value)
        if source in made and node.attr not in ANSWERS and not hasattr(dict, node.attr):
            yield Hit(
                node,
                f"The answer of `{made[source]}` has no `.{node.attr[:40]}`: this fails when the line runs.",
                _INSTEAD.get(
                    node.attr, "It is `{'responseCode': 200, 'data': ...}`, with `.json()`, `.text`, `.headers`."
                ),
            )


def _made_by(module: Module, node: ast.expr) -> ast.expr | None:
    """Return the call whose answer an expression is, awaited or not, by one name or none."""
    if isinstance(node, ast.Name):
        bindings = module.meaning(node).bindings
        node = bindings[0].value or node if len(bindings) == 1 and bindings[0].kind is BindingKind.VALUE else node
    return node.value if isinstance(node, ast.Await) else node


RULES: tuple[Rule[Module], ...] = (
    Rule(
        id="action.milliseconds",
        summary="A timeout of `actions.http` is given in milliseconds.",
        severity=Severity.WARNING,
        check=_units,
        good=example(
            "def handler(session, actions):\n    return actions.http.get('https://api.example.com/me', timeout=5000)\n",
            actions=_HTTP,
            egress=_OPEN,
        ),
        bad=example(
            "def handler(session, actions):\n    return actions.http.get('https://api.example.com/me', timeout=10)\n",
            actions=_HTTP,
            egress=_OPEN,
        ),
    ),
    Rule(
        id="action.answer",
        summary="Of an answer over HTTP only what it has is used: its keys, `.json()`, `.status_code`, `.text`, "
        "`.headers`, `.raise_for_status()`.",
        severity=Severity.WARNING,
        check=_answers,
        good=example(
            "def handler(session, actions):\n    return actions.http.get('https://api.example.com/me').json()\n",
            actions=_HTTP,
            egress=_OPEN,
        ),
        bad=example(
            "def handler(session, actions):\n"
            "    answer = actions.http.get('https://api.example.com/me')\n"
            "    return list(answer.iter_lines())\n",
            actions=_HTTP,
            egress=_OPEN,
        ),
    ),
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
