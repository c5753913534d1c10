"""Activated jobs for a worker: by share, priority and PandaID, each to one worker only."""

from __future__ import annotations

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
    column,
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
from pandadb.core.driver import nearest
from pandadb.core.effects import constant, now
from pandadb.core.refusals import refusing_to_wait
from pandadb.core.routes import PICKED, Route
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

    from pandadb.core.transactions import Transaction

    Said = tuple[Select[Any], tuple[str, ...]]

SPARE = 60
"""How many more candidates than asked for are looked at, since others take some of them."""

FIRST = ("Test",)
"""Shares that go before all others."""


@dataclass(frozen=True)
class Wanted:
    """What a worker can run, and what it wants to know of it."""

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
    columns: Sequence[str] | None = None
    """Columns of the jobs to return, beside the PandaID; None is all of them."""
    files: bool = True
    """Whether to return the files of the jobs."""


JOB = JobsActive4.__table__.c
COLUMNS = tuple(JOB.keys())
NOTHING, ACTIVATED = constant(""), constant("activated")
"""Not parameters: the planner has to see that the index for dispatch has these."""
ONE = literal_column("1", Integer())
"""Nor this: of a parameter it would think that it may be many."""
LABEL, SHARE = (func.coalesce(JOB[name], NOTHING) for name in ("prodsourcelabel", "gshare"))
HERE = (JOB.computingsite == unseen(bindparam("site", type_=String)), JOB.jobstatus == ACTIVATED)
LAST = 1_000_000

LIMITS = {"memory": "minramcount", "disk": "maxdiskcount", "walltime": "maxwalltime"}
EQUALS = ("resource_type", "produsername", "jeditaskid")
FILE = FilesTable4.__table__.c
NAMES = tuple(FILE.keys())
TIMES = tuple(name for name, column in FILE.items() if isinstance(column.type, Timestamp))
"""Columns of files that JSON has as texts."""


@dataclass(frozen=True)
class Dispatched:
    """A job that a worker has been given."""

    job: Mapping[str, Any]
    """Its columns."""
    files: Sequence[Mapping[str, Any]]
    """All of their columns."""
    parameters: str | None

    @property
    def pandaid(self) -> int:
        """Return the job's PandaID."""
        return int(self.job["pandaid"])


def take(
    session: Transaction,
    wanted: Wanted,
    shares: Sequence[str],
    host: str,
    worker: tuple[str, int] | None = None,
    **values: Any,
) -> list[Dispatched]:
    """Take activated jobs for a worker, and say that they are sent; return them in their order.

    `shares` is the order in which shares are served; jobs of others come last. Jobs that other
    workers take at the moment are skipped: there may be fewer, but none only if none is left. It is
    one statement that takes any, so it can be a transaction by itself. The jobs are related to the
    worker if its Harvester instance is known. `values` are new values of columns of the jobs.
    """
    if wanted.njobs < 1:
        return []
    asked = {name: getattr(wanted, name) for name in (*LIMITS, *EQUALS)}
    asked = {name: value for name, value in asked.items() if value is not None}
    route = _route(wanted.columns, tuple(values))
    said = _statement(route, wanted.labels is not None, tuple(asked), wanted.files)
    harvester, number = worker or (None, None)
    given = {
        **{f"wanted_{name}": value for name, value in asked.items()},
        **values,
        "harvester": harvester,
        "worker": number,
        "site": wanted.computingsite,
        "labels": None if wanted.labels is None else [*dict.fromkeys(wanted.labels)],
        "shares": [*FIRST, *shares],
        "host": host[:128],
        "njobs": wanted.njobs,
    }
    reach = wanted.njobs + SPARE
    while True:
        taken, seen = _taken(session, said, {**given, "reach": reach})
        if taken or seen < reach:
            return taken
        reach *= 4  # others have what was in reach


def _route(columns: Sequence[str] | None, values: tuple[str, ...]) -> Route:
    """Return the way of jobs that are dispatched, with the columns that come back of them."""
    (step,) = transitions("dispatch")
    some = dict.fromkeys(["pandaid", *(columns or ())])
    returned = COLUMNS if columns is None else tuple(some)
    return Route(step, JobsActive4, JobsActive4, values, returned=returned)


