"""SITEDATA: requests of pilots that server hosts have counted, and running jobs of analysis sites.

Each function is a few statements for all sites. Sources: panda-server's updateSiteData and
insertnRunningInSiteData.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Date,
    Integer,
    Numeric,
    Text,
    case,
    cast,
    delete,
    extract,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert

from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import unnested
from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import check_columns
from pandadb.models import JobsActive4, SiteData

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction

Limit = Callable[["Select[Any]"], "Select[Any]"]
"""Conditions and groups of a query."""
TABLE = SiteData.__table__
DATA = TABLE.c
KINDS = {"getJob": "getjob", "updateJob": "updatejob", "noJob": "nojob"}
"""Kinds of requests, and the columns with the number of nodes; `…abs` has that of requests."""
COUNTS = [name for column in KINDS.values() for name in (column, f"{column}abs")]
STATES = (
    "nstart", "finished", "failed", "defined", "assigned", "waiting", "activated", "holding",
    "running", "transferring",
)  # fmt: skip
"""Columns that are 0 in a new row."""
ASKED = ("getjob", "updatejob", *STATES)
"""Columns that are 0 in a new row with running jobs only."""
KEPT = timedelta(hours=48)
SUMMARIES = ("production", "analysis", "test")
ANALYSIS = "ANALY_"
"""The beginning of the names of analysis sites."""
SNAPSHOT, MAXIMUM = "snapshot", "max"
MINUTES = 1000
"""`hours` of a snapshot is the minute of the day, and this much more."""
KEY = ["site", "flag", "hours"]


def count_requests(
    session: Transaction,
    host: str,
    requests: Mapping[str, Mapping[str, Mapping[str, int]]],
    hours: int,
) -> None:
    """Write the requests that a host has counted in a period, and the average over all hosts.

    Rows without news for two days are removed; counts of the period that are older than it are 0.

    Raises:
        InvalidValue: A name or a number does not fit its column.
    """
    check_columns(SiteData, {"flag": host, "hours": hours})
    counted = _counted(requests)
    connection = connection_of(session)
    connection.execute(delete(TABLE).where(DATA.lastmod < now() - KEPT))
    is_old = (DATA.hours == hours) & (DATA.lastmod < now() - timedelta(hours=hours))
    connection.execute(update(TABLE).values(dict.fromkeys(COUNTS, 0)).where(is_old))
    if counted:
        connection.execute(_host_rows(host, hours, counted))
        connection.execute(_summaries(hours, [*counted]))


def _counted(requests: Mapping[str, Mapping[str, Mapping[str, int]]]) -> dict[str, list[int]]:
    """Return the columns of each site, in the order of the sites."""
    found = {}
    for site in sorted(requests):
        values = []
        for kind in KINDS:
            nodes = requests[site].get(kind, {})
            values += [len(nodes), sum(nodes.values())]
        check_columns(SiteData, {"site": site, **dict(zip(COUNTS, values, strict=True))})
        found[site] = values
    return found


def _host_rows(host: str, hours: int, counted: Mapping[str, list[int]]) -> Any:
    columns: dict[str, Any] = {"site": literal([*counted], ARRAY(Text()))}
    for place, name in enumerate(COUNTS):
        columns[name] = literal([one[place] for one in counted.values()], ARRAY(BigInteger()))
    given = unnested("given", **columns)
    counts = {name: given.c[name] for name in COUNTS}
    key = {"site": given.c.site, "flag": literal(host), "hours": literal(hours)}
    return _upsert({**key, **counts}, COUNTS, lambda query: query)


def _summaries(hours: int, sites: list[str]) -> Any:
    """Return the statement that writes the average over hosts, of sums of at least one each."""
    number = func.count()
    averages: dict[str, ColumnElement[Any]] = {}
    for name in COUNTS:
        total = func.coalesce(func.sum(DATA[name]), 0)
        average = cast(func.round(cast(total, Numeric) / number), BigInteger)
        averages[name] = case((total >= number, average), else_=cast(total, BigInteger))
    flag = case((DATA.site.startswith(ANALYSIS, autoescape=True), "analysis"), else_="production")
    chosen = (
        (DATA.hours == hours)
        & (DATA.site == func.any(literal(sites, ARRAY(Text()))))
        & DATA.flag.not_in(SUMMARIES)
    )
    columns = {"site": DATA.site, "flag": flag, "hours": literal(hours), **averages}
    return _upsert(columns, COUNTS, lambda query: query.where(chosen).group_by(DATA.site))


def _upsert(
    columns: Mapping[str, Any], changing: Iterable[str], limit: Limit, zeros: Iterable[str] = STATES
) -> Any:
    """Return the statement that inserts rows, or changes some columns of those that are there."""
    values = {**columns, "lastmod": now()}
    unset = {name: literal(0) for name in zeros if name not in values}
    query = select(*(one.label(name) for name, one in (values | unset).items()))
    new = insert(TABLE).from_select([*values, *unset], limit(query).order_by("site"))
    updated = {name: new.excluded[name] for name in (*changing, "lastmod")}
    return new.on_conflict_do_update(index_elements=KEY, set_=updated)


def count_running(session: Transaction) -> None:
    """Write the number of running user jobs of each analysis site now, and the largest of a day.

    Rows of both kinds that are from before yesterday are removed.
    """
    connection = connection_of(session)
    is_old = DATA.flag.in_((SNAPSHOT, MAXIMUM)) & (DATA.lastmod < cast(now(), Date) - 1)
    connection.execute(delete(TABLE).where(is_old))
    connection.execute(_snapshots())
    connection.execute(_maxima())


def _snapshots() -> Any:
    job = JobsActive4.__table__.c
    minute = extract("hour", now()) * 60 + extract("minute", now()) + MINUTES
    chosen = (
        job.prodsourcelabel.in_(("user", "panda"))
        & (job.jobstatus == "running")
        & job.computingsite.startswith(ANALYSIS, autoescape=True)
    )
    columns = {
        "site": job.computingsite,
        "flag": literal(SNAPSHOT),
        "hours": cast(minute, Integer),
        "running": func.count(),
    }
    return _upsert(
        columns,
        ["running"],
        lambda query: query.where(chosen).group_by(job.computingsite),
        zeros=ASKED,
    )


def _maxima() -> Any:
    columns = {
        "site": DATA.site,
        "flag": literal(MAXIMUM),
        "hours": literal(0),
        "running": func.max(DATA.running),
    }
    return _upsert(
        columns,
        ["running"],
        lambda query: query.where(DATA.flag == SNAPSHOT).group_by(DATA.site),
        zeros=ASKED,
    )
