"""Rules for a task's file, and for the counters of its dataset, when its job moves on.

The rules of semantics 2.14 (the end of a job), 2.3 (transferring, merging) and 4.4 (proc_status),
as expressions over a file's row in JEDI_DATASET_CONTENTS, its row in FILESTABLE4 and its job.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, case, false, func, literal, not_, null, or_, true

from pandadb.core.datasets import dataset_types, file_keys
from pandadb.core.events.kinds import JobKind
from pandadb.core.events.special_handling import Flag
from pandadb.core.jobs import states
from pandadb.core.jobs.effects import has_tag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.core.statemachine.effects import Columns

INPUTS = dataset_types.READ
MASTER_TYPES = dataset_types.INPUTS
"""Types of the datasets with files that have a `proc_status`."""
OUTPUTS = dataset_types.PRODUCED
KEY = file_keys.KEY
same_file, same_dataset = file_keys.same_file, file_keys.same_dataset
REPORTED_COLUMNS = ("lfn", "guid", "fsize", "checksum")
"""Columns of an output that the job's report gives, copied from FILESTABLE4."""
PMERGE = "pmerge"
"""`processingtype` of jobs that merge outputs of others; these wait for them in `merging`."""
MERGE_ATTEMPTS = 3
RETRIED_BY_PILOT = 107
"""The `taskbuffererrorcode` of a job that its pilot has tried again as a new one."""
CLOSED_TASKS = ("done", "finished", "failed", "broken", "aborted", "prepared")
"""States of tasks that late jobs do not change any more."""
ALL_DONE = "fg_done"
"""The `jobsubstatus` of a fine-grained job with which all ranges of the job set are done."""
BUILD = "panda"
"""The label of jobs that build libraries."""

NEXT_STATUS: Mapping[str, tuple[str, ...]] = {
    "finished": ("running", "transferring", "merging"),
    "failed": ("queued", "starting", "running", "transferring", "merging"),
    "ready": ("queued", "starting", "running", "transferring", "merging"),
    "transferring": ("running", "merging"),
    "running": ("ready", "queued", "starting"),
}
"""For each `proc_status`, the ones that may precede it."""

BEGINNING = ("running", "transferring")
"""Each `proc_status` of a file whose job goes on."""

Outcome = tuple[dict[str, Any], dict[str, ColumnElement[int]]]
"""The new values of the file's row, and the additions to each counter of its dataset."""


def of(target: str, file: Columns) -> Outcome:
    """Return the changes of a job's files when it enters a state."""
    if target == "running":
        return {"proc_status": _proceeds("running", file["is_input"], file)}, {}
    if target == "finished":
        return _finished(file)
    if states.STATES[target].final:
        return _unfinished(target, file)
    return _on_hold(target, file)


def has_attempts_left(target: str, file: Columns) -> ColumnElement[bool]:
    """Return whether another job may try an input file after a job with this end."""
    failures = func.coalesce(file["failedattempt"], 0) + _failure(target, file)
    return and_(
        file["maxattempt"] > _next_attempt(file),
        or_(file["maxfailure"].is_(None), file["maxfailure"] > failures),
    )


def is_merged(target: str, file: Columns) -> ColumnElement[bool]:
    """Return whether the input of a merge job is merged now, or never will be."""
    if target == "finished":
        is_used: ColumnElement[bool] = file["file_status"] != "skipped"
        return is_used
    if not states.STATES[target].final:
        return false()
    return _is_spent(true(), has_attempts_left(target, file), file)


def is_used_up(job: Columns) -> ColumnElement[bool]:
    """Return whether a job that finishes has used up its input.

    A file of hyperparameters is never; that of a fine-grained job only if all its ranges are done.
    """
    is_partial = and_(
        func.coalesce(job["eventservice"], 0) == JobKind.FINE_GRAINED,
        func.coalesce(job["jobsubstatus"], "") != ALL_DONE,
    )
    return not_(or_(is_hpo(job), is_partial))


