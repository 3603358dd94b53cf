"""Forms that browsers send, read as far as they are no longer than they can be."""

from urllib.parse import parse_qs

from fastapi import Request
from starlette.requests import ClientDisconnect

from midcall.domain.errors import MidcallError


async def fields_of(request: Request, *, most_bytes: int, most_fields: int) -> dict[str, str]:
    """Read the fields of a form, the first of each name; what is too long or has too many is read as an empty one.

    So is what never comes whole: that is answered where the body is counted.
    """
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > most_bytes:
                return {}
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=most_fields)
    except (ClientDisconnect, MidcallError, ValueError):
        return {}
    return {name: values[0] for name, values in fields.items()}
