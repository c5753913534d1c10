"""Activated jobs for a worker: by share, priority and PandaID, each to one worker only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from pandadb.core.jobs import move_statement
from pandadb.core.jobs.dispatch import dispatch_candidates, dispatch_workers
from pandadb.core.jobs.dispatch.dispatch_candidates import EQUALITY_CRITERIA, LIMITS
from pandadb.core.jobs.move_statement import Route
from pandadb.core.jobs.refusals import refusing_to_wait
from pandadb.core.jobs.states import transitions
from pandadb.core.sql import timestamps
from pandadb.core.sql.prepared import CACHE_SIZE, send
from pandadb.core.sql.validation import InvalidValue, check_number, check_text, mistake_of, words
from pandadb.models import (
    FilesTable4,
    JobParamsTable,
    JobsActive4,
)
from pandadb.models.types import EPOCH, Timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction

    Said = tuple[Select[Any], tuple[str, ...]]

SPARE_CANDIDATES = 60
"""How many more candidates than asked for are looked at, since others take some of them."""

FIRST_SHARES = ("Test",)
"""Shares that go before all others."""


MAX_JOBS = 1_000_000
"""How many jobs a worker may ask for."""
MAX_INTEGER = 2**31 - 1
"""The jobs that the statement can look at."""


@dataclass(frozen=True)
class DispatchRequest:
    """The capacity of a worker, and the columns that it wants to know of its jobs.

    Raises:
        InvalidValue: A number is none or beyond its limits, or a text is none.
    """

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
    satellites: bool = True
    """Whether to return the files and the parameters of the jobs."""

    def __post_init__(self) -> None:
        check_number("njobs", self.njobs, 0, MAX_JOBS)
        check_text("computingsite", self.computingsite)
        for name in (*LIMITS, *EQUALITY_CRITERIA):
            value = getattr(self, name)
            if value is not None and (
                mistake := mistake_of(JobsActive4, LIMITS.get(name, name), value)
            ):
                raise InvalidValue(f"{name} {mistake}")
        for word in words(self.labels or ()):
            check_text("a label", word)


COLUMNS = tuple(JobsActive4.__table__.c.keys())
FILE = FilesTable4.__table__.c
NAMES = tuple(FILE.keys())
TIMES = tuple(name for name, column in FILE.items() if isinstance(column.type, Timestamp))
"""Columns of files that JSON has as texts."""


@dataclass(frozen=True)
class DispatchResult:
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
    wanted: DispatchRequest,
    shares: Sequence[str],
    host: str,
    worker: tuple[str, int] | None = None,
    **values: Any,
) -> list[DispatchResult]:
    """Take activated jobs for a worker to `sent`; return them in the order of dispatch.

    `shares` is the order of the shares; jobs of other shares come last. Jobs that are locked by
    other workers are skipped: the result may have fewer jobs than asked for, and is empty only if
    no job is left. One statement takes the jobs, so it can be a transaction by itself. The jobs are
    related to the worker if its Harvester instance is known. `values` are new values of columns of
    the jobs.
    """
    if wanted.njobs < 1:
        return []
    asked = {name: getattr(wanted, name) for name in (*LIMITS, *EQUALITY_CRITERIA)}
    asked = {name: value for name, value in asked.items() if value is not None}
    columns = None if wanted.columns is None else words(wanted.columns)
    route = route_of(columns, tuple(values))
    said = statement(
        route,
        tuple(asked),
        by_label=wanted.labels is not None,
        satellites=wanted.satellites,
        related=worker is not None,
    )
    harvester, number = worker or (None, None)
    given = {
        **{f"wanted_{name}": value for name, value in asked.items()},
        **values,
        "harvester": harvester,
        "worker": number,
        "site": wanted.computingsite,
        "labels": None if wanted.labels is None else [*dict.fromkeys(words(wanted.labels))],
        "shares": [*FIRST_SHARES, *shares],
        "host": host[:128],
        "njobs": wanted.njobs,
    }
    reach = wanted.njobs + SPARE_CANDIDATES
    while True:
        taken, seen = _taken(session, said, {**given, "reach": reach})
        if taken or seen < reach:
            return taken
        reach = min(4 * reach, MAX_INTEGER)  # others have the jobs in reach


def route_of(columns: Sequence[str] | None, values: tuple[str, ...]) -> Route:
    """Return the way of jobs that are dispatched, with the columns that come back of them."""
    (step,) = transitions("dispatch")
    some = dict.fromkeys(["pandaid", *(columns or ())])
    returned = COLUMNS if columns is None else tuple(some)
    return Route(step, JobsActive4, JobsActive4, values, returned=returned)


def _taken(
    session: Transaction, said: Said, given: Mapping[str, Any]
) -> tuple[list[DispatchResult], int]:
    """Send a dispatch; return the jobs, and how many candidates there were."""
    statement, names = said
    with refusing_to_wait():
        found = send(session, statement, given)
    return [_dispatched(names, row) for row in found if row[0]], found[0][-1]


def _dispatched(names: Sequence[str], row: Sequence[Any]) -> DispatchResult:
    """Separate the columns of a job from those of its satellites."""
    job = dict(zip(names, row, strict=False))
    files, parameters = row[len(names) : -1] or (None, None)
    found = [dict(zip(NAMES, file, strict=True)) for file in files or ()]
    for file in found:
        file |= {name: timestamps.read(file[name]) for name in TIMES if file[name]}
    return DispatchResult(job, found, parameters)


@lru_cache(CACHE_SIZE)
def statement(
    route: Route, asked: tuple[str, ...], *, by_label: bool, satellites: bool, related: bool
) -> Said:
    """Return the statement of a dispatch: the first candidates of each kind, the free ones of them.

    Its rows are the jobs with their satellites, and the number of candidates; one row without a job
    if none was free. The second value is the names of the columns of jobs, which come first.
    """
    candidates = dispatch_candidates.candidates(by_label, asked)
    free = dispatch_candidates.free(candidates, by_label, asked)
    moment, moved, *then = move_statement.moving(route, free)
    taken = free.join(moved, moved.c.pandaid == free.c.pandaid)
    job = moved.c
    belongs = [_files(job.pandaid), _parameters(job.pandaid)] if satellites else []
    statement = (
        select(*job, *belongs, func.cardinality(candidates.c.pandaids))
        .select_from(candidates.outerjoin(taken, true()))
        .order_by(free.c.place)
        .add_cte(moment, *then, *(dispatch_workers.parts(free) if related else []))
    )
    return statement, tuple(job.keys())


def _files(pandaid: ColumnElement[int]) -> ColumnElement[Any]:
    """Select the files of a job, as JSON: so each job is one row."""
    row = aggregate_order_by(func.json_build_array(*FILE), FILE.row_id)
    return (
        select(func.json_agg(row))
        .where(FILE.pandaid == pandaid, FILE.modificationtime == EPOCH)
        .scalar_subquery()
    )


def _parameters(pandaid: ColumnElement[int]) -> ColumnElement[Any]:
    """Select the parameters of a job."""
    own = JobParamsTable.__table__.c
    mine = select(own.jobparameters).where(own.pandaid == pandaid, own.modificationtime == EPOCH)
    return mine.scalar_subquery()
