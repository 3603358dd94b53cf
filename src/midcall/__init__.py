"""Self-hosted custom functions for AI agents: reviewed, approved byte for byte, run in throwaway containers."""

__version__ = "0.1.0"
