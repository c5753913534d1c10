"""Loads of the configurator's tables, each in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.sites import network_matrix, pilot_requests, site_loads
from pandadb.core.sites.dumps.dump_kinds import DumpKind
from pandadb.core.sites.rows import network_metrics
from pandadb.core.sites.site_loads import REFRESH, Part
from pandadb.core.sql.validation import InvalidValue
from pandadb.services.sites.collector import paused_collector
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import timedelta

    from pandadb.core.sites.dumps.dump_kinds import Dumps
    from pandadb.core.sites.network_matrix import MatrixChanges
    from pandadb.core.sites.site_loads import LoadReport
    from pandadb.database import Database


def load(
    database: Database,
    dumps: Dumps,
    *,
    parts: Collection[Part] | None = None,
    force: bool = False,
    refresh: timedelta = REFRESH,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> LoadReport:
    """Bring the configurator's tables in step with dumps; return the changes.

    All in one transaction; by default all parts that have dumps. Each changed row but
    those of the network and of SITE_STATS goes to the history. Without changes nothing is written.
    LAST_UPDATE of an unchanged row is written again at the age of `refresh`; PanDA's server writes
    it at each load, as with an age of 0.

    Raises:
        InvalidValue: A dump is missing, has another shape, or a value does not fit its column.
        TooFewLoaded: A set is empty or has under half of the known rows, unless `force` is set.
    """
    chosen = [*(site_loads.parts_of(dumps) if parts is None else parts)]
    if not chosen:
        raise InvalidValue(f"there is no dump to load: give one of {', '.join(DumpKind)}")
    with paused_collector(), transaction(database, options) as connection:
        return site_loads.load(
            connection,
            dumps,
            [part for part in Part if part in chosen],
            force=force,
            refresh=refresh,
            dry_run=options.dry_run,
        )


def load_network(
    database: Database,
    metrics: Iterable[Iterable[Any]],
    *,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> MatrixChanges:
    """Merge metrics into NETWORK_MATRIX_KV, each a source, destination, key, value and time.

    Of a metric that is there twice, the last counts.

    Raises:
        InvalidValue: One has other fields, or a value does not fit its column.
    """
    checked = network_metrics.checked(metrics)
    with transaction(database, options) as connection:
        return network_matrix.load(connection, checked, dry_run=options.dry_run)


def clean_network(database: Database, *, options: VerbOptions = DEFAULT_OPTIONS) -> int:
    """Remove metrics of more than seven days ago from NETWORK_MATRIX_KV; return how many."""
    with transaction(database, options) as connection:
        return network_matrix.remove_old(connection)


def count_requests(
    database: Database,
    host: str,
    requests: Mapping[str, Mapping[str, Mapping[str, int]]],
    *,
    hours: int = 3,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> None:
    """Write the requests of pilots that a server host has counted in a period into SITEDATA.

    `requests` has numbers by site, kind (getJob, updateJob, noJob) and node.

    Raises:
        InvalidValue: A name or a number does not fit its column.
    """
    with transaction(database, options) as connection:
        pilot_requests.count_requests(connection, host, requests, hours)


def count_running(database: Database, *, options: VerbOptions = DEFAULT_OPTIONS) -> None:
    """Write the number of running user jobs of each analysis site into SITEDATA."""
    with transaction(database, options) as connection:
        pilot_requests.count_running(connection)
