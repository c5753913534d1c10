"""Sessions with locks of control rows of jobs, or of flows: their list, and their end.

A row has the transaction that has locked it last (`xmax`), and `pg_locks` has its session. Where
several share a lock the number is of another kind, and may by chance be that of a transaction: so a
holder has a lock of the table, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, cast, column, exists, func, literal_column, select, table, true

from pandadb.core.sql.id_arrays import is_among
from pandadb.models import JediTasks, JobControl

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction

LOCKS = table(
    "pg_locks",
    *map(column, ("locktype", "transactionid", "relation", "database", "mode", "granted", "pid")),
)
ROW_LOCKS = ("RowShareLock", "RowExclusiveLock")
"""The modes in which a table is locked by those who lock or change rows of it."""
SESSIONS = table(
    "pg_stat_activity", *map(column, ("pid", "usename", "application_name", "xact_start"))
)
END_TIMEOUT_MS = 5000


@dataclass(frozen=True)
class LockHolder:
    """A session that has locked a job, or a flow."""

    locked: int
    """The PandaID, or the task id of the flow."""
    pid: int
    username: str | None
    application: str | None
    since: datetime | None
    """Begin of its transaction, with a time zone."""


def of_jobs(session: Transaction, pandaids: Collection[int] | None = None) -> list[LockHolder]:
    """Return the sessions that have locked control rows of jobs; None is of all jobs."""
    return _holders(session, JobControl.__table__.c.pandaid, pandaids)


def of_flows(session: Transaction, flows: Collection[int] | None = None) -> list[LockHolder]:
    """Return the sessions that have locked flows; None is of all."""
    return _holders(session, JediTasks.__table__.c.jeditaskid, flows)


def locked_flows() -> Select[int]:
    """Select the flows that sessions have locked."""
    key = JediTasks.__table__.c.jeditaskid
    return _held(key).with_only_columns(key)


def _holders(
    session: Transaction, key: ColumnElement[int], chosen: Collection[int] | None
) -> list[LockHolder]:
    found = _held(key).where(true() if chosen is None else is_among(key, chosen)).order_by(key)
    return [LockHolder(*row) for row in session.execute(found)]


def _held(key: ColumnElement[int]) -> Select[*tuple[Any, ...]]:
    """Select the rows of a table that sessions have locked, with these."""
    lock, client = LOCKS.c, SESSIONS.c
    rows = key.table
    locker: ColumnElement[Any] = literal_column(f"{rows.name}.xmax")
    of_table: ColumnElement[Any] = literal_column(f"{rows.name}.tableoid")
    return (
        select(key, client.pid, client.usename, client.application_name, client.xact_start)
        .select_from(rows)
        .join(LOCKS, lock.transactionid == locker)
        .join(SESSIONS, client.pid == lock.pid)
        .where(
            lock.locktype == "transactionid",
            lock.granted,
            lock.mode == "ExclusiveLock",
            client.pid != func.pg_backend_pid(),
            _locks_rows_of(of_table, lock.pid),
        )
    )


def _locks_rows_of(of_table: ColumnElement[Any], pid: ColumnElement[int]) -> ColumnElement[bool]:
    """Match sessions that lock or change rows of a table of this database."""
    own = LOCKS.alias("own").c
    here = table("pg_database", column("oid"), column("datname")).c
    database = select(here.oid).where(here.datname == func.current_database()).scalar_subquery()
    return exists().where(
        own.locktype == "relation",
        own.relation == of_table,
        own.database == database,
        own.mode.in_(ROW_LOCKS),
        own.granted,
        own.pid == pid,
    )


def end(session: Transaction, holders: Collection[LockHolder]) -> list[int]:
    """End sessions that hold locks, each rolled back; return the jobs or flows of these locks.

    The role needs the right to signal them: its own, or as a member of pg_signal_backend.
    """
    pids = {one.pid for one in holders}
    ended = {
        pid
        for pid in sorted(pids)
        if session.scalar(select(func.pg_terminate_backend(pid, cast(END_TIMEOUT_MS, BigInteger))))
    }
    return sorted({one.locked for one in holders if one.pid in ended})
