"""The audit trail, read: who did what, when, to which bytes. The use cases write it; nothing changes it."""

import re
from dataclasses import dataclass

from midcall.domain.errors import Fault, Forbidden, InvalidInput
from midcall.domain.workspace import Scope
from midcall.service.access.access import Caller
from midcall.storage.database import Storage
from midcall.storage.listings import AuditFilter, AuditLine, PageRequest

#: What a key with the scope `read` may read of: how functions came to be what they are. The rest is for admins.
OF_FUNCTIONS = ("function", "version", "test_case")

#: A line's number; more digits than this no row has.
_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """Use case of the audit trail."""

    storage: Storage

    def page(self, caller: Caller, page: PageRequest, *, function: str | None, kind: str | None) -> list[AuditLine]:
        """List lines, newest first; a caller who is no admin is shown those of functions alone."""
        if caller.key.agents:
            raise Forbidden("this key is limited to named agents; it may use their sessions alone")
        if page.cursor is not None and not _NUMBER.fullmatch(page.cursor):
            raise InvalidInput(faults=[Fault("cursor", "give the next_cursor of the page before")])
        where = AuditFilter(function=function, kind=kind, nouns=None if caller.key.may(Scope.ADMIN) else OF_FUNCTIONS)
        with self.storage.read() as tx:
            return list(tx.audit.page(caller.workspace_id, where, page))
