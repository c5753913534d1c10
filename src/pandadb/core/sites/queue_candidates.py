"""The queues that can run a job, and for each other queue the first reason why not.

The reasons are data, in the order of their precedence. One statement compares the job with all
queues. The conditions are those of JEDI's brokerage that a job by itself can be held to; weights,
shares and the places of its input are not among them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Numeric, Text, and_, case, cast, func, literal, or_, select, true
from sqlalchemy.dialects.postgresql import array

from pandadb.core.sites.queue_facts import JobFacts, QueueColumns, job, names_one, tags
from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import ids
from pandadb.errors import PandaDBError
from pandadb.models import DdmEndpoint, PandaDdmRelation, SchedconfigJSON

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction

Expression = Callable[[JobFacts, QueueColumns], "ColumnElement[Any]"]
ONLINE = "online"
USER_LABELS, PRODUCTION_LABELS = ("user", "panda"), ("managed", "prod_test", "rc_test", "rc_alrb")
QUEUE = SchedconfigJSON.__table__.c


class JobNotFound(PandaDBError):
    """A job that no table before the archive has."""


@dataclass(frozen=True)
class Unfitness:
    """A reason why a queue cannot run a job."""

    name: str
    sentence: str
    """With `needs` of the job and `has` of the queue."""
    applies: Expression
    needs: Expression
    has: Expression


@dataclass(frozen=True)
class QueueCandidate:
    """A queue, and the first reason why it cannot run the job; None if it can."""

    queue: str
    site: str | None
    """The site of its cores."""
    reason: str | None = None
    text: str | None = None
    """The reason as a sentence."""


def _mixes_cores(job: JobFacts, queue: QueueColumns) -> ColumnElement[Any]:
    is_single = (job.cores == 1) == (queue.cores == 1)
    return or_(job.cores > queue.cores, and_(~queue.is_unified, ~is_single))


def _memory_of(queue: QueueColumns, name: str, job: JobFacts) -> ColumnElement[Any]:
    """Return a limit of a slot's memory, of a unified queue the part that the job's cores get."""
    part = case((queue.is_unified, cast(job.cores, Numeric) / queue.cores), else_=literal(1))
    return func.trunc(queue.number(name) * part)


def _disk_of(queue: QueueColumns, job: JobFacts) -> ColumnElement[Any]:
    return func.trunc(queue.number("maxwdir") * job.cores / queue.cores)


def _wrong_kind(job: JobFacts, queue: QueueColumns) -> ColumnElement[Any]:
    label, kind = job.columns.c.prodsourcelabel, queue.text("type")
    return or_(
        and_(kind == "production", label.in_(USER_LABELS)),
        and_(kind == "analysis", label.in_(PRODUCTION_LABELS)),
    )


def _excluded_endpoint(_job: JobFacts, queue: QueueColumns) -> ColumnElement[Any]:
    """Return the default endpoint for output that is excluded from writing, if one is."""
    relation, endpoint = PandaDdmRelation.__table__.c, DdmEndpoint.__table__.c
    name = func.coalesce(queue.text("panda_resource"), QUEUE.panda_queue)
    return (
        select(func.min(endpoint.ddm_endpoint_name))
        .where(
            relation.ddm_endpoint_name == endpoint.ddm_endpoint_name,
            relation.panda_site_name == name,
            relation.scope == "default",
            relation.default_write == "Y",
            endpoint.blacklisted_write == "Y",
        )
        .correlate(QUEUE.panda_queue.table)
        .scalar_subquery()
    )


REASONS = (
    Unfitness(
        "status", "is {has}, not {needs}",
        lambda _, queue: func.coalesce(queue.text("status"), "") != ONLINE,
        lambda *_: literal(ONLINE),
        lambda _, queue: func.coalesce(queue.text("status"), "without a status"),
    ),
    Unfitness(
        "vo", "is of the VO {has}, the job of {needs}",
        lambda job, queue: queue.text("vo_name") != job.columns.c.vo,
        lambda job, _: job.columns.c.vo,
        lambda _, queue: queue.text("vo_name"),
    ),
    Unfitness(
        "label", "is for {has}, the job's label is {needs}",
        _wrong_kind,
        lambda job, _: job.columns.c.prodsourcelabel,
        lambda _, queue: queue.text("type"),
    ),
    Unfitness(
        "cores", "has slots of {has} cores, the job has {needs}",
        _mixes_cores,
        lambda job, _: job.cores,
        lambda _, queue: queue.cores,
    ),
    Unfitness(
        "memory", "has {has} MB of memory, the job needs {needs}",
        lambda job, queue: job.memory > _memory_of(queue, "maxrss", job),
        lambda job, _: func.ceil(job.memory),
        lambda job, queue: _memory_of(queue, "maxrss", job),
    ),
    Unfitness(
        "large-memory", "is for jobs of {has} MB of memory and more, the job needs {needs}",
        lambda job, queue: and_(job.memory > 0, job.memory < _memory_of(queue, "minrss", job)),
        lambda job, _: func.ceil(job.memory),
        lambda job, queue: _memory_of(queue, "minrss", job),
    ),
    Unfitness(
        "disk", "has {has} MB of scratch space, the job needs {needs}",
        lambda job, queue: job.disk > _disk_of(queue, job),
        lambda job, _: func.ceil(job.disk),
        lambda job, queue: _disk_of(queue, job),
    ),
    Unfitness(
        "walltime", "ends jobs after {has} s, the job takes {needs}",
        lambda job, queue: job.walltime > queue.number("maxtime"),
        lambda job, _: func.ceil(job.walltime),
        lambda _, queue: queue.number("maxtime"),
    ),
    Unfitness(
        "short-walltime", "is for jobs of {has} s and more, the job takes {needs}",
        lambda job, queue: job.walltime < queue.number("mintime"),
        lambda job, _: func.ceil(job.walltime),
        lambda _, queue: queue.number("mintime"),
    ),
    Unfitness(
        "release", "does not have the release {needs}",
        lambda job, queue: ~names_one(queue.software, job.release),
        lambda job, _: job.release,
        lambda *_: literal(""),
    ),
    Unfitness(
        "platform", "does not have the platform {needs}",
        lambda job, queue: ~names_one(queue.platforms, job.platform),
        lambda job, _: job.platform,
        lambda *_: literal(""),
    ),
    Unfitness(
        "storage", "writes to {has}, which is excluded from writing",
        lambda job, queue: _excluded_endpoint(job, queue).is_not(None),
        lambda *_: literal(""),
        _excluded_endpoint,
    ),
)  # fmt: skip
"""The reasons, the first that applies counts."""


def candidates(session: Transaction, pandaid: int) -> list[QueueCandidate]:
    """Return all queues, those that can run the job first, each with the first reason why not.

    Raises:
        InvalidValue: `pandaid` is no PandaID.
        JobNotFound: No table before the archive has the job.
    """
    (pandaid,) = ids(pandaid)
    rows = connection_of(session).execute(_statement(), {"pandaid": pandaid}).all()
    if not rows:
        raise JobNotFound(f"job {pandaid} is in no table before the archive")
    found = [_candidate(*row) for row in rows if row[0] is not None]
    return sorted(found, key=lambda one: (one.reason is not None, one.queue))


def _candidate(queue: str, site: str | None, found: list[str | None] | None) -> QueueCandidate:
    if found is None:
        return QueueCandidate(queue, site)
    number, needs, has = found
    reason = REASONS[int(number or 0)]
    return QueueCandidate(queue, site, reason.name, reason.sentence.format(needs=needs, has=has))


@cache
def _statement() -> Select[Any]:
    found, software = job(), tags()
    needs, has = JobFacts(found), QueueColumns(software)
    reasons = (
        (one.applies(needs, has), array([cast(nth, Text), *_texts(one, needs, has)]))
        for nth, one in enumerate(REASONS)
    )
    return (
        select(QUEUE.panda_queue, SchedconfigJSON.data["atlas_site"].astext, case(*reasons))
        .select_from(found)
        .outerjoin(QUEUE.panda_queue.table, true())
        .outerjoin(software, software.c.panda_queue == QUEUE.panda_queue)
    )


def _texts(reason: Unfitness, job: JobFacts, queue: QueueColumns) -> list[ColumnElement[Any]]:
    return [cast(one(job, queue), Text) for one in (reason.needs, reason.has)]
