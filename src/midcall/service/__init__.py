"""Use cases, named by what they do, over the ports in `midcall.service.ports`."""
