"""Rules on names that are not what they look like."""

import ast
import unicodedata
from collections.abc import Iterator

from midcall.domain.review import Severity
from midcall.review.module import Module
from midcall.review.rule import Hit, Rule, example

#: Scripts with letters that look like Latin ones.
_LOOKALIKES = frozenset({"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"})


def _names(module: Module) -> Iterator[tuple[ast.AST, str]]:
    for node in module.nodes(ast.Name):
        yield node, node.id
    for attribute in module.nodes(ast.Attribute):
        yield attribute, attribute.attr
    for argument in module.nodes(ast.arg):
        yield argument, argument.arg
    for keyword in module.nodes(ast.keyword):
        yield keyword, keyword.arg or ""
    for definition in (*module.functions(), *module.nodes(ast.ClassDef)):
        yield definition, definition.name
    for alias in module.nodes(ast.alias):
        yield alias, alias.asname or alias.name


def _mixed(module: Module) -> Iterator[Hit]:
    for node, name in _names(module):
        if name.isascii():
            continue
        scripts = {unicodedata.name(letter, "").split(" ")[0] for letter in name if letter.isalpha()}
        foreign = sorted(scripts & _LOOKALIKES)
        if foreign and "LATIN" in scripts:
            yield Hit(
                node,
                f"`{name[:40]}` mixes Latin letters with {foreign[0].title()} ones that look the same: it is another "
                "name than it seems.",
                "Type the name again with one kind of letters.",
            )


def _folded(module: Module) -> Iterator[Hit]:
    """Find names that Python reads as other letters than are written (NFKC, language reference 2.3)."""
    if module.text.source.isascii():
        return
    places: list[ast.Name | ast.arg] = [*module.nodes(ast.Name), *module.nodes(ast.arg)]
    for node in places:
        name = node.id if isinstance(node, ast.Name) else node.arg
        place = module.text.span(node)
        if place.line > len(module.text.lines):
            continue
        # A letter may be written with several characters; more than a few per letter would be no name.
        written = module.text.lines[place.line - 1][place.column - 1 :][: 4 * len(name) + 4]
        composed = unicodedata.normalize("NFC", written)
        if not written.startswith(name) and not composed.startswith(name):
            yield Hit(
                node,
                f"Python reads this name as `{name[:40]}`, which is not what is written.",
                "Type the name again with ordinary letters.",
            )


RULES: tuple[Rule[Module], ...] = (
    Rule(
        id="identifier.mixed",
        summary="A name does not mix alphabets that look alike.",
        severity=Severity.WARNING,
        check=_mixed,
        good=example("def handler(session):\n    größe = 1\n    return größe\n"),
        bad=example("def handler(session):\n    s\u0441ore = 1\n    return s\u0441ore\n"),
    ),
    Rule(
        id="identifier.folded",
        summary="A name is written with the letters that Python reads.",
        severity=Severity.WARNING,
        check=_folded,
        good=example("def handler(session):\n    größe = 1\n    return größe\n"),
        bad=example("def handler(session):\n    \uff53\uff43\uff4f\uff52\uff45 = 1\n    return score\n"),
    ),
)
