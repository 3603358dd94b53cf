"""`midcall demo`: the main job, played for a person to read."""

import contextlib
import secrets
from typing import Annotated

import httpx
import typer

from midcall.cli.demo.function_story import FunctionStory
from midcall.cli.demo.server import own_server
from midcall.cli.demo.session_story import SessionStory
from midcall.cli.demo.stage import DemoFailed, Stage
from midcall.cli.say import say


def demo(
    url: Annotated[str | None, typer.Option(help="play against a server that runs already")] = None,
    key: Annotated[str | None, typer.Option(help="its admin key", envvar="MIDCALL_KEY")] = None,
) -> None:
    """Write, review, publish and invoke a function, then play a whole session of an agent; leaves nothing behind."""
    if (url is None) != (key is None):
        raise typer.BadParameter("--url and --key go together")
    if url and key:
        # On a server of somebody's, names must be free.
        _play(url, key, suffix=f"_{secrets.token_hex(3)}")
        say("\nWhat the demo made is removed again; its agent stays, without functions.")
        return
    with own_server() as (own_url, own_key):
        _play(own_url, own_key, suffix="")
    say("Everything is stopped again: no process, no container, no file is left.")


def _play(url: str, key: str, *, suffix: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False) as client:
        stage = Stage(client)
        try:
            for story in (FunctionStory(stage, suffix), SessionStory(stage, suffix)):
                _play_one(story)
        except httpx.HTTPError as error:
            raise DemoFailed(f"{url} gave no answer: {error}") from error


def _play_one(story: FunctionStory | SessionStory) -> None:
    try:
        story.play()
    except BaseException:
        # What went wrong first is what is told.
        with contextlib.suppress(DemoFailed, httpx.HTTPError):
            story.clean_up()
        raise
    story.clean_up()
