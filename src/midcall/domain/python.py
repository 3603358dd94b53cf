"""The Python that runs everything here: one minor version for host, review and sandbox (docs/decisions/0005)."""

import sys

#: The running minor version, such as "3.12".
MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
