"""The reviewer with its real child processes: bounded, killed, replaced."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from tests.support.patience import DEADLINE_S, PATIENCE_S, wait_for
from tests.support.ported import entries
from tests.unit.review.test_review_private import OWN
from tests.unit.review.test_review_unrun import PASSES, REFUSED

from midcall.connectors import CONNECTORS, operations
from midcall.domain.errors import ReviewUnavailable
from midcall.domain.review import ReviewReport, Subject
from midcall.review import policy_version, review
from midcall.review.allowlist import AllowList, packaged
from midcall.review.extension import extended
from midcall.reviewer import SubprocessReviewer
from midcall.reviewer.process import _BOOT, ReviewProcess

FINE = Subject("def handler(session):\n    return 1\n")
FAULTY = Subject("import os\n\ndef handler(session):\n    return 'ü' + missing\n")
#: Makes a child's CPU time short before it starts to serve.
_IMPATIENT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "import midcall.reviewer.child as child; child.CPU_SECONDS = 0.05; "
)
#: Takes long enough that a limit of a few milliseconds is overrun.
SLOW = Subject("def f(): pass\n" * 3000)


#: Children that this process had before a test: other tests' servers and reviewers, which are none of its business.
_others: set[int] = set()


@pytest.fixture(autouse=True)
def _know_the_others() -> None:
    _others.clear()
    _others.update(child.pid for child in psutil.Process().children())


@pytest.fixture
def reviewer() -> Iterator[SubprocessReviewer]:
    """Make a reviewer with one child, so that it is known which one answers."""
    made = SubprocessReviewer(allowed=packaged(), children=1)
    yield made
    made.close()


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children()} - _others


def _gone(pid: int) -> bool:
    def gone() -> bool:
        return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE

    return wait_for(gone)


def test_the_child_says_what_the_pure_review_says(reviewer: SubprocessReviewer) -> None:
    """Crossing the process boundary changes neither comments nor policy."""
    findings = reviewer.review(FAULTY)
    assert findings.comments == review(FAULTY)
    assert findings.policy == reviewer.policy == policy_version(packaged())
    assert not findings.clean
    assert not findings.cut_off
    assert reviewer.review(FINE).clean


def test_the_child_says_so_of_whatever_people_bring_along(reviewer: SubprocessReviewer) -> None:
    """No rule needs what a child has not: it opens no files, and imports nothing late."""
    brought = [entry["source"] for name in ("idioms", "scripts", "review") for entry in entries(f"{name}.jsonl")]
    sources = [*brought, *OWN, *PASSES, *REFUSED, "import numby\n\ndef handler(session):\n    return npm.x, Numby\n"]
    assert reviewer.review(FINE).clean
    before = _children()
    for source in sources:
        assert reviewer.review(Subject(source)).comments == review(Subject(source)), source
    assert _children() == before


def test_declarations_reach_the_child(reviewer: SubprocessReviewer) -> None:
    """Parameters, actions, phases, hosts and credentials are part of what is reviewed."""
    source = (
        "def handler(session, actions):\n"
        "    actions.http.get('https://api.example.com/x', credential='crm')\n"
        "    return session['params']['x']\n"
    )
    told = Subject(
        source,
        frozenset({"x"}),
        ("http",),
        frozenset({"during_session"}),
        egress=("api.example.com",),
        declared={"http": ("crm",)},
        credentials={"crm": "bearer"},
    )
    assert reviewer.review(told).comments == ()
    for less in (
        replace(told, parameters=frozenset()),
        replace(told, actions=()),
        replace(told, egress=()),
        replace(told, declared={}),
        replace(told, credentials={}),
        replace(told, credentials={"crm": "airtable"}),
    ):
        assert reviewer.review(less).comments == review(less) != ()
    assert reviewer.review(replace(told, credentials=None)).comments == ()


def test_a_source_full_of_odd_options_leaves_the_child_alive(reviewer: SubprocessReviewer) -> None:
    """Models of options are asked in the child, where nothing more can be loaded."""
    odd = ("None", "1", "'x'", "[]", "{}", "[[1]]", "{'a': {'b': 1}}", "b'x'", "1e999", "...", "'\\ud800'")
    lines = [
        f"    actions.{name}({{{option!r}: {value}}})"
        for name, (_, operation) in operations().items()
        for option in operation.options.model_fields
        for value in odd
    ]
    for start in range(0, len(lines), 400):
        source = "def handler(session, actions):\n" + "\n".join(lines[start : start + 400]) + "\n    return 1\n"
        findings = reviewer.review(Subject(source, actions=tuple(CONNECTORS), egress=("example.com",)))
        assert not findings.cut_off
        assert any(comment.rule == "action.options" for comment in findings.comments)


def _opening(count: int) -> AllowList:
    """Return the packaged list with a package of so many names."""
    names = ", ".join(f'"name_{number}"' for number in range(count))
    return extended(packaged(), f"[modules]\nshop = [{names}]\n")


@pytest.mark.parametrize("count", [1, 20_000])
def test_an_operators_list_reaches_the_child(count: int) -> None:
    """The child allows what the parent was told, also where that is more than a pipe holds; so does its successor."""
    allowed = _opening(count)
    reviewer = SubprocessReviewer(children=1, allowed=allowed)
    source = f"import shop\n\ndef handler(session):\n    return str(shop.name_{count - 1})\n"
    try:
        reviewer.start()
        for _ in range(2):
            findings = reviewer.review(Subject(source))
            assert findings.comments == ()
            assert findings.policy == policy_version(allowed) != policy_version(packaged())
            for pid in _children():
                os.kill(pid, signal.SIGKILL)
    finally:
        reviewer.close()


def test_a_review_that_was_given_up_names_the_operators_policy() -> None:
    """The comment that the parent writes itself is under the same policy as the child's."""
    allowed = _opening(1)
    reviewer = SubprocessReviewer(children=1, allowed=allowed)
    reviewer.start()
    try:
        reviewer._seconds = 0.002
        assert reviewer.review(SLOW).policy == policy_version(allowed)
    finally:
        reviewer.close()


