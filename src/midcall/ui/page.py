"""What a page declares, and how it is shown: signed in, in the frame, its errors in words."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from nicegui import ui
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from midcall.domain.errors import Forbidden, MidcallError, Unauthenticated
from midcall.domain.workspace import Own, Scope
from midcall.service.access.access import Caller
from midcall.ui.frame import frame
from midcall.ui.page_context import OVER, Needs, PageContext
from midcall.ui.parts.empty import empty
from midcall.ui.sign_ins import SignIn
from midcall.ui.site import THEME_COOKIE, Site, prefix_of, the_site

#: A page must be built within this time; what takes longer is loaded once it is open (see parts/table.py).
BUILD_S = 10.0


@dataclass(frozen=True, slots=True)
class Page:
    """One page: `build` gets its context and the path's parameters (as text), and makes the elements."""

    path: str
    title: str
    build: Callable[..., Awaitable[None]]
    #: It takes one of them to see the page.
    needs: Needs = (Scope.READ,)


def add_page(page: Page) -> None:
    """Have NiceGUI serve a page."""

    async def show(request: Request, **given: str) -> Response | None:
        site = the_site()
        session: SignIn = request.state.sign_in
        try:
            caller, workspace = await site.in_thread(lambda: _who(site, session))
        except Unauthenticated:
            site.sign_ins.end(session)
            return RedirectResponse(f"{prefix_of(request)}/{OVER}", 303)
        theme = request.cookies.get(THEME_COOKIE)
        context = PageContext(
            site=site,
            session=session,
            client=ui.context.client,
            caller=caller,
            workspace=workspace,
            prefix=prefix_of(request),
            theme=theme if theme in {"light", "dark"} else None,
        )
        site.sign_ins.touch(session)
        await _show(page, context, given)
        return None

    # NiceGUI and FastAPI read the path's parameters from the signature.
    wanted = list(inspect.signature(page.build).parameters.values())[1:]
    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [parameter.replace(kind=kind, annotation=str) for parameter in wanted]
    first = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Request)
    show.__signature__ = inspect.Signature([first, *parameters])  # type: ignore[attr-defined]
    ui.page(page.path, title=f"{page.title} · midcall", dark=None, response_timeout=BUILD_S)(show)


async def _show(page: Page, context: PageContext, given: dict[str, Any]) -> None:
    with frame(context, page.path):
        try:
            _check(page, context.caller)
            await page.build(context, **given)
        except Unauthenticated:
            return  # it goes to the sign-in page
        except MidcallError as error:
            empty("This page cannot be shown", error.message, icon="block")


def _check(page: Page, caller: Caller) -> None:
    """Refuse a page that its use cases would refuse, in words of its own."""
    if any(map(caller.key.may, page.needs)):
        return
    if caller.key.agents and not any(isinstance(scope, Own) for scope in page.needs):
        names = ", ".join(caller.key.agents)
        raise Forbidden(f"Your key is limited to agents: {names}. This page is about the whole workspace.")
    wanted = " or ".join(f'"{scope.scope if isinstance(scope, Own) else scope}"' for scope in page.needs)
    held = ", ".join(sorted(caller.key.held)) or "none"
    raise Forbidden(
        f"It needs a key with the scope {wanted}; yours has {held}. Who administers this workspace can make one."
    )


def _who(site: Site, session: SignIn) -> tuple[Caller, str]:
    caller = site.services.access.recognise(session.proof)
    return caller, site.services.workspaces.get(caller).name
