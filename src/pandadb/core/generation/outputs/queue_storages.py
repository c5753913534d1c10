"""Storages of queues, for outputs that stay where their job runs (SO). Job generation 3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from pandadb.core.generation.job_request import USER_LABELS
from pandadb.core.generation.jobs.job_columns import ANALYSIS
from pandadb.models import DdmEndpoint, PandaDdmRelation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.generation.job_request import JobRequest
    from pandadb.core.generation.slices import Queue
    from pandadb.core.sql.transaction import Transaction

RELATION, ENDPOINT = PandaDdmRelation.__table__.c, DdmEndpoint.__table__.c
USERS_SCOPE, SCOPE = "analysis", "default"
"""The scope of users' jobs, where a queue has storages of that, and of all others."""
WRITES = "write_lan"
"""The role of a storage that jobs of the queue write to."""


def of_queues(
    session: Transaction, request: JobRequest, queues: Sequence[Queue]
) -> Mapping[str, str | None]:
    """Return the storage that the outputs of each queue stay in; no queues without the rule.

    A queue may have none that is its default for writing.
    """
    if not request.has("stayOutputOnSite"):
        return {}
    scope = func.coalesce(RELATION.scope, SCOPE)
    rows = session.execute(
        select(RELATION.panda_site_name, scope, RELATION.ddm_endpoint_name, RELATION.default_write)
        .join(
            ENDPOINT.ddm_endpoint_name.table,
            ENDPOINT.ddm_endpoint_name == RELATION.ddm_endpoint_name,
        )
        .where(
            RELATION.panda_site_name.in_([queue.name for queue in queues]),
            RELATION.roles.contains(WRITES),
        )
        .order_by(RELATION.panda_site_name, RELATION.ddm_endpoint_name)
    )
    found: dict[tuple[str, str], str | None] = {}
    for queue, its_scope, name, is_default in rows:
        found[queue, its_scope] = name if is_default == "Y" else found.get((queue, its_scope))
    return {queue.name: _storage(request, queue.name, found) for queue in queues}


def _storage(
    request: JobRequest, queue: str, known: Mapping[tuple[str, str], str | None]
) -> str | None:
    task = request.task
    is_users = task["tasktype"] == ANALYSIS or task["prodsourcelabel"] in USER_LABELS
    has_own = is_users and (queue, USERS_SCOPE) in known
    return known.get((queue, USERS_SCOPE if has_own else SCOPE))
