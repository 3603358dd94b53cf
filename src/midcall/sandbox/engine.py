"""A thin, typed layer over the Docker SDK: the few calls a pool makes, each with a timeout, each failing one way.

The calls in the life of every sandbox (create, attach, start, remove) go over connections of its kind and past its
`requests`: under load the pool took ten milliseconds of processor for a call with it, and takes six.
"""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import docker
import requests
import urllib3
from docker.errors import APIError, DockerException
from docker.transport.unixconn import UnixHTTPConnectionPool

from midcall.sandbox.container import POOL_LABEL
from midcall.sandbox.errors import EngineFailed

HTTP_BAD_REQUEST, HTTP_NOT_FOUND, HTTP_CONFLICT = 400, 404, 409
#: The Engine is asked once, as by the SDK: whoever asked knows what to do.
_ONCE = urllib3.Retry(0, read=False)


@dataclass(frozen=True, slots=True)
class ContainerState:
    """One container as the Engine knows it."""

    running: bool
    oom_killed: bool
    exit_code: int


class AttachedStreams:
    """The two streams of a running container: bytes in, multiplexed bytes out.

    It holds the socket's HTTP response too: when that is collected, the socket closes under us.
    """

    def __init__(self, response: Any) -> None:
        self._response = response
        self._raw = response._fp.fp.raw  # noqa: SLF001 - as the SDK itself gets at it
        self.socket: socket.socket = self._raw._sock  # noqa: SLF001 - there is no other way to a timeout

    def close(self) -> None:
        """Close both directions; the container's stdin ends."""
        for end in (self.socket, self._raw, self._response):
            try:
                end.close()
            except (OSError, ValueError):
                continue


class Engine:
    """The Docker Engine at `url` (`unix:///…`). Safe to use from several threads."""

    def __init__(self, *, url: str, timeout_s: float, connections: int = 16) -> None:
        self.url = url
        with _translated(f"be reached at {url}"):
            _check_reachable(url, timeout_s)
            self.api = docker.APIClient(
                base_url=url,
                version="auto",
                timeout=timeout_s,  # type: ignore[arg-type] # requests takes fractions
                max_pool_size=connections,
                num_pools=4,
            )
        self.api.trust_env = False  # no proxy, no netrc from the environment
        self._timeout_s = timeout_s
        self._connections = _connections(self.api, timeout_s, connections)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the Engine."""
        self._connections.close()
        self.api.close()

    def create(self, config: Mapping[str, Any], name: str) -> str:
        """Create a container and return its id."""
        with _translated("create a container"):
            answer = self._ask("POST", "create", {"name": name}, body=config)
            return _id_of(answer)

    def start(self, container: str) -> None:
        """Start a container that was created before; raises EngineFailed."""
        with _translated("start a container"):
            self._ask("POST", f"{container}/start")

    def attach(self, container: str) -> AttachedStreams:
        """Attach to a container that has not started yet, so that no byte of it is missed."""
        with _translated("attach to a container"):
            streams = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1, "logs": 0}
            return AttachedStreams(self._ask("POST", f"{container}/attach", streams, stays_open=True))

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] = MappingProxyType({}),
        *,
        body: Mapping[str, Any] | None = None,
        stays_open: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        """Ask for something of containers; `stays_open` asks for the connection itself. Raises _Refused."""
        answer = self._connections.urlopen(
            method,
            f"/v{self.api.api_version}/containers/{path}?{urlencode(query)}",
            body=None if body is None else json.dumps(body),
            headers=_UPGRADE if stays_open else _JSON,
            retries=_ONCE,
            timeout=self._timeout_s,
            preload_content=not stays_open,
        )
        if answer.status >= HTTP_BAD_REQUEST:
            raise _Refused(answer)
        return answer

    def state(self, container: str) -> ContainerState | None:
        """Return a container's state; None where it is gone."""
        try:
            with _translated("inspect a container"):
                state = self.api.inspect_container(container)["State"]
        except ContainerGone:
            return None
        return ContainerState(bool(state["Running"]), bool(state["OOMKilled"]), int(state["ExitCode"]))

    def remove(self, container: str) -> None:
        """Kill and remove a container in one call; one that is gone, or going, is no error."""
        try:
            with _translated("remove a container"):
                self._ask("DELETE", container, {"v": 1, "force": 1})
        except ContainerGone:
            return

    def containers(self, pool_id: str) -> dict[str, str]:
        """Return the containers that carry the pool's label, in any state: id -> name."""
        with _translated("list containers"):
            found = self.api.containers(all=True, filters={"label": f"{POOL_LABEL}={pool_id}"})
            return {item["Id"]: (item["Names"] or ["/"])[0].lstrip("/") for item in found}

    def versions(self) -> dict[str, str]:
        """Return the versions of the Engine and of what it starts containers with, by component (`runc`)."""
        with _translated("tell its version"):
            told = self.api.version(api_version=False)
        return {str(each.get("Name")): str(each.get("Version")) for each in told.get("Components") or ()}

    def runtimes(self) -> list[str]:
        """Return the names of the OCI runtimes that the Engine was told of."""
        with _translated("tell its runtimes"):
            return sorted(self.api.info()["Runtimes"])

    def image_id(self, name: str) -> str | None:
        """Return the id of a local image; None where there is none of that name."""
        try:
            with _translated("look for an image"):
                return str(self.api.inspect_image(name)["Id"])  # type: ignore[no-untyped-call]
        except ContainerGone:
            return None