def _taken(
    session: Transaction, said: Said, given: Mapping[str, Any]
) -> tuple[list[Dispatched], int]:
    """Send a dispatch; return the jobs, and how many candidates there were."""
    statement, names = said
    with refusing_to_wait():
        found = send(session, statement, given)
    rows = [dict(zip(names, row, strict=True)) for row in found]
    seen = [row.pop("seen") for row in rows]
    return [_dispatched(row) for row in rows if row["pandaid"]], seen[0]


def _dispatched(row: dict[str, Any]) -> Dispatched:
    """Separate a job from what belongs to it."""
    parameters = row.pop("parameters")
    files = [dict(zip(NAMES, file, strict=True)) for file in row.pop("files", None) or []]
    for file in files:
        file |= {name: nearest(file[name]) for name in TIMES if file[name]}
    return Dispatched(row, files, parameters)


@cache
def _statement(route: Route, by_label: bool, asked: tuple[str, ...], files: bool) -> Said:
    """Say a dispatch: the first candidates of each kind, the first of those that are free.

    It returns the jobs and what belongs to them, and how many candidates there were; of no job
    if none was free. Beside it are the names of what it returns.
    """
    candidates = _candidates(_kinds(by_label), asked)
    free = _free(candidates)
    moment, moved, *then = routes.moving(route, free)
    parameters = JobParamsTable.__table__.c
    mine = and_(parameters.pandaid == moved.c.pandaid, parameters.modificationtime == EPOCH)
    taken = free.join(moved, moved.c.pandaid == free.c.pandaid)
    returned = {
        **moved.c,
        "parameters": parameters.jobparameters,
        **({"files": _files(moved.c.pandaid)} if files else {}),
        "seen": func.cardinality(candidates.c.pandaids),
    }
    statement = (
        select(*returned.values())
        .select_from(candidates.outerjoin(taken.outerjoin(parameters.pandaid.table, mine), true()))
        .order_by(free.c.place)
        .add_cte(moment, *then, _related(free))
    )
    return statement, tuple(returned)


def _files(pandaid: ColumnElement[int]) -> ColumnElement[Any]:
    """Select the files of a job, as JSON: so each job is one row."""
    row = aggregate_order_by(func.json_build_array(*FILE), FILE.row_id)
    return (
        select(func.json_agg(row))
        .where(FILE.pandaid == pandaid, FILE.modificationtime == EPOCH)
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
    """Lock the first candidates that nobody else has, one by one, and tell their places."""
    first = func.unnest(candidates.c.pandaids).table_valued(
        column("pandaid", BigInteger), with_ordinality="place"
    )
    first = first.render_derived("first")
    job = (
        select(*(JOB[name] for name in PICKED))
        .where(JOB.pandaid == first.c.pandaid, JOB.jobstatus == ACTIVATED)
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


def _kinds(by_label: bool) -> CTE:
    """Find the labels and shares of which there are jobs at the site: from each to the next one.

    That costs a probe of the index for each, however many jobs there are; those of other labels
    than are wanted are not looked at.
    """
    kind = select(LABEL.label("label"), SHARE.label("share")).where(*HERE).order_by(LABEL, SHARE)
    wanted = arrays.unnested("wanted", label=unseen(bindparam("labels", type_=ARRAY(String))))
    first = (kind.where(wanted.c.label == LABEL) if by_label else kind).limit(ONE).lateral("first")
    begin = select(first.c.label, first.c.share)
    begin = begin.select_from(wanted.join(first, true())) if by_label else begin
    kinds = begin.cte("kinds", recursive=True)
    later = tuple_(LABEL, SHARE) > tuple_(kinds.c.label, kinds.c.share)
    of_label = and_(kinds.c.label == LABEL, kinds.c.share < SHARE)
    following = kind.where(of_label if by_label else later).limit(ONE).lateral("following")
    return kinds.union_all(
        select(following.c.label, following.c.share).select_from(kinds.join(following, true()))
    )


def _candidates(kinds: CTE, asked: tuple[str, ...]) -> CTE:
    """Select the first jobs of each kind, then the first of all kinds, in their order.

    The kinds come in the order of their shares: those of later ones are looked at only if there are
    too few jobs of the first.
    """
    reach = unseen(bindparam("reach", type_=Integer))
    shares = unseen(bindparam("shares", type_=ARRAY(String)))
    place = func.coalesce(func.array_position(shares, kinds.c.share), LAST).label("place")
    kind = select(kinds.c.label, kinds.c.share, place).order_by(place).subquery("kind")
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
