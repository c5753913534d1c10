"""The context of a refinement: the time, shares, work queues, classes of resources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, cast, func, select

from pandadb.core.shares import ranking
from pandadb.core.shares.work_queues import WorkQueue, queue_of, work_queues
from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import shown
from pandadb.core.tasks.split_rules import format_rules
from pandadb.core.tasks.submission.parameters import InvalidTask
from pandadb.models import SchedconfigJSON

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Row

    from pandadb.core.shares.ranking import Share
    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.tasks.refinement.drafts import Draft
    from pandadb.core.tasks.refinement.streams import DatasetNames


@dataclass(frozen=True)
class Surroundings:
    """Tables that are read once for all tasks of a refinement."""

    moment: datetime
    """The time of the database, after the tasks were locked."""
    queues: Sequence[WorkQueue]
    shares: Sequence[Share]
    types: Sequence[Row[Any]]
    resource_types: Mapping[str, str | None]
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
        ranking.leaves(session),
        ranking.resource_types(session),
        queue_resource_types(
            session, [first_site(draft.parameters.get("site")) for draft in drafts]
        ),
        catalogue,
    )


def first_site(sites: Any) -> str:
    """Return the first of the queues that a task may run at."""
    return str(sites or "").split(",")[0]


def queue_resource_types(session: Transaction, sites: Sequence[str]) -> dict[str, str | None]:
    """Return the resource types of PanDA queues, by name, of those that have one."""
    named = sorted({site for site in sites if site})
    if not named:
        return {}
    kind = cast(SchedconfigJSON.data["resource_type"].as_string(), String)
    found = select(SchedconfigJSON.panda_queue, kind).where(SchedconfigJSON.panda_queue.in_(named))
    return {row[0]: row[1] for row in connection_of(session).execute(found)}


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
    if given.get("gshare") in [share.name for share in around.shares]:
        values["gshare"] = given["gshare"]
    else:
        task["rtype"] = around.resource_types.get(first_site(values.get("site")))
        values["gshare"] = ranking.share_of_task(task, around.shares)
        if values["gshare"] == ranking.UNDEFINED_SHARE:
            del values["gshare"]
            raise InvalidTask("no global share is for such a task")
    values["resource_type"] = ranking.resource_type_of_task(values, around.types)
