"""What `actions.http` answers: the dict that is documented, which also knows what `requests` and `httpx` call it."""

from __future__ import annotations

import json

TYPE_CHECKING = False  # as type checkers know it: `typing` itself costs each boot
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

#: From here on a status is a failure.
_FAILS = 400


class Answer(dict):  # type: ignore[type-arg] # of JSON
    """`{"responseCode", "data", "message"}`, and `headers` with `full_response=True`."""

    #: Makes the error that `raise_for_status` raises, of a message, the status and the body.
    fault: Callable[[str, int, Any], Exception]

    def json(self, **_options: object) -> Any:
        """Return the answer's data; a text is read as JSON, and raises `json.JSONDecodeError` if it is none."""
        data = self.get("data")
        return json.loads(data) if isinstance(data, str) else data

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        return self.get("responseCode", 0)  # type: ignore[no-any-return]

    status = status_code

    @property
    def ok(self) -> bool:
        """Whether the status is none of a failure."""
        return self.status_code < _FAILS

    is_success = ok

    @property
    def is_error(self) -> bool:
        """Whether the status is one of a failure."""
        return not self.ok

    @property
    def text(self) -> str:
        """The data as text: what is JSON is written as JSON."""
        data = self.get("data")
        if data is None:
            return ""
        return data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)

    @property
    def content(self) -> bytes:
        """The text in UTF-8."""
        return self.text.encode("utf-8", "replace")

    @property
    def reason(self) -> str:
        """What the status is called."""
        return self.get("message", "")  # type: ignore[no-any-return]

    reason_phrase = reason

    @property
    def headers(self) -> Headers:
        """The answer's headers, in whatever case they are asked for; none without `full_response=True`."""
        return Headers(self.get("headers") or {})

    def raise_for_status(self) -> Answer:
        """Return the answer; raises ActionError where `ignore_response_code=True` let the status of a failure come."""
        if not self.ok:
            raise self.fault(f"HTTP {self.status_code} {self.reason}".strip(), self.status_code, self.get("data"))
        return self


class Headers(dict):  # type: ignore[type-arg] # name -> value
    """Headers by name, in any case."""

    def __init__(self, given: dict[str, str]) -> None:
        super().__init__(given)
        self._by_name = {name.lower(): value for name, value in given.items()}

    def __getitem__(self, name: str) -> str:
        return self._by_name[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._by_name

    def get(self, name: str, default: Any = None) -> Any:
        """Return a header, or `default`."""
        return self._by_name.get(name.lower(), default)
