"""Rules carried out by pyflakes: names that nothing defines, and what is left unused."""

import ast
import difflib
from collections.abc import Iterator
from dataclasses import replace

from pyflakes import messages
from pyflakes.checker import Checker

from midcall.domain.review import Severity
from midcall.review.module import Module
from midcall.review.rule import Hit, Rule, example
from midcall.review.rules.builtins import ALLOWED
from midcall.review.rules.imports import refused
from midcall.review.unrun import SourceRanges, annotations, stretch

#: Messages that tell of a failure at run time.
_FATAL = (messages.UndefinedName, messages.UndefinedLocal, messages.DuplicateArgument)
_UNUSED = (messages.UnusedImport, messages.UnusedVariable, messages.UnusedAnnotation)
#: Told better by rules of our own.
_ELSEWHERE = (
    messages.ImportStarUsed,
    messages.ImportStarUsage,
    messages.ImportStarNotPermitted,
    messages.LateFutureImport,
)


#: What other languages and platforms call it -> how it is called here.
_FOREIGN = {
    "true": "True",
    "false": "False",
    "null": "None",
    "undefined": "None",
    "nil": "None",
    "NULL": "None",
    "TRUE": "True",
    "FALSE": "False",
    "none": "None",
    "NaN": "float('nan')",
    "Infinity": "float('inf')",
    "console": "print(...)",
    "unicode": "str",
    "xrange": "range",
    "raw_input": "session['params']",
    "basestring": "str",
    "long": "int",
    "unichr": "chr",
    "this": "self",
    "JSON": "json.loads(...)",
    "Math": "math",
    "fetch": "actions.http.get(...)",
    "axios": "actions.http.get(...)",
    "input_data": "session['params']",
    "inputData": "session['params']",
    "event": "session['params']",
    "args": "session['params']",
    "params": "session['params']",
}
#: What packages are mostly imported as.
_SHORT = {"np": "numpy", "pd": "pandas", "plt": "matplotlib"}
#: Names of a source up to which one that is spelt alike is looked for.
_MOST_NAMES = 500
#: Names that nothing defines for which one is looked for.
_MOST_COMPARED = 50

#: Names that the sandbox gives to every module, beside Python's own.
PROVIDED = frozenset({"ActionError", "exit", "quit"})


def _flakes(module: Module) -> list[messages.Message]:
    return list(Checker(module.tree, filename="handler.py", builtins=PROVIDED).messages)


class _Place(ast.AST):
    """A position without a node, for messages that carry nothing else."""

    def __init__(self, message: messages.Message, length: int) -> None:
        super().__init__()
        self.lineno = message.lineno
        self.col_offset = message.col
        self.end_lineno = message.lineno
        self.end_col_offset = message.col + length


def _text(message: messages.Message) -> str:
    return str(message.message % message.message_args)


def _name(message: messages.Message) -> str:
    return str(message.message_args[0]) if message.message_args else ""


def _hit(message: messages.Message, text: str, suggestion: str) -> Hit:
    return Hit(_Place(message, len(_name(message).encode()) or 1), text, suggestion)


def _undefined(module: Module) -> Iterator[Hit]:
    for message in module.once(_flakes):
        if isinstance(message, _FATAL):
            name = _name(message)
            said = _text(message)
            if (message.lineno, message.col) in module.once(_idle):
                text = f"{said[:1].upper()}{said[1:]}, in an annotation that never runs."
                hit = _hit(message, text, "It may stay; `Any` of `typing` says as much.")
                yield replace(hit, severity=Severity.INFO)
                continue
            yield _hit(message, f"{said[:1].upper()}{said[1:]}: this fails when the line runs.", _advice(module, name))


def _idle(module: Module) -> SourceRanges:
    return SourceRanges(stretch(node) for node in annotations(module))


