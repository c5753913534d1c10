"""Filters of jobs: the conditions, and the tables that may have such jobs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from inspect import get_annotations
from typing import TYPE_CHECKING, Any

from sqlalchemy import DateTime, exists, or_

from pandadb.core.jobs import states
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.time_range import seen
from pandadb.core.sql.validation import InvalidValue, check_columns, check_text, ids, near
from pandadb.models import JobsActive4, JobsArchived, JobsArchived4
from pandadb.models.jobs.all_tables import JOB_TABLES, UNARCHIVED_TABLES
from pandadb.models.jobs.columns import JobErrors

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from pandadb.core.jobs.search.job_filters.criteria import Criterion
    from pandadb.models.jobs.all_tables import JobTable

COMPONENTS = tuple(
    name.removesuffix("errorcode") for name in get_annotations(JobErrors) if name.endswith("code")
)
"""The components that report errors of jobs."""

TIMES = tuple(c.name for c in JobsActive4.__table__.c if isinstance(c.type, DateTime))
EQUALITY_COLUMNS = ("jeditaskid", "produsername", "prodsourcelabel", "gshare")
TEXTS = ("computingsite", "errortext")
CONDITIONS = (
    "pandaids", "jobstatus", *EQUALITY_COLUMNS, *TEXTS, "since", "until", "errorcode", "criterion",
)  # fmt: skip
"""The conditions of a filter; the other fields are where to look."""


@dataclass(frozen=True)
class Filter:
    """A filter: jobs that meet all conditions. None is no condition.

    Raises:
        UnknownState: There is no such state.
        InvalidValue: A value does not fit its column; unknown table, column or component.
    """

    pandaids: Collection[int] | None = None
    jobstatus: str | Collection[str] | None = None
    computingsite: str | None = None
    """A site; `*` stands for any characters."""
    jeditaskid: int | None = None
    produsername: str | None = None
    prodsourcelabel: str | None = None
    gshare: str | None = None
    since: datetime | None = None
    """The earliest time, naive UTC."""
    until: datetime | None = None
    """The first time that is too late."""
    timecolumn: str = "modificationtime"
    """The column of the time that `since` and `until` limit."""
    errorcode: str | int | None = None
    """`pilot=1305`, or `1305` for that code of any component."""
    errortext: str | None = None
    """A regular expression of PostgreSQL, matched against the diag of each component."""
    criterion: Criterion | None = None
    """A further condition, such as a `JobFilter` has."""
    tables: Collection[str] | None = None
    """The tables to look in; None for those of live jobs and JOBSARCHIVED4."""
    archive: bool = False
    """Look into the archive, too."""

    @property
    def is_unconditional(self) -> bool:
        """Whether all jobs of the tables match."""
        return all(getattr(self, name) is None for name in CONDITIONS)

    def __post_init__(self) -> None:
        for name in self.states or ():
            states.JOBS.state(name)
        if self.pandaids is not None:
            ids(self.pandaids)
        for name in EQUALITY_COLUMNS:
            if getattr(self, name) is not None:
                check_columns(JobsActive4, {name: getattr(self, name)})
        for name in TEXTS:
            if getattr(self, name) is not None:
                check_text(name, getattr(self, name))
        if self.timecolumn not in TIMES:
            raise InvalidValue(
                f"{self.timecolumn!r} is no time of a job: those are {', '.join(TIMES)}"
            )
        for moment in filter(None, (self.since, self.until)):
            check_columns(JobsActive4, {self.timecolumn: moment})
        for name in self.tables or ():
            _check_table(name)
        if self.errorcode is not None:
            error_columns(self.errorcode)

    @property
    def states(self) -> Collection[str] | None:
        """The states of the jobs."""
        return (self.jobstatus,) if isinstance(self.jobstatus, str) else self.jobstatus


def _check_table(name: str) -> None:
    known = [job.__tablename__ for job in JOB_TABLES]
    if name not in known:
        raise InvalidValue(f"There is no table of jobs {name!r}{near(name, known)}")


def error_columns(errorcode: str | int) -> dict[str, int]:
    """Return the columns that an error code may be in, with the code.

    Raises:
        InvalidValue: There is no such component, or the code is no number.
    """
    component, _, code = str(errorcode).rpartition("=")
    if component and component not in COMPONENTS:
        hint = near(component, COMPONENTS) or f": they are {', '.join(COMPONENTS)}"
        raise InvalidValue(f"No component {component!r} reports errors{hint}")
    if not re.fullmatch(r"-?[0-9]{1,20}", code):
        raise InvalidValue(
            f"errorcode has to be a number, or one of a component, pilot=1305, not {errorcode!r}"
        )
    number = int(code)
    found = {f"{name}errorcode": number for name in COMPONENTS if component in ("", name)}
    check_columns(JobsActive4, found)
    return found


def places(chosen: Filter) -> tuple[JobTable, ...]:
    """Return the tables that may have the jobs, in the order of a job's life."""
    named = chosen.tables
    if named is None:
        named = [job.__tablename__ for job in UNARCHIVED_TABLES]
    asked = [
        job
        for job in JOB_TABLES
        if job.__tablename__ in named or (chosen.archive and job is JobsArchived)
    ]
    if chosen.states is None:
        return tuple(asked)
    homes: set[JobTable] = {job for name in chosen.states for job in states.JOBS.state(name).tables}
    if JobsArchived4 in homes:
        homes.add(JobsArchived)
    return tuple(job for job in asked if job in homes)


def conditions(chosen: Filter, job: JobTable) -> Iterator[ColumnElement[bool]]:
    """Return the conditions of the filter on the rows of one of its tables."""
    columns = job.__table__.c
    if chosen.pandaids is not None:
        yield is_among(job.pandaid, chosen.pandaids)
    if chosen.states is not None:
        yield job.jobstatus.in_(chosen.states)
    if chosen.computingsite is not None:
        yield _like(columns["computingsite"], chosen.computingsite)
    for name in EQUALITY_COLUMNS:
        if getattr(chosen, name) is not None:
            yield columns[name] == getattr(chosen, name)
    if chosen.since is not None:
        yield columns[chosen.timecolumn] >= seen(chosen.since)
    if chosen.until is not None:
        yield columns[chosen.timecolumn] < seen(chosen.until)
    if chosen.errorcode is not None:
        codes = error_columns(chosen.errorcode)
        yield or_(*(columns[name] == code for name, code in codes.items()))
    if chosen.errortext is not None:
        diags = (columns[f"{name}errordiag"] for name in COMPONENTS)
        yield or_(*(diag.regexp_match(chosen.errortext) for diag in diags))
    if chosen.criterion is not None:
        yield chosen.criterion.on(job)
    if job is JobsArchived and JobsArchived4 in places(chosen):
        yield ~exists().where(JobsArchived4.pandaid == job.pandaid)  # not archived for good yet


def _like(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """Compare with a text in which `*` stands for any characters."""
    if "*" not in pattern:
        return column == pattern
    for special in ("\\", "%", "_"):
        pattern = pattern.replace(special, f"\\{special}")
    return column.like(pattern.replace("*", "%"), escape="\\")
