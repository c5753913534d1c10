"""Targets of global shares in HS06, and their order for dispatch (semantics 7.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Numeric, case, cast, func, select

from pandadb.core.shares import tree
from pandadb.core.sql.expressions import constants
from pandadb.core.sql.transaction import connection_of
from pandadb.models import JobsShareStats

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pandadb.core.shares.tree import Share, ShareTree
    from pandadb.core.sql.transaction import Transaction

EXECUTING_STATES, QUEUED_STATE = ("sent", "running"), "activated"
"""States of the jobs whose HS06 count as executed, and as queued; others do not count."""
WITHOUT_TARGET = 1_000_000.0
"""The use of shares without a target: they come last."""
STATS = JobsShareStats.__table__.c


@dataclass(frozen=True)
class Power:
    """Computing power of a share, in HS06."""

    executing: float = 0.0
    queued: float = 0.0
    target: float = 0.0

    @property
    def use(self) -> float:
        """Return how much of its target is used: 1.0 is all of it."""
        return self.executing / self.target if self.target else WITHOUT_TARGET

    def __add__(self, other: Power) -> Power:
        return Power(
            self.executing + other.executing,
            self.queued + other.queued,
            self.target + other.target,
        )


def distribution(session: Transaction, found: ShareTree) -> dict[str, Power]:
    """Return the power of each share by name, by the statistics of jobs (JOBS_SHARE_STATS).

    The target of a leaf is its part of all that is executed, also by jobs of shares that the tree
    does not have. Inner nodes have the sums of the leaves below them.
    """
    counted = _counted(session)
    total = sum(executing for executing, _ in counted.values())
    powers = {
        share.name: Power(*counted.get(share.name, (0.0, 0.0)), total * share.percent / 100)
        for share in found.leaves()
    }
    _add_up(found.root, powers)
    return powers


def _counted(session: Transaction) -> dict[str | None, tuple[float, float]]:
    executing, queued = (
        func.coalesce(func.sum(case((STATS.jobstatus.in_(constants(states)), power))), 0)
        for power in [cast(STATS.hs, Numeric)]
        for states in (EXECUTING_STATES, [QUEUED_STATE])
    )
    rows = select(STATS.gshare, executing, queued).group_by(STATS.gshare)
    found = connection_of(session).execute(rows)
    return {gshare: (float(running), float(waiting)) for gshare, running, waiting in found}


def _add_up(share: Share, powers: dict[str, Power]) -> Power:
    if share.children:
        below = [_add_up(child, powers) for child in share.children]
        powers[share.name] = sum(below, Power())
    return powers[share.name]


def order(share: Share, powers: Mapping[str, Power]) -> Iterator[Share]:
    """Yield the leaves below a share: at each node the child furthest below its target first."""
    if not share.children:
        yield share
    for child in sorted(share.children, key=lambda one: powers[one.name].use):
        yield from order(child, powers)


def ranking(session: Transaction) -> list[str]:
    """Return the leaves in the order of dispatch."""
    found = tree.read(session)
    return [share.name for share in order(found.root, distribution(session, found))]
