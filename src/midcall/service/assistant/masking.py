"""What a model is never told: secrets that stand where none belong, and values of the workspace's credentials."""

from collections.abc import Iterable, Sequence
from typing import Any

from midcall.domain.parameters import MASK
from midcall.domain.redaction import LONG, Redaction
from midcall.review.rules.secrets import without_secrets


class PromptMasker:
    """Masks secrets in texts and JSON values.

    `known` are the secret values of each credential. One of fewer than LONG characters is not looked for: it stands in
    ordinary text by chance, and masking it there would tell that it is one.
    """

    #: What stands in a secret's place.
    mask = MASK

    def __init__(self, known: Iterable[Sequence[str]] = ()) -> None:
        kept = {tuple(value for value in values if len(value) >= LONG) for values in known}
        # One for each credential: of all of them together there are more forms than one redaction looks for.
        self._redactions = tuple(Redaction(values) for values in sorted(kept) if values)

    def text(self, text: str) -> str:
        """Return a text with each secret masked."""
        for redaction in self._redactions:
            text = redaction.text(text)
        return without_secrets(text, MASK)

    def value(self, value: Any) -> Any:
        """Return a JSON value with each secret in its texts and keys masked."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(name): self.value(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return value
