"""Commands to Harvester instances: sent, taken by one caller each, acknowledged; semantics 9.

There is one row for each instance and command: a command that is sent again replaces the last one,
unless that is too young.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Integer,
    Interval,
    SmallInteger,
    String,
    Text,
    and_,
    bindparam,
    cast,
    column,
    delete,
    exists,
    func,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from pandadb.core.harvester.worker_locks import take_turns
from pandadb.core.sql.expressions import constant, constants, now
from pandadb.core.sql.id_arrays import array, written
from pandadb.core.sql.validation import InvalidValue, check_columns, check_number, check_text
from pandadb.models import HarvesterCommands
from pandadb.models.harvester import HARVESTER_COMMAND_SEQ

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnClause, Select
    from sqlalchemy.types import TypeEngine

    from pandadb.core.sql.transaction import Transaction

COMMAND = HarvesterCommands.__table__.c
WAITING = ("new", "lock", "retrieved")
"""States in which a command keeps a later one off for the lock's minutes."""
DONE = ("retrieved", "acknowledged")
"""States in which a command keeps a later one off for the interval's minutes."""
MOST = 100_000
"""Commands of a call, at most."""
LONGEST = timedelta(days=36_500)


@dataclass(frozen=True)
class HarvesterCommand:
    """A command for an instance."""

    harvester: str
    command: str
    """Such as KILL_WORKERS, or SET_N_WORKERS_JOBTYPE with a queue after a colon."""
    params: Any = None
    """JSON; None is no parameters."""
    ack: bool = True
    """Whether the instance has to acknowledge it."""
    lock: timedelta | None = None
    """A command that waits, or was retrieved, for less keeps this one off."""
    interval: timedelta | None = None
    """A command that was retrieved or acknowledged less long ago keeps this one off."""

    def check(self) -> None:
        """See that it can be written.

        Raises:
            InvalidValue: A value does not fit, or `params` cannot be JSON.
        """
        check_columns(HarvesterCommands, {"harvester_id": self.harvester, "command": self.command})
        for name, value in (("harvester", self.harvester), ("command", self.command)):
            if not value:
                raise InvalidValue(f"{name} has to have a value")
        for span in (self.lock, self.interval):
            if span is not None and not timedelta() <= span <= LONGEST:
                raise InvalidValue("lock and interval have to be from 0 to 100 years")
        if self.params is not None:
            try:
                check_text("params", json.dumps(self.params, ensure_ascii=False, allow_nan=False))
            except (TypeError, ValueError, RecursionError) as error:
                raise InvalidValue(f"params cannot be written as JSON: {error}") from None


@dataclass(frozen=True)
class TakenCommand:
    """A command that an instance has been given."""

    command_id: int
    command: str | None
    params: Any
    ack_requested: int | None
    creation_date: datetime | None


def send(session: Transaction, commands: Sequence[HarvesterCommand]) -> list[int | None]:
    """Send commands; return the number of each, None if a previous one keeps it off.

    Raises:
        InvalidValue: One cannot be written; nothing was changed.
    """
    for one in commands:
        one.check()
    if not commands:
        return []
    take_turns(session, *(f"command {one.command} of {one.harvester}" for one in commands))
    sent: list[int | None] = [None] * len(commands)
    for places in _rounds(commands):
        rows = session.execute(_send(), {"commands": _rows(commands, places)})
        for row in rows:
            sent[row.place] = row.command_id
    return sent


def _rounds(commands: Sequence[HarvesterCommand]) -> list[list[int]]:
    """Return positions in rounds with one command for each instance and name."""
    rounds: list[list[int]] = []
    seen: dict[tuple[str, str], int] = {}
    for place, one in enumerate(commands):
        key = (one.harvester, one.command)
        number = seen[key] = seen.get(key, -1) + 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(place)
    return rounds


def _rows(commands: Sequence[HarvesterCommand], places: Iterable[int]) -> str:
    def seconds(span: timedelta | None) -> str | None:
        return None if span is None else f"{span.total_seconds()} seconds"

    return json.dumps(
        [
            {
                "place": place,
                "harvester_id": one.harvester,
                "command": one.command,
                "params": None if one.params is None else json.dumps(one.params),
                "ack_requested": int(one.ack),
                "lock": seconds(one.lock),
                "pause": seconds(one.interval),
            }
            for place in places
            for one in (commands[place],)
        ]
    )


