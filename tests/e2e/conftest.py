"""Stacks that several tests share."""

from collections.abc import Iterator

import pytest
from tests.e2e.stack import Stack, stack


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run one stack for all tests that leave it as it was; its operator allows `keyword.iskeyword` besides."""
    allowed = tmp_path_factory.mktemp("operator") / "allowed.toml"
    allowed.write_text('[modules]\nkeyword = ["iskeyword"]\n')
    with stack("shared", MIDCALL_ALLOWED_MODULES=str(allowed)) as it:
        yield it


@pytest.fixture(scope="module")
def battered() -> Iterator[Stack]:
    """Run one stack for the tests of a module that kill its parts."""
    with stack("battered") as it:
        yield it
