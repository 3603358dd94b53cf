"""Packages of the sandbox image: requirements read strictly, wheels compared by hash, unpacked within bounds."""

import hashlib
import io
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from tests.unit.sandbox.conftest import runner_module

from midcall.review.allowlist import packaged
from midcall.sandbox.errors import ImageMissing
from midcall.sandbox.image import wanted_packages
from midcall.sandbox.packages import LOCK, Requirements, download_command, fetch, fetched, read, wheels

A, B = "a" * 64, "b" * 64


def lock(folder: Path, text: str) -> Path:
    """Write a requirements file."""
    file = folder / "mine.txt"
    file.write_text(text)
    return file


def wheel(files: dict[str, bytes]) -> bytes:
    """Make an archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def package(name: str, version: str, *needs: str) -> bytes:
    """Make a wheel that says what it needs."""
    said = "".join(f"Requires-Dist: {need}\n" for need in needs)
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{said}"
    return wheel({f"{name}/__init__.py": b"", f"{name}-{version}.dist-info/METADATA": metadata.encode()})


def test_what_locks_look_like_is_read(tmp_path: Path) -> None:
    """Continued lines, remarks, extras, markers and any spelling of names, as pip-compile and uv write them."""
    file = lock(
        tmp_path,
        f"# made by a tool\nPhone_Numbers==9.0.1 \\\n    --hash=sha256:{B} \\\n    --hash=sha256:{A}\n"
        f"    # via -r x.in\n\nfoo[bar]==1!2.0+local ; python_version < '3.12' --hash=sha256:{A}  # a remark\n",
    )
    assert read(file).text() == (
        f"foo==1!2.0+local ; python_version < '3.12' --hash=sha256:{A}\n"
        f"phone-numbers==9.0.1 --hash=sha256:{A} --hash=sha256:{B}\n"
    )


def test_remarks_and_order_make_no_other_image(tmp_path: Path) -> None:
    """The image's tag is made from this text: it is the same for the same packages."""
    one = read(lock(tmp_path, f"# one\na==1 --hash=sha256:{A}\nb==2 --hash=sha256:{B}\n")).text()
    other = read(lock(tmp_path, f"b==2 --hash=sha256:{B}\n\n\na==1 \\\n  --hash=sha256:{A} # two\n")).text()
    assert one == other
    assert one != read(lock(tmp_path, f"a==1 --hash=sha256:{A}\nb==3 --hash=sha256:{B}\n")).text()


@pytest.mark.parametrize(
    "line",
    [
        "phonenumbers",
        "phonenumbers==9.0.1",
        "phonenumbers>=9 --hash=sha256:" + A,
        "phonenumbers==9.* --hash=sha256:" + A,
        "phonenumbers==9 --hash=md5:" + A[:32],
        "phonenumbers==9 --hash=sha256:" + A[:63],
        "phonenumbers @ https://user:secret@host/x.whl --hash=sha256:" + A,
        "--index-url=https://user:secret@host/simple",
        "--extra-index-url https://user:secret@host/simple",
        "-r other.txt",
        "-e .",
        "./x.whl --hash=sha256:" + A,
        "https://user:secret@host/x.whl",
        "phonenumbers==9 ; python_version>'3' # --hash=sha256:" + A,
        "a==1 --hash=sha256:" + A + " --index-url=x",
    ],
)
def test_anything_but_a_pinned_package_is_refused(tmp_path: Path, line: str) -> None:
    """No range, no address, no option: the words name file, line and cure, and repeat nothing secret."""
    file = lock(tmp_path, f"# mine\n\n{line}\n")
    with pytest.raises(ImageMissing) as caught:
        read(file)
    assert str(caught.value).startswith(f"{file}, line 3: ")
    assert "write name==version" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_package_stands_once(tmp_path: Path) -> None:
    """Two versions of one package are a mistake, however they are spelt."""
    with pytest.raises(ImageMissing, match="line 2: a-b stands there twice"):
        read(lock(tmp_path, f"a_b==1 --hash=sha256:{A}\nA.B==2 --hash=sha256:{B}\n"))


