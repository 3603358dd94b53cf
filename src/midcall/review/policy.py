# ruff: noqa: N802, N815  (methods are named after node types)
"""RestrictedPython's transformer as a checker: unknown syntax is refused, ordinary modern Python is let through.

Its answer to a node it has no method for is an error; that default is the reason to build on it (what may come this far
at all, `grammar.py` says before). Where it would rewrite code for guards at run time, this class only looks: the bytes
that were reviewed are the bytes that run.
"""

import ast
from dataclasses import dataclass, field

from RestrictedPython.transformer import RestrictingNodeTransformer

from midcall.review.kinds import is_named, is_self
from midcall.review.module import Module
from midcall.review.private import private_fault
from midcall.review.rule import Hit
from midcall.review.scopes import BindingKind
from midcall.review.vocabulary import (
    CLASS_NAMES,
    ENUM_HOOKS,
    EVALUATORS,
    MODULE_NAMES,
    PYTHONS,
    READABLE,
    SPECIAL_METHODS,
    attribute_fault,
    is_guard,
    is_special,
)


@dataclass
class PolicyFindings:
    """The findings of the walk, by rule."""

    construct: list[Hit] = field(default_factory=list)
    name: list[Hit] = field(default_factory=list)
    attribute: list[Hit] = field(default_factory=list)


