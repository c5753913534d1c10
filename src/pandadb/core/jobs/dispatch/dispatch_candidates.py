"""The activated jobs of a site in the order of dispatch, and those of them that are free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Integer,
    String,
    and_,
    bindparam,
    column,
    func,
    literal_column,
    select,
    true,
    tuple_,
    union_all,
)

from pandadb.core.jobs.move_statement import PICKED_COLUMNS
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import constant
from pandadb.core.sql.id_arrays import unseen
from pandadb.models import JobsActive4

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import CTE, ColumnElement

JOB = JobsActive4.__table__.c
NOTHING, ACTIVATED = constant(""), constant("activated")
"""Not parameters: the planner has to see that the index for dispatch has these."""
ONE_CORE = literal_column("1", Integer())
"""Nor this: of a parameter it would think that it may be many."""
LABEL, SHARE = (func.coalesce(JOB[name], NOTHING) for name in ("prodsourcelabel", "gshare"))
AT_SITE = (JOB.computingsite == unseen(bindparam("site", type_=String)), JOB.jobstatus == ACTIVATED)
RANK_OF_OTHERS = 1_000_000

LIMITS = {"memory": "minramcount", "disk": "maxdiskcount", "walltime": "maxwalltime"}
"""Resources of a worker, each with the column that has the need of a job."""
EQUALITY_CRITERIA = ("resource_type", "produsername", "jeditaskid")
"""Columns that must equal the worker's value."""


def candidates(by_label: bool, asked: Sequence[str]) -> CTE:
    """Select the first jobs of each kind, then the first of all kinds, in their order.

    The kinds come in the order of their shares: those of later shares are read only if the first
    have too few jobs. The parameters are the `site`, the order of its `shares`, the number of jobs
    in `reach`, the `labels`, and each value of the request with the prefix `wanted_`.
    """
    kinds = _kinds(by_label)
    reach = unseen(bindparam("reach", type_=Integer))
    shares = unseen(bindparam("shares", type_=ARRAY(String)))
    place = func.coalesce(func.array_position(shares, kinds.c.share), RANK_OF_OTHERS).label("place")
    kind = select(kinds.c.label, kinds.c.share, place).order_by(place).subquery("kind")
    jobs = (
        select(JOB.pandaid, JOB.currentpriority)
        .where(*AT_SITE, kind.c.label == LABEL, kind.c.share == SHARE, *map(_fits, asked))
        .order_by(JOB.currentpriority.desc(), JOB.pandaid)
        .limit(reach)
        .lateral("jobs")
    )
    first = (
        select(jobs.c.pandaid)
        .select_from(kind.join(jobs, true()))
        .order_by(kind.c.place, jobs.c.currentpriority.desc(), jobs.c.pandaid)
        .limit(reach)
    )
    pandaids = func.array(first.scalar_subquery()).label("pandaids")
    return select(pandaids).cte("candidates").prefix_with("MATERIALIZED")


def following() -> CTE:
    """Select the first jobs of one kind: those above a priority, and of that those after a job.

    Each is a range of the index. So entries of jobs that were taken before are not read, which no
    vacuum removes while an old transaction is open. The parameters are the `site`, `label`,
    `share`, `priority`, the job `after` which they come, and the number of jobs in `reach`.
    """
    given = {name: unseen(bindparam(name, type_=String)) for name in ("label", "share")}
    priority, after = (
        unseen(bindparam(name, type_=kind))
        for name, kind in (("priority", Integer), ("after", BigInteger))
    )
    kind = (*AT_SITE, given["label"] == LABEL, given["share"] == SHARE)
    reach = unseen(bindparam("reach", type_=Integer))
    above, beyond = (
        select(JOB.pandaid, JOB.currentpriority)
        .where(*kind, *where)
        .order_by(JOB.currentpriority.desc(), JOB.pandaid)
        .limit(reach)
        .subquery(name)
        for name, where in (
            ("above", [JOB.currentpriority > priority]),
            ("beyond", [JOB.currentpriority == priority, JOB.pandaid > after]),
        )
    )
    jobs = union_all(select(*above.c), select(*beyond.c)).subquery("jobs")
    first = select(jobs.c.pandaid).order_by(jobs.c.currentpriority.desc(), jobs.c.pandaid)
    pandaids = func.array(first.limit(reach).scalar_subquery()).label("pandaids")
    return select(pandaids).cte("candidates").prefix_with("MATERIALIZED")


def _kinds(by_label: bool) -> CTE:
    """Find the labels and shares with jobs at the site, by a loose index scan.

    The cost is one probe of the index for each, however many jobs there are; other labels than the
    requested ones are skipped.
    """
    kind = select(LABEL.label("label"), SHARE.label("share")).where(*AT_SITE).order_by(LABEL, SHARE)
    wanted = id_arrays.unnested("wanted", label=unseen(bindparam("labels", type_=ARRAY(String))))
    first = (
        (kind.where(wanted.c.label == LABEL) if by_label else kind).limit(ONE_CORE).lateral("first")
    )
    begin = select(first.c.label, first.c.share)
    begin = begin.select_from(wanted.join(first, true())) if by_label else begin
    kinds = begin.cte("kinds", recursive=True)
    later = tuple_(LABEL, SHARE) > tuple_(kinds.c.label, kinds.c.share)
    of_label = and_(kinds.c.label == LABEL, kinds.c.share < SHARE)
    following = kind.where(of_label if by_label else later).limit(ONE_CORE).lateral("following")
    return kinds.union_all(
        select(following.c.label, following.c.share).select_from(kinds.join(following, true()))
    )


def _fits(name: str) -> ColumnElement[bool]:
    """Match jobs that need no more than the worker has, and equal its values."""
    given = bindparam(f"wanted_{name}", type_=JOB[LIMITS.get(name, name)].type)
    if name in LIMITS:
        return func.coalesce(JOB[LIMITS[name]], 0) <= given
    return JOB[name] == given


def _still_fits(by_label: bool, asked: Sequence[str]) -> list[ColumnElement[bool]]:
    """Match the same for a job that was found by its id, in a form that no index matches."""
    site = unseen(bindparam("site", type_=String))
    label = func.any(unseen(bindparam("labels", type_=ARRAY(String))).cast(ARRAY(String)))
    return [
        JOB.jobstatus.collate("C") == ACTIVATED,
        JOB.computingsite.collate("C") == site,
        *([LABEL.collate("C") == label] if by_label else []),
        *(_fits(name) for name in asked),
    ]


def free(
    candidates: CTE,
    by_label: bool,
    asked: Sequence[str],
    *conditions: ColumnElement[bool],
    columns: Sequence[str] = (),
) -> CTE:
    """Lock the first candidates that are free, and return their places; at most `njobs`.

    Each candidate is looked up and locked in turn, so no job is locked and then not taken. A sort
    in between would lock all of them first. A job may have changed since the candidates were read:
    the conditions are checked again on the locked row. `columns` are returned, too.
    """
    first = func.unnest(candidates.c.pandaids).table_valued(
        column("pandaid", BigInteger), with_ordinality="place"
    )
    first = first.render_derived("first")
    job = (
        select(*(JOB[name] for name in dict.fromkeys((*PICKED_COLUMNS, *columns))))
        .where(JOB.pandaid == first.c.pandaid, *_still_fits(by_label, asked), *conditions)
        .with_for_update(skip_locked=True)
        .lateral("job")
    )
    return (
        select(*job.c, first.c.place)
        .select_from(candidates.join(first, true()).join(job, true()))
        .limit(unseen(bindparam("njobs", type_=Integer)))
        .cte("free")
        .prefix_with("MATERIALIZED")
    )