def _send() -> Select[Any]:
    kinds: dict[str, TypeEngine[Any]] = {
        "place": Integer(), "harvester_id": String(), "command": String(), "params": Text(),
        "ack_requested": SmallInteger(), "lock": Interval(), "pause": Interval(),
    }  # fmt: skip
    columns: list[ColumnClause[Any]] = [column(name, kind) for name, kind in kinds.items()]
    asked = func.jsonb_to_recordset(cast(bindparam("commands", type_=String), JSONB))
    rows = asked.table_valued(*columns)
    given = select(rows.render_derived(name="given", with_types=True)).cte("asked")
    same = and_(COMMAND.harvester_id == given.c.harvester_id, COMMAND.command == given.c.command)
    is_young = or_(
        and_(COMMAND.status.in_(constants(WAITING)), COMMAND.status_date > now() - given.c.lock),
        and_(COMMAND.status.in_(constants(DONE)), COMMAND.status_date > now() - given.c.pause),
    )
    wanted = select(given).where(not_(exists().where(same, is_young)))
    due = wanted.cte("due").prefix_with("MATERIALIZED")
    gone = delete(HarvesterCommands.__table__).where(
        COMMAND.harvester_id == due.c.harvester_id, COMMAND.command == due.c.command
    )
    numbered = select(HARVESTER_COMMAND_SEQ.next_value().label("command_id"), due)
    numbered_ = numbered.order_by(due.c.place).cte("numbered").prefix_with("MATERIALIZED")
    names = ["command_id", "harvester_id", "command", "params", "ack_requested"]
    new = select(*(numbered_.c[name] for name in names), constant("new"), now(), now())
    made = insert(HarvesterCommands.__table__).from_select(
        [*names, "status", "creation_date", "status_date"], new
    )
    sent = select(numbered_.c.place, numbered_.c.command_id)
    return sent.add_cte(gone.cte("gone"), made.cte("made"))


def take(session: Transaction, harvester: str, most: int) -> list[TakenCommand]:
    """Take the oldest new commands of an instance; two callers never get the same.

    Raises:
        InvalidValue: `most` is no whole number, or is negative.
    """
    check_number("most", most, 0, MOST)
    chosen = (
        select(COMMAND.command_id)
        .where(COMMAND.harvester_id == harvester, COMMAND.status == constant("new"))
        .order_by(COMMAND.creation_date, COMMAND.command_id)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("chosen")
        .prefix_with("MATERIALIZED")
    )
    names = ("command_id", "command", "params", "ack_requested", "creation_date")
    statement = (
        update(HarvesterCommands.__table__)
        .where(COMMAND.command_id == chosen.c.command_id)
        .values(status="retrieved", status_date=now())
        .returning(*(COMMAND[name] for name in names))
    )
    rows = session.execute(statement).all()
    taken = [TakenCommand(**{**row._mapping, "params": _decoded(row.params)}) for row in rows]
    oldest = datetime.min  # noqa: DTZ901 - times are naive UTC
    return sorted(taken, key=lambda one: (one.creation_date or oldest, one.command_id))


def _decoded(params: str | None) -> Any:
    """Return decoded parameters; a text that is no JSON as it is."""
    if params is not None:
        with suppress(ValueError, RecursionError):
            return json.loads(params)
    return params


def acknowledge(
    session: Transaction, command_ids: Sequence[int], harvester: str | None = None
) -> list[int]:
    """Note that commands were carried out, of one instance if it is given; return these."""
    conditions = [COMMAND.command_id == func.any(array("ids"))]
    if harvester is not None:
        conditions.append(COMMAND.harvester_id == harvester)
    chosen = (
        select(COMMAND.command_id)
        .where(*conditions)
        .order_by(COMMAND.command_id)
        .with_for_update()
        .cte("chosen")
        .prefix_with("MATERIALIZED")
    )
    statement = (
        update(HarvesterCommands.__table__)
        .where(COMMAND.command_id == chosen.c.command_id)
        .values(status="acknowledged", status_date=now())
        .returning(COMMAND.command_id)
    )
    return sorted(session.scalars(statement, {"ids": written(command_ids)}))
