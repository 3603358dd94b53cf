"""Fields that forms are made of, and how faults in them are told."""

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from midcall.domain.errors import MAX_FAULTS, Fault

_SURROGATE = re.compile("[\ud800-\udfff]")


class Form(BaseModel):
    """A body in which every unknown field is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)

    #: Reading it may take long, however short it is: nobody else should wait for that.
    costly: ClassVar[bool] = False


def storable(text: str) -> str:
    """Refuse a text that no database keeps; a validator."""
    # PostgreSQL's text takes neither, and no caller means them.
    if "\0" in text:
        raise ValueError("contains a NUL character; remove it")
    if _SURROGATE.search(text):
        raise ValueError("contains half of a surrogate pair; remove it")
    return text


def storable_value(value: Any) -> Any:
    """Refuse a JSON value with half a surrogate pair in it; a validator."""
    storable(json.dumps(value, ensure_ascii=False))
    return value


#: Any JSON value.
AnyValue = Annotated[Any, AfterValidator(storable_value)]

Line = Annotated[str, AfterValidator(storable), Field(max_length=200)]
Message = Annotated[str, AfterValidator(storable), Field(max_length=1_000)]
Description = Annotated[str, AfterValidator(storable), Field(min_length=1, max_length=1_024)]


Environment = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]


def faults_of(error: ValidationError) -> Iterator[Fault]:
    """Turn pydantic's errors into faults whose paths are those of the input; of more than MAX_FAULTS into one.

    Making one of each of 95,000 unknown fields takes a second and more; finding that there are so many, a tenth of one.
    """
    if error.error_count() > MAX_FAULTS:
        text = f"more than {MAX_FAULTS} faults; check that this is the body that is wanted here, field by field"
        yield Fault("", text)
        return
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        yield Fault(path_of(item["loc"]), text_of(item["type"], item["msg"]))


def path_of(loc: tuple[int | str, ...]) -> str:
    """Write a path; the names of a union's branches, and the word for a key itself, are no part of it."""
    return ".".join(str(part) for part in loc if not str(part).startswith("<") and part != "[key]")


def text_of(kind: str, message: str) -> str:
    """Write a fault's text so that it says what to do."""
    if kind == "extra_forbidden":
        return "unknown field; remove it or check its spelling"
    if kind == "missing":
        return "required; add it"
    return message.removeprefix("Value error, ")
