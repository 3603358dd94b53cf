"""Webhooks: how they are written, and how they are called."""
