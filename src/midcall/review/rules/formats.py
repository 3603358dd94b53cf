"""Rules on format strings: a field can reach attributes, so templates are known and their fields are judged."""

import ast
import re
import string
from collections.abc import Iterator

from midcall.domain.review import Severity
from midcall.review import specs
from midcall.review.constants import texts
from midcall.review.module import Module
from midcall.review.rule import Hit, Rule, example
from midcall.review.vocabulary import attribute_fault

_METHODS = frozenset({"format", "format_map"})
#: What follows the first part of a field's name: `.attribute` or `[key]`; what is not closed goes on to the end.
_STEP = re.compile(r"\.([^.\[]*)|\[([^\]]*)(?:\]|\Z)")
_ADVICE = 'Write an f-string, such as f"Hello {name}", or pass the finished values: "Hello {n}".format(n=name).'

_SPEC_ADVICE = (
    'Write the spec out, with fields for sizes alone: "{:>{width}}".format(text, width=20), or f"{text:>{width}}". '
    "For a spec from elsewhere use `format(value, spec)`."
)


def _unknown(module: Module) -> Iterator[Hit]:
    for node in module.nodes(ast.Attribute):
        if node.attr in _METHODS and texts(module, node.value) is None:
            yield Hit(
                node,
                f"The template of `.{node.attr}` is not written out in this file; a template from elsewhere can reach "
                "into any value it is given.",
                f"{_ADVICE} For a template that is data use `string.Template(text).safe_substitute(values)`.",
            )


def _fields(module: Module) -> Iterator[Hit]:
    for node in module.nodes(ast.Attribute):
        if node.attr not in _METHODS:
            continue
        for template in sorted(texts(module, node.value) or ()):
            fault = _fault(template, 3)
            if fault:
                yield Hit(node, fault, _ADVICE)


def _specs(module: Module) -> Iterator[Hit]:
    for node in module.nodes(ast.Attribute):
        if node.attr not in _METHODS:
            continue
        for template in sorted(texts(module, node.value) or ()):
            if not _fault(template, 3):
                yield from (Hit(node, fault, _SPEC_ADVICE) for fault in specs.faults(module, node, template))


def _fault(template: str, levels: int) -> str:
    """Say what is wrong with a template's fields, nested ones included; empty if nothing is."""
    if levels == 0:
        return "The template's fields are nested too deeply."
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        return f"The template cannot be used: {error}."
    for _text, name, spec, _conversion in parts:
        fault = _field_fault(name or "") or (_fault(spec, levels - 1) if spec else "")
        if fault:
            return fault
    return ""


def _field_fault(name: str) -> str:
    first = re.split(r"[.\[]", name, maxsplit=1)[0]
    if first.startswith("__"):
        return f"The field `{first[:40]}` has a name that belongs to Python itself."
    for step in _STEP.finditer(name, len(first)):
        attribute, key = step.group(1), step.group(2)
        if attribute is not None:
            reason = attribute_fault(attribute, in_code=False)
            if reason:
                return f"The field `{name[:40]}` reaches `.{attribute[:40]}`: {reason}."
        elif key.startswith("_"):
            return f"The field `{name[:40]}` reaches `[{key[:40]}]`, a private name."
    return ""


RULES: tuple[Rule[Module], ...] = (
    Rule(
        id="format.template",
        summary="The template of `str.format` is written out in the file.",
        severity=Severity.ERROR,
        check=_unknown,
        good=example("TEXT = 'Hello {name}'\n\ndef handler(session):\n    return TEXT.format(name='Ann')\n"),
        bad=example(
            "def handler(session):\n    return session['params']['text'].format(s=session)\n", parameters=["text"]
        ),
    ),
    Rule(
        id="format.field",
        summary="The fields of a template reach no special or private attributes.",
        severity=Severity.ERROR,
        check=_fields,
        good=example("def handler(session):\n    return '{0:.2f} {1[a]}'.format(1.5, {'a': 2})\n"),
        bad=example("def handler(session):\n    return '{0.__class__}'.format(session)\n"),
    ),
    Rule(
        id="format.spec",
        summary="What goes into the format specs of a template is a number, or is written out in the file.",
        severity=Severity.ERROR,
        check=_specs,
        good=example("def handler(session):\n    return '{:>{width}} {:{}}'.format('a', 5, 3, width=20)\n"),
        bad=example("def handler(session):\n    return '{:{}}'.format(1, '{0.__class__}')\n"),
    ),
)
