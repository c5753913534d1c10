"""Refusals: the reason why a job did not move, one per job, and its sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, literal, select

from pandadb.core.jobs import states
from pandadb.core.jobs.search import lookup
from pandadb.core.sql.transaction import refusing_locked
from pandadb.errors import JobsLocked, PandaDBError
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.machine import Transition
    from pandadb.models.jobs.all_tables import JobTable

__all__ = ["JobsLocked", "Refusal", "RefusalReason", "Refused", "explain", "refusing_to_wait"]


class RefusalReason(StrEnum):
    """Why a job did not move."""

    UNKNOWN = "unknown"
    STATE = "wrong state"
    GUARD = "guard"
    LOCKED = "locked"
    THERE = "already there"


@dataclass(frozen=True)
class Refusal:
    """A job that did not move."""

    reason: RefusalReason
    sentence: str


class Refused(PandaDBError):
    """The only job of a call was refused; nothing was changed."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.reason = refusal.reason


refusing_to_wait = partial(refusing_locked, JobsLocked, "job")
"""Turn PostgreSQL's refusal to wait for the lock of a job into JobsLocked."""


def explain(
    session: Transaction, steps: Sequence[Transition], pandaids: Sequence[int]
) -> dict[int, Refusal]:
    """Return for each job why none of the transitions, of one verb, could take it."""
    found = lookup.rows(session, pandaids, lambda job: _looked_up(job, steps))
    refused = {pandaid: _refusal(steps, row) for pandaid, row in found.items()}
    for pandaid in pandaids:
        unknown = Refusal(RefusalReason.UNKNOWN, f"Job {pandaid} is unknown: no table has it")
        refused.setdefault(pandaid, unknown)
    return refused


def _looked_up(job: JobTable, steps: Sequence[Transition]) -> Select[*tuple[Any, ...]]:
    """Select a job with its place, and whether each guard holds for it."""
    columns = job.__table__.c
    guards = [
        and_(True, *(guard.of(columns) for guard in step.guards)).label(f"guard_{i}")
        for i, step in enumerate(steps)
    ]
    ended = literal(job not in LIVE_TABLES).label("ended")
    return select(job.pandaid, job.jobstatus, ended, *guards)


def _refusal(steps: Sequence[Transition], row: Any) -> Refusal:
    job, verb = f"Job {row.pandaid}", steps[0].verb
    fitting = [(i, step) for i, step in enumerate(steps) if row.jobstatus in step.sources]
    if row.jobstatus in {step.target for step in steps} and (row.ended or not fitting):
        return Refusal(RefusalReason.THERE, f"{job} is {row.jobstatus} already")
    if row.ended or not fitting:
        legal = ", ".join(states.legal_from(row.jobstatus))
        then = "it has ended" if row.ended else f"from there {legal}"
        return Refusal(
            RefusalReason.STATE, f"{job} is {row.jobstatus}, which {verb} is not for: {then}"
        )
    for i, step in fitting:
        if not row._mapping[f"guard_{i}"]:
            otherwise = " and ".join(guard.otherwise for guard in step.guards)
            return Refusal(RefusalReason.GUARD, f"{job} is {row.jobstatus} but {otherwise}")
    return Refusal(
        RefusalReason.LOCKED, f"{job} is {row.jobstatus} but somebody else is changing it"
    )
