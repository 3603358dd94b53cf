"""All rules, in one list: to add one, write it in its family's file; to add a family, name its file here."""

from midcall.review.module import Module
from midcall.review.rule import Rule
from midcall.review.rules import (
    action_credentials,
    actions,
    builtins,
    classes,
    contract,
    declared,
    flakes,
    flow,
    formats,
    identifiers,
    imports,
    patterns,
    policy,
    reach,
    regexes,
    resources,
    secrets,
    text,
)
from midcall.review.text import SourceText

TEXT_RULES: tuple[Rule[SourceText], ...] = text.RULES
TREE_RULES: tuple[Rule[Module], ...] = (
    *contract.RULES,
    *declared.RULES,
    *actions.RULES,
    *action_credentials.RULES,
    *imports.RULES,
    *builtins.RULES,
    *policy.RULES,
    *classes.RULES,
    *reach.RULES,
    *formats.RULES,
    *patterns.RULES,
    *flakes.RULES,
    *identifiers.RULES,
    *flow.RULES,
    *resources.RULES,
    *regexes.RULES,
    *secrets.RULES,
)
