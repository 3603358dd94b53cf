"""`midcall migrate`."""

from midcall.bootstrap.settings import Settings
from midcall.bootstrap.store import migrate_storage
from midcall.cli.say import say


def migrate() -> None:
    """Bring the database to the schema of this release."""
    settings = Settings()
    migrate_storage(settings)
    say("The database has the schema of this release.")
