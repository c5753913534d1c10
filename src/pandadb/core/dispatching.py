"""Activated jobs for a worker: by share, priority and PandaID, each to one worker only."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
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
    literal,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert

from pandadb.core import arrays, routes
from pandadb.core.arrays import unseen
from pandadb.core.effects import constant, now
from pandadb.core.refusals import refusing_to_wait
from pandadb.core.routes import Route
from pandadb.core.states import transitions
from pandadb.models import (
    FilesTable4,
    HarvesterInstances,
    HarvesterRelJobsWorkers,
    JobParamsTable,
    JobsActive4,
)
from pandadb.models.types import EPOCH

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
    session: Session, wanted: Wanted, shares: Sequence[str], host: str, **values: Any
) -> list[int]:
    """Take activated jobs for a worker, and say that they are sent; return them in their order.

    `shares` is the order in which shares are served; jobs of others come last. Jobs that other
    workers take at the moment are skipped. `values` are further columns of the jobs.
    """
    asked = {name: getattr(wanted, name) for name in (*LIMITS, *EQUALS)}
    asked = {name: value for name, value in asked.items() if value is not None}
    statement = _statement(wanted.labels is not None, tuple(asked), tuple(values))
    parameters = {
        **{f"wanted_{name}": value for name, value in asked.items()},
        **values,
        "site": wanted.computingsite,
        "labels": wanted.labels,
        "shares": [*FIRST, *shares],
        "host": host[:128],
    }
    taken: list[int] = []
    reach = wanted.njobs + SPARE
    while True:
        parameters |= {"njobs": wanted.njobs - len(taken), "reach": reach}
        with refusing_to_wait():
            pandaids, seen = session.execute(statement, parameters).one()
        taken += pandaids
        if len(taken) == wanted.njobs or seen < reach:
            return taken
        reach *= 4  # others have what was in reach


def relate(session: Session, pandaids: Sequence[int], harvesterid: str, workerid: int) -> None:
    """Note which worker has the jobs, if its Harvester instance is known."""
    given = {"pandaids": [*pandaids], "harvester": harvesterid, "worker": workerid}
    session.execute(_relation(), given)


@cache
def _relation() -> Select[Any]:
    harvester = bindparam("harvester", type_=String)
    worker = bindparam("worker", type_=BigInteger)
    known = exists().where(HarvesterInstances.harvester_id == harvester)
    rows = select(harvester, worker, func.unnest(arrays.array("pandaids")), now()).where(known)
    key = ["harvesterid", "workerid", "pandaid"]
    related = insert(HarvesterRelJobsWorkers.__table__).from_select([*key, "lastupdate"], rows)
    seen = related.on_conflict_do_update(index_elements=key, set_={"lastupdate": now()})
    return select(literal(1)).add_cte(seen.cte("related"))


def described(session: Session, pandaids: Sequence[int]) -> list[Dispatched]:
    """Return jobs of JOBSACTIVE4 with their files and parameters, in the order of the ids."""
    given = {"pandaids": [*pandaids]}
    files: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for file in session.execute(_files(), given).mappings():
        files[file["pandaid"]].append(dict(file))
    jobs = {}
    for row in session.execute(_jobs(), given).mappings():
        job = dict(row)
        parameters = job.pop("parameters")
        jobs[job["pandaid"]] = Dispatched(job, files[job["pandaid"]], parameters)
    return [jobs[pandaid] for pandaid in pandaids]


@cache
def _jobs() -> Select[Any]:
    parameters = JobParamsTable.__table__.c
    return (
        select(JobsActive4.__table__, parameters.jobparameters.label("parameters"))
        .outerjoin(
            JobParamsTable.__table__,
            and_(parameters.pandaid == JOB.pandaid, parameters.modificationtime == EPOCH),
        )
        .where(arrays.by_id(JobsActive4))
    )


@cache
def _files() -> Select[Any]:
    file = FilesTable4.__table__.c
    return (
        select(FilesTable4.__table__)
        .where(arrays.is_given(file.pandaid), file.modificationtime == EPOCH)
        .order_by(file.row_id)
    )


@cache
def _statement(by_label: bool, asked: tuple[str, ...], values: tuple[str, ...]) -> Select[Any]:
    """Say a dispatch: the first candidates of each kind, the first of those that are free."""
    candidates = _candidates(_kinds(), by_label, asked)
    in_reach = arrays.ids(select(candidates.c.pandaids).scalar_subquery())
    place = func.array_position(in_reach, JOB.pandaid).label("place")
    free = (
        select(JOB.pandaid, place)
        .where(JOB.pandaid == func.any(in_reach), JOB.jobstatus == ACTIVATED)
        .order_by(place)
        .limit(unseen(bindparam("njobs", type_=Integer)))
        .with_for_update(skip_locked=True)
        .cte("free")
    )
    (step,) = transitions("dispatch")
    route = Route(step, JobsActive4, JobsActive4, values)
    _, then = routes.parts(
        route, lambda job: arrays.is_one_of(job.__table__.c.pandaid, select(free.c.pandaid))
    )
    taken = select(free.c.pandaid).order_by(free.c.place).scalar_subquery()
    seen = select(func.cardinality(candidates.c.pandaids)).scalar_subquery()
    return select(func.array(taken), seen).add_cte(*then)


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
    """Select the first jobs of each kind, then the first of all kinds, in their order."""
    reach = unseen(bindparam("reach", type_=Integer))
    jobs = (
        select(JOB.pandaid, JOB.currentpriority)
        .where(*HERE, kinds.c.label == LABEL, kinds.c.share == SHARE, *map(_fits, asked))
        .order_by(JOB.currentpriority.desc(), JOB.pandaid)
        .limit(reach)
        .lateral("jobs")
    )
    shares, labels = (unseen(bindparam(n, type_=ARRAY(String))) for n in ("shares", "labels"))
    place = func.coalesce(func.array_position(shares, kinds.c.share), LAST)
    first = (
        select(jobs.c.pandaid)
        .select_from(kinds.join(jobs, true()))
        .where(func.array_position(labels, kinds.c.label).is_not(None) if by_label else true())
        .order_by(place, jobs.c.currentpriority.desc(), jobs.c.pandaid)
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
