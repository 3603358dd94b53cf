"""The Code Assistant."""
