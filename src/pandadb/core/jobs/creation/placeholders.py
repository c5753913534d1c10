"""Placeholders in what a new job comes with, replaced when its number is known: semantics 2.1.

`$ORIGINPANDAID` in the job's name is the first attempt of the chain that the job continues, else
the job itself. `$PANDAID` in the names of files has five digits at least. In all but production
(`managed`) `$JOBSETID`, with six digits at least, and `$JEDITASKID` stand for these in the names
of files and in the parameters; a job without a task has the word `NULL` there.
"""

from __future__ import annotations

from dataclasses import replace as changed
from typing import TYPE_CHECKING, Any

from pandadb.core.jobs.attempts import retry_history
from pandadb.core.sql.validation import InvalidValue, check_columns
from pandadb.models import FilesTable4, JobsActive4

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.jobs.creation.submission import NewJob
    from pandadb.core.sql.transaction import Transaction

    Row = dict[str, Any]

ORIGIN, PANDAID = "$ORIGINPANDAID", "$PANDAID"
PRODUCTION = "managed"


def replace(session: Transaction, jobs: Sequence[NewJob], rows: Sequence[Row]) -> list[NewJob]:
    """Replace the placeholders of jobs; their names are replaced in the rows themselves.

    Raises:
        InvalidValue: A text is too long for its column now; the sentence names the job.
    """
    named = [
        pair for pair in zip(jobs, rows, strict=True) if ORIGIN in (pair[1].get("jobname") or "")
    ]
    if named:
        _replace_origins(session, named)
    done: list[NewJob] = []
    try:
        for job, row in zip(jobs, rows, strict=True):
            if ORIGIN in (job.columns.get("jobname") or ""):
                check_columns(JobsActive4, {"jobname": row["jobname"]})
            done.append(_replaced(job, row))
    except InvalidValue as error:
        raise InvalidValue(f"job {len(done) + 1} of {len(jobs)}: {error}") from None
    return done


def _replace_origins(session: Transaction, named: Sequence[tuple[NewJob, Row]]) -> None:
    follows = {(row.get("jeditaskid"), job.replaces[0]) for job, row in named if job.replaces}
    origins = retry_history.origins(session, [*follows])
    for job, row in named:
        old = (row.get("jeditaskid"), job.replaces[0]) if job.replaces else None
        origin = origins[old] if old else row["pandaid"]
        row["jobname"] = row["jobname"].replace(ORIGIN, str(origin))


def _replaced(job: NewJob, row: Row) -> NewJob:
    """Return the job with the names of its files and its parameters as they are to be stored."""
    if "$" not in job.parameters and not any("$" in (file.get("lfn") or "") for file in job.files):
        return job
    known = _known(row)
    files = [
        {**file, "lfn": _lfn(file["lfn"], row, known)} if "$" in (file.get("lfn") or "") else file
        for file in job.files
    ]
    return changed(job, files=files, parameters=_with(job.parameters, known))


def _known(row: Row) -> dict[str, str]:
    if row.get("prodsourcelabel", PRODUCTION) == PRODUCTION:
        return {}
    jobset, task = row.get("jobsetid"), row.get("jeditaskid")
    return {
        "$JOBSETID": f"{0 if jobset in (None, -1) else jobset:06d}",
        "$JEDITASKID": "NULL" if task is None else str(task),
    }


def _lfn(lfn: str, row: Row, known: dict[str, str]) -> str:
    lfn = _with(lfn.replace(PANDAID, f"{row['pandaid']:05d}"), known)
    check_columns(FilesTable4, {"lfn": lfn})
    return lfn


def _with(text: str, known: dict[str, str]) -> str:
    for placeholder, value in known.items():
        text = text.replace(placeholder, value)
    return text