@pytest.mark.parametrize("source", ["", "\x00", "\ud800", "x" * 2_000_000, "-" * 60_000, "(" * 60_000])
def test_hostile_text_gets_an_answer(reviewer: SubprocessReviewer, source: str) -> None:
    """Whatever the text, there are findings that refuse it, and the next review goes on as usual."""
    assert not reviewer.review(Subject(source)).clean
    assert reviewer.review(FINE).clean


def test_a_review_that_takes_too_long_is_refused_and_the_child_replaced() -> None:
    """An overrun is the source's fault: a comment says so, the child is gone, the next review works."""
    reviewer = SubprocessReviewer(allowed=packaged(), children=1)
    reviewer.start()
    before = _children()
    try:
        reviewer._seconds = 0.002
        findings = reviewer.review(SLOW)
        assert [comment.rule for comment in findings.comments] == ["syntax.complexity"]
        assert findings.cut_off
        assert all(_gone(pid) for pid in before if pid not in _children())
        assert not before & _children()
        reviewer._seconds = DEADLINE_S
        assert reviewer.review(FINE).clean
    finally:
        reviewer.close()


def test_cpu_time_ends_a_review_before_the_clock_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit that counts is work done, not time waited; it is no reason to try the same source again."""
    monkeypatch.setattr("midcall.reviewer.process._BOOT", _IMPATIENT + _BOOT)
    reviewer = SubprocessReviewer(allowed=packaged(), children=1)
    reviewer.start()
    try:
        (before,) = _children()
        assert [comment.rule for comment in reviewer.review(SLOW).comments] == ["syntax.complexity"]
        assert _gone(before)
        assert reviewer.review(FINE).clean
    finally:
        reviewer.close()


def test_a_reviewer_at_rest_has_no_children_until_it_is_asked_again() -> None:
    """Idle children are memory; a review that is going on is left to end."""
    reviewer = SubprocessReviewer(allowed=packaged(), children=2)
    reviewer.start()
    before = _children()
    try:
        reviewer.rest()
        assert all(_gone(pid) for pid in before)
        reviewer.rest()
        assert reviewer.review(FINE).clean
        assert len(_children() - before) == 1
        lent = reviewer._own_slots().get()
        reviewer.rest()
        reviewer._own_slots().put(lent)
        assert len(_children() - before) == 1
        assert reviewer.review(FINE).clean
    finally:
        reviewer.close()


def test_a_child_that_is_to_stand_back_does() -> None:
    """From its first moment on; others are as they were."""
    with ReviewProcess(packaged(), niceness=5) as polite, ReviewProcess(packaged()) as ordinary:
        found = [psutil.Process(child.pid).nice() for child in (polite, ordinary)]
        assert found == [psutil.Process().nice() + 5, psutil.Process().nice()]
        polite.wait_ready(10)


def test_a_child_that_was_killed_is_replaced_unnoticed(reviewer: SubprocessReviewer) -> None:
    """A child ended from outside is no fault of the next source."""
    reviewer.start()
    for pid in _children():
        os.kill(pid, signal.SIGKILL)
    assert reviewer.review(FINE).clean


def test_a_source_that_ends_its_child_twice_is_refused() -> None:
    """If the child dies of it each time, the source gets a comment rather than the caller an error."""

    class Dying(ReviewProcess):
        def review(self, subject: Subject, seconds: float) -> object:  # type: ignore[override]
            os.kill(self.pid, signal.SIGKILL)
            return super().review(subject, seconds)

    reviewer = SubprocessReviewer(allowed=packaged(), children=1, make_child=Dying)
    try:
        assert [comment.rule for comment in reviewer.review(FINE).comments] == ["syntax.complexity"]
    finally:
        reviewer.close()


def test_no_child_no_review(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only when no child can be started is the review unavailable, and it recovers."""
    reviewer = SubprocessReviewer(allowed=packaged(), children=1)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/nonexistent/python")
        with pytest.raises(ReviewUnavailable):
            reviewer.review(FINE)
    assert reviewer.review(FINE).clean
    reviewer.close()
    with pytest.raises(ReviewUnavailable):
        reviewer.review(FINE)


