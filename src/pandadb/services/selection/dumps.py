"""The chosen jobs with all that is known of them."""

from __future__ import annotations

from decimal import Decimal
from inspect import get_annotations
from typing import TYPE_CHECKING, Any

from pandadb.core.jobs.search import full_jobs, job_choices
from pandadb.core.jobs.search.filters import Filter
from pandadb.core.jobs.search.job_filters.job_filter import JobFilter
from pandadb.core.jobs.search.pages import UnknownJob
from pandadb.core.jobs.states import SET_BY_MOVER
from pandadb.models import FilesTable4, JobsActive4
from pandadb.models.jobs.columns import JobErrors, JobTimes, JobUsage
from pandadb.services.jobs import iteration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pandadb.core.jobs.search.job_choices import JobChoice
    from pandadb.core.sql.transaction import Transaction
    from pandadb.database import Database

PAGE = 100
"""Jobs that are held in memory at a time."""
OF_ONE_RUN = (
    *SET_BY_MOVER,
    *(name for group in (JobTimes, JobErrors, JobUsage) for name in get_annotations(group)),
    "attemptnr", "batchid", "commandtopilot", "failedattempt", "jobexecutionid", "jobmetrics",
    "jobsetid", "jobsubstatus", "lockedby", "parentid", "pilotid", "pilottiming", "relocationflag",
    "schedulerid", "transexitcode",
)  # fmt: skip
"""Columns of a job that are of its run, not of its work."""
TEXTS = ("jobparameters", "metadata")
OF_ONE_FILE = (
    "row_id", "pandaid", "modificationtime", "creationtime", "datasetid", "fileid", "attemptnr",
    "status", "guid",
)  # fmt: skip
"""Columns of a file that are of one run, too."""
JOB_COLUMNS = tuple(c.name for c in JobsActive4.__table__.c if c.name not in (*OF_ONE_RUN, *TEXTS))
FILE_COLUMNS = tuple(c.name for c in FilesTable4.__table__.c if c.name not in OF_ONE_FILE)


def dump(
    database: Database, chosen: JobChoice, *, archived: bool = False
) -> Iterator[dict[str, Any]]:
    """Yield each of the chosen jobs as `jobs.read` reads it, and all about it as its `record`.

    The columns are those of the work, without those of its run: submitted, they are the same work
    once more, outside of the files of a task. The record has the columns and the `table` of the
    job, its `files`, its `log`, its relations to other `attempts`, the last `output`,
    and of a job of the job queue the `control` row with its lease and parents. With
    `archived` PandaIDs are looked up in the archive, too; a filter has this by itself.

    Raises:
        UnknownJob: A job that was named is unknown.
        InvalidValue: The filter is invalid, or a job is no PandaID.
    """
    with database.session() as session:
        where = job_choices.as_search(session, chosen, archived=archived)
    found: set[int] = set()
    for page in iteration.read_pages(database, where, (), PAGE):
        found.update(job["pandaid"] for job in page)
        with database.session() as session:
            yield from map(_dumped, _records(session, page))
    named = () if isinstance(chosen, Filter | JobFilter) else where.pandaids or ()
    if unknown := {*named} - found:
        raise UnknownJob(f"Job {min(unknown)} is unknown: no table has it")


def _records(session: Transaction, page: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    pandaids = [job["pandaid"] for job in page]
    logs, relations = full_jobs.logs(session, pandaids), full_jobs.relations(session, page)
    outputs = full_jobs.output_tails(session, pandaids)
    controls = full_jobs.controls(session, pandaids)
    for job in full_jobs.complete(session, page):
        pandaid = job["pandaid"]
        files = job.pop("files")
        yield {
            "job": job,
            "files": files,
            "log": logs.get(pandaid, []),
            "attempts": relations.get(pandaid, []),
            "output": outputs.get(pandaid),
            "control": controls.get(pandaid),
        }


def _dumped(record: dict[str, Any]) -> dict[str, Any]:
    job = record["job"]
    files = [_known(file, FILE_COLUMNS) for file in record["files"]]
    texts = {"parameters": job["jobparameters"] or "", "metadata": job["metadata"]}
    return _known(job, JOB_COLUMNS) | {"files": files, **texts, "record": record}


def _known(row: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return the columns that have a value, numbers as JSON has them."""
    known = {name: row[name] for name in names if row.get(name) is not None}
    return {n: float(v) if isinstance(v, Decimal) else v for n, v in known.items()}
