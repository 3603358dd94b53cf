"""Encryption of what the database must not show, over `cryptography`'s Fernet."""
