"""Jobs that are new in a queue, and the groups that limit how many of them run at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.control import groups
from pandadb.core.jobs.dispatch import queued_jobs
from pandadb.core.queue import submission
from pandadb.core.queue.flows import new_flows
from pandadb.core.queue.flows.flow_rows import NewFlow
from pandadb.core.queue.input import known_names
from pandadb.core.sql.validation import InvalidValue, check_number, mistake_in
from pandadb.models import JobControl
from pandadb.services.queue.attempts import repeated
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.queue.input.new_jobs import NewQueueJob
    from pandadb.core.queue.submission import Submitted
    from pandadb.database import Database

MAX_RUNNING = 1_000_000


@repeated
def submit(
    database: Database,
    jobs: Sequence[NewQueueJob],
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    flow: NewFlow | int | str | None = None,
    jeditaskid: int | None = None,
    notify: bool = True,
) -> Submitted:
    """Submit jobs to their queues, all or none, with their dependencies.

    Jobs wait, as `pending`, for their parents and their time. With `flow` they are a new flow, by
    its name or with values for its jobs, or are added to one, by its number. Without `notify` no
    worker is woken: for bulk loads.

    Raises:
        FlowExists: The flow is to be the only one of its name, and there is one.
        FlowNotFound: There is no such flow.
        ParentOutside: A parent is not of the flow, and that is not allowed.
        UnknownParent: A parent is neither a name of the call nor a job.
        DependencyCycle: Jobs wait for each other.
        InvalidValue: A value does not fit its column.
    """
    wanted = NewFlow(flow) if isinstance(flow, str) else flow
    with transaction(database, options) as connection:
        if wanted is not None:
            return new_flows.submit(connection, wanted, jobs, options.host, wakes=notify)
        return submission.submit(
            connection, jobs, options.host, jeditaskid=jeditaskid, wakes=notify
        )


@repeated
def set_group(
    database: Database,
    group_key: str,
    max_running: int,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> list[int]:
    """Set how many jobs of a group may run at once; return the jobs that are admitted by it.

    A lower limit ends no job: no other is admitted until enough have ended.

    Raises:
        InvalidValue: The limit is no number above 0, or the group's name does not fit.
    """
    if mistake := mistake_in(JobControl, "group_key", group_key):
        raise InvalidValue(mistake.replace("group_key", "group", 1))
    check_number("max_running", max_running, 1, MAX_RUNNING)
    with transaction(database, options) as connection:
        groups.limit(connection, group_key, max_running)
        return sorted(queued_jobs.go_on(connection, [], {group_key}, host=options.host))


def set_exec_config(
    database: Database,
    name: str,
    value: Mapping[str, Any],
    options: VerbOptions = DEFAULT_OPTIONS,
) -> None:
    """Store a configuration that jobs may have by its name, instead of the one with that name.

    Raises:
        InvalidValue: The name or the value, as JSON, does not fit its column.
    """
    with transaction(database, options) as connection:
        known_names.store_exec_config(connection, name, value)
