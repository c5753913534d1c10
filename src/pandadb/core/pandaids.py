"""PandaIDs as callers give them: whole numbers, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.checks import BadValue

if TYPE_CHECKING:
    from collections.abc import Iterable


def unique(pandaids: Iterable[int]) -> list[int]:
    """Return ids in their order, each once, so that each job gets one answer.

    Raises:
        BadValue: One is no whole number: a text is not, even if it looks like one.
    """
    ids = [*dict.fromkeys(pandaids)]
    for pandaid in ids:
        if not isinstance(pandaid, int) or isinstance(pandaid, bool):
            raise BadValue(f"A PandaID is a whole number, not {pandaid!r}")
    return ids
