"""Global shares of tests, and statistics of their jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from pandadb.models import GlobalShares, JobsShareStats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.core.sql.transaction import Transaction

LEAF = dict.fromkeys(GlobalShares.__table__.c.keys())
TREE = {
    "Production": (60, None, {}),
    "Group": (60, "Production", {"prodsourcelabel": "managed", "workinggroup": "GP_"}),
    "Simulation": (40, "Production", {"prodsourcelabel": "managed"}),
    "Analysis": (40, None, {"prodsourcelabel": "user|panda"}),
}
"""Value, parent and patterns of each share."""


def share_row(name: str, value: int, parent: str | None = None, **columns: Any) -> dict[str, Any]:
    """Return a row of GLOBAL_SHARES."""
    return {**LEAF, "name": name, "value": value, "parent": parent, **columns}


def rows_of(tree: Mapping[str, tuple[int, str | None, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Return the rows of a tree, numbered in its order."""
    return [
        share_row(name, value, parent, queue_id=100 + number, **patterns)
        for number, (name, (value, parent, patterns)) in enumerate(tree.items())
    ]


def make_shares(session: Transaction, rows: list[dict[str, Any]] | None = None) -> None:
    """Make shares, by default those of `TREE`."""
    session.execute(insert(GlobalShares.__table__), rows or rows_of(TREE))


def make_stats(session: Transaction, *counted: tuple[str | None, str, int | None]) -> None:
    """Make statistics of jobs: share, state and HS06 of each row."""
    rows = [
        {"gshare": share, "jobstatus": state, "hs": power, "njobs": 1, "computingsite": "CERN"}
        for share, state, power in counted
    ]
    if rows:
        session.execute(insert(JobsShareStats.__table__), rows)
