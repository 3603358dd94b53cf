"""Agents: what is attached to them, and how vendors see and reach them."""
