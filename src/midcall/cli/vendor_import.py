"""`midcall import`: another vendor's functions, from a file to a server."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from midcall.bootstrap.settings import Settings
from midcall.cli.say import say
from midcall.domain.jsonvalue import NotJson, parse
from midcall.domain.terminal import one_line
from midcall.vendors.imports.readers import ImportVendor

#: As much as the API takes; a file may hold a list of functions.
MAX_FILE_BYTES = 16 * 1024 * 1024
TIMEOUT_S = 60.0
KEY_VARIABLE = "MIDCALL_KEY"


def import_file(
    vendor: Annotated[ImportVendor, typer.Argument(help="whose config it is; UponAI's is Retell's")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="one function as JSON, or a list of them")],
    *,
    url: Annotated[str | None, typer.Option(help="the server; default: the one of this machine")] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help=f"holds a key with the scope write; default: {KEY_VARIABLE}, then up's"
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="what to call the function instead")] = None,
    save: Annotated[bool, typer.Option("--save", help="create it; without, only tell what would become of it")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print the server's answers as JSON lines")] = False,
) -> None:
    """Import functions of another vendor as drafts, listing what is not carried over; exits with 1 where one cannot."""
    settings = Settings()
    configs = _configs(file)
    if name is not None and len(configs) > 1:
        raise typer.BadParameter("one name cannot be that of several functions; import them one by one")
    key = _key(settings, key_file, elsewhere=url is not None)
    if not (key.isascii() and key.isprintable()):
        raise typer.BadParameter("the key holds a character that no key has; is it the right file?")
    headers = {"Authorization": f"Bearer {key}"}
    try:
        server = httpx.URL(url or f"http://{settings.host}:{settings.port}")
    except httpx.InvalidURL as error:
        raise typer.BadParameter(f"{url}: {error}") from error
    with httpx.Client(base_url=server, headers=headers, timeout=TIMEOUT_S, trust_env=False) as client:
        done = [_one(client, _body(vendor, config, name, save=save), as_json=as_json) for config in configs]
    raise typer.Exit(0 if all(done) else 1)


def _one(client: httpx.Client, body: dict[str, Any], *, as_json: bool) -> bool:
    try:
        # Written here: httpx refuses half a surrogate pair, which the server has an answer for.
        response = client.post("/v1/import", content=json.dumps(body))
        answer = dict(response.json())
    except (httpx.HTTPError, TypeError, ValueError) as error:
        say(f"midcall import: {client.base_url} gave no answer: {error}", err=True)
        return False
    if as_json:
        say(json.dumps(answer).replace("\x7f", "\\u007f"))  # a line each, so not as say_json writes it
    elif response.is_success:
        _tell(answer)
    if not response.is_success:
        say(f"midcall import: {answer.get('detail', response.status_code)}", err=True)
        for fault in answer.get("errors", []):
            say(one_line(f"  {fault['loc']}: {fault['msg']}"), err=True)
        return False
    return answer["function"] is not None


def _tell(answer: dict[str, Any]) -> None:
    function = answer["function"]
    if function is None:
        say("Not imported:")
    else:
        state = "saved as a draft" if answer["created"] else "not saved (add --save)"
        say(f"{function['name']}: {_what(function)}; {state}")
        if answer["notes"]:
            say("Not carried over, or different now:")
    for note in answer["notes"]:
        say(one_line(f"  {note['loc']}: {note['msg']}"))
    for comment in (answer["review"] or {}).get("comments", []):
        say(one_line(f"  review, {comment['severity']}: {comment['message']}"))


def _what(function: dict[str, Any]) -> str:
    webhook = function.get("webhook")
    return f"{webhook['method']} {webhook['url']}" if webhook else "code"


def _body(vendor: ImportVendor, config: Any, name: str | None, *, save: bool) -> dict[str, Any]:
    body = {"vendor": vendor.value, "config": config, "save": save}
    return body if name is None else {**body, "name": name}


def _configs(file: Path) -> list[Any]:
    if file.stat().st_size > MAX_FILE_BYTES:
        raise typer.BadParameter(f"{file} is larger than {MAX_FILE_BYTES // 1024**2} MiB")
    try:
        found = parse(file.read_bytes())
    except NotJson as error:
        raise typer.BadParameter(f"{file}: {error}") from error
    return found if isinstance(found, list) else [found]


def _key(settings: Settings, key_file: Path | None, *, elsewhere: bool) -> str:
    """Find the key; the one of this machine is never sent to a server elsewhere."""
    if key_file is not None:
        return key_file.read_text().strip()
    given = os.environ.get(KEY_VARIABLE, "").strip()
    if given:
        return given
    if elsewhere or not settings.admin_key_file.exists():
        raise typer.BadParameter(f"give a key: --key-file, or {KEY_VARIABLE}")
    return settings.admin_key_file.read_text().strip()
