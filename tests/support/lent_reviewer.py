"""The reviewer that all apps of a process of tests share: the children of one take a second of a core to load."""

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from midcall.bootstrap import api
from midcall.review.allowlist import AllowList, dumps
from midcall.reviewer import SubprocessReviewer


class LentReviewer(SubprocessReviewer):
    """A reviewer whose children outlive the app that was lent it."""

    def close(self) -> None:
        """Leave the children to the next app; they end with the process."""


_LENT: dict[str, LentReviewer] = {}


def _lend(*, allowed: AllowList, **options: Any) -> SubprocessReviewer:
    """Make what an app asks for; one with options, such as that for reviews in the background, is its own."""
    if options:
        return SubprocessReviewer(allowed=allowed, **options)
    key = dumps(allowed)
    if key not in _LENT:
        _LENT[key] = LentReviewer(allowed=allowed)
        atexit.register(SubprocessReviewer.close, _LENT[key])
    return _LENT[key]


@contextmanager
def reviewers_lent() -> Iterator[None]:
    """Have apps that are wired meanwhile share their reviewer."""
    with mock.patch.object(api, "SubprocessReviewer", _lend):
        yield
