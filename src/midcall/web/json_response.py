"""How answers are written."""

import hashlib
import json
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse, Response


class AsciiJsonResponse(JSONResponse):
    """JSON in ASCII: what code returns may hold half a surrogate pair, which no UTF-8 can carry."""

    def render(self, content: Any) -> bytes:
        """Return the content as the bytes of a JSON text in ASCII."""
        return json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")


def unless_known(answer: AsciiJsonResponse, known: str | None) -> Response:
    """Give an answer its ETag, made of its bytes; 304 and no body to a caller whose `If-None-Match` names it."""
    etag = f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
    given = [each.strip().removeprefix("W/") for each in (known or "").split(",")]
    if etag in given or "*" in given:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"etag": etag})
    answer.headers["etag"] = etag
    return answer
