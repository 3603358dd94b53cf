"""The one guarded way out: every call that midcall makes to an address that somebody else chose."""