def _advice(module: Module, name: str) -> str:
    if name == "actions":
        return "Take it as the second parameter: `def handler(session, actions):`."
    if name in _FOREIGN:
        return f"Here it is written `{_FOREIGN[name]}`."
    if near := _near(module, name):
        return f"Did you mean `{near}`?" + (" Capitals count." if near.lower() == name.lower() else "")
    return _import_of(module, name) or "Check the spelling, or give the name a value before this line."


def _import_of(module: Module, name: str) -> str:
    """Say which import gives a name, or what stands for it here; an empty string if nothing does."""
    if name in module.allowed.modules:
        return f"Add `import {name}` at the top."
    if hint := module.allowed.hints.get(_SHORT.get(name, name)):
        return hint
    homes = sorted(home for home, names in module.allowed.modules.items() if name in names and "." not in home)
    return f"Add `from {homes[0]} import {name}` at the top." if homes and name not in ALLOWED else ""


def _near(module: Module, name: str) -> str:
    """Return a name of the source, or a built-in one, that differs in capitals or by a letter or two."""
    found = module.once(_nears)
    if name not in found:
        known = module.once(_known)
        same = known.get(name.lower())
        # Of many names none is meant for certain, and comparing takes its time.
        few = len(known) < _MOST_NAMES and len(found) < _MOST_COMPARED
        close = difflib.get_close_matches(name[:60], known.values(), n=1, cutoff=0.75) if few and not same else [same]
        found[name] = (close[0] if close else None) or ""
    return found[name] if found[name] != name else ""


def _nears(_module: Module) -> dict[str, str]:
    return {}


def _known(module: Module) -> dict[str, str]:
    """Return the names of the file, the handler and the language, by their small letters."""
    own = module.scope(module.handler.body[0]).bindings if module.handler is not None else {}
    return {name.lower(): name for name in (*sorted(ALLOWED), *module.root.bindings, *own)}


def _bound(message: messages.Message) -> str:
    """Return the name that a message on something unused is of: `datetime`, of `datetime.datetime as datetime`, too."""
    return _name(message).rpartition(" as ")[2].rpartition(".")[2]


def _unused(module: Module) -> Iterator[Hit]:
    meant = {_near(module, _name(found)) for found in module.once(_flakes) if isinstance(found, _FATAL)}
    for message in module.once(_flakes):
        if isinstance(message, messages.UnusedImport) and refused(module, _name(message)):
            continue  # one cause, one comment
        if isinstance(message, _UNUSED) and _bound(message) not in meant:
            yield _hit(message, f"{_text(message)[:200]}.", "Remove it, or use it.")


def _doubtful(module: Module) -> Iterator[Hit]:
    for message in module.once(_flakes):
        if not isinstance(message, (*_FATAL, *_UNUSED, *_ELSEWHERE)):
            yield _hit(message, f"{_text(message)[:200]}.", "Check what is meant here.")


RULES: tuple[Rule[Module], ...] = (
    Rule(
        id="flakes.undefined",
        summary="Every name is defined before it is used (pyflakes).",
        severity=Severity.ERROR,
        check=_undefined,
        good=example("def handler(session):\n    value = 1\n    return value\n"),
        bad=example("def handler(session):\n    return valeu\n"),
    ),
    Rule(
        id="flakes.unused",
        summary="Nothing is imported or assigned and then not used (pyflakes).",
        severity=Severity.WARNING,
        check=_unused,
        good=example("import json\n\ndef handler(session):\n    return json.dumps(1)\n"),
        bad=example("import json\n\ndef handler(session):\n    return 1\n"),
    ),
    Rule(
        id="flakes.doubtful",
        summary="Nothing that pyflakes finds doubtful, such as a key given twice or an f-string without a placeholder.",
        severity=Severity.WARNING,
        check=_doubtful,
        good=example("def handler(session):\n    return {'a': 1, 'b': 2}\n"),
        bad=example("def handler(session):\n    return {'a': 1, 'a': 2}\n"),
    ),
)
