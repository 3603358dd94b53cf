"""What a run's actions may bring back to its code: without secrets, JSON, no deeper and no larger than agreed."""

import json
import threading
from typing import Any

from midcall.domain.action import MAX_ANSWER_BYTES, MAX_ANSWERS_BYTES, ActionFailed
from midcall.domain.jsonvalue import is_deeper
from midcall.domain.redaction import NOTHING, Redaction

#: Nesting of an answer at most: what a sandbox may say is bounded by the same number.
MAX_DEPTH = 100
MAX_MESSAGE_CHARS = 4_000


class AnswerFilter:
    """Masks and counts the answers of one run; may be asked by several threads at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bytes_left = MAX_ANSWERS_BYTES
        self._secrets: tuple[str, ...] = ()
        self._redaction = NOTHING

    @property
    def redaction(self) -> Redaction:
        """The masks of every secret that was learned so far."""
        return self._redaction

    def learn(self, secrets: tuple[str, ...]) -> None:
        """Mask these from now on."""
        with self._lock:
            known = tuple(dict.fromkeys((*self._secrets, *secrets)))
            if known != self._secrets:
                self._secrets, self._redaction = known, Redaction(known)

    def value(self, value: Any) -> Any:
        """Return an answer as the code may have it; raises ActionFailed for one that it may not."""
        if is_deeper(value, MAX_DEPTH):
            text = f"the answer is nested deeper than {MAX_DEPTH} levels; ask for it as text"
            raise ActionFailed(text, code="bad_answer")
        masked = self._redaction.value(value)
        self._spend(masked)
        return masked

    def failure(self, failure: ActionFailed) -> ActionFailed:
        """Return a failure as the code may have it; a body that it may not have is left out."""
        try:
            body = self.value(failure.body)
        except ActionFailed:
            body = None
        # Masked before it is cut: half of a secret would not be found.
        message = self._redaction.text(failure.message)[:MAX_MESSAGE_CHARS]
        return ActionFailed(message, code=failure.code, status=failure.status, body=body)

    def _spend(self, value: Any) -> None:
        try:
            size = len(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode())
        except (ValueError, RecursionError):
            raise ActionFailed("the answer is no JSON that code can be given", code="bad_answer") from None
        with self._lock:
            self._bytes_left -= size
            spent = self._bytes_left < 0
        if size > MAX_ANSWER_BYTES or spent:
            what = "the answers of this run together are" if spent else "the answer is"
            raise ActionFailed(f"{what} larger than an action may bring back", code="output_limit")
