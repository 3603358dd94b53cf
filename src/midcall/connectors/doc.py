"""Writes docs/actions.md from the connectors: `python -m midcall.connectors.doc [--check] [FILE]`."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from inspect import cleandoc
from itertools import chain
from pathlib import Path

from midcall.connectors import CONNECTORS, example
from midcall.connectors.completion import Option, credentials_of, options_of
from midcall.connectors.kit import Connector, Operation
from midcall.domain import action
from midcall.domain.egress import MAX_ENTRIES

_EMPTY = ("null", "[]", "{}")
_MIB = 1024 * 1024
_INTRO = f"""# Actions

The sandbox has no network. Code reaches the world through `actions`, the second parameter of its handler: midcall makes
the request outside, with a credential that the code never sees, and hands the answer back.

```python
def handler(session, actions):
    found = actions.http.get("https://api.example.com/orders", params={{"phone": session["params"]["phone"]}})
    return found["data"]
```

`actions.log("info", "text", order=1)` writes to the invocation's logs, `actions.progress("almost there")` tells whoever
waits. `raise actions.Refuse("order 4711 does not exist")` gives the LLM that text instead of a result, and counts as no
fault: the outcome is `refused`, nothing is tried again. All three are always there; everything else is declared with
the function, reviewed with it, and enforced.

## What is declared

```json
{{
  "code": {{
    "source": "…",
    "actions": ["http.get", {{"name": "airtable", "credentials": ["crm"]}}],
    "egress": ["api.example.com", "*.example.org", "crm.internal:8443"]
  }}
}}
```

- **actions**: a group (`airtable`: all of it) or one operation (`airtable.get_record_list`). What is not named cannot
  be called. Where a group and one of its operations both have an entry, the operation's own counts.
- **credentials**: names of the workspace's credentials (`PUT /v1/credentials/{{name}}`) that calls under this entry may
  use, and no others. A connector that needs one takes the only one declared if the call names none; of several, the
  call names one: `credential="crm"`. `http` takes one if the call names it, or says with `authentication` that it needs
  it, and sends it to the credential's own `hosts` alone, whatever egress opens.
- **egress**: the hosts that `http` may reach, at most {MAX_ENTRIES}; `*.example.org` is every host below example.org.
  The port is the scheme's own unless it is written. Other connectors go to their own address alone and need no entry.
  It is checked after the URL is complete, and again at every redirect.

Review says all of this at the line ([rules](review-rules.md)), and the worker checks every call again.

## Calling

Options go in one object, or by name; some by position too. SubVerse's spelling works as it is: camelCase names, and the
envelope with `credentialId`; the shorthands of `http` take client options by name as well. These are the same call:

```python
actions.http.send_request({{"method": "GET", "url": url, "clientOptions": {{"timeout": 5000}}, "credential": "crm"}})
actions.http.sendRequest({{"credentialId": "crm", "options": {{"url": url, "clientOptions": {{"timeout": 5000}}}}}})
actions.http.get(url, timeout=5000, credential="crm")
```

The answer of `actions.http` is `{{"responseCode": 200, "data": …, "message": "OK"}}`, and `headers` with
`full_response=True`. It knows the words of `requests` besides, so that ported code reads it as it is: `.json()`,
`.status_code`, `.ok`, `.text`, `.content`, `.headers`, `.raise_for_status()`. A failing status raises before that,
unless the call says `ignore_response_code=True`; `timeout` is in milliseconds.

In `def handler` a call returns its answer. In `async def handler` it is awaited, and calls run side by side:

```python
import asyncio

async def handler(session, actions):
    order, stock = await asyncio.gather(
        actions.http.get("https://api.example.com/order"), actions.http.get("https://api.example.com/stock")
    )
    return [order["data"], stock["data"]]
```

## When it fails

A call that fails raises `ActionError`, a name that needs no import: `message`, `action`, `code` (a stable word), and
where the target answered `status` and `body`. Left alone, it ends the run with an error that names your line.

```python
def handler(session, actions):
    try:
        return actions.http.get("https://api.example.com/order")["data"]
    except ActionError as error:
        if error.status == 404:
            return "There is no such order."
        raise
```

Secrets are masked in answers, errors and logs.

## Limits of one run

