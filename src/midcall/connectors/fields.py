"""Types of options that several connectors have, and the reading of an answer that has to be a JSON object."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from midcall.domain.action import ActionFailed
from midcall.domain.http import HttpResponse

MAX_NAME_CHARS, MAX_EMAIL_CHARS = 200, 254

#: ITU-T E.164: plus, country code, at most 15 digits; as `domain/parameters.py` has it.
_E164 = r"\+[1-9][0-9]{1,14}"
#: What is no address for sure; whether it is one, the target knows. `\s` and commas would make several of one.
EMAIL = r"[^\s@,;<>\"]+@[^\s@,;<>\"]+"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _one_line(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("holds a line break or another control character; remove it")
    return value


def matching(pattern: str, cure: str) -> AfterValidator:
    """Make a check of a whole text against a pattern; `cure` completes the sentence that begins with the option."""
    known = re.compile(pattern)

    def check(value: str) -> str:
        if not known.fullmatch(value):
            raise ValueError(cure)
        return value

    return AfterValidator(check)


#: A name or an id, in one line.
OneLineName = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS), AfterValidator(_one_line)]
Phone = Annotated[
    str, matching(_E164, "is no telephone number in E.164; write +, country code and digits alone: +4930123456")
]
Email = Annotated[
    str,
    Field(max_length=MAX_EMAIL_CHARS),
    matching(EMAIL, "is no email address; write one alone, such as ann@example.com"),
]


def json_object(answer: HttpResponse, service: str) -> dict[str, Any]:
    """Return an answer's JSON object; raises ActionFailed (`bad_answer`) where it is anything else."""
    if not isinstance(answer.value, dict):
        text = f"{service} answered something that is no JSON object; look at the base URL it is called by"
        raise ActionFailed(text, code="bad_answer", status=answer.status, body=answer.value)
    return answer.value


def in_one_line(text: str, max_chars: int = 500) -> str:
    """Return what a target said, for the middle of an error's text."""
    return " ".join(text[: 4 * max_chars].split())[:max_chars]


def is_clients_fault(status: int) -> bool:
    """Tell whether a status says that the request was wrong; of 429, whoever sends again decides."""
    return 400 <= status < 500 and status != 429  # noqa: PLR2004 (RFC 9110, 6585)
