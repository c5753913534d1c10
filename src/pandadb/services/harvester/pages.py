"""Harvester instances and workers looked at. Nothing is changed; credentials are masked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.harvester import instance_pages
from pandadb.core.harvester.instance_pages import InstancePage, WorkerFilter

if TYPE_CHECKING:
    from pandadb.core.harvester.instance_pages import InstanceState, WorkerPage
    from pandadb.database import Database

ALL = WorkerFilter()


def status(
    database: Database, harvester: str | None = None, *, hours: int = 24
) -> list[InstanceState]:
    """Return instances, or one, with the numbers of workers that changed in the last hours.

    Raises:
        UnknownInstance: The instance is not registered, and has no workers.
        InvalidValue: `hours` is no whole number, or the name does not fit.
    """
    with database.transaction() as connection:
        return instance_pages.states(connection, harvester, hours=hours)


def find_workers(
    database: Database,
    harvester: str,
    chosen: WorkerFilter = ALL,
    *,
    limit: int = 100,
    before: int | None = None,
) -> WorkerPage:
    """Return a page of an instance's workers with their jobs, the largest numbers first.

    The next page comes with `before=page.next`.

    Raises:
        InvalidValue: `limit` is not from 1 to 100,000, or `before` is no number.
    """
    with database.transaction() as connection:
        return instance_pages.workers(connection, harvester, chosen, limit=limit, before=before)


def page(
    database: Database,
    harvester: str,
    chosen: WorkerFilter = ALL,
    *,
    hours: int = 24,
    limit: int = 100,
    before: int | None = None,
) -> InstancePage:
    """Return a Harvester with its workers, for a monitor: three statements.

    Raises:
        UnknownInstance: The instance is not registered, and has no workers.
        InvalidValue: A value does not fit.
    """
    with database.transaction() as connection:
        (state,) = instance_pages.states(connection, harvester, hours=hours)
        found = instance_pages.workers(connection, harvester, chosen, limit=limit, before=before)
    return InstancePage(state, found)


def find_commands(
    database: Database,
    harvester: str | None = None,
    *,
    status: str | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Return commands to an instance, or to all, the newest first.

    Raises:
        InvalidValue: A value does not fit, or `limit` is not from 1 to 100,000.
    """
    with database.transaction() as connection:
        return instance_pages.commands(connection, harvester, status=status, limit=limit)
