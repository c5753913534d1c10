"""Verbs that take jobs from one state to another: for one job, or for many at once.

Each returns the jobs that moved and, for each of the others, the reason. A single PandaID that
cannot go is an error instead. `values` are further columns of the jobs, such as error codes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pandadb.core.jobs import advances
from pandadb.core.jobs.ending import kills
from pandadb.core.jobs.files import file_reports
from pandadb.core.jobs.refusals import Refused
from pandadb.core.jobs.states import CONSUMED, JOBS, KILLS, MERGED, QUEUED, transitions
from pandadb.core.sql import validation
from pandadb.core.sql.validation import from_text, near
from pandadb.core.statemachine.machine import UnknownVerb
from pandadb.models import JobsActive4
from pandadb.services.jobs import table_statistics
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from typing import Unpack

    from pandadb.core.jobs.files.file_reports import Reports
    from pandadb.core.jobs.mover import MoveResult
    from pandadb.database import Database
    from pandadb.job_types import JobColumns, JobVerb


APART = ("heartbeat", "dispatch", "retry", MERGED, *KILLS, *CONSUMED, *QUEUED)
VERBS = tuple(verb for verb in JOBS.verbs if verb not in APART)
"""Verbs that need PandaIDs only; the others have functions of their own."""
CANCEL = ("cancel", "kill")
PandaIDs = int | Iterable[int]
"""One job, of which a refusal is an error, or several, of which refusals are reported."""


def typed(column: str, text: str) -> Any:
    """Return the value of a column of jobs from its text; NULL is None.

    Raises:
        InvalidValue: There is no such column, or the text is no value of it.
    """
    return from_text(JobsActive4, column, text)


def advance(
    database: Database,
    verb: JobVerb | str,
    pandaids: PandaIDs,
    options: VerbOptions = DEFAULT_OPTIONS,
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
    check_verb(verb)
    if files is not None:
        file_reports.check_verb(verb)
    if verb in CANCEL:
        return cancel(database, pandaids, options, **values)
    jobs = validation.ids(pandaids)
    at_once = len(jobs) == 1 and not advances.is_accounted(transitions(verb))
    with transaction(database, options, at_once=at_once) as connection:
        moved = advances.advance(
            connection, verb, jobs, values=values, host=options.host, lock=options.lock, files=files
        )
        if isinstance(pandaids, int) and moved.refused:
            raise Refused(moved.refused[pandaids])
    if not options.dry_run and transitions(verb)[0].target == "activated":
        table_statistics.refresh(database, JobsActive4, len(moved.jobs))
    return moved


def check_verb(verb: str) -> None:
    """See that a verb is one of `advance`.

    Raises:
        UnknownVerb: It is not; the sentence names one that is like it.
    """
    if verb in KILLS and verb not in CANCEL:
        raise UnknownVerb(
            f"{verb!r} is no verb: jobs are killed and closed by `jobs kill`, with a code"
        )
    if verb not in (*VERBS, *CANCEL):
        raise UnknownVerb(f"There is no verb {verb!r}{near(verb, VERBS)}")


def cancel(
    database: Database,
    pandaids: PandaIDs,
    options: VerbOptions = DEFAULT_OPTIONS,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """End jobs that have the command of `jobs.kill` to end, now that their pilots have ended.

    Raises:
        Refused: It was one PandaID, and the job has no such command.
        InvalidValue: A value does not fit its column.
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    jobs = validation.ids(pandaids)
    with transaction(database, options) as connection:
        moved = kills.cancel(connection, jobs, values=values, host=options.host, lock=options.lock)
        if isinstance(pandaids, int) and moved.refused:
            raise Refused(moved.refused[pandaids])
    return moved


def assign(
    database: Database,
    pandaids: PandaIDs,
    options: VerbOptions = DEFAULT_OPTIONS,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """Have the inputs of defined jobs moved to their site: they are assigned."""
    return advance(database, "assign", pandaids, options, **values)


def wait(
    database: Database,
    pandaids: PandaIDs,
    options: VerbOptions = DEFAULT_OPTIONS,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """Let defined or assigned jobs wait for an input that is missing."""
    return advance(database, "wait", pandaids, options, **values)


def activate(
    database: Database,
    pandaids: PandaIDs,
    options: VerbOptions = DEFAULT_OPTIONS,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """Make defined or assigned jobs with all their inputs ready for dispatch."""
    return advance(database, "activate", pandaids, options, **values)


def throttle(
    database: Database,
    pandaids: PandaIDs,
    options: VerbOptions = DEFAULT_OPTIONS,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """Hold back activated jobs, for their user or task."""
    return advance(database, "throttle", pandaids, options, **values)


def release(
    database: Database,
    pandaids: PandaIDs,
    options: VerbOptions = DEFAULT_OPTIONS,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """Let throttled jobs be dispatched again."""
    return advance(database, "release", pandaids, options, **values)


def hold(
    database: Database,
    pandaids: PandaIDs,
    options: VerbOptions = DEFAULT_OPTIONS,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """Record that the pilots of jobs have ended: their reports are to be processed."""
    return advance(database, "hold", pandaids, options, **values)


def transfer(
    database: Database,
    pandaids: PandaIDs,
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    files: Reports | None = None,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """Record that the outputs of jobs are being transferred."""
    return advance(database, "transfer", pandaids, options, files=files, **values)


def merge(
    database: Database,
    pandaids: PandaIDs,
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    files: Reports | None = None,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """Record that the outputs of jobs wait for a merge job."""
    return advance(database, "merge", pandaids, options, files=files, **values)


def finish(
    database: Database,
    pandaids: PandaIDs,
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    files: Reports | None = None,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """End jobs that have succeeded."""
    return advance(database, "finish", pandaids, options, files=files, **values)


def fail(
    database: Database,
    pandaids: PandaIDs,
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    files: Reports | None = None,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """End jobs that have failed; their outputs and logs fail with them."""
    return advance(database, "fail", pandaids, options, files=files, **values)


def reset(
    database: Database,
    pandaids: PandaIDs,
    options: VerbOptions = DEFAULT_OPTIONS,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """Take jobs back to where they are set up; activated production jobs lose their site."""
    return advance(database, "reset", pandaids, options, **values)
