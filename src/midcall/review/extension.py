"""What an operator adds to the allow-list: more modules and names, never fewer, and none that nobody could allow.

A name is refused at the start of a process, not at the first review that meets it. What a package of the operator's
holds is not known here, for the packages are in the sandbox image alone: `midcall doctor` looks at each name there.
"""

import importlib
import keyword
import sys
import types
from collections.abc import Iterator

from midcall.review.allowlist import AllowList, BadAllowList, allow_list, parse
from midcall.review.vocabulary import RUNNER, attribute_fault, words

#: Modules of the standard library that may be opened further: they only compute, whatever name is taken from them.
#: All others are closed: what is harmless in them is listed already.
OPEN_LIBRARY = words(
    "array base64 binascii bisect calendar cmath collections.abc colorsys csv datetime decimal difflib fractions "
    "graphlib hashlib heapq hmac html html.entities html.parser ipaddress itertools json keyword math numbers quopri "
    "random secrets statistics stringprep struct textwrap time unicodedata urllib.parse zlib"
)
#: Packages that exist to do what the review refuses: native calls, code from data, processes, other packages' modules.
_REACHING_PACKAGES = words(
    "asyncssh celery cffi cloudpickle dill eventlet execnet fabric gevent greenlet invoke joblib jsonpickle numba "
    "paramiko pexpect pip pkg_resources plumbum psutil ptyprocess pycparser pyximport setuptools sh six.moves "
    "watchdog wheel"
)
#: Modules of these names, wherever they lie, are the standard library's own or stand in for it (`gevent.os`).
_REACHING_MODULES = words(
    "builtins codeop ctypes importlib marshal mmap multiprocessing os pathlib pickle posix posixpath pty runpy shutil "
    "socket ssl subprocess sys tempfile threading zipimport"
)
#: Functions that run text or programs, open files, or reach attributes by a name given as text, whoever offers them;
#: and those that the packaged list narrows, which a package would offer without that.
_REACHING_NAMES = words(
    "ABCMeta CDLL CodeType FunctionType ModuleType Popen SimpleNamespace attrgetter basicConfig breakpoint check_call "
    "check_output create_model dataclass delattr eval exec exec_module execfile execv execve fork get_type_hints "
    "getattr globals import_module locals make_class make_dataclass methodcaller new_class open popen reload run_path "
    "setattr singledispatch spawnv system update_wrapper vars wraps"
)
#: Values of these types hold nothing but themselves.
_PLAIN = (bool, bytes, complex, float, frozenset, int, str, tuple, types.NoneType)
#: More faults than these are not told at once.
_MOST_TOLD = 8


def extended(base: AllowList, text: str) -> AllowList:
    """Return `base` and what the TOML text adds to it; raises BadAllowList that names each faulty entry and the cure.

    Modules, names and hints are added, a hint of one's own stands before the packaged one. `keywords` and `decorators`
    narrow names that the text itself adds: nothing that `base` says becomes wider or narrower.
    """
    more = parse(text)
    faults = [*_faults(base, more)]
    if faults:
        shown = "; ".join(faults[:_MOST_TOLD])
        left = len(faults) - _MOST_TOLD
        raise BadAllowList(f"{shown}; and {left} more" if left > 0 else shown)
    return allow_list(
        {name: base.names_of(name) | more.names_of(name) for name in [*base.modules, *more.modules]},
        {**base.keywords, **more.keywords},
        base.decorators | more.decorators,
        {**base.hints, **more.hints},
    )


def _faults(base: AllowList, more: AllowList) -> Iterator[str]:
    for module, names in more.modules.items():
        added = sorted(names - base.names_of(module))
        if not names:
            yield f"[modules] {module}: it lists no name; name what may be used from it, or take the line out"
        elif added and (fault := module_fault(module)):
            yield f"[modules] {module}: {fault}"
        else:
            yield from (
                f"[modules] {module}: `{name}` {fault}" for name in added if (fault := name_fault(module, name))
            )
    narrowed = [("[keywords]", name) for name in more.keywords] + [("[decorators]", name) for name in more.decorators]
    for place, name in narrowed:
        if base.has(name) or not more.has(name):
            yield f"{place} {name}: only names that this file itself lists under [modules] can be narrowed here"


def module_fault(module: str) -> str:
    """Say why an operator may not open a module; an empty string if nothing speaks against it."""
    return next(_module_faults(module), "")


def _module_faults(module: str) -> Iterator[str]:
    parts = module.split(".")
    if not all(map(_is_name, parts)):
        yield "this is no name of a module; write it as after `import`"
    if parts[0] in RUNNER:
        yield "a module of this name belongs to the runner inside the sandbox; take it out"
    if parts[0] in sys.stdlib_module_names and module not in OPEN_LIBRARY:
        yield (
            "this module of the standard library cannot be opened further: it leads to files, processes, the "
            "interpreter or other modules; take it out (docs/packages.md lists those that can be)"
        )
    if any(part.startswith("_") for part in parts):
        yield "a module whose name starts with an underscore is private to its package; list a public one"
    if not _REACHING_PACKAGES.isdisjoint((parts[0], ".".join(parts[:2]))):
        yield "this package exists to do what the review refuses, so no name of it is safe; take it out"
    for part in parts:
        if part in _REACHING_MODULES:
            yield f"`{part}` leads to the operating system or the interpreter, whoever offers it; take it out"


def name_fault(module: str, name: str) -> str:
    """Say why an operator may not list a name of a module; an empty string if nothing speaks against it."""
    return next(_name_faults(module, name), "")


def _name_faults(module: str, name: str) -> Iterator[str]:
    if not _is_name(name):
        yield "is no name; write each function, class or constant by itself, without dots or `*`"
    if name.startswith("_"):
        yield "is private to its module; list a public name"
    if name in _REACHING_NAMES:
        yield "runs code or programs, opens files, or reaches what it is told to by text; take it out"
    if hidden := attribute_fault(name):
        yield f"may not be reached anywhere: {hidden}; take it out"
    if module in OPEN_LIBRARY:
        yield from _library_faults(importlib.import_module(module), name)
    elif name in sys.stdlib_module_names:
        yield (
            "is called as a module of the standard library, which packages show along with their own names, and a "
            "module is never a value; take it out"
        )


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _library_faults(library: types.ModuleType, name: str) -> Iterator[str]:
    """Look at the thing itself: the standard library here is the sandbox's own minor version."""
    if not hasattr(library, name):
        yield f"is not in `{library.__name__}`; take it out"
        return
    value = getattr(library, name)
    own = name in library.__all__ if hasattr(library, "__all__") else _is_from(library, value)
    if not own:
        yield f"is not `{library.__name__}`'s own; list it under the module that it comes from, if that can be opened"
    if shown := modules_shown(value):
        yield f"leads to the module `{shown[0]}`; take it out"


def _is_from(library: types.ModuleType, value: object) -> bool:
    return isinstance(value, _PLAIN) or getattr(value, "__module__", None) == library.__name__


def modules_shown(value: object) -> list[str]:
    """Return the names of the modules that a value is, or shows through a public attribute."""
    public = [getattr(value, name, None) for name in dir(value) if not name.startswith("_")]
    return [found.__name__ for found in (value, *public) if isinstance(found, types.ModuleType)]
