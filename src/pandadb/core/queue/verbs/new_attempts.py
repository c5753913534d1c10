"""New attempts of queued jobs that have ended: the old one stays in the archive as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Text,
    cast,
    delete,
    func,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from pandadb.core.jobs import states
from pandadb.core.jobs.attempts import retries
from pandadb.core.jobs.mover import move
from pandadb.core.sql.expressions import constant, now
from pandadb.core.sql.id_arrays import array, is_among, unnested
from pandadb.models import JobControl, JobDependency, JobsActive4, JobsArchived4, MetaTable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import ColumnElement

    from pandadb.core.jobs.refusals import Refusal
    from pandadb.core.sql.transaction import Transaction

CONTROL, EDGE, JOB, OLD, META = (
    model.__table__.c
    for model in (JobControl, JobDependency, JobsActive4, JobsArchived4, MetaTable)
)
FIRST_ATTEMPT = "first_attempt"
"""The detail of a control row that is the PandaID of the first attempt, of later ones."""
RUN_DETAILS = ("process", "run_dir", "stored", "batch")
"""Details of the control row that are of one attempt."""


def make(
    session: Transaction, jobs: Collection[int], *, host: str
) -> tuple[dict[int, int], dict[int, Refusal]]:
    """Make the next attempts of jobs that have ended, pending; return them by the old PandaIDs.

    The control row and the dependencies go to the new attempt: so for its children, its end is
    open again. Those that cannot be tried again are returned with the reason.

    Raises:
        JobsLocked: The session's `lock_timeout` has passed.
    """
    if not jobs:
        return {}, {}
    made = retries.again(session, [*jobs], host, of_queue=True)
    new = made.jobs
    if new:
        _take_along(session, new)
        _fit(session, new)
        move(session, states.transitions(states.POSTPONE), [*new.values()], host=host)
    return new, made.refused


def _take_along(session: Transaction, new: Mapping[int, int]) -> None:
    """Point the control rows and the dependencies of jobs to their new attempts."""
    given = unnested("given", old=array("old"), new=array("new"))
    pairs = {"old": [*new], "new": [*new.values()]}
    row = JobControl.__table__
    reset = {
        "suspended": False,
        "held": False,
        "step_attempts": 0,
        "step_error": null(),
        "run_after": null(),
        "cancel_requested_at": null(),
        "details": _with_first(details_of_job()),
        "last_changed": now(),
    }
    mine = update(row).where(CONTROL.pandaid == given.c.old)
    session.execute(mine.values(pandaid=given.c.new, **reset), pairs)
    for column, more in (("parent", {"parent_state": null()}), ("child", {})):
        edges = update(JobDependency.__table__).where(EDGE[column] == given.c.old)
        session.execute(edges.values({column: given.c.new, **more}), pairs)


def _with_first(details: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return details with the first attempt; those of a later attempt have it already."""
    first = func.jsonb_build_object(constant(FIRST_ATTEMPT), CONTROL.pandaid, type_=JSONB)
    return first.concat(func.coalesce(details, literal({}, JSONB), type_=JSONB()))


def details_of_job() -> ColumnElement[Any]:
    """Return the details of a control row without those of the attempt."""
    names = cast([*RUN_DETAILS], ARRAY(Text))
    return func.nullif(CONTROL.details.op("-", return_type=JSONB())(names), literal({}, JSONB))


def forget_run(session: Transaction, jobs: Collection[int]) -> None:
    """Drop the process, folder, failed steps and back-off of an attempt from queued jobs."""
    has_run = CONTROL.details.op("?|")(cast([*RUN_DETAILS], ARRAY(Text)))
    mine = update(JobControl.__table__).where(
        is_among(CONTROL.pandaid, jobs), or_(has_run, CONTROL.step_attempts > 0)
    )
    fresh = {"step_attempts": 0, "step_error": null(), "run_after": null()}
    session.execute(mine.values(**fresh, details=details_of_job(), last_changed=now()))


def _fit(session: Transaction, new: Mapping[int, int]) -> None:
    """Give new attempts the queue of their control row, an attempt to spend, and no result."""
    attempts = {"maxattempt": func.greatest(JOB.maxattempt, JOB.attemptnr)}
    mine = update(JobsActive4.__table__).where(is_among(JOB.pandaid, new.values()))
    session.execute(
        mine.where(CONTROL.pandaid == JOB.pandaid).values(computingsite=CONTROL.queue, **attempts)
    )
    session.execute(delete(MetaTable.__table__).where(is_among(META.pandaid, new.values())))


def first_of(session: Transaction, jobs: Collection[int]) -> dict[int, int]:
    """Return the first attempt of each of some queued jobs."""
    first = func.coalesce(cast(CONTROL.details[FIRST_ATTEMPT].astext, BigInteger), CONTROL.pandaid)
    found = select(CONTROL.pandaid, first.label("first")).where(is_among(CONTROL.pandaid, jobs))
    return {row.pandaid: row.first for row in session.execute(found)}


def earlier(session: Transaction, jobs: Collection[int]) -> list[int]:
    """Return the earlier attempts of jobs that have not been archived, the newest first."""
    first = select(OLD.pandaid, OLD.parentid).where(is_among(OLD.pandaid, jobs))
    chain = first.cte("chain", recursive=True)
    before = JobsArchived4.__table__.alias("before")
    chain = chain.union(
        select(before.c.pandaid, before.c.parentid).join(
            chain, before.c.pandaid == chain.c.parentid
        )
    )
    found = {*session.scalars(select(chain.c.pandaid))}
    return sorted(found - {*jobs}, reverse=True)
