"""Locks that pace the commands to an instance, per queue and resource type; semantics 9.

A lock is free if it is not held and was taken longer ago than the interval of the command, or if it
is held for longer than a lock lasts. Release keeps the time at which it was taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Interval, String, and_, bindparam, func, literal_column, or_, select
from sqlalchemy import update as update_
from sqlalchemy.dialects.postgresql import insert

from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import unnested
from pandadb.core.sql.validation import InvalidValue, check_columns, shown
from pandadb.models import HarvesterCommandLock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from pandadb.core.sql.transaction import Transaction

LOCK = HarvesterCommandLock.__table__.c
KEY = ("harvester_id", "computingsite", "resourcetype", "command")
FIRST_TIME = func.date_trunc("day", now()) - literal_column("interval '1 day'", Interval())
"""When a new lock was last taken: long enough ago to be free."""
NAMES = ("command", "computingsite", "resourcetype")


def read_lock(given: Any) -> tuple[str, str, str]:
    """Return the command, queue and resource type of a lock, as Harvester's heartbeat has it.

    Raises:
        InvalidValue: One is missing, or does not fit its column.
    """
    if not isinstance(given, Mapping):
        raise InvalidValue(f"a command of a heartbeat has to be an object, not {shown(given)}")
    found = {str(name).lower(): value for name, value in given.items()}
    values: dict[str, Any] = {name: found.get(name) for name in NAMES}
    check_columns(HarvesterCommandLock, values)
    return values["command"], values["computingsite"], values["resourcetype"]


def add(session: Transaction, harvester: str, locks: Sequence[tuple[str, str, str]]) -> None:
    """Add the locks that there are not yet; each is its command, queue and resource type."""
    if not locks:
        return
    columns = {name: bindparam(f"{name}s", type_=ARRAY(String)) for name in NAMES}
    given = unnested("given", **columns)
    rows = select(bindparam("harvester", type_=String), *given.c, FIRST_TIME)
    rows = rows.distinct().order_by(*given.c)
    names = ["harvester_id", *NAMES, "lockedtime"]
    statement = insert(HarvesterCommandLock.__table__).from_select(names, rows)
    values = dict(zip((f"{name}s" for name in NAMES), map(list, zip(*locks, strict=True))))  # noqa: B905
    session.execute(statement.on_conflict_do_nothing(), {"harvester": harvester, **values})


def take(
    session: Transaction,
    harvester: str,
    command: str,
    by: str,
    *,
    lock: timedelta,
    interval: timedelta,
) -> dict[str, list[str]]:
    """Take the free locks of a command; return the resource types by queue.

    Two callers never get the same lock: the second sees that the first has it.
    """
    of_command = and_(LOCK.harvester_id == harvester, LOCK.command == command)
    is_free = or_(
        and_(LOCK.lockedby.is_(None), LOCK.lockedtime < now() - interval),
        and_(LOCK.lockedby.is_not(None), LOCK.lockedtime < now() - lock),
    )
    free = select(*(LOCK[name] for name in KEY)).where(of_command, is_free)
    free_ = free.order_by(*(LOCK[name] for name in KEY)).with_for_update()
    chosen = free_.cte("chosen").prefix_with("MATERIALIZED")
    statement = (
        update_(HarvesterCommandLock.__table__)
        .where(*(LOCK[name] == chosen.c[name] for name in KEY))
        .values(lockedby=by, lockedtime=now())
        .returning(LOCK.computingsite, LOCK.resourcetype)
    )
    taken: dict[str, list[str]] = defaultdict(list)
    for queue, kind in sorted(map(tuple, session.execute(statement))):
        taken[queue].append(kind)
    return dict(taken)


def release(
    session: Transaction, harvester: str, command: str, *, queue: str, kind: str, by: str
) -> bool:
    """Release a lock if it is the caller's; return whether it was."""
    values = (harvester, queue, kind, command)
    key = [LOCK[name] == value for name, value in zip(KEY, values, strict=True)]
    statement = update_(HarvesterCommandLock.__table__).where(*key, LOCK.lockedby == by)
    released = session.scalars(statement.values(lockedby=None).returning(LOCK.command)).all()
    return bool(released)
