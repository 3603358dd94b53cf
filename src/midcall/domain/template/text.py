"""Texts with placeholders `{{name}}`: what a name is, and how a text is taken apart and filled."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.jsonvalue import NotJson
from midcall.domain.jsonvalue import parse_text as parse_json
from midcall.domain.template.values import Empty, LeftOut, NoValue, TemplateValues, as_text, refused

#: Placeholders in one text.
MAX_PLACEHOLDERS = 100
#: Steps that a name may take into a value.
MAX_STEPS = 20
#: A name's parts are as long as a dynamic variable's name may be.
_PART = r"[\w-]{1,128}"
# No brace inside: else each of many openings would be followed to the end of the text. But a text of two braces stands
# for itself, as in Jinja and Liquid.
_PLACEHOLDER = re.compile(r"""\{\{(?:[ \t]*(?P<braces>"\{\{"|'\{\{')[ \t]*|(?P<inside>[^{}]*))\}\}""")
_SECRET = re.compile(rf"secret\.{_PART}(?:\.{_PART})?")
_NAME = re.compile(rf"(?P<name>contact\.{_PART}|[^\W\d][\w-]{{0,127}})(?P<path>(?:\.{_PART}|\[[0-9]{{1,6}}\])*)")
_STEP = re.compile(rf"\.({_PART})|\[([0-9]+)\]")
#: What stands before a dot in names of their own, and never before a path.
_SPACES = frozenset({"contact", "secret"})
#: Python's own names for what a value is made of, and no keys that anybody sends.
_DUNDER = re.compile(r"__.*__")
_BLANKS = " \t"
_SHOWN_CHARS = 40
_QUOTED = 2

_T = TypeVar("_T")
#: No default.
NONE: Any = object()


@dataclass(frozen=True, slots=True)
class Placeholder:
    """Stands for the value of a name: `city`, `contact.email`, `secret.crm.token`.

    `path` are the steps into that value: `{{order.items.0}}`. `default` stands where there is none, or null.
    """

    name: str
    path: tuple[str, ...] = ()
    default: Any = NONE

    @property
    def is_secret(self) -> bool:
        """Whether it stands for a part of a credential."""
        return self.name.startswith("secret.")

    @property
    def has_default(self) -> bool:
        """Whether it stands for something in every call."""
        return self.default is not NONE

    def __str__(self) -> str:
        """Write it as in a template, without its default."""
        return f"{{{{{'.'.join((self.name, *self.path))}}}}}"

    def value(self, values: TemplateValues) -> Any:
        """Return what it stands for in one call; raises NoValue."""
        try:
            found = values.find(self.name, self.path)
        except NoValue as error:
            if self.has_default:
                return self.default
            if isinstance(error, Empty):
                return ""
            raise
        return self.default if found is None and self.has_default else found

    def is_left_out(self, values: TemplateValues) -> bool:
        """Tell whether a call left it out, as it may."""
        try:
            self.value(values)
        except LeftOut:
            return True
        except NoValue:
            return False
        return False


@dataclass(frozen=True, slots=True)
class TextTemplate:
    """A text taken apart: literal texts, none of them empty, and placeholders, in order."""

    parts: tuple[str | Placeholder, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The names that it uses."""
        return frozenset(part.name for part in self.parts if isinstance(part, Placeholder))

    @property
    def bare_names(self) -> frozenset[str]:
        """The names that it uses without a default."""
        return frozenset(part.name for part in self.parts if isinstance(part, Placeholder) and not part.has_default)

    def left_out(self, values: TemplateValues) -> tuple[Placeholder, ...]:
        """Return the placeholders that a call left out, as it may."""
        return tuple(part for part in self.parts if isinstance(part, Placeholder) and part.is_left_out(values))

    @property
    def placeholders(self) -> int:
        """How many placeholders it has."""
        return sum(isinstance(part, Placeholder) for part in self.parts)

    @property
    def whole(self) -> Placeholder | None:
        """The placeholder, if the text is one and nothing else."""
        part = self.parts[0] if len(self.parts) == 1 else None
        return part if isinstance(part, Placeholder) else None

    def sample(self, stand_in: str = "x") -> str:
        """Return the text with the same stand-in for every placeholder."""
        return "".join(part if isinstance(part, str) else stand_in for part in self.parts)

    def fill(self, values: TemplateValues, loc: str, *, max_chars: int, encode: Callable[[str], str] = str) -> str:
        """Return the text with the values' texts, each written by `encode`; what was left out is empty.

        Raises TemplateUnfilled, naming `loc`.
        """
        filled = []
        left = max_chars
        for part in self.parts:
            piece = part if isinstance(part, str) else _piece(part, values, loc, left, encode)
            left -= len(piece)
            if left < 0:
                raise refused(loc, f"longer than {max_chars:,} characters with the values of this call; shorten them")
            filled.append(piece)
        return "".join(filled)


