"""The HTTP entrance: JSON to commands, outcomes to JSON."""
