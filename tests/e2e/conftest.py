"""Stacks that several tests share."""

from collections.abc import Iterator

import pytest
from tests.e2e.stack import Stack, stack


@pytest.fixture(scope="session")
def up() -> Iterator[Stack]:
    """Run one stack for all tests that leave it as it was."""
    with stack("shared") as it:
        yield it


@pytest.fixture(scope="module")
def battered() -> Iterator[Stack]:
    """Run one stack for the tests of a module that kill its parts."""
    with stack("battered") as it:
        yield it
