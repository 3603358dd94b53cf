"""Actions: what sandboxed code asks for is done here, with credentials that it never sees."""
