"""New jobs with their files, parameters and metadata: semantics 2.1."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pandadb.core.events import creation
from pandadb.core.jobs import states
from pandadb.core.jobs.attempts import retry_history
from pandadb.core.jobs.creation import (
    issued_ids,
    job_input,
    jumbo_jobs,
    placeholders,
    priorities,
    repeated_files,
)
from pandadb.core.jobs.creation import jobsets as jobsets_of_jobs
from pandadb.core.jobs.files import task_totals, used_files
from pandadb.core.shares import resource_types, tree
from pandadb.core.shares.matching import ShareMatcher
from pandadb.core.sql.copy import copy_rows
from pandadb.core.sql.transaction import waiting_table
from pandadb.core.sql.validation import InvalidValue, check_columns, check_given
from pandadb.models import (
    FilesTable4,
    JobParamsTable,
    JobsActive4,
    JobsStatusLog,
    MetaTable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from pandadb.core.jobs.creation.jobsets import Jobsets
    from pandadb.core.sql.transaction import Transaction
    from pandadb.models import Base

FIRST_STATES = ("pending", "defined", "waiting")
QUEUED_STATES = (*FIRST_STATES, "activated")
"""States in which a job of the job queue begins."""
NULL_TIMES = ("starttime", "endtime")
"""Times that are NULL unless they are given: the table's default is for rows of old servers."""
READY_STATUSES = ("ready", "cached")
"""States of files that a submission keeps."""
SET_BY_SUBMISSION = (*states.SET_BY_MOVER, "modificationhost")
"""Columns that a submission sets itself."""
USERS = re.compile(r"user|panda|ptest|rc_test.*|rc_alrb")
"""Labels of jobs that the server tries again by itself."""


@dataclass(frozen=True)
class NewJob:
    """A job to submit: values of columns, as PanDA names them."""

    columns: Mapping[str, Any]
    files: Sequence[Mapping[str, Any]] = ()
    parameters: str = ""
    metadata: str | None = None
    replaces: Sequence[int] = ()
    """PandaIDs of the jobs that this one is another attempt of."""


def submit(
    session: Transaction,
    jobs: Sequence[NewJob],
    jobstatus: str | Sequence[str],
    host: str,
    priority_offset: int | None = None,
    *,
    relation: str = "retry",
    queues_inputs: bool = True,
    jobsets: Jobsets | None = None,
) -> list[int]:
    """Insert new jobs into the tables of their states; return their PandaIDs in order.

    The state is one for all, or one for each job.

    Columns that are left out take their defaults, but `starttime` and `endtime` are NULL: servers
    take any time for an end. Share, resource type, attempts and priority are computed; the priority
    of users' jobs and of those that build libraries is not the caller's: see `priorities`. Files of
    a task's datasets are marked as used by their job if it is JEDI's (`lockedby`); of two jobs with
    the same file the first has it. Placeholders are replaced: see `placeholders`.

    `relation` is that of the jobs to those that they replace. With `queues_inputs` the
    `proc_status` of their inputs is queued; JEDI leaves it until the jobs are activated.

    Jobs of the event service have the events of their files in `specialhandling`: job sets and
    ranges are made of them, see `jobsets`. Several calls for the jobs of one job set share
    `jobsets`, where new ones are added.

    Raises:
        InvalidValue: A column is unknown or a value does not fit it; the sentence names the job.
        NumberTaken: The sequence of PandaIDs or of files is behind its tables.
    """
    if isinstance(jobs, NewJob | str | Mapping) or not isinstance(jobs, Iterable):
        raise InvalidValue(f"jobs to submit are a list of NewJob, not a {type(jobs).__name__}")
    jobs = [*jobs]
    first = [jobstatus] * len(jobs) if isinstance(jobstatus, str) else [*jobstatus]
    _check_shapes(jobs, first)
    jobs, services = jobsets_of_jobs.decode(jobs)
    _check_values(jobs)
    if not jobs:
        return []
    jumbo_jobs.check(session, [job.columns for job in jobs])
    known = {} if jobsets is None else jobsets
    planned = jobsets_of_jobs.plan(services, known)
    nfiles, ids = sum(len(job.files) for job in jobs), len(jobs) + len(planned.founders)
    numbers, row_ids, when = issued_ids.draw(session, ids, nfiles)
    pandaids = numbers[: len(jobs)]
    of_users = priorities.of_users(session, [job.columns for job in jobs], priority_offset)
    rows = _rows(session, jobs, of_users, pandaids, _set(first, host, when))
    jobsets_of_jobs.assign(planned, numbers[len(jobs) :], rows, known)
    jobs = placeholders.replace(session, jobs, rows)
    repeated = _store_files(session, jobs, rows, row_ids)
    if any("fileid" in file for job in jobs for file in job.files):
        used_files.use(
            session,
            rows,
            queues_inputs=queues_inputs,
            consumers=jobsets_of_jobs.consumers(planned, rows),
            repeated=repeated,
        )
    jobsets_of_jobs.make_ranges(session, planned, jobs, rows)
    _copy_jobs(session, rows)
    copy(session, JobParamsTable, _side(jobs, pandaids, "jobparameters", "parameters"))
    copy(session, MetaTable, _side(jobs, pandaids, "metadata", "metadata"))
    copy(session, JobsStatusLog, map(log, rows))
    followed = _followed(jobs, rows)
    if queues_inputs:
        retry_history.note(session, followed, relation)
    jobsets_of_jobs.note(session, planned, jobs, rows)
    if not queues_inputs:  # JEDI's are stored at once: job sets have the origins from before
        retry_history.note(session, followed, relation)
    task_totals.request(session, rows)
    return pandaids


