# Written from the functions of `pandadb.services.jobs` by `pandadb docs stubs`.

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Unpack

from pandadb.aio.base.database import AsyncDatabase
from pandadb.core.jobs.attempts.retries import RetryResult
from pandadb.core.jobs.csv_import import records
from pandadb.core.jobs.files.file_reports import Reports
from pandadb.core.jobs.search.job_filters.job_filter import AnyFilter
from pandadb.job_types import JobColumns, JobRow, JobStatus, JobVerb
from pandadb.services.jobs import (
    STATES,
    VERBS,
    Answer,
    Attempt,
    DispatchRequest,
    DispatchResult,
    ExpiryResult,
    Filter,
    Heartbeat,
    History,
    HistoryStep,
    JobFilter,
    KillResult,
    LoadResult,
    MoveResult,
    NewJob,
    Page,
    Refusal,
    Refused,
    UnknownJob,
    VerbOptions,
    as_sql,
    check_verb,
    legal_from,
    narrowed,
    read,
    read_report,
    typed,
)
from pandadb.services.jobs.bulk_verbs import OnProgress
from pandadb.services.jobs.record_load import Progress
from pandadb.services.jobs.verbs import PandaIDs

__all__ = [
    "STATES",
    "VERBS",
    "Answer",
    "Attempt",
    "DispatchRequest",
    "DispatchResult",
    "ExpiryResult",
    "Filter",
    "Heartbeat",
    "History",
    "HistoryStep",
    "JobFilter",
    "KillResult",
    "LoadResult",
    "MoveResult",
    "NewJob",
    "Page",
    "Refusal",
    "Refused",
    "UnknownJob",
    "VerbOptions",
    "activate",
    "advance",
    "advance_where",
    "as_sql",
    "assign",
    "cancel",
    "check_verb",
    "close",
    "count",
    "count_where",
    "dispatch",
    "expire",
    "fail",
    "find",
    "finish",
    "get",
    "heartbeat",
    "history",
    "hold",
    "iterate",
    "kill",
    "kill_where",
    "legal_from",
    "load",
    "load_records",
    "merge",
    "narrowed",
    "read",
    "read_report",
    "release",
    "reset",
    "retry",
    "sites",
    "submit",
    "throttle",
    "transfer",
    "typed",
    "wait",
]

