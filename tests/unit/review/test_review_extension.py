"""What an operator may add to the allow-list, and what is refused at the start."""

import re
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from midcall.domain.review import Severity, Subject
from midcall.review import policy_version, review
from midcall.review.allowlist import MINORS, BadAllowList, dumps, loads, packaged, packaged_for, parse
from midcall.review.extension import OPEN_LIBRARY, extended, module_fault, modules_shown, name_fault

DOCUMENT = Path(__file__).parents[3] / "docs" / "packages.md"
PACKAGE = '[modules]\nstdnum = ["parse", "PhoneNumberFormat"]\n'


def refused(text: str) -> str:
    """Return the words with which an addition is refused."""
    with pytest.raises(BadAllowList) as caught:
        extended(packaged(), text)
    return str(caught.value)


def test_additions_open_what_they_name_and_nothing_else() -> None:
    """A package's listed names pass, its others do not, and the packaged list stays as it was."""
    source = "import stdnum\n\ndef handler(session):\n    return str(stdnum.{}('+1'))\n"
    allowed = extended(packaged(), PACKAGE)
    assert review(Subject(source.format("parse")), allowed=allowed) == ()
    assert [found.rule for found in review(Subject(source.format("os")), allowed=allowed)] == ["import.member"]
    assert [found.rule for found in review(Subject(source.format("parse")))] == ["import.module"]
    assert all(packaged().names_of(name) <= allowed.names_of(name) for name in packaged().modules)


def test_names_are_added_to_a_module_that_is_listed_already() -> None:
    """What was listed of it stays."""
    allowed = extended(packaged(), '[modules]\ncmath = ["sin"]\n')
    assert allowed.names_of("cmath") == packaged().names_of("cmath") | {"sin"}


def test_a_submodule_is_reached_through_its_package() -> None:
    """Listing `a.b` lets `import a.b` through, and `a` alone is no value."""
    allowed = extended(packaged(), '[modules]\n"babel.dates" = ["isoparse"]\n')
    source = "import babel.dates\n\ndef handler(session):\n    return {}\n"
    assert review(Subject(source.format("str(babel.dates.isoparse('2024'))")), allowed=allowed) == ()
    assert any(
        comment.severity is Severity.ERROR for comment in review(Subject(source.format("babel")), allowed=allowed)
    )


def test_names_of_ones_own_can_be_narrowed_and_hints_given() -> None:
    """`keywords`, `decorators` and `hints` work for a package as they do for the standard library."""
    text = (
        '[modules]\nshop = ["total", "model"]\n[keywords]\n"shop.total" = ["items"]\n'
        '[decorators]\nnames = ["shop.model"]\n[hints]\nrequests = "Ask the platform team."\n'
    )
    allowed = extended(packaged(), text)
    call = "import shop\n\ndef handler(session):\n    return shop.total({})\n"
    assert review(Subject(call.format("items=[]")), allowed=allowed) == ()
    assert [found.rule for found in review(Subject(call.format("path='x'")), allowed=allowed)] == ["import.arguments"]
    renamed = Subject("import shop\n\nmake = shop.model\n\ndef handler(session):\n    return make\n")
    assert "import.decorator" in {found.rule for found in review(renamed, allowed=allowed)}
    hinted = Subject("import requests\n\ndef handler(session):\n    return requests.get('x')\n")
    assert "Ask the platform team." in {found.suggestion for found in review(hinted, allowed=allowed)}


@pytest.mark.parametrize(
    "module",
    [
        *("os", "os.path", "sys", "subprocess", "builtins", "importlib", "importlib.util", "ctypes", "socket", "io"),
        *(
            "pathlib",
            "pickle",
            "inspect",
            "xml.sax.saxutils",
            "types",
            "functools",
            "asyncio",
            "logging",
            "_thread",
            "posix",
            "code",
        ),
        *("stdnum.os", "gevent", "gevent.os", "six.moves", "six.moves.urllib", "cffi", "dill", "a.subprocess.b"),
        *("babel._common", "_private", "frames", "supervisor", "__main__"),
        *("two words", "a..b", ".a", "a.", "", "class", "a.import", "json.tool", "1a", "a-b"),
    ],
)
def test_a_module_that_nobody_could_allow_is_named(module: str) -> None:
    """Whatever leads to the system, the interpreter or the runner stops the start; the entry is in the words."""
    assert f"[modules] {module}: " in refused(f'[modules]\n"{module}" = ["harmless"]\n')


