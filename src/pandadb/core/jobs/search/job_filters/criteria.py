"""Criteria of jobs: conditions that can be combined, for the rows of any table of jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Column, ColumnElement, and_, or_, true
from sqlalchemy.sql import visitors

from pandadb.core.jobs.search.filters import COMPONENTS, error_columns
from pandadb.core.jobs.search.job_filters.globs import is_like
from pandadb.core.sql.id_arrays import is_among, is_one_of
from pandadb.core.sql.time_range import seen
from pandadb.core.sql.validation import InvalidValue, shown
from pandadb.models import JediJobRetryHistory
from pandadb.models.jobs.all_tables import JOB_TABLES
from pandadb.models.views import Jobs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pandadb.models.jobs.all_tables import JobTable


class Criterion(Protocol):
    """A condition on a job."""

    def on(self, job: JobTable) -> ColumnElement[bool]:
        """Return the condition for the rows of a table."""


@dataclass(frozen=True)
class AllOf:
    """Jobs that meet each of several criteria; of none, every job."""

    parts: tuple[Criterion, ...] = ()

    def on(self, job: JobTable) -> ColumnElement[bool]:
        """Return the condition for the rows of a table."""
        return and_(true(), *(part.on(job) for part in self.parts))


@dataclass(frozen=True)
class AnyOf:
    """Jobs that meet one of several criteria; of none, no job."""

    parts: tuple[Criterion, ...]

    def on(self, job: JobTable) -> ColumnElement[bool]:
        """Return the condition for the rows of a table."""
        return or_(~true(), *(part.on(job) for part in self.parts))


@dataclass(frozen=True)
class NoneOf:
    """Jobs that do not meet a criterion: also those of which a column is NULL."""

    part: Criterion

    def on(self, job: JobTable) -> ColumnElement[bool]:
        """Return the condition for the rows of a table."""
        return self.part.on(job).is_not(true())


@dataclass(frozen=True)
class HasId:
    """Jobs with one of these ids in a column."""

    column: str
    ids: tuple[int, ...]

    def on(self, job: JobTable) -> ColumnElement[bool]:
        """Return the condition for the rows of a table."""
        return is_among(job.__table__.c[self.column], self.ids)


@dataclass(frozen=True)
class HasValue:
    """Jobs with one of these values in a column; None is NULL."""

    column: str
    values: tuple[Any, ...]

    def on(self, job: JobTable) -> ColumnElement[bool]:
        """Return the condition for the rows of a table."""
        column = job.__table__.c[self.column]
        known = [value for value in self.values if value is not None]
        if len(known) == len(self.values):
            return column.in_(known)
        return or_(column.is_(None), column.in_(known)) if known else column.is_(None)


@dataclass(frozen=True)
class IsLike:
    """Jobs with a text in a column that matches one of these patterns."""

    column: str
    patterns: tuple[str, ...]

    def on(self, job: JobTable) -> ColumnElement[bool]:
        """Return the condition for the rows of a table."""
        return is_like(job.__table__.c[self.column], self.patterns)


@dataclass(frozen=True)
class ChangedWithin:
    """Jobs whose last change is in a time; both ends are in it. None is no end."""

    since: datetime | None
    until: datetime | None

    def on(self, job: JobTable) -> ColumnElement[bool]:
        """Return the condition for the rows of a table."""
        changed = job.__table__.c["modificationtime"]
        bounds = []
        if self.since is not None:
            bounds.append(changed >= seen(self.since))
        if self.until is not None:
            bounds.append(changed <= seen(self.until))
        return and_(true(), *bounds)


@dataclass(frozen=True)
class HasError:
    """Jobs with an error text that a regular expression matches, from any component."""

    regex: str

    def on(self, job: JobTable) -> ColumnElement[bool]:
        """Return the condition for the rows of a table."""
        diags = (job.__table__.c[f"{name}errordiag"] for name in COMPONENTS)
        return or_(*(diag.regexp_match(self.regex) for diag in diags))


@dataclass(frozen=True)
class HasErrorCode:
    """Jobs with an error code, of one component or of any."""

    code: str

    def on(self, job: JobTable) -> ColumnElement[bool]:
        """Return the condition for the rows of a table."""
        codes = error_columns(self.code)
        return or_(*(job.__table__.c[name] == code for name, code in codes.items()))


@dataclass(frozen=True)
class HasOrigin:
    """The attempts at the work of a job: the job itself, and all that follow it by retries."""

    origins: tuple[int, ...]

    def on(self, job: JobTable) -> ColumnElement[bool]:
        """Return the condition for the rows of a table."""
        link = JediJobRetryHistory
        later = link.__table__.select().with_only_columns(link.newpandaid)
        later = later.where(is_among(link.originpandaid, self.origins))
        later = later.where(
            or_(link.relationtype.is_(None), ~link.relationtype.startswith("jobset"))
        )
        pandaid = job.__table__.c["pandaid"]
        return or_(is_among(pandaid, self.origins), is_one_of(pandaid, later))


@dataclass(frozen=True)
class Where:
    """Jobs that meet an expression of SQLAlchemy on the columns of any table of jobs."""

    expression: ColumnElement[bool]

    def on(self, job: JobTable) -> ColumnElement[bool]:
        """Return the condition for the rows of a table: its columns in place of another's."""
        columns = job.__table__.c

        def here(element: Any, **_: Any) -> Any:
            if isinstance(element, Column) and element.table in JOB_TABLE_OBJECTS:
                return columns[element.name]
            return None

        return visitors.replacement_traverse(self.expression, {}, here)


def check_expression(expression: Any) -> ColumnElement[bool]:
    """Return an expression of a caller, if it is one on the columns of a table of jobs.

    Raises:
        InvalidValue: It is none, or it is on another table outside a subquery.
    """
    if not isinstance(expression, ColumnElement):
        raise InvalidValue(f"where has to be an expression of SQLAlchemy, not {shown(expression)}")
    for one in expression._from_objects:
        if one not in JOB_TABLE_OBJECTS:
            raise InvalidValue(
                f"where is on {one}, and has to be on the columns of jobs: "
                "other tables are for a subquery, such as exists()"
            )
    return expression


def regexes(criterion: Criterion | None) -> Iterator[str]:
    """Yield the regular expressions of a criterion and of its parts."""
    match criterion:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from regexes(part)
        case NoneOf(part):
            yield from regexes(part)
        case HasError(regex):
            yield regex
        case _:
            pass


JOB_TABLE_OBJECTS = (Jobs.__table__, *(job.__table__ for job in JOB_TABLES))
"""The tables whose columns an expression of a caller may have."""
NOTHING = AnyOf(())
EVERYTHING = AllOf(())
