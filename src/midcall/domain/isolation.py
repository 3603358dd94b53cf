"""What keeps one run of code apart from others."""

from enum import StrEnum

#: What whoever chooses a jail should know, wherever it is chosen.
WEAKER = (
    "Faster than a container for each run, and weaker: runs of the same workspace share a container's kernel address "
    "layout, hash seed, memory limit and user id. Each run still has its own namespaces, files and memory."
)


class Isolation(StrEnum):
    """In what a run of code is kept."""

    #: A container of its own for each run, which is thrown away afterwards.
    CONTAINER = "container"
    #: A namespace jail that is made anew for each run, within a container that runs of one workspace alone are in.
    JAIL = "jail"
