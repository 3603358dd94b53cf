"""Rules on imports: listed names only, and a module is never a value."""

import ast
import difflib
import sys
from collections.abc import Iterator

from midcall.domain.review import Severity
from midcall.review.forms import FORMS
from midcall.review.module import Module
from midcall.review.rule import Hit, Rule, example
from midcall.review.unrun import is_optional

_FUTURE = frozenset({"annotations", "division", "generator_stop", "print_function", "unicode_literals"})


def _advice(module: Module, name: str) -> str:
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        hint = module.allowed.hints.get(".".join(parts[:count]))
        if hint:
            return hint
    if parts[0] in sys.stdlib_module_names or parts[0] in {
        listed.partition(".")[0] for listed in module.allowed.modules
    }:
        return "Do without it; docs/review-rules.md lists what is there. For other systems use an enabled action."
    return (
        f"`{parts[0][:60]}` is not in the sandbox. Write what you need of it in plain Python, call its service with "
        "`actions.http`, or ask your operator to add the package (docs/packages.md)."
    )


def _modules(module: Module) -> Iterator[Hit]:
    for node in module.nodes(ast.Import):
        for alias in node.names:
            if alias.name not in module.allowed.modules and is_optional(module, node, alias.name):
                yield _absent(module, alias, alias.name)
            elif alias.name not in module.allowed.modules:
                yield Hit(alias, f"`{alias.name}` may not be imported.", _advice(module, alias.name))
            elif module.scope(node).is_class:
                yield Hit(
                    alias,
                    "An import inside a class makes the module an attribute, which any code could pass on.",
                    "Move the import to the top of the file.",
                )


def _absent(module: Module, where: ast.AST, name: str) -> Hit:
    hint = module.allowed.hints.get(name.partition(".")[0], "")
    return Hit(
        where,
        f"`{name}` is not there, so the code goes the other way each time.",
        f"This may stay if the code does without it. {hint}".rstrip(),
        Severity.INFO,
    )


def _names(module: Module) -> Iterator[Hit]:
    for node in module.nodes(ast.ImportFrom):
        source = node.module or ""
        if node.level:
            yield Hit(node, "A function is one file: there is nothing relative to it.", "Remove this import.")
        elif source == "__future__":
            yield from _future(node)
        else:
            yield from _from(module, node, source)


def _future(node: ast.ImportFrom) -> Iterator[Hit]:
    for alias in node.names:
        if alias.name not in _FUTURE:
            yield Hit(alias, f"`__future__` has no usable `{alias.name}`.", "Only `annotations` is of use here.")


def _from(module: Module, node: ast.ImportFrom, source: str) -> Iterator[Hit]:
    if not module.allowed.is_step(source) and is_optional(module, node, source):
        yield _absent(module, node, source)
        return
    if not module.allowed.is_step(source):
        yield Hit(node, f"`{source}` may not be imported.", _advice(module, source))
        return
    for alias in node.names:
        whole = f"{source}.{alias.name}"
        if alias.name == "*":
            yield Hit(node, "`import *` hides which names come in.", f"Name what you need: `from {source} import ...`.")
        elif whole in module.allowed.modules:
            if module.scope(node).is_class:
                yield Hit(alias, "An import inside a class makes the module an attribute.", "Move it to the top.")
        elif alias.name not in module.allowed.names_of(source):
            yield Hit(alias, _unlisted(module, source, alias.name), _listed(module, source, alias.name))
        elif module.scope(node).is_class and _is_narrow(module, whole):
            yield Hit(
                alias,
                f"An import inside a class makes `{alias.name}` an attribute, which nobody could follow.",
                "Move the import to the top of the file.",
            )


def _is_narrow(module: Module, whole: str) -> bool:
    """Say whether a listed name may only be used in some forms."""
    return whole in FORMS or whole in module.allowed.keywords or whole in module.allowed.decorators


def _unlisted(module: Module, source: str, name: str) -> str:
    if module.allowed.names_of(source):
        return f"`{name}` of `{source}` is not on the list of what may be used."
    return f"`{source}.{name}` may not be used."


