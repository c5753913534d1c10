"""What has to be true of jobs, files and datasets, whatever was done to them, by whom, at once."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, union_all

from pandadb.core.jobs.creation.submission import FIRST_STATES
from pandadb.core.jobs.states import STATES, TRANSITIONS
from pandadb.models import (
    FilesTable4,
    JediDatasetContents,
    JediDatasets,
    JobParamsTable,
    JobsStatusLog,
    MetaTable,
)
from pandadb.models.jobs.all_tables import JOB_TABLES, LIVE_TABLES
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

LEGAL = {(source, step.target) for step in TRANSITIONS for source in step.sources}
NEVER = "1970-01-01 00:00:00"
assert str(EPOCH) == f"'{NEVER}'"


def jobs(session: Session) -> dict[int, dict[str, Any]]:
    """Return all jobs, each with its table; see that none is in two, nor in a wrong one."""
    found: dict[int, dict[str, Any]] = {}
    for table in JOB_TABLES:
        for row in session.execute(select(table.__table__)).mappings():
            assert row["pandaid"] not in found, f"job {row['pandaid']} is there twice"
            assert table in STATES[row["jobstatus"]].tables
            found[row["pandaid"]] = {"table": table, **row}
    return found


def hold(session: Session, submitted: set[int]) -> dict[int, dict[str, Any]]:
    """See that everything is as it has to be; return all jobs."""
    found = jobs(session)
    assert {*found} == submitted
    paths_are_legal(session, found)
    satellites_follow(session, found)
    counters_equal_a_recount(session, found)
    return found


def paths_are_legal(session: Session, found: dict[int, dict[str, Any]]) -> None:
    """The status log of each job is a way through the transitions, to where the job is."""
    log = JobsStatusLog
    paths = defaultdict(list)
    for pandaid, jobstatus in session.execute(
        select(log.pandaid, log.jobstatus).order_by(log.pandaid, log.modificationtime)
    ):
        paths[pandaid].append(jobstatus)
    assert {*paths} == {*found}
    for pandaid, path in paths.items():
        assert path[-1] == found[pandaid]["jobstatus"], (pandaid, path)
        assert path[0] in (*FIRST_STATES, "activated"), (pandaid, path)  # a retry begins activated
        steps = {*pairwise(path)}
        assert steps <= LEGAL, (pandaid, path)


def satellites_follow(session: Session, found: dict[int, dict[str, Any]]) -> None:
    """What belongs to a job has its time once it has ended, and 1970-01-01 before."""
    times = [
        select(table.pandaid, table.modificationtime)
        for table in (FilesTable4, MetaTable, JobParamsTable)
    ]
    for pandaid, time in session.execute(union_all(*times)):
        job = found[pandaid]
        due = NEVER if job["table"] in LIVE_TABLES else str(job["modificationtime"])
        assert str(time) == due, (pandaid, job["jobstatus"], time)


def counters_equal_a_recount(session: Session, found: dict[int, dict[str, Any]]) -> None:
    """The counters of datasets are what their files say (semantics 4.1)."""
    files = defaultdict(list)
    for file in session.execute(select(JediDatasetContents.__table__)).mappings():
        files[file["datasetid"]].append(file)
    for dataset in session.execute(select(JediDatasets.__table__)).mappings():
        names = ("nfilesused", "nfilesfinished", "nfilesfailed", "nfilesonhold")
        counted = tuple(dataset[name] or 0 for name in names)
        recount = _inputs if dataset["type"] == "input" else _outputs
        assert counted == recount(files[dataset["datasetid"]], found), dataset["datasetname"]


def _inputs(files: list[Any], found: dict[int, dict[str, Any]]) -> tuple[int, int, int, int]:
    spent = [file for file in files if file["status"] == "ready" and not _may_be_tried(file)]
    free = [file for file in files if file["status"] == "ready" and _may_be_tried(file)]
    finished = [file for file in files if file["status"] == "finished"]
    moving = [
        file
        for file in files
        if file["status"] == "running" and found[file["pandaid"]]["jobstatus"] == "transferring"
    ]
    return len(files) - len(free), len(finished), len(spent), len(moving)


def _outputs(files: list[Any], _found: dict[int, dict[str, Any]]) -> tuple[int, int, int, int]:
    states = [file["status"] for file in files]
    lost = states.count("failed") + states.count("cancelled")
    return 0, states.count("finished"), lost, states.count("ready")


def _may_be_tried(file: Any) -> bool:
    failures = file["failedattempt"] or 0
    return file["attemptnr"] < file["maxattempt"] and (
        file["maxfailure"] is None or failures < file["maxfailure"]
    )
