"""What keeps one run apart from every other."""

from enum import StrEnum


class Isolation(StrEnum):
    """How a run is kept apart: in a container of its own or, weaker and faster, in a jail of its own."""

    #: A container of its own for each run, thrown away after it.
    CONTAINER = "container"
    #: A fresh namespace jail for each run, within a container of the workspace alone.
    JAIL = "jail"
