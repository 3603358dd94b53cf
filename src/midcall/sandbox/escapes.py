"""Known ways out of containers, by the version of what starts them: for `midcall doctor`.

A version says what its project released. Distributions mend older ones under their own numbers (Debian's runc 1.1.5 has
the fix of CVE-2024-21626), so a name on this list is a question to the distribution, not yet a hole.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_LEADING = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")

ReleaseNumber = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Escape:
    """One way out, or several that came together."""

    component: str
    names: str
    what: str
    #: What midcall's sandboxes have to do with it.
    here: str
    #: The first releases without it, the newest line last; lines between have no fix.
    fixed: tuple[ReleaseNumber, ...]

    def affects(self, version: ReleaseNumber) -> bool:
        """Tell whether a release has it."""
        newest = self.fixed[-1]
        return not any(version >= fix and (version[:2] == fix[:2] or fix == newest) for fix in self.fixed)


#: From the projects' own advisories.
ESCAPES = (
    Escape(
        "runc",
        "CVE-2019-5736",
        "code that is root in a container overwrites the host's runc",
        "code is never root in a sandbox, and nothing is executed in one after its start",
        ((1, 0, 0),),
    ),
    Escape(
        "runc",
        "CVE-2021-30465",
        "a container that shares a volume with one that is being started has a host's directory mounted",
        "sandboxes share no volume",
        ((1, 0, 0),),
    ),
    Escape(
        "runc",
        "CVE-2024-21626",
        "an image's working directory, or that of a process executed later, leads to the host's files",
        "the image is midcall's own, and nothing is executed in a sandbox after its start",
        ((1, 1, 12),),
    ),
    Escape(
        "runc",
        "CVE-2025-31133, CVE-2025-52565, CVE-2025-52881",
        "races over masked paths, the console and /proc while a container starts lead to the host's files",
        "the image is midcall's own, and sandboxes share no mount with one another",
        ((1, 2, 8), (1, 3, 3), (1, 4, 0)),
    ),
    Escape(
        "containerd",
        "CVE-2020-15257",
        "a container in the host's network speaks to containerd's own sockets",
        "a sandbox has no network",
        ((1, 3, 9), (1, 4, 3)),
    ),
    Escape(
        "containerd",
        "CVE-2026-53488, CVE-2026-53492",
        "labels of a stranger's image, or a stranger's checkpoint, run commands on the host (Kubernetes' interface)",
        "the image is midcall's own, and the Engine does not use that interface",
        ((1, 7, 33), (2, 0, 10), (2, 1, 9), (2, 2, 5), (2, 3, 2)),
    ),
    Escape(
        "Engine",
        "CVE-2024-23651, CVE-2024-23652, CVE-2024-23653",
        "building a stranger's Dockerfile leads to the host's files",
        "midcall builds its own Dockerfile alone",
        ((24, 0, 9), (25, 0, 2)),
    ),
)


def known_escapes(versions: Mapping[str, str]) -> list[str]:
    """Write a line for each known way out of what is installed; `versions` by component, as the Engine tells them."""
    lines = []
    for escape in ESCAPES:
        found = _LEADING.match(versions.get(escape.component, ""))
        if found and escape.affects((int(found[1]), int(found[2]), int(found[3]))):
            fixed = ", ".join(".".join(map(str, version)) for version in escape.fixed)
            lines.append(
                f"{escape.component} {versions[escape.component]}: {escape.names}: {escape.what}; fixed in {fixed}, or "
                f"by your distribution in this one. Here: {escape.here}"
            )
    return lines
