"""The rows of steps in WORKFLOW_STEPS: one for each attempt of a step, with its output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update

from pandadb.core.sql.expressions import now
from pandadb.core.workflows import transitions
from pandadb.core.workflows.states import RUNNING
from pandadb.models import WorkflowSteps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.workflows.leases import SequenceLease

STEP = WorkflowSteps.__table__.c
SCRIPT, JOBS = "script", "panda_jobs"
"""The flavors of steps: a script alone, and one that has submitted jobs."""
OPEN = (RUNNING, "submitted")


@dataclass(frozen=True)
class AttemptKey:
    """The identity of an attempt of a step within its sequence, in a repetition, too."""

    step: str
    number: int
    env: Mapping[str, str]
    action: str

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return {"number": self.number, "env": dict(self.env), "action": self.action}


def begin(session: Transaction, lease: SequenceLease, key: AttemptKey) -> int:
    """Insert a step that runs; return its number."""
    place = select(func.count() + 1).where(STEP.workflow_id == lease.workflow_id)
    row = {
        "name": key.step[:256],
        "workflow_id": lease.workflow_id,
        "member_id": place.scalar_subquery(),
        "type": key.action[:32],
        "status": RUNNING,
        "flavor": SCRIPT,
        "locked_by": lease.owner,
        "parameters": key.as_json(),
        **dict.fromkeys(("creation_time", "start_time", "modification_time", "lock_time"), now()),
    }
    statement = insert(WorkflowSteps.__table__).values(row).returning(STEP.step_id)
    number: int = session.execute(statement).scalar_one()
    return number


def end(
    session: Transaction,
    step_id: int,
    *,
    status: int,
    output: str,
    begun_at: str,
    numbers: Mapping[str, int] | None,
) -> None:
    """End a step with the status of its script; with numbers of jobs it waits for their end."""
    row = _row(session, step_id)
    ending = {"exit_status": status, "output": output, "begun_at": begun_at}
    values: dict[str, Any] = {"parameters": {**row.parameters, **ending, "jobs": numbers}}
    if numbers:
        target = next(iter(numbers.values()))
        values |= {"flavor": JOBS, "target_id": str(target)}
    verb = "fail" if status else "submit" if numbers else "finish"
    transitions.carry_step(session, verb, [step_id], values)


def take_result(session: Transaction, step_id: int, result: Mapping[str, Any]) -> None:
    """Store the result of the jobs of a step."""
    row = _row(session, step_id)
    values = {"parameters": {**row.parameters, "result": dict(result)}}
    if not transitions.carry_step(session, "finish", [step_id], values):
        stored = update(WorkflowSteps.__table__).where(STEP.step_id == step_id)
        session.execute(stored.values(values))


def interrupt(session: Transaction, workflow_id: int) -> list[int]:
    """Cancel the steps of a sequence that have no end: their process is gone."""
    running = select(STEP.step_id).where(STEP.workflow_id == workflow_id, STEP.status == RUNNING)
    return transitions.carry_step(session, "cancel", [*session.scalars(running)], {})


def of_sequence(session: Transaction, workflow_id: int) -> Sequence[Row[Any]]:
    """Return the steps of a sequence in the order of their begins."""
    rows = select(*STEP).where(STEP.workflow_id == workflow_id).order_by(STEP.member_id)
    return session.execute(rows).all()


def _row(session: Transaction, step_id: int) -> Row[Any]:
    return session.execute(select(*STEP).where(STEP.step_id == step_id).with_for_update()).one()
