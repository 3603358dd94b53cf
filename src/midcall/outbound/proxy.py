"""An operator's egress proxy: an HTTP proxy through which every connection is tunnelled to the checked address."""

import base64
import re
import socket
from dataclasses import dataclass, field
from urllib.parse import unquote

from midcall.domain.errors import InvalidInput
from midcall.outbound.address import IPAddress
from midcall.outbound.budget import CallBudget
from midcall.outbound.errors import ConnectFailed

MAX_ANSWER_BYTES = 8 * 1024
_END = b"\r\n\r\n"
_URL = re.compile(
    r"http://(?:(?P<user>[^\x00-\x20/?#@:]*)(?::(?P<password>[^\x00-\x20/?#@]*))?@)?"
    r"(?P<host>\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})/?"
)
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: |\r\n)")


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where the proxy listens, and what it wants to see. It is the operator's own, so its address is not checked."""

    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> "Proxy":
        """Read `http://[user:password@]host:port`; raises InvalidInput, which does not quote it."""
        match = _URL.fullmatch(url)
        if match is None or not 0 < int(match["port"]) <= 65_535:  # noqa: PLR2004
            raise InvalidInput("the proxy's URL is not of the form http://[user:password@]host:port")
        authorization = None
        if match["user"] is not None:
            pair = f"{unquote(match['user'])}:{unquote(match['password'] or '')}"
            authorization = "Basic " + base64.b64encode(pair.encode()).decode()
        return cls(match["host"].strip("[]"), int(match["port"]), authorization)

    def tunnel(self, sock: socket.socket, address: IPAddress, port: int, budget: CallBudget) -> None:
        """Have the proxy connect this socket to the address; raises ConnectFailed, TimedOut.

        The proxy is told the address, never the name: what it would resolve for itself would be unchecked.
        """
        authority = f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"  # noqa: PLR2004
        head = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
        if self.authorization is not None:
            head.append(f"Proxy-Authorization: {self.authorization}")
        try:
            sock.settimeout(budget.left("connecting through the proxy"))
            sock.sendall("\r\n".join(head).encode() + _END)
            answer = _answer(sock, budget)
        except TimeoutError:
            raise budget.timed_out() from None
        except OSError as error:
            raise ConnectFailed("the connection to the egress proxy broke") from error
        status = _STATUS.match(answer)
        if status is None or not answer.endswith(_END):
            raise ConnectFailed("the egress proxy gave no HTTP answer")
        if status[1] != b"200":
            raise ConnectFailed(f"the egress proxy refused the connection with status {status[1].decode()}")


def _answer(sock: socket.socket, budget: CallBudget) -> bytes:
    answer = b""
    while _END not in answer and len(answer) < MAX_ANSWER_BYTES:
        sock.settimeout(budget.left())
        data = sock.recv(MAX_ANSWER_BYTES)
        if not data:
            break
        answer += data
    return answer
