"""The page of one session, in parts: its timeline, its variables, the page itself."""
