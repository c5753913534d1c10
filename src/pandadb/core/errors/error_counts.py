"""Errors of failed jobs, counted by code, site and task; and the meanings of codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    String,
    Text,
    cast,
    func,
    literal_column,
    select,
    tuple_,
    values,
)
from sqlalchemy import column as column_of

from pandadb.core.errors.failed_jobs import EXIT_CODE, SOURCES
from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import InvalidValue, check_number, shown
from pandadb.models import ErrorDescriptions, JobsArchived4

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction

JOB, MEANING = JobsArchived4.__table__.c, ErrorDescriptions.__table__.c
GROUPS: Mapping[str, str] = {"site": "computingsite", "task": "jeditaskid", "queue": "workqueue_id"}
"""Groups that errors can be counted by, beside their codes, with their columns of jobs."""
FAILED = ("failed", "cancelled", "closed")


@dataclass(frozen=True)
class ErrorCount:
    """Jobs with an error."""

    source: str
    code: int
    group: Mapping[str, Any]
    """The values that it was counted by."""
    jobs: int
    tasks: int
    last: datetime
    """The latest end of such a job."""
    diag: str | None
    """The text of one of them."""
    meaning: str | None = None


def count_errors(
    session: Transaction,
    by: Sequence[str] = (),
    *,
    since: datetime | None = None,
    jeditaskid: int | None = None,
    site: str | None = None,
    limit: int = 100,
) -> list[ErrorCount]:
    """Return the errors of jobs of JOBSARCHIVED4 that failed, the most frequent first.

    Raises:
        InvalidValue: Errors cannot be counted by that, or the limit is out of range.
    """
    if unknown := [name for name in by if name not in GROUPS]:
        raise InvalidValue(f"errors are counted by {', '.join(GROUPS)}, not by {shown(unknown[0])}")
    check_number("limit", limit, 1, 100_000)
    chosen: list[ColumnElement[bool]] = [JOB.jobstatus.in_(FAILED)]
    if since is not None:
        chosen.append(JOB.modificationtime >= since)
    if jeditaskid is not None:
        chosen.append(JOB.jeditaskid == jeditaskid)
    if site is not None:
        chosen.append(JOB.computingsite == site)
    rows = connection_of(session).execute(_counted(by).where(*chosen).limit(limit)).all()
    meanings = meanings_of(session, {(row.source, row.code) for row in rows})
    return [
        ErrorCount(
            row.source, row.code, {name: row._mapping[GROUPS[name]] for name in by}, row.jobs,
            row.tasks, row.last, row.diag or None, meanings.get((row.source, row.code)),
        )
        for row in rows
    ]  # fmt: skip


def _counted(by: Sequence[str]) -> Select[Any]:
    rows: list[tuple[Any, Any, Any]] = [
        (
            literal_column(f"'{source}Code'"),
            JOB[f"{source}Code".lower()],
            JOB[f"{source}Diag".lower()],
        )
        for source in SOURCES
    ]
    exit_code = func.nullif(func.substring(JOB[EXIT_CODE.lower()], r"^\s*(-?\d{1,9})\s*$"), "")
    rows.append(
        (literal_column(f"'{EXIT_CODE}'"), cast(exit_code, BigInteger), literal_column("NULL"))
    )
    error = (
        values(
            column_of("source", String), column_of("code", BigInteger), column_of("diag", Text),
            name="error",
        )
        .data([(a, cast(b, BigInteger), cast(c, Text)) for a, b, c in rows])
        .lateral()
    )  # fmt: skip
    groups = [JOB[GROUPS[name]] for name in by]
    keys = (error.c.source, error.c.code, *groups)
    jobs = func.count().label("jobs")
    return (
        select(
            *keys, jobs, func.count(JOB.jeditaskid.distinct()).label("tasks"),
            func.max(JOB.modificationtime).label("last"), func.max(error.c.diag).label("diag"),
        )
        .join_from(JOB.pandaid.table, error, error.c.code != 0)
        .group_by(*keys)
        .order_by(jobs.desc(), *keys)
    )  # fmt: skip


def meanings_of(
    session: Transaction, errors: Collection[tuple[str, int]]
) -> dict[tuple[str, int], str]:
    """Return the texts of ERROR_DESCRIPTIONS for errors, given by source and code."""
    wanted = {(_component(source), code): (source, code) for source, code in errors}
    component = func.lower(MEANING.component)
    query = (
        select(component, MEANING.code, MEANING.diagnostics, MEANING.description)
        .where(tuple_(component, MEANING.code).in_(wanted))
        .order_by(MEANING.id)
    )
    found: dict[tuple[str, int], str] = {}
    for name, code, diagnostics, description in connection_of(session).execute(query):
        if text := description or diagnostics:
            found.setdefault(wanted[name, code], text)
    return found


def _component(source: str) -> str:
    """Return the word of ERROR_DESCRIPTIONS for a source: `pilot` for `pilotErrorCode`."""
    return "trans" if source == EXIT_CODE else source.removesuffix("ErrorCode").lower()
