"""A yardstick: what PanDA's server does today, job by job, in statements of our own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from psycopg.errors import LockNotAvailable
from psycopg.rows import dict_row
from sqlalchemy import Integer, Numeric

from benchmarks.raw import COLUMNS
from benchmarks.rows import SATELLITES, SHARES
from pandadb.models import JobsActive4

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import psycopg

    Rows = list[dict[str, Any]]

ZEROS = {
    column.name: 0
    for column in JobsActive4.__table__.c
    if not column.nullable and isinstance(column.type, Integer | Numeric)
}
"""What PanDA's server writes for a number that is not known."""
NAMES = ", ".join(COLUMNS)
LOG = b"""
INSERT INTO doma_panda.jobs_statuslog (pandaid, modificationtime, jobstatus, prodsourcelabel,
    cloud, computingsite, modificationhost, modiftime_extended)
VALUES (%(pandaid)s, localtimestamp, %(jobstatus)s, %(prodsourcelabel)s,
    %(cloud)s, %(computingsite)s, %(modificationhost)s, localtimestamp)
"""


def activate(connection: psycopg.Connection, pandaid: int) -> None:
    """Take a job from JOBSDEFINED4 to JOBSACTIVE4."""
    move(connection, pandaid, "jobsdefined4", "jobsactive4", jobstatus="activated")


def finish(connection: psycopg.Connection, pandaid: int) -> None:
    """Take a job from JOBSACTIVE4 to JOBSARCHIVED4, and its satellites into the same partition."""
    end = {"jobstatus": "finished", "endtime": now()}
    move(connection, pandaid, "jobsactive4", "jobsarchived4", SATELLITES, **end)


def now() -> datetime:
    """Return the server's clock, as PanDA's does."""
    return datetime.now(UTC).replace(tzinfo=None)


def log(connection: psycopg.Connection, job: dict[str, Any]) -> None:
    """Write the status log, in a transaction of its own."""
    connection.execute(LOG, job)


CANDIDATES = b"""
SELECT pandaid FROM doma_panda.jobsactive4
WHERE computingsite = %(site)s AND jobstatus = 'activated' AND prodsourcelabel = ANY(%(labels)s)
ORDER BY array_position(%(shares)s, gshare::text), currentpriority DESC, pandaid
LIMIT %(limit)s
"""
LOCKED = b"""
SELECT jobstatus FROM doma_panda.jobsactive4 WHERE pandaid = %(pandaid)s FOR UPDATE NOWAIT
"""
SENT = b"""
UPDATE doma_panda.jobsactive4 SET jobstatus = 'sent', modificationtime = %(now)s,
    modificationhost = 'node', starttime = %(now)s, jobexecutionid = 0, schedulerid = 'harvester'
WHERE pandaid = %(pandaid)s AND jobstatus = 'activated'
"""
RELATED = b"""
INSERT INTO doma_panda.harvester_rel_jobs_workers (harvesterid, workerid, pandaid, lastupdate)
VALUES ('benchmark', 1, %(pandaid)s, %(now)s)
ON CONFLICT (harvesterid, workerid, pandaid) DO UPDATE SET lastupdate = EXCLUDED.lastupdate
"""


def dispatch(
    connection: psycopg.Connection, site: str, limit: int, labels: Sequence[str]
) -> list[int]:
    """Give the first jobs of a site to a worker: for each two transactions, and one for the log.

    The order of the shares is worked out before, and not for each call.
    """
    which = {"site": site, "labels": [*labels], "shares": SHARES, "limit": limit}
    taken = []
    for (pandaid,) in connection.execute(CANDIDATES, which).fetchall():
        if _sent(connection, {"pandaid": pandaid, "now": now()}):
            log(connection, _read(connection, pandaid))
            taken.append(pandaid)
    return taken


