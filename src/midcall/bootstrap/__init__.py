"""Settings, and all wiring, one module a process; nothing below reads configuration."""
