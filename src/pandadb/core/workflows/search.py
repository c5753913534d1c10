"""Sequences found, and one with its steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, select

from pandadb.core.jobs.search.job_filters.globs import is_like
from pandadb.core.sql.expressions import constant
from pandadb.core.sql.validation import InvalidValue, check_number, near, words
from pandadb.core.workflows import leases, step_rows
from pandadb.core.workflows.sequence_rows import not_found
from pandadb.core.workflows.states import INTERRUPTED, OPEN, RUNNING, SEQUENCES
from pandadb.models import Workflows, WorkflowSteps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row

    from pandadb.core.sql.transaction import Transaction

WORKFLOW, STEP = Workflows.__table__.c, WorkflowSteps.__table__.c
STATES = (RUNNING, INTERRUPTED, *(name for name in SEQUENCES.states if name != OPEN))
"""The states that a user sees."""
MAX_PAGE = 100_000
STATE: ColumnElement[str] = case(
    (WORKFLOW.status != OPEN, WORKFLOW.status),
    (leases.is_live(), constant(RUNNING)),
    else_=constant(INTERRUPTED),
)


@dataclass(frozen=True)
class SequenceFilter:
    """Conditions on sequences; all have to hold, and None matches all.

    Raises:
        InvalidValue: There is no such state.
    """

    states: str | Sequence[str] | None = None
    name: str | None = None
    """A pattern as of a shell, of the name of the file."""
    username: str | None = None

    def __post_init__(self) -> None:
        for state in words(self.states or ()):
            if state not in STATES:
                raise InvalidValue(f"{state!r} is no state of a sequence{near(state, STATES)}")

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions."""
        if self.states is not None:
            yield STATE.in_(words(self.states))
        if self.name is not None:
            yield is_like(WORKFLOW.name, words(self.name))
        if self.username is not None:
            yield WORKFLOW.username == self.username


@dataclass(frozen=True)
class StepRun:
    """An attempt of a step; times are naive UTC."""

    step_id: int
    name: str
    action: str
    number: int
    state: str
    exit_status: int | None
    env: dict[str, str]
    output: str | None
    jobs: dict[str, int] | None
    """The numbers of the jobs that it has submitted: jobset, task, job."""
    result: dict[str, Any] | None
    """The result of these jobs: numbers, fields, ended_at."""
    begun_at: str | None
    """The time of its begin by the clock of its machine, in ISO form."""
    start_time: datetime
    end_time: datetime | None


@dataclass(frozen=True)
class SequenceRun:
    """A sequence; times are naive UTC."""

    workflow_id: int
    name: str
    state: str
    username: str
    start_time: datetime
    end_time: datetime | None
    check_time: datetime
    """The last sign of life of its process."""
    owner: str | None
    """The process that has, or had, the lease."""
    nsteps: int
    nfailed: int
    path: str
    error: str | None
    cancel_requested_by: str | None


COLUMNS = (
    *(WORKFLOW[name] for name in (
        "workflow_id", "name", "username", "start_time", "end_time", "check_time", "locked_by",
        "raw_request_json", "parameters",
    )),
    STATE.label("state"),
)  # fmt: skip


def find(
    session: Transaction, chosen: SequenceFilter, *, limit: int = 100, after: int | None = None
) -> list[SequenceRun]:
    """Return sequences that match, the newest first, below the number `after`.

    Raises:
        InvalidValue: `limit` is not from 1 to 100,000.
    """
    check_number("limit", limit, 1, MAX_PAGE)
    conditions = [WORKFLOW.prodsourcelabel == OPEN, *chosen.conditions()]
    if after is not None:
        conditions.append(WORKFLOW.workflow_id < after)
    rows = _counted().where(*conditions).order_by(WORKFLOW.workflow_id.desc()).limit(limit)
    return [_sequence(row) for row in session.execute(rows)]


def get(session: Transaction, workflow_id: int) -> tuple[SequenceRun, list[StepRun]]:
    """Return a sequence with its steps, in the order of their begins.

    Raises:
        SequenceNotFound: There is none with this number.
    """
    chosen = WORKFLOW.workflow_id == workflow_id, WORKFLOW.prodsourcelabel == OPEN
    row = session.execute(_counted().where(*chosen)).one_or_none()
    if row is None:
        raise not_found(workflow_id)
    return _sequence(row), steps(session, workflow_id)


def steps(session: Transaction, workflow_id: int) -> list[StepRun]:
    """Return the steps of a sequence in the order of their begins."""
    return [_step(row) for row in step_rows.of_sequence(session, workflow_id)]


def _counted() -> Any:
    failed = func.count().filter(STEP.status == "failed")
    number = (
        select(func.count().label("nsteps"), failed.label("nfailed"))
        .where(STEP.workflow_id == WORKFLOW.workflow_id)
        .lateral("number")
    )
    return select(*COLUMNS, number).select_from(Workflows.__table__, number)


def _sequence(row: Row[Any]) -> SequenceRun:
    parameters, request = row.parameters or {}, row.raw_request_json or {}
    return SequenceRun(
        workflow_id=row.workflow_id,
        name=row.name,
        state=row.state,
        username=row.username,
        start_time=row.start_time,
        end_time=row.end_time,
        check_time=row.check_time,
        owner=row.locked_by,
        nsteps=row.nsteps,
        nfailed=row.nfailed,
        path=request.get("path", ""),
        error=parameters.get("error"),
        cancel_requested_by=parameters.get("cancel_requested_by"),
    )


def _step(row: Row[Any]) -> StepRun:
    found = row.parameters or {}
    return StepRun(
        step_id=row.step_id,
        name=row.name,
        action=found.get("action", row.type),
        number=found.get("number", 1),
        state=row.status,
        exit_status=found.get("exit_status"),
        env=found.get("env", {}),
        output=found.get("output"),
        jobs=found.get("jobs"),
        result=found.get("result"),
        begun_at=found.get("begun_at"),
        start_time=row.start_time,
        end_time=row.end_time,
    )
