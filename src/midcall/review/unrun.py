"""What never runs: blocks for other places, annotations that are kept as text, imports that cannot succeed.

Code is brought along from elsewhere with all of them. What stands there is not judged by what it would do.
"""

import ast
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from midcall.review.allowlist import packaged
from midcall.review.module import Module
from midcall.review.vocabulary import RUNNER, words

#: A place in the source, as the tree has it: line from 1, byte of the line from 0.
SourcePosition = tuple[int, int]
Stretch = tuple[SourcePosition, SourcePosition]
#: What may lie in an image besides the standard library as Python itself lists it.
_THERE = frozenset(sys.builtin_module_names) | words(
    "test xxlimited xxlimited_35 xxsubtype sitecustomize usercustomize lib2to3 distutils pip setuptools pkg_resources "
    "wheel apport_python_hook antigravity this tzdata"
)
_CATCHERS = ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")


class SourceRanges:
    """Stretches of a source, for many questions whether a place lies in one of them."""

    def __init__(self, found: Iterable[Stretch]) -> None:
        self._starts: list[SourcePosition] = []
        self._ends: list[SourcePosition] = []
        for start, end in sorted(found):
            if self._ends and start < self._ends[-1]:
                self._ends[-1] = max(end, self._ends[-1])
            else:
                self._starts.append(start)
                self._ends.append(end)

    def __contains__(self, place: SourcePosition) -> bool:
        """Say whether a place lies in one; the end does not."""
        position = bisect_right(self._starts, place) - 1
        return position >= 0 and place < self._ends[position]


def stretch(node: ast.AST) -> Stretch:
    """Return from where to where a node stands."""
    start = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
    return start, (getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0))


def blocks(module: Module) -> Iterator[ast.stmt]:
    """Yield the statements below `if __name__ == "__main__":` and `if TYPE_CHECKING:`, at the top level.

    There alone: in a function, what is bound in such a block changes what names outside of it mean.
    """
    for statement in module.tree.body:
        if isinstance(statement, ast.If) and (_is_main(module, statement.test) or _is_checking(module, statement.test)):
            yield from statement.body


def _is_main(module: Module, test: ast.expr) -> bool:
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = [test.left, test.comparators[0]]
    names = [side for side in sides if isinstance(side, ast.Name) and side.id == "__name__"]
    texts = [side for side in sides if isinstance(side, ast.Constant) and side.value == "__main__"]
    return len(names) == len(texts) == 1 and not module.meaning(names[0]).bindings


def _is_checking(module: Module, test: ast.expr) -> bool:
    return module.is_only(test, "typing.TYPE_CHECKING")


def annotations(module: Module) -> Iterator[ast.expr]:
    """Yield the annotations, and texts in others, that nothing evaluates."""
    postponed = any(
        node.module == "__future__" and any(alias.name == "annotations" for alias in node.names)
        for node in module.nodes(ast.ImportFrom)
    )
    for node in _annotations(module):
        is_local = isinstance(module.parent(node), ast.AnnAssign) and module.enclosing_function(node) is not None
        if postponed or (is_local and not module.scope(node).is_class):
            yield node
        else:
            yield from (
                part for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)
            )


def _annotations(module: Module) -> Iterator[ast.expr]:
    for argument in module.nodes(ast.arg):
        if argument.annotation is not None:
            yield argument.annotation
    for function in module.functions():
        if function.returns is not None:
            yield function.returns
    yield from (assignment.annotation for assignment in module.nodes(ast.AnnAssign))


def is_optional(module: Module, node: ast.Import | ast.ImportFrom, name: str) -> bool:
    """Say whether an import of a module that is plainly not there has its way out: an `except ImportError`.

    What an operator's packages bring along is not known here, so with those nothing counts as plainly not there.
    """
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names | _THERE | RUNNER or top.startswith("_"):
        return False
    known = packaged()
    if top in {listed.partition(".")[0] for listed in known.modules} or module.allowed.beyond(known):
        return False
    child: ast.AST = node
    for parent in module.parents(node):
        if isinstance(parent, ast.Try) and any(child is statement for statement in parent.body):
            if any(_catches(module, handler) for handler in parent.handlers):
                return True
        elif isinstance(parent, ast.ExceptHandler) and _catches(module, parent) and _is_listed(module, parent):
            return True
        elif isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            return False
        child = parent
    return False


def _catches(module: Module, handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or module.is_builtin(kind, *_CATCHERS) for kind in kinds)


def _is_listed(module: Module, handler: ast.ExceptHandler) -> bool:
    """Say whether what a handler stands in for is an import of what there is: then it never runs."""
    tried = module.parent(handler)
    first = tried.body[0] if isinstance(tried, ast.Try) and len(tried.body) == 1 else None
    if isinstance(first, ast.Import):
        return all(alias.name in module.allowed.modules for alias in first.names)
    return isinstance(first, ast.ImportFrom) and all(
        module.allowed.has(f"{first.module}.{alias.name}") for alias in first.names
    )