async def activate(
    database: AsyncDatabase,
    pandaids: PandaIDs,
    options: VerbOptions = ...,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """Make defined or assigned jobs with all their inputs ready for dispatch."""

async def advance(
    database: AsyncDatabase,
    verb: JobVerb | str,
    pandaids: PandaIDs,
    options: VerbOptions = ...,
    *,
    files: Reports | None = None,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """Take jobs through a verb that leads to one state.

    `files` is the report on the files of the jobs, for `finish`, `fail`, `transfer` and `merge`:
    `{"out.root": {"fsize": 2000, "nevents": 100}, "log": {"status": "ready"}}`, by the names of
    files, or by their types for all jobs alike; or such a report for each PandaID. `kill` means
    `cancel` here: `jobs.kill` kills jobs, with a code.

    Raises:
        UnknownVerb: There is no such verb.
        Refused: It was one PandaID, and the job cannot go.
        InvalidValue: A value does not fit its column, or a PandaID is no number; or a job has no
            file of a name in the report, or the verb takes none.
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def advance_where(
    database: AsyncDatabase,
    verb: JobVerb | str,
    chosen: AnyFilter,
    options: VerbOptions = ...,
    *,
    batch_size: int = 1000,
    on_progress: OnProgress | None = None,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """Take the live jobs that match a filter through a verb; see `advance`.

    Jobs in a state that the verb is not for are refused: name states in the filter to leave them
    out. Repeat the call after an error: the batches before it are committed.

    Raises:
        UnknownVerb: There is no such verb.
        InvalidValue: The filter has no condition, or names a table of ended jobs; or a value does
            not fit its column.
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def assign(
    database: AsyncDatabase,
    pandaids: PandaIDs,
    options: VerbOptions = ...,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """Have the inputs of defined jobs moved to their site: they are assigned."""

async def cancel(
    database: AsyncDatabase,
    pandaids: PandaIDs,
    options: VerbOptions = ...,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """End jobs that have the command of `jobs.kill` to end, now that their pilots have ended.

    Raises:
        Refused: It was one PandaID, and the job has no such command.
        InvalidValue: A value does not fit its column.
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def close(
    database: AsyncDatabase,
    pandaids: int | Iterable[int],
    options: VerbOptions = ...,
    *,
    code: int = 2,
    by: str = ...,
) -> KillResult:
    """Give jobs up, as the system does: `kill` with a code that closes them.

    Raises:
        InvalidValue: The code does not close jobs.
        Refused, UnknownCode, JobsLocked: See `kill`.
    """

async def count(
    database: AsyncDatabase,
    chosen: AnyFilter = ...,
    by: Sequence[str] = ...,
) -> list[dict[str, Any]]:
    """Return how many `jobs` fit for each combination of values of columns, most first.

    Raises:
        InvalidValue: There is no such column, or the regular expression is malformed.
    """

async def count_where(
    database: AsyncDatabase,
    chosen: AnyFilter,
) -> int:
    """Return how many jobs the verbs of this module would take or refuse.

    Raises:
        InvalidValue: The filter has no condition, or names a table of ended jobs.
    """

async def dispatch(
    database: AsyncDatabase,
    wanted: DispatchRequest,
    *,
    worker: tuple[str, int] | None = None,
    options: VerbOptions = ...,
    **values: Any,
) -> list[DispatchResult]:
    """Give activated jobs to a worker: by share, priority and PandaID; each job to one worker only.

    Returns the jobs with their files and parameters. There may be fewer than requested while other
    workers take jobs, too; an empty list means that no job is left. The worker is its Harvester
    instance and its number; `values` are further columns of the jobs, such as `computingelement`.
    The call never waits for jobs: locked ones are skipped. Times that Python does not have, such as
    infinity, are a `TimeBeyond`. If the connection is lost before the answer arrives, jobs may have
    been taken: they stay `sent` until they expire.

    Raises:
        InvalidValue: A value does not fit its column, or there is no such column.
        JobsLocked: The table, or an earlier relation of the worker to a job, was locked for longer
            than the lock timeout.
    """

async def expire(
    database: AsyncDatabase,
    *,
    rules: Iterable[str] | None = None,
    limit: int = 1000,
    options: VerbOptions = ...,
) -> list[ExpiryResult]:
    """End the jobs that are due by timeouts, oldest first, up to `limit` jobs for each rule.

    Each batch of a rule is a transaction. Locked jobs are left for the next run, whatever `how` has
    for locks. Returns the rules that found jobs.

    Raises:
        UnknownRule: There is no rule of that name.
        InvalidValue: `limit` is no number, or negative.
        InvalidSetting: A limit in CONFIG is no number.
        JobsLocked: Rows of a job's satellites were locked for longer than the lock timeout; the
            batches before are committed.
    """

async def fail(
    database: AsyncDatabase,
    pandaids: PandaIDs,
    options: VerbOptions = ...,
    *,
    files: Reports | None = None,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """End jobs that have failed; their outputs and logs fail with them."""

async def find(
    database: AsyncDatabase,
    chosen: AnyFilter = ...,
    *,
    columns: Sequence[str] = ...,
    order: str = ...,
    descending: bool = False,
    limit: int = 100,
    after: str | None = None,
) -> Page:
    """Return a page of the jobs that fit: the columns that are named, or all, and the `table`.

    The next page comes with `after=page.next`. NULL is ordered after every value.

    Raises:
        InvalidValue: Unknown column, invalid limit, or malformed regular expression.
        InvalidCursor: `after` is not the `next` of a page in this order.
    """

async def finish(
    database: AsyncDatabase,
    pandaids: PandaIDs,
    options: VerbOptions = ...,
    *,
    files: Reports | None = None,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """End jobs that have succeeded."""

async def get(
    database: AsyncDatabase,
    pandaid: int,
    *,
    archive: AsyncDatabase | None = None,
    exports: Path | None = None,
) -> dict[str, Any]:
    """Return a job from wherever it is, the archive included; see `core.jobs.search.pages.get`.

    A job that no table has is looked up in `archive`, another database to which days are copied,
    and then in `exports`, a folder of exported months: it has the same keys then, and its `table`
    is `parquet`.

    Raises:
        UnknownJob: No table and no file has it.
        InvalidValue: No job can have the number.
        InvalidManifest, UnreadableExport: An export cannot be read.
        ParquetMissing: A file can have it, but the extra `parquet` is not installed.
    """

async def heartbeat(
    database: AsyncDatabase,
    beats: Sequence[Heartbeat],
    options: VerbOptions = ...,
) -> dict[int, Answer]:
    """Process heartbeats; return the answer to the pilot of each job.

    A pilot that reports finished or failed leaves the job holding, until its report is processed
    and `finish` or `fail` is called.

    Raises:
        InvalidValue: The argument is no list of heartbeats. A malformed one is refused by itself.
    """

async def history(
    database: AsyncDatabase,
    pandaid: int,
    *,
    archive: AsyncDatabase | None = None,
    exports: Path | None = None,
    known: Mapping[str, Any] | None = None,
) -> History:
    """Return the states of a job with the seconds in each, and its chain of attempts.

    Jobs that no table has are looked for in `archive`, another database to which days are copied,
    and then in `exports`, a folder of exported months. A job that `get` has returned may be given
    as `known`, and is not looked up again.

    Raises:
        UnknownJob: There is no job, nor anything known of it.
        InvalidValue: No job can have the number.
        InvalidManifest, UnreadableExport: An export cannot be read.
        ParquetMissing: A file can have a job, but the extra `parquet` is not installed.
    """

async def hold(
    database: AsyncDatabase,
    pandaids: PandaIDs,
    options: VerbOptions = ...,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """Record that the pilots of jobs have ended: their reports are to be processed."""

def iterate(
    database: AsyncDatabase,
    chosen: AnyFilter = ...,
    *,
    columns: Sequence[str] = ...,
    page_size: int = 1000,
) -> AsyncIterator[JobRow]:
    """Yield all jobs that match, by PandaID: the columns that are named, or all, and the `table`.

    Memory is constant: one page of `page_size` jobs is held at a time. No transaction is open
    between two pages, so that an iteration may take hours; a job is yielded at most once, as it is
    when its page is read.

    Raises:
        InvalidValue: Unknown column, invalid page size; or, on the first page, a malformed regular
            expression.
    """

async def kill(
    database: AsyncDatabase,
    pandaids: int | Iterable[int],
    *,
    by: str,
    code: int = 9,
    options: VerbOptions = ...,
    hard: bool = False,
    production: bool = True,
    keep_unmerged: bool = False,
) -> KillResult:
    """End jobs by a kill code; running jobs get a command to end, unless `hard` or the code forces.

    `production` is the role of the caller: with it code 99 forces, and codes 3, 55 and 60 are not
    for jobs of users. The right to kill another user's job without it is the caller's to check.
    `keep_unmerged` leaves the inputs of a killed merge job for another one.

    Raises:
        Refused: It was one PandaID, and the job cannot be killed.
        UnknownCode: There is no such code.
        InvalidValue: `by` has a character that no text can have; or a PandaID is no number.
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def kill_where(
    database: AsyncDatabase,
    chosen: AnyFilter,
    *,
    by: str,
    code: int = 9,
    options: VerbOptions = ...,
    hard: bool = False,
    production: bool = True,
    keep_unmerged: bool = False,
    batch_size: int = 1000,
    on_progress: OnProgress | None = None,
) -> KillResult:
    """End the live jobs that match a filter by a kill code; see `kill`.

    Repeat the call after an error: the batches before it are committed.

    Raises:
        UnknownCode: There is no such code.
        InvalidValue: The filter has no condition, or names a table of ended jobs; or `by` has a
            character that no text can have.
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def load(
    database: AsyncDatabase,
    path: Path,
    jeditaskid: int,
    day: date,
    *,
    archive: AsyncDatabase | None = None,
    exports: Path | None = None,
    dry_run: bool = False,
    on_progress: Progress = ...,
) -> LoadResult:
    """Load the records of a file as ended jobs of a task, all or none.

    The jobs end during the day (UTC). Jobs of the task that are there already stay as they are,
    so that a load can be repeated; so do those in `archive`, another database, and in `exports`, a
    folder of exported months.

    Raises:
        InvalidManifest, UnreadableExport: An export cannot be read.
        RecordError: The file cannot be read or has a malformed value.
        JobConflict: A job of the file is there already, as a job of another task.
        ParquetMissing: There are exported months, but the extra `parquet` is not installed.
    """

async def load_records(
    database: AsyncDatabase,
    found: records.Records,
    jeditaskid: int,
    day: date,
    *,
    archive: AsyncDatabase | None = None,
    exports: Path | None = None,
    dry_run: bool = False,
    on_progress: Progress = ...,
) -> LoadResult:
    """Load records that have been read already; see `load`."""

async def merge(
    database: AsyncDatabase,
    pandaids: PandaIDs,
    options: VerbOptions = ...,
    *,
    files: Reports | None = None,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """Record that the outputs of jobs wait for a merge job."""

async def release(
    database: AsyncDatabase,
    pandaids: PandaIDs,
    options: VerbOptions = ...,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """Let throttled jobs be dispatched again."""

async def reset(
    database: AsyncDatabase,
    pandaids: PandaIDs,
    options: VerbOptions = ...,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """Take jobs back to where they are set up; activated production jobs lose their site."""

async def retry(
    database: AsyncDatabase,
    pandaids: int | Iterable[int],
    options: VerbOptions = ...,
    *,
    same: bool = False,
    attemptnr: int | Mapping[int, int] | None = None,
) -> RetryResult:
    """Try jobs again that have failed, were cancelled or closed, each as a new, activated job.

    With `same` the jobs are still in JOBSACTIVE4, and keep their PandaIDs. `attemptnr`, of all jobs
    or of each, is the attempt to try again: a job that is in another one by now is refused, so that
    a call that comes late or twice is a no-op.

    Raises:
        Refused: It was one PandaID, and the job cannot be tried again.
        InvalidValue: A PandaID is no number.
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def sites(
    database: AsyncDatabase,
    letters: str = ...,
    *,
    limit: int = 100,
) -> list[str]:
    """Return sites that begin with some letters: PanDA queues, and the sites of active jobs."""

async def submit(
    database: AsyncDatabase,
    jobs: Sequence[NewJob],
    *,
    jobstatus: JobStatus | str = ...,
    options: VerbOptions = ...,
    priority_offset: int | None = None,
) -> list[int]:
    """Submit jobs with their files, parameters and metadata, all or none; return their PandaIDs.

    They begin as `defined`; those of JEDI as `pending`, those that lack an input as `waiting`. The
    priority of users' jobs falls with their number, unless there is a `priority_offset`, which is
    that of all of them, and is added to the 2000 of jobs that build libraries.

    Raises:
        InvalidValue: A column is unknown or a value does not fit it; the sentence names the job.
    """

async def throttle(
    database: AsyncDatabase,
    pandaids: PandaIDs,
    options: VerbOptions = ...,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """Hold back activated jobs, for their user or task."""

async def transfer(
    database: AsyncDatabase,
    pandaids: PandaIDs,
    options: VerbOptions = ...,
    *,
    files: Reports | None = None,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """Record that the outputs of jobs are being transferred."""

async def wait(
    database: AsyncDatabase,
    pandaids: PandaIDs,
    options: VerbOptions = ...,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """Let defined or assigned jobs wait for an input that is missing."""
