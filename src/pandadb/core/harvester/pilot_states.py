"""States of workers as their pilots report them, and workers of which Harvester has to catch up.

Source: semantics 9.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Interval, String, and_, bindparam, case, literal_column, or_, select
from sqlalchemy import update as update_

from pandadb.core.harvester.worker_locks import take_turns
from pandadb.core.sql.expressions import constant, constants, now
from pandadb.core.sql.id_arrays import array, unnested, written
from pandadb.core.sql.validation import check_columns
from pandadb.models import HarvesterWorkers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Update

    from pandadb.core.sql.transaction import Transaction

WORKER = HarvesterWorkers.__table__.c
KEY = ("harvesterid", "workerid", "lastupdate")
SYNC_COMMANDS = {"running": "SYNC_WORKERS_ACTIVATE", "finished": "SYNC_WORKERS_KILL"}
"""The command to Harvester by the pilot's state that it has not seen."""
MOST = 10_000
"""Workers that one look finds at most; the next look finds the others."""


@dataclass(frozen=True)
class PilotState:
    """The state of a worker as its pilot reports it."""

    workerid: int
    status: str
    """The start and the end of the pilot are those of `started` and `finished`."""
    node: str | None = None

    def check(self) -> None:
        """See that it can be written.

        Raises:
            InvalidValue: A value does not fit its column.
        """
        values = {"workerid": self.workerid, "pilotstatus": self.status, "nodeid": self.node}
        check_columns(HarvesterWorkers, values)


def note(session: Transaction, harvester: str, states: Sequence[PilotState]) -> list[int]:
    """Note the reports of pilots on workers of one instance; return the workers that are known.

    Of several reports on one worker the last is taken.

    Raises:
        InvalidValue: A value does not fit its column; nothing was changed.
    """
    check_columns(HarvesterWorkers, {"harvesterid": harvester})
    for one in states:
        one.check()
    last = [*{one.workerid: one for one in states}.values()]
    if not last:
        return []
    take_turns(session, f"workers of {harvester}")
    given = {
        "harvester": harvester,
        "workerids": written(one.workerid for one in last),
        "states": [one.status for one in last],
        "nodes": [one.node for one in last],
    }
    return sorted({*session.scalars(_note(), given)})


@cache
def _note() -> Update:
    arrays = {name: bindparam(f"{name}s", type_=ARRAY(String)) for name in ("state", "node")}
    given = unnested("given", workerid=array("workerids"), **arrays)
    is_start, is_end = (given.c.state == constant(word) for word in ("started", "finished"))
    return (
        update_(HarvesterWorkers.__table__)
        .where(WORKER.harvesterid == bindparam("harvester"), WORKER.workerid == given.c.workerid)
        .values(
            pilotstatus=given.c.state,
            nodeid=given.c.node,
            pilotstarttime=case((is_start, now()), else_=WORKER.pilotstarttime),
            pilotendtime=case((is_end, now()), else_=WORKER.pilotendtime),
        )
        .returning(WORKER.workerid)
    )


def take_behind(session: Transaction) -> dict[tuple[str, str], list[int]]:
    """Return workers with pilots that are ahead of Harvester, by instance and pilot's state.

    Their PILOTSTATUSSYNCTIME is set: they are found again after half an hour. Several callers get
    different ones.
    """
    chosen = (
        select(*(WORKER[name] for name in KEY))
        .where(_is_behind())
        .order_by(*(WORKER[name] for name in KEY))
        .limit(MOST)
        .with_for_update(skip_locked=True)
        .cte("chosen")
        .prefix_with("MATERIALIZED")
    )
    statement = (
        update_(HarvesterWorkers.__table__)
        .where(*(WORKER[name] == chosen.c[name] for name in KEY))
        .values(pilotstatussynctime=now())
        .returning(WORKER.harvesterid, WORKER.pilotstatus, WORKER.workerid)
    )
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for harvester, status, worker in sorted({*map(tuple, session.execute(statement))}):
        found[harvester, status].append(worker)
    return dict(found)


def _ago(span: str) -> ColumnElement[Any]:
    return now() - literal_column(f"interval '{span}'", Interval())


def _is_behind() -> ColumnElement[bool]:
    """Match workers with a pilot that has reported more than Harvester, an hour ago or longer."""
    has_started = and_(
        WORKER.status.in_(constants(("submitted", "ready"))),
        WORKER.pilotstatus == constant("running"),
        WORKER.pilotstarttime < _ago("60 minutes"),
    )
    has_ended = and_(
        WORKER.status.in_(constants(("submitted", "ready", "running", "idle"))),
        WORKER.pilotstatus == constant("finished"),
        WORKER.pilotendtime < _ago("60 minutes"),
    )
    synced = WORKER.pilotstatussynctime
    return and_(
        or_(has_started, has_ended),
        WORKER.lastupdate > _ago("7 days"),
        WORKER.submittime > _ago("14 days"),
        or_(synced.is_(None), synced < _ago("30 minutes")),
    )
