"""Jobs that go on where a consumer has ended: another consumer, or a job that merges its events.

They begin with the consumer's columns, files and parameters; the times, errors and measurements of
its run are not theirs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from inspect import get_annotations
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import and_, case, exists, func, or_, select, update

from pandadb.core.events.kinds import JobKind
from pandadb.core.events.special_handling import EVENT_SERVICE, EVENT_SERVICE_MERGE
from pandadb.core.jobs import states
from pandadb.core.jobs.attempts import retry_history
from pandadb.core.jobs.creation import issued_ids, submission
from pandadb.core.jobs.event_service import merge_sites
from pandadb.core.jobs.event_service.given_jobs import INPUT_TYPES
from pandadb.core.jobs.files.file_status import OUTPUTS, same_file
from pandadb.core.shares import resource_types
from pandadb.core.sql import id_arrays
from pandadb.core.sql.transaction import waiting_table
from pandadb.models import (
    FilesTable4,
    JediDatasetContents,
    JediDatasets,
    JobParamsTable,
    JobsActive4,
    JobsArchived4,
    JobsStatusLog,
)
from pandadb.models.jobs.columns import JobErrors
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Update

    from pandadb.core.sql.transaction import Transaction

FILE, CONTENTS, DATASET = (
    model.__table__.c for model in (FilesTable4, JediDatasetContents, JediDatasets)
)
FAKE_TAG = "fake"
MERGE_SHARE, MERGE_PRIORITY, MERGE_MEMORY = "Express", 5000, 2000
MERGE_FAILURES = 5
"""Failures that the inputs of a merge job have left, at most."""
MERGE_PROGRAM = re.compile("<PANDA_ESMERGE_TRF>(.*)</PANDA_ESMERGE_TRF>")
MERGE_PARAMETERS = re.compile("<PANDA_EVSMERGE>(.*)</PANDA_EVSMERGE>")
RETRY_RELATION, MERGE_RELATION = "retry", "es_merge"
MEASURED = re.compile(".*(char|bytes|rss|pss|vmem|swap)")
"""Names of columns with measurements of a run; sizes of files are not among them."""
SIZES = ("inputfilebytes", "outputfilebytes")
OF_A_RUN = (
    "starttime", "endtime", "batchid", "schedulerid", "pilotid", "transexitcode", "jobmetrics",
    "jobsubstatus", "actualcorecount", "meancorecount", "hs06sec", "gco2_regional",
    "gco2_global", "commandtopilot",
)  # fmt: skip
"""Columns that a new job has as NULL."""
ZERO = ("nevents", "cpuconsumptiontime", "jobexecutionid")
ZERO_IF_UNKNOWN = ("noutputdatafiles", "outputfilebytes")
SET_BY_JOBS = ("jobparameters", "metadata")
"""Columns of the tables of jobs that are always NULL."""


@dataclass(frozen=True)
class NewConsumer:
    """A job to be made: the job that it follows, its id, and its kind."""

    old: Mapping[str, Any]
    """The consumer, before it ended."""
    pandaid: int
    merges: bool
    is_partial: bool
    """Whether some ranges of events have failed for good."""


@dataclass(frozen=True)
class Belongings:
    """The files and the parameters of consumers, by their PandaIDs, before these end."""

    files: Mapping[int, list[dict[str, Any]]]
    parameters: Mapping[int, str | None]


def belongings(session: Transaction, pandaids: Sequence[int]) -> Belongings:
    """Read the files that are also new jobs', archives of outputs of events excepted."""
    given = {"pandaids": [*pandaids]}
    files: dict[int, list[dict[str, Any]]] = {pandaid: [] for pandaid in pandaids}
    for row in session.execute(_files(), given).mappings():
        files[row["pandaid"]].append(dict(row))
    return Belongings(files, dict(session.execute(_parameters(), given).all()))


