"""Activated jobs for a worker: by share, priority and PandaID, each to one worker only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Integer,
    String,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert

from pandadb.core import arrays, routes
from pandadb.core.arrays import unseen
from pandadb.core.effects import constant, now
from pandadb.core.refusals import refusing_to_wait
from pandadb.core.routes import Route
from pandadb.core.sending import send
from pandadb.core.states import transitions
from pandadb.models import (
    FilesTable4,
    HarvesterInstances,
    HarvesterRelJobsWorkers,
    JobParamsTable,
    JobsActive4,
)
from pandadb.models.types import EPOCH, Timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import CTE, ColumnElement, Select
    from sqlalchemy.orm import Session

SPARE = 60
"""How many more candidates than asked for are looked at, since others take some of them."""

FIRST = ("Test",)
"""Shares that go before all others."""


@dataclass(frozen=True)
class Wanted:
    """What a worker can run."""

    computingsite: str
    njobs: int = 1
    labels: Sequence[str] | None = None
    """Values of `prodsourcelabel`; None is all."""
    memory: int | None = None
    """MB: only jobs that need no more."""
    disk: int | None = None
    """MB: only jobs that need no more."""
    walltime: int | None = None
    """Seconds: only jobs that need no more."""
    resource_type: str | None = None
    produsername: str | None = None
    jeditaskid: int | None = None


JOB = JobsActive4.__table__.c
NOTHING, ACTIVATED = constant(""), constant("activated")
"""Not parameters: the planner has to see that the index for dispatch has these."""
ONE = literal_column("1", Integer())
"""Nor this: of a parameter it would think that it may be many."""
LABEL, SHARE = (func.coalesce(JOB[name], NOTHING) for name in ("prodsourcelabel", "gshare"))
HERE = (JOB.computingsite == unseen(bindparam("site", type_=String)), JOB.jobstatus == ACTIVATED)
LAST = 1_000_000

LIMITS = {"memory": "minramcount", "disk": "maxdiskcount", "walltime": "maxwalltime"}
EQUALS = ("resource_type", "produsername", "jeditaskid")
TIMES = tuple(c.name for c in FilesTable4.__table__.c if isinstance(c.type, Timestamp))
"""Columns of files that JSON has as texts."""


@dataclass(frozen=True)
class Dispatched:
    """A job that a worker has been given."""

    job: Mapping[str, Any]
    """All of its columns."""
    files: Sequence[Mapping[str, Any]]
    parameters: str | None

    @property
    def pandaid(self) -> int:
        """Return the job's PandaID."""
        return int(self.job["pandaid"])


def take(
    session: Session,
    wanted: Wanted,
    shares: Sequence[str],
    host: str,
    worker: tuple[str, int] | None = None,
    **values: Any,
) -> list[Dispatched]:
    """Take activated jobs for a worker, and say that they are sent; return them in their order.

    `shares` is the order in which shares are served; jobs of others come last. Jobs that other
    workers take at the moment are skipped. The jobs are related to the worker if its Harvester
    instance is known. `values` are further columns of the jobs.
    """
    asked = {name: getattr(wanted, name) for name in (*LIMITS, *EQUALS)}
    asked = {name: value for name, value in asked.items() if value is not None}
    statement = _statement(wanted.labels is not None, tuple(asked), tuple(values))
    harvester, number = worker or (None, None)
    parameters = {
        **{f"wanted_{name}": value for name, value in asked.items()},
        **values,
        "harvester": harvester,
        "worker": number,
        "site": wanted.computingsite,
        "labels": None if wanted.labels is None else [*wanted.labels],
        "shares": [*FIRST, *shares],
        "host": host[:128],
    }
    taken: list[Dispatched] = []
    reach = wanted.njobs + SPARE
    while len(taken) < wanted.njobs:
        parameters |= {"njobs": wanted.njobs - len(taken), "reach": reach}
        with refusing_to_wait():
            found = send(session, statement, parameters)
        names = [*found.keys()]
        rows = [dict(zip(names, row, strict=True)) for row in found]
        seen = [row.pop("seen") for row in rows]
        taken += [_dispatched(row) for row in rows if row["pandaid"]]
        if seen[0] < reach:
            break
        reach *= 4  # others have what was in reach
    return taken


def _dispatched(row: dict[str, Any]) -> Dispatched:
    """Separate a job from what belongs to it."""
    files, parameters = row.pop("files") or [], row.pop("parameters")
    for file in files:
        file |= {name: datetime.fromisoformat(file[name]) for name in TIMES if file[name]}
    return Dispatched(row, files, parameters)


