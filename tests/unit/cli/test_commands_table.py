"""The command line loads what a command needs, and no more."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from midcall.cli.main import COMMANDS, app, load

LOADED = "import sys; from midcall.cli.main import load; load('pool'); print(*sorted(sys.modules))"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_is_there(name: str) -> None:
    """Each name leads to a command that can say what it is for."""
    assert load(name).name == name
    told = CliRunner().invoke(app, [name, "--help"])
    assert told.exit_code == 0
    assert f" {name} [OPTIONS]" in told.output


def test_the_pool_loads_no_database_no_queue_and_no_web_framework() -> None:
    """What speaks to the Docker Engine holds as little as can be; it is also back sooner when it was killed."""
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert "docker" in loaded
    assert not loaded & {"sqlalchemy", "alembic", "psycopg", "redis", "rq", "fastapi", "starlette", "uvicorn"}
