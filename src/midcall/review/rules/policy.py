"""Rules on what the language offers: constructs, names and attributes (found by `midcall.review.policy`)."""

from collections.abc import Iterator

from midcall.domain.review import Severity
from midcall.review.module import Module
from midcall.review.policy import judge
from midcall.review.rule import Hit, Rule, example


def _constructs(module: Module) -> Iterator[Hit]:
    return iter(module.once(judge).construct)


def _names(module: Module) -> Iterator[Hit]:
    return iter(module.once(judge).name)


def _attributes(module: Module) -> Iterator[Hit]:
    return iter(module.once(judge).attribute)


RULES: tuple[Rule[Module], ...] = (
    Rule(
        id="policy.construct",
        summary="Only constructs that the policy knows; no metaclasses.",
        severity=Severity.ERROR,
        check=_constructs,
        good=example("class Point:\n    pass\n\ndef handler(session):\n    return isinstance(1, Point)\n"),
        bad=example("class Meta(dict, metaclass=dict):\n    pass\n\ndef handler(session):\n    return 1\n"),
    ),
    Rule(
        id="policy.name",
        summary="Names that belong to Python (`__x__`) or to machinery (`_x_`) are not bound or used.",
        severity=Severity.ERROR,
        check=_names,
        good=example("def _helper():\n    return 1\n\ndef handler(session):\n    return _helper()\n"),
        bad=example("def handler(session):\n    for _write_ in [1]:\n        pass\n    return 1\n"),
    ),
    Rule(
        id="policy.attribute",
        summary="Attributes that lead behind the language (special, private, frames, event loops) are not reached.",
        severity=Severity.ERROR,
        check=_attributes,
        good=example(
            "class Box:\n    def __init__(self):\n        self._size = 1\n\n"
            "    def size(self):\n        return self._size\n\n"
            "def handler(session):\n    return Box().size()\n"
        ),
        bad=example("def handler(session):\n    return ().__class__.__bases__\n"),
    ),
)