@pytest.mark.parametrize(
    "name",
    [
        *("os", "sys", "subprocess", "builtins", "importlib", "ctypes", "re", "json", "datetime", "typing"),
        *("open", "eval", "exec", "getattr", "import_module", "Popen", "system", "attrgetter", "FunctionType"),
        *("_sys", "__builtins__", "__import__", "f_globals", "gi_frame", "get_loop", "load_module", "mro"),
        *("*", "a.b", "", "two words", "class", "dataclass", "basicConfig"),
        *("wraps", "update_wrapper", "SimpleNamespace", "ABCMeta", "create_model", "make_class", "new_class"),
    ],
)
def test_a_name_that_nobody_could_allow_is_named(name: str) -> None:
    """A package's own modules, doors and private parts stop the start; module and name are in the words."""
    assert f"[modules] stdnum: `{name}` " in refused(f'[modules]\nstdnum = ["parse", "{name}"]\n')


@pytest.mark.parametrize(
    ("module", "name", "words"),
    [
        ("calendar", "datetime", "not `calendar`'s own"),
        ("calendar", "repeat", "not `calendar`'s own"),
        ("csv", "StringIO", "not `csv`'s own"),
        ("cmath", "sinus", "is not in `cmath`"),
        ("urllib.parse", "re", "not `urllib.parse`'s own"),
        ("ipaddress", "functools", "not `ipaddress`'s own"),
    ],
)
def test_a_library_name_is_looked_at(module: str, name: str, words: str) -> None:
    """Of the standard library the thing itself is known: it has to be there, be the module's own, and show none."""
    said = refused(f'[modules]\n"{module}" = ["{name}"]\n')
    assert words in said


def test_what_the_packaged_list_has_may_be_repeated() -> None:
    """An entry that changes nothing is no fault, and no other policy."""
    same = extended(packaged(), '[modules]\nre = ["sub"]\nio = ["StringIO"]\n')
    assert policy_version(same) == policy_version(packaged())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[modules\n", "not TOML"),
        ('[module]\nstdnum = ["parse"]\n', "[module]: no such table"),
        ("modules = 1\n", "modules: it has to be a table"),
        ('[modules]\nstdnum = "parse"\n', "[modules] stdnum: write a list"),
        ("[modules]\nstdnum = [1]\n", "[modules] stdnum: write a list"),
        ("[modules]\nstdnum = []\n", "[modules] stdnum: it lists no name"),
        ('[modules]\nbabel.dates = ["parse"]\n', '"babel.dates" = [...]'),
        ("[hints]\nrequests = 1\n", "[hints] requests: write one text"),
        ('[keywords]\n"logging.basicConfig" = ["filename"]\n', "[keywords] logging.basicConfig: only names"),
        ('[keywords]\n"shop.total" = ["items"]\n', "[keywords] shop.total: only names"),
        ('[decorators]\nnames = ["json.loads"]\n', "[decorators] json.loads: only names"),
        ("[decorators]\nother = []\n", "[decorators]: it has one entry"),
        ('[modules]\nshop = ["a"]\nshop = ["b"]\n', "not TOML"),
    ],
)
def test_a_file_of_another_shape_is_refused(text: str, words: str) -> None:
    """The words name the entry and what to write."""
    assert words in refused(text)


def test_all_faults_are_told_at_once_up_to_a_few() -> None:
    """Nobody starts eight times to learn of eight faults; nobody reads a thousand."""
    many = ", ".join(f'"_{number}"' for number in range(50))
    said = refused(f"[modules]\nshop = [{many}]\n")
    assert said.count("private") == 8
    assert "and 42 more" in said


def test_nothing_is_an_addition_that_changes_nothing() -> None:
    """An empty file is as good as none: same list, same policy."""
    assert policy_version(extended(packaged(), "# nothing yet\n")) == policy_version(packaged())


@pytest.mark.parametrize("text", [PACKAGE, '[modules]\ncmath = ["sin"]\n', '[modules]\n"a.b" = ["c"]\n'])
def test_an_addition_is_another_policy(text: str) -> None:
    """Approvals under another list are known by their policy's version."""
    assert policy_version(extended(packaged(), text)) != policy_version(packaged())


