"""A thin, typed layer over the Docker SDK: the few calls a pool makes, each with a timeout, each failing one way."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import docker
import requests
from docker.errors import APIError, DockerException, NotFound

from midcall.sandbox.container import POOL_LABEL
from midcall.sandbox.errors import EngineFailed

HTTP_CONFLICT = 409


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

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self.socket: socket.socket = raw._sock  # noqa: SLF001 - the SDK offers no other way to a timeout

    def close(self) -> None:
        """Close both directions; the container's stdin ends."""
        for end in (self.socket, self._raw, getattr(self._raw, "_response", None)):
            if end is not None:
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the Engine."""
        self.api.close()

    def create(self, config: Mapping[str, Any], name: str) -> str:
        """Create a container and return its id."""
        with _translated("create a container"):
            answer: Mapping[str, Any] = self.api.create_container_from_config(dict(config), name)  # type: ignore[no-untyped-call]
            return str(answer["Id"])

    def start(self, container: str) -> None:
        """Start a container that was created before; raises EngineFailed."""
        with _translated("start a container"):
            self.api.start(container)

    def attach(self, container: str) -> AttachedStreams:
        """Attach to a container that has not started yet, so that no byte of it is missed."""
        with _translated("attach to a container"):
            wanted = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1, "logs": 0}
            return AttachedStreams(self.api.attach_socket(container, params=wanted))

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
                self.api.remove_container(container, force=True, v=True)
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


class ContainerGone(EngineFailed):
    """The Docker Engine knows no such container or image (any more)."""


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Turn the SDK's many errors into ours; a container that is gone, or already being removed, has its own."""
    try:
        yield
    except NotFound as error:
        raise ContainerGone(f"the Docker Engine could not {what}: {error.explanation}") from error
    except APIError as error:
        if error.status_code == HTTP_CONFLICT:
            raise ContainerGone(f"the Docker Engine is already removing it: {error.explanation}") from error
        raise EngineFailed(f"the Docker Engine could not {what}: {error.explanation}") from error
    except (DockerException, requests.RequestException, OSError) as error:
        raise EngineFailed(f"the Docker Engine could not {what}: {error}") from error
