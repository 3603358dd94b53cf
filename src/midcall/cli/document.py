"""What a command is given about a function: Python source or a whole document, and flags that say more."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.function import source_problem
from midcall.domain.function_config import Kind
from midcall.domain.jsonvalue import NotJson, parse
from midcall.domain.mock import Mock
from midcall.domain.phases import Phase
from midcall.domain.terminal import lines
from midcall.service.actions.mock_form import MockForms
from midcall.service.fields import faults_of
from midcall.service.functions.form import Draft, parse_draft

_MOCKS: TypeAdapter[MockForms] = TypeAdapter(MockForms)
#: Bytes of a file that is read: a function's document has 256 KiB at most, and so have the mocks of a run.
MAX_BYTES = 4 * 1024 * 1024

FunctionFile = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, readable=True, help="Python source, or a function's document as .json"),
]
ParametersFlag = Annotated[str | None, typer.Option(help="schema or list of the parameters: JSON, or a file with it")]
ActionFlag = Annotated[
    list[str] | None, typer.Option(help="an action that the code may call, or a group; once for each, e.g. http.get")
]
PhaseFlag = Annotated[list[Phase] | None, typer.Option(help="a phase that it is to be attached to; once for each")]
EgressFlag = Annotated[list[str] | None, typer.Option(help="a host that http actions may reach; once for each")]


def refusal(text: str) -> typer.BadParameter:
    """Return the error for an argument, whose text may hold what strangers wrote."""
    return typer.BadParameter(lines(text))


def read_function(
    file: Path,
    *,
    parameters: str | None,
    actions: Sequence[str] | None,
    egress: Sequence[str] | None,
    phases: Sequence[Phase] | None = None,
) -> Draft:
    """Return a function as its document says; what flags say stands in for what the file says.

    Raises typer.BadParameter that names what is wrong, and where.
    """
    document = dict(_object(read_json(str(file)), file)) if file.suffix == ".json" else _of_source(file)
    if parameters is not None:
        document["parameters"] = read_json(parameters)
    if phases:
        document["phases"] = list(phases)
    given = {"actions": actions, "egress": egress}
    code = {name: list(value) for name, value in given.items() if value}
    if code:
        document["code"] = {**_object(document.get("code", {}), file), **code}
    try:
        draft = parse_draft(document)
        draft.config()  # which says if it is too large
    except InvalidInput as error:
        raise refusal(f"{file}: {_told(error.faults)}") from error
    return draft


def read_mocks(text: str | None) -> tuple[Mock, ...]:
    """Return the mocks of a run, written as test runs take them; raises typer.BadParameter."""
    if text is None:
        return ()
    try:
        return tuple(form.mock() for form in _MOCKS.validate_python(read_json(text)))
    except ValidationError as error:
        raise refusal(f"mocks: {_told(faults_of(error))}") from error


def read_params(text: str | None) -> dict[str, Any] | None:
    """Return the parameters of a call; None: none were given. Raises typer.BadParameter."""
    return None if text is None else dict(_object(read_json(text), "params"))


def read_json(text: str) -> Any:
    """Read JSON from a text that begins like an object or a list, or else from the file that it names."""
    literal = text.lstrip()[:1] in {"{", "["}
    try:
        return parse(text.encode("utf-8", "surrogateescape") if literal else _bytes(Path(text)))
    except NotJson as error:
        raise refusal(f"{'what was given' if literal else text}: {error}") from error


def _bytes(file: Path) -> bytes:
    try:
        # What a shell writes as <(...) is a pipe too, but without a place of its own.
        if Path(os.path.realpath(file)).is_fifo():
            raise refusal(f"{file} is a named pipe: reading it may wait for ever; give a file")
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise refusal(f"{file}: {error.strerror}; give JSON, or a file that holds it") from error
    if len(data) > MAX_BYTES:
        raise refusal(f"{file} is larger than {MAX_BYTES // 1024**2} MiB; is it the right file?")
    return data


def _of_source(file: Path) -> dict[str, Any]:
    try:
        source = _bytes(file).decode("utf-8")
    except UnicodeDecodeError as error:
        raise refusal(f"{file} is not UTF-8 at byte {error.start}") from error
    problem = source_problem(source)
    if problem:
        raise refusal(f"{file}: {problem}")
    return {"kind": Kind.CODE.value, "code": {"source": source}}


def _object(value: Any, where: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise refusal(f"{where}: give a JSON object")
    return value


def _told(faults: Iterable[Fault]) -> str:
    return "; ".join(f"{fault.loc}: {fault.msg}" if fault.loc else fault.msg for fault in faults)
