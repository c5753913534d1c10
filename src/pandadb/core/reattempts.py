"""Jobs that have ended without success, tried again as new jobs: semantics 2.11.

A new job has the old one's columns, parameters and files; its outputs get names of their own.
Files of a task are used again, if JEDI has not given them to another job yet.
"""

from __future__ import annotations

import re
from collections import defaultdict
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

from pandadb.core import accounting, arrays, lives, retries, submission
from pandadb.core.effects import now
from pandadb.core.locking import Lock
from pandadb.core.outcomes import INPUTS, KEY, OUTPUTS, same_file
from pandadb.core.refusals import Reason, Refusal
from pandadb.core.states import ANEW
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
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Select

    from pandadb.core.transactions import Transaction

    Rows = list[dict[str, Any]]

REPLACED = (105, 106, 107)
"""Values of `taskbuffererrorcode` that say: there is a newer job already (semantics 1.4)."""
BY_SERVER = 106
NEVER_AGAIN = ("finished", "merging")


@dataclass
class Retried:
    """What a retry has done."""

    jobs: dict[int, int] = field(default_factory=dict)
    """The old PandaIDs, each with the new job's."""
    refused: dict[int, Refusal] = field(default_factory=dict)


def again(session: Transaction, pandaids: Sequence[int], host: str) -> Retried:
    """Make activated jobs of jobs in JOBSARCHIVED4 that have failed, were cancelled or closed.

    The new job is the next attempt, 10 lower in priority, with no errors and no times; the old one
    says that it has been replaced, and JEDI_JOB_RETRY_HISTORY which follows which.

    Raises:
        JobsLocked: The session's `lock_timeout` has passed.
    """
    wanted = [*dict.fromkeys(pandaids)]
    accounting.lock(session, wanted, Lock.WAIT, live=False)
    old = _locked(session, wanted)
    files = _files(session, [*old])
    done = Retried()
    for pandaid in wanted:
        if refusal := _refusal(pandaid, old.get(pandaid), files[pandaid]):
            done.refused[pandaid] = refusal
    chosen = [pandaid for pandaid in wanted if pandaid not in done.refused]
    if chosen:
        done.jobs = _replace(session, chosen, old, files, host)
    return done


def same(session: Transaction, pandaids: Sequence[int], host: str) -> Retried:
    """Activate jobs of JOBSACTIVE4 again whose pilots have failed, as the same jobs.

    Raises:
        JobsLocked: The session's `lock_timeout` has passed.
    """
    moved = lives.advance(session, "retry", pandaids, host=host)
    file = FilesTable4.__table__
    anew = (
        update(file)
        .where(arrays.is_given(file.c.pandaid), file.c.type.in_(OUTPUTS))
        .where(file.c.modificationtime == EPOCH)
        .values(status="unknown")
    )
    session.execute(anew, {"pandaids": [*moved.jobs]})
    return Retried({pandaid: pandaid for pandaid in moved.jobs}, moved.refused)


