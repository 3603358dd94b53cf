"""Which attributes and special methods are ordinary, and which reach behind the language.

One function, `attribute_fault`, judges every attribute name, however it is reached: `a.b`, `getattr(a, "b")`, a class
pattern, a format field.
"""

import builtins
import re
import sys
import types


def words(text: str) -> frozenset[str]:
    """Return the words of a text, which is how the lists of names here are written."""
    return frozenset(text.split())


#: Special methods that a class may define: all that only give its own values an operator or a protocol.
SPECIAL_METHODS = frozenset(
    f"__{name}__"
    for name in words(
        "init new post_init repr str bytes format hash bool call len length_hint getitem setitem delitem "
        "missing iter next reversed contains enter exit aenter aexit aiter anext await eq ne lt le gt ge neg "
        "pos abs invert int float complex index round trunc floor ceil copy deepcopy fspath "
        "sizeof add sub mul matmul truediv floordiv mod divmod pow lshift rshift and xor or radd rsub rmul "
        "rmatmul rtruediv rfloordiv rmod rdivmod rpow rlshift rrshift rand rxor ror iadd isub imul imatmul "
        "itruediv ifloordiv imod ipow ilshift irshift iand ixor ior"
    )
)
#: Special names that a class body may set besides.
CLASS_NAMES = SPECIAL_METHODS | {"__slots__", "__match_args__", "__doc__"}
#: Names that `enum` documents for classes to define.
ENUM_HOOKS = frozenset({"_missing_", "_generate_next_value_", "_ignore_", "_order_"})
#: Special names that a module may set.
MODULE_NAMES = frozenset({"__all__", "__version__", "__author__", "__doc__"})
#: Special names that mean something to Python: in modules, built in, of classes, functions and frames.
PYTHONS = (
    frozenset(name for thing in (builtins, sys, type, abs, types.FunctionType, types.ModuleType) for name in dir(thing))
    | CLASS_NAMES
    | MODULE_NAMES
    | words(
        "__builtins__ __file__ __path__ __package__ __cached__ __loader__ __spec__ __class__ __classcell__ __dict__ "
        "__main__ __future__ __import__ __wrapped__ __mp_main__ __all__ __getattr__ __annotate__ __type_params__"
    )
)
#: Special attributes that give plain text and may be read of anything.
READABLE = frozenset({"__name__", "__qualname__", "__doc__", "__members__"})
#: Private by name, documented for use all the same: `namedtuple`.
PUBLIC_UNDERSCORE = frozenset({"_asdict", "_replace", "_fields", "_make", "_field_defaults"})
#: Names with one underscore that stand for modules, frames and evaluators wherever they stand: never an author's own.
MACHINERY = words(
    "_sys _os _io _threading _subprocess _builtins _globals _frame _getframe _evaluate _eval_type _vformat "
    "_make_subprocess_transport _make_socket_transport _make_datagram_transport _make_read_pipe_transport "
    "_make_write_pipe_transport _csock _ssock _selector _default_executor"
)
_WORDS = words(
    "_module _modules _thread _code _func _wrapped _context _open _import _load _exec _run _compile _formatter "
    "_handlers _stream _writer _reader"
)
#: Names with one underscore that lead to machinery in some objects -> the modules whose objects have them. Where none
#: of those is imported they are an author's own like any other; so are those of no module of the library.
#: `tests/unit/review/test_review_private.py` looks at what the library's objects have.
HELD: dict[str, frozenset[str]] = {
    **dict.fromkeys(_WORDS, frozenset[str]()),
    **dict.fromkeys(words("_loop _get_loop _coro _parent_cancel_requested _timeout_handler"), frozenset({"asyncio"})),
}
#: All of them: refused where no object is plainly an author's, as in patterns by position.
LIBRARY_PRIVATE = MACHINERY | HELD.keys()

