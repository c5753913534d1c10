"""Jobs that are new."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pandadb.core.jobs import states
from pandadb.core.jobs.creation import job_input, submission
from pandadb.core.jobs.creation.submission import NewJob
from pandadb.core.sql.transaction import waiting_table
from pandadb.core.sql.validation import InvalidValue, check_columns, from_text
from pandadb.models import FilesTable4, JobsActive4
from pandadb.services.jobs import table_statistics
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pandadb.database import Database
    from pandadb.job_types import JobStatus
    from pandadb.models import Base

PARTS_OF_JOB = ("files", "parameters", "metadata", "replaces")
"""The parts of a job in JSON that are not columns of its table."""
RECORD_OF_DUMP = "record"
"""The part of a dumped job that is no input."""


def submit(
    database: Database,
    jobs: Sequence[NewJob],
    *,
    jobstatus: JobStatus | str = "defined",
    options: VerbOptions = DEFAULT_OPTIONS,
    priority_offset: int | None = None,
) -> list[int]:
    """Submit jobs with their files, parameters and metadata, all or none; return their PandaIDs.

    They begin as `defined`; those of JEDI as `pending`, those that lack an input as `waiting`. The
    priority of users' jobs falls with their number, unless there is a `priority_offset`, which is
    that of all of them, and is added to the 2000 of jobs that build libraries.

    Raises:
        InvalidValue: A column is unknown or a value does not fit it; the sentence names the job.
    """
    submission.check_first_state(jobstatus)
    if priority_offset is not None:
        check_columns(JobsActive4, {"currentpriority": priority_offset})
    with transaction(database, options) as connection:
        pandaids = submission.submit(connection, jobs, jobstatus, options.host, priority_offset)
        table = states.home(jobstatus, waiting_table(connection))
    if not options.dry_run:
        table_statistics.refresh(database, table, len(pandaids))
    return pandaids


def read(text: str) -> list[NewJob]:
    """Return the jobs of a JSON array, or of one JSON object in each line.

    An object has the job's columns, and beside them `files` (objects of the columns of each),
    `parameters`, `metadata` and `replaces`. Times are in ISO format. The `record` of a dump is left
    out.

    Raises:
        InvalidValue: The text is no such JSON; the sentence names the job.
    """
    return [_job(number, found) for number, found in enumerate(_objects(text), start=1)]


def _objects(text: str) -> Iterator[Any]:
    """Yield the objects: a line ends with a line feed only, since a text may have other ends."""
    lines = text.split("\n") if text.lstrip().startswith("{") else [text]
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                found = json.loads(line, object_pairs_hook=_object)
            except (ValueError, RecursionError) as error:
                place = f"line {number}: " if len(lines) > 1 else ""
                deep = isinstance(error, RecursionError)
                said = "it is nested too deeply" if deep else error
                raise InvalidValue(f"{place}this is not JSON: {said}") from None
            yield from found if isinstance(found, list) else [found]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object; json would take the last of the values of a name."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is there twice in one object")
    return found


def _job(number: int, found: Any) -> NewJob:
    if not isinstance(found, dict):
        raise InvalidValue(f"job {number}: this is not a JSON object")
    found.pop(RECORD_OF_DUMP, None)
    try:
        beside = {name: found.pop(name) for name in PARTS_OF_JOB if name in found}
        job_input.check(job_input.Job, {"columns": found, **beside})
        files = [_typed(FilesTable4, file) for file in beside.pop("files", ())]
        return NewJob(_typed(JobsActive4, found), files, **beside)
    except InvalidValue as error:
        raise InvalidValue(f"job {number}: {error}") from None


def _typed(model: type[Base], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with times as times: JSON has none."""
    columns = model.__table__.columns
    times = {c.name for c in columns if c.type.python_type.__name__ == "datetime"}
    return {
        name: from_text(model, name, value) if name in times and isinstance(value, str) else value
        for name, value in values.items()
    }