@cache
def _statement(by_label: bool, asked: tuple[str, ...], values: tuple[str, ...]) -> Select[Any]:
    """Say a dispatch: the first candidates of each kind, the first of those that are free.

    It returns the jobs and what belongs to them, and how many candidates there were; of no job
    if none was free.
    """
    candidates = _candidates(_kinds(), by_label, asked)
    free = _free(candidates)
    (step,) = transitions("dispatch")
    route = Route(step, JobsActive4, JobsActive4, values, returned=True)
    _, (moment, moved, *then) = routes.parts(
        route, lambda job: arrays.is_one_of(job.__table__.c.pandaid, select(free.c.pandaid))
    )
    parameters = JobParamsTable.__table__.c
    mine = and_(parameters.pandaid == moved.c.pandaid, parameters.modificationtime == EPOCH)
    taken = free.join(moved, moved.c.pandaid == free.c.pandaid)
    return (
        select(
            *moved.c,
            parameters.jobparameters.label("parameters"),
            _files(moved.c.pandaid).label("files"),
            func.cardinality(candidates.c.pandaids).label("seen"),
        )
        .select_from(candidates.outerjoin(taken.outerjoin(parameters.pandaid.table, mine), true()))
        .order_by(free.c.place)
        .add_cte(moment, *then, _related(free))
    )


def _files(pandaid: ColumnElement[int]) -> ColumnElement[Any]:
    """Select the files of a job, as JSON: so each job is one row."""
    file = FilesTable4.__table__.c
    words = [part for name, column in file.items() for part in (constant(name), column)]
    row = aggregate_order_by(func.json_build_object(*words), file.row_id)
    return (
        select(func.json_agg(row))
        .where(file.pandaid == pandaid, file.modificationtime == EPOCH)
        .scalar_subquery()
    )


def _related(free: CTE) -> CTE:
    """Note which worker has the jobs, if there is one and its Harvester instance is known."""
    harvester = bindparam("harvester", type_=String)
    worker = bindparam("worker", type_=BigInteger)
    known = exists().where(HarvesterInstances.harvester_id == harvester)
    rows = select(harvester, worker, free.c.pandaid, now()).where(known)
    key = ["harvesterid", "workerid", "pandaid"]
    related = insert(HarvesterRelJobsWorkers.__table__).from_select([*key, "lastupdate"], rows)
    seen = related.on_conflict_do_update(index_elements=key, set_={"lastupdate": now()})
    return seen.cte("related")


def _free(candidates: CTE) -> CTE:
    """Lock the first candidates that nobody else has, and tell their places."""
    in_reach = arrays.ids(select(candidates.c.pandaids).scalar_subquery())
    place = func.array_position(in_reach, JOB.pandaid).label("place")
    return (
        select(JOB.pandaid, place)
        .where(JOB.pandaid == func.any(in_reach), JOB.jobstatus == ACTIVATED)
        .order_by(place)
        .limit(unseen(bindparam("njobs", type_=Integer)))
        .with_for_update(skip_locked=True)
        .cte("free")
    )


def _kinds() -> CTE:
    """Find the labels and shares of which there are jobs at the site: from each to the next one.

    That costs a probe of the index for each, however many jobs there are.
    """
    kind = select(LABEL.label("label"), SHARE.label("share")).where(*HERE).order_by(LABEL, SHARE)
    first = kind.limit(ONE).subquery("first")
    kinds = select(first.c.label, first.c.share).cte("kinds", recursive=True)
    following = (
        kind.where(tuple_(LABEL, SHARE) > tuple_(kinds.c.label, kinds.c.share))
        .limit(ONE)
        .lateral("following")
    )
    return kinds.union_all(
        select(following.c.label, following.c.share).select_from(kinds.join(following, true()))
    )


def _candidates(kinds: CTE, by_label: bool, asked: tuple[str, ...]) -> CTE:
    """Select the first jobs of each kind, then the first of all kinds, in their order.

    The kinds come in the order of their shares: those of later ones are looked at only if there are
    too few jobs of the first.
    """
    reach = unseen(bindparam("reach", type_=Integer))
    shares, labels = (unseen(bindparam(n, type_=ARRAY(String))) for n in ("shares", "labels"))
    place = func.coalesce(func.array_position(shares, kinds.c.share), LAST).label("place")
    kind = (
        select(kinds.c.label, kinds.c.share, place)
        .where(func.array_position(labels, kinds.c.label).is_not(None) if by_label else true())
        .order_by(place)
        .subquery("kind")
    )
    jobs = (
        select(JOB.pandaid, JOB.currentpriority)
        .where(*HERE, kind.c.label == LABEL, kind.c.share == SHARE, *map(_fits, asked))
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


def _fits(name: str) -> ColumnElement[bool]:
    """Say that a job needs no more than the worker has, or is what the worker wants."""
    given = bindparam(f"wanted_{name}", type_=JOB[LIMITS.get(name, name)].type)
    if name in LIMITS:
        return func.coalesce(JOB[LIMITS[name]], 0) <= given
    return JOB[name] == given