def test_the_child_is_shut_in(reviewer: SubprocessReviewer) -> None:
    """Limits hold in the child: no more descriptors, no files, bounded memory, bounded CPU, an empty environment."""
    reviewer.start()
    reviewer.review(FINE)
    (pid,) = _children()
    limits = Path(f"/proc/{pid}/limits").read_text(encoding="ascii")
    values = {line[:26].strip(): line[26:].split()[0] for line in limits.split("\n")[1:] if line}
    assert values["Max open files"] == "3"
    assert values["Max file size"] == "0"
    assert int(values["Max address space"]) == 512 * 1024 * 1024
    assert int(values["Max cpu time"]) < 60
    assert Path(f"/proc/{pid}/environ").read_bytes().count(b"=") <= 1
    assert len(list(Path(f"/proc/{pid}/fd").iterdir())) == 3


def test_many_threads_share_few_children() -> None:
    """Twenty threads get twenty right answers from two children."""
    reviewer = SubprocessReviewer(allowed=packaged(), children=2)
    answers: dict[int, ReviewReport] = {}

    def work(number: int) -> None:
        subject = Subject(f"def handler(session):\n    return missing_{number}\n")
        answers[number] = reviewer.review(subject)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        assert all(f"missing_{number}'" in found.comments[0].message for number, found in answers.items())
        assert len(answers) == 20
        assert len(_children()) == 2
    finally:
        reviewer.close()


def test_a_child_is_renewed_after_its_lifetime() -> None:
    """Nothing adds up in a child for ever."""
    reviewer = SubprocessReviewer(allowed=packaged(), children=1, lifetime=2)
    try:
        seen = set()
        for _ in range(5):
            reviewer.review(FINE)
            seen |= _children()
        assert len(seen) == 3
    finally:
        reviewer.close()


def test_after_a_fork_parent_and_child_each_have_their_own() -> None:
    """A forked process reviews with children of its own and leaves the parent's alone."""
    program = textwrap.dedent(
        """
        import os, sys
        from midcall.domain.review import Subject
        from midcall.review.allowlist import packaged
        from midcall.reviewer import SubprocessReviewer
        fine = Subject("def handler(session):\\n    return 1\\n")
        reviewer = SubprocessReviewer(allowed=packaged(), children=1)
        assert reviewer.review(fine).clean
        pid = os.fork()
        if pid == 0:
            ok = reviewer.review(fine).clean
            reviewer.close()
            os._exit(0 if ok else 1)
        assert os.waitpid(pid, 0)[1] == 0
        assert reviewer.review(fine).clean
        reviewer.close()
        print("fine")
        """
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, timeout=PATIENCE_S, check=False
    )
    assert (done.stdout, done.stderr) == (b"fine\n", b"")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_children_end_with_their_parent(end: signal.Signals) -> None:
    """However the parent ends, no child is left."""
    program = textwrap.dedent(
        """
        import psutil, time
        from midcall.review.allowlist import packaged
        from midcall.reviewer import SubprocessReviewer
        reviewer = SubprocessReviewer(allowed=packaged(), children=2)
        reviewer.start()
        print(*[child.pid for child in psutil.Process().children()], flush=True)
        time.sleep(60)
        """
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        parent.send_signal(end)
        parent.wait(PATIENCE_S)
    assert len(pids) == 2
    assert all(_gone(pid) for pid in pids)