def is_hpo(job: Columns) -> ColumnElement[bool]:
    """Return whether a job tries sets of hyperparameters, each of which is a range of events."""
    return func.coalesce(has_tag(job, Flag.SAMPLES), false())


def is_told(job: Columns) -> ColumnElement[bool]:
    """Return whether a job changes the `proc_status` of its inputs.

    One that was replaced does not, and a jumbo job does not: the inputs are other jobs' too.
    """
    return and_(
        func.coalesce(job["taskbuffererrorcode"], 0) != RETRIED_BY_PILOT,
        func.coalesce(job["eventservice"], 0) != JobKind.JUMBO,
    )


def is_made(file: Columns) -> ColumnElement[bool]:
    """Return whether a finished job has made the file."""
    return and_(not_(file["is_input"]), file["file_status"] != "nooutput")


def _finished(file: Columns) -> Outcome:
    used = and_(file["is_input"], file["file_status"] != "skipped", file["is_used_up"])
    skipped = and_(file["is_input"], not_(used))
    made = is_made(file)
    more = has_attempts_left("finished", file)
    events = case(
        (file["endevent"].is_not(None), file["endevent"] - file["startevent"] + 1),
        else_=file["nevents"],
    )
    new = {
        "status": case(
            (used, "finished"), (skipped, "ready"), (made, "finished"), else_="nooutput"
        ),
        "keeptrack": case((made, null()), else_=file["keeptrack"]),
        "proc_status": _proceeds("finished", file["is_input"], file),
        **_tried(file),
        **_reported(made, file),
    }
    return new, {
        "nfilesfinished": _count(or_(used, made)),
        "nfilesfailed": _count(_is_spent(skipped, more, file)),
        "nfilesused": _count(and_(used, _waited(file))) - _count(_is_freed(skipped, more, file)),
        "nfileswaiting": -_count(_waited(file)),
        "nfilesonhold": -_count(or_(_was_transferring(file), _was_merging(made, file))),
        "neventsused": case((used, func.coalesce(events, 0)), else_=0),
        "nevents": case((made, func.coalesce(file["nevents"], 0)), else_=0),
    }


def _unfinished(target: str, file: Columns) -> Outcome:
    again, more, failed = file["is_input"], has_attempts_left(target, file), target == "failed"
    spent = _is_spent(again, more, file)
    unmerged = and_(spent, file["is_pmerge"])
    absent = and_(not_(file["is_input"]), file["file_status"] == "nooutput")
    partial = and_(not_(file["is_input"]), file["file_status"] == "merging", literal(failed))
    lost = and_(not_(file["is_input"]), not_(or_(absent, partial)))
    new = {
        "status": case(
            (unmerged, "notmerged"),
            (or_(again, partial), "ready"),
            (absent, "nooutput"),
            else_="failed" if failed else "cancelled",
        ),
        "keeptrack": case((unmerged, null()), else_=file["keeptrack"]),
        "failedattempt": case(
            (again, func.coalesce(file["failedattempt"], 0) + _failure(target, file)),
            else_=file["failedattempt"],
        ),
        "proc_status": case(
            (more, _proceeds("ready", again, file)), else_=_proceeds("failed", again, file)
        ),
        **_tried(file),
        **_to_merge(partial, file),
    }
    at_once = and_(file["is_users"], file["before"] != "failed")
    held = and_(partial, not_(at_once))
    merging = _was_merging(or_(partial, lost), file)
    was_held = or_(_was_transferring(file), and_(merging, not_(file["is_closed"])))
    left = and_(merging, file["is_closed"], file["status"] == "ready")
    return new, {
        "nfilesfailed": _count(or_(spent, lost)),
        "nfilesused": _count(left) - _count(_is_freed(again, more, file)),
        "nfileswaiting": -_count(_waited(file)),
        "nfilesonhold": _count(held) - _count(was_held),
        "nfilestobeused": _count(and_(partial, at_once)),
    }


