"""Wake-ups of workers by NOTIFY: never needed for a right result, so a lost one costs a poll.

And of processes that wait for ends of jobs: these have rows in END_LISTENER, so that ends cost no
notice while there are none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert

from pandadb.core.sql.expressions import constant, interval, now
from pandadb.models import EndListener

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from pandadb.core.sql.transaction import Transaction

LISTENER = EndListener.__table__.c
CHANNEL = "pandadb_queue"
"""One channel, without data: PostgreSQL keeps one notice of a transaction, however many there are.
"""
ENDS_CHANNEL = "pandadb_done"
"""The channel of ends of jobs and tasks, and of commands to sequences; without data, too."""


def wake(session: Transaction) -> None:
    """Wake the workers when the transaction is committed."""
    session.execute(select(func.pg_notify(CHANNEL, "")))


def announce_ends(session: Transaction) -> None:
    """Wake those that wait for ends of jobs when the transaction is committed."""
    session.execute(select(func.pg_notify(ENDS_CHANNEL, "")).where(has_listeners()))


def notified() -> ColumnElement[bool]:
    """Return an expression that wakes those that wait for ends of jobs; it is true."""
    return func.pg_notify(constant(ENDS_CHANNEL), constant("")).is_not(None)


def has_listeners() -> ColumnElement[bool]:
    """Return whether a process waits for ends of jobs."""
    return exists().where(LISTENER.until > now())


def note_listener(session: Transaction, listener_id: str, seconds: float) -> None:
    """Note for so long that a process waits for ends of jobs; forget those that are gone."""
    until = now() + interval(seconds)
    row = insert(EndListener.__table__).values(listener_id=listener_id, until=until)
    fresh = row.on_conflict_do_update(index_elements=["listener_id"], set_={"until": until})
    session.execute(fresh)
    gone = select(LISTENER.listener_id).where(LISTENER.until < now())
    free = gone.with_for_update(skip_locked=True)
    session.execute(delete(EndListener.__table__).where(LISTENER.listener_id.in_(free)))


def forget_listener(session: Transaction, listener_id: str) -> None:
    """Note that a process waits no more."""
    session.execute(delete(EndListener.__table__).where(LISTENER.listener_id == listener_id))
