"""The operator's own tools: workspaces, keys, the sandbox image."""

from typing import Annotated

import typer

from midcall.bootstrap.pool import DEFAULT_DOCKER_URL
from midcall.bootstrap.settings import Settings
from midcall.bootstrap.store import open_storage, wire_workspaces
from midcall.domain.workspace import Scope
from midcall.sandbox.engine import Engine
from midcall.sandbox.errors import EngineFailed, ImageMissing
from midcall.sandbox.image import ensure_image
from midcall.service.workspaces import DEFAULT_WORKSPACE

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
    settings = Settings()
    storage = open_storage(settings)
    new = wire_workspaces(settings, storage).create_key(workspace, principal=principal, scopes=_scopes(scopes))
    typer.echo(new.token)


@workspaces.command("create")
def create_workspace(
    name: str, principal: Annotated[str, typer.Option(help="who the first key, an admin's, belongs to")] = "admin"
) -> None:
    """Create a workspace and print its first admin key; it is shown this once."""
    settings = Settings()
    storage = open_storage(settings)
    typer.echo(wire_workspaces(settings, storage).create(name, principal=principal).token)


@sandbox.command("build")
def build_sandbox(base: Annotated[str | None, typer.Option(help="another base image with Python 3.11")] = None) -> None:
    """Build the sandbox image, unless it is there already."""
    settings = Settings()
    try:
        with Engine(url=settings.docker_url or DEFAULT_DOCKER_URL, timeout_s=BUILD_TIMEOUT_S) as engine:
            ensure_image(engine, base=base, say=typer.echo)
    except (EngineFailed, ImageMissing) as error:
        typer.echo(f"midcall sandbox build: {error}", err=True)
        raise typer.Exit(1) from error


def _scopes(text: str) -> frozenset[Scope]:
    try:
        return frozenset(Scope(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise typer.BadParameter(f"{error}; the scopes are: {', '.join(Scope)}", param_hint="--scopes") from error
