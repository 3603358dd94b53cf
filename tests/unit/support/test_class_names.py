"""A public class or type alias has a name of its own: read from the code, so that one name never means two things."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import midcall

ROOT = Path(midcall.__file__).parent
#: Steps of the past: they stay as they were released, and nothing imports them.
APART = ROOT / "storage/migrations/versions"


def named_types(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the public classes and type aliases of a module, each with its line; type variables are neither."""
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if not is_type_variable(value):
                yield name, node.lineno
            case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id="TypeAlias")):
                yield name, node.lineno


def is_type_variable(value: ast.expr) -> bool:
    """Tell whether a value is `TypeVar(…)` or `ParamSpec(…)`."""
    return isinstance(value, ast.Call) and ast.unparse(value.func) in {"TypeVar", "ParamSpec"}


def is_public_type(name: str) -> bool:
    """Tell a type from a constant, a logger and what is private: by how its name is written."""
    return name[0].isupper() and not name.isupper()


def test_no_public_name_of_a_type_stands_for_two_things() -> None:
    """Who reads `FrameKind` knows which one is meant without looking at the imports."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in sorted(ROOT.rglob("*.py")):
        if APART not in path.parents:
            for name, line in filter(lambda each: is_public_type(each[0]), named_types(ast.parse(path.read_text()))):
                places[name].append(f"src/midcall/{path.relative_to(ROOT)}:{line}")
    assert len(places) > 700
    faults = [f"{name}: {' and '.join(found)}" for name, found in places.items() if len(found) > 1]
    assert not faults, "\n".join(
        [
            "each of these names stands for several types; name each for the thing that it is (FrameKind, not Kind), ",
            "or import the one where they are the same. A class that gives an API schema its name keeps it:",
            *faults,
        ]
    )
