"""What a job has left behind: its result, and the last output of its payload."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pandadb.core.jobs.search import full_jobs, job_choices
from pandadb.services.jobs import search

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pandadb.core.jobs.search.job_choices import JobName
    from pandadb.database import Database


@dataclass(frozen=True)
class JobOutput:
    """The result of a job, and the end of its payload's output."""

    pandaid: int
    jobstatus: str
    result: Any
    """The metadata: a value if it is JSON, else its text; None if there is none."""
    stdout: str | None
    """The last output that was sent; None if there was none."""


def pandaids(database: Database, names: Iterable[JobName]) -> list[int]:
    """Return the PandaIDs of jobs that are named by these or by public ids.

    Raises:
        InvalidValue: A name is no PandaID and no text.
        UnknownJob: No job has a public id.
    """
    given = [*names]
    if not any(isinstance(name, str) for name in given):
        return [name for name in given if isinstance(name, int)]
    with database.session() as session:
        return job_choices.named(session, given)


def output(
    database: Database,
    job: JobName,
    *,
    archive: Database | None = None,
    exports: Path | None = None,
) -> JobOutput:
    """Return the result of a job from METATABLE, and the end of its output from JOBSDEBUG.

    Raises:
        UnknownJob: No table has it.
        InvalidValue: No job can have the number.
    """
    (pandaid,) = pandaids(database, [job])
    found = search.get(database, pandaid, archive=archive, exports=exports)
    with database.session() as session:
        tails = full_jobs.output_tails(session, [pandaid])
    result = _value(found["metadata"])
    return JobOutput(pandaid, found["jobstatus"], result, tails.get(pandaid))


def output_tail(database: Database, pandaid: int) -> str | None:
    """Return the end of the output of a job's payload from JOBSDEBUG; None if none was sent."""
    with database.session() as session:
        return full_jobs.output_tails(session, [pandaid]).get(pandaid)


def _value(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
