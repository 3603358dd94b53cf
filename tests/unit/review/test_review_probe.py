"""The written lists of what reaches attributes or files by names in text, makes classes, or holds the interpreter.

Everything that functions may use is called with such names (`tests/support/probing.py`), so a name that is newly
allowed, or does more in a newer Python, stands in these lists or fails here.
"""

import importlib
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.support.patience import CLIENT_S

from midcall.review.allowlist import packaged
from midcall.review.forms import FORMS
from midcall.review.loggers import CLOSED
from midcall.review.rules.builtins import ALLOWED
from midcall.review.vocabulary import attribute_fault

ROOT = Path(__file__).parents[3]
#: What reaches an attribute or file by a name in text or gives a class, and is in no list of forms: what holds it.
HELD_OTHERWISE = {
    "builtins.getattr": "builtin.narrow: called directly, with a name that is written out and ordinary",
    "builtins.hasattr": "builtin.narrow, likewise",
    "builtins.type": "builtin.narrow: called with one argument; reach.class: what it gives is looked at only",
    "builtins.str.format": "format.template, format.field, format.spec, wherever an attribute is called `format`",
    "enum.StrEnum.format": "likewise",
    "collections.namedtuple": "takes no special names; pattern.position judges those that patterns would read",
    "typing.NamedTuple": "likewise",
    "typing.TypedDict": "its keys are no attributes; reach.dataclass keeps `dataclass` from them",
    "zoneinfo.ZoneInfo": "class.text: a name that is looked at is the name that is used",
    "zoneinfo.ZoneInfo.no_cache": "likewise",
    "zoneinfo.ZoneInfo().no_cache": "likewise",
    "pytz.timezone": "likewise",
    "csv.Sniffer().sniff": "gives a class with the fixed attributes of a dialect",
}
#: What a probe by arguments alone cannot find, since it takes an attribute of something else first.
FOUND_BY_READING = {
    "functools.cached_property": "its `attrname` can be stored, and is written",
    "functools.total_ordering": "writes methods into any object that it is given, by names of its own",
}


def _all_names() -> list[str]:
    listed = [f"{module}.{name}" for module, names in packaged().modules.items() for name in names]
    return listed + [f"builtins.{name}" for name in ALLOWED]


@cache
def _probed(*names: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.support.probing"]
    done = subprocess.run(
        command, input=" ".join(names), cwd=ROOT, capture_output=True, text=True, timeout=CLIENT_S, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_what_reaches_by_a_name_in_text_is_listed_with_what_holds_it() -> None:
    """Whatever reads, writes or makes an attribute, or opens a file, that text names, or gives a class, is known."""
    reached = _probed(*_all_names())["reached"].keys()
    assert reached - FORMS.keys() == HELD_OTHERWISE.keys()


def test_each_form_is_needed() -> None:
    """A callable has a form because it was found to reach further; none stays in the list for no reason."""
    probed = _probed(*_all_names())
    holding = {path.partition("(")[0] for path in probed["held"]}
    missing = packaged().modules
    there = {name for name in FORMS if name.rpartition(".")[2] in missing[name.rpartition(".")[0]]}
    assert there <= probed["reached"].keys() | holding | FOUND_BY_READING.keys()


def test_what_holds_the_interpreter_is_behind_attributes_that_are_refused() -> None:
    """No module, frame, code, stream, handler, formatter or field is shown by attributes that a function may reach."""
    open_paths = [path for path in _probed(*_all_names())["held"] if not _is_closed(path)]
    assert open_paths == ["dataclasses.field(): field", "dataclasses.fields().0: field"]
    assert {"dataclasses.field", "dataclasses.fields"} <= FORMS.keys()


def _is_closed(path: str) -> bool:
    steps = path.partition(":")[0].replace("()", "").split(".")
    return any(attribute_fault(step) or step in CLOSED for step in steps[2:])


def test_the_probe_finds_what_it_is_there_for() -> None:
    """Callables that are known to reach by text, to make classes or to hold frames, and are not allowed, are found."""
    ways = [
        *("operator.attrgetter", "operator.methodcaller", "builtins.setattr", "builtins.delattr", "argparse.Namespace"),
        *("dataclasses.make_dataclass", "functools.update_wrapper", "types.new_class", "logging.makeLogRecord"),
    ]
    holders = ["sys._getframe", "logging.StreamHandler", "inspect.getmodule"]
    found = _probed(*ways, *holders)
    assert found["reached"].keys() >= set(ways)
    assert {path.partition("(")[0] for path in found["held"]} >= set(holders)


@pytest.mark.parametrize("module", sorted(packaged().modules))
def test_classes_of_the_library_offer_ordinary_attributes_to_patterns(module: str) -> None:
    """A pattern by position may name any class of the library, so none names what may not be reached."""
    library = importlib.import_module(module)
    for name in packaged().modules[module]:
        for offered in getattr(getattr(library, name), "__match_args__", ()):
            assert attribute_fault(offered, in_code=False) == ""