def test_the_policy_follows_what_is_allowed_and_nothing_else() -> None:
    """Order, remarks, layout and hints leave the version alone; a name more, a narrowing more change it."""
    one = '[modules]\nshop = ["a", "b"]\nstore = ["c"]\n'
    same = '# a remark\n[hints]\nx = "y"\n[modules]\nstore = [ "c" ]\nshop = ["b",\n "a", "a"]\n'
    narrower = one + '[keywords]\n"shop.a" = ["k"]\n'
    decorating = one + '[decorators]\nnames = ["shop.a"]\n'
    versions = [
        policy_version(extended(packaged(), text))
        for text in (one, same, narrower, decorating, '[modules]\nshop = ["a"]')
    ]
    assert versions[0] == versions[1]
    assert len(set(versions)) == 4


def test_a_list_crosses_to_another_process_whole() -> None:
    """What the parent allows, its children allow: names, narrowings and hints in any script."""
    text = PACKAGE + '[keywords]\n"stdnum.parse" = ["region"]\n[hints]\nrequests = "用 actions"\n'
    here = extended(packaged(), text)
    there = loads(dumps(here))
    assert policy_version(there) == policy_version(here)
    assert (there.modules, there.keywords, there.decorators) == (here.modules, here.keywords, here.decorators)
    assert (there.hints, there.packages) == (here.hints, here.packages)


def test_the_open_part_of_the_library_is_open_and_shows_no_module_by_itself() -> None:
    """Each name of an open module is either refused in words, or neither is nor shows a module."""
    for module in OPEN_LIBRARY:
        assert module_fault(module) == ""
        __import__(module)
        library = sys.modules[module]
        for name in vars(library):
            assert name_fault(module, name) or not modules_shown(getattr(library, name)), (module, name)


def test_the_packaged_file_has_the_form_it_asks_for() -> None:
    """Operators are told to copy its form, so it is read by the same rules."""
    assert parse("") is not None
    assert {"json", "re"} <= packaged().modules.keys()
    assert all(packaged().modules.values())


def test_the_documents_example_can_be_used_as_it_stands() -> None:
    """What operators copy from docs/packages.md is taken, and opens what it says."""
    (block,) = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    allowed = extended(packaged(), block)
    assert allowed.has("cmath.sin")
    assert allowed.has("html.entities.name2codepoint")


def test_the_document_lists_the_open_part_of_the_library() -> None:
    """docs/packages.md names each module that can be opened further, and no other."""
    listed = DOCUMENT.read_text(encoding="utf-8").partition("These can be opened\n  further:")[2].partition(";")[0]
    assert set(re.findall(r"`([a-z0-9.]+)`", listed)) == OPEN_LIBRARY


def test_names_of_a_later_minor_version_are_left_out_until_it_runs() -> None:
    """They are opened, and looked at, where they exist."""
    text = '[modules_since."3.12"]\nmath = ["sumprod"]\n[modules_since."3.13"]\nmath = ["fma"]\n"new.one" = ["x"]\n'
    assert parse(text, minor=11).modules == {}
    assert parse(text, minor=12).modules == {"math": {"sumprod"}}
    assert parse(text, minor=13).modules == {"math": {"sumprod", "fma"}, "new.one": {"x"}}
    assert extended(packaged(), '[modules_since."3.99"]\nos = ["system"]\n').terms() == packaged().terms()


@pytest.mark.parametrize(
    "text",
    [
        '[modules_since]\nmath = ["fma"]\n',
        "[modules_since.3]\nmath = ['fma']\n",
        '[modules_since."3.013"]\nmath = ["fma"]\n',
        '[modules_since."4.0"]\nmath = ["fma"]\n',
        '[modules_since."3.12"]\nmath = "fma"\n',
        "[modules_since.3.12]\nmath = ['fma']\n",
    ],
)
def test_a_minor_version_is_written_in_one_way(text: str) -> None:
    """A mistake is told where it could open less, or more, than was meant."""
    assert "modules_since" in refused(text)


@pytest.mark.parametrize("since", ["3.11", f"3.{sys.version_info.minor}"])
def test_names_of_a_minor_version_are_held_against_the_rules_as_others_are(since: str) -> None:
    """The table opens no way around them."""
    assert "os" in refused(f'[modules_since."{since}"]\nos = ["system"]\n')


def test_the_packaged_list_only_grows_with_the_minor_version() -> None:
    """And an older one reviews by what is there."""
    for older, newer in pairwise(map(packaged_for, MINORS)):
        assert all(names <= newer.names_of(module) for module, names in older.modules.items())
    assert "batched" not in packaged_for(11).names_of("itertools")
    assert "batched" in packaged_for(12).names_of("itertools")
