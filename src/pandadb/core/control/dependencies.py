"""Dependencies of jobs: the parents that a job waits for, and the states of their ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ARRAY, String, and_, bindparam, exists, func, not_, or_, select, update

from pandadb.core.sql.expressions import constant, now
from pandadb.core.sql.id_arrays import array, is_among, unnested
from pandadb.models import JobControl, JobDependency

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import ColumnElement

    from pandadb.core.sql.transaction import Transaction

CONTROL, EDGE = JobControl.__table__.c, JobDependency.__table__.c
FINISHED_STATE = "finished"
FINISHED = constant(FINISHED_STATE)
BLOCK, IGNORE, CANCEL = "block", "ignore", "cancel"
STOPPED_STATE = "stopped"
"""The state of a parent that was stopped with its flow, or as a child: nothing begins by it."""
ON_FAILURE = (BLOCK, IGNORE, CANCEL)
"""The rules for a child if a parent does not finish."""


def note_ends(session: Transaction, ended: Mapping[int, str]) -> list[int]:
    """Note the final state of each parent with its children; return the children.

    Their control rows are locked (`locks.lock`): so of two parents that end at once, the later one
    sees that the other has ended.
    """
    states = bindparam("states", type_=ARRAY(String))
    given = unnested("given", parent=array("parents"), state=states)
    noted = (
        update(JobDependency.__table__)
        .where(
            EDGE.parent == given.c.parent,
            or_(
                func.coalesce(EDGE.parent_state, "") != constant(STOPPED_STATE),
                given.c.state == FINISHED,  # before it was stopped
            ),
        )
        .values(parent_state=given.c.state)
        .returning(EDGE.child)
    )
    rows = session.scalars(noted, {"parents": [*ended], "states": [*ended.values()]})
    return sorted({*rows})


def note_stops(session: Transaction, parents: Collection[int]) -> None:
    """Let children that may miss their parents wait for these: they are about to be stopped."""
    stopped = update(JobDependency.__table__).where(
        is_among(EDGE.parent, parents), EDGE.on_failure == constant(IGNORE)
    )
    session.execute(stopped.values(parent_state=STOPPED_STATE))


def is_open() -> ColumnElement[bool]:
    """Match dependencies that keep their child waiting."""
    has_ended = func.coalesce(EDGE.parent_state, STOPPED_STATE) != STOPPED_STATE
    excused = and_(has_ended, EDGE.on_failure == constant(IGNORE))
    return not_(or_(func.coalesce(EDGE.parent_state, "") == FINISHED, excused))


def is_ready() -> ColumnElement[bool]:
    """Match control rows of jobs that wait for no parent, no time and no user."""
    return and_(
        not_(CONTROL.held),
        or_(CONTROL.run_after.is_(None), CONTROL.run_after <= now()),
        not_(exists().where(EDGE.child == CONTROL.pandaid, is_open())),
    )


def ready(session: Transaction, jobs: Collection[int]) -> list[int]:
    """Return those of some jobs that wait for no parent, no time and no user; in their order."""
    if not jobs:
        return []
    found = select(CONTROL.pandaid).where(is_among(CONTROL.pandaid, jobs), is_ready())
    return [*session.scalars(found.order_by(CONTROL.pandaid))]


def to_be_closed(session: Transaction, children: Collection[int]) -> list[int]:
    """Return those of the children that end with a parent that has not finished."""
    if not children:
        return []
    lost = (
        select(EDGE.child)
        .where(
            is_among(EDGE.child, children),
            EDGE.on_failure == constant(CANCEL),
            EDGE.parent_state != FINISHED,
        )
        .distinct()
    )
    return [*session.scalars(lost.order_by(EDGE.child))]
