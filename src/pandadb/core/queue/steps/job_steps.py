"""The steps of a job that a runner brings to another machine, under its lease."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import null, update

from pandadb.core.jobs import advances
from pandadb.core.jobs.refusals import refusing_to_wait
from pandadb.core.queue import leases
from pandadb.core.queue.ending.end_results import EndResult
from pandadb.core.queue.job_details import with_values
from pandadb.core.queue.verbs.standings import BATCH_SUBSTATUS, STAGED_SUBSTATUS
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.validation import InvalidValue, near
from pandadb.models import JobControl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.queue.leases import Lease
    from pandadb.core.sql.transaction import Transaction

CONTROL = JobControl.__table__.c
STAGED, SUBMITTED, QUEUED_IN_BATCH = "staged", "submitted", "queued in batch"
RUNNING, RUNNING_IN_BATCH, ENDED, FETCHED = "running", "running in batch", "ended", "fetched"
SUBMITTED_SUBSTATUS = "submitted"
FRESH = {"step_attempts": 0, "step_error": null(), "run_after": null()}
"""The values after a step that succeeds: its attempts are forgotten."""


@dataclass(frozen=True)
class Step:
    """A step as PanDA has it: the verb that leads to a state, with a `jobsubstatus`."""

    verb: str
    jobstatus: str
    jobsubstatus: str | None = None


STEPS: Mapping[str, Step] = {
    STAGED: Step("heartbeat", "starting", STAGED_SUBSTATUS),
    SUBMITTED: Step("heartbeat", "starting", SUBMITTED_SUBSTATUS),
    QUEUED_IN_BATCH: Step("heartbeat", "starting", BATCH_SUBSTATUS),
    RUNNING: Step("heartbeat", "running"),
    RUNNING_IN_BATCH: Step("heartbeat", "running", BATCH_SUBSTATUS),
    ENDED: Step("hold", "holding"),
    FETCHED: Step("transfer", "transferring"),
}
"""The steps in their order: the files of a job are staged, a batch system takes it, or a batch
process that has many jobs; it runs, ends, and its outputs are fetched."""


def advance(
    session: Transaction,
    held: Sequence[Lease],
    step: str,
    *,
    host: str,
    details: Mapping[str, Any] | None = None,
) -> EndResult:
    """Record that jobs have made a step; failed attempts of the former one are forgotten.

    `details` are noted with the jobs, such as the folder (`run_dir`) or the `process`.

    Raises:
        InvalidValue: There is no such step.
        JobsLocked: See `mover.move`.
    """
    if step not in STEPS:
        raise InvalidValue(f"{step!r} is no step of a job{near(step, STEPS)}")
    wanted = STEPS[step]
    mine = leases.holders(session, held)
    done = EndResult(lost=[one.pandaid for one in held if one.pandaid not in {*mine}])
    if not mine:
        return done
    note(session, mine, details)
    moved = advances.advance(
        session,
        wanted.verb,
        mine,
        host=host,
        target=wanted.jobstatus,
        values={"jobsubstatus": wanted.jobsubstatus},
    )
    done.add(moved)
    return done


def note(session: Transaction, jobs: Sequence[int], details: Mapping[str, Any] | None) -> None:
    """Note details of jobs that have made a step."""
    values: dict[str, Any] = {**FRESH, "last_changed": now()}
    if details:
        values["details"] = with_values(details)
    changed = update(JobControl.__table__).where(is_among(CONTROL.pandaid, jobs))
    with refusing_to_wait():
        session.execute(changed.values(values))
