"""Coverage of partitions: their bounds, rows in the DEFAULT ones, and problems for an operator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pandadb.core.archive import backpressure
from pandadb.core.partitions import catalog
from pandadb.core.partitions.policies import POLICIES
from pandadb.services.jobs.expiry import COMMAND as EXPIRY
from pandadb.services.maintenance import last_runs, overdue, went_wrong
from pandadb.services.partitions import COMMAND, isolated_table, there

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy.orm import Session

    from pandadb.core.partitions.intervals import Bound
    from pandadb.core.partitions.policies import Policy
    from pandadb.database import Database
    from pandadb.services.failures import Failure
    from pandadb.services.maintenance import LastRun


@dataclass(frozen=True)
class TableCoverage:
    """The partitions of a table."""

    table: str
    interval: str
    retention: str | None
    then: str
    partitions: int
    first: Bound | None
    """The lowest bound."""
    last: Bound | None
    """The highest bound."""
    ahead: int
    """Number of partitions after the current one."""
    stray: int
    """Rows in the DEFAULT partition."""
    bytes: int
    beyond: int = 0
    """Those of them that no partition can have, such as of infinity."""
    far: int = 0
    """Rows with ids far beyond all others."""


@dataclass(frozen=True)
class Coverage:
    """The partitions of all tables."""

    tables: list[TableCoverage]
    runs: list[LastRun]
    """The last runs of `partitions maintain` and `jobs expire`, of those that have run."""
    replica_lag: backpressure.Lag
    problems: list[str] = field(default_factory=list)
    """Problems for an operator, a sentence each."""


def coverage(
    database: Database,
    policies: Mapping[str, Policy] = POLICIES,
    *,
    failed: list[Failure] | None = None,
) -> Coverage:
    """Return the coverage of each table.

    Tables that cannot be read are added to `failed`; without it, the first is an error.
    """
    tables: list[TableCoverage] = []
    problems: list[str] = []
    for policy in policies.values():
        with isolated_table(failed, policy), database.session() as session:
            found = _cover(session, policy)
            tables.append(found)
            problems += _problems(found, policy)
    runs = last_runs(database, COMMAND, EXPIRY)
    with database.session() as session:
        lag = backpressure.lag(session)
        now = catalog.now(session)
    return Coverage(tables, runs, lag, [*problems, *went_wrong(runs), *overdue(runs, now)])


def _problems(found: TableCoverage, policy: Policy) -> Iterator[str]:
    if policy.ahead and not found.ahead:
        yield f"{found.table} has no partition ahead: pandadb partitions maintain"
    if found.stray > found.beyond:
        yield (
            f"{found.table} has {found.stray - found.beyond} rows in its DEFAULT partition: "
            "pandadb partitions maintain --drain"
        )
    if found.beyond or found.far:
        yield (
            f"{found.table} has {found.beyond + found.far} rows for which no partition is made: "
            "pandadb partitions plan"
        )


def _cover(session: Session, policy: Policy) -> TableCoverage:
    has, stray = there(session, policy)
    latest = catalog.latest(session, policy, catalog.now(session))
    current = policy.interval.start(latest.value)
    return TableCoverage(
        table=policy.table,
        interval=str(policy.interval),
        retention=str(policy.retention) if policy.retention else None,
        then=str(policy.then),
        partitions=len(has),
        first=next((one.lower for one in has if one.lower is not None), None),
        last=next((one.upper for one in reversed(has) if one.upper is not None), None),
        ahead=sum(one.lower is not None and one.lower > current for one in has),
        stray=stray.rows,
        beyond=stray.beyond,
        far=latest.far,
        bytes=sum(one.bytes for one in has),
    )
