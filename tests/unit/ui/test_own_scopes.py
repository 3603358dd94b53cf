"""What pages offer keys that are limited to agents: read from their code, so that a new act cannot slip in."""

import ast
from collections.abc import Iterator
from pathlib import Path

import midcall.ui
from midcall.domain.workspace import Key, Own, Scope
from midcall.ui.frame import NAVIGATION
from midcall.ui.pages import PAGES

UI = Path(midcall.ui.__file__).parent
#: Use cases that look whose a thing is. Whatever else a page calls takes a scope that no limited key has.
LOOKING = {
    "agents.get",
    "agents.page",
    "overview.invocations_of",
    "overview.sessions",
    "sessions.end",
    "timelines.body",
    "timelines.read_on",
    "tools.export",
}
ACTS = frozenset({"call", "call_async", "run", "run_async"})
#: Who asks the services who somebody is: the way in, and what calls use cases as that one.
RECOGNISING = {"page.py", "sign_in.py", "page_context.py"}


def limited(*scopes: Scope) -> Key:
    """Return a key for one agent."""
    return Key("key_1", "ws_1", "limited", frozenset(scopes), ("mine",), "", 0)


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Parse each module of the UI."""
    for path in sorted(UI.rglob("*.py")):
        yield str(path.relative_to(UI)), ast.parse(path.read_text())


def acts(tree: ast.AST) -> Iterator[ast.Call]:
    """Find what calls use cases: `context.call(needs, use_case)` and its like."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ACTS:
            target = node.func.value
            name = target.id if isinstance(target, ast.Name) else getattr(target, "attr", "")
            if name in {"context", "_context"}:
                yield node


def scopes_of(node: ast.expr) -> list[str]:
    """Return what an act needs, as it is written; anything but `Scope.X` and `Own(Scope.X)` fails."""
    each = node.elts if isinstance(node, ast.Tuple) else [node]
    found = [ast.unparse(one) for one in each]
    assert all(text.removeprefix("Own(").removesuffix(")").startswith("Scope.") for text in found), found
    return found


def use_cases(tree: ast.Module, act: ast.Call) -> set[str]:
    """Return the use cases that an act calls: where it is written, or in the function that it names."""
    named = {node.attr for node in ast.walk(act) if isinstance(node, ast.Attribute)}
    named |= {node.id for node in ast.walk(act) if isinstance(node, ast.Name)}
    bodies: list[ast.AST] = [act.args[1]]
    bodies += [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name in named]
    found = set()
    for node in (each for body in bodies for each in ast.walk(body)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
            above = node.value.value
            if "services" in {getattr(above, "attr", ""), getattr(above, "id", "")}:
                found.add(f"{node.value.attr}.{node.attr}")
    return found


def test_an_act_for_limited_keys_calls_use_cases_that_look_whose_a_thing_is() -> None:
    """`Own(…)` stands nowhere else; all other acts need a scope that no limited key has."""
    found, plain = set(), 0
    for name, tree in modules():
        for act in acts(tree):
            if name == "page_context.py":
                continue
            if any(text.startswith("Own(") for text in scopes_of(act.args[0])):
                called = use_cases(tree, act)
                assert called, f"{name}:{act.lineno} calls what this test does not find"
                found |= called
            else:
                plain += 1
    assert found == LOOKING
    assert plain > 40


def test_an_own_scope_never_opens_what_writes_or_decides() -> None:
    """A limited key has `run` and `read`, whatever its row says; and these of its own things alone."""
    key = limited(*Scope)
    assert key.held == {Scope.READ, Scope.RUN}
    assert [scope for scope in Scope if key.may(scope)] == []
    assert {scope for scope in Scope if key.may(Own(scope))} == {Scope.READ, Scope.RUN}
    assert not limited(Scope.ADMIN).may(Own(Scope.READ))


def test_pages_for_limited_keys_are_those_of_agents_and_sessions() -> None:
    """Others say that they are about the whole workspace, and their navigation does not offer them."""
    key = limited(*Scope)
    assert {page.path for page in PAGES if any(map(key.may, page.needs))} == {
        *("/agents", "/agents/{name}", "/sessions", "/sessions/{session_id}"),
    }
    assert {section.path for section in NAVIGATION if key.may(section.needs)} == {"/agents", "/sessions"}


def test_nothing_in_the_pages_acts_without_asking_who_somebody_is() -> None:
    """Use cases are called through `context`, which asks for the key anew; a page makes no caller of its own."""
    found = {
        name
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"recognise", "authenticate"}
    }
    assert found == RECOGNISING
    made = [name for name, tree in modules() for node in ast.walk(tree) if ast.unparse(node).startswith("Caller(")]
    assert made == []
