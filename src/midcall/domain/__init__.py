"""What midcall is about, in plain values: no I/O, no clock of its own, the standard library alone."""
