"""Leases that end with their jobs, and reports on the files of these jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pandadb.core.control import locks
from pandadb.core.queue import leases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.jobs.files.file_reports import Reports
    from pandadb.core.queue.leases import Lease
    from pandadb.core.sql.transaction import Transaction


def closed(session: Transaction, held: Sequence[Lease]) -> set[int]:
    """End leases, and lock the followers of the jobs; return the jobs that were the callers'."""
    closed = leases.close(session, held)
    locks.lock(session, [job for job, followed in closed.items() if followed])
    return {*closed}


def reports_of(files: Reports | None, jobs: Sequence[int]) -> Reports | None:
    """Return the reports on the files of some of the jobs that were reported on."""
    if not files or not all(isinstance(key, int) for key in files):
        return files
    mine = {job: report for job, report in files.items() if job in {*jobs}}
    return cast("Reports", mine) or None
