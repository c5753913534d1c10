# Written from the functions of `pandadb.services.sites` by `pandadb docs stubs`.

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pandadb.aio.base.database import AsyncDatabase
from pandadb.core.sites.dumps.dump_kinds import Dumps
from pandadb.services.sites import (
    ChangeKind,
    DumpKind,
    HistoryPage,
    JobNotFound,
    LoadReport,
    MatrixChanges,
    Part,
    QueueCandidate,
    RowChange,
    SiteNotFound,
    SourceUnavailable,
    TooFewLoaded,
    VerbOptions,
    gather,
    generate,
    parse,
)

__all__ = [
    "ChangeKind",
    "DumpKind",
    "HistoryPage",
    "JobNotFound",
    "LoadReport",
    "MatrixChanges",
    "Part",
    "QueueCandidate",
    "RowChange",
    "SiteNotFound",
    "SourceUnavailable",
    "TooFewLoaded",
    "VerbOptions",
    "candidates",
    "clean_network",
    "count_requests",
    "count_running",
    "find",
    "gather",
    "generate",
    "get",
    "history",
    "load",
    "load_network",
    "parse",
]

async def candidates(
    database: AsyncDatabase,
    pandaid: int,
) -> list[QueueCandidate]:
    """Return all queues, those that can run a job first, each with the first reason why not.

    Raises:
        InvalidValue: `pandaid` is no PandaID.
        JobNotFound: No table before the archive has the job.
    """

async def clean_network(
    database: AsyncDatabase,
    *,
    options: VerbOptions = ...,
) -> int:
    """Remove metrics of more than seven days ago from NETWORK_MATRIX_KV; return how many."""

async def count_requests(
    database: AsyncDatabase,
    host: str,
    requests: Mapping[str, Mapping[str, Mapping[str, int]]],
    *,
    hours: int = 3,
    options: VerbOptions = ...,
) -> None:
    """Write the requests of pilots that a server host has counted in a period into SITEDATA.

    `requests` has numbers by site, kind (getJob, updateJob, noJob) and node.

    Raises:
        InvalidValue: A name or a number does not fit its column.
    """

async def count_running(
    database: AsyncDatabase,
    *,
    options: VerbOptions = ...,
) -> None:
    """Write the number of running user jobs of each analysis site into SITEDATA."""

async def find(
    database: AsyncDatabase,
    *,
    role: str | None = None,
) -> list[dict[str, Any]]:
    """Return the sites by name, with the numbers of their PanDA sites and endpoints and the space.

    Raises:
        InvalidValue: `role` does not fit its column.
    """

async def get(
    database: AsyncDatabase,
    name: str,
) -> dict[str, Any]:
    """Return a site or a queue with its PanDA sites, endpoints, relations, queues, tags, figures.

    Raises:
        InvalidValue: `name` is no text that fits.
        SiteNotFound: Neither SITE nor SCHEDCONFIG_JSON has it.
    """

async def history(
    database: AsyncDatabase,
    key: str | None = None,
    *,
    table: str | None = None,
    since: datetime | None = None,
    limit: int = 100,
    before: int | None = None,
) -> HistoryPage:
    """Return a page of the changes of loads, the newest first.

    `key` is the key of a row, or the first column of it: a site, an endpoint, a queue.

    Raises:
        InvalidValue: `limit` is not from 1 to 100,000, or a value does not fit its column.
    """

async def load(
    database: AsyncDatabase,
    dumps: Dumps,
    *,
    parts: Collection[Part] | None = None,
    force: bool = False,
    refresh: timedelta = ...,
    options: VerbOptions = ...,
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

async def load_network(
    database: AsyncDatabase,
    metrics: Iterable[Iterable[Any]],
    *,
    options: VerbOptions = ...,
) -> MatrixChanges:
    """Merge metrics into NETWORK_MATRIX_KV, each a source, destination, key, value and time.

    Of a metric that is there twice, the last counts.

    Raises:
        InvalidValue: One has other fields, or a value does not fit its column.
    """
