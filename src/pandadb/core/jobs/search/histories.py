"""The history of a job: its states, and the attempts before and after it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, func, literal, or_, select

from pandadb.core.jobs.search import lookup
from pandadb.core.jobs.search.pages import UnknownJob
from pandadb.core.jobs.states import STATES
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.timestamps import is_beyond
from pandadb.core.sql.validation import check_columns
from pandadb.models import JediJobRetryHistory, JobsActive4, JobsStatusLog

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Row, Select
    from sqlalchemy.orm import Session

    from pandadb.models.jobs.all_tables import JobTable

    Relation = Row[int, int, str | None]


@dataclass(frozen=True)
class HistoryStep:
    """A state that a job has been in."""

    jobstatus: str
    since: datetime
    seconds: float | None
    """The duration; None for a final state, whose end the log does not have, and from or to a time
    that Python does not have, such as infinity.
    """
    computingsite: str | None
    modificationhost: str | None


@dataclass(frozen=True)
class Attempt:
    """A job of a chain of attempts at the same work."""

    pandaid: int
    follows: tuple[int, ...]
    """The jobs that it follows: more than one for a merge job."""
    relationtype: str | None
    """How it follows them."""
    attemptnr: int | None
    jobstatus: str | None
    """None if no table has the job any more."""
    computingsite: str | None
    table: str | None


@dataclass(frozen=True)
class History:
    """The history of a job."""

    pandaid: int
    states: list[HistoryStep]
    attempts: list[Attempt]
    """The whole chain with the job itself, in the order of their PandaIDs."""


class LookedUp(NamedTuple):
    """A job of a chain."""

    table: str
    pandaid: int
    jeditaskid: int | None
    attemptnr: int | None
    jobstatus: str
    computingsite: str | None


def history(
    session: Session,
    pandaid: int,
    archive: Session | None = None,
    known: Mapping[str, Any] | None = None,
) -> History:
    """Return the states of a job in the order of time, and the attempts that it is one of.

    Jobs that this database lacks are looked for in `archive`, another one; their states and their
    relations are here. The job is not looked up if its columns are `known`.

    Raises:
        UnknownJob: There is no job, nor anything known of it.
        InvalidValue: No job can have the number.
    """
    check_columns(JobsActive4, {"pandaid": pandaid})
    own = {} if known is None else {pandaid: _of_columns(known)}
    own = own or _jobs(session, [pandaid], archive)
    job = own.get(pandaid)
    states = _states(session, pandaid, job.jobstatus if job else None)
    relations = _relations(session, pandaid, job.jeditaskid if job else None)
    if not (job or states or relations):
        raise UnknownJob(f"Job {pandaid} is unknown: no table has it, nor has any log")
    return History(pandaid, states, _attempts(session, pandaid, relations, archive, own))


def _of_columns(job: Mapping[str, Any]) -> LookedUp:
    return LookedUp(*(job[name] for name in LookedUp._fields))


def _states(session: Session, pandaid: int, jobstatus: str | None) -> list[HistoryStep]:
    log = JobsStatusLog
    since = func.coalesce(log.modiftime_extended, log.modificationtime).label("since")
    query = select(
        log.jobstatus, since, log.computingsite, log.modificationhost, now().label("now")
    ).where(log.pandaid == pandaid)
    rank = {name: place for place, name in enumerate(STATES)}  # for states of the same moment
    rows = sorted(
        session.execute(query), key=lambda row: (row.since, rank.get(row.jobstatus, len(rank)))
    )
    ends = [after.since for _, after in pairwise(rows)]
    if rows:
        last = rows[-1].jobstatus
        lasts = last == jobstatus and not STATES[last].final
        ends.append(rows[-1].now if lasts else None)
    return [
        HistoryStep(
            row.jobstatus,
            row.since,
            _seconds(row.since, end),
            row.computingsite,
            row.modificationhost,
        )
        for row, end in zip(rows, ends, strict=True)
    ]


def _seconds(since: datetime, end: datetime | None) -> float | None:
    if end is None or is_beyond(since) or is_beyond(end):
        return None
    return (end - since).total_seconds()


def _relations(session: Session, pandaid: int, jeditaskid: int | None) -> Sequence[Relation]:
    """Return old job, new job and kind of each relation in the job's chain; jobsets are left out.

    The jobs before it are looked up by their task, as the index has it.
    """
    link = JediJobRetryHistory
    of_jobs = or_(link.relationtype.is_(None), ~link.relationtype.startswith("jobset"))
    before = and_(link.jeditaskid == jeditaskid, link.newpandaid == pandaid)
    own = or_(link.oldpandaid == pandaid, link.originpandaid == pandaid, before)
    chains = [*session.scalars(select(link.originpandaid).where(own, of_jobs).distinct())]
    query = select(link.oldpandaid, link.newpandaid, link.relationtype).distinct()
    return session.execute(
        query.where(or_(own, is_among(link.originpandaid, chains)), of_jobs).order_by(
            link.newpandaid, link.oldpandaid
        )
    ).all()


def _attempts(
    session: Session,
    pandaid: int,
    relations: Sequence[Relation],
    archive: Session | None,
    known: Mapping[int, LookedUp],
) -> list[Attempt]:
    chain = {pandaid, *(job for old, new, _ in relations for job in (old, new))}
    others = chain - {pandaid}
    jobs = {**known, **(_jobs(session, others, archive) if others else {})}
    return [
        Attempt(
            one,
            tuple(dict.fromkeys(old for old, new, _ in relations if new == one)),
            next((kind for _, new, kind in relations if new == one), None),
            *((row.attemptnr, row.jobstatus, row.computingsite, row.table) if row else [None] * 4),
        )
        for one in sorted(chain)
        for row in [jobs.get(one)]
    ]


def _jobs(
    session: Session, pandaids: Collection[int], archive: Session | None
) -> dict[int, LookedUp]:
    """Return jobs from wherever they are; of copies, the live one."""
    found = lookup.rows(session, pandaids, _looked_up, archive)
    return {pandaid: LookedUp(*row[: len(LookedUp._fields)]) for pandaid, row in found.items()}


def _looked_up(job: JobTable) -> Select[*tuple[Any, ...]]:
    return select(
        literal(job.__tablename__).label("table"),
        job.pandaid,
        job.jeditaskid,
        job.attemptnr,
        job.jobstatus,
        job.computingsite,
    )
