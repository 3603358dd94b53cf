"""All routers of this entrance."""

from midcall.compat import elevenlabs, functions, retell, vapi

ROUTERS = (functions.router, retell.router, vapi.router, elevenlabs.router)
