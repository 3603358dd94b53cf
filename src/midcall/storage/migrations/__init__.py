"""Migrations, one file a change, oldest first."""
