"""Credentials and secrets: kept, bound to hosts, rotated, and used to sign."""
