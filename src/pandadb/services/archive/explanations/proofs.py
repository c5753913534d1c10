"""Records about a range of time: its proofs, and held tasks with jobs in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from pandadb.core.archive import holds, proofs
from pandadb.core.archive.layout import ARCHIVED_JOBS, ENDED_JOBS
from pandadb.core.archive.months import rows_of
from pandadb.core.sql.time_range import TimeRange
from pandadb.models import ArchiveProof

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pandadb.models import ArchiveHold


@dataclass(frozen=True)
class Proven:
    """A recorded proof."""

    table: str
    """Among the live ones, without its schema."""
    partition: str
    """By its name there."""
    how: str
    """swap, copy, restore, take or merge."""
    source_rows: int
    """Before."""
    target_rows: int | None
    """After; None if that was not counted yet."""
    is_same: bool
    """Whether source and target are equal."""
    at: datetime
    by: str
    host: str | None
    is_other: bool = False
    """Whether it is a record of the other database."""


@dataclass(frozen=True)
class HeldTask:
    """A task that is held."""

    jeditaskid: int
    by: str
    since: datetime
    why: str | None

    @classmethod
    def of(cls, hold: ArchiveHold) -> HeldTask:
        """Return the record of a hold."""
        return cls(hold.jeditaskid, hold.held_by, hold.since, hold.reason)


def proofs_of(
    session: Session, lower: datetime, upper: datetime, *, is_other: bool = False
) -> list[Proven]:
    """Return the proofs of partitions that overlap a range of time, oldest first."""
    query = (
        select(ArchiveProof)
        .where(ArchiveProof.lower_bound < upper, ArchiveProof.upper_bound > lower)
        .order_by(ArchiveProof.id)
    )
    return [_proven(proof, is_other) for proof in session.scalars(query)]


def _proven(proof: ArchiveProof, is_other: bool) -> Proven:
    is_same = proofs.target_of(proof) == proofs.source_of(proof)
    return Proven(
        proof.table_name,
        proof.partition_name,
        proof.how,
        proof.source_rows,
        proof.target_rows,
        is_same,
        proof.proved_at,
        proof.proved_by,
        proof.host,
        is_other,
    )


def held(session: Session, lower: datetime, upper: datetime) -> list[HeldTask]:
    """Return the tasks that are held and have jobs that ended in a time, here."""
    known, times = holds.held(session), TimeRange(lower, upper)
    tables = (ENDED_JOBS, ARCHIVED_JOBS)
    rows = (rows_of(session, table, times) for table in tables if known)
    tasks = {task for one in rows for task in holds.held_tasks(session, one)}
    return [HeldTask.of(known[task]) for task in sorted(tasks & known.keys())]