@pytest.mark.parametrize(("content", "words"), [(None, "cannot be read"), (b"\xff", "not UTF-8"), (b"#" * 2**21, "KB")])
def test_a_file_that_cannot_be_used_says_so(tmp_path: Path, content: bytes | None, words: str) -> None:
    """Missing, no text, or far too long."""
    file = tmp_path / "x.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ImageMissing, match=words):
        read(file)


def test_what_is_added_comes_on_top_of_the_projects_own(tmp_path: Path) -> None:
    """Every package of the review's own list is wanted, in whatever version the operator's file names."""
    own = {one.name: one.version for one in wanted_packages().wanted}
    tops = {name.partition(".")[0] for name in packaged().modules} - sys.stdlib_module_names
    assert tops == {"dateutil", "phonenumbers", "pytz"}
    assert {"python-dateutil", "phonenumbers", "pytz"} <= own.keys()
    file = lock(tmp_path, f"pytz==1 --hash=sha256:{A}\nmy-shop==2 --hash=sha256:{B}\n")
    assert {one.name: one.version for one in wanted_packages(file).wanted} == {**own, "pytz": "1", "my-shop": "2"}


def test_a_folder_that_was_fetched_without_them_is_to_be_fetched_again(tmp_path: Path) -> None:
    """Of an earlier release, or made by hand: no image comes about that lacks what functions may import."""
    fetch(Requirements(()), tmp_path / "packages")
    cure = r"no wheel of .*phonenumbers.*; fetch the packages again"
    with pytest.raises(ImageMissing, match=cure), fetched(wanted_packages(tmp_path / "packages")):
        pass


def test_pip_takes_wheels_of_known_hashes_for_the_images_python_alone(tmp_path: Path) -> None:
    """No source is built, nothing unnamed comes along, and the newest C library asked for is the image's."""
    words = download_command(tmp_path / LOCK, tmp_path)
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    abi = f"cp{minor.replace('.', '')}"
    assert {"--no-deps", "--require-hashes", "--only-binary", ":all:", minor, abi} <= set(words)
    platforms = [words[place + 1] for place, word in enumerate(words) if word == "--platform"]
    assert platforms[0].startswith("manylinux_2_36_")
    assert not any("index" in word or "://" in word for word in words)


def test_an_empty_fetch_needs_no_pip_and_a_full_folder_is_left_alone(tmp_path: Path) -> None:
    """A folder of no packages is one too; what somebody keeps in a folder is not mixed with packages."""
    own = Requirements(())
    fetch(own, tmp_path / "new")
    assert read(tmp_path / "new").wanted == ()
    with pytest.raises(ImageMissing, match="not empty"):
        fetch(own, tmp_path / "new")


def test_a_folder_of_wheels_is_compared_with_its_hashes(tmp_path: Path) -> None:
    """Each wheel must be one that the requirements name: nothing changed, added or missing goes into an image."""
    good = package("my-shop", "1")
    hashed = hashlib.sha256(good).hexdigest()
    (tmp_path / LOCK).write_text(
        f"my-shop==1 --hash=sha256:{hashed}\nelse==1 ; platform_system == 'X' --hash=sha256:{A}\n"
    )
    wanted = read(tmp_path)
    with pytest.raises(ImageMissing, match="no wheel of my-shop"):
        wheels(wanted, tmp_path)
    path = tmp_path / "My_Shop-1-py3-none-any.whl"
    path.write_bytes(good)
    with fetched(wanted) as found:
        assert found == [(path.name, good)]
    (tmp_path / "other-1-py3-none-any.whl").write_bytes(good)
    with pytest.raises(ImageMissing, match=r"other-1.*not what the requirements name"):
        wheels(wanted, tmp_path)
    (tmp_path / "other-1-py3-none-any.whl").unlink()
    path.write_bytes(good + b" ")
    with pytest.raises(ImageMissing, match=r"My_Shop-1.*not what the requirements name"):
        wheels(wanted, tmp_path)


