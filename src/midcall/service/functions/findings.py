"""What there is to say of a function's document, in a workspace or on its author's own machine."""

from collections.abc import Mapping
from dataclasses import replace

from midcall.domain.function import naming_advice, timeout_advice
from midcall.domain.function_config import FunctionConfig, Kind
from midcall.domain.review import Comment, ReviewReport, Severity, Subject, WebhookSubject, waited_for
from midcall.domain.swallowed import swallowed
from midcall.service.ports import Reviewer


def findings_of(
    reviewer: Reviewer,
    config: FunctionConfig,
    credentials: Mapping[str, str] | None,
    phases: frozenset[str] = frozenset(),
) -> ReviewReport:
    """Review a version's document: what the reviewer says of it, and advice on its names and its timeout.

    `credentials` are those of its workspace that it names, each with its type; None: nobody looked. `phases` are those
    that it is attached to, or is to be.
    """
    if config.kind is Kind.WEBHOOK:
        there = None if credentials is None else frozenset(credentials)
        webhook = WebhookSubject(config.webhook, config.parameters, there)
        findings = reviewer.review_webhook(webhook)
    else:
        findings = reviewer.review(_subject(config, credentials, phases))
    advice = tuple(
        Comment(f"naming-{field}", Severity.WARNING, f"{field}: {text}", text)
        for field, text in naming_advice(config.name, config.description)
    )
    advice += tuple(
        Comment(
            "naming-parameters",
            Severity.WARNING,
            f"parameters.properties.{name}: {why}. midcall itself takes the name.",
            f"Give it another name, such as {other}.",
        )
        for name, why, other in swallowed(config.parameters)
    )
    if waited_for(phases, background=config.background):
        text = timeout_advice(config.timeout)
        advice += (Comment("timing-timeout", Severity.INFO, f"timeout: {text}", text),) if text else ()
    return replace(findings, comments=findings.comments + advice)


def _subject(config: FunctionConfig, credentials: Mapping[str, str] | None, phases: frozenset[str]) -> Subject:
    entries = config.code.actions
    return Subject(
        source=config.code.source,
        parameters=frozenset(config.parameters.get("properties", {})),
        actions=tuple(entry.name for entry in entries),
        phases=phases,
        egress=config.code.egress,
        declared={entry.name: entry.credentials for entry in entries if entry.credentials},
        credentials=credentials,
        background=config.background,
    )
