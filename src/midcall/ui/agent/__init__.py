"""The page of one agent, in parts: what is attached, its options, what is added, its tools."""
