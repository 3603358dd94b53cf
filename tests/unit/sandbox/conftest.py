"""The runner's modules, as they stand in the image: flat, beside a module called `frames`."""

import importlib
import sys
from types import ModuleType

import pytest

from midcall.sandbox import frames
from midcall.sandbox.image import sandbox_files


def runner_module(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import one of the runner's modules for the length of a test."""
    monkeypatch.syspath_prepend(str(sandbox_files()))
    monkeypatch.setitem(sys.modules, "frames", frames)
    for module in ("values", "faults", "answer", "actions", "child", "supervisor"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    return importlib.import_module(name)


@pytest.fixture
def values(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Turn results into JSON."""
    return runner_module("values", monkeypatch)


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Run a handler."""
    return runner_module("child", monkeypatch)
