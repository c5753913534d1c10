"""Conditions of a retry: the job's end, the owner of its files, the attempts that are left.

The rules of semantics 2.11, the same for a new job and for the same one.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core.jobs.attempts.output_names import is_remade, renamed
from pandadb.core.jobs.files.file_status import BUILD, CLOSED_TASKS, INPUTS, same_file
from pandadb.core.jobs.refusals import Refusal, RefusalReason
from pandadb.core.sql import id_arrays
from pandadb.core.sql.validation import InvalidValue, check_columns
from pandadb.models import FilesTable4, JediDatasetContents, JediTasks
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import JobTable

    Rows = list[dict[str, Any]]

REPLACED_CODES = (105, 106, 107)
"""Values of `taskbuffererrorcode` of jobs that have a newer one already (semantics 1.4)."""
LOGGED_COLUMNS = ("prodsourcelabel", "cloud", "computingsite")
READ_COLUMNS = (
    "pandaid", "jobstatus", "jeditaskid", "jobsetid", "lockedby", "attemptnr",
    "taskbuffererrorcode",
)  # fmt: skip


def locked(
    session: Transaction, table: JobTable, pandaids: Sequence[int]
) -> dict[int, dict[str, Any]]:
    """Return the columns of jobs that the rules need, locked in the order of their ids."""
    job = table.__table__.c
    asked = (
        select(*(job[name] for name in (*READ_COLUMNS, *LOGGED_COLUMNS)))
        .where(id_arrays.by_id(table))
        .order_by(job.pandaid)
        .with_for_update()
    )
    rows = session.execute(asked, {"pandaids": [*pandaids]})
    return {row["pandaid"]: dict(row) for row in rows.mappings()}


def files_of(session: Transaction, pandaids: Sequence[int], *, live: bool) -> dict[int, Rows]:
    """Return the files of live or ended jobs, with the columns of their tasks' contents."""
    file, contents = FilesTable4.__table__.c, JediDatasetContents.__table__.c
    task = JediTasks.__table__.c
    asked = (
        select(
            FilesTable4.__table__,
            contents.status.label("now"),
            contents.type.label("kind"),
            contents.fileid.is_not(None).label("known"),
            contents.attemptnr.label("attempt"),
            contents.keeptrack,
            contents.pandaid.label("user"),
            contents.maxattempt,
            contents.failedattempt,
            contents.maxfailure,
            task.status.in_(CLOSED_TASKS).label("closed"),
        )
        .outerjoin(contents.fileid.table, same_file(contents, file))
        .outerjoin(task.jeditaskid.table, task.jeditaskid == file.jeditaskid)
        .where(
            id_arrays.is_given(file.pandaid),
            file.modificationtime == EPOCH if live else file.modificationtime > EPOCH,
        )
        .order_by(file.row_id)
    )
    files: dict[int, Rows] = defaultdict(list)
    for row in session.execute(asked, {"pandaids": [*pandaids]}).mappings():
        files[row["pandaid"]].append(dict(row))
    return files


def named(job: Mapping[str, Any], files: Rows) -> Rows:
    """Return the files of a job as they are in the next attempt.

    `remade` is True for files that are made anew, and `new_lfn` is their name there.
    """
    attemptnr, label = (job["attemptnr"] or 0) + 1, job["prodsourcelabel"]
    return [
        {
            **file,
            "remade": (remade := is_remade(file, label)),
            "new_lfn": renamed(file["lfn"], attemptnr) if remade and file["lfn"] else file["lfn"],
        }
        for file in files
    ]


def refusal(job: Mapping[str, Any], files: Rows, *, live: bool) -> Refusal | None:
    """Return why a job with these `named` files cannot be tried again, or None."""
    name = f"Job {job['pandaid']}"
    if job["taskbuffererrorcode"] in REPLACED_CODES:
        return Refusal(RefusalReason.GUARD, f"{name} has been tried again already")
    inputs = [file for file in files if _is_counted(file)]
    if job["lockedby"] == "jedi" and not all(map(_is_kept if live else _is_free, inputs)):
        sentence = f"{name} cannot be tried again: JEDI has no attempt left for its inputs"
        return Refusal(RefusalReason.GUARD, f"{sentence}, or another job has them")
    try:
        for file in files:
            check_columns(FilesTable4, {"lfn": file["new_lfn"]})
    except InvalidValue as error:
        return Refusal(RefusalReason.GUARD, f"{name} cannot be tried again: the new {error}")
    return None


def late(job: Mapping[str, Any], attemptnr: int | None) -> Refusal | None:
    """Refuse jobs that are in another attempt than the requested one."""
    if attemptnr in (None, job["attemptnr"]):
        return None
    sentence = f"Job {job['pandaid']} is in attempt {job['attemptnr']}, not in {attemptnr}"
    return Refusal(RefusalReason.GUARD, sentence)


def is_build(job: Mapping[str, Any]) -> Refusal | None:
    """Refuse a new job for one that builds: those that wait for its library have lower PandaIDs."""
    if job["prodsourcelabel"] != BUILD:
        return None
    sentence = f"Job {job['pandaid']} builds a library: it can only be tried again as the same job"
    return Refusal(RefusalReason.GUARD, sentence)


def _is_counted(file: Mapping[str, Any]) -> bool:
    """Return whether JEDI counts the attempts of a file: not of libraries and secondary files."""
    is_input = file["type"] in INPUTS and file["fileid"] is not None
    return (
        is_input and file["kind"] != "lib" and (not file["known"] or file["maxattempt"] is not None)
    )


def _is_kept(file: Mapping[str, Any]) -> bool:
    """Return whether a job that has not ended may go on with a file: the attempt is yet to count.

    Files that JEDI does not track, and those of tasks that have ended, have no owner.
    """
    if file["closed"] or file["keeptrack"] != 1:
        return True
    return (
        file["user"] == file["pandaid"]
        and file["attempt"] == file["attemptnr"]
        and _has_attempts(file, 1)
    )


def _is_free(file: Mapping[str, Any]) -> bool:
    """Return whether a file that an ended job had last is given back, with an attempt left."""
    return (
        file["now"] == "ready"
        and file["keeptrack"] == 1
        and file["user"] == file["pandaid"]
        and _has_attempts(file, 0)
    )


def _has_attempts(file: Mapping[str, Any], more: int) -> bool:
    """Return whether an attempt is left after so many more that fail."""
    failures, most = (file["failedattempt"] or 0) + more, file["maxfailure"]
    return file["attempt"] + more < file["maxattempt"] and (most is None or failures < most)
