"""What an element is given that is not known here: values, never written into a text of properties, classes or styles.

Those texts are taken apart in the browser's favour: a quote ends a value, and a property that begins with ":" is run.
"""

from typing import Any, Literal, TypeVar

from nicegui import ui

ElementT = TypeVar("ElementT", bound=ui.element)


def named(element: ElementT, name: str) -> ElementT:
    """Give an element the name that screen readers say."""
    element.props["aria-label"] = name
    return element


def attributed(element: ElementT, **values: Any) -> ElementT:
    """Give an element attributes: `title="…"`, and `aria_label="…"` for what has a hyphen."""
    for name, value in values.items():
        element.props[name.replace("_", "-")] = value
    return element


def sized(
    element: ElementT, what: Literal["flex-grow", "flex-basis"], number: float, unit: Literal["", "%"] = ""
) -> ElementT:
    """Give an element a size."""
    element.style[what] = f"{number:.2f}{unit}"
    return element
