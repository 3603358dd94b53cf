"""How answers are written."""

import json
from typing import Any

from starlette.responses import JSONResponse


class Answer(JSONResponse):
    """JSON in ASCII: what code returns may hold half a surrogate pair, which no UTF-8 can carry."""

    def render(self, content: Any) -> bytes:
        """Write the content."""
        return json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")
