"""What administrators send."""
