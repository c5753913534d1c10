"""Global shares of jobs without a task of JEDI, found again after a change of the shares."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Integer, String, bindparam, func, select, update

from pandadb.core.jobs.refusals import refusing_to_wait
from pandadb.core.shares import resource_types, tree
from pandadb.core.shares.matching import ShareMatcher
from pandadb.core.sql.expressions import constants
from pandadb.core.sql.id_arrays import is_one_of, unnested
from pandadb.core.sql.transaction import connection_of
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Select, Update

    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import JobTable

KIND = (
    "prodsourcelabel", "workinggroup", "processingtype", "computingsite", "eventservice", "gshare",
)  # fmt: skip
"""Columns that decide on the share of a job, and its share."""
TYPES = {"eventservice": Integer()}


def rematch(session: Transaction, states: Sequence[str]) -> dict[str | None, dict[str, int]]:
    """Give jobs in these states that belong to no task the first share that they match.

    Jobs that match none keep theirs. Like jobs are matched once. Returns the number of jobs that
    have changed, by their former and their new share.

    Raises:
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    changed: dict[str | None, dict[str, int]] = {}
    matcher = ShareMatcher(tree.leaves(session))
    for table in LIVE_TABLES:
        kinds = connection_of(session).execute(_kinds(table, tuple(states))).mappings().all()
        sites = [resource_types.first_site(kind["computingsite"]) for kind in kinds]
        rtypes = resource_types.of_queues(session, sites if matcher.has_rtypes else ())
        moves = []
        for kind, site in zip(kinds, sites, strict=True):
            share = matcher.share_of_job({**kind, "rtype": rtypes.get(site)})
            if share not in (kind["gshare"], tree.UNDEFINED_SHARE):
                moves.append({**kind, "share": share})
        if not moves:
            continue
        columns = {f"given_{name}": [one[name] for one in moves] for name in (*KIND, "share")}
        with refusing_to_wait():
            rows = connection_of(session).execute(_update(table, tuple(states)), columns)
        for before, after, number in rows:
            count = changed.setdefault(before, {})
            count[after] = count.get(after, 0) + number
    return changed


@cache
def _kinds(table: JobTable, states: tuple[str, ...]) -> Select[Any]:
    job = table.__table__.c
    return select(*(job[name] for name in KIND)).where(*_of_no_task(table, states)).distinct()


def _of_no_task(table: JobTable, states: tuple[str, ...]) -> list[ColumnElement[bool]]:
    job = table.__table__.c
    return [func.coalesce(job.jeditaskid, 0) == 0, job.jobstatus.in_(constants(states))]


@cache
def _update(table: JobTable, states: tuple[str, ...]) -> Select[Any]:
    """Return the statement that changes the jobs, locked in the order of their ids."""
    job = table.__table__.c
    arrays = {
        name: bindparam(f"given_{name}", type_=ARRAY(TYPES.get(name, String())))
        for name in (*KIND, "share")
    }
    given = unnested("given", **arrays).c
    is_of_kind = [job[name].is_not_distinct_from(given[name]) for name in KIND]
    picked = (
        select(job.pandaid, job.gshare, given.share)
        .where(*_of_no_task(table, states), *is_of_kind)
        .order_by(job.pandaid)
        .with_for_update(of=table.__table__)
        .cte("picked")
        .prefix_with("MATERIALIZED")
    )
    changed: Update = (
        update(table.__table__)
        .where(is_one_of(job.pandaid, select(picked.c.pandaid)), job.pandaid == picked.c.pandaid)
        .values(gshare=picked.c.share)
    )
    done = changed.returning(picked.c.gshare, picked.c.share).cte("done")
    return select(done.c.gshare, done.c.share, func.count()).group_by(*done.c)