def _set(first: Sequence[str], host: str, when: datetime) -> list[dict[str, Any]]:
    """Return the columns of each job that its submission sets."""
    times = dict.fromkeys(("modificationtime", "statechangetime", "proddbupdatetime"), when)
    return [{"jobstatus": state, "modificationhost": host[:128], **times} for state in first]


def _copy_jobs(session: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    waiting = waiting_table(session)
    for state in dict.fromkeys(row["jobstatus"] for row in rows):
        mine = (row for row in rows if row["jobstatus"] == state)
        copy(session, states.home(state, waiting), mine)


def _rows(
    session: Transaction,
    jobs: Sequence[NewJob],
    of_users: Sequence[int | None],
    pandaids: Sequence[int],
    ours: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    worked_out = _worker_out(session, jobs)
    return [
        {
            **dict.fromkeys(NULL_TIMES),
            "creationtime": own["modificationtime"],
            **job.columns,
            **worked_out(job.columns),
            **({} if priority is None else {"currentpriority": priority}),
            **own,
            "pandaid": pandaid,
        }
        for pandaid, job, priority, own in zip(pandaids, jobs, of_users, ours, strict=True)
    ]


def _store_files(
    session: Transaction,
    jobs: Sequence[NewJob],
    rows: Sequence[Mapping[str, Any]],
    row_ids: Sequence[int],
) -> bool:
    """Store the files of jobs; return whether a job has some several times."""
    files, repeated = repeated_files.split(rows, [*_files(jobs, rows, iter(row_ids))])
    copy(session, FilesTable4, files)
    creation.note_repeated(session, repeated)
    return bool(repeated)


def _followed(
    jobs: Sequence[NewJob], rows: Sequence[Mapping[str, Any]]
) -> list[tuple[int, int, int]]:
    return [
        (row["jeditaskid"], old, row["pandaid"])
        for job, row in zip(jobs, rows, strict=True)
        for old in job.replaces
        if row.get("jeditaskid")
    ]


def check_first_state(jobstatus: str) -> None:
    """See that a job of PanDA may begin in a state.

    Raises:
        InvalidValue: It may not.
    """
    if jobstatus not in FIRST_STATES:
        raise InvalidValue(f"A job begins as {', '.join(FIRST_STATES)}, not as {jobstatus!r}")


def _check_shapes(jobs: Sequence[NewJob], first: Sequence[str]) -> None:
    for jobstatus in {*first} - {*QUEUED_STATES}:
        check_first_state(jobstatus)
    for number, job in enumerate(jobs, start=1):
        try:
            if not isinstance(job, NewJob):
                raise InvalidValue(f"this is no NewJob, but a {type(job).__name__}")  # noqa: TRY301
            job_input.check(job_input.Job, job)
        except InvalidValue as error:
            raise InvalidValue(f"job {number} of {len(jobs)}: {error}") from None


def _check_values(jobs: Sequence[NewJob]) -> None:
    for number, job in enumerate(jobs, start=1):
        try:
            check_given(job.columns, SET_BY_SUBMISSION, "the submission")
            check_columns(JobsActive4, job.columns)
            for file in job.files:
                check_given(file, ("row_id", "pandaid", "modificationtime"), "the submission")
                check_columns(FilesTable4, file)
        except InvalidValue as error:
            raise InvalidValue(f"job {number} of {len(jobs)}: {error}") from None


def _worker_out(
    session: Transaction, jobs: Sequence[NewJob]
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return the expressions of the columns that no caller has given."""
    shared = all(job.columns.get("gshare") for job in jobs)
    matcher = ShareMatcher([] if shared else tree.leaves(session))
    sites = [resource_types.first_site(job.columns.get("computingsite")) for job in jobs]
    rtypes = resource_types.of_queues(session, sites if matcher.has_rtypes else ())
    classed = all(job.columns.get("resource_type") for job in jobs)
    types = [] if classed else resource_types.read(session)

    def worked_out(job: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if not job.get("gshare"):
            rtype = rtypes.get(resource_types.first_site(job.get("computingsite")))
            found["gshare"] = matcher.share_of_job({**job, "rtype": rtype})
        if not job.get("resource_type"):
            found["resource_type"] = resource_types.of_job(job, types)
        if "currentpriority" not in job:
            install = job.get("prodsourcelabel") == "install"
            found["currentpriority"] = 4100 if install else job.get("assignedpriority", 0)
        if USERS.fullmatch(job.get("prodsourcelabel") or ""):
            found |= _attempts(job.get("attemptnr") or 0, job.get("maxattempt") or 0)
        return found

    return worked_out


def _attempts(attemptnr: int, maxattempt: int) -> dict[str, int]:
    """Return the attempts of a user's job: two more, or with -1 none."""
    if maxattempt == -1:
        maxattempt = attemptnr
    elif maxattempt <= attemptnr:
        maxattempt = attemptnr + 2
    return {"attemptnr": attemptnr, "maxattempt": maxattempt}


def _files(
    jobs: Sequence[NewJob], rows: Sequence[Mapping[str, Any]], row_ids: Iterator[int]
) -> Iterator[dict[str, Any]]:
    for job, row in zip(jobs, rows, strict=True):
        for file in job.files:
            status = file.get("status") if file.get("status") in READY_STATUSES else "unknown"
            yield {
                **file,
                "row_id": next(row_ids),
                "pandaid": row["pandaid"],
                "status": status,
            }


def _side(
    jobs: Sequence[NewJob], pandaids: Sequence[int], column: str, attribute: str
) -> Iterator[dict[str, Any]]:
    for pandaid, job in zip(pandaids, jobs, strict=True):
        text = getattr(job, attribute)
        if text is not None:
            yield {"pandaid": pandaid, column: text}


def log(job: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of the status log for a job that has just been made."""
    when = job["modificationtime"]
    names = ("pandaid", "jobstatus", "prodsourcelabel", "cloud", "computingsite")
    row = {name: job.get(name) for name in (*names, "modificationhost")}
    row["prodsourcelabel"] = job.get("prodsourcelabel", "managed")
    return {**row, "modificationtime": when, "modiftime_extended": when}


def copy(session: Transaction, model: type[Base], rows: Iterable[Mapping[str, Any]]) -> None:
    """Copy rows, those with the same columns together, so that the others take their defaults."""
    groups: dict[tuple[str, ...], list[Sequence[Any]]] = defaultdict(list)
    for row in rows:
        groups[tuple(row)].append([*row.values()])
    for columns, values in groups.items():
        copy_rows(session, model, columns, values)
