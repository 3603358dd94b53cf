"""The workspace's settings, and the secret that midcall signs its calls with."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from nicegui import ui

from midcall.domain.isolation import WEAKER
from midcall.domain.times import now_ms
from midcall.domain.workspace import ApprovalMode, Ceilings, Scope, Workspace, WorkspaceSettings
from midcall.service.access.access import Caller
from midcall.service.admin.forms import NewSigningSecret, WorkspaceChange, read_form
from midcall.service.credentials.signing import RotatedSecret
from midcall.ui.admin.credential_words import ValueWords
from midcall.ui.admin.fields import FormErrors
from midcall.ui.admin.setting_fields import ChoiceSetting, NumberSetting, Setting, SwitchSetting, TextSetting
from midcall.ui.admin.shown_once import shown_once
from midcall.ui.confirmations import Confirmation
from midcall.ui.page import Page
from midcall.ui.page_context import PageContext
from midcall.ui.parts.attributes import named
from midcall.ui.parts.buttons import danger, primary
from midcall.ui.parts.confirm import confirmed
from midcall.ui.parts.confirm_page import confirmed_on_page
from midcall.ui.parts.header import page_header
from midcall.ui.parts.times import exactly

APPROVAL = {
    ApprovalMode.AUTO.value: "Whatever passes the review is approved",
    ApprovalMode.HUMAN.value: "A person approves, and never the author",
}
ONCE = "It is shown this once. Whoever receives midcall's calls checks their signature with it."
BOTH = " Calls are signed with the secret before it as well until {until}."


MADE, BROUGHT = "one that midcall makes", "the one that was typed"


async def build(context: PageContext) -> None:
    """Show the settings of the workspace."""
    workspace = await context.call(Scope.ADMIN, context.services.workspaces.get)
    with page_header("Workspace", about=f"Settings of {workspace.name}. They hold for all of its functions."):
        pass
    with ui.element("form").classes("mc-stack").props("autocomplete=off") as element:
        fields = _fields(workspace)
        errors = FormErrors(fields)
        with ui.element("div").classes("mc-actions"):
            button = primary("Save").props("type=submit")

    async def save() -> None:
        given: dict[str, object] = {}
        for field in fields:
            field.put(given)
        if not given:
            context.say("Nothing was changed")
            return

        wanted = await context.read_form(WorkspaceChange, given, errors)
        if wanted is None:
            return

        def change(caller: Caller) -> Workspace:
            return context.services.workspaces.change(caller, wanted.changes())

        facts = {name: json.dumps(value) for name, value in given.items()}
        if not await confirmed_on_page(context, Confirmation("Change the workspace's settings", "Save", facts)):
            return
        if await context.run(Scope.ADMIN, change, busy=button, errors=errors, said="Saved"):
            for field in fields:
                field.kept()

    element.on("submit.prevent", save, [])
    _signing(context)


#: Each setting by what it is about: its path, its words, and for numbers their unit.
SETTINGS: Sequence[tuple[str, Sequence[tuple[str, ValueWords, str]]]] = (
    (
        "Approval",
        (
            ("approval", ValueWords("After a clean review"), ""),
            (
                "enforce_current_policy",
                ValueWords(
                    "Run only what today's rules let through",
                    "Versions approved under older rules are refused once the new rules refuse them.",
                ),
                "",
            ),
        ),
    ),
    ("Isolation", (("allow_jail", ValueWords("Allow jails", WEAKER), ""),)),
    (
        "What is kept",
        (
            (
                "record_actions",
                ValueWords(
                    "Record what actions were answered", "Masked; so that runs can be replayed without calling out."
                ),
                "",
            ),
            (
                "retention_days",
                ValueWords("Delete sessions and runs after", "Counted from their end. Empty: they are kept."),
                "days",
            ),
            (
                "refused_retention_days",
                ValueWords("Delete calls that were refused after", "Nothing ran for them. Empty: they are kept."),
                "days",
            ),
            (
                "event_retention_days",
                ValueWords("Delete events of sessions after", "Counted from the session's end. Empty: they are kept."),
                "days",
            ),
            (
                "audit_retention_days",
                ValueWords("Delete lines of the audit trail after", "30 days at least. Empty: they are kept."),
                "days",
            ),
        ),
    ),
    (
        "Sessions",
        (
            ("session_idle_s", ValueWords("A session ends without a sign of life for", "3600 is an hour."), "s"),
            ("session_max_age_s", ValueWords("A session ends at the latest after", "86400 is a day."), "s"),
            (
                "pre_session_timeout_ms",
                ValueWords("Functions before a session have", "All together. Vapi waits 7500 ms for its answer."),
                "ms",
            ),
            (
                "post_session_wait_s",
                ValueWords("Functions after a session wait for an analysis", "They start then, or when it comes."),
                "s",
            ),
            (
                "default_region",
                ValueWords(
                    "Country of callers",
                    "Two letters, such as DE: of phone numbers without a country code. Empty: callers are asked.",
                ),
                "",
            ),
            (
                "time_zone",
                ValueWords("Time zone of callers", "Such as Europe/Berlin: of times that are said without one."),
                "",
            ),
            (
                "callback_url",
                ValueWords("Callback URL", "Told of what happens in sessions, signed. Empty: nobody is called."),
                "",
            ),
        ),
    ),
    (
        "Limits",
        (
            ("limits.max_in_flight", ValueWords("Calls of code at once", "Queued or running; more get a 429."), ""),
            (
                "limits.max_webhooks_in_flight",
                ValueWords("Calls of webhooks at once", "They only wait for a network."),
                "",
            ),
        ),
    ),
)


def _fields(workspace: Workspace) -> list[Setting]:
    """Make a field for each setting."""
    fields: list[Setting] = []
    for title, group in SETTINGS:
        with _group(title):
            fields += [
                _field(loc, _with_ceiling(loc, words, workspace.ceilings), _now(loc, workspace.settings), unit)
                for loc, words, unit in group
            ]
    return fields


def _now(loc: str, settings: WorkspaceSettings) -> object:
    return getattr(settings, loc.rpartition(".")[2])


def _with_ceiling(loc: str, words: ValueWords, ceilings: Ceilings) -> ValueWords:
    """Add what the operator allows, where that is less than anything."""
    if not loc.startswith("limits."):
        return words
    most = getattr(ceilings, loc.removeprefix("limits."))
    return replace(words, hint=f"{words.hint} The operator allows at most {most}.")


def _field(loc: str, words: ValueWords, now: object, unit: str) -> Setting:
    if isinstance(now, ApprovalMode):
        return ChoiceSetting(loc, words, APPROVAL, now.value)
    if isinstance(now, bool):
        return SwitchSetting(loc, words, before=now)
    if loc in {"callback_url", "default_region", "time_zone"}:
        return TextSetting(loc, words, now if isinstance(now, str) else None)
    return NumberSetting(loc, words, now if isinstance(now, int) else None, unit=unit)


@contextmanager
def _group(title: str) -> Iterator[None]:
    with named(ui.element("section").classes("mc-card"), title):
        ui.label(title).classes("mc-card-title").props('role="heading" aria-level=2')
        with ui.element("div").classes("mc-fields mc-two"):
            yield


def _signing(context: PageContext) -> None:
    place = ui.element("div")
    with ui.element("section").classes("mc-card").props('aria-label="Signing secret"'):
        ui.label("Signing secret").classes("mc-card-title").props('role="heading" aria-level=2')
        ui.label(
            "midcall signs webhooks and callbacks, so that receivers know they come from here. "
            "The secret is shown when it is made, and never again."
        )
        own = ui.input("A secret that receivers have already", password=True)
        own.props('outlined dense autocomplete=new-password spellcheck=false hint="Left empty: midcall makes one"')
        button = danger("New signing secret", icon="autorenew")

    async def rotate() -> None:
        brought = own.value or None

        def renew(caller: Caller) -> RotatedSecret:
            form = read_form(NewSigningSecret, {"secret": brought})
            return context.services.signing.rotate(caller, form.secret)

        text = "Receivers need the new one within a day: until then calls are signed with both, afterwards not."
        if not await confirmed("Make a new signing secret?", text, act="Make a new secret"):
            return
        if not await confirmed_on_page(
            context,
            Confirmation(
                "Make a new signing secret", "Make a new secret", {"Secret": MADE if brought is None else BROUGHT}
            ),
        ):
            return
        done = await context.run(Scope.ADMIN, renew, busy=button)
        if done is not None:
            place.clear()
            own.set_value("")
            with place:
                until = done.value.previous_until
                text = ONCE + (BOTH.format(until=exactly(until)) if until > now_ms() else "")
                shown_once(done.value.current, what="signing secret", text=text, done=place.clear)

    button.on_click(rotate)


PAGES = (Page("/workspace", "Workspace", build, needs=(Scope.ADMIN,)),)
