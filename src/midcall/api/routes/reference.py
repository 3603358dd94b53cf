"""`/docs`: the API's reference by Swagger UI, from files that this server brings itself.

No script stands in the page: its policy then needs no exception, and what a function's texts put there cannot run.
"""

import json

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse, Response

from midcall.web.headers import OWN_FILES_RUN

router = APIRouter(include_in_schema=False)

#: Where `fastapi_offline` serves its files.
FILES = "static-offline-docs"

# Addresses are relative: a proxy may serve all of it under a path of its own.
_PAGE = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1.0">
<link rel="stylesheet" href="{FILES}/swagger-ui.css">
<link rel="icon" href="{FILES}/favicon.png">
<title>midcall API</title>
</head>
<body>
<div id="swagger-ui"></div>
<script src="{FILES}/swagger-ui-bundle.js"></script>
<script src="docs.js"></script>
</body>
</html>
"""

#: Where the API's description is, and how many proxies' paths it is kept for.
DESCRIPTION = "/openapi.json"
_MOST_KEPT = 8

_START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  showExtensions: true,
  showCommonExtensions: true,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
  layout: "BaseLayout",
});
"""


@router.get("/docs")
async def docs() -> HTMLResponse:
    """Serve the page of the API reference."""
    return HTMLResponse(_PAGE, headers={"content-security-policy": OWN_FILES_RUN})


@router.get("/docs.js")
async def start() -> Response:
    """Serve the script that starts Swagger UI on the reference's page."""
    return Response(_START, media_type="text/javascript")


def serve_description(app: FastAPI) -> None:
    """Serve the API's description in place of FastAPI's own route, which writes it anew for everybody who asks."""
    written: dict[str, bytes] = {}

    async def describe(request: Request) -> Response:
        root = request.scope.get("root_path", "").rstrip("/")
        if root not in written:
            if len(written) >= _MOST_KEPT:
                written.clear()
            document = {**app.openapi(), **({"servers": [{"url": root}]} if root else {})}
            written[root] = json.dumps(document, separators=(",", ":")).encode("ascii")
        return Response(written[root], media_type="application/json")

    app.router.routes[:] = [route for route in app.router.routes if getattr(route, "path", None) != DESCRIPTION]
    app.add_route(DESCRIPTION, describe, include_in_schema=False)
