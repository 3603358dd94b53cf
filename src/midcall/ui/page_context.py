"""One open page, and how it calls use cases: in the services' threads, as a key that is asked for again each time."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import structlog
from nicegui import Client, ui

from midcall.domain.errors import MidcallError, Unauthenticated
from midcall.domain.on_behalf import OWNER
from midcall.domain.workspace import Own, Scope
from midcall.service.access.access import Caller
from midcall.service.admin.forms import AnyForm, read_form
from midcall.service.runs.wait import InThread
from midcall.ui.sign_ins import SignIn
from midcall.ui.site import Site
from midcall.web.services import Services

log = structlog.get_logger()

T = TypeVar("T")

#: Scopes of which one is enough.
Needs = tuple[Scope | Own, ...]

UNEXPECTED = "Something went wrong in midcall itself; its log has the details. Try again."
OVER = "sign-in?why=over"


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """A use case's return value, wrapped: true, whatever the value is."""

    value: T


class Busy(Protocol):
    """Something that shows that work is under way: a button, a table."""

    def set_busy(self, *, busy: bool) -> None:
        """Show it, or no longer."""
        ...


class ErrorPlace(Protocol):
    """Where an error is shown: a banner."""

    def show(self, error: MidcallError) -> None:
        """Show an error to the person who looks at the page."""
        ...

    def clear(self) -> None:
        """Take the error away."""
        ...


@dataclass(slots=True)
class PageContext:
    """One open page: who looks at it, and what it may call."""

    site: Site
    session: SignIn
    client: Client
    #: As it was when the page was opened: for what is offered and shown. Use cases are called as it is by then.
    caller: Caller
    workspace: str
    #: What stands before a page's own path in the browser.
    prefix: str
    #: `light`, `dark`, or None: what the system prefers.
    theme: str | None = None
    #: Elements of the frame that pages may put something into.
    slots: dict[str, ui.element] = field(default_factory=dict)

    @property
    def services(self) -> Services:
        """The use cases of this process."""
        return self.site.services

    @property
    def in_thread(self) -> InThread:
        """The runner of the blocking parts of asynchronous use cases."""
        return self.site.in_thread

    def may(self, *scopes: Scope | Own) -> bool:
        """Tell whether to offer something that needs one of the scopes; the use case itself refuses anyway."""
        return any(map(self.caller.key.may, scopes))

    def href(self, path: str) -> str:
        """Return the address of a page (`/functions/x`) for tables and plain HTML; `ui.link` adds the prefix itself."""
        return f"{self.prefix}{path}"

    async def call(self, needs: Scope | Own | Needs, use_case: Callable[[Caller], T], *, passive: bool = False) -> T:
        """Run a blocking use case in a thread of the services; raises MidcallError.

        `needs`: the scope that the API's route of this use case asks for, or several of which one is enough. Use cases
        leave that to their entrances, so a wrong scope here is a hole. `Own(scope)` lets keys in that are limited to
        agents, and is for use cases that look whose a thing is.
        `passive`: nobody asked for it (a timer did), so it does not keep the session alive. A session that is over, or
        a key that is no longer good, leads to the sign-in page.
        """

        def as_caller() -> T:
            return use_case(self._caller(needs))

        self._enter(passive=passive)
        with self._leaving():
            found: T = await self.site.in_thread(as_caller)
        return found

    async def call_async(self, needs: Scope | Own | Needs, use_case: Callable[[Caller], Awaitable[T]]) -> T:
        """Run an asynchronous use case, such as those that wait for a run's outcome; raises MidcallError."""
        self._enter(passive=False)
        with self._leaving():
            caller: Caller = await self.site.in_thread(self._caller, needs)
            return await use_case(caller)

    async def run(
        self,
        needs: Scope | Own | Needs,
        use_case: Callable[[Caller], T],
        *,
        busy: Busy | None = None,
        errors: ErrorPlace | None = None,
        said: str | None = None,
        passive: bool = False,
    ) -> Done[T] | None:
        """Run a use case for an event handler: show that it runs, then say what came of it; None if it failed.

        An error goes to `errors` (a banner) or into a message; `said` is the message of success. Nothing is raised.
        """
        return await self._told(self.call(needs, use_case, passive=passive), busy, errors, said)

    async def run_async(
        self,
        needs: Scope | Own | Needs,
        use_case: Callable[[Caller], Awaitable[T]],
        *,
        busy: Busy | None = None,
        errors: ErrorPlace | None = None,
        said: str | None = None,
    ) -> Done[T] | None:
        """Do the same with an asynchronous use case."""
        return await self._told(self.call_async(needs, use_case), busy, errors, said)

    async def read_form(self, form: type[AnyForm], given: Mapping[str, object], errors: ErrorPlace) -> AnyForm | None:
        """Read a form before anything is asked or done for it; None if it has faults, which `errors` shows then."""
        done = await self._told(self.site.in_thread(read_form, form, given), None, errors, None)
        return None if done is None else done.value

    def go(self, path: str) -> None:
        """Open another page (`/functions/x`) in this tab."""
        self.client.open(path)

    def say(self, text: str) -> None:
        """Show a short message."""
        with self.client:
            ui.notify(text, position="bottom", timeout=4_000)

    def _caller(self, needs: Scope | Own | Needs) -> Caller:
        caller = self.services.access.recognise(self.session.proof)
        caller.need(*(needs if isinstance(needs, tuple) else (needs,)))
        return caller

    def enter(self) -> None:
        """Go on as who is signed in; raises Unauthenticated, and goes to the sign-in page, if the session is over."""
        self._enter(passive=False)

    def _enter(self, *, passive: bool) -> None:
        if self.site.sign_ins.find(self.session.id) is None:
            self.leave()
            raise Unauthenticated
        OWNER.set(self.caller.workspace_id)
        if not passive:
            self.site.sign_ins.touch(self.session)

    @contextmanager
    def _leaving(self) -> Iterator[None]:
        try:
            yield
        except Unauthenticated:
            self.leave()
            raise

    def leave(self) -> None:
        """End the session, and go to the sign-in page."""
        self.site.sign_ins.end(self.session)
        self.client.open(f"/{OVER}")

    async def _told(
        self, work: Awaitable[T], busy: Busy | None, errors: ErrorPlace | None, said: str | None
    ) -> Done[T] | None:
        if errors is not None:
            errors.clear()
        if busy is not None:
            busy.set_busy(busy=True)
        try:
            done = Done(await work)
        except Unauthenticated:
            return None
        except MidcallError as error:
            self._complain(error, errors)
            return None
        except Exception:  # the edge of a page's event: its person must be told, the page goes on
            log.exception("ui_failed")
            self._complain(MidcallError(UNEXPECTED), errors)
            return None
        finally:
            if busy is not None and not self.client.is_deleted:
                busy.set_busy(busy=False)
        if said is not None and not self.client.is_deleted:
            self.say(said)
        return done

    def _complain(self, error: MidcallError, errors: ErrorPlace | None) -> None:
        if self.client.is_deleted:
            return
        if errors is not None:
            errors.show(error)
            return
        faults = "; ".join(f"{fault.loc}: {fault.msg}" for fault in error.faults)
        with self.client:
            ui.notify(faults or error.message, type="negative", position="bottom", timeout=8_000, close_button="Close")