@pytest.mark.parametrize(
    ("needs", "reason"),
    [
        (("b>=2",), None),
        (("B [extra] (>=2,<3)", "c ; python_version < '3'", "c ; extra == 'more'", "no requirement at all"), None),
        (("b>=2", "c>1"), r"a needs c>1, which is not named"),
        (("b>3",), r"a needs b>3, and 2\.1b1 is named"),
    ],
    ids=["all there", "only elsewhere or for more", "missing", "too old"],
)
def test_what_a_package_needs_is_named_too(tmp_path: Path, needs: tuple[str, ...], reason: str | None) -> None:
    """Nothing is fetched but what is named; so a file that leaves something out is refused, not found out at a run."""
    made = {"a-1": package("a", "1", *needs), "b-2.1b1": package("b", "2.1b1")}
    for name, data in made.items():
        (tmp_path / f"{name}-py3-none-any.whl").write_bytes(data)
    hashed = {name.split("-")[0]: hashlib.sha256(data).hexdigest() for name, data in made.items()}
    (tmp_path / LOCK).write_text(f"a==1 --hash=sha256:{hashed['a']}\nb==2.1b1 --hash=sha256:{hashed['b']}\n")
    if reason is None:
        assert len(wheels(read(tmp_path), tmp_path)) == 2
    else:
        with pytest.raises(ImageMissing, match=reason):
            wheels(read(tmp_path), tmp_path)


def test_a_file_that_is_no_wheel_is_told(tmp_path: Path) -> None:
    """It has the hash that was asked for, and is no archive, or one without metadata."""
    for data in (b"text", wheel({"a/__init__.py": b""})):
        (tmp_path / "a-1-py3-none-any.whl").write_bytes(data)
        (tmp_path / LOCK).write_text(f"a==1 --hash=sha256:{hashlib.sha256(data).hexdigest()}\n")
        with pytest.raises(ImageMissing, match=r"a-1.*is no wheel"):
            wheels(read(tmp_path), tmp_path)


@pytest.fixture
def assemble(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load what assembles the image."""
    return runner_module("assemble", monkeypatch)


def test_wheels_are_unpacked_without_what_is_not_imported(assemble: ModuleType, tmp_path: Path) -> None:
    """Modules and their data go in, plain and not executable; scripts, headers and start-up hooks stay out."""
    (tmp_path / "shop-1-py3-none-any.whl").write_bytes(
        wheel(
            {
                "shop/__init__.py": b"x = 1",
                "shop/data.json": b"{}",
                "shop-1.data/purelib/extra.py": b"y = 2",
                "shop-1.data/scripts/shop": b"#!/bin/sh",
                "shop-1.data/data/etc/shop.conf": b"",
                "evil.pth": b"import os",
            }
        )
    )
    assemble.install_packages(tmp_path, tmp_path / "out")
    found = {str(path.relative_to(tmp_path / "out")): path for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert found.keys() == {"shop/__init__.py", "shop/data.json", "extra.py"}
    assert not any(path.stat().st_mode & 0o111 for path in found.values())


@pytest.mark.parametrize("name", ["../evil.py", "/evil.py", "shop/../../evil.py", "shop.data/purelib/../../../evil.py"])
def test_a_wheel_writes_nowhere_else(assemble: ModuleType, tmp_path: Path, name: str) -> None:
    """A path that leads out of the folder ends the build."""
    (tmp_path / "shop-1-py3-none-any.whl").write_bytes(wheel({name: b""}))
    with pytest.raises(SystemExit, match="outside itself"):
        assemble.install_packages(tmp_path, tmp_path / "in" / "out")
    assert list((tmp_path / "in").rglob("*.py")) == []


def test_two_packages_cannot_bring_one_file(assemble: ModuleType, tmp_path: Path) -> None:
    """The same file twice is fine (packages share folders), two unlike ones are not."""
    for name, content in (("a", b""), ("b", b"")):
        (tmp_path / f"{name}-1-py3-none-any.whl").write_bytes(wheel({"shared/__init__.py": content}))
    assemble.install_packages(tmp_path, tmp_path / "one")
    (tmp_path / "c-1-py3-none-any.whl").write_bytes(wheel({"shared/__init__.py": b"x = 1"}))
    with pytest.raises(SystemExit, match=r"c-1.*unlike that of another package"):
        assemble.install_packages(tmp_path, tmp_path / "two")
