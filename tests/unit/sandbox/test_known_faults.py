"""What known faults of the kernel begin with is not among what a sandbox may call.

`tests/integration/sandbox/test_kernel_surface.py` shows from inside that nothing else than the list gets through.
"""

import pytest
from tests.support.kernel_surface import ALLOWED_ARGUMENTS, CALLS

#: Fault -> calls that every known way to it needs one of.
BEGINNINGS = {
    "CVE-2026-31431 Copy Fail": {"socket", "splice", "vmsplice", "tee"},
    "CVE-2026-43284, CVE-2026-43500 Dirty Frag": {"socket", "splice", "vmsplice", "unshare", "sendmsg", "sendmmsg"},
    "CVE-2026-46300 Fragnesia": {"socket", "splice", "setsockopt"},
    "CVE-2022-0847 Dirty Pipe": {"splice", "vmsplice", "tee"},
    "io_uring": {"io_uring_setup", "io_uring_enter", "io_uring_register"},
    "namespaces and mounts": {"unshare", "setns", "mount", "move_mount", "fsopen", "open_tree", "pivot_root", "chroot"},
    "BPF and perf": {"bpf", "perf_event_open"},
    "keyrings": {"add_key", "request_key", "keyctl"},
    "userfaultfd and others' memory": {"userfaultfd", "ptrace", "process_vm_readv", "process_vm_writev"},
    "files by handle": {"open_by_handle_at", "name_to_handle_at"},
    "modules and kexec": {"init_module", "finit_module", "kexec_load"},
}


@pytest.mark.parametrize("fault", BEGINNINGS)
def test_what_a_known_fault_begins_with_is_refused(fault: str) -> None:
    """None of its calls is on the list."""
    assert not BEGINNINGS[fault] & CALLS.keys()


def test_the_one_socket_there_can_be_is_a_pair_of_its_own() -> None:
    """AF_UNIX, by its number: no family that a fault was found in."""
    assert ALLOWED_ARGUMENTS["socketpair"] == (0, frozenset({1}))