def _locked(session: Transaction, pandaids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return the ended jobs, locked in the order of their ids."""
    job = JobsArchived4.__table__.c
    asked = select(
        job.pandaid, job.jobstatus, job.jeditaskid, job.jobsetid, job.lockedby, job.attemptnr,
        job.taskbuffererrorcode, job.prodsourcelabel, job.cloud, job.computingsite,
    )  # fmt: skip
    rows = session.execute(
        asked.where(arrays.by_id(JobsArchived4)).order_by(job.pandaid).with_for_update(),
        {"pandaids": [*pandaids]},
    )
    return {row["pandaid"]: dict(row) for row in rows.mappings()}


def _files(session: Transaction, pandaids: Sequence[int]) -> dict[int, Rows]:
    """Return the files of ended jobs, with what is known of them as files of a task."""
    file, contents = FilesTable4.__table__.c, JediDatasetContents.__table__.c
    asked = (
        select(
            FilesTable4.__table__,
            contents.status.label("now"),
            contents.attemptnr.label("attempt"),
            contents.keeptrack,
            contents.pandaid.label("user"),
            contents.maxattempt,
            contents.failedattempt,
            contents.maxfailure,
        )
        .outerjoin(contents.fileid.table, same_file(contents, file))
        .where(arrays.is_given(file.pandaid), file.modificationtime > EPOCH)
        .order_by(file.row_id)
    )
    files: dict[int, Rows] = defaultdict(list)
    for row in session.execute(asked, {"pandaids": [*pandaids]}).mappings():
        files[row["pandaid"]].append(dict(row))
    return files


def _refusal(pandaid: int, job: Mapping[str, Any] | None, files: Rows) -> Refusal | None:
    """Return why a job cannot be tried again, or None."""
    if job is None:
        return Refusal(Reason.UNKNOWN, f"Job {pandaid} is unknown, or has not ended")
    if job["jobstatus"] in NEVER_AGAIN:
        return Refusal(
            Reason.STATE, f"Job {pandaid} is {job['jobstatus']}: there is nothing to try"
        )
    if job["taskbuffererrorcode"] in REPLACED:
        return Refusal(Reason.GUARD, f"Job {pandaid} has been tried again already")
    inputs = [file for file in files if file["type"] in INPUTS and file["fileid"] is not None]
    if job["lockedby"] == "jedi" and not all(_is_free(file) for file in inputs):
        sentence = f"Job {pandaid} cannot be tried again: JEDI has no attempt left for its inputs"
        return Refusal(Reason.GUARD, f"{sentence}, or another job has them")
    return None


def _is_free(file: Mapping[str, Any]) -> bool:
    """Tell whether a file of a task may be tried once more, for the job that had it last."""
    return (
        file["now"] == "ready"
        and file["keeptrack"] == 1
        and file["user"] == file["pandaid"]
        and (file["maxattempt"] is None or file["attempt"] < file["maxattempt"])
        and (file["maxfailure"] is None or (file["failedattempt"] or 0) < file["maxfailure"])
    )


def _replace(
    session: Transaction,
    chosen: Sequence[int],
    old: Mapping[int, Mapping[str, Any]],
    files: Mapping[int, Rows],
    host: str,
) -> dict[int, int]:
    """Make the new jobs, with all that belongs to them."""
    number = sum(len(files[pandaid]) for pandaid in chosen)
    pandaids, row_ids, when = submission.draw(session, len(chosen), number)
    new = dict(zip(chosen, pandaids, strict=True))
    pairs = {"old": [*new], "new": pandaids}
    session.execute(_new_jobs(), {**pairs, "host": host[:128]})
    ids = iter(row_ids)
    copies = [
        _copy_of(file, new[pandaid], next(ids), old[pandaid]["attemptnr"])
        for pandaid in chosen
        for file in files[pandaid]
    ]
    owned = [one for one in chosen if old[one]["lockedby"] == "jedi"]
    session.execute(_reopened(), {**pairs, "pandaids": owned})
    submission.copy(session, FilesTable4, copies)
    submission.use_files(session, [{**old[one], "pandaid": new[one]} for one in chosen])
    _copy_texts(session, new, old, files)
    logged = {"jobstatus": "activated", "modificationtime": when, "modificationhost": host[:128]}
    rows = [{**old[one], **logged, "pandaid": new[one]} for one in chosen]
    submission.copy(session, JobsStatusLog, [submission.log(row) for row in rows])
    follows = [(old[one]["jeditaskid"], one, new[one]) for one in chosen if old[one]["jeditaskid"]]
    retries.note(session, follows, "retry")
    return new


@cache
def _new_jobs() -> Select[Any]:
    """Insert the new jobs, made of the old ones, and say of these that they are replaced."""
    job = JobsArchived4.__table__
    pair = arrays.unnested("pair", old=arrays.array("old"), new=arrays.array("new"))
    times = ("creationtime", "modificationtime", "statechangetime", "proddbupdatetime")
    values = {
        **dict(job.c.items()),
        **{name: effect.of(job.c, name) for name, effect in ANEW.items()},
        **dict.fromkeys(times, now()),
        "pandaid": pair.c.new,
        "parentid": pair.c.old,
        "jobstatus": literal("activated"),
        "commandtopilot": null(),
        "modificationhost": bindparam("host", type_=job.c.modificationhost.type),
    }
    rows = select(*values.values()).join(pair, pair.c.old == job.c.pandaid)
    made = insert(JobsActive4.__table__).from_select([*values], rows).cte("made")
    replaced = (
        update(job)
        .where(job.c.pandaid == pair.c.old)
        .values(
            taskbuffererrorcode=BY_SERVER,
            taskbuffererrordiag=func.concat("Tried again as job ", pair.c.new),
        )
        .cte("replaced")
    )
    return select(literal(1)).add_cte(made, replaced)


@cache
def _reopened() -> Select[Any]:
    """Take the files of tasks back from the old jobs, as if they had not been tried."""
    file, contents = FilesTable4.__table__.c, JediDatasetContents.__table__.c
    taken = (
        select(*(contents[name] for name in KEY), file.type, contents.status)
        .join(file.fileid.table, same_file(contents, file))
        .where(
            arrays.is_given(file.pandaid),
            file.modificationtime > EPOCH,
            contents.keeptrack == 1,
            contents.pandaid == file.pandaid,
        )
        .order_by(*(contents[name] for name in KEY))
        .with_for_update(of=JediDatasetContents.__table__)
        .cte("taken")
    )
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
    return select(literal(1)).add_cte(reopened, accounting.counted(taken, counts))


def _copy_of(file: Mapping[str, Any], pandaid: int, row_id: int, attempt: int) -> dict[str, Any]:
    """Return the row of a file for the new job; an output gets a name and a state of its own."""
    names = FilesTable4.__table__.c.keys()
    row = {name: file[name] for name in names if name != "modificationtime"}
    row |= {"pandaid": pandaid, "row_id": row_id, "attemptnr": file["attempt"]}
    if file["type"] in OUTPUTS:
        lfn = file["lfn"] and _renamed(file["lfn"], attempt)
        row |= {"lfn": lfn, "status": "unknown", "guid": None}
        row["attemptnr"] = None if file["attempt"] is None else file["attempt"] + 1
    return row


def _renamed(lfn: str, attempt: int) -> str:
    """Return the name of an output of the next attempt: the number of the last one is its end."""
    stem = re.sub(r"[.]\d+$", "", lfn) if attempt else lfn
    return f"{stem}.{attempt}"


def _copy_texts(
    session: Transaction,
    new: Mapping[int, int],
    old: Mapping[int, Mapping[str, Any]],
    files: Mapping[int, Rows],
) -> None:
    """Copy parameters and metadata; outputs have their new names in them."""
    for model, name in ((JobParamsTable, "jobparameters"), (MetaTable, "metadata")):
        table = model.__table__.c
        asked = select(table.pandaid, table[name]).where(
            arrays.is_given(table.pandaid), table.modificationtime > EPOCH
        )
        texts = session.execute(asked, {"pandaids": [*new]}).all()
        submission.copy(
            session,
            model,
            [
                {"pandaid": new[one], name: _with_names(text, files[one], old[one]["attemptnr"])}
                for one, text in texts
            ],
        )


def _with_names(text: str | None, files: Rows, attempt: int) -> str | None:
    for file in files:
        if text and file["type"] in OUTPUTS and file["lfn"]:
            text = text.replace(file["lfn"], _renamed(file["lfn"], attempt))
    return text