def _check_reachable(url: str, timeout_s: float) -> None:
    """Connect once and close: the SDK leaves its socket open where nobody answers."""
    scheme, _, path = url.partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(timeout_s)
            probe.connect(path)


def _connections(api: docker.APIClient, timeout_s: float, size: int) -> urllib3.HTTPConnectionPool:
    """Make connections to the Engine, of the SDK's kind.

    Not the SDK's own: it keeps a pool for each address that was asked for, and closes those asked for long ago.
    """
    adapter: Any = api.get_adapter(api.base_url)
    if hasattr(adapter, "socket_path"):
        # `int`, says the SDK's stub: it is a socket's timeout.
        return UnixHTTPConnectionPool(api.base_url, adapter.socket_path, timeout_s, maxsize=size)  # type: ignore[arg-type]
    return urllib3.connection_from_url(api.base_url, timeout=timeout_s, maxsize=size)


_JSON = {"Content-Type": "application/json"}
_UPGRADE = {"Connection": "Upgrade", "Upgrade": "tcp"}


def _id_of(answer: urllib3.BaseHTTPResponse) -> str:
    try:
        return str(json.loads(answer.data)["Id"])
    except (ValueError, KeyError, TypeError) as error:
        raise EngineFailed("the Docker Engine answered with something else than a container's id") from error


class _Refused(Exception):
    """The Engine refused what it was asked over the connections themselves."""

    def __init__(self, answer: urllib3.BaseHTTPResponse) -> None:
        self.status_code = answer.status
        text = answer.data.decode("utf-8", "replace")
        try:
            text = json.loads(text)["message"]
        except (ValueError, KeyError, TypeError):
            text = text.strip() or str(answer.reason)
        self.explanation = text
        super().__init__(text)


class ContainerGone(EngineFailed):
    """The Docker Engine knows no such container or image (any more)."""


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Turn the SDK's many errors into ours; a container that is gone, or already being removed, has its own."""
    try:
        yield
    except (APIError, _Refused) as error:
        told = f"the Docker Engine could not {what}: {error.explanation}"
        if error.status_code == HTTP_NOT_FOUND:
            raise ContainerGone(told) from error
        if error.status_code == HTTP_CONFLICT:
            raise ContainerGone(f"the Docker Engine is already removing it: {error.explanation}") from error
        raise EngineFailed(told) from error
    except (DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise EngineFailed(f"the Docker Engine could not {what}: {error}") from error
