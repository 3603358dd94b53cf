"""All pages. A new one is a module here, and a line below."""

from midcall.ui.page import Page
from midcall.ui.pages import (
    agents,
    audit,
    credentials,
    function,
    functions,
    health,
    invocations,
    keys,
    sessions,
    workspace,
)

PAGES: tuple[Page, ...] = (
    *functions.PAGES,
    *function.PAGES,
    *agents.PAGES,
    *sessions.PAGES,
    *invocations.PAGES,
    *credentials.PAGES,
    *keys.PAGES,
    *health.PAGES,
    *workspace.PAGES,
    *audit.PAGES,
)
