"""One run of a function, from its admission to its recorded outcome."""