def _on_hold(target: str, file: Columns) -> Outcome:
    """Return the changes by transferring or merging, or by the end of transferring."""
    moving = and_(_is_moved(file), file["status"] == "running")
    begins = and_(moving, literal(target == "transferring"), file["before"] != "transferring")
    ends = and_(moving, literal(target != "transferring"), file["before"] == "transferring")
    merges = and_(
        not_(file["is_input"]),
        file["file_status"] != "nooutput",
        literal(target == "merging"),
    )
    new = {
        "status": case((merges, "ready"), else_=file["status"]),
        "proc_status": _proceeds("transferring", begins, file),
        **_to_merge(merges, file),
        **_reported(merges, file),
    }
    return new, {"nfilesonhold": _count(or_(begins, merges)) - _count(ends)}


def _is_moved(file: Columns) -> ColumnElement[bool]:
    """Return whether the file counts as on hold while its job is transferring."""
    return and_(file["is_input"], not_(file["is_pmerge"]))


def _waited(file: Columns) -> ColumnElement[bool]:
    return and_(file["is_input"], file["is_waiting"].is_not(None))


def _was_transferring(file: Columns) -> ColumnElement[bool]:
    return and_(_is_moved(file), file["before"] == "transferring")


def _was_merging(made: ColumnElement[bool], file: Columns) -> ColumnElement[bool]:
    """Return whether an output counted as on hold, since its job was merging."""
    return and_(made, file["before"] == "merging")


def _is_spent(
    tried: ColumnElement[bool], more: ColumnElement[bool], file: Columns
) -> ColumnElement[bool]:
    """Return whether the last attempt is used up; secondary files have no `maxattempt`."""
    return and_(tried, file["maxattempt"].is_not(None), not_(func.coalesce(more, False)))


def _is_freed(
    tried: ColumnElement[bool], more: ColumnElement[bool], file: Columns
) -> ColumnElement[bool]:
    return and_(tried, more, file["status"] != "ready")


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _tried(file: Columns) -> dict[str, Any]:
    """Return the changes of an input by each end of an attempt, success included."""
    return {
        "attemptnr": case((file["is_input"], _next_attempt(file)), else_=file["attemptnr"]),
        "is_waiting": case((file["is_input"], null()), else_=file["is_waiting"]),
    }


def _next_attempt(file: Columns) -> ColumnElement[int]:
    """Return the number of the next attempt; of the hyperparameters' file it begins anew."""
    following = file["attemptnr"] + 1
    again = func.coalesce(following % func.nullif(file["maxattempt"], 0), following)
    return case((file["is_hpo"], again), else_=following)


def _failure(target: str, file: Columns) -> ColumnElement[int]:
    """Return by how many failures an end of the job counts for an input."""
    return case((file["is_hpo"], 0), else_=int(target == "failed"))


def _reported(made: ColumnElement[bool], file: Columns) -> dict[str, Any]:
    """Return the columns of an output that are those of FILESTABLE4 now, known or not."""
    reported = {name: file[f"file_{name}"] for name in REPORTED_COLUMNS}
    reported["lfn"] = func.coalesce(reported["lfn"], file["lfn"])
    return {name: case((made, new), else_=file[name]) for name, new in reported.items()}


def _to_merge(partial: ColumnElement[bool], file: Columns) -> dict[str, Any]:
    """Return the changes that make an output the input of a merge job."""
    return {
        "boundaryid": case((partial, file["pandaid"]), else_=file["boundaryid"]),
        "maxattempt": case((partial, file["attemptnr"] + MERGE_ATTEMPTS), else_=file["maxattempt"]),
    }


def _proceeds(status: str, condition: ColumnElement[bool], file: Columns) -> ColumnElement[Any]:
    """Return the new `proc_status` of a master input, if it may follow the old one.

    Outputs to be merged are no inputs in that sense; a job that was replaced changes nothing.
    """
    before = file["proc_status"]
    fits = and_(
        condition,
        file["masterid"].is_(None),
        file["dataset_type"].in_(MASTER_TYPES),
        true() if status in BEGINNING else file["is_told"],
        or_(not_(file["is_hpo"]), _next_attempt(file) == file["attemptnr"] + 1),
        or_(before.is_(None), before.in_(NEXT_STATUS[status])),
    )
    return case((fits, status), else_=before)
