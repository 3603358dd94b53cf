"""Why an outbound call was refused or failed.

No message holds a path, a query, a header's value or an address that a name resolved to: paths and headers carry
secrets, and addresses would let a tenant read the operator's internal DNS.
"""

from midcall.domain.errors import OutboundError, TimedOut

__all__ = [
    "BadReply",
    "BadUrl",
    "ConnectFailed",
    "MalformedRequest",
    "NotInEgress",
    "OutboundError",
    "RefusedAddress",
    "RefusedRedirect",
    "ReplyTooLarge",
    "TimedOut",
    "TlsFailed",
    "TlsRequired",
    "TooManyRedirects",
    "UnresolvedHost",
]


class BadUrl(OutboundError):
    """This is not a URL that midcall calls."""

    code = "bad_url"


class MalformedRequest(OutboundError):
    """The outbound request cannot be written as HTTP."""

    code = "bad_request"


class RefusedAddress(OutboundError):
    """The host is, or resolves to, an address that may not be reached."""

    code = "refused_address"


class NotInEgress(OutboundError):
    """The host is none that the function's `egress` names."""

    code = "egress_refused"


class TlsRequired(OutboundError):
    """Certificates are always checked here; the operator may set MIDCALL_OUTBOUND_IGNORE_SSL=true to change that."""

    code = "tls_required"


class RefusedRedirect(OutboundError):
    """The answer redirects to where this request may not follow."""

    code = "refused_redirect"


class TooManyRedirects(OutboundError):
    """The answer redirects more often than is followed."""

    code = "too_many_redirects"


class UnresolvedHost(OutboundError):
    """The host's name does not resolve."""

    code = "unresolved_host"
    passing = True


class ConnectFailed(OutboundError):
    """No connection could be made."""

    code = "connect_failed"
    passing = True


class TlsFailed(OutboundError):
    """The connection could not be secured."""

    code = "tls_failed"
    passing = True


class ReplyTooLarge(OutboundError):
    """The answer is larger than midcall reads."""

    code = "too_large"


class BadReply(OutboundError):
    """What came back is not a complete HTTP answer."""

    code = "bad_reply"
    passing = True
