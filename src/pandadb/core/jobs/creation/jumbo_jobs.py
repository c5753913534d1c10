"""New jumbo jobs: they take ranges of events of their whole task, so it has to have some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.events.kinds import JobKind
from pandadb.core.events.takes import availability
from pandadb.core.sql.validation import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.sql.transaction import Transaction


def check(session: Transaction, jobs: Sequence[Mapping[str, Any]]) -> None:
    """See that there are ranges for new jumbo jobs to take.

    Raises:
        InvalidValue: The task of one has none; the sentence names the job.
    """
    jumbo = [
        (number, job["jeditaskid"])
        for number, job in enumerate(jobs, start=1)
        if job.get("eventservice") == JobKind.JUMBO and job.get("jeditaskid")
    ]
    ready = availability.of_tasks(session, [task for _, task in jumbo])
    for number, task in jumbo:
        if not ready[task]:
            raise InvalidValue(
                f"job {number} of {len(jobs)}: task {task} has no range of events that a jumbo job"
                " can take"
            )
