"""Flows found and counted; one flow with its jobs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pandadb.core.queue.flows import families, flow_pages
from pandadb.core.queue.flows.flow_pages import FlowFilter
from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from pandadb.core.queue.flows.families import JobGraph
    from pandadb.core.queue.flows.flow_pages import FlowGraph, FlowPage
    from pandadb.database import Database

ALL = FlowFilter()


@contextmanager
def _one_moment(database: Database) -> Iterator[Session]:
    """Open a transaction with one snapshot: the state of a flow is that of its jobs."""
    with database.session() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session


class JobNotFound(PandaDBError):
    """A PandaID that no job of a queue has now."""


def find(
    database: Database,
    chosen: FlowFilter = ALL,
    *,
    sort: str = "created",
    descending: bool = True,
    limit: int = 100,
    after: tuple[Any, int] | None = None,
) -> FlowPage:
    """Return a page of the flows that match, the newest first (keyset pagination).

    Raises:
        InvalidValue: The sort order is unknown, or `limit` is not from 1 to 100,000.
    """
    with database.transaction() as connection:
        return flow_pages.find(
            connection, chosen, sort=sort, descending=descending, limit=limit, after=after
        )


def count(database: Database, chosen: FlowFilter = ALL) -> dict[str, int]:
    """Return the numbers of the flows that match, by state; a state without flows is left out."""
    with database.transaction() as connection:
        return flow_pages.count(connection, chosen)


def get(database: Database, flow: int) -> FlowGraph:
    """Return a flow with its jobs and their dependencies.

    Raises:
        FlowNotFound: There is no such flow.
    """
    with _one_moment(database) as session:
        return flow_pages.get(session, flow)


def of_job(database: Database, pandaid: int) -> int | None:
    """Return the flow of a job; None if it has none."""
    with database.transaction() as connection:
        return flow_pages.of_job(connection, pandaid)


def around(database: Database, pandaid: int) -> JobGraph:
    """Return a job of a queue with all that it waits for, and all that waits for it.

    Raises:
        JobNotFound: No job of a queue has that PandaID now.
    """
    with _one_moment(database) as session:
        found = families.around(session, pandaid)
    if not any(job["pandaid"] == pandaid for job in found.jobs):
        raise JobNotFound(f"Job {pandaid} is unknown: no job of a queue has that PandaID now")
    return found
