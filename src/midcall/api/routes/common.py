"""What several routes share."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query

from midcall.api.problems import MEDIA_TYPE
from midcall.api.shapes import Problem
from midcall.service.ports import Page

#: What every route may answer besides its own.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "content": {MEDIA_TYPE: {}}}
    for status in (400, 401, 403, 404, 409, 413, 422, 429, 500, 503, 504)
}

#: PostgreSQL's text takes no NUL, so nothing can have one in its name.
NO_NUL = r"^[^\x00]*$"

Name = Annotated[str, Path(max_length=200, pattern=NO_NUL, description="the function's name")]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="the version's number")]


def page(
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=200, pattern=r"^[a-zA-Z0-9_]+$")] = None,
) -> Page:
    """Read which part of a list is wanted."""
    return Page(limit=limit, cursor=cursor)


Paged = Annotated[Page, Depends(page)]
