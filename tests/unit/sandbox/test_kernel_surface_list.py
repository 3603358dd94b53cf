"""The seccomp profile lets through what the list argues for, name by name and argument by argument."""

import json
from typing import Any

from tests.support.kernel_surface import ALLOWED_ARGUMENTS, CALLS, COUNT, GROUPS, NAMESPACE_FLAGS

from midcall.sandbox.image import seccomp_profile

RULES: list[dict[str, Any]] = [
    rule for rule in json.loads(seccomp_profile())["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW"
]


def test_the_profile_and_the_list_name_the_same_calls() -> None:
    """Neither has one that the other lacks, and the count is the one that is written down."""
    assert {name for rule in RULES for name in rule["names"]} == set(CALLS)
    assert len(CALLS) == COUNT


def test_each_call_has_one_reason_and_one_number() -> None:
    """No call stands in two groups, and none has another's number."""
    assert sum(len(group.calls) for group in GROUPS) == len(CALLS) == len(set(CALLS.values()))
    assert all(len(group.reason) > 20 for group in GROUPS)


def test_the_arguments_that_may_pass_are_those_of_the_list() -> None:
    """All other calls are free, and these five are not."""
    filtered: dict[str, set[tuple[int, int, str]]] = {}
    for rule in RULES:
        for argument in rule["args"]:
            for name in rule["names"]:
                filtered.setdefault(name, set()).add((argument["index"], argument["value"], argument["op"]))
    wanted = {
        name: {(place, value, "SCMP_CMP_EQ") for value in values} for name, (place, values) in ALLOWED_ARGUMENTS.items()
    }
    assert filtered == wanted | {"clone": {(0, NAMESPACE_FLAGS, "SCMP_CMP_MASKED_EQ")}}
    free = {name for rule in RULES if not rule["args"] for name in rule["names"]}
    assert free & set(filtered) == set()
