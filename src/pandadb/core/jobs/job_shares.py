"""Global shares of live jobs, found again by their columns. Like jobs are matched once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Integer, String, bindparam, func, null, select, update

from pandadb.core.jobs.refusals import refusing_to_wait
from pandadb.core.shares import resource_types, tree
from pandadb.core.shares.matching import ShareMatcher
from pandadb.core.sql.expressions import constants
from pandadb.core.sql.id_arrays import by_id, is_one_of, unnested, written
from pandadb.core.sql.transaction import connection_of
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement, Select, Update

    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import JobTable

    Kind = tuple[Any, ...]

COMPARED = ("prodsourcelabel", "workinggroup", "processingtype", "eventservice")
KIND = (*COMPARED, "computingsite")
"""Columns that decide on the share of a job; its queue only where shares have an rtype."""
TYPES = {"eventservice": Integer()}


def match(session: Transaction, pandaids: Sequence[int]) -> dict[int, str]:
    """Return the share of each job that is live, by its own columns."""
    connection, given = connection_of(session), {"pandaids": written(pandaids)}
    matcher = ShareMatcher(tree.leaves(session))
    jobs: dict[Kind, list[int]] = {}
    for table in LIVE_TABLES:
        rows = connection.execute(_kinds_of_jobs(table, by_queue=matcher.has_rtypes), given)
        for ids, *kind in rows:
            jobs.setdefault(tuple(kind), []).extend(ids)
    shares = _shares(session, matcher, jobs)
    return {pandaid: shares[kind] for kind, ids in jobs.items() for pandaid in ids}


def rematch(session: Transaction, states: Sequence[str]) -> dict[str | None, dict[str, int]]:
    """Give jobs in these states that belong to no task the first share that they match.

    Jobs that match none keep theirs. Returns the number of jobs that have changed, by their former
    and their new share.

    Raises:
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    changed: dict[str | None, dict[str, int]] = {}
    connection, matcher = connection_of(session), ShareMatcher(tree.leaves(session))
    for table in LIVE_TABLES:
        rows = connection.execute(_taskless_kinds(table, tuple(states)))
        kinds: list[Kind] = [tuple(row) for row in rows]
        shares = _shares(session, matcher, {kind[:-1] for kind in kinds})
        moves = [
            (*kind, shares[kind[:-1]])
            for kind in kinds
            if shares[kind[:-1]] not in (kind[-1], tree.UNDEFINED_SHARE)
        ]
        if not moves:
            continue
        names = (f"given_{name}" for name in (*KIND, "gshare", "share"))
        columns = dict(zip(names, map(list, zip(*moves, strict=True)), strict=True))
        with refusing_to_wait():
            done = connection.execute(_update(table, tuple(states)), columns)
        for before, after, number in done:
            count = changed.setdefault(before, {})
            count[after] = count.get(after, 0) + number
    return changed


def _shares(
    session: Transaction, matcher: ShareMatcher, kinds: Collection[Kind]
) -> dict[Kind, str]:
    """Return the share of each kind of jobs."""
    sites = {site: resource_types.first_site(site) for site in {kind[-1] for kind in kinds}}
    rtypes = resource_types.of_queues(session, sites.values() if matcher.has_rtypes else ())
    return {
        kind: matcher.share_of_job(
            dict(zip(KIND, kind, strict=True)) | {"rtype": rtypes.get(sites[kind[-1]])}
        )
        for kind in kinds
    }


@cache
def _kinds_of_jobs(table: JobTable, *, by_queue: bool) -> Select[Any]:
    """Return the statement that groups jobs by their kind; without queues that is NULL."""
    job = table.__table__.c
    compared: list[ColumnElement[Any]] = [job[name] for name in COMPARED]
    queue: ColumnElement[Any] = job.computingsite if by_queue else null()
    kinds = select(func.array_agg(job.pandaid), *compared, queue).where(by_id(table))
    return kinds.group_by(*compared, *([queue] if by_queue else []))


@cache
def _taskless_kinds(table: JobTable, states: tuple[str, ...]) -> Select[Any]:
    job = table.__table__.c
    columns = (job[name] for name in (*KIND, "gshare"))
    return select(*columns).where(*_of_no_task(table, states)).distinct()


def _of_no_task(table: JobTable, states: tuple[str, ...]) -> list[ColumnElement[bool]]:
    job = table.__table__.c
    return [func.coalesce(job.jeditaskid, 0) == 0, job.jobstatus.in_(constants(states))]


@cache
def _update(table: JobTable, states: tuple[str, ...]) -> Select[Any]:
    """Return the statement that changes the jobs, locked in the order of their ids."""
    job = table.__table__.c
    arrays = {
        name: bindparam(f"given_{name}", type_=ARRAY(TYPES.get(name, String())))
        for name in (*KIND, "gshare", "share")
    }
    given = unnested("given", **arrays).c
    is_of_kind = [job[name].is_not_distinct_from(given[name]) for name in (*KIND, "gshare")]
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
