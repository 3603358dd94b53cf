"""Sessions: begun, called within, followed, ended, forgotten."""
