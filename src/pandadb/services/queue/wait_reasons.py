"""The reasons for which a job waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.queue import wait_reasons

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pandadb.core.queue.wait_reasons import JobWait
    from pandadb.database import Database


def why_waiting(database: Database, job: Mapping[str, Any]) -> JobWait:
    """Return the state of a job as its user sees it, and why it is not at work yet.

    `job` has the `pandaid`, `jobstatus`, `jobsubstatus` and `jeditaskid` of `jobs.get`.
    """
    with database.transaction() as connection:
        return wait_reasons.explain(connection, job)
