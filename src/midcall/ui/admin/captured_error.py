"""An error that a page acts on, instead of showing it at once."""

from midcall.domain.errors import MidcallError


class CapturedError:
    """Keeps an error: an `ErrorPlace` of `PageContext.run`."""

    def __init__(self) -> None:
        self.error: MidcallError | None = None

    def show(self, error: MidcallError) -> None:
        """Keep an error for the page to act on."""
        self.error = error

    def clear(self) -> None:
        """Forget the error that was kept."""
        self.error = None