_FRAMES = words(
    "tb_frame tb_next tb_lasti tb_lineno f_back f_builtins f_code f_generator f_globals f_lasti f_lineno "
    "f_locals f_trace f_trace_lines f_trace_opcodes co_code co_consts co_names co_varnames co_freevars "
    "co_cellvars co_filename co_firstlineno co_flags co_lnotab co_linetable co_exceptiontable co_name "
    "co_qualname co_positions co_lines co_branches co_argcount co_posonlyargcount co_kwonlyargcount co_nlocals "
    "co_stacksize gi_frame gi_code gi_yieldfrom gi_running gi_suspended gi_state cr_await cr_frame cr_code cr_origin "
    "cr_running cr_suspended cr_state ag_await ag_frame ag_code ag_running ag_suspended ag_state get_stack "
    "print_stack get_coro walk_tb extract_stack "
    "func_globals func_code func_closure func_defaults im_func im_self im_class"
)
_LOOPS = words(
    "get_loop get_context subprocess_exec subprocess_shell run_in_executor create_connection "
    "create_server create_unix_connection create_unix_server create_datagram_endpoint connect_read_pipe "
    "connect_write_pipe connect_accepted_socket start_tls sock_connect sock_accept sock_recv sock_sendall "
    "add_reader add_writer add_signal_handler call_soon_threadsafe set_default_executor "
    "set_exception_handler"
)
_IMPORTERS = frozenset(
    {"load_module", "exec_module", "find_spec", "find_module", "get_code", "get_source", "run_module"}
)
#: From Python 3.14 on `typing.Annotated["text", 0].evaluate()` runs the text, and types keep code for later. Before,
#: these are names of an author's own: rules and expressions are often written so.
EVALUATORS = (
    words("evaluate evaluate_bound evaluate_constraints evaluate_default evaluate_value")
    if sys.version_info >= (3, 14)
    else frozenset[str]()
)
_FORMATTERS = frozenset({"format", "format_map", "vformat", "get_field", "convert_field", "format_field"})


_REASONS = (
    (_FRAMES, "it leads to the interpreter's own frames and code, and from there to everything"),
    (_LOOPS, "it leads to the event loop, which can start programs and connections"),
    (_IMPORTERS, "it can load other code"),
    (EVALUATORS, "on a type it runs text as code"),
    ({"stream", "setStream"}, "on a log handler it is the process's own output"),
    ({"mro"}, "it leads to the classes that everything is made of"),
    ({"obj"}, "on an exception it holds the object that failed, whatever that is"),
)


#: The modules of the runner in the sandbox, and the name that the author's own code has there.
RUNNER = words(
    "actions answer broker channels child confinement faults frames function preparation runner supervisor "
    "syscall_filter template values waking midcall sandbox "
    "__main__ __mp_main__"
)


def is_special(name: str) -> bool:
    """Say whether a name has two underscores on both sides."""
    return name.startswith("__") and name.endswith("__") and len(name) > 4  # noqa: PLR2004 (the underscores)


def is_guard(name: str) -> bool:
    """Say whether a name has the form that machinery uses for itself (`_getiter_`, `_write_`)."""
    return re.fullmatch(r"_[^_].*[^_]_|_[^_]_", name) is not None


def attribute_fault(name: str, *, in_code: bool = True) -> str:
    """Say why an attribute may not be reached; an empty string if it may.

    `in_code` is False where the name stands in data (a format field, `getattr`, a class pattern): there `format` itself
    is refused too, because the template would escape its own check.
    """
    for names, reason in _REASONS:
        if name in names:
            return reason
    if name in PUBLIC_UNDERSCORE or name in READABLE:
        return ""
    if is_special(name):
        return "names with two underscores on both sides belong to Python itself and lead behind the language"
    if name.startswith("_"):
        return "a name that starts with an underscore is private to its owner"
    if name in _FORMATTERS and not in_code:
        return "a format string can reach any attribute"
    return ""