class PolicyChecker(RestrictingNodeTransformer):
    """Looks at every node once. Nodes stay as they are: each method here returns the node it was given."""

    def __init__(self, module: Module) -> None:
        super().__init__()
        self._module = module
        self.judgement = PolicyFindings()

    def error(self, node: ast.AST, info: str) -> None:
        """Take up what the transformer itself refuses."""
        self.judgement.construct.append(Hit(node, f"This is not allowed here: {info}", "Write it in a plainer way."))

    def _plain(self, node: ast.AST) -> ast.AST:
        """Visit the parts of a node that is fine as such."""
        for child in ast.iter_child_nodes(node):
            self.visit(child)
        return node

    def check_name(self, node: ast.AST, name: str | None, allow_magic_methods: bool = False) -> None:  # noqa: FBT001, FBT002, ARG002 (the library's signature)
        """Refuse names that belong to Python or to the machinery around the code."""
        if name is None or not name.startswith("_") or name.strip("_") == "":
            return
        if name in ENUM_HOOKS and self._module.scope(node).is_class:
            return
        if is_guard(name):
            reason = "names of this form belong to the machinery around the code"
        elif is_special(name) and not self._may_bind(node, name):
            reason = "names with two underscores on both sides belong to Python itself"
        else:
            return
        advice = _NAMES.get(name, "Choose another name.")
        self.judgement.name.append(Hit(node, f"`{name}` may not be used as a name: {reason}.", advice))

    def _may_bind(self, node: ast.AST, name: str) -> bool:
        scope = self._module.scope(node)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and name in {"__name__", "__doc__"}:
            return True
        if name not in PYTHONS and self._is_parameter(node):
            return True
        if scope.is_class:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                return name in SPECIAL_METHODS
            # Bound by a pattern, an import or a class statement, no rule would see what it is.
            return isinstance(node, ast.Name) and name in CLASS_NAMES
        return scope.is_module and isinstance(node, ast.Name) and name in MODULE_NAMES

    def _is_parameter(self, node: ast.AST) -> bool:
        """Say whether a name is a parameter's and no other: some platforms hand things over by names of this form."""
        if isinstance(node, ast.arg):
            return True
        bindings = self._module.meaning(node).bindings if isinstance(node, ast.Name) else ()
        return bool(bindings) and all(found.kind is BindingKind.PARAMETER for found in bindings)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Check the name; `print` stays `print`."""
        self.check_name(node, node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Check the attribute with what stands around it."""
        fault = self._fault(node)
        if fault:
            self.judgement.attribute.append(Hit(node, f"`.{node.attr}` may not be reached: {fault[0]}.", fault[1]))
        elif node.attr in READABLE and not isinstance(node.ctx, ast.Load):
            self.judgement.attribute.append(Hit(node, f"`.{node.attr}` may only be read.", "Use a variable of yours."))
        return self._plain(node)

    def _fault(self, node: ast.Attribute) -> tuple[str, str] | None:
        fault = attribute_fault(node.attr)
        if not fault:
            return None
        if node.attr.startswith("_") and not is_special(node.attr):
            return private_fault(self._module, node.value, node.attr, stored=not isinstance(node.ctx, ast.Load))
        return None if is_special(node.attr) and self._is_ordinary_special(node) else (fault, _advice(node.attr))

    def _is_ordinary_special(self, node: ast.Attribute) -> bool:
        parent = self._module.parent(node)
        if node.attr == "__class__":
            # Only for its name, as in `self.__class__.__name__`.
            return isinstance(parent, ast.Attribute) and parent.attr == "__name__" and isinstance(parent.ctx, ast.Load)
        called = isinstance(parent, ast.Call) and parent.func is node
        if not called or node.attr not in SPECIAL_METHODS:
            return False
        if isinstance(node.value, ast.Call) and self._module.is_builtin(node.value.func, "super"):
            return True
        # Called on an object, `__init__` would make that anew, whatever it is.
        return node.attr == "__init__" and (is_named(self._module, node.value) or is_self(self._module, node.value))

    def visit_MatchClass(self, node: ast.MatchClass) -> ast.AST:
        """Check the attributes that a class pattern reads; they are plain text in the tree."""
        for name in node.kwd_attrs:
            fault = attribute_fault(name, in_code=False)
            if fault or name in READABLE:
                reason = fault or "a pattern should not depend on it"
                self.judgement.attribute.append(
                    Hit(node, f"The pattern reads `.{name}`, which may not be reached: {reason}.", _advice(name))
                )
        return self._plain(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Check the name and the metaclass."""
        self.check_name(node, node.name)
        for keyword in node.keywords:
            if keyword.arg is None or keyword.arg == "metaclass":
                known = keyword.arg and self._module.is_only(keyword.value, "abc.ABCMeta")
                if not known:
                    self.judgement.construct.append(
                        Hit(keyword.value, "A metaclass changes how classes come about.", "Write a plain class.")
                    )
        return self._plain(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        """Check the names of the function and its parameters."""
        self.check_name(node, node.name, allow_magic_methods=True)
        return self._plain(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_arg(self, node: ast.arg) -> ast.AST:
        """Check a parameter's name."""
        self.check_name(node, node.arg)
        return self._plain(node)

    def visit_alias(self, node: ast.alias) -> ast.AST:
        """Check the name that an import binds."""
        self.check_name(node, node.asname or node.name.split(".")[0])
        return node

    def visit_naming(self, node: ast.AST) -> ast.AST:
        """Check names that the tree keeps as text: `except ... as`, patterns, `global` and `nonlocal`."""
        names = [getattr(node, "name", None), getattr(node, "rest", None), *getattr(node, "names", ())]
        for name in names:
            self.check_name(node, name)
        return self._plain(node)

    visit_ExceptHandler = visit_MatchAs = visit_MatchStar = visit_MatchMapping = visit_naming
    visit_Global = visit_Nonlocal = visit_naming

    # Fine as such; in the base class these rewrite the code for guards, or refuse what is ordinary today.
    visit_AnnAssign = visit_Assign = visit_AugAssign = visit_For = visit_With = visit_Call = visit_Subscript = _plain
    visit_comprehension = visit_Module = visit_Lambda = visit_Import = visit_ImportFrom = visit_NamedExpr = _plain
    visit_Await = visit_AsyncFor = visit_AsyncWith = _plain
    visit_Match = visit_match_case = visit_MatchValue = visit_MatchSingleton = visit_MatchSequence = visit_MatchOr = (
        _plain
    )


_PROPERTY = "Use `@property` above a method, or a plain method such as `def get(self, name):`."
#: What to write instead of special methods that classes may not have.
_NAMES = {
    "__getattr__": "Name the attributes, or keep values in a dict: `self.values[name]` with `def get(self, name):`.",
    "__getattribute__": "Name the attributes, or keep values in a dict: `self.values[name]`.",
    "__setattr__": "Set attributes in `__init__`; one that is checked is a `@property` with a setter.",
    "__delattr__": "Keep what comes and goes in a dict.",
    "__del__": "Use `with` and `__exit__`, or `try` and `finally`.",
    "__get__": _PROPERTY,
    "__set__": _PROPERTY,
    "__set_name__": _PROPERTY,
    "__init_subclass__": "Keep the classes in a dict that is written out: `{'a': A, 'b': B}`.",
    "__class_getitem__": "Inherit from `Generic[T]`.",
    "__subclasshook__": "Use `isinstance` with the classes themselves.",
    "__dir__": "Leave it out.",
    "__reduce__": "Write a method that returns a dict.",
    "__getstate__": "Write a method that returns a dict.",
    "__setstate__": "Write a `@classmethod` that makes the object of a dict.",
    "__metaclass__": "This is for Python 2; leave it out.",
    "__import__": "Write `import` at the top, with a module on the list.",
}
_RAISED = "Keep the first error in a variable where it is caught: `except ValueError as first:`."
_ADVICE = {
    "__traceback__": "`traceback.format_exc()` in the `except` block gives the text; `str(error)` the message.",
    "__cause__": _RAISED,
    "__context__": _RAISED,
    "__annotations__": "Write the names out, or use a dataclass with `dataclasses.fields`.",
    "__module__": "Leave it out.",
    "__bases__": "Use `isinstance(value, Kind)` or `issubclass(kind, Kind)`.",
    "__mro__": "Use `isinstance(value, Kind)` or `issubclass(kind, Kind)`.",
    "__subclasses__": "Keep the classes in a dict that is written out: `{'a': A, 'b': B}`.",
    "__setattr__": "Write `self.name = value`; one that is checked is a `@property` with a setter.",
    "__getattribute__": "Write `self.name`.",
    "__globals__": "Name the variables you need.",
    "__builtins__": "Write the built-in function by its name.",
    "__code__": "Write out what the function does.",
    "__defaults__": "Keep the defaults in variables of your own.",
    "__wrapped__": "Keep the inner function in a variable of your own.",
    "__self__": "Keep the object in a variable of your own.",
    "__func__": "Call the method on the object.",
    "__dict__": "Name the attributes you need, or use a dataclass with `dataclasses.asdict`.",
    "__class__": "Use `isinstance(value, Kind)`, or `type(value).__name__` for its name.",
    "__init__": "Write `super().__init__(...)`, or the base class by its name: `Base.__init__(self, ...)`.",
}


def _advice(name: str) -> str:
    if name in EVALUATORS:
        return "If it is a method of yours, give it another name, such as `result`."
    if name in _ADVICE:
        return _ADVICE[name]
    if is_special(name):
        return "Use the operator or function that Python has for it, such as `len(x)` or `str(x)`."
    if name.startswith("_"):
        return "Use a name without the underscore."
    return "Do without it; for an error's text use `str(error)`."


def judge(module: Module) -> PolicyFindings:
    """Check a whole module."""
    checker = PolicyChecker(module)
    checker.visit(module.tree)
    return checker.judgement
