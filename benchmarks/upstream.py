"""A yardstick: what PanDA's server does today, job by job, in statements of our own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

from benchmarks.raw import COLUMNS

if TYPE_CHECKING:
    import psycopg

SATELLITES = ("filestable4", "metatable", "jobparamstable")
NAMES = ", ".join(COLUMNS)
BOUND = ", ".join(f"%({name})s" for name in COLUMNS)
LOG = b"""
INSERT INTO doma_panda.jobs_statuslog (pandaid, modificationtime, jobstatus, prodsourcelabel,
    cloud, computingsite, modificationhost, modiftime_extended)
VALUES (%(pandaid)s, localtimestamp, %(jobstatus)s, %(prodsourcelabel)s,
    %(cloud)s, %(computingsite)s, %(modificationhost)s, localtimestamp)
"""


def activate(connection: psycopg.Connection, pandaid: int) -> None:
    """Take a job from JOBSDEFINED4 to JOBSACTIVE4."""
    _move(connection, pandaid, "jobsdefined4", "jobsactive4", jobstatus="activated")


def finish(connection: psycopg.Connection, pandaid: int) -> None:
    """Take a job from JOBSACTIVE4 to JOBSARCHIVED4, and its satellites into the same partition."""
    end = {"jobstatus": "finished", "endtime": now()}
    _move(connection, pandaid, "jobsactive4", "jobsarchived4", SATELLITES, **end)


def now() -> datetime:
    """Return the server's clock, as PanDA's does."""
    return datetime.now(UTC).replace(tzinfo=None)


def log(connection: psycopg.Connection, job: dict[str, Any]) -> None:
    """Write the status log, in a transaction of its own."""
    connection.execute(LOG, job)


def _move(
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
        select = f"SELECT {NAMES} FROM doma_panda.{source} WHERE pandaid = %(pandaid)s{lock}"  # noqa: S608
        job = cursor.execute(select.encode(), which).fetchone()
        if job is None:
            raise LookupError(f"Job {pandaid} is not in {source}")
        job |= {"modificationtime": now(), "statechangetime": now(), **new}
        delete = f"DELETE FROM doma_panda.{source} WHERE pandaid = %(pandaid)s"  # noqa: S608
        cursor.execute(delete.encode(), which)
        insert = f"INSERT INTO doma_panda.{target} ({NAMES}) VALUES ({BOUND})"  # noqa: S608
        cursor.execute(insert.encode(), job)
        for table in satellites:
            stamp = f"UPDATE doma_panda.{table} SET modificationtime = %s WHERE pandaid = %s"  # noqa: S608
            cursor.execute(stamp.encode(), [job["modificationtime"], pandaid])
    log(connection, job)