def parse_text(source: str, loc: str, *, max_chars: int, secrets: bool = False) -> TextTemplate:
    """Take a text apart; `secrets` allows `secret.*` in it. Raises InvalidInput with what to write instead."""
    if len(source) > max_chars:
        raise fault(loc, f"longer than {max_chars:,} characters; shorten it")
    parts: list[str | Placeholder] = []
    literal, end = "", 0
    for match in _PLACEHOLDER.finditer(source):
        literal += _literal(source[end : match.start()], loc, before=True)
        end = match.end()
        if match["braces"]:
            literal += "{{"
            continue
        parts += [literal] if literal else []
        literal = ""
        parts.append(_placeholder(match["inside"], loc, secrets=secrets))
    literal += _literal(source[end:], loc, before=False)
    parts += [literal] if literal else []
    text = TextTemplate(tuple(parts))
    if text.placeholders > MAX_PLACEHOLDERS:
        raise fault(loc, f"has more than {MAX_PLACEHOLDERS} placeholders; use fewer, or an object as one value")
    return text


def fault(loc: str, message: str) -> InvalidInput:
    """Make the error of one fault."""
    return InvalidInput(faults=[Fault(loc, message)])


def all_of(makes: Iterable[Callable[[], _T]]) -> tuple[_T, ...]:
    """Make all; raises InvalidInput with the faults of all that cannot be made."""
    made: list[_T] = []
    faults: list[Fault] = []
    for make in makes:
        try:
            made.append(make())
        except InvalidInput as error:
            faults.extend(error.faults)
    if faults:
        raise InvalidInput(faults=faults)
    return tuple(made)


def shown(text: str) -> str:
    """Quote a part of a template, shortened."""
    return repr(text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "…")


def _literal(piece: str, loc: str, *, before: bool) -> str:
    """Return what stands between placeholders, or `before` one; raises InvalidInput for braces that are none."""
    if "{{" in piece or (piece.endswith("{") and before):
        raise fault(
            loc,
            "a placeholder has two braces on either side and a name between them: write {{name}}, or {{'{{'}} for two"
            " braces as text",
        )
    return piece


def _placeholder(inside: str, loc: str, *, secrets: bool) -> Placeholder:
    text, bar, said = inside.partition("|")
    name = text.strip(_BLANKS)
    if _SECRET.fullmatch(name):
        return _secret(name, loc, secrets=secrets, filtered=bool(bar))
    match = _NAME.fullmatch(name)
    steps = tuple(key or place for key, place in _STEP.findall(match["path"])) if match else ()
    if match is None or not _is_path(match["name"], steps):
        wanted = "a parameter's or variable's name (letters, digits, _ and -), a path into one (order.items.0),"
        wanted += " contact.<field> or a built-in"
        if secrets:
            wanted += ", or secret.<credential>.<key>"
        raise fault(loc, f"{shown(name)} is no name that can stand between {{{{ and }}}}: write {wanted}")
    return Placeholder(match["name"], steps, _default(said, name, loc) if bar else NONE)


def _is_path(name: str, steps: tuple[str, ...]) -> bool:
    if not steps:
        return True
    return len(steps) <= MAX_STEPS and name not in _SPACES and not any(map(_DUNDER.fullmatch, (name, *steps)))


def _secret(name: str, loc: str, *, secrets: bool, filtered: bool) -> Placeholder:
    if not secrets:
        raise fault(
            loc, f"{{{{{name}}}}}: a secret goes into a header alone; put it there, or into the function's auth"
        )
    if filtered:
        raise fault(loc, f"{{{{{name}}}}}: a secret has no default; remove what follows the |")
    return Placeholder(name)


def _default(said: str, name: str, loc: str) -> Any:
    """Read `default("none")`, also as Liquid writes it: `default: "none"`; raises InvalidInput."""
    text = said.strip(_BLANKS)
    given = text.removeprefix("default").strip(_BLANKS) if text.startswith("default") else ""
    if given.startswith("(") and given.endswith(")"):
        given = given[1:-1].strip(_BLANKS)
    elif given.startswith(":"):
        given = given[1:].strip(_BLANKS)
    else:
        example = f'{{{{{shown(name)[1:-1]} | default("")}}}}'
        raise fault(loc, f"{shown(text)} is no filter that midcall knows, which is default alone: write {example}")
    if len(given) >= _QUOTED and given[0] == given[-1] == "'" and not {"'", "\\"} & set(given[1:-1]):
        return given[1:-1]
    try:
        return parse_json(given)
    except NotJson:
        wanted = "write a text in quotes, a number, true, false or null"
        raise fault(loc, f"{shown(given)} is no value that a default can have: {wanted}") from None


def _piece(part: Placeholder, values: TemplateValues, loc: str, max_chars: int, encode: Callable[[str], str]) -> str:
    try:
        return encode(as_text(part.value(values), max_chars=max_chars))
    except LeftOut:
        return ""
    except NoValue as error:
        raise refused(loc, str(error)) from None
    except UnicodeEncodeError:
        raise refused(loc, f"the value of {part} holds half of a surrogate pair, which no UTF-8 has") from None
    except ValueError as error:
        raise refused(loc, f"the value of {part} cannot be written here: {error}") from None
