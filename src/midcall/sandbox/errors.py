"""Why a pool refuses to serve, or a sandbox to start."""

from midcall.domain.errors import MidcallError


class PoolUnfit(MidcallError):
    """The pool refuses to serve: a limit of its sandboxes is not effective on this host."""

    code = "pool_unfit"


class EngineFailed(MidcallError):
    """The Docker Engine did not do what it was asked."""

    code = "engine_failed"


class ImageMissing(MidcallError):
    """The sandbox image is not there and could not be built."""

    code = "image_missing"


class PoolClosed(Exception):
    """The pool, or the container that the code shared with others, was closed while the code ran."""
