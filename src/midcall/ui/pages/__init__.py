"""All pages. A new one is a module here, and a line below."""

from midcall.ui.page import Page
from midcall.ui.pages import agents, credentials, function, functions, health, invocations, keys, sessions

PAGES: tuple[Page, ...] = (
    *functions.PAGES,
    *function.PAGES,
    *agents.PAGES,
    *sessions.PAGES,
    *invocations.PAGES,
    *credentials.PAGES,
    *keys.PAGES,
    *health.PAGES,
)
