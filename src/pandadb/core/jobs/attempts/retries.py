"""Jobs that have ended without success, tried again as new jobs: semantics 2.11.

A new job has the old one's columns, parameters and files; its outputs get names of their own.
Files of a task are used again, if JEDI has not given them to another job yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    null,
    select,
    update,
)

from pandadb.core.jobs import advances
from pandadb.core.jobs.attempts import output_names, retry_conditions, retry_history
from pandadb.core.jobs.creation import issued_ids, submission
from pandadb.core.jobs.files import file_accounting, used_files
from pandadb.core.jobs.files.file_status import INPUTS, KEY, OUTPUTS, same_file
from pandadb.core.jobs.refusals import Refusal, RefusalReason, refusing_to_wait
from pandadb.core.jobs.states import RESET_VALUES, transitions
from pandadb.core.sql import id_arrays, validation
from pandadb.core.sql.expressions import now
from pandadb.core.sql.transaction import Lock
from pandadb.models import (
    FilesTable4,
    JediDatasetContents,
    JobParamsTable,
    JobsActive4,
    JobsArchived4,
    JobsStatusLog,
    MetaTable,
)
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction

    Rows = list[dict[str, Any]]

RETRIED_BY_SERVER = 106
NEVER_AGAIN = ("finished", "merging")
RETRIED_STATES = tuple(source for step in transitions("retry") for source in step.sources)
"""States from which a job is tried again as the same job."""

Attempts = int | Mapping[int, int] | None
"""The attempt to try again: of all jobs, or of each; None for the current one."""


@dataclass
class RetryResult:
    """The result of a retry."""

    jobs: dict[int, int] = field(default_factory=dict)
    """The old PandaIDs, each with the new job's."""
    refused: dict[int, Refusal] = field(default_factory=dict)


def again(
    session: Transaction,
    pandaids: Sequence[int],
    host: str,
    attemptnr: Attempts = None,
    *,
    of_queue: bool = False,
) -> RetryResult:
    """Make activated jobs of jobs in JOBSARCHIVED4 that have failed, were cancelled or closed.

    The new job is the next attempt, with no errors and no times; the old one is marked as replaced,
    and JEDI_JOB_RETRY_HISTORY gets the pair. Of jobs of the job queue (`of_queue`) those that have
    finished are tried again, too: their user wants that.

    Raises:
        InvalidValue: An id is no whole number.
        JobsLocked: The session's `lock_timeout` has passed.
    """
    wanted = validation.ids(pandaids)
    file_accounting.lock(session, wanted, Lock.WAIT, live=False)
    old = retry_conditions.locked(session, JobsArchived4, wanted)
    session.execute(_of_tasks(), {"pandaids": [*old]})  # locked first: JEDI may be giving them away
    files = retry_conditions.files_of(session, [*old], live=False)
    files = {pandaid: retry_conditions.named(job, files[pandaid]) for pandaid, job in old.items()}
    done = RetryResult()
    for pandaid in wanted:
        job = old.get(pandaid)
        refusal = _has_no_end(pandaid, job, of_queue)
        if job and not refusal:
            refusal = (
                retry_conditions.late(job, _of(attemptnr, pandaid))
                or retry_conditions.is_build(job)
                or retry_conditions.refusal(job, files[pandaid], live=False)
            )
        if refusal:
            done.refused[pandaid] = refusal
    chosen = [pandaid for pandaid in wanted if pandaid not in done.refused]
    if chosen:
        done.jobs = _replace(session, chosen, old, files, host)
    return done


def same(
    session: Transaction, pandaids: Sequence[int], host: str, attemptnr: Attempts = None
) -> RetryResult:
    """Activate jobs of JOBSACTIVE4 with failed pilots again, as the same jobs.

    Their outputs and logs get the names of the next attempt, in the parameters too.

    Raises:
        InvalidValue: An id is no whole number.
        JobsLocked: The session's `lock_timeout` has passed.
    """
    wanted = validation.ids(pandaids)
    with refusing_to_wait():
        found = retry_conditions.locked(session, JobsActive4, wanted)
    old = {pandaid: job for pandaid, job in found.items() if job["jobstatus"] in RETRIED_STATES}
    files = retry_conditions.files_of(session, [*old], live=True)
    files = {pandaid: retry_conditions.named(job, files[pandaid]) for pandaid, job in old.items()}
    refused = {
        pandaid: refusal
        for pandaid, job in old.items()
        if (
            refusal := retry_conditions.late(job, _of(attemptnr, pandaid))
            or retry_conditions.refusal(job, files[pandaid], live=True)
        )
    }
    free = [pandaid for pandaid in wanted if pandaid not in refused]
    moved = advances.advance(session, "retry", free, host=host)
    output_names.rename(session, {pandaid: files[pandaid] for pandaid in moved.jobs})
    return RetryResult({pandaid: pandaid for pandaid in moved.jobs}, refused | moved.refused)


def _of(attemptnr: Attempts, pandaid: int) -> int | None:
    return attemptnr.get(pandaid) if isinstance(attemptnr, Mapping) else attemptnr


def _has_no_end(pandaid: int, job: Mapping[str, Any] | None, of_queue: bool) -> Refusal | None:
    """Refuse jobs that have not ended, or have succeeded; not those of the job queue."""
    if job is None:
        return Refusal(RefusalReason.UNKNOWN, f"Job {pandaid} is unknown, or has not ended")
    if job["jobstatus"] in NEVER_AGAIN and not of_queue:
        return Refusal(
            RefusalReason.STATE, f"Job {pandaid} is {job['jobstatus']}: there is nothing to try"
        )
    return None


