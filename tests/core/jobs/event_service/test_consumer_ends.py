"""Consumers end by what is left of their ranges of events: rows as PanDA's server leaves them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from pandadb.core.events.states import EventStatus as Is
from pandadb.core.jobs import advances
from pandadb.core.jobs.refusals import RefusalReason
from pandadb.models import (
    FilesTable4,
    JediDatasetContents,
    JediJobRetryHistory,
    JediTasks,
    JobParamsTable,
    JobsActive4,
    JobsArchived4,
    JobsDefined4,
    JobsStatusLog,
    SchedconfigJSON,
)
from tests.event_tasks import (
    CONSUMER,
    EVENT,
    JOBSET,
    TASK,
    holders,
    make_consumer,
    make_event_task,
)
from tests.factories import ROW_IDS

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.core.jobs.mover import MoveResult

QUEUE = {"computingsite": "QUEUE"}
TWICE = {"maxattempt": 3, "attemptnr": 1, **QUEUE}
MERGE = "<PANDA_ESMERGE_TRF>merge.py</PANDA_ESMERGE_TRF><PANDA_EVSMERGE>--merge</PANDA_EVSMERGE>"


def begin(session: Session, ranges: int = 4, jobs: int = 1, **columns: Any) -> list[int]:
    """Make a task with ranges that have two attempts, and consumers that run."""
    make_event_task(session, ranges, attemptnr=2)
    given = TWICE | columns
    consumers = [make_consumer(session, **given) for _ in range(jobs)]
    session.add_all(JobParamsTable(pandaid=one, jobparameters=MERGE) for one in consumers)
    session.flush()
    session.execute(update(FilesTable4).where(FilesTable4.type == "input").values(status="ready"))
    return consumers


def take(session: Session, job: int, status: Is, *numbers: int, **columns: Any) -> None:
    """Give ranges to a job, by their numbers from 1 on, in a state."""
    chosen = EVENT.job_processid.in_(10 * number - 9 for number in numbers)
    session.execute(
        update(EVENT.pandaid.table).where(chosen).values(pandaid=job, status=int(status), **columns)
    )


def end(session: Session, verb: str, *jobs: int, **values: Any) -> MoveResult:
    moved = advances.advance(session, verb, jobs, host="here", values=values)
    assert moved.refused == {}
    return moved


def ended(session: Session, job: int) -> tuple[str, str | None, int | None]:
    row = session.get_one(JobsArchived4, job_key(session, job), populate_existing=True)
    return row.jobstatus, row.jobsubstatus, row.taskbuffererrorcode


def job_key(session: Session, job: int) -> Any:
    names = JobsArchived4.__table__.primary_key.columns.keys()
    found = select(*(JobsArchived4.__table__.c[name] for name in names))
    return tuple(session.execute(found.where(JobsArchived4.pandaid == job)).one())


def live(session: Session, job: int) -> JobsActive4:
    found = select(JobsActive4).where(JobsActive4.pandaid == job)
    return session.scalars(found, execution_options={"populate_existing": True}).one()


def input_file(session: Session) -> JediDatasetContents:
    return session.get_one(JediDatasetContents, (TASK, 70, 0), populate_existing=True)


def test_a_consumer_with_all_events_rests_as_merging_and_a_job_merges_them(
    session: Session,
) -> None:
    (job,) = begin(session, specialhandling="eventservice,de", transformation="run.py")
    take(session, job, Is.FINISHED, 1, 2, 3, 4)

    moved = end(session, "finish", job, nevents=40)

    merge = moved.follow[job]
    assert moved.jobs == {job: "merging"}
    assert ended(session, job) == ("merging", "es_merge", 112)
    assert {one[:2] for one in holders(session).values()} == {(job, Is.DONE)}
    new = live(session, merge)
    assert (new.jobstatus, new.eventservice, new.specialhandling) == ("activated", 2, "de,esmerge")
    assert (new.parentid, new.attemptnr, new.maxattempt) == (job, 2, 2)
    assert (new.gshare, new.currentpriority, new.minramcount) == ("Express", 5000, 2000)
    assert (new.transformation, new.jobsetid, new.corecount) == ("merge.py", JOBSET, None)
    assert (new.nevents, new.jobsubstatus, new.taskbuffererrorcode) == (0, None, 0)
    parameters = select(JobParamsTable.jobparameters).where(JobParamsTable.pandaid == merge)
    assert session.scalar(parameters) == "--merge"
    history = select(JediJobRetryHistory.oldpandaid, JediJobRetryHistory.relationtype)
    assert session.execute(history).all() == [(job, "es_merge")]
    assert (input_file(session).status, input_file(session).attemptnr) == ("running", 0)
    assert input_file(session).proc_status == "merging"
    assert input_file(session).maxfailure == 5


def test_ranges_that_are_left_go_to_a_new_consumer(session: Session) -> None:
    (job,) = begin(session, currentpriority=500, jobmetrics="leak", maxrss=9, batchid="7")
    take(session, job, Is.FINISHED, 1)
    take(session, job, Is.FAILED, 2)
    take(session, job, Is.RUNNING, 3)

    moved = end(session, "fail", job, piloterrorcode=1305, nevents=10)

    new = live(session, moved.follow[job])
    assert ended(session, job) == ("merging", "es_retry", 111)
    assert (new.jobstatus, new.eventservice, new.attemptnr, new.maxattempt) == (
        "activated",
        1,
        2,
        3,
    )
    assert (new.currentpriority, new.piloterrorcode) == (501, 0)
    assert (new.jobmetrics, new.maxrss, new.batchid, new.endtime) == (None, None, None, None)
    rows = select(EVENT.job_processid, EVENT.pandaid, EVENT.status, EVENT.attemptnr)
    assert {*session.execute(rows)} == {
        (1, job, Is.DONE, 2),
        (11, job, Is.FAILED, 2),
        (11, JOBSET, Is.READY, 1),
        (21, JOBSET, Is.READY, 1),
        (31, JOBSET, Is.READY, 2),
    }
    assert (input_file(session).status, input_file(session).attemptnr) == ("running", 0)
    logged = select(JobsStatusLog.pandaid, JobsStatusLog.jobstatus)
    assert {*session.execute(logged)} == {(job, "merging"), (new.pandaid, "activated")}


def test_the_files_of_a_new_consumer_are_those_of_the_old_one_and_a_log_of_its_own(
    session: Session,
) -> None:
    (job,) = begin(session)
    of_job = FilesTable4.pandaid == job
    session.execute(
        update(FilesTable4)
        .where(of_job)
        .values(lfn=FilesTable4.type + f".{job}", guid="old", status="ready")
    )
    session.add(FilesTable4(row_id=next(ROW_IDS), pandaid=job, type="zipoutput", status="ready"))
    session.flush()

    new = end(session, "finish", job).follow[job]

    files = select(FilesTable4.type, FilesTable4.lfn, FilesTable4.status).where(
        FilesTable4.pandaid == new
    )
    assert session.execute(files.order_by(FilesTable4.type)).all() == [
        ("input", f"input.{job}", "ready"),
        ("log", f"log.{new}", "unknown"),
        ("output", f"output.{job}", "unknown"),
    ]
    guids = select(FilesTable4.guid).where(FilesTable4.pandaid == new, FilesTable4.type == "log")
    assert session.scalar(guids) != "old"


def test_a_new_consumer_waits_for_input_that_is_not_at_its_site_yet(session: Session) -> None:
    (job,) = begin(session)
    session.execute(update(FilesTable4).values(status="unknown"))

    new = end(session, "finish", job).follow[job]

    states = select(JobsDefined4.jobstatus).where(JobsDefined4.pandaid == new)
    assert session.scalar(states) == "assigned"


def test_attempts_are_kept_where_only_failed_ranges_cost_one(session: Session) -> None:
    (job,) = begin(session, 2, specialhandling="eventservice,df")
    take(session, job, Is.FINISHED, 1)
    take(session, job, Is.SENT, 2)

    end(session, "finish", job)

    assert holders(session)[11] == (JOBSET, Is.READY, 2)


def test_the_first_of_two_waits_and_the_second_has_the_merge_job_made(session: Session) -> None:
    first, second = begin(session, jobs=2)
    take(session, first, Is.FINISHED, 1, 2)
    take(session, second, Is.RUNNING, 3, 4)

    waits = end(session, "finish", first)
    take(session, second, Is.FINISHED, 3, 4)
    merges = end(session, "finish", second)

    assert (waits.follow, ended(session, first)) == ({}, ("merging", "es_wait", 115))
    assert ended(session, second) == ("merging", "es_merge", 112)
    assert [*merges.follow] == [second]


def test_consumers_of_a_call_end_one_after_the_other(session: Session) -> None:
    first, second, third = begin(session, jobs=3)
    take(session, first, Is.FINISHED, 1, 2)
    take(session, second, Is.FINISHED, 3, 4)

    moved = end(session, "finish", third, second, first)

    assert ended(session, first) == ("merging", "es_wait", 115)
    assert ended(session, second) == ("merging", "es_merge", 112)
    assert ended(session, third) == ("closed", "es_unused", 116)
    assert (moved.merged, [*moved.follow]) == ({third: "closed"}, [second])


def test_the_others_are_closed_when_all_events_are_done(session: Session) -> None:
    job, waiting, runs = begin(session, jobs=3)
    session.execute(
        update(JobsActive4).where(JobsActive4.pandaid == waiting).values(jobstatus="activated")
    )
    take(session, job, Is.FINISHED, 1, 2, 3, 4)

    moved = end(session, "finish", job)

    assert moved.merged == {waiting: "closed", runs: "closed"}
    assert ended(session, runs) == ("closed", "es_unused", 116)


CASES = {
    "no event, others are left": (
        {}, {}, "finish", {}, ("closed", "es_noevent", 123), True,
    ),
    "no event, its pilot was killed": (
        {}, {}, "fail", {"jobsubstatus": "pilot_killed"}, ("failed", "pilot_killed", 123), True,
    ),
    "its pilot failed": (
        {1: Is.FINISHED}, {}, "fail", {"jobsubstatus": "pilot_failed"},
        ("failed", "pilot_failed", 111), True,
    ),
    "all have failed": (
        dict.fromkeys((1, 2, 3, 4), Is.FAILED), {"attemptnr": 0, "processed_upto_eventid": None},
        "fail", {"piloterrorcode": 1}, ("failed", None, 119), False,
    ),
    "a range without attempts": (
        {1: Is.FINISHED, 2: Is.FINISHED, 3: Is.FINISHED, 4: Is.FAILED}, {"attemptnr": 1}, "finish",
        {"nevents": 30}, ("merging", "es_wait", 118), False,
    ),
    "a range without attempts, and an error": (
        {1: Is.FINISHED, 2: Is.FINISHED, 3: Is.FINISHED, 4: Is.FAILED}, {"attemptnr": 1}, "fail",
        {"piloterrorcode": 1}, ("failed", None, 118), False,
    ),
    "the last attempt": (
        {1: Is.FINISHED}, {}, "fail", {"piloterrorcode": 1, "attemptnr": 3},
        ("failed", None, 118), False,
    ),
    "the last attempt, without error": (
        {}, {}, "finish", {"attemptnr": 3, "jobsubstatus": "pilot_noevents"},
        ("closed", "pilot_noevents", 118), False,
    ),
    "the last attempt, all done": (
        dict.fromkeys((1, 2, 3, 4), Is.FINISHED), {}, "finish", {"attemptnr": 3},
        ("merging", "es_merge", 112), True,
    ),
    "judged before": (
        {1: Is.FINISHED}, {}, "finish", {"taskbuffererrorcode": 111},
        ("finished", None, 111), False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_consumer_alone_ends_so(session: Session, case: str) -> None:
    taken, columns, verb, values, expected, follows = CASES[case]
    (job,) = begin(session)
    for number, status in taken.items():
        take(session, job, status, number, **columns)

    moved = end(session, verb, job, **values)

    assert ended(session, job) == expected
    assert bool(moved.follow) is follows


def test_a_failed_consumer_gives_its_input_back_and_its_events_up(session: Session) -> None:
    job, earlier = begin(session, jobs=2, attemptnr=3)
    take(session, earlier, Is.FINISHED, 1)
    take(session, job, Is.FINISHED, 2)
    end(session, "fail", earlier, piloterrorcode=1)

    end(session, "fail", job, piloterrorcode=1)

    assert ended(session, earlier) == ("failed", "es_ass_failed", 117)
    assert ended(session, job) == ("failed", None, 118)
    assert [status for _, status, _ in holders(session).values()] == [
        Is.DISCARDED, Is.DONE, Is.CANCELLED, Is.CANCELLED,
    ]  # fmt: skip
    file = input_file(session)
    assert (file.status, file.attemptnr, file.failedattempt) == ("ready", 1, 1)


def test_events_are_kept_where_the_job_says_so(session: Session) -> None:
    (job,) = begin(session, specialhandling="eventservice,de", attemptnr=3)
    take(session, job, Is.FINISHED, 1)

    end(session, "fail", job, piloterrorcode=1)

    assert [status for _, status, _ in holders(session).values()] == [Is.DONE, *[Is.READY] * 3]


def test_a_queue_that_is_offline_gets_no_new_consumer(session: Session) -> None:
    (job,) = begin(session)
    take(session, job, Is.FINISHED, 1)
    session.add(SchedconfigJSON(panda_queue="QUEUE", data={"status": "offline"}))
    session.flush()

    moved = end(session, "finish", job, nevents=10)

    assert moved.follow == {}
    assert ended(session, job) == ("failed", "es_retry", 125)


def test_another_consumer_takes_what_is_left_of_a_queue_without_event_service(
    session: Session,
) -> None:
    job, other = begin(session, jobs=2)
    take(session, job, Is.FINISHED, 1)
    queue = {"status": "online", "jobseed": "std"}
    session.add(SchedconfigJSON(panda_queue="QUEUE", data=queue))
    session.flush()

    moved = end(session, "finish", job)

    assert (moved.follow, live(session, other).jobstatus) == ({}, "running")
    assert ended(session, job) == ("merging", "es_retry", 111)


def test_a_preempted_consumer_is_closed(session: Session) -> None:
    (job,) = begin(session)
    queue = {"status": "online", "pledgedcpu": -1}
    session.add(SchedconfigJSON(panda_queue="QUEUE", data=queue))
    session.flush()

    moved = end(session, "fail", job, jobsubstatus="es_heartbeat")

    assert ended(session, job) == ("closed", "es_preempted", 123)
    assert live(session, moved.follow[job]).jobstatus == "activated"


def test_a_consumer_that_was_not_set_up_fails_unless_another_lives(session: Session) -> None:
    job, other = begin(session, jobs=2, jobstatus="defined")

    assert end(session, "fail", job).jobs == {job: "closed"}
    assert end(session, "fail", other).jobs == {other: "failed"}
    assert ended(session, job) == ("closed", "es_badstatus", 126)
    assert ended(session, other) == ("failed", "es_badstatus", 125)


def test_a_defined_consumer_with_nothing_left_to_do_has_its_events_merged(
    session: Session,
) -> None:
    (job,) = begin(session, jobstatus="defined", specialhandling="eventservice,de,at")
    take(session, JOBSET, Is.DONE, 1, 2, 3, 4)

    moved = end(session, "finish", job)

    assert ended(session, job) == ("closed", "es_merge", 112)
    new = session.scalars(select(JobsDefined4).where(JobsDefined4.parentid == job)).one()
    assert (new.pandaid, new.jobstatus) == (moved.follow[job], "defined")


@pytest.mark.parametrize(
    ("destination", "queue", "site"),
    [
        ("NEAR", {}, "NEAR"),
        ("nucleus:SITE", {}, "QUEUE"),
        (None, {}, "QUEUE"),
        ("NEAR", {"catchall": "localEsMergeNC,more"}, "QUEUE"),
    ],
)
def test_events_are_merged_where_no_brokerage_would_send_them(
    session: Session, destination: str | None, queue: dict[str, Any], site: str
) -> None:
    (job,) = begin(session, destinationse=destination)
    take(session, job, Is.FINISHED, 1, 2, 3, 4)
    session.add(SchedconfigJSON(panda_queue="QUEUE", data={"status": "online", **queue}))
    session.flush()

    merge = end(session, "finish", job).follow[job]

    assert live(session, merge).computingsite == site


def test_a_late_consumer_of_a_task_that_has_ended_ends_as_other_jobs_do(session: Session) -> None:
    (job,) = begin(session)
    take(session, job, Is.FINISHED, 1)
    session.execute(update(JediTasks).values(status="done"))

    assert end(session, "finish", job).jobs == {job: "finished"}
    assert holders(session)[1] == (job, Is.FINISHED, 2)


@pytest.mark.parametrize("columns", [{"eventservice": 4}, {"eventservice": 5}])
def test_jumbo_jobs_are_refused(session: Session, columns: dict[str, Any]) -> None:
    (job,) = begin(session, **columns)

    moved = advances.advance(session, "finish", [job], host="here")

    assert moved.refused[job].reason is RefusalReason.GUARD
    assert "only PanDA's server" in moved.refused[job].sentence
    assert live(session, job).jobstatus == "running"


def test_consumers_that_share_events_with_jumbo_jobs_are_refused(session: Session) -> None:
    (job,) = begin(session)
    session.execute(update(JediTasks).values(usejumbo="W"))

    moved = advances.advance(session, "finish", [job], host="here")

    assert "shares its events with jumbo jobs" in moved.refused[job].sentence


def test_a_job_that_is_not_jedis_ends_as_other_jobs_do(session: Session) -> None:
    make_event_task(session, 1)
    job = make_consumer(session, **{**CONSUMER, "lockedby": None})

    assert end(session, "finish", job).jobs == {job: "finished"}


def test_an_activated_consumer_cannot_finish(session: Session) -> None:
    (job,) = begin(session, jobstatus="activated")

    moved = advances.advance(session, "finish", [job], host="here")

    assert moved.refused[job].reason is RefusalReason.STATE
