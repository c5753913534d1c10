"""The queues of jobs that merge events, and those that take no new consumer.

The choice among several queues is a brokerage, and pandadb has none: a merge job goes where PanDA's
server sends it while no queue of the nucleus has asked for jobs, and a consumer stays where it is.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, String, any_, bindparam, select

from pandadb.models import SchedconfigJSON

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pandadb.core.sql.transaction import Transaction

MERGES_HERE = "localEsMergeNC"
"""The word in a queue's `catchall` that keeps merge jobs in the queue of their consumers."""
NUCLEUS = "nucleus:"
TAKING = ("online", "brokeroff")
"""States of queues that take new consumers."""
NO_EVENTS = "std"
"""The `jobseed` of queues that run no job of the event service."""
PREEMPTABLE = -1
"""The `pledgedcpu` of queues that may end jobs at any time."""


def of_merges(session: Transaction, consumers: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """Return for each consumer the queue of the job that merges its events."""
    queues = configurations(session, (one["computingsite"] for one in consumers))
    return {one["pandaid"]: _of_merge(one, queues) for one in consumers}


def _of_merge(consumer: Mapping[str, Any], queues: Mapping[str, Mapping[str, Any]]) -> Any:
    queue = queues.get(consumer["computingsite"], {})
    destination = consumer["destinationse"] or ""
    if MERGES_HERE in (queue.get("catchall") or "") or not destination:
        return consumer["computingsite"]
    return consumer["computingsite"] if destination.startswith(NUCLEUS) else destination


def takes_consumers(queue: Mapping[str, Any] | None) -> bool:
    """Return whether a queue takes new consumers; one without a configuration does."""
    if not queue:
        return True
    return queue.get("status") in TAKING and queue.get("jobseed") != NO_EVENTS


def is_preemptable(queue: Mapping[str, Any] | None) -> bool:
    """Return whether the jobs of a queue may end at any time, with no fault of theirs."""
    return str((queue or {}).get("pledgedcpu")) == str(PREEMPTABLE)


def configurations(session: Transaction, names: Iterable[str | None]) -> dict[str, dict[str, Any]]:
    """Return the configurations of queues that are known, by their names."""
    wanted = sorted({name for name in names if name})
    if not wanted:
        return {}
    return {name: data or {} for name, data in session.execute(_known(), {"names": wanted})}


@cache
def _known() -> Any:
    queue = SchedconfigJSON.__table__.c
    names = bindparam("names", type_=ARRAY(String))
    return select(queue.panda_queue, queue.data).where(queue.panda_queue == any_(names))
