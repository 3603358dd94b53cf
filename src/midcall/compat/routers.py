"""All routers of this entrance, and how it writes errors where it has a way of its own."""

from midcall.compat import elevenlabs, functions, retell, vapi, vocobase
from midcall.compat.vocobase_errors import refusal

ROUTERS = (functions.router, retell.router, vapi.router, elevenlabs.router, vocobase.router)

#: How errors are written below a path, where a body is refused before any route sees it.
REFUSALS = {"/api/v2/": refusal}
