"""Test cases: what a function is expected to come to."""
