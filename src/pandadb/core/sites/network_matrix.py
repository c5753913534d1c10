"""NETWORK_MATRIX_KV: metrics copied into its staging table and merged, old ones removed.

Metrics are compared first, so that without changes nothing is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Date, cast, delete, select
from sqlalchemy.dialects.postgresql import insert

from pandadb.core.sites.row_writes import lock
from pandadb.core.sites.rows.network_metrics import CLOSENESS, Metric, check_metrics
from pandadb.core.sql.copy import copy_rows
from pandadb.core.sql.expressions import now
from pandadb.core.sql.transaction import connection_of
from pandadb.models import NetworkMatrixKV, NetworkMatrixKVTemp
from pandadb.models.types import Timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pandadb.core.sql.transaction import Transaction

MATRIX, STAGING = NetworkMatrixKV.__table__, NetworkMatrixKVTemp.__table__
PAIR = ("src", "dst", "key")
Pair = tuple[str, str, str]
KEPT = 7
"""Days until a metric that no load has had is removed."""
OLDEST = cast(now(), Date) - KEPT
CLOSENESS_REFRESH = timedelta(minutes=30)
"""The age at which an unchanged closeness is written again: JEDI reads the last hour."""


@dataclass
class MatrixChanges:
    """Metrics that a load of the network has added, changed and removed."""

    added: int = 0
    changed: int = 0
    removed: int = 0

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def load(
    session: Transaction,
    metrics: Iterable[Metric],
    *,
    closeness_refresh: timedelta = timedelta(0),
    dry_run: bool = False,
) -> MatrixChanges:
    """Merge metrics into NETWORK_MATRIX_KV; of one that is there twice, the last counts.

    A closeness of the same value is younger by `closeness_refresh` at least, or is left as it is.
    """
    wanted = {one[:3]: one for one in metrics}
    known = _known(session) if wanted else {}
    new = [one for pair, one in wanted.items() if pair not in known]
    differing = [
        one
        for pair, one in wanted.items()
        if pair in known and _differs(one, known[pair], closeness_refresh)
    ]
    check_metrics(new + differing)
    if (new or differing) and not dry_run:
        lock(session, [NetworkMatrixKV])
        _merge(session, [*new, *differing])
    return MatrixChanges(len(new), len(differing))


def renew(
    session: Transaction, metrics: Sequence[Metric], *, dry_run: bool = False
) -> MatrixChanges:
    """Merge metrics of dumps, and remove those of more than seven days ago."""
    found = load(session, metrics, closeness_refresh=CLOSENESS_REFRESH, dry_run=dry_run)
    wanted = {one[:3]: one for one in metrics}
    found.removed = _old(session, wanted) if dry_run else remove_old(session)
    return found


def remove_old(session: Transaction) -> int:
    """Remove metrics of more than seven days ago, from midnight (UTC); return how many."""
    chosen = delete(MATRIX).where(MATRIX.c.ts < OLDEST)
    return connection_of(session).execute(chosen).rowcount


def _old(session: Transaction, wanted: Mapping[Pair, Metric]) -> int:
    """Return the number of metrics that would be removed after those that are wanted are there."""
    oldest = connection_of(session).scalars(select(cast(OLDEST, Timestamp()))).one()
    after = _known(session) | {**wanted}
    return sum(one.ts is not None and one.ts < oldest for one in after.values())


def _known(session: Transaction) -> dict[Pair, Metric]:
    rows = connection_of(session).execute(select(*(MATRIX.c[name] for name in Metric._fields)))
    return {row[:3]: Metric(*row) for row in map(tuple, rows.all())}


def _differs(wanted: Metric, known: Metric, refresh: timedelta) -> bool:
    if wanted.key == CLOSENESS and wanted.value == known.value and wanted.ts and known.ts:
        return wanted != known and not timedelta(0) <= wanted.ts - known.ts < refresh
    return wanted != known


def _merge(session: Transaction, metrics: list[Metric]) -> None:
    """Copy metrics into the staging table and merge them, in the order of the key: no deadlock."""
    connection = connection_of(session)
    connection.execute(delete(STAGING))  # rows that another loader may have left
    copy_rows(connection, NetworkMatrixKVTemp, Metric._fields, metrics)
    new = insert(MATRIX).from_select(
        Metric._fields,
        select(*(STAGING.c[name] for name in Metric._fields)).order_by(
            *(STAGING.c[name] for name in PAIR)
        ),
    )
    connection.execute(
        new.on_conflict_do_update(
            index_elements=PAIR, set_={"value": new.excluded.value, "ts": new.excluded.ts}
        )
    )
    connection.execute(delete(STAGING))
