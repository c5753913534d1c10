"""The context of a refinement: the time, shares, work queues, classes of resources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from pandadb.core.shares import resource_types, tree
from pandadb.core.shares.matching import ShareMatcher
from pandadb.core.shares.work_queues import WorkQueue, queue_of, work_queues
from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import shown
from pandadb.core.tasks.split_rules import format_rules
from pandadb.core.tasks.submission.parameters import InvalidTask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Row

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.tasks.refinement.drafts import Draft
    from pandadb.core.tasks.refinement.streams import DatasetNames


@dataclass(frozen=True)
class Surroundings:
    """Tables that are read once for all tasks of a refinement."""

    moment: datetime
    """The time of the database, after the tasks were locked."""
    queues: Sequence[WorkQueue]
    shares: ShareMatcher
    types: Sequence[Row[Any]]
    rtypes: Mapping[str, str | None]
    """The resource type of PanDA queues that tasks are sent to."""
    catalogue: DatasetNames | None


def read(
    session: Transaction, drafts: Sequence[Draft], catalogue: DatasetNames | None
) -> Surroundings:
    """Read them."""
    clock = select(func.timezone("UTC", func.clock_timestamp()))
    moment = connection_of(session).execute(clock).scalar_one()
    return Surroundings(
        moment,
        work_queues(session),
        ShareMatcher(tree.leaves(session)),
        resource_types.read(session),
        resource_types.of_queues(
            session, [resource_types.first_site(draft.parameters.get("site")) for draft in drafts]
        ),
        catalogue,
    )


def set_queue(draft: Draft, around: Surroundings) -> None:
    """Set the work queue, the global share and the resource type of a task.

    Raises:
        InvalidTask: No queue, or no share, is for such a task.
    """
    given, values = draft.parameters, draft.values
    task = {**values, "splitrule": format_rules(draft.rules)}
    queue = queue_of(task, around.queues, given.get("workQueueName"))
    if queue is None:
        raise InvalidTask(
            f"no work queue is for {shown(values['vo'])}, {shown(values['prodsourcelabel'])} and"
            " its other attributes"
        )
    values["workqueue_id"] = queue.queue_id
    if given.get("gshare") in [share.name for share in around.shares.leaves]:
        values["gshare"] = given["gshare"]
    else:
        task["rtype"] = around.rtypes.get(resource_types.first_site(values.get("site")))
        values["gshare"] = around.shares.share_of_task(task)
        if values["gshare"] == tree.UNDEFINED_SHARE:
            del values["gshare"]
            raise InvalidTask("no global share is for such a task")
    values["resource_type"] = resource_types.of_task(values, around.types)
