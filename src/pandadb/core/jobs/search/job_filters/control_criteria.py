"""Criteria of jobs of the job queue: their control rows and leases, and metadata of any job."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import Text, and_, cast, exists, func, literal, not_, or_
from sqlalchemy.dialects.postgresql import JSONB

from pandadb.core.jobs.search.job_filters.globs import is_like
from pandadb.core.sql.validation import InvalidValue, check_text
from pandadb.models import (
    HarvesterRelJobsWorkers,
    HarvesterWorkers,
    JobControl,
    JobLease,
    JobsArchived,
    MetaTable,
    MetaTableArch,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement

    from pandadb.models.jobs.all_tables import JobTable

NOT_DISPATCHED = ("pending", "defined", "waiting", "assigned", "activated", "throttled")
"""States before a worker or a pilot has a job."""
NULL = "null"
CONTROL, LEASE = JobControl.__table__.c, JobLease.__table__.c


def _controlled(job: JobTable, *where: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return whether a job has a control row that meets conditions."""
    return exists().where(CONTROL.pandaid == job.__table__.c["pandaid"], *where)


@dataclass(frozen=True)
class HasPublicId:
    """Jobs with one of these public ids."""

    public_ids: tuple[str, ...]

    def on(self, job: JobTable) -> ColumnElement[bool]:
        """Return the condition for the rows of a table."""
        return _controlled(job, CONTROL.public_id.in_(self.public_ids))


@dataclass(frozen=True)
class InGroup:
    """Jobs of a group whose key matches one of these patterns."""

    patterns: tuple[str, ...]

    def on(self, job: JobTable) -> ColumnElement[bool]:
        """Return the condition for the rows of a table."""
        return _controlled(job, is_like(CONTROL.group_key, self.patterns))


@dataclass(frozen=True)
class HasNextQueue:
    """Jobs of the job queue whose next attempt is for a queue that matches one of these patterns.

    A job that has ended may have been given another queue than that in which it ran.
    """

    patterns: tuple[str, ...]

    def on(self, job: JobTable) -> ColumnElement[bool]:
        """Return the condition for the rows of a table."""
        return _controlled(job, is_like(CONTROL.queue, self.patterns))


@dataclass(frozen=True)
class IsControlled:
    """Jobs of the job queue, and of those the ones that are held by a user; or the others."""

    wanted: bool
    held_only: bool = False

    def on(self, job: JobTable) -> ColumnElement[bool]:
        """Return the condition for the rows of a table."""
        found = _controlled(job, *([CONTROL.held] if self.held_only else []))
        return found if self.wanted else not_(found)


@dataclass(frozen=True)
class IsLeased:
    """Jobs that a worker has, even if the lease has expired; or the others."""

    wanted: bool

    def on(self, job: JobTable) -> ColumnElement[bool]:
        """Return the condition for the rows of a table."""
        found = exists().where(LEASE.pandaid == job.__table__.c["pandaid"])
        return found if self.wanted else not_(found)


@dataclass(frozen=True)
class HasWorker:
    """Jobs that a worker has whose id matches one of these patterns, or that ran on such a host."""

    patterns: tuple[str, ...]

    def on(self, job: JobTable) -> ColumnElement[bool]:
        """Return the condition for the rows of a table."""
        columns = job.__table__.c
        mine = LEASE.pandaid == columns["pandaid"], is_like(LEASE.owner, self.patterns)
        ran_there = is_like(columns["modificationhost"], self.patterns)
        has_run = columns["jobstatus"].not_in(NOT_DISPATCHED)  # else it is the submitter's host
        return or_(exists().where(*mine), and_(has_run, ran_there))


@dataclass(frozen=True)
class HasProcess:
    """Jobs that a process of a batch system runs or has run, by its id there.

    It is known from the control row of a job, from its own `batchid`, or from Harvester's worker.
    """

    processes: tuple[str, ...]

    def on(self, job: JobTable) -> ColumnElement[bool]:
        """Return the condition for the rows of a table."""
        columns, link = job.__table__.c, HarvesterRelJobsWorkers.__table__.c
        worker = HarvesterWorkers.__table__.c
        same = link.harvesterid == worker.harvesterid, link.workerid == worker.workerid
        by_worker = exists().where(
            link.pandaid == columns["pandaid"], *same, worker.batchid.in_(self.processes)
        )
        own = _controlled(job, CONTROL.details["process"].astext.in_(self.processes))
        return or_(columns["batchid"].in_(self.processes), own, by_worker)


@dataclass(frozen=True)
class HasMetadata:
    """Jobs with these values in their metadata, by the paths to them, each written as JSON.

    A list has the values that are in it, too.

    The metadata of a job of the job queue is that of its control row, of others METATABLE's.
    """

    values: tuple[tuple[tuple[str, ...], str], ...]

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Return the criterion; `a.b` is b in a.

        Raises:
            InvalidValue: A value is none that JSON has.
        """
        return cls(tuple((_path(path), _json(path, value)) for path, value in given.items()))

    def on(self, job: JobTable) -> ColumnElement[bool]:
        """Return the condition for the rows of a table."""
        columns = job.__table__.c
        own = self.match(CONTROL.details["metadata"])
        table = (MetaTableArch if job is JobsArchived else MetaTable).__table__.c
        same = [table.pandaid == columns["pandaid"]]
        if job is JobsArchived:  # of a partition of the archive, the rows are of the same time
            same.append(table.modificationtime == columns["modificationtime"])
        metadata = func.pandadb.json_or_null(table.metadata, type_=JSONB)
        other: ColumnElement[bool] = exists().where(*same, self.match(metadata))
        if all(value == NULL for _, value in self.values):
            other = or_(other, not_(exists().where(*same)))
        return or_(_controlled(job, own), and_(not_(_controlled(job)), other))

    def match(self, metadata: ColumnElement[Any]) -> ColumnElement[bool]:
        """Match metadata that has all values."""
        return and_(*(_is_value(metadata, path, value) for path, value in self.values))


def _is_value(
    metadata: ColumnElement[Any], path: tuple[str, ...], value: str
) -> ColumnElement[bool]:
    """Match metadata with a value at a path, or in a list there.

    Null is also the value of what is missing.
    """
    found = func.jsonb_extract_path(metadata, *path, type_=JSONB)
    wanted = cast(literal(value, Text), JSONB)
    if value == NULL:
        return or_(found.is_(None), found == wanted)
    if value.startswith(("{", "[")):
        return found == wanted
    in_list = and_(func.jsonb_typeof(found) == "array", found.contains(wanted))
    return or_(found == wanted, in_list)


def _path(path: Any) -> tuple[str, ...]:
    check_text("a name of metadata", path)
    return tuple(path.split("."))


def _json(path: str, value: Any) -> str:
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidValue(f"metadata {path} has to be a value of JSON: {error}") from None
    check_text(f"metadata {path}", text.replace("\\u0000", "\0"))
    return text
