"""Sites looked up: lists, one site, the history, the candidates of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.sites import queue_candidates, site_history, site_search

if TYPE_CHECKING:
    from datetime import datetime

    from pandadb.core.sites.queue_candidates import QueueCandidate
    from pandadb.core.sites.site_history import HistoryPage
    from pandadb.database import Database


def find(database: Database, *, role: str | None = None) -> list[dict[str, Any]]:
    """Return the sites by name, with the numbers of their PanDA sites and endpoints and the space.

    Raises:
        InvalidValue: `role` does not fit its column.
    """
    with database.transaction() as connection:
        return site_search.find(connection, role=role)


def get(database: Database, name: str) -> dict[str, Any]:
    """Return a site or a queue with its PanDA sites, endpoints, relations, queues, tags, figures.

    Raises:
        InvalidValue: `name` is no text that fits.
        SiteNotFound: Neither SITE nor SCHEDCONFIG_JSON has it.
    """
    with database.transaction() as connection:
        return site_search.get(connection, name)


def history(
    database: Database,
    key: str | None = None,
    *,
    table: str | None = None,
    since: datetime | None = None,
    limit: int = 100,
    before: int | None = None,
) -> HistoryPage:
    """Return a page of the changes of loads, the newest first.

    `key` is the key of a row, or the first column of it: a site, an endpoint, a queue.

    Raises:
        InvalidValue: `limit` is not from 1 to 100,000, or a value does not fit its column.
    """
    with database.transaction() as connection:
        return site_history.history(
            connection, key, table=table, since=since, limit=limit, before=before
        )


def candidates(database: Database, pandaid: int) -> list[QueueCandidate]:
    """Return all queues, those that can run a job first, each with the first reason why not.

    Raises:
        InvalidValue: `pandaid` is no PandaID.
        JobNotFound: No table before the archive has the job.
    """
    with database.transaction() as connection:
        return queue_candidates.candidates(connection, pandaid)
