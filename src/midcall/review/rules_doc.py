"""Writes docs/review-rules.md from the rules and the allow-list: `python -m midcall.review.rules_doc [FILE]`."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

from midcall.domain.function_config import WebhookConfig
from midcall.domain.review import Subject
from midcall.review.allowlist import MINORS, packaged_for
from midcall.review.forms import FORMS
from midcall.review.rule import Rule
from midcall.review.rules import TEXT_RULES, TREE_RULES
from midcall.review.syntax import RULES as SYNTAX_RULES
from midcall.review.webhook import FINE, WebhookRule
from midcall.review.webhook import RULES as WEBHOOK_RULES

_INTRO = """\
# Review rules

What a review of Python code checks, rule by rule, and what one of a webhook. **error** refuses a version; **warning**
and **info** are shown.
Each rule has an example that passes and one that does not; both are run as tests.

Written by `python -m midcall.review.rules_doc docs/review-rules.md`; change the rules, not this file.
"""
_WEBHOOKS = """
## Webhooks

What could never be sent is refused when it is saved, with the field's path. These rules are for what can be sent and
should not be.
"""
_MODULES = """
## What may be imported

`import module` and then `module.name`, or `from module import name`, for these names only. A module itself is never a
value. Names with a version behind them are there from that minor version of Python on. The list is
`src/midcall/review/allowed.toml`; whoever operates midcall may have added to it ([packages](packages.md)).
"""
_FORMS = """
## In which forms some names may stand

These reach attributes, or make classes, by names that they are given as text; so they are used where the names stand in
the source. Decision 0028 has the reasons.

| name | refused otherwise because | write |
| --- | --- | --- |"""
#: An example longer than this is shown by its beginning.
_LONGEST_LINE = 90


def all_rules() -> tuple[Rule[Any], ...]:
    """Return every rule, in the order in which they are checked."""
    return (*TEXT_RULES, *SYNTAX_RULES, *TREE_RULES)


def render() -> str:
    """Return the whole document: the same for every Python that it is written with."""
    rules = chain(*map(_rule, all_rules()))
    return (
        "\n".join(chain([_INTRO], rules, [_WEBHOOKS], *map(_webhook_rule, WEBHOOK_RULES), _forms(), _modules())) + "\n"
    )


def _forms() -> Iterator[str]:
    yield _FORMS
    yield from (
        f"| `{name}` | {form.why} | {form.instead.replace('|', ' or ')} |" for name, form in sorted(FORMS.items())
    )


def _rule(rule: Rule[Any]) -> Iterator[str]:
    yield f"## {rule.id} ({rule.severity})\n"
    yield f"{rule.summary}\n"
    yield from _example("Passes", rule.good)
    yield from _example("Does not pass", rule.bad)


def _webhook_rule(rule: WebhookRule) -> Iterator[str]:
    yield f"## {rule.id} ({rule.severity})\n"
    yield f"{rule.summary}\n"
    for title, subject in (("Passes", rule.good), ("Does not pass", rule.bad)):
        required = set(subject.parameters.get("required", ()))
        given = [
            f"{name} ({'required' if name in required else 'optional'})" for name in subject.parameters["properties"]
        ]
        given += [f"credential {name}" for name in sorted(subject.credentials or ())]
        yield f"{title} (with {', '.join(given)}):\n"
        usual = _written(FINE.webhook)
        written = _written(subject.webhook).items()
        changed = {name: value for name, value in written if name == "url" or value != usual[name]}
        yield f"```json\n{json.dumps(changed, indent=2)}\n```\n"


def _written(webhook: WebhookConfig) -> dict[str, Any]:
    return {**asdict(webhook), "auth": {"type": webhook.auth.type, **webhook.auth.texts}}


def _example(title: str, subject: Subject) -> Iterator[str]:
    given = [
        f"{name} {', '.join(f'`{value}`' for value in sorted(values))}"
        for name, values in (
            ("parameters", subject.parameters),
            ("actions", subject.actions),
            ("phases", subject.phases),
            ("egress", subject.egress),
            ("credentials", [name for names in subject.declared.values() for name in names]),
        )
        if values
    ]
    yield f"{title}{' (with ' + '; '.join(given) + ')' if given else ''}:\n"
    yield "```python"
    yield from (_shown(line) for line in subject.source.rstrip("\n").split("\n"))
    yield "```\n"


def _shown(line: str) -> str:
    """Return a line with what cannot be seen written as an escape, and cut where it goes on for long."""
    plain = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in line
    )
    return plain if len(plain) <= _LONGEST_LINE else f"{plain[:_LONGEST_LINE]}…"


def _modules() -> Iterator[str]:
    yield _MODULES.lstrip("\n")
    yield "| module | names |\n| --- | --- |"
    since = _since()
    for module in sorted({module for module, _ in since}):
        names = (
            f"`{name}`" + (f" (3.{minor})" if minor > MINORS[0] else "")
            for (home, name), minor in sorted(since.items())
            if home == module
        )
        yield f"| `{module}` | {', '.join(names)} |"


def _since() -> dict[tuple[str, str], int]:
    """Return each listed module and name, with the first minor version that has it."""
    since: dict[tuple[str, str], int] = {}
    for minor in MINORS:
        for module, names in packaged_for(minor).modules.items():
            for name in names:
                since.setdefault((module, name), minor)
    return since


def main(arguments: Sequence[str]) -> None:
    """Write the document to the file that is named, or to the standard output."""
    parser = argparse.ArgumentParser(description="Write docs/review-rules.md from the rules.")
    parser.add_argument("file", nargs="?", type=Path)
    given, text = parser.parse_args(arguments), render()
    if given.file is None:
        sys.stdout.write(text)
    else:
        given.file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