def _listed(module: Module, source: str, name: str) -> str:
    whole = f"{source}.{name}"
    names = sorted(module.allowed.names_of(source))
    if whole in module.allowed.hints or not names:
        return _advice(module, whole)
    close = difflib.get_close_matches(name[:60], names, n=1)
    if close:
        return f"Did you mean `{close[0]}`?"
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")  # noqa: PLR2004 (fits one comment)
    return f"Of `{source}` there are: {shown}."


def _members(module: Module) -> Iterator[Hit]:
    """Follow each use of a module's name up its attributes until a listed name is reached."""
    for node in module.nodes(ast.Name):
        if not isinstance(node.ctx, ast.Load):
            continue
        for origin in module.modules(node) - module.once(_refused):
            # What may not be imported at all has its comment at the import.
            if module.allowed.is_step(origin):
                yield from _member(module, node, origin)


def refused(module: Module, whole: str) -> bool:
    """Say whether an import, as `module`, `module.name` or `module.name as other`, has a comment that refuses it."""
    whole = whole.partition(" as ")[0]
    return whole in module.once(_refused) or not any(map(module.allowed.is_step, (whole, whole.rpartition(".")[0])))


def _refused(module: Module) -> frozenset[str]:
    """Return the modules that are imported and may not be, where nothing listed lies below them under that name."""
    plain = [alias.name for node in module.nodes(ast.Import) for alias in node.names]
    listed = {name.partition(".")[0] for name in plain if name in module.allowed.modules}
    return frozenset(name for name in plain if name not in module.allowed.modules and name not in listed)


def _member(module: Module, node: ast.expr, origin: str) -> Iterator[Hit]:
    parent = module.parent(node)
    if not isinstance(parent, ast.Attribute):
        yield Hit(
            node,
            f"The module `{origin}` is used as a value here; it would carry everything it contains along.",
            f"Use what you need by name, such as `{_sample(module, origin)}`.",
        )
        return
    whole = f"{origin}.{parent.attr}"
    if not isinstance(parent.ctx, ast.Load):
        yield Hit(parent, f"This changes `{whole}` for all code.", "Keep your own value in a variable of your own.")
    elif module.allowed.is_step(whole):
        yield from _member(module, parent, whole)
    elif parent.attr not in module.allowed.names_of(origin):
        yield Hit(parent, _unlisted(module, origin, parent.attr), _listed(module, origin, parent.attr))


def refused_arguments(module: Module) -> Iterator[ast.expr]:
    """Yield what is handed to functions of the library that are refused at the place of their call."""
    members = {hit.where for hit in _members(module)}
    for call in module.nodes(ast.Call):
        if call.func in members:
            yield from call.args
            yield from (keyword.value for keyword in call.keywords)


def _sample(module: Module, origin: str) -> str:
    names = sorted(name for name in module.allowed.names_of(origin) if name.islower())
    return f"{origin}.{names[0]}" if names else "from module import name"


def _changes(module: Module) -> Iterator[Hit]:
    """Find stores on library classes and functions; on modules `_member` finds them."""
    places: list[ast.Attribute | ast.Subscript] = [*module.nodes(ast.Attribute), *module.nodes(ast.Subscript)]
    for node in places:
        if isinstance(node.ctx, ast.Load):
            continue
        base: ast.expr = node.value
        while isinstance(base, ast.Subscript | ast.Call):
            base = base.value if isinstance(base, ast.Subscript) else base.func
        origins = module.origins(base)
        if origins and not isinstance(node.value, ast.Call):
            yield Hit(
                node,
                f"This changes `{min(origins)}`, which belongs to the library and is used by others.",
                "Make your own class or function instead (a subclass, for instance) and change that.",
            )


