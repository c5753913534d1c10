"""Output files are lost: their jobs are done again, and the counters follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pandadb.core.datasets import lost_files, recounts
from pandadb.core.datasets.lost_files import FileLoss
from pandadb.core.tasks import file_losses
from pandadb.models import FilesTable4, JediDatasets, JediEvents, JediTasks
from tests.fed_tasks import (
    MASTER,
    OUTPUT,
    TASK,
    THEN,
    add_dataset,
    add_file,
    dataset_of,
    files_of,
    make_fed_task,
    statuses,
    task_of,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SECOND, LOG, UNMERGED = 92, 93, 94


def make_done(session: Session, **columns: Any) -> None:
    """Make a task that is done: job 501 read files 1 and 2, job 502 file 3; each made two files."""
    make_fed_task(session, status="done", dataset={"status": "done"}, **columns)
    add_dataset(session, SECOND, "output", datasetname="out2")
    add_dataset(session, LOG, "log", datasetname="log")
    for number, job in ((1, 501), (2, 501), (3, 502)):
        add_file(session, number, "finished", pandaid=job, attemptnr=1)
    for number, job in ((11, 501), (12, 502)):
        for dataset, kind in ((OUTPUT, "output"), (SECOND, "output"), (LOG, "log")):
            fileid = number + dataset * 100
            add_file(
                session, fileid, "finished", datasetid=dataset, lfn=f"{dataset}.{number}",
                pandaid=job, outpandaid=job, keeptrack=None, type=kind,
            )  # fmt: skip
    recounts.recount(session, [TASK])


def lose(session: Session, *lfns: str, dataset: str = "out", **options: Any) -> FileLoss:
    given = {"user": "somebody", "production": False, "recover_parent": False, **options}
    found = file_losses.lose(session, dataset, lfns, host="here", **given)
    assert found.reason is None
    session.expire_all()
    return found.loss


def test_what_a_job_made_is_lost_and_what_it_read_is_ready_again(session: Session) -> None:
    make_done(session)
    loss = lose(session, "99.11", "unknown")
    assert loss == FileLoss([501], 2, 2, {})
    assert statuses(session) == {"f.001": "ready", "f.002": "ready", "f.003": "finished"}
    assert [one.attemptnr for one in files_of(session)] == [2, 2, 1]
    assert statuses(session, OUTPUT) == {"99.11": "lost", "99.12": "finished"}
    assert statuses(session, SECOND) == {"92.11": "lost", "92.12": "finished"}
    assert {*statuses(session, LOG).values()} == {"finished"}
    found = dataset_of(session)
    assert (found.nfiles, found.nfilesused, found.nfilesfinished) == (3, 1, 1)
    assert found.neventsused == 30
    assert (dataset_of(session, OUTPUT).nfilesfinished, dataset_of(session, OUTPUT).state) == (
        1,
        None,
    )
    assert task_of(session).status == "finished"
    assert recounts.recount(session, [TASK]) == []


def test_a_file_that_is_lost_already_is_lost_once(session: Session) -> None:
    make_done(session)
    lose(session, "99.11")
    assert lose(session, "99.11") == FileLoss([501], 0, 0, {})


def test_all_files_lost_leave_no_events(session: Session) -> None:
    """[bug] of the server: NULL, to which no event can be added any more."""
    make_done(session)
    lose(session, "99.11", "99.12")
    assert (dataset_of(session).neventsused, dataset_of(session, OUTPUT).nevents) == (0, 0)


def test_the_parent_makes_lost_input_again(session: Session) -> None:
    make_done(session)
    loss = lose(session, "99.12", recover_parent=True)
    assert loss.for_parent == {"scope:in": ["f.003"]}
    assert statuses(session)["f.003"] == "lost"
    found = dataset_of(session)
    assert (found.nfiles, found.nfilesmissing, found.nevents) == (2, 1, 30)
    assert recounts.recount(session, [TASK]) == []


def test_the_parent_is_asked_for_its_files_each_time(session: Session) -> None:
    make_done(session)
    first = lose(session, f"{OUTPUT}.11", recover_parent=True)
    again = lose(session, f"{OUTPUT}.11", recover_parent=True)
    assert first.for_parent == again.for_parent != {}
    assert (first.inputs, again.inputs, again.outputs) == (2, 0, 0)
    assert recounts.recount(session, [TASK]) == []


def test_events_are_those_of_the_files_that_are_left(session: Session) -> None:
    """Also where they were counted wrong before."""
    make_done(session)
    for number in (MASTER, OUTPUT):
        dataset = dataset_of(session, number)
        dataset.nevents, dataset.neventsused = 7, 0
    session.flush()
    lose(session, f"{OUTPUT}.11")
    left = sum(one.nevents or 0 for one in files_of(session) if one.status == "finished")
    made = [one.nevents or 0 for one in files_of(session, OUTPUT) if one.status == "finished"]
    assert dataset_of(session).neventsused == left
    assert dataset_of(session, OUTPUT).nevents == sum(made)


def test_a_file_without_attempts_left_gets_one(session: Session) -> None:
    """[bug] of the server: the file is ready for ever, and no job is made for it."""
    make_done(session)
    for file in files_of(session):
        file.attemptnr = file.maxattempt
    session.flush()
    lose(session, "99.12")
    file = files_of(session)[2]
    assert (file.attemptnr, file.maxattempt) == (4, 5)
    assert recounts.recount(session, [TASK]) == []


def test_of_a_merged_file_the_input_of_the_jobs_before_is_ready_again(session: Session) -> None:
    make_done(session)
    add_dataset(session, UNMERGED, "trn_output", datasetname="um")
    for number, before in ((21, 501), (22, 502)):
        add_file(
            session, number, "finished", datasetid=UNMERGED, type="output", lfn=f"um.{number}",
            pandaid=600, outpandaid=before,
        )  # fmt: skip
    add_file(
        session, 31, "finished", datasetid=OUTPUT, type="output", lfn="merged", pandaid=600,
        outpandaid=600,
    )  # fmt: skip
    assert lose(session, "merged").inputs == 3


def test_of_several_datasets_of_a_name_the_newest_is_meant(session: Session) -> None:
    """[bug] of the server: it pairs the newest task with the largest dataset of any."""
    make_done(session)
    older = {"jeditaskid": 8, "creationtime": THEN, "modificationtime": THEN}
    session.add(JediTasks(taskname="older", status="done", username="somebody",
                          **{k: v for k, v in older.items() if k != "creationtime"},
                          creationdate=THEN))  # fmt: skip
    session.add(JediDatasets(datasetid=999, datasetname="out", type="output", **older))
    session.flush()
    found = lost_files.find(session, "scope:out")
    assert found is not None
    assert (found.jeditaskid, found.datasetid) == (TASK, OUTPUT)


def test_events_of_jumbo_jobs_are_cancelled(session: Session) -> None:
    make_done(session, usejumbo="A")
    session.add(
        FilesTable4(
            row_id=77, pandaid=501, jeditaskid=TASK, datasetid=MASTER, fileid=1, type="input"
        )
    )
    for number, status in enumerate((3, 6, 9, 7)):
        session.add(
            JediEvents(
                jeditaskid=TASK,
                pandaid=501,
                fileid=1,
                job_processid=number,
                datasetid=MASTER,
                status=status,
            )
        )
    session.flush()
    assert lose(session, "99.11").inputs == 1
    found = [row.status for row in session.query(JediEvents).order_by(JediEvents.job_processid)]
    assert found == [4, 4, 4, 7]


@pytest.mark.parametrize(
    ("dataset", "user", "words"),
    [("nothing", "somebody", "No task has"), ("out", "other", "belongs to somebody, not to other")],
)
def test_others_datasets_and_unknown_ones_are_refused(
    session: Session, dataset: str, user: str, words: str
) -> None:
    make_done(session)
    found = file_losses.lose(
        session, dataset, ["99.11"], user=user, production=False, recover_parent=False, host="here"
    )
    assert words in (found.reason or "")
    assert found.loss == FileLoss()
    assert task_of(session).status == "done"


def test_with_the_role_of_production_any_dataset_can_lose_files(session: Session) -> None:
    make_done(session)
    assert lose(session, "99.11", user="other", production=True).outputs == 2
