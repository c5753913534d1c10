"""Merge jobs of the event service that fail on archive files that they cannot read; semantics 2.13.

The ranges in such files are corrupted, and so are processed again: at once if the files are broken
for good, and at the third failure of a job on one of them if the pilot's error may pass.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select

from pandadb.core.events.kinds import JobKind
from pandadb.core.events.reports import corruptions
from pandadb.core.events.reports.corruptions import CORRUPTED, READ
from pandadb.core.sql import id_arrays
from pandadb.models import FilesTable4, JobsArchived4

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction

BROKEN = (1103, 1145, 1171, 1175)
"""The `piloterrorcode` of inputs that are broken."""
MAY_PASS = 1099
"""The `piloterrorcode` of inputs that could not be staged in."""
MOST_FAILURES = 3
JOB, FILE = JobsArchived4.__table__.c, FilesTable4.__table__.c


def corrupt(session: Transaction, failed: Collection[int]) -> int:
    """Mark the ranges in files that merge jobs among these could not read; return how many.

    The jobs have just failed.
    """
    if not failed:
        return 0
    rows = session.execute(_merges(), {"pandaids": [*failed]}).all()
    broken = [row.pandaid for row in rows if row.piloterrorcode in BROKEN]
    passing = [row.pandaid for row in rows if row.piloterrorcode == MAY_PASS]
    if passing:
        broken += session.scalars(_too_often(), {"pandaids": passing})
    return corruptions.corrupt(session, sorted(broken))


@cache
def _merges() -> Select[Any]:
    return select(JOB.pandaid, JOB.piloterrorcode).where(
        id_arrays.is_given(JOB.pandaid),
        JOB.eventservice == JobKind.MERGE.value,
        JOB.piloterrorcode.in_((*BROKEN, MAY_PASS)),
    )


@cache
def _too_often() -> Select[int]:
    """Select the jobs with a file that jobs of their task have failed on too often."""
    other = FilesTable4.__table__.alias("other").c
    is_same = and_(
        other.lfn == FILE.lfn,
        other.jeditaskid == FILE.jeditaskid,
        other.type == READ,
        other.status == CORRUPTED,
    )
    return (
        select(FILE.pandaid)
        .join(other.pandaid.table, is_same)
        .where(id_arrays.is_given(FILE.pandaid), FILE.type == READ, FILE.status == CORRUPTED)
        .group_by(FILE.pandaid, FILE.lfn)
        .having(func.count() >= MOST_FAILURES)
        .distinct()
    )