def _sent(connection: psycopg.Connection, which: dict[str, Any]) -> bool:
    """Lock a job and send it, unless somebody else has it."""
    try:
        with connection.transaction():
            connection.execute(LOCKED, which)
            if connection.execute(SENT, which).rowcount:
                connection.execute(RELATED, which)
                return True
    except LockNotAvailable:
        pass
    return False


def _read(connection: psycopg.Connection, pandaid: int) -> dict[str, Any]:
    """Read a job again, with its files and its parameters."""
    which = {"pandaid": pandaid}
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        job = cursor.execute(_select("jobsactive4").encode(), which).fetchone()
        cursor.execute(FILES, which).fetchall()
        cursor.execute(PARAMETERS, which).fetchall()
    return job or {}


FILES = b"SELECT * FROM doma_panda.filestable4 WHERE pandaid = %(pandaid)s ORDER BY row_id"
PARAMETERS = b"SELECT jobparameters FROM doma_panda.jobparamstable WHERE pandaid = %(pandaid)s"
OLD = b"SELECT jobstatus, starttime, batchid FROM doma_panda.jobsactive4 WHERE pandaid = %s"
BEAT = b"""
UPDATE doma_panda.jobsactive4 SET jobstatus = %s, modificationtime = %s, maxrss = 1000000,
    cpuconsumptiontime = 100, jobmetrics = 'leak=1.5' WHERE pandaid = %s
"""
CONFIRMED = b"UPDATE doma_panda.harvester_rel_jobs_workers SET lastupdate = %s WHERE pandaid = %s"


def heartbeat(connection: psycopg.Connection, pandaid: int, state: str) -> None:
    """Write what a pilot says of its job."""
    with connection.transaction():
        old = connection.execute(OLD, [pandaid]).fetchone()
        connection.execute(BEAT, [state, now(), pandaid])
        connection.execute(CONFIRMED, [now(), pandaid])
    if old and old[0] != state:
        none = dict.fromkeys(("prodsourcelabel", "cloud", "computingsite", "modificationhost"))
        log(connection, {"pandaid": pandaid, "jobstatus": state, **none})


def submit(
    connection: psycopg.Connection, job: dict[str, Any], satellites: Mapping[str, Rows]
) -> None:
    """Insert a job with all of its columns, and what belongs to it, row by row; then the log."""
    job = {**dict.fromkeys(COLUMNS), **ZEROS, **job}
    with connection.transaction():
        insert(connection, "jobsdefined4", job)
        for table, found in satellites.items():
            for row in found:
                insert(connection, table, row)
    log(connection, job)


def insert(connection: psycopg.Connection, table: str, row: dict[str, Any]) -> None:
    """Insert a row."""
    bound = ", ".join(f"%({name})s" for name in row)
    insert = f"INSERT INTO doma_panda.{table} ({', '.join(row)}) VALUES ({bound})"  # noqa: S608
    connection.execute(insert.encode(), row)


def _select(table: str) -> str:
    return f"SELECT {NAMES} FROM doma_panda.{table} WHERE pandaid = %(pandaid)s"  # noqa: S608


def move(
    connection: psycopg.Connection,
    pandaid: int,
    source: str,
    target: str,
    satellites: tuple[str, ...] = (),
    **new: Any,
) -> None:
    """Select all columns of a job, delete it, insert all of them; then the log."""
    which = {"pandaid": pandaid}
    lock = " FOR UPDATE" if satellites else ""
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        job = cursor.execute(f"{_select(source)}{lock}".encode(), which).fetchone()
        if job is None:
            raise LookupError(f"Job {pandaid} is not in {source}")
        job |= {"modificationtime": now(), "statechangetime": now(), **new}
        delete = f"DELETE FROM doma_panda.{source} WHERE pandaid = %(pandaid)s"  # noqa: S608
        cursor.execute(delete.encode(), which)
        insert(connection, target, job)
        for table in satellites:
            stamp = f"UPDATE doma_panda.{table} SET modificationtime = %s WHERE pandaid = %s"  # noqa: S608
            cursor.execute(stamp.encode(), [job["modificationtime"], pandaid])
    log(connection, job)
