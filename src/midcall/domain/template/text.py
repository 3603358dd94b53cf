"""Texts with placeholders `{{name}}`: what a name is, and how a text is taken apart and filled."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.template.values import NoValue, Values, as_text, refused

#: Placeholders in one text.
MAX_PLACEHOLDERS = 100
#: A name's parts are as long as a dynamic variable's name may be.
_PART = r"[\w-]{1,128}"
# No brace inside: else each of many openings would be followed to the end of the text.
_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
_NAME = re.compile(rf"contact\.{_PART}|secret\.{_PART}(?:\.{_PART})?|[^\W\d][\w-]{{0,127}}")
_BLANKS = " \t"
_SHOWN_CHARS = 40

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """Stands for the value of a name: `city`, `contact.email`, `secret.crm.token`."""

    name: str

    @property
    def is_secret(self) -> bool:
        """Whether it stands for a part of a credential."""
        return self.name.startswith("secret.")


@dataclass(frozen=True, slots=True)
class Text:
    """A text taken apart: literal texts, none of them empty, and placeholders, in order."""

    parts: tuple[str | Placeholder, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The names that it uses."""
        return frozenset(part.name for part in self.parts if isinstance(part, Placeholder))

    @property
    def placeholders(self) -> int:
        """How many placeholders it has."""
        return sum(isinstance(part, Placeholder) for part in self.parts)

    @property
    def whole(self) -> str | None:
        """The name, if the text is one placeholder and nothing else."""
        part = self.parts[0] if len(self.parts) == 1 else None
        return part.name if isinstance(part, Placeholder) else None

    def sample(self, stand_in: str = "x") -> str:
        """Return the text with the same stand-in for every placeholder."""
        return "".join(part if isinstance(part, str) else stand_in for part in self.parts)

    def fill(self, values: Values, loc: str, *, max_chars: int, encode: Callable[[str], str] = str) -> str:
        """Return the text with the values' texts, each written by `encode`; raises TemplateUnfilled, naming `loc`."""
        filled = []
        left = max_chars
        for part in self.parts:
            piece = part if isinstance(part, str) else _piece(part.name, values, loc, left, encode)
            left -= len(piece)
            if left < 0:
                raise refused(loc, f"longer than {max_chars:,} characters with the values of this call; shorten them")
            filled.append(piece)
        return "".join(filled)


def parse_text(source: str, loc: str, *, max_chars: int, secrets: bool = False) -> Text:
    """Take a text apart; `secrets` allows `secret.*` in it. Raises InvalidInput with what to write instead."""
    if len(source) > max_chars:
        raise fault(loc, f"longer than {max_chars:,} characters; shorten it")
    parts: list[str | Placeholder] = []
    pieces = _PLACEHOLDER.split(source)
    # Every second piece is what stood between the braces.
    for index, piece in enumerate(pieces):
        if index % 2:
            parts.append(_placeholder(piece, loc, secrets=secrets))
        elif "{{" in piece or (piece.endswith("{") and index + 1 < len(pieces)):
            raise fault(loc, "a placeholder has two braces on either side and a name between them: write {{name}}")
        elif piece:
            parts.append(piece)
    text = Text(tuple(parts))
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


def _placeholder(inside: str, loc: str, *, secrets: bool) -> Placeholder:
    name = inside.strip(_BLANKS)
    if not _NAME.fullmatch(name):
        wanted = "a parameter's or variable's name (letters, digits, _ and -), contact.<field> or a built-in"
        if secrets:
            wanted += ", or secret.<credential>.<key>"
        raise fault(loc, f"{shown(name)} is no name that can stand between {{{{ and }}}}: write {wanted}")
    placeholder = Placeholder(name)
    if placeholder.is_secret and not secrets:
        raise fault(
            loc, f"{{{{{name}}}}}: a secret goes into a header alone; put it there, or into the function's auth"
        )
    return placeholder


def _piece(name: str, values: Values, loc: str, max_chars: int, encode: Callable[[str], str]) -> str:
    try:
        return encode(as_text(values.get(name), max_chars=max_chars))
    except NoValue as error:
        raise refused(loc, str(error)) from None
    except UnicodeEncodeError:
        raise refused(loc, f"the value of {{{{{name}}}}} holds half of a surrogate pair, which no UTF-8 has") from None
    except ValueError as error:
        raise refused(loc, f"the value of {{{{{name}}}}} cannot be written here: {error}") from None
