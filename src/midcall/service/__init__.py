"""Use cases, named by what they do, over the storage and the ports in `midcall.service.ports`."""
