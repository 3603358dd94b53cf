"""The review: source and declared configuration in, comments out. Pure; the one file it reads is its own allow-list."""

from midcall.review.checker import policy_version, review

__all__ = ["policy_version", "review"]
