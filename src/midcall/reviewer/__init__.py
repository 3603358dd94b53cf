"""Carries the review out in child processes that are bounded and can be killed."""

from midcall.reviewer.pool import SubprocessReviewer

__all__ = ["SubprocessReviewer"]
