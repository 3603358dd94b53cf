"""Looks at the names of an allow-list inside a sandbox; read as text by `listed.py`, run by nothing else."""

import importlib
import types
from typing import Any


def handler(session: dict[str, Any]) -> list[str]:
    """Return what is wrong with each of `session["names"]`, in words."""
    faults = []
    for module, names in session["names"].items():
        try:
            found = importlib.import_module(module)
        except Exception as error:  # whatever a package raises when it is imported
            faults.append(f"{module} cannot be imported ({type(error).__name__}: {error})")
            continue
        faults += [
            f"{module}: `{name}` {fault}" for name in names if (fault := _fault(found, name, session["modules"]))
        ]
    return faults


def _fault(module: types.ModuleType, name: str, listed: list[str]) -> str:
    whole = f"{module.__name__}.{name}"
    if whole in listed:
        return ""  # a module that is on the list itself: what is used of it is looked at by itself
    try:
        value = getattr(module, name)
    except AttributeError:
        try:
            importlib.import_module(whole)
        except ImportError:
            return "is not there"
        return "is a module; list the names that may be used from it"
    if isinstance(value, types.ModuleType):
        return "is a module; list the names that may be used from it"
    shown = [part for part in dir(value) if not part.startswith("_") and _is_module(value, part)]
    return f"shows the module `{shown[0]}`; take it out" if shown else ""


def _is_module(value: object, name: str) -> bool:
    try:
        return isinstance(getattr(value, name), types.ModuleType)
    except Exception:  # an attribute that cannot be read here
        return False