def _replace(
    session: Transaction,
    chosen: Sequence[int],
    old: Mapping[int, Mapping[str, Any]],
    files: Mapping[int, Rows],
    host: str,
) -> dict[int, int]:
    """Make the new jobs, with all that belongs to them."""
    number = sum(len(files[pandaid]) for pandaid in chosen)
    pandaids, row_ids, when = issued_ids.draw(session, len(chosen), number)
    new = dict(zip(chosen, pandaids, strict=True))
    pairs = {"old": [*new], "new": pandaids}
    session.execute(_new_jobs(), {**pairs, "host": host[:128]})
    ids = iter(row_ids)
    copies = [
        _copy_of(file, new[pandaid], next(ids)) for pandaid in chosen for file in files[pandaid]
    ]
    owned = [one for one in chosen if old[one]["lockedby"] == "jedi"]
    session.execute(_reopened(), {**pairs, "pandaids": owned})
    submission.copy(session, FilesTable4, copies)
    used_files.use(session, [{**old[one], "pandaid": new[one]} for one in chosen])
    _copy_texts(session, new, files)
    logged = {"jobstatus": "activated", "modificationtime": when, "modificationhost": host[:128]}
    rows = [{**old[one], **logged, "pandaid": new[one]} for one in chosen]
    submission.copy(session, JobsStatusLog, [submission.log(row) for row in rows])
    follows = [(old[one]["jeditaskid"], one, new[one]) for one in chosen if old[one]["jeditaskid"]]
    retry_history.note(session, follows, "retry")
    return new


@cache
def _new_jobs() -> Select[Any]:
    """Insert the new jobs, made of the old ones, and mark these as replaced."""
    job = JobsArchived4.__table__
    pair = id_arrays.unnested("pair", old=id_arrays.array("old"), new=id_arrays.array("new"))
    times = ("creationtime", "modificationtime", "statechangetime", "proddbupdatetime")
    values = {
        **dict(job.c.items()),
        **{name: effect.of(job.c, name) for name, effect in RESET_VALUES.items()},
        **dict.fromkeys(times, now()),
        "pandaid": pair.c.new,
        "parentid": pair.c.old,
        "jobstatus": literal("activated"),
        "commandtopilot": null(),
        "jobsubstatus": null(),
        "modificationhost": bindparam("host", type_=job.c.modificationhost.type),
    }
    rows = select(*values.values()).join(pair, pair.c.old == job.c.pandaid)
    made = insert(JobsActive4.__table__).from_select([*values], rows).cte("made")
    replaced = (
        update(job)
        .where(job.c.pandaid == pair.c.old)
        .values(
            taskbuffererrorcode=RETRIED_BY_SERVER,
            taskbuffererrordiag=func.concat("Tried again as job ", pair.c.new),
        )
        .cte("replaced")
    )
    return select(literal(1)).add_cte(made, replaced)


@cache
def _of_tasks() -> Select[Any]:
    """Select and lock the files of tasks that no other job has taken from the old jobs."""
    file, contents = FilesTable4.__table__.c, JediDatasetContents.__table__.c
    return (
        select(*(contents[name] for name in KEY), file.type, contents.status)
        .join(file.fileid.table, same_file(contents, file))
        .where(
            id_arrays.is_given(file.pandaid),
            file.modificationtime > EPOCH,
            contents.keeptrack == 1,
            contents.pandaid == file.pandaid,
        )
        .order_by(*(contents[name] for name in KEY))
        .with_for_update(of=JediDatasetContents.__table__)
    )


@cache
def _reopened() -> Select[Any]:
    """Take the files of tasks back from the old jobs, as if they had not been tried."""
    contents, taken = JediDatasetContents.__table__.c, _of_tasks().cte("taken")
    is_input, lost = taken.c.type.in_(INPUTS), taken.c.status.in_(("failed", "cancelled"))
    reopened = (
        update(JediDatasetContents.__table__)
        .where(same_file(contents, taken.c))
        .values(
            status=case((is_input, "picked"), else_="defined"),
            attemptnr=contents.attemptnr + case((is_input, 0), else_=1),
        )
        .cte("reopened")
    )
    counts = {
        "nfilesused": case((is_input, 1), else_=0),
        "nfilesfailed": case((and_(~is_input, lost), -1), else_=0),
    }
    return select(literal(1)).add_cte(reopened, file_accounting.counted(taken, counts))


def _copy_of(file: Mapping[str, Any], pandaid: int, row_id: int) -> dict[str, Any]:
    """Return the row of a file for the new job; an output gets a name and a state of its own."""
    names = FilesTable4.__table__.c.keys()
    row = {name: file[name] for name in names if name != "modificationtime"}
    row |= {"pandaid": pandaid, "row_id": row_id, "attemptnr": file["attempt"]}
    if file["type"] in OUTPUTS:
        row |= {"lfn": file["new_lfn"], "status": "unknown", "guid": output_names.guid(file)}
        row["attemptnr"] = None if file["attempt"] is None else file["attempt"] + 1
    return row


def _copy_texts(
    session: Transaction,
    new: Mapping[int, int],
    files: Mapping[int, Rows],
) -> None:
    """Copy parameters and metadata; outputs have their new names in them."""
    for model, name in ((JobParamsTable, "jobparameters"), (MetaTable, "metadata")):
        table = model.__table__.c
        asked = select(table.pandaid, table[name]).where(
            id_arrays.is_given(table.pandaid), table.modificationtime > EPOCH
        )
        texts = session.execute(asked, {"pandaids": [*new]}).all()
        submission.copy(
            session,
            model,
            [
                {
                    "pandaid": new[one],
                    name: output_names.with_names(text, output_names.changed(files[one])),
                }
                for one, text in texts
            ],
        )
