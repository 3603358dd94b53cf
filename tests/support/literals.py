"""Refuse code of the web UI that writes values into texts which a browser takes apart: `make check` runs it.

Properties, classes, styles, markup, templates and scripts are literals; what is not known in the code goes through
`parts/attributes.py`, `parts/scripts.py` and `parts/head.py`, which set values.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

UI = Path(__file__).parents[2] / "src/midcall/ui"
#: The places that set values; each is short enough to be read whole.
HELPERS = frozenset({"parts/attributes.py", "parts/scripts.py", "parts/head.py"})

#: Calls whose arguments are literals, by the called name.
_TEXTS = frozenset(
    {"props", "classes", "style", "default_props", "default_classes", "default_style", "html", "set_content"}
    | {"add_head_html", "add_body_html", "add_css", "add_scss", "add_sass", "markdown", "restructured_text", "mermaid"}
    | {"add_slot", "element", "run_javascript"}
)
#: Calls that take texts from elsewhere, or evaluate: there is another way to each.
_NEVER = frozenset({"set_optional", "set_bool", "bind_content", "bind_content_from", "bind_content_to", "setdefault"})
_LITERAL_KEYWORDS = frozenset({"tag", "default_props", "default_classes", "default_style", "template"})
_SCRIPTS = frozenset({"run", "ask", "called", "handler"})
_KEYED = frozenset({"props", "_props", "style", "_style"})
_TEXT_PROPERTIES = frozenset({"innerHTML", "outerHTML", "srcdoc", "html", "options-html", "label-html"})


class _Reader(ast.NodeVisitor):
    """Collects the faults of one module."""

    def __init__(self, tree: ast.Module) -> None:
        self.faults: list[tuple[int, str]] = []
        self._tables: set[str] = set()
        self._texts: set[str] = set()
        for statement in tree.body:
            self._remember(statement)
        self.visit(tree)

    def _remember(self, statement: ast.stmt) -> None:
        """Note a text, or a table of texts, that the module binds once and for all."""
        value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        targets = [statement.target] if isinstance(statement, ast.AnnAssign) else targets
        for target in targets:
            if isinstance(target, ast.Name) and target.id.isupper() and value is not None:
                self._tables |= {target.id} if self._is_table(value) else set()
                self._texts |= {target.id} if self._is_literal(value) else set()

    def _is_table(self, node: ast.expr) -> bool:
        match node:
            case ast.Dict(values=values) | ast.Tuple(elts=values):
                return bool(values) and all(map(self._is_literal, values))
        return False

    def _is_literal(self, node: ast.expr) -> bool:
        match node:
            case ast.Constant(value=value):
                return value is None or isinstance(value, str)
            case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, op=ast.Add(), right=other):
                return self._is_literal(one) and self._is_literal(other)
            case ast.Name(id=name):
                return name in self._texts
            case ast.Subscript(value=ast.Name(id=name)):
                return name in self._tables
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get"), args=[_, other]):
                return name in self._tables and self._is_literal(other)
        return False

    def visit_Call(self, node: ast.Call) -> None:
        """Judge a call."""
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        if name in _TEXTS:
            given = [*node.args, *(value for keyword, value in keywords.items() if keyword != "sanitize")]
            for argument in given:
                self._demand(argument, f"{name}() takes literals alone")
        if name in _NEVER and _is_keyed(node.func):
            self._fault(node, f"{name}(): set one value by its name")
        if name == "update" and _is_keyed(node.func):
            self._fault(node, "update(): set one value by its name")
        if name == "attributed" and None in keywords:
            self._fault(node, "attributed() names what it sets")
        if name == "notify" and "html" in keywords:
            self._fault(node, "notify() shows text")
        self._judge_scripts(node, name, keywords)
        for keyword in _LITERAL_KEYWORDS & keywords.keys():
            self._demand(keywords[keyword], f"{keyword}= takes literals alone")
        self.generic_visit(node)

    def _judge_scripts(self, node: ast.Call, name: str, keywords: dict[str | None, ast.expr]) -> None:
        given = keywords.get("js_handler")
        if given is not None and not _is_of_scripts(given):
            self._demand(given, "js_handler= takes literals, or scripts.handler(…)")
        if name in _SCRIPTS and _is_of_scripts(node):
            place = 1 if name in {"run", "ask"} else 0
            if len(node.args) <= place or not isinstance(node.args[place], ast.Constant):
                self._fault(node, f"scripts.{name}() names its function literally")

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Judge what a class gives to all of its elements."""
        for keyword in node.keywords:
            if keyword.arg in _LITERAL_KEYWORDS:
                self._demand(keyword.value, f"{keyword.arg}= takes literals alone")
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """Judge the name of a property that is set or read."""
        owner = node.value
        if isinstance(owner, ast.Attribute) and owner.attr in _KEYED and isinstance(node.ctx, ast.Store):
            key = node.slice
            own = isinstance(key, ast.Attribute) and key.attr == "VALUE_PROP"
            if owner.attr in {"style", "_style"}:
                self._fault(node, "a style's value is set by sized()")
            elif not own and not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
                self._fault(node, "a property's name is a literal")
            elif isinstance(key, ast.Constant):
                self._judge_property(node, str(key.value))
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        """Judge markup that is assigned."""
        for target in node.targets:
            if isinstance(target, ast.Attribute) and target.attr in {"content", "_props", "_style", "_classes"}:
                self._demand(node.value, f".{target.attr} is no place for texts")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        """Nothing: constants are judged where they are used."""

    def _judge_property(self, node: ast.AST, name: str) -> None:
        if name.startswith((":", "on")) or name in _TEXT_PROPERTIES:
            self._fault(node, f"the property {name!r} is run or parsed in the browser")

    def _demand(self, node: ast.expr, why: str) -> None:
        if not self._is_literal(node):
            self._fault(node, why)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " :" in f" {node.value}":
            self._fault(node, "a property that begins with ':' is run in the browser")

    def _fault(self, node: ast.AST, why: str) -> None:
        self.faults.append((getattr(node, "lineno", 0), why))


def _is_keyed(called: ast.expr) -> bool:
    return (
        isinstance(called, ast.Attribute) and isinstance(called.value, ast.Attribute) and called.value.attr in _KEYED
    ) or (isinstance(called, ast.Attribute) and called.attr.startswith("bind_content"))


def _is_of_scripts(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="scripts"))):
            return True
    return False


def faults_in(source: str) -> list[tuple[int, str]]:
    """Return the line of each fault of a module, and why it is one."""
    return sorted(_Reader(ast.parse(source)).faults)


def faults_below(folder: Path) -> Iterator[str]:
    """Name each fault of a folder."""
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder).as_posix()
        if name not in HELPERS:
            for line, why in faults_in(path.read_text(encoding="utf-8")):
                yield f"src/midcall/ui/{name}:{line}: {why}"


def main() -> int:
    """Print what is found; 1 if it is anything."""
    found = list(faults_below(UI))
    sys.stdout.write("".join(f"{fault}\n" for fault in found) or "literals: the web UI writes no value into a text\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