| | at most |
| --- | --- |
| calls | {action.MAX_CALLS} |
| calls under way at a time | {action.MAX_PARALLEL}, further ones wait |
| what one call sends, as JSON | {action.MAX_CALL_BYTES // _MIB} MiB |
| one answer, as JSON | {action.MAX_ANSWER_BYTES // _MIB} MiB |
| all answers together | {action.MAX_ANSWERS_BYTES // _MIB} MiB |
| time | what is left of the function's `timeout` |

`GET /v1/actions` lists every operation with its signature and the JSON Schema of its options, for editors and
assistants.

Written by `python -m midcall.connectors.doc docs/actions.md`; change the connectors, not this file.
"""
_ADD = """## Add a connector

An integration is one file, pure: options in, requests out, answers in, a value out. It touches no network, no clock
and no secret, so its tests drive it by hand. Review, this page, completion and the worker read the rest from it. In an
hour:

1. Read the API's own documentation on auth, errors, paging and limits; put its address into `source`.
2. If it authenticates in a way of its own, add a type to `CredentialType` (`domain/credential.py`) and its values to
   `service/credentials/types.py`. Most do not: `connectors/grants.py` has bearer, header, query, basic and OAuth2.
3. Write `connectors/<name>.py`, as below: one `Options` model for each operation (its docstring is what people and
   assistants read), one generator that asks for requests, and `CONNECTOR`. Bound every option, and every loop over
   pages. Put values into paths with `path`, which escapes them. A status of 400 or more raises by itself, unless `sees`
   takes it.
4. Name the module in `connectors/__init__.py`.
5. Test it: drive each generator by hand as `tests/unit/connectors/test_example_connector.py` does; then write a small
   server that speaks the API as documented, and call it over a real socket.
6. `python -m midcall.connectors.doc docs/actions.md` writes it into this page.

The whole of a small one, which is part of the tests:

```python
"""


def render(connectors: Iterable[Connector] = tuple(CONNECTORS.values())) -> str:
    """Return the whole document."""
    own = Path(example.__file__).read_text(encoding="utf-8")
    lines = chain([_INTRO], *map(_connector, connectors), [_ADD + own + "```"])
    return "\n".join(lines) + "\n"


def _connector(connector: Connector) -> Iterator[str]:
    yield f"## {connector.title}: `{connector.name}`\n"
    yield f"{connector.summary}\n"
    yield "| | |\n| --- | --- |"
    needed = "one is needed" if connector.needs_credential else "none is needed"
    yield f"| credentials | {', '.join(f'`{kind}`' for kind in sorted(connector.credentials)) or 'none'}; {needed} |"
    yield f"| address | {_address(connector)} |"
    if connector.retry.attempts > 1:
        yield f"| busy (429, 503) | asked {connector.retry.attempts} times in all, if the deadline leaves the time |"
    if connector.source:
        yield f"| documented at | {connector.source} |"
    yield ""
    for name, operation in connector.operations.items():
        yield from _operation(connector, name, operation)


def _address(connector: Connector) -> str:
    if connector.anywhere:
        return "any host in `egress`"
    named = f"`MIDCALL_CONNECTOR_URLS={connector.name}=https://…`"
    return (
        f"`{connector.base_url}`; the operator may set another with {named}"
        if connector.base_url
        else f"set by the operator: {named}"
    )


def _operation(connector: Connector, name: str, operation: Operation) -> Iterator[str]:
    yield f"### {connector.name}.{name}\n"
    # Up to Python 3.12 a docstring keeps its indent, which Markdown takes for a list's second paragraph.
    yield f"{cleandoc(operation.options.__doc__ or '')}\n"
    own = credentials_of(connector, operation)
    if own:
        yield f"Credentials: {own}.\n"
    if operation.positional:
        yield f"By position: {', '.join(f'`{word}`' for word in operation.positional)}.\n"
    options = options_of(operation)
    same = next((each for each, other in connector.operations.items() if options_of(other) == options), name)
    if same != name:
        yield f"Options: those of `{connector.name}.{same}`.\n"
    elif options:
        yield "| option | type | default | |\n| --- | --- | --- | --- |"
        for option in options:
            yield _row(option.name, option)
            yield from (_row(f"{option.name}.{inner.name}", inner) for inner in option.inner)
        yield ""
    yield f"Returns `{operation.returns}`.\n"
    if operation.example:
        yield f"```python\n{operation.example}\n```\n"


def _row(name: str, option: Option) -> str:
    default = "required" if option.default is None else f"`{option.default}`" if option.default not in _EMPTY else ""
    kind = option.type.replace("|", "\\|")
    return f"| `{name}` | {kind} | {default} | {option.description.replace('|', chr(92) + '|')} |"


def main(arguments: Sequence[str]) -> None:
    """Write the document to the file that is named, or to the standard output; with --check only compare."""
    parser = argparse.ArgumentParser(description="Write docs/actions.md from what the connectors say.")
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--check", action="store_true", help="only compare; fails if the file says anything else")
    given, text = parser.parse_args(arguments), render()
    if given.file is None:
        sys.stdout.write(text)
    elif not given.check:
        given.file.write_text(text, encoding="utf-8")
    elif not given.file.is_file() or given.file.read_text(encoding="utf-8") != text:
        sys.exit(f"{given.file} is not what the connectors say: python -m midcall.connectors.doc {given.file}")


if __name__ == "__main__":
    main(sys.argv[1:])
