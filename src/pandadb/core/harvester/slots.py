"""Slots that Harvester should fill on a queue: HARVESTER_SLOTS; semantics 9.

The key is queue, global share and resource type; no share and no type are values of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert

from pandadb.core.harvester.worker_locks import take_turns
from pandadb.core.sql.expressions import now
from pandadb.core.sql.validation import InvalidValue, check_columns, check_number
from pandadb.models import HarvesterSlots

if TYPE_CHECKING:
    from pandadb.core.sql.transaction import Transaction

SLOTS = HarvesterSlots.__table__.c
NO_ENTRY = -1
"""The number that deletes an entry."""
LONGEST = 36_500
"""Days, at most."""


@dataclass(frozen=True)
class Slots:
    """How many slots of a queue are for a share and a resource type."""

    queue: str
    number: int
    """-1 deletes the entry."""
    share: str | None = None
    kind: str | None = None
    """The resource type."""
    days: int | None = None
    """How long it holds; None is without limit."""

    def check(self) -> None:
        """See that it can be written.

        Raises:
            InvalidValue: A value does not fit.
        """
        values = {"gshare": self.share, "resourcetype": self.kind}
        check_columns(HarvesterSlots, {"pandaqueuename": self.queue, **values})
        check_columns(HarvesterSlots, {"numslots": self.number})
        if self.number < NO_ENTRY:
            raise InvalidValue(f"slots have to be 0 or more, or {NO_ENTRY}, not {self.number}")
        if self.days is not None:
            check_number("days", self.days, 0, LONGEST)


def put(session: Transaction, slots: Slots) -> bool:
    """Write or delete the entry of a queue, share and type; return whether there was one.

    Raises:
        InvalidValue: A value does not fit; nothing was changed.
    """
    slots.check()
    take_turns(session, f"slots of {slots.queue}")
    is_it = (
        SLOTS.pandaqueuename == slots.queue,
        SLOTS.gshare.is_not_distinct_from(slots.share),
        SLOTS.resourcetype.is_not_distinct_from(slots.kind),
    )
    table = HarvesterSlots.__table__
    if slots.number == NO_ENTRY:
        gone = delete(table).where(*is_it).returning(SLOTS.numslots)
        return bool(session.execute(gone).all())
    until = None if slots.days is None else now() + timedelta(days=slots.days)
    values = {"numslots": slots.number, "modificationtime": now(), "expirationtime": until}
    changed = update(table).where(*is_it).values(**values).returning(SLOTS.numslots)
    if session.execute(changed).all():
        return True
    key = {"pandaqueuename": slots.queue, "gshare": slots.share, "resourcetype": slots.kind}
    session.execute(insert(table).values(**key, **values))
    return False
