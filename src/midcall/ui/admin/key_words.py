"""Scopes in words."""

from collections.abc import Mapping

from midcall.domain.workspace import Scope

#: From the least to all.
SCOPES: Mapping[Scope, str] = {
    Scope.READ: "Look at everything: functions, sessions, runs.",
    Scope.RUN: "Call functions: what a voice platform or chat system needs.",
    Scope.WRITE: "Write, test and publish functions; save agents and credentials.",
    Scope.REVIEW: "Approve or reject what others wrote.",
    Scope.ADMIN: "All of it, keys and settings too.",
}