@cache
def _files() -> Any:
    return (
        select(*(column for column in FILE if column.name != "modificationtime"))
        .where(
            id_arrays.is_given(FILE.pandaid),
            FILE.modificationtime == EPOCH,
            FILE.type.not_like("zip%"),
        )
        .order_by(FILE.pandaid, FILE.row_id)
    )


@cache
def _parameters() -> Any:
    text = JobParamsTable.__table__.c
    return select(text.pandaid, text.jobparameters).where(
        id_arrays.is_given(text.pandaid), text.modificationtime == EPOCH
    )


def make(session: Transaction, new: Sequence[NewConsumer], have: Belongings) -> None:
    """Insert new jobs, after those that they follow have ended, with all that belongs to them."""
    if not new:
        return
    number = sum(len(have.files[one.old["pandaid"]]) for one in new)
    _, row_ids, when = issued_ids.draw(session, 0, number)
    types = resource_types.read(session)
    sites = merge_sites.of_merges(session, [one.old for one in new if one.merges])
    rows, texts = [], []
    for one in new:
        row, text = _job(one, have, when, sites)
        row["resource_type"] = resource_types.of_job(row, types)
        rows.append(row)
        texts.append({"pandaid": one.pandaid, "jobparameters": text})
    for state in dict.fromkeys(row["jobstatus"] for row in rows):
        table = states.home(state, waiting_table(session))
        submission.copy(session, table, [row for row in rows if row["jobstatus"] == state])
    left = iter(row_ids)
    copies = [file for one in new for file in _copies(one, have, left)]
    submission.copy(session, FilesTable4, copies)
    submission.copy(session, JobParamsTable, texts)
    submission.copy(session, JobsStatusLog, map(submission.log, rows))
    for merges, relation in ((False, RETRY_RELATION), (True, MERGE_RELATION)):
        chosen = [one for one in new if one.merges is merges]
        follows = [(one.old["jeditaskid"], one.old["pandaid"], one.pandaid) for one in chosen]
        retry_history.note(session, follows, relation)
        if chosen:
            session.execute(_inputs(merges), {"pandaids": [one.pandaid for one in chosen]})


def _job(
    one: NewConsumer, have: Belongings, when: datetime, sites: Mapping[int, str]
) -> tuple[dict[str, Any], str | None]:
    """Return the row of a new job, and its parameters."""
    old, text = one.old, have.parameters.get(one.old["pandaid"])
    columns = JobsArchived4.__table__.c.keys()
    row = {name: old[name] for name in columns if name not in SET_BY_JOBS}
    row |= dict.fromkeys(name for name in row if _is_of_run(name))
    row |= dict.fromkeys((name for name in row if name.endswith("errorcode")), 0)
    row |= dict.fromkeys(ZERO, 0)
    row |= {name: old[name] or 0 for name in ZERO_IF_UNKNOWN}
    times = ("creationtime", "modificationtime", "statechangetime", "proddbupdatetime")
    row |= dict.fromkeys(times, when)
    row |= {
        "pandaid": one.pandaid,
        "parentid": old["pandaid"],
        "attemptnr": (old["attemptnr"] or 0) + 1,
        "jobstatus": _state(old, have.files[old["pandaid"]], merges=one.merges),
        "jobsubstatus": "partial" if one.is_partial else None,
    }
    if not one.merges:
        row["currentpriority"] = (old["currentpriority"] or 0) + 1
        return row, text
    program, parameters = (
        found[1] if (found := pattern.search(text or "")) else None
        for pattern in (MERGE_PROGRAM, MERGE_PARAMETERS)
    )
    tags = (old["specialhandling"] or "").split(",")
    kept = [tag for tag in tags if tag not in ("", EVENT_SERVICE, FAKE_TAG)]
    row |= {
        "maxattempt": row["attemptnr"],
        "currentpriority": MERGE_PRIORITY,
        "transformation": old["transformation"] if program is None else program,
        "eventservice": int(JobKind.MERGE),
        "gshare": MERGE_SHARE,
        "specialhandling": ",".join([*kept, EVENT_SERVICE_MERGE]),
        "computingsite": sites[old["pandaid"]],
        "corecount": None,
        "minramcount": MERGE_MEMORY,
    }
    return row, text if parameters is None else parameters


