"""Loads of the configurator's tables: compared with the dumps, checked, written (semantics 8)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING

from sqlalchemy import Date, cast, select

from pandadb.core.sites import network_matrix, row_writes
from pandadb.core.sites.dumps.dump_kinds import DumpKind
from pandadb.core.sites.dumps.shapes import missing
from pandadb.core.sites.loaded_tables import SITES, STATS
from pandadb.core.sites.row_changes import RowChange, TableChanges, compare
from pandadb.core.sites.rows import network_metrics
from pandadb.core.sites.rows.queue_rows import queue_load, stats_load, tags_load
from pandadb.core.sites.rows.schedconfig_rows import schedconfig_load
from pandadb.core.sites.rows.site_rows import NEEDED, SiteDumps, site_loads
from pandadb.core.sql.expressions import now
from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import InvalidValue
from pandadb.models.types import Timestamp

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from pandadb.core.sites.dumps.dump_kinds import Dumps
    from pandadb.core.sites.loaded_tables import TableLoad
    from pandadb.core.sites.network_matrix import MatrixChanges
    from pandadb.core.sql.transaction import Transaction

REFRESH = timedelta(days=1)
"""The age at which the time of the last load of an unchanged row is written again."""
VANISHED = timedelta(days=7)
"""Without a load for that long, a queue is removed from SCHEDCONFIG_JSON."""


class Part(StrEnum):
    """The parts of a load, with their tables."""

    SITES = "sites"
    """SITE, PANDA_SITE, DDM_ENDPOINT, PANDA_DDM_RELATION."""
    QUEUES = "queues"
    """SCHEDCONFIG_JSON."""
    SCHEDCONFIG = "schedconfig"
    TAGS = "tags"
    """SW_TAGS."""
    STATS = "stats"
    """SITE_STATS."""
    NETWORK = "network"
    """NETWORK_MATRIX_KV."""


SOURCES = {
    Part.SITES: (DumpKind.SITES, DumpKind.DDM_ENDPOINTS),
    Part.QUEUES: (DumpKind.PANDA_QUEUES,),
    Part.SCHEDCONFIG: (DumpKind.PANDA_QUEUES,),
    Part.TAGS: (DumpKind.TAGS,),
    Part.STATS: (DumpKind.SITE_STATS,),
    Part.NETWORK: (DumpKind.NWS, DumpKind.COST_MATRIX),
}
"""The dumps of each part: one of them has to be there."""


class TooFewLoaded(InvalidValue):
    """A set that is empty, or has under half of the known rows; nothing was changed."""


@dataclass
class LoadReport:
    """The changes of a load; of a dry run, those that it would make."""

    changes: list[RowChange] = field(default_factory=list)
    refreshed: int = 0
    """Rows without a change, with the time of this load."""
    network: MatrixChanges | None = None
    skipped: dict[str, str] = field(default_factory=dict)
    """Parts of the dumps that no table gets, and the reasons."""

    def __bool__(self) -> bool:
        return bool(self.changes or self.network)


def parts_of(dumps: Dumps) -> list[Part]:
    """Return the parts that dumps are enough for."""
    return [part for part, kinds in SOURCES.items() if any(kind in dumps for kind in kinds)]


def load(
    session: Transaction,
    dumps: Dumps,
    parts: Collection[Part],
    *,
    force: bool = False,
    refresh: timedelta = REFRESH,
    dry_run: bool = False,
) -> LoadReport:
    """Bring tables in step with dumps; without changes nothing is written and nothing locked.

    LAST_UPDATE of an unchanged row is written again at the age of `refresh`; PanDA's
    server writes it at each load.

    Raises:
        InvalidValue: A dump is missing, has another shape, or a value does not fit its column.
        TooFewLoaded: A set is empty or has under half of the known rows, unless `force` is set.
    """
    at, today = _times(session)
    report = LoadReport()
    loads = [one for part in parts for one in _loads(part, dumps, today - VANISHED, report)]
    changes = _compared(session, loads, at - refresh, force=force)
    if any(changes) and not dry_run:
        row_writes.lock(session, (one.table.model for one in loads))
        changes = _compared(session, loads, at - refresh, force=force)
        _write(session, changes, at)
    for one in changes:
        report.changes += one.rows()
        report.refreshed += len(one.stale)
    if Part.NETWORK in parts:
        rows = next((one.rows for one in loads if one.table is SITES), None)
        names = network_metrics.known_sites(session) if rows is None else {key[0] for key in rows}
        metrics = network_metrics.metrics_of(dumps, names, at, report.skipped)
        report.network = network_matrix.renew(session, metrics, dry_run=dry_run)
    return report


def _write(session: Transaction, changes: Iterable[TableChanges], at: datetime) -> None:
    """Write the changes, and all but those of SITE_STATS into the history."""
    for one in changes:
        row_writes.write(session, one, at)
    noted = (one.rows() for one in changes if one.load.table is not STATS)
    row_writes.note(session, [*chain.from_iterable(noted)], at)


def _times(session: Transaction) -> tuple[datetime, datetime]:
    """Return the time, and the beginning of the day (UTC)."""
    row = connection_of(session).execute(select(now(), cast(cast(now(), Date), Timestamp())))
    at, today = row.one()
    return at, today


def _loads(
    part: Part, dumps: Dumps, vanished_before: datetime, report: LoadReport
) -> Iterable[TableLoad]:
    match part:
        case Part.SITES:
            if lacking := missing(dumps, NEEDED):
                raise InvalidValue(
                    f"sites need {', '.join(NEEDED)} together: {', '.join(lacking)} is missing"
                )
            given = SiteDumps.of(dumps)
            loads = site_loads(given)
            report.skipped |= given.skipped
            return loads
        case Part.QUEUES:
            return [queue_load(dumps, vanished_before)]
        case Part.SCHEDCONFIG:
            return [schedconfig_load(dumps)]
        case Part.TAGS:
            return [tags_load(dumps)]
        case Part.STATS:
            return [stats_load(dumps)]
        case Part.NETWORK:
            return []


def _compared(
    session: Transaction, loads: Iterable[TableLoad], stale_before: datetime, *, force: bool
) -> list[TableChanges]:
    changes = [compare(session, one, stale_before) for one in loads]
    for one in changes if not force else ():
        _check_size(one)
    return changes


def _check_size(changes: TableChanges) -> None:
    given, name = changes.load.known_by, changes.load.table.name.upper()
    if given is None:
        return
    if not given:
        raise TooFewLoaded(f"{name}: the set is empty, {changes.known:,} are known; see --force")
    number = len(given) if changes.load.is_counted else changes.staying
    if number * 2 < changes.known:
        raise TooFewLoaded(
            f"{name}: {changes.known:,} are known, the set has {number:,}: under half; see --force"
        )
