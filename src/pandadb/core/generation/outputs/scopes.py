"""The scope of files of output datasets; only some VOs have scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandadb.core.generation.slices import Row

VOS = ("atlas",)
"""VOs with scopes."""
PERSONAL = ("user", "group")
"""Beginnings of names with a scope of two fields, in lower case."""


def scope_of(dataset: Row) -> str | None:
    """Return the scope that a dataset's name begins with; None for VOs without scopes."""
    if dataset["vo"] not in VOS:
        return None
    return scope_of_name(dataset["datasetname"])


def scope_of_name(name: str) -> str | None:
    """Return the scope that a name begins with: its first field, of users and groups two."""
    first, *others = name.split(".")
    if not name.lower().startswith(PERSONAL):
        return first
    return f"{first}.{others[0]}".lower() if others else None
