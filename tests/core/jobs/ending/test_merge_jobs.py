"""Jobs whose outputs others merge: they wait, and end with the last of those."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from pandadb.core.jobs import advances
from pandadb.core.jobs.ending import kills
from pandadb.core.jobs.files import file_accounting
from pandadb.core.jobs.mover import MoveResult
from pandadb.core.sql.transaction import Lock
from pandadb.models import FilesTable4, JediDatasetContents, JobsActive4, JobsArchived4
from pandadb.services import jobs
from tests.factories import ROLES, ROW_IDS, make_job, make_task, make_task_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.database import Database

TASK = 7


def make_merging(session: Session, n: int) -> int:
    """Make a job of which the output and the log are to be merged."""
    job = make_task_job(session, TASK, n)
    for file in session.scalars(select(FilesTable4).where(FilesTable4.pandaid == job)):
        file.destinationdblocktoken = None if file.type == "input" else "TOMERGE"
    session.flush()
    take(session, "merge", job)
    return job


def make_merge(session: Session, *outputs: tuple[int, str]) -> int:
    """Make a job that merges outputs of jobs, each given with its role."""
    job = make_job(session, "running", processingtype="pmerge", jeditaskid=TASK, lockedby="jedi")
    for fileid, role in outputs:
        key = (TASK, TASK * 10 + ROLES.index(role), fileid)
        unmerged = session.get_one(JediDatasetContents, key, populate_existing=True)
        unmerged.status = "running"
        file = FilesTable4(row_id=next(ROW_IDS), pandaid=job, type="input", status="ready")
        file.jeditaskid, file.datasetid, file.fileid = key
        file.attemptnr = unmerged.attemptnr
        session.add(file)
    session.flush()
    return job


def take(session: Session, verb: str, pandaid: int) -> MoveResult:
    moved = advances.advance(session, verb, [pandaid], host="here")
    assert moved.refused == {}
    return moved


def ended(session: Session, pandaid: int) -> tuple[str, str | None]:
    job = session.scalars(select(JobsArchived4).where(JobsArchived4.pandaid == pandaid)).one()
    return job.jobstatus, job.jobsubstatus


@pytest.fixture
def merging(session: Session) -> int:
    make_task(session, TASK, files=3)
    return make_merging(session, 0)


def test_a_merging_job_finishes_with_the_job_that_merges_its_outputs(
    session: Session, merging: int
) -> None:
    other = make_merging(session, 1)
    wanted = [(job, role) for job in (merging, other) for role in ("output", "log")]

    moved = take(session, "finish", make_merge(session, *wanted))

    assert moved.merged == {merging: "finished", other: "finished"}
    assert ended(session, merging) == ended(session, other) == ("finished", None)
    done = session.scalars(
        select(JediDatasetContents.status).where(JediDatasetContents.boundaryid == merging)
    )
    assert {*done} == {"finished"}


def test_a_job_of_which_another_output_is_to_be_merged_goes_on_waiting(
    session: Session, merging: int
) -> None:
    first, second = (make_merge(session, (merging, role)) for role in ("output", "log"))

    assert take(session, "finish", first).merged == {}
    assert session.get_one(JobsActive4, merging).jobstatus == "merging"
    assert take(session, "finish", second).merged == {merging: "finished"}


@pytest.mark.parametrize(
    ("verb", "status"), [("fail", "failed"), ("kill hard", "cancelled"), ("close hard", "closed")]
)
def test_a_merge_that_is_lost_for_good_takes_the_merging_job_with_it(
    session: Session, merging: int, verb: str, status: str
) -> None:
    merge = make_merge(session, (merging, "output"))
    key = (TASK, TASK * 10 + 1, merging)
    session.get_one(JediDatasetContents, key).maxattempt = 1

    assert take(session, verb, merge).merged == {merging: status}
    assert ended(session, merging) == (status, f"merge_{status}")
    job = session.scalars(select(JobsArchived4).where(JobsArchived4.pandaid == merging)).one()
    assert (job.taskbuffererrorcode, job.taskbuffererrordiag) == (
        113, f"The job that was to merge its outputs is {status}",
    )  # fmt: skip
    files = select(FilesTable4.status).where(FilesTable4.pandaid == merging)
    assert {*session.scalars(files)} == {status}
    assert session.get_one(JediDatasetContents, key, populate_existing=True).status == "notmerged"


def test_a_merge_that_may_be_tried_again_leaves_the_merging_job_waiting(
    session: Session, merging: int
) -> None:
    merge = make_merge(session, (merging, "output"))

    assert take(session, "fail", merge).merged == {}
    assert session.get_one(JobsActive4, merging).jobstatus == "merging"


@pytest.mark.parametrize(
    ("code", "keep", "waits"),
    [(91, False, False), (2, False, False), (8, False, False), (51, False, True), (2, True, True)],
)
def test_a_merge_that_somebody_kills_is_not_tried_again_unless_it_is_to_be_elsewhere(
    session: Session, merging: int, code: int, keep: bool, waits: bool
) -> None:
    merge = make_merge(session, (merging, "output"))

    killed = kills.kill(
        session, [merge], code=code, by="ann", host="here", hard=True, keep_unmerged=keep
    )

    assert killed.before == {merge: "running"}
    assert killed.merged == ({} if waits else {merging: kills.CODES[code].target})
    if not waits:
        end = kills.CODES[code].target
        assert ended(session, merging) == (end, f"merge_{end}")


def test_a_job_that_was_killed_while_it_waited_stays_as_it_is(
    session: Session, merging: int
) -> None:
    merge = make_merge(session, (merging, "output"), (merging, "log"))
    take(session, "kill", merging)

    assert take(session, "finish", merge).merged == {}
    assert ended(session, merging)[0] == "cancelled"


def test_an_ordinary_job_takes_no_other_with_it(session: Session, merging: int) -> None:
    assert take(session, "finish", make_task_job(session, TASK, 2)).merged == {}
    assert session.get_one(JobsActive4, merging).jobstatus == "merging"


def test_the_datasets_of_the_merging_job_are_locked_before_any_job(database: Database) -> None:
    """Otherwise one who ends both would wait for us, and we for it."""
    with database.session() as session:
        make_task(session, TASK, files=1)
        waiting = make_merging(session, 0)
        merge = make_merge(session, (waiting, "output"), (waiting, "log"))
    results: list[MoveResult] = []

    def finish() -> None:
        results.append(jobs.finish(database, [merge]))

    with database.session() as session:
        file_accounting.lock(session, [waiting], Lock.WAIT)
        other = threading.Thread(target=finish)
        other.start()
        other.join(0.3)
        moved = advances.advance(session, "finish", [merge], host="here")
        assert moved.merged == {waiting: "finished"}
    other.join()
    assert [{*result.refused} for result in results] == [{merge}]
