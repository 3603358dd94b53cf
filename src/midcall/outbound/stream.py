"""One connection's socket, as httpcore wants it, with every operation inside the call's budget."""

import select
import socket
import ssl
from typing import Any

import httpcore

from midcall.outbound.budget import CallBudget
from midcall.outbound.errors import TlsFailed


class BudgetedStream(httpcore.NetworkStream):
    """A connected socket. What a call waits for here counts against its one deadline."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._received = bytearray()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there, up to `max_bytes`; empty at the end. Raises TimedOut, ReplyTooLarge."""
        budget = CallBudget.of(timeout)
        wanted = budget.ration(max_bytes)
        left = budget.left("waiting for the answer")
        try:
            # Closed meanwhile, even this fails: httpcore's pool may let go of a connection that it has just lent.
            self._sock.settimeout(left)
            with budget.breaking(self._sock):
                data = self._sock.recv(wanted)
        except TimeoutError:
            raise budget.timed_out() from None
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error
        budget.spend(len(data))
        self._received += data
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send it all; raises TimedOut."""
        budget = CallBudget.of(timeout)
        rest = memoryview(buffer)
        self._received.clear()
        while rest:
            left = budget.left("sending")
            try:
                self._sock.settimeout(left)
                with budget.breaking(self._sock):
                    rest = rest[self._sock.send(rest) :]
            except TimeoutError:
                raise budget.timed_out() from None
            except OSError as error:
                # httpcore goes on to read after this one: a server may answer before it has read all.
                raise httpcore.WriteError(str(error)) from error

    def take_received(self) -> bytes:
        """Return all that was read since something was sent, and let go of it."""
        received = bytes(self._received)
        self._received.clear()
        return received

    def close(self) -> None:
        """Close the socket at once."""
        self._sock.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "BudgetedStream":
        """Secure the connection for the name in the URL, whatever address it goes to; raises TlsFailed, TimedOut."""
        budget = CallBudget.of(timeout)
        try:
            self._sock.settimeout(budget.left("setting up TLS"))
            return BudgetedStream(ssl_context.wrap_socket(self._sock, server_hostname=server_hostname))
        except TimeoutError:
            self.close()
            raise budget.timed_out() from None
        except (OSError, ValueError) as error:
            self.close()
            raise TlsFailed(f"the connection to {server_hostname} could not be secured: {_reason(error)}") from error
        except BaseException:
            self.close()
            raise

    def get_extra_info(self, info: str) -> Any:
        """Tell httpcore what it asks for; `is_readable` of an idle connection means that the server closed it."""
        if info == "is_readable":
            return _is_readable(self._sock)
        if info == "ssl_object":
            return self._sock if isinstance(self._sock, ssl.SSLSocket) else None
        return None


def _is_readable(sock: socket.socket) -> bool:
    if sock.fileno() < 0:
        return True
    poll = select.poll()  # select() cannot watch descriptors above 1,023
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return (error.reason or "TLS error").replace("_", " ").lower()
    return "the connection broke"
