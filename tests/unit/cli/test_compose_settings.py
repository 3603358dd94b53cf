"""The compose file hands each process the settings that it is for, and the docs name them all."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from midcall.bootstrap.settings import Settings

ROOT = Path(__file__).parents[3]
#: What the compose file decides by itself, since its containers, networks and volumes depend on it.
DECIDED = {
    "data_dir",
    "runtime_dir",
    "database_url",
    "redis_url",
    "redis_unprotected",
    "host",
    "port",
    "allowed_modules",
    "pool_peer_uid",
    "sandbox_requirements",
    "docker_url",
}
OF_POOL = {"pool_size", "pool_max_busy", "pool_id", "sandbox_image", "sandbox_runtime"}
#: Of pool and api.
OF_POOL_AND_API = {"jail"}
OF_ALL = {"log_format", "log_level"}
OF_WORKERS = {"live_workers", "workers"}
#: Of api and workers.
OF_RUNS = {
    "approval_key",
    "secret_keys",
    "connector_urls",
    "max_queued",
    "outbound_allow",
    "outbound_ignore_ssl",
    "outbound_proxy",
    "outbound_source",
    "retry_delays_s",
}
OF_API = set(Settings.model_fields) - DECIDED - OF_POOL - OF_ALL - OF_WORKERS - OF_RUNS


def environment(service: str) -> dict[str, Any]:
    """Read what a service's processes are given."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"][service]
    return dict(found["environment"])


@pytest.mark.parametrize(
    ("service", "wanted"),
    [
        ("api", OF_ALL | OF_RUNS | OF_API),
        ("worker", OF_ALL | OF_RUNS | OF_WORKERS),
        ("worker-live", OF_ALL | OF_RUNS | OF_WORKERS),
        ("pool", OF_ALL | OF_POOL | OF_POOL_AND_API),
    ],
)
def test_each_setting_reaches_the_processes_that_it_is_for(service: str, wanted: set[str]) -> None:
    """A setting that stays in `.env` does nothing, and says nothing; a new one is for some process."""
    given = environment(service)
    for name in sorted(wanted):
        variable = f"MIDCALL_{name.upper()}"
        assert f"${{{variable}:" in str(given.get(variable)), f"{service} does not get {variable}"


def test_nothing_else_is_handed_on() -> None:
    """The pool gets no secret; the assistant's key is the api's alone."""
    for service, also in (("pool", {"DATA_DIR"}), ("worker", {"DATA_DIR", "DATABASE_URL", "REDIS_URL"})):
        wanted = OF_ALL | (
            OF_POOL | OF_POOL_AND_API if service == "pool" else OF_RUNS | OF_WORKERS | {"allowed_modules"}
        )
        known = {f"MIDCALL_{name.upper()}" for name in wanted} | {f"MIDCALL_{name}" for name in also}
        assert {name for name in environment(service) if name.startswith("MIDCALL_")} <= known


def test_the_docs_name_every_setting() -> None:
    """In the table of docs/operating.md, where some stand together."""
    text = (ROOT / "docs" / "operating.md").read_text()
    for name in Settings.model_fields:
        family = name.partition("_")[0]
        short = f"`_{name.removeprefix(f'{family}_').upper()}`"
        assert f"`MIDCALL_{name.upper()}`" in text or (f"`MIDCALL_{family.upper()}_" in text and short in text), name


def test_what_is_left_empty_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """The compose file hands on what `.env` does not name as an empty text."""
    fields = {name: field for name, field in Settings.model_fields.items() if name not in DECIDED}
    for name in fields:
        monkeypatch.setenv(f"MIDCALL_{name.upper()}", "")
    found = Settings()
    for name, field in fields.items():
        assert getattr(found, name) == field.get_default(call_default_factory=True), name
