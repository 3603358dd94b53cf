"""Names with one underscore (`self._run`): fine where a class of the file has them and no library object does."""

import ast
import sys

from midcall.review.kinds import is_as_written
from midcall.review.module import Module
from midcall.review.scopes import BindingKind
from midcall.review.vocabulary import HELD, MACHINERY, is_guard, is_special


def private_fault(module: Module, base: ast.expr, name: str, *, stored: bool = False) -> tuple[str, str] | None:
    """Say why a private name may not be reached on `base`, and what to write instead; None if it may be.

    For names that start with one underscore, or with two but do not end so. `stored` is for places that set it.
    """
    if is_guard(name) or is_special(name) or name in MACHINERY:
        return "machinery around the code uses names of this kind", "Give it another name, without the underscore."
    if name not in module.class_attributes:
        return (
            "a name that starts with an underscore is private to its owner, and no class here sets it",
            f"Use a public name. If it is your own, set it in the class: `self.{name[:40]} = ...` in `__init__`.",
        )
    holder = _holder(module, name)
    if holder:  # on `self` too: a method can be called with anything for its first parameter
        return (
            f"objects of `{holder}`, which the code here has to do with, may have it too, and it leads behind them",
            f"Give yours another name, such as `{name.strip('_')[:40]}`.",
        )
    if any(isinstance(parent, ast.ClassDef) for parent in module.parents(base)) or _is_own(module, base):
        return None
    if stored or name not in module.own_attributes:
        return (
            "a name that starts with an underscore is private to its owner",
            "Set it within the class, in `__init__` or another method, or use a name without the underscore.",
        )
    return None


def _holder(module: Module, name: str) -> str:
    """Return the imported module whose objects may have a name that leads to machinery; an empty string if none."""
    if name not in HELD:
        return ""
    holders = module.once(_imported)
    return min(holders[0] & HELD[name], default="") or min(holders[1], default="")


def _imported(module: Module) -> tuple[frozenset[str], frozenset[str]]:
    """Return the tops of all modules that are imported, and those of packages: what their objects hold is not known.

    What actions are awaited by is asyncio's, whether the file imports it or not.
    """
    whole = {alias.name for node in module.nodes(ast.Import) for alias in node.names}
    whole |= {node.module or "" for node in module.nodes(ast.ImportFrom)}
    added = {
        source
        for source in whole
        if source.partition(".")[0] not in sys.stdlib_module_names and source in module.allowed.modules
    }
    awaited = {"asyncio"} if any(node.arg == "actions" for node in module.nodes(ast.arg)) else set[str]()
    return frozenset(source.partition(".")[0] for source in whole) | awaited, frozenset(added)


def _is_own(module: Module, base: ast.expr) -> bool:
    """Say whether an expression is `self`, a class of the file by its name, or an object just made of one."""
    if module.is_first(base):
        return True
    if _is_class(module, base.func if isinstance(base, ast.Call) else base):
        return True
    values = [found.value for found in module.meaning(base).bindings] if isinstance(base, ast.Name) else []
    return bool(values) and all(isinstance(value, ast.Call) and _is_class(module, value.func) for value in values)


def _is_class(module: Module, node: ast.expr) -> bool:
    """Say whether an expression is a class of the file by its name, as its statement makes it."""
    bindings = module.meaning(node).bindings if isinstance(node, ast.Name) else ()
    return bool(bindings) and all(
        found.kind is BindingKind.CLASS and isinstance(found.node, ast.ClassDef) and is_as_written(module, found.node)
        for found in bindings
    )
