"""What `midcall doctor` says of old versions of what starts containers."""

import pytest

from midcall.sandbox.escapes import ESCAPES, known_escapes


@pytest.mark.parametrize(
    ("component", "version", "named"),
    [
        ("runc", "1.1.5+ds1", ["CVE-2024-21626", "CVE-2025-31133"]),
        ("runc", "1.1.12", ["CVE-2025-31133"]),
        ("runc", "1.2.7", ["CVE-2025-31133"]),
        ("runc", "1.2.8", []),
        ("runc", "1.3.2", ["CVE-2025-31133"]),
        ("runc", "1.3.3", []),
        ("runc", "1.4.0", []),
        ("runc", "v2.0.0", []),
        ("runc", "0.9.9", ["CVE-2019-5736", "CVE-2021-30465", "CVE-2024-21626", "CVE-2025-31133"]),
        ("containerd", "1.6.20~ds1", ["CVE-2026-53488"]),
        ("containerd", "2.2.4", ["CVE-2026-53488"]),
        ("containerd", "2.2.5", []),
        ("containerd", "1.3.8", ["CVE-2020-15257", "CVE-2026-53488"]),
        ("Engine", "20.10.24+dfsg1", ["CVE-2024-23651"]),
        ("Engine", "24.0.9", []),
        ("Engine", "25.0.1", ["CVE-2024-23651"]),
        ("Engine", "29.1.0", []),
        ("Engine", "library-import", []),
        ("podman", "0.1.0", []),
    ],
)
def test_what_a_version_is_known_for_is_named(component: str, version: str, named: list[str]) -> None:
    """With what it has to do with sandboxes here; a version that cannot be read is not guessed at."""
    lines = known_escapes({component: version})
    assert [line.split(": ")[1].split(",")[0] for line in lines] == named
    assert all(line.startswith(f"{component} {version}: ") and "Here: " in line for line in lines)


def test_fixes_are_in_order() -> None:
    """The newest line counts for all that come after it."""
    assert all(list(escape.fixed) == sorted(escape.fixed) for escape in ESCAPES)
