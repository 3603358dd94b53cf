"""An operator's packages: the documented example, built into an image, reviewed by its list, run in a real sandbox."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.sandbox.pools import Serving, serving
from tests.integration.sandbox.test_image import INSIDE, PROGRAM

from midcall.bootstrap.allowed import allow_list
from midcall.bootstrap.settings import Settings
from midcall.domain.review import Severity, Subject
from midcall.review import review
from midcall.review.allowlist import packaged
from midcall.sandbox.engine import Engine
from midcall.sandbox.errors import ImageMissing
from midcall.sandbox.image import ensure_image
from midcall.sandbox.limits import PoolConfig
from midcall.sandbox.listed import listed_faults

EXAMPLE = Path(__file__).parents[3] / "examples" / "packages"
REQUIREMENTS = EXAMPLE / "requirements.txt"
SOURCE = (EXAMPLE / "next_workday.py").read_text()
EXPECTED = {"due": "2026-12-28", "holidays": ["Christmas Day", "Second Day of Christmas"]}
#: Packages of the default image, as code that is brought along uses them.
BROUGHT_ALONG = """
from datetime import datetime

import phonenumbers
import pytz
from dateutil import parser
from dateutil.relativedelta import relativedelta
from dateutil.rrule import MONTHLY, rrule


def handler(session):
    number = phonenumbers.parse("(030) 901820", "DE")
    berlin = pytz.timezone("Europe/Berlin").localize(datetime(2026, 7, 1, 12))
    month_later = parser.parse("31 January 2024") + relativedelta(months=+1)
    return [
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
        berlin.isoformat(),
        month_later.date().isoformat(),
        [day.month for day in rrule(MONTHLY, count=3, dtstart=month_later)],
    ]
"""


@pytest.fixture(scope="module")
def packed(config: PoolConfig, runtime_dir: Path, engine: Engine) -> Iterator[Serving]:
    """Yield a pool of the example's image, which its requirements alone lead to; it has passed the self-probe."""
    own = replace(
        config,
        socket=runtime_dir / "packed" / "pool.sock",
        pool_id=f"{config.pool_id}-packed",
        image=ensure_image(engine, requirements=REQUIREMENTS),
        size=2,
        max_concurrent=2,
    )
    with serving(own, engine) as served:
        yield served


def test_the_documented_example_is_reviewed_by_its_list_and_runs(packed: Serving) -> None:
    """Approved with the example's allow-list, refused by midcall's own; the real sandbox gives the value."""
    subject = Subject(SOURCE, parameters=frozenset({"country", "not_before", "state"}))
    assert review(subject, allowed=allow_list(Settings(allowed_modules=EXAMPLE / "allowed.toml"))) == ()
    refused = {comment.rule for comment in review(subject) if comment.severity is Severity.ERROR}
    assert refused == {"import.name"}
    report = packed.run(SOURCE, session=json.loads((EXAMPLE / "session.json").read_text()))
    assert (report.error, report.result) == (None, {"result": EXPECTED})


def test_every_name_of_the_example_is_in_its_image_and_shows_no_module(packed: Serving, pool: Serving) -> None:
    """What `midcall doctor` asks a sandbox: fine in the example's image, all missing from the plain one."""
    allowed = allow_list(Settings(allowed_modules=EXAMPLE / "allowed.toml"))
    added = allowed.beyond(packaged())
    assert listed_faults(packed.client, added, allowed.modules) == []
    missing = listed_faults(pool.client, added, allowed.modules)
    assert len(missing) == len(added)
    assert all("cannot be imported (ModuleNotFoundError" in fault for fault in missing)


def test_the_default_image_has_what_review_lets_code_bring_along(pool: Serving) -> None:
    """Every name of midcall's own list is there and shows no module; the packages work, dates and numbers."""
    own = packaged()
    assert listed_faults(pool.client, own.modules, own.modules) == []
    assert review(Subject(BROUGHT_ALONG)) == ()
    expected = ["+4930901820", "2026-07-01T12:00:00+02:00", "2024-02-29", [2, 3, 4]]
    assert pool.run(BROUGHT_ALONG).result[:3] == expected[:3]


def test_an_operators_packages_come_on_top(packed: Serving) -> None:
    """What review lets functions import stays there, whatever an operator's file leaves out."""
    assert packed.run(BROUGHT_ALONG).error is None


def test_names_that_would_let_code_past_the_review_are_found(packed: Serving) -> None:
    """What the api cannot see from outside, a sandbox says; a submodule that is on the list itself may stand there."""
    names = {"dateutil": ["parser", "rrule"], "dateutil.parser": ["parse", "parze"], "dateutil.tz": ["tz", "UTC"]}
    assert listed_faults(packed.client, names, ["dateutil", "dateutil.parser", "dateutil.tz"]) == [
        "dateutil: `rrule` is a module; list the names that may be used from it",
        "dateutil.parser: `parze` is not there",
        "dateutil.tz: `tz` is a module; list the names that may be used from it",
    ]


def test_packages_bring_no_program_and_are_compiled(packed: Serving) -> None:
    """As in the plain image: Python is the one program; a package's modules are compiled as well."""
    load = INSIDE.replace("import os, sys\n", "import os, sys\nimport holidays, phonenumbers\n")
    inside = packed.run(load).result
    assert [name for name in inside["programs"] if name not in {".dockerenv", "hosts", "resolv.conf"}] == [PROGRAM]
    assert inside["stale"] == []


def test_packages_that_cannot_be_had_are_told_by_name(engine: Engine, tmp_path: Path) -> None:
    """The words of pip reach the operator, and no image comes about."""
    lock = tmp_path / "requirements.txt"
    lock.write_text(f"phonenumbers==0.0.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(ImageMissing, match=r"pip could not fetch .*phonenumbers==0\.0\.0"):
        ensure_image(engine, requirements=lock)
