"""The operator's own tools: workspaces, keys, the sandbox image."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from midcall.bootstrap.pool import DEFAULT_DOCKER_URL
from midcall.bootstrap.settings import Settings
from midcall.bootstrap.store import operators_workspaces
from midcall.cli.say import say
from midcall.domain.python import MINOR
from midcall.domain.workspace import Scope
from midcall.sandbox import packages
from midcall.sandbox.engine import Engine
from midcall.sandbox.errors import EngineFailed, ImageMissing
from midcall.sandbox.image import ensure_image, wanted_packages
from midcall.service.access.workspaces import DEFAULT_WORKSPACE

keys = typer.Typer(help="API keys.", no_args_is_help=True)
workspaces = typer.Typer(help="Workspaces.", no_args_is_help=True)
sandbox = typer.Typer(help="The sandbox image.", no_args_is_help=True)

#: Seconds for one call to the Engine while it builds.
BUILD_TIMEOUT_S = 900.0


@keys.command("create")
def create_key(
    principal: Annotated[str, typer.Option(help="the person or service that will use it")],
    scopes: Annotated[str, typer.Option(help="of read, run, write, review, admin; separated by commas")],
    workspace: Annotated[str, typer.Option(help="the workspace's name")] = DEFAULT_WORKSPACE,
) -> None:
    """Create a key and print it; it is shown this once."""
    with operators_workspaces(Settings()) as use_cases:
        new = use_cases.create_key(workspace, principal=principal, scopes=_scopes(scopes))
    say(new.token)


@workspaces.command("create")
def create_workspace(
    name: str, principal: Annotated[str, typer.Option(help="who the first key, an admin's, belongs to")] = "admin"
) -> None:
    """Create a workspace and print its first admin key; it is shown this once."""
    with operators_workspaces(Settings()) as use_cases:
        new = use_cases.create(name, principal=principal)
    say(new.token)


@workspaces.command("allow")
def allow(
    name: str,
    weight: Annotated[int | None, typer.Option(min=1, max=100, help="counts for so many where others wait too")] = None,
    max_in_flight: Annotated[int | None, typer.Option(min=1, help="calls of code, queued or running")] = None,
    max_webhooks_in_flight: Annotated[int | None, typer.Option(min=1, help="calls of webhooks, the same")] = None,
    max_background: Annotated[int | None, typer.Option(min=1, help="background calls, the same")] = None,
) -> None:
    """Set the most that a workspace may have, and print it; what is left out stays."""
    given = {
        "weight": weight,
        "max_in_flight": max_in_flight,
        "max_webhooks_in_flight": max_webhooks_in_flight,
        "max_background": max_background,
    }
    changes = {each: value for each, value in given.items() if value is not None}
    with operators_workspaces(Settings()) as use_cases:
        workspace = use_cases.allow(name, changes)
    for each, value in asdict(workspace.ceilings).items():
        say(f"{each} = {value}")


@sandbox.command("build")
def build_sandbox(
    base: Annotated[str | None, typer.Option(help=f"another base image with Python {MINOR}")] = None,
    requirements: Annotated[
        Path | None, typer.Option(help="packages: a requirements file, or a folder of fetched ones; default by setting")
    ] = None,
) -> None:
    """Build the sandbox image, unless it is there already."""
    settings = Settings()
    wanted = requirements or settings.sandbox_requirements
    with (
        _told("build"),
        Engine(url=settings.docker_url or DEFAULT_DOCKER_URL, timeout_s=BUILD_TIMEOUT_S) as engine,
    ):
        tag = ensure_image(engine, base=base, requirements=wanted, say=say)
    if settings.sandbox_image not in {None, tag}:
        say(f"The pool runs {settings.sandbox_image}, which MIDCALL_SANDBOX_IMAGE names; unset it for this one.")
    elif requirements is not None and requirements.absolute() != settings.sandbox_requirements:
        say(f"For the pool to run it, set MIDCALL_SANDBOX_REQUIREMENTS={requirements.absolute()}")


@sandbox.command("fetch")
def fetch_packages(
    requirements: Annotated[Path, typer.Argument(help="requirements file: name==version with hashes")],
    folder: Annotated[Path, typer.Argument(help="new folder for the packages")],
) -> None:
    """Fetch the packages of the sandbox image with pip, for a build where no package index is in reach.

    midcall's own come with those that the file names.
    """
    with _told("fetch"):
        packages.fetch(wanted_packages(requirements), folder)
    say(f"{folder} can be named where a requirements file can.")


@contextmanager
def _told(command: str) -> Iterator[None]:
    try:
        yield
    except (EngineFailed, ImageMissing) as error:
        say(f"midcall sandbox {command}: {error}", err=True)
        raise typer.Exit(1) from error


def _scopes(text: str) -> frozenset[Scope]:
    try:
        return frozenset(Scope(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise typer.BadParameter(f"{error}; the scopes are: {', '.join(Scope)}", param_hint="--scopes") from error
