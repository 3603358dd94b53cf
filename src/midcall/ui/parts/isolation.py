"""What runs are kept in, in words."""

from collections.abc import Mapping

from midcall.domain.isolation import Isolation

KEPT_IN: Mapping[str, str] = {
    Isolation.CONTAINER.value: "A container of its own",
    Isolation.JAIL.value: "A jail in a container of the workspace",
}
