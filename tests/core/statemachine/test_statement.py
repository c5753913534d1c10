"""The state machine without jobs: workers of Harvester, in one table with a key of two columns."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from pandadb.core.sql.transaction import Lock
from pandadb.core.statemachine.effects import INCREMENT, NOW, UNLESS_SET, Guard, when
from pandadb.core.statemachine.machine import (
    Machine,
    State,
    Transition,
    UnknownState,
    UnknownVerb,
    by_name,
)
from pandadb.core.statemachine.statement import Carrying, moving, picked
from pandadb.models import HarvesterWorkers

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.database import Database

IS_BUSY = Guard("njobs is over 0", lambda worker: worker["njobs"] > 0, "it has no jobs")
WORKERS = Machine(
    noun="worker",
    key=("harvesterid", "workerid"),
    column="status",
    states=by_name(
        (
            State("submitted", (HarvesterWorkers,), "it waits in the batch queue"),
            State("running", (HarvesterWorkers,), "it runs"),
            State("finished", (HarvesterWorkers,), "it has ended", final=True),
        )
    ),
    transitions=(
        Transition("start", ("submitted",), "running", "runs", effects={"starttime": UNLESS_SET}),
        Transition("start", ("running",), "running", "still runs", (IS_BUSY,)),
        Transition(
            "finish",
            ("submitted", "running"),
            "finished",
            "ends",
            effects={"endtime": NOW, "njobs": when(IS_BUSY, INCREMENT)},
        ),
    ),
    changed_at=("lastupdate",),
)
LONG_AGO = datetime(2026, 1, 1)


def workers(session: Session, *statuses: str, njobs: int = 0) -> list[int]:
    """Add workers of one Harvester in these states."""
    ids = [*range(1, len(statuses) + 1)]
    session.add_all(
        HarvesterWorkers(
            harvesterid="h1", workerid=id_, status=status, njobs=njobs, lastupdate=LONG_AGO
        )
        for id_, status in zip(ids, statuses, strict=True)
    )
    session.flush()
    return ids


def carry(session: Session, step: Transition, *ids: int, **values: Any) -> list[int]:
    """Carry workers through a transition; return the ids of those that went."""
    both = HarvesterWorkers, HarvesterWorkers
    carrying = Carrying(step, *both, tuple(values), Lock.SKIP, machine=WORKERS)
    chosen = HarvesterWorkers.workerid.in_(ids)
    rows = picked(carrying, ("status", *WORKERS.key), chosen)
    statement = select(rows.c.workerid).add_cte(*moving(carrying, rows).ctes)
    return sorted(session.scalars(statement, values))


def worker(session: Session, workerid: int) -> HarvesterWorkers:
    """Return a worker as the database has it."""
    return session.scalars(
        select(HarvesterWorkers)
        .where(HarvesterWorkers.workerid == workerid)
        .execution_options(populate_existing=True)
    ).one()


def test_rows_in_a_source_go_to_the_target_with_their_effects(session: Session) -> None:
    first, second, ended = workers(session, "submitted", "submitted", "finished")
    start = WORKERS.steps("start")[0]

    assert carry(session, start, first, ended, nodeid="n7") == [first]

    one, other, third = (worker(session, id_) for id_ in (first, second, ended))
    assert (one.status, one.nodeid) == ("running", "n7")
    assert one.starttime == one.lastupdate > LONG_AGO + timedelta(1)
    assert (other.status, other.lastupdate) == ("submitted", LONG_AGO)
    assert (third.status, third.lastupdate) == ("finished", LONG_AGO)


def test_a_guard_keeps_rows_where_they_are(session: Session) -> None:
    (idle,) = workers(session, "running")

    assert carry(session, WORKERS.steps("start")[1], idle) == []


def test_a_condition_of_an_effect_is_seen_row_by_row(session: Session) -> None:
    idle, busy = workers(session, "running", "submitted")
    worker(session, busy).njobs = 4
    session.flush()

    assert carry(session, *WORKERS.steps("finish"), idle, busy) == [idle, busy]

    assert [worker(session, id_).njobs for id_ in (idle, busy)] == [0, 5]


def test_rows_that_another_transaction_has_locked_are_skipped(database: Database) -> None:
    with database.session() as session:
        workers(session, "submitted", "submitted")
    with database.session() as holder, database.session() as session:
        holder.scalars(select(HarvesterWorkers).filter_by(workerid=1).with_for_update()).one()

        assert carry(session, WORKERS.steps("start")[0], 1, 2) == [2]


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownState, match="no state 'lost': the states are submitted, running"):
        WORKERS.state("lost")
    with pytest.raises(UnknownVerb, match="no verb 'stop': the verbs are start, finish"):
        WORKERS.steps("stop")
    with pytest.raises(UnknownVerb, match="'start' does not make a worker finished, but running"):
        WORKERS.steps("start", "finished")


def test_the_verbs_that_a_state_allows() -> None:
    allowed = {name: WORKERS.legal_from(name) for name in WORKERS.states}

    assert allowed == {
        "submitted": ("start", "finish"),
        "running": ("start", "finish"),
        "finished": (),
    }