def _keywords(module: Module) -> Iterator[Hit]:
    places: list[ast.Name | ast.Attribute] = [*module.nodes(ast.Name), *module.nodes(ast.Attribute)]
    for node in places:
        narrowed = [module.allowed.keywords[name] for name in module.origins(node) if name in module.allowed.keywords]
        parent = module.parent(node)
        if not narrowed or isinstance(parent, ast.Attribute) or not isinstance(node.ctx, ast.Load):
            continue
        listed = frozenset.intersection(*narrowed)
        if not isinstance(parent, ast.Call) or parent.func is not node:
            yield Hit(node, "This may only be called directly.", "Write the call here, with its arguments.")
        elif (parent.args and "*" not in listed) or any(keyword.arg not in listed for keyword in parent.keywords):
            shown = ", ".join(sorted(listed - {"*"}))
            yield Hit(parent, "This call may only be given some arguments.", f"Use only: {shown}.")


def _decorators(module: Module) -> Iterator[Hit]:
    places: list[ast.Name | ast.Attribute] = [*module.nodes(ast.Name), *module.nodes(ast.Attribute)]
    for node in places:
        origins = module.origins(node) & module.allowed.decorators
        if not isinstance(node.ctx, ast.Load) or not origins:
            continue
        parent = module.parent(node)
        whole: ast.AST = parent if isinstance(parent, ast.Call) and parent.func is node else node
        around = module.parent(whole)
        if not isinstance(around, ast.ClassDef) or around.decorator_list[-1:] != [whole]:
            yield Hit(
                node,
                f"`{min(origins)}` writes code from what it is given, so it may only decorate a class directly.",
                "Write it as the last decorator, right above `class`.",
            )


_BODY = "def handler(session):\n    return 1\n"
RULES: tuple[Rule[Module], ...] = (
    Rule(
        id="import.module",
        summary="Only listed modules are imported: no files, network, processes, threads, or code from text.",
        severity=Severity.ERROR,
        check=_modules,
        good=example("import json\n\ndef handler(session):\n    return json.dumps({})\n"),
        bad=example("import os\n\ndef handler(session):\n    return os.getcwd()\n"),
    ),
    Rule(
        id="import.name",
        summary="Only listed names are imported from a module.",
        severity=Severity.ERROR,
        check=_names,
        good=example("from re import sub\n\ndef handler(session):\n    return sub('a', 'b', 'c')\n"),
        bad=example("from re import enum\n\ndef handler(session):\n    return enum.Enum\n"),
    ),
    Rule(
        id="import.member",
        summary="Of a module only listed names are used, and a module is never a value.",
        severity=Severity.ERROR,
        check=_members,
        good=example("import re\n\ndef handler(session):\n    return re.sub('a', 'b', 'c')\n"),
        bad=example("import re\n\ndef handler(session):\n    found = re\n    return found.enum.sys\n"),
    ),
    Rule(
        id="import.change",
        summary="Library classes and functions are not changed.",
        severity=Severity.ERROR,
        check=_changes,
        good=example(
            "from json import JSONEncoder\n\nclass Mine(JSONEncoder):\n    def default(self, o):\n        return 1\n"
            "\ndef handler(session):\n    return Mine().encode({})\n"
        ),
        bad=example("from json import JSONEncoder\n\nJSONEncoder.default = str\n\n" + _BODY),
    ),
    Rule(
        id="import.decorator",
        summary="`dataclass` only decorates class statements, nearest to the class.",
        severity=Severity.ERROR,
        check=_decorators,
        good=example("from dataclasses import dataclass\n\n@dataclass\nclass Point:\n    x: int\n\n" + _BODY),
        bad=example("from dataclasses import dataclass\n\nmake = dataclass\n\n" + _BODY),
    ),
    Rule(
        id="import.arguments",
        summary="Some library functions take only some of their arguments (`logging.basicConfig` writes no file).",
        severity=Severity.ERROR,
        check=_keywords,
        good=example("import logging\n\nlogging.basicConfig(level=logging.INFO)\n\n" + _BODY),
        bad=example("import logging\n\nlogging.basicConfig(filename='log')\n\n" + _BODY),
    ),
)