def _is_of_run(name: str) -> bool:
    """Return whether a column is of the run of a job, and not of the job."""
    if name in OF_A_RUN or (name in get_annotations(JobErrors) and name.endswith("diag")):
        return True
    return bool(MEASURED.fullmatch(name)) and name not in SIZES


def _state(old: Mapping[str, Any], files: Sequence[Mapping[str, Any]], *, merges: bool) -> str:
    """Return the first state of a new job: as far as its consumer was set up, or activated."""
    state = str(old["jobstatus"])
    if state not in states.WAITING:
        is_here = all(file["status"] == "ready" for file in files if file["type"] == "input")
        state = "activated" if is_here else "assigned"
    return "activated" if merges and state == "assigned" else state


def _copies(one: NewConsumer, have: Belongings, row_ids: Iterator[int]) -> list[dict[str, Any]]:
    """Return the rows of the files of a new job; a log is another file, with another name."""
    old = one.old["pandaid"]
    copies = []
    for file in have.files[old]:
        copy = {**file, "row_id": next(row_ids), "pandaid": one.pandaid}
        if file["type"] in OUTPUTS:
            copy["status"] = "unknown"
        if file["type"] == "log":
            suffix = "" if one.merges else f".{one.pandaid}"
            copy["guid"] = str(uuid4())
            copy["lfn"] = re.sub(rf"[.]{old}$", suffix, file["lfn"] or "")
        copies.append(copy)
    return copies


@cache
def _inputs(merges: bool) -> Update:
    """Note at the inputs of new jobs that they are merged, or queued unless another job runs.

    Inputs of merge jobs may fail a few times more.
    """
    mine = (FILE.fileid.is_not(None), id_arrays.is_given(FILE.pandaid))
    current = (
        *mine,
        FILE.modificationtime == EPOCH,
        FILE.type.in_(INPUT_TYPES),
        same_file(CONTENTS, FILE),
    )
    is_master = exists().where(
        DATASET.jeditaskid == CONTENTS.jeditaskid,
        DATASET.datasetid == CONTENTS.datasetid,
        DATASET.type.in_(INPUT_TYPES),
        DATASET.masterid.is_(None),
    )
    state = "merging" if merges else "queued"
    before = BEFORE_MERGING if merges else BEFORE_QUEUED
    proceeds = and_(
        is_master,
        CONTENTS.attemptnr == FILE.attemptnr,
        or_(CONTENTS.proc_status.is_(None), CONTENTS.proc_status.in_(before)),
    )
    if not merges:
        proceeds = and_(proceeds, ~_runs_elsewhere())
    new: dict[str, Any] = {"proc_status": case((proceeds, state), else_=CONTENTS.proc_status)}
    if merges:
        most = CONTENTS.failedattempt + MERGE_FAILURES
        limit = func.least(func.coalesce(CONTENTS.maxfailure, most), most)
        new["maxfailure"] = case((CONTENTS.keeptrack == 1, limit), else_=CONTENTS.maxfailure)
    return update(JediDatasetContents.__table__).where(*current).values(new)


BEFORE_MERGING, BEFORE_QUEUED = ("queued", "running"), ("ready", "starting", "running")
"""Each `proc_status` of a file that merging, and queueing, may follow."""


def _runs_elsewhere() -> Any:
    """Return whether another job runs on the same attempt of a file."""
    other, job = FilesTable4.__table__.alias("other").c, JobsActive4.__table__.c
    return exists().where(
        same_file(other, CONTENTS),
        other.attemptnr == CONTENTS.attemptnr,
        other.modificationtime == EPOCH,
        job.pandaid == other.pandaid,
        job.jobstatus == "running",
    )
