"""Configurations of PanDA queues: SCHEDCONFIG_JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import ARRAY, String, any_, literal, select

from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import InvalidValue, near, shown
from pandadb.models import SchedconfigJSON

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from pandadb.core.generation.slices import Queue
    from pandadb.core.sql.transaction import Transaction

QUEUE = SchedconfigJSON.__table__.c

ONLINE = "online"


class UnknownQueue(InvalidValue):
    """A queue without a row in SCHEDCONFIG_JSON."""


def with_facts(session: Transaction, queues: Sequence[Queue]) -> list[Queue]:
    """Return queues with the facts of SCHEDCONFIG_JSON; queues that have some are left as they are.

    Raises:
        UnknownQueue: A queue has no row.
    """
    names = [queue.name for queue in queues if not queue.facts]
    if not names:
        return [*queues]
    is_named = QUEUE.panda_queue == any_(literal(names, ARRAY(String)))
    found = connection_of(session).execute(select(QUEUE.panda_queue, QUEUE.data).where(is_named))
    known = {name: _facts(data) for name, data in found}
    for name in names:
        if name not in known:
            others = connection_of(session).scalars(select(QUEUE.panda_queue))
            raise UnknownQueue(f"SCHEDCONFIG_JSON has no queue {shown(name)}{near(name, others)}")
    return [queue if queue.facts else replace(queue, facts=known[queue.name]) for queue in queues]


def online(session: Transaction) -> list[str]:
    """Return the names of the queues whose `status` is online."""
    rows = connection_of(session).execute(
        select(QUEUE.panda_queue, QUEUE.data).order_by(QUEUE.panda_queue)
    )
    return [name for name, data in rows if _facts(data).get("status") == ONLINE]


def _facts(data: Any) -> dict[str, Any]:
    facts = json.loads(data) if isinstance(data, str) else data
    return facts if isinstance(facts, dict) else {}
