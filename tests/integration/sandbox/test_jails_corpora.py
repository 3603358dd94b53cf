"""The corpora, and the attacks that know everything, against jails."""

from typing import Any

import pytest
from tests.integration.sandbox.pools import Jailed
from tests.integration.sandbox.test_corpus import CHECKS, attempt, entries
from tests.integration.sandbox.test_white_box import ATTACKS

#: What a jail does not let begin: processes, and what /proc tells. Then the attack ends there, with that error.
NO_PROCESSES, NO_PROC = "PermissionError", "FileNotFoundError"
ENDS_SOONER = {
    "rt-info-02": NO_PROC,
    "rt-info-03": NO_PROC,
    "rt-process-05": NO_PROCESSES,
    "rt-process-06": NO_PROCESSES,
    "rt-process-07": NO_PROCESSES,
    "a_grandchild_that_outlives_the_handler": NO_PROCESSES,
    "a_daemon_in_a_session_of_its_own": NO_PROCESSES,
    "a_grandchild_that_answers_first": NO_PROCESSES,
    "another_program_with_the_channel": NO_PROCESSES,
    "another_program_that_has_no_token": NO_PROCESSES,
    "orphans_that_die_in_its_arms": NO_PROCESSES,
    "a_flood_from_many_processes": NO_PROCESSES,
    "a_handler_that_stops_everything": NO_PROCESSES,
    "many_small_processes_that_fill_the_memory": NO_PROC,
    "what_proc_has_of_pid_1": NO_PROC,
    # Process 1 is the code's own: there is nobody else in a jail whom it could signal.
    "every_signal_in_every_way": "KeyboardInterrupt",
    # Nor does the kernel send it any for a descriptor.
    "signals_that_the_kernel_sends_for_its_descriptors": "PermissionError",
    # Its second half would come from a process that it cannot make.
    "halves_of_one_frame_from_two_processes": "ProtocolViolation",
}
SMALL = "def handler(session):\n    return 1\n"


@pytest.mark.parametrize("entry", entries("runtime.jsonl"))
def test_an_attack_in_a_jail_ends_as_the_corpus_says(jails: Jailed, entry: dict[str, Any]) -> None:
    """Its status is in the allowed set and its checks pass, or it ends sooner; and the next call works."""
    if entry["id"] in ENDS_SOONER:
        report = jails.run(entry["code"], session=entry["session"])
        assert report.error is not None
        assert report.error.type == ENDS_SOONER[entry["id"]]
    else:
        attempts = [attempt(jails, step, entry["session"]) for step in entry.get("steps") or [entry]]
        assert sum(report.sandbox_ms for report in attempts) < entry["checks"]["max_wall_s"] * 1000
        for name, check in CHECKS.items():
            if name in entry["checks"]:
                assert check(attempts[-1], entry["checks"][name]), (name, attempts[-1])
    assert jails.run(SMALL).result == 1


@pytest.mark.parametrize("entry", entries("benign.jsonl"))
def test_an_ordinary_handler_in_a_jail_returns_what_the_corpus_says(jails: Jailed, entry: dict[str, Any]) -> None:
    """Plain CPython's result, value for value."""
    report = jails.run(entry["code"], session=entry["session"])
    assert report.error is None
    assert report.result == entry["expected"]


@pytest.mark.parametrize("name", ATTACKS)
def test_code_that_knows_everything_ends_in_an_honest_status_in_a_jail(jails: Jailed, name: str) -> None:
    """One of its statuses with the value or error that belongs to it, as in a container, or sooner."""
    attack = ATTACKS[name]
    report = jails.run(attack.source, ms=attack.ms)
    said = report.error.type if report.error else report.result
    if name in ENDS_SOONER:
        assert said == ENDS_SOONER[name], report
    elif name == "tracing":
        assert said == []  # not even by its own kin
    else:
        assert report.status.value in attack.ends, report
        assert said in attack.ends[report.status.value], report
    assert "FORGED" not in repr(report)
    assert len(report.logs.encode()) <= jails.config.limits.log_bytes
