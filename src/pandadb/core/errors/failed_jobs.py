"""Jobs and their errors, as the rules for retries and the classes of errors look at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core.datasets.dataset_types import PROCESSED
from pandadb.core.jobs.search import lookup
from pandadb.models import FilesTable4

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import JobTable

SOURCES = tuple(
    f"{component}Error"
    for component in ("pilot", "exe", "sup", "ddm", "brokerage", "jobDispatcher", "taskBuffer")
)
"""Each has a code and a text in a job, `<source>Code` and `<source>Diag`, in this order."""
EXIT_CODE = "transExitCode"
"""The exit code of the payload: a source of rules for retries, without a text."""
COLUMNS = (
    "pandaid", "jeditaskid", "jobstatus", "attemptnr", "atlasrelease", "cmtconfig", "workqueue_id",
    "minramcount", "minramunit", "corecount", "computingsite", "starttime", "endtime",
    EXIT_CODE.lower(),
)  # fmt: skip
FILE = FilesTable4.__table__.c


@dataclass(frozen=True)
class JobError:
    """An error of a job."""

    source: str
    """The attribute of the job that has the code, in PanDA's spelling, such as `pilotErrorCode`."""
    code: int
    diag: str


@dataclass(frozen=True)
class FailedJob:
    """A job with its errors, and the columns that rules and actions need."""

    pandaid: int
    jeditaskid: int | None
    jobstatus: str
    attemptnr: int | None
    atlasrelease: str | None
    cmtconfig: str | None
    workqueue_id: int | None
    minramcount: int | None
    """MB, with the compensation for jobs that use less than they ask for."""
    minramunit: str | None
    corecount: int | None
    computingsite: str | None
    starttime: datetime | None
    endtime: datetime | None
    transexitcode: str | None
    errors: tuple[JobError, ...]
    """Those with a code, in the order of the sources."""

    @property
    def retry_errors(self) -> tuple[JobError, ...]:
        """The errors that rules for retries look at: the exit code of the payload, too."""
        code = (self.transexitcode or "").strip()
        if code.isascii() and code.lstrip("-").isdigit() and int(code):
            return (*self.errors, JobError(EXIT_CODE, int(code), ""))
        return self.errors


def read(session: Transaction, pandaids: Sequence[int]) -> dict[int, FailedJob]:
    """Return jobs with their errors, by PandaID and in its order; unknown ones are left out."""
    rows = lookup.rows(session, pandaids, _columns)
    return {pandaid: _job(rows[pandaid]._mapping) for pandaid in sorted(rows)}


def input_of(pandaids: ColumnElement[bool]) -> Select[Any]:
    """Select the input files of jobs that limits of attempts go by: all but database releases."""
    return select(FILE.pandaid, FILE.jeditaskid, FILE.datasetid, FILE.fileid).where(
        pandaids,
        FILE.type.in_(PROCESSED),
        FILE.fileid.is_not(None),
        ~FILE.lfn.contains("DBRelease"),
    )


def _columns(job: JobTable) -> Select[Any]:
    errors = (f"{source}{part}".lower() for source in SOURCES for part in ("Code", "Diag"))
    return select(*(getattr(job, name) for name in (*COLUMNS, *errors)))


def _job(row: Any) -> FailedJob:
    errors = (
        JobError(f"{source}Code", int(code), row[f"{source}Diag".lower()] or "")
        for source in SOURCES
        if (code := row[f"{source}Code".lower()])
    )
    columns = {name: row[name] for name in COLUMNS}
    columns["minramunit"] = (row["minramunit"] or "").strip() or None  # CHAR(4), with blanks
    return FailedJob(**columns, errors=tuple(errors))
