"""New jobs: what is worked out, what goes with them, what is refused."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from pandadb.core.jobs.creation.submission import NewJob, submit
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import (
    FilesTable4,
    GlobalShares,
    JediDatasetContents,
    JediDatasets,
    JediEvents,
    JediJobRetryHistory,
    JobParamsTable,
    JobsDefined4,
    JobsStatusLog,
    JobsWaiting4,
    MetaTable,
)
from tests.factories import make_task

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def one(session: Session, **columns: Any) -> JobsDefined4:
    (pandaid,) = submit(session, [NewJob(columns)], "defined", "here")
    return session.get_one(JobsDefined4, pandaid)


def test_a_job_comes_with_its_files_parameters_and_metadata(session: Session) -> None:
    files = [{"type": "input", "lfn": "in"}, {"type": "log", "lfn": "log", "status": "ready"}]
    new = NewJob({"computingsite": "CERN", "corecount": 8}, files, "--events 5", "{}")

    first, second = submit(session, [new, new], "defined", "here")

    assert first < second
    job = session.get_one(JobsDefined4, first)
    assert (job.computingsite, job.jobstatus, job.prodsourcelabel) == ("CERN", "defined", "managed")
    assert job.creationtime == job.modificationtime == job.statechangetime == job.proddbupdatetime
    assert job.modificationhost == "here"
    of_job = FilesTable4.pandaid == first
    found = select(FilesTable4.lfn, FilesTable4.status).where(of_job).order_by(FilesTable4.row_id)
    assert session.execute(found).all() == [("in", "unknown"), ("log", "ready")]
    assert session.scalars(select(JobParamsTable.jobparameters)).all() == ["--events 5"] * 2
    assert session.scalars(select(MetaTable.metadata_)).all() == ["{}"] * 2
    log = select(JobsStatusLog.jobstatus, JobsStatusLog.computingsite)
    assert session.execute(log).all() == [("defined", "CERN")] * 2


def test_what_is_left_out_takes_its_default_whatever_the_others_give(session: Session) -> None:
    jobs = [NewJob({"vo": "atlas"}), NewJob({"prodserieslabel": None}), NewJob({})]

    submit(session, jobs, "defined", "here")

    found = select(JobsDefined4.vo, JobsDefined4.prodserieslabel).order_by(JobsDefined4.pandaid)
    assert session.execute(found).all() == [("atlas", "Rome"), (None, None), (None, "Rome")]


def test_a_waiting_job_goes_where_waiting_jobs_are(session: Session) -> None:
    (pandaid,) = submit(session, [NewJob({})], "waiting", "here")

    assert session.get_one(JobsWaiting4, pandaid).jobstatus == "waiting"


def test_the_share_is_the_leaf_that_matches_first(session: Session) -> None:
    session.add_all(
        [
            GlobalShares(name="Analysis", value=30, prodsourcelabel="user.*"),
            GlobalShares(name="Production", value=70),
            GlobalShares(name="Group", value=1, parent="Production", prodsourcelabel="managed",
                         workinggroup="(AP|GP)_.*"),
            GlobalShares(name="Other", value=1, parent="Production", prodsourcelabel="managed"),
        ]
    )  # fmt: skip
    session.flush()

    assert one(session, prodsourcelabel="user").gshare == "Analysis"
    assert one(session, prodsourcelabel="managed", workinggroup="AP_HIGG").gshare == "Group"
    assert one(session, prodsourcelabel="managed").gshare == "Other"
    assert one(session, prodsourcelabel="test").gshare == "Undefined"
    assert one(session, prodsourcelabel="user", gshare="Mine").gshare == "Mine"


@pytest.mark.parametrize(
    ("given", "priority"),
    [({}, 0), ({"assignedpriority": 7}, 7), ({"currentpriority": 9}, 9),
     ({"prodsourcelabel": "install"}, 4100)],
)  # fmt: skip
def test_the_priority_is_the_one_assigned(
    session: Session, given: dict[str, Any], priority: int
) -> None:
    assert one(session, **given).currentpriority == priority


@pytest.mark.parametrize(
    ("label", "given", "attempts"),
    [("user", 0, 2), ("user", -1, 0), ("user", 5, 5), ("ptest", 0, 2), ("managed", 0, 0)],
)
def test_a_users_job_may_be_tried_again(
    session: Session, label: str, given: int, attempts: int
) -> None:
    assert one(session, prodsourcelabel=label, maxattempt=given).maxattempt == attempts


def test_names_of_files_have_the_number_of_their_job(session: Session) -> None:
    files = [{"type": "log", "lfn": "log.$PANDAID.$JEDITASKID.tgz"}]
    columns = {"prodsourcelabel": "user", "jeditaskid": 12}

    (pandaid,) = submit(session, [NewJob(columns, files)], "defined", "here")

    assert session.scalar(select(FilesTable4.lfn)) == f"log.{pandaid:05d}.12.tgz"


def test_a_name_that_is_too_long_with_the_number_is_a_sentence(session: Session) -> None:
    columns = {"prodsourcelabel": "user", "jobsetid": 10**17}
    files = [{"type": "log", "lfn": "x" * 3990 + "$JOBSETID"}]

    with pytest.raises(InvalidValue, match="job 2 of 2: lfn is too long: 4008 characters"):
        submit(session, [NewJob({}), NewJob(columns, files)], "defined", "here")


@pytest.mark.parametrize(
    ("label", "jobset", "expected"),
    [
        ("user", 5, "-s 000005 -t 12 -p $PANDAID"),
        ("test", -1, "-s 000000 -t 12 -p $PANDAID"),
        (None, None, "-s 000000 -t 12 -p $PANDAID"),
        ("managed", 5, "-s $JOBSETID -t $JEDITASKID -p $PANDAID"),
    ],
)
def test_parameters_of_all_but_production_have_the_task_and_the_jobset(
    session: Session, label: str | None, jobset: int | None, expected: str
) -> None:
    columns = {"prodsourcelabel": label, "jeditaskid": 12, "jobsetid": jobset}
    new = NewJob(columns, parameters="-s $JOBSETID -t $JEDITASKID -p $PANDAID")

    submit(session, [new], "defined", "here")

    assert session.scalar(select(JobParamsTable.jobparameters)) == expected


def test_a_job_without_a_task_has_the_word_that_the_server_writes(session: Session) -> None:
    submit(session, [NewJob({"prodsourcelabel": "panda"}, parameters="$JEDITASKID")], "defined", "")

    assert session.scalar(select(JobParamsTable.jobparameters)) == "NULL"


def test_the_name_of_a_job_has_the_first_attempt_of_its_chain(session: Session) -> None:
    columns = {"jeditaskid": 7, "jobname": "job.$ORIGINPANDAID"}
    (first,) = submit(session, [NewJob(columns)], "defined", "here")
    (second,) = submit(session, [NewJob(columns, replaces=[first])], "defined", "here")

    third, alone = submit(
        session, [NewJob(columns, replaces=[second]), NewJob(columns)], "defined", "here"
    )

    names = session.scalars(select(JobsDefined4.jobname).order_by(JobsDefined4.pandaid)).all()
    assert names == [f"job.{first}"] * 3 + [f"job.{alone}"]
    assert third < alone


def test_a_new_job_has_neither_begun_nor_ended(session: Session) -> None:
    began = datetime(2026, 11, 20)

    submit(session, [NewJob({}), NewJob({"starttime": began})], "defined", "here")

    times = select(JobsDefined4.starttime, JobsDefined4.endtime).order_by(JobsDefined4.pandaid)
    assert session.execute(times).all() == [(None, None), (began, None)]


OWNED = {"jeditaskid": 7, "lockedby": "jedi", "jobsetid": 3}


def pick(session: Session) -> JediDatasetContents:
    """Make a task with a picked file."""
    make_task(session, 7, files=1)
    picked = session.get_one(JediDatasetContents, (7, 70, 0))
    picked.status = "picked"
    session.flush()
    return picked


def an_input(fileid: int = 0) -> dict[str, Any]:
    return {"type": "input", "jeditaskid": 7, "datasetid": 70, "fileid": fileid, "attemptnr": 0}


def test_files_of_a_task_are_in_use_from_then_on(session: Session) -> None:
    make_task(session, 7, files=2)
    picked = session.get_one(JediDatasetContents, (7, 70, 0))
    picked.status = "picked"
    session.flush()

    (pandaid,) = submit(session, [NewJob(OWNED, [an_input(0), an_input(1)])], "pending", "here")

    session.refresh(picked)
    assert (picked.status, picked.pandaid, picked.proc_status) == ("running", pandaid, "queued")
    assert picked.jobsetid == 3
    assert session.get_one(JediDatasetContents, (7, 70, 1)).status == "ready"


@pytest.mark.parametrize("owner", [None, "user", "JEDI"])
def test_a_job_that_jedi_does_not_own_takes_no_file_of_a_task(
    session: Session, owner: str | None
) -> None:
    picked = pick(session)

    submit(session, [NewJob({**OWNED, "lockedby": owner}, [an_input()])], "defined", "here")

    session.refresh(picked)
    assert (picked.status, picked.pandaid, picked.proc_status) == ("picked", None, None)


def test_of_two_jobs_with_the_same_file_the_first_has_it(session: Session) -> None:
    picked = pick(session)
    jobs = [NewJob({**OWNED, "jobsetid": n}, [an_input(), an_input()]) for n in range(40)]

    first, *_ = submit(session, jobs, "pending", "here")

    session.refresh(picked)
    assert (picked.pandaid, picked.jobsetid) == (first, 0)


@pytest.mark.parametrize(
    ("dataset", "before", "expected"),
    [
        ({}, None, "queued"),
        ({}, "ready", "queued"),
        ({"type": "pseudo_input"}, None, "queued"),
        ({"type": "pp_input"}, None, None),
        ({"type": "lib"}, None, None),
        ({"masterid": 71}, None, None),
        ({}, "finished", "finished"),
    ],
)
def test_only_master_inputs_are_queued(
    session: Session, dataset: dict[str, Any], before: str | None, expected: str | None
) -> None:
    picked = pick(session)
    picked.proc_status = before
    for name, value in dataset.items():
        setattr(session.get_one(JediDatasets, (7, 70)), name, value)
    session.flush()

    submit(session, [NewJob(OWNED, [an_input()])], "pending", "here")

    session.refresh(picked)
    assert (picked.status, picked.proc_status) == ("running", expected)


CO_JUMBO = {**OWNED, "computingsite": "WAITING_CO_JUMBO"}


def counted(session: Session, picked: JediDatasetContents) -> tuple[Any, ...]:
    session.expire_all()
    waiting = session.get_one(JediDatasets, (7, 70)).nfileswaiting
    return picked.status, picked.pandaid, picked.is_waiting, waiting


def test_inputs_of_a_co_jumbo_job_stay_free_and_are_counted_once_as_waiting(
    session: Session,
) -> None:
    picked = pick(session)

    submit(session, [NewJob(CO_JUMBO, [an_input()])], "defined", "here")
    assert counted(session, picked) == ("picked", 3, "Y", 1)
    assert (picked.jobsetid, picked.proc_status) == (3, None)

    submit(session, [NewJob(CO_JUMBO, [an_input()])], "defined", "here")
    assert counted(session, picked) == ("picked", 3, "Y", 1)


def test_another_job_that_takes_a_waiting_input_lowers_how_many_wait(session: Session) -> None:
    picked = pick(session)
    submit(session, [NewJob(CO_JUMBO, [an_input()])], "defined", "here")

    (pandaid,) = submit(session, [NewJob(OWNED, [an_input()])], "defined", "here")

    assert counted(session, picked) == ("running", pandaid, None, 0)


@pytest.mark.parametrize("order", [[CO_JUMBO, OWNED], [OWNED, CO_JUMBO]])
def test_of_jobs_that_come_together_one_that_does_not_wait_has_the_file(
    session: Session, order: list[dict[str, Any]]
) -> None:
    picked = pick(session)

    pandaids = submit(session, [NewJob(one, [an_input()]) for one in order], "defined", "here")

    assert counted(session, picked)[:3] == ("running", pandaids[order.index(OWNED)], None)
    assert not counted(session, picked)[3]


def test_an_input_without_a_type_waits_as_one_that_has_it(session: Session) -> None:
    picked = pick(session)

    submit(session, [NewJob(CO_JUMBO, [{**an_input(), "type": None}])], "defined", "here")

    assert counted(session, picked) == ("picked", 3, "Y", 1)


def make_range(session: Session) -> None:
    """Make a range of events that a jumbo job can take."""
    key = {"jeditaskid": 7, "pandaid": 1, "fileid": 1, "job_processid": 1}
    session.add(JediEvents(**key, datasetid=70, status=0, attemptnr=1))
    session.flush()


def test_a_jumbo_job_leaves_what_its_inputs_are_doing(session: Session) -> None:
    picked = pick(session)

    make_range(session)
    submit(session, [NewJob({**OWNED, "eventservice": 4}, [an_input()])], "defined", "here")

    session.refresh(picked)
    assert (picked.status, picked.proc_status) == ("running", None)


def test_outputs_of_a_co_jumbo_job_are_in_use(session: Session) -> None:
    picked = pick(session)
    output = {**an_input(), "type": "output"}

    (pandaid,) = submit(session, [NewJob(CO_JUMBO, [output])], "defined", "here")

    assert counted(session, picked) == ("running", pandaid, None, None)
    assert picked.outpandaid == pandaid


def test_another_attempt_is_noted_with_its_origin(session: Session) -> None:
    task = {"jeditaskid": 7}
    (first,) = submit(session, [NewJob(task)], "defined", "here")
    (second,) = submit(session, [NewJob(task, replaces=[first])], "defined", "here")
    (third,) = submit(session, [NewJob(task, replaces=[second])], "defined", "here")

    history = select(
        JediJobRetryHistory.oldpandaid,
        JediJobRetryHistory.newpandaid,
        JediJobRetryHistory.originpandaid,
    ).order_by(JediJobRetryHistory.newpandaid)
    assert session.execute(history).all() == [(first, second, first), (second, third, first)]


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (NewJob({"computingsitee": "X"}), "has no column 'computingsitee': is it computingsite"),
        (NewJob({"cloud": "X" * 51}), "cloud is too long: 51 characters, 50 fit"),
        (NewJob({"attemptnr": 40_000}), "attemptnr is too large: 40000, the limit is 32767"),
        (NewJob({"nevents": "5"}), "nevents has to be a whole number, not '5'"),
        (NewJob({"nevents": None}), "nevents has to have a value: it cannot be NULL"),
        (NewJob({"vo": "a\0b"}), "vo cannot have a NUL character in it"),
        (NewJob({"pandaid": 5}), "pandaid is set by the submission"),
        (NewJob({}, [{"lfn": 5}]), "lfn has to be text, not 5"),
        (NewJob({1: 2}), "has no column"),
        (NewJob({}, replaces="12"), "replaces has to be a list of PandaIDs, not '12'"),
        (NewJob({}, replaces=[1.5]), "replaces has to be a list of PandaIDs: number 1 is 1.5"),
        (NewJob({}, replaces=[5, True]), "replaces has to be a list of PandaIDs: number 2 is True"),
        (NewJob({}, replaces=[2**63]), "replaces has to be a list of PandaIDs: number 1 is"),
        (NewJob({}, parameters=["a"]), "parameters has to be text, not .'a'."),
        (NewJob({}, parameters="a\0"), "parameters cannot have a NUL character in it"),
        (NewJob({}, metadata="\ud800"), "metadata has bytes in it that are not UTF-8"),
        (NewJob({}, files=5), "files has to be a list of files"),
        (NewJob({}, files={"lfn": "x"}), "files has to be a list of files"),
        (NewJob({}, files=["x"]), "files has to be a list of files, .*: number 1 is 'x'"),
        (NewJob([]), "columns has to be columns with their values"),
        ({"vo": "atlas"}, "this is no NewJob, but a dict"),
    ],
)
def test_bad_input_names_the_job_and_nothing_is_submitted(
    session: Session, bad: NewJob, sentence: str
) -> None:
    with pytest.raises(InvalidValue, match=f"job 2 of 2: .*{sentence}"):
        submit(session, [NewJob({}), bad], "defined", "here")

    assert session.scalar(select(func.count(JobsDefined4.pandaid))) == 0


def test_a_job_does_not_begin_as_finished(session: Session) -> None:
    with pytest.raises(InvalidValue, match="A job begins as pending, defined, waiting"):
        submit(session, [NewJob({})], "finished", "here")


@pytest.mark.parametrize("given", [NewJob({}), {"vo": "atlas"}, "jobs", 5, None])
def test_what_is_no_list_of_jobs_is_a_sentence(session: Session, given: Any) -> None:
    with pytest.raises(InvalidValue, match="jobs to submit are a list of NewJob, not a "):
        submit(session, given, "defined", "here")


def test_jobs_may_come_as_a_generator(session: Session) -> None:
    assert len(submit(session, (NewJob({}) for _ in range(3)), "defined", "here")) == 3


def test_no_jobs_are_no_work(session: Session) -> None:
    assert submit(session, [], "defined", "here") == []
