"""Functions and their versions: kept, reviewed, compared."""
