"""Job sets of the event service: their numbers, ranges of events and history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from pandadb.core.events.states import EventStatus as Is
from pandadb.core.jobs.creation.submission import NewJob, submit
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import (
    FilesTable4,
    JediDatasetContents,
    JediEvents,
    JediJobRetryHistory,
    JobsArchived,
    JobsArchived4,
    JobsDefined4,
)
from tests.factories import make_job, make_task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

TASK, DATASET = 7, 70
EVENT = JediEvents.__table__.c
History = set[tuple[int, int, str | None]]


def make_files(session: Session, number: int = 2, status: str = "picked") -> None:
    make_task(session, TASK, number)
    for file in session.scalars(select(JediDatasetContents)):
        file.status = status
    session.flush()


def file(n: int = 0, **columns: Any) -> dict[str, Any]:
    key = {"jeditaskid": TASK, "datasetid": DATASET, "fileid": n, "attemptnr": 0}
    return {"type": "input", "lfn": f"input.{n}", **key, **columns}


def new_job(
    special: str, files: Sequence[dict[str, Any]] = (), *, old: Sequence[int] = (), **columns: Any
) -> NewJob:
    owned = {"jeditaskid": TASK, "lockedby": "jedi", "eventservice": 1, "specialhandling": special}
    return NewJob({**owned, **columns}, [*files] or [file()], replaces=old)


def put(session: Session, *jobs: NewJob, **options: Any) -> list[JobsDefined4]:
    made = submit(session, jobs, "pending", "here", **options)
    session.expire_all()
    return [session.get_one(JobsDefined4, one) for one in made]


def ranges(session: Session, *names: str, **equal: Any) -> list[tuple[Any, ...]]:
    chosen = [EVENT[name] for name in names]
    asked = select(*chosen).order_by(EVENT.pandaid, EVENT.fileid, EVENT.job_processid)
    return [tuple(row) for row in session.execute(asked.filter_by(**equal))]


def history(session: Session) -> History:
    row = JediJobRetryHistory
    return {
        tuple(one)
        for one in session.execute(select(row.oldpandaid, row.newpandaid, row.relationtype))
    }


def test_ranges_are_made_of_the_events_of_a_file(session: Session) -> None:
    make_files(session)

    (job,) = put(session, new_job("es:input.0/0/24/10/3^"))

    assert job.jobsetid is not None
    assert job.jobsetid > job.pandaid
    assert job.specialhandling == "eventservice"
    limits = ("def_min_eventid", "def_max_eventid", "job_processid")
    assert ranges(session, *limits) == [(1, 10, 1), (11, 20, 11), (21, 25, 21)]
    others = ("pandaid", "event_offset", "fileid", "datasetid", "status", "attemptnr")
    row = (job.jobsetid, job.jobsetid, 0, DATASET, Is.READY, 3)
    assert set(ranges(session, *others, "processed_upto_eventid")) == {(*row, 0)}
    contents = session.get_one(JediDatasetContents, (TASK, DATASET, 0))
    assert (contents.status, contents.pandaid, contents.jobsetid) == (
        "running", job.pandaid, job.jobsetid,
    )  # fmt: skip


@pytest.mark.parametrize(("flags", "first"), [("", 31), (",if", 11)])
def test_events_are_numbered_through_the_files_of_a_job_or_in_each(
    session: Session, flags: str, first: int
) -> None:
    make_files(session)
    special = f"es:input.1/10/29/10^input.0/20/10^{flags}"

    (job,) = put(session, new_job(special, [file(1), file(0)]))

    of_second = ranges(session, "def_min_eventid", "def_max_eventid", fileid=1)
    assert of_second == [(first, first + 9), (first + 10, first + 19)]
    assert ranges(session, "def_min_eventid", fileid=0) == [(1,), (11,)]
    stored = select(FilesTable4.lfn).order_by(FilesTable4.row_id)
    assert session.scalars(stored).all() == ["input.0", "input.1"]
    assert job.specialhandling == f"eventservice{flags}"


def test_jobs_with_an_index_share_the_job_set_of_the_first(session: Session) -> None:
    make_files(session)
    shared, other = "es:1:input.0/20/10^", "es:2:input.1/10/10^"
    known: dict[str, int] = {}

    first, second, third = put(
        session, new_job(shared), new_job(shared), new_job(other, [file(1)]), jobsets=known
    )
    (later,) = put(session, new_job(shared), jobsets=known)

    assert first.jobsetid == second.jobsetid == later.jobsetid != third.jobsetid
    assert known == {"1": first.jobsetid, "2": third.jobsetid}
    assert ranges(session, "pandaid") == [(first.jobsetid,), (first.jobsetid,), (third.jobsetid,)]
    assert history(session) == {
        (first.jobsetid, first.pandaid, "jobset_id"),
        (third.jobsetid, third.pandaid, "jobset_id"),
    }


def test_jobs_without_an_index_have_a_job_set_each(session: Session) -> None:
    """The server gives the second one none (bulk), or that of the first without ranges."""
    make_files(session)

    first, second = put(
        session, new_job("es:input.0/10/10^"), new_job("es:input.1/10/10^", [file(1)])
    )

    assert None not in (first.jobsetid, second.jobsetid)
    assert ranges(session, "pandaid") == [(first.jobsetid,), (second.jobsetid,)]


def test_older_ranges_of_the_file_are_discarded_or_cancelled(session: Session) -> None:
    make_files(session)
    old = [Is.FINISHED, Is.DONE, Is.READY, Is.SENT, Is.RUNNING, Is.FAILED, Is.FATAL]
    make_old(session, *old)

    (job,) = put(session, new_job("es:input.0/10/10^"))

    dropped, cancelled = [Is.DISCARDED] * 2, [Is.CANCELLED] * 3
    assert [one for (one,) in ranges(session, "status", pandaid=1)] == [
        *dropped, *cancelled, Is.FAILED, Is.FATAL,
    ]  # fmt: skip
    assert ranges(session, "processed_upto_eventid", status=Is.FAILED) == [(None,)]
    assert ranges(session, "status", pandaid=job.jobsetid) == [(Is.READY,)]


def test_ranges_that_a_jumbo_job_processes_are_left_to_it(session: Session) -> None:
    make_files(session)
    make_old(session, Is.SENT, Is.RUNNING, Is.READY, is_jumbo=1)

    put(session, new_job("es:input.0/10/10^"))

    assert ranges(session, "status", pandaid=1) == [(Is.SENT,), (Is.RUNNING,), (Is.CANCELLED,)]


def test_events_that_are_kept_are_not_processed_again(session: Session) -> None:
    make_files(session)
    make_old(session, Is.FINISHED, Is.READY)

    (job,) = put(session, new_job("es:input.0/30/10^,de"))

    assert ranges(session, "job_processid", pandaid=job.jobsetid) == [(11,), (21,)]
    assert ranges(session, "status", pandaid=1) == [(Is.DONE,), (Is.CANCELLED,)]
    assert job.specialhandling == "eventservice,de"


def test_a_job_without_an_event_left_is_marked(session: Session) -> None:
    make_files(session)
    make_old(session, Is.DONE, Is.FINISHED)

    (job,) = put(session, new_job("es:input.0/20/10^,de"))

    assert job.specialhandling == "eventservice,de,at"
    assert ranges(session, "job_processid", pandaid=job.jobsetid) == []


@pytest.mark.parametrize(("flags", "state"), [("", "failed"), (",de", "closed")])
def test_the_jobs_whose_events_are_discarded_have_failed(
    session: Session, flags: str, state: str
) -> None:
    """The server stores midnight in `statechangetime`."""
    make_files(session)
    now = datetime.now(UTC).replace(tzinfo=None)
    values = {"modificationtime": now, "statechangetime": now - timedelta(days=1)}
    closed = make_job(session, "closed", eventservice=1, **values)
    jumbo = make_job(session, "closed", eventservice=4, **values)
    done = make_job(session, "finished", eventservice=1, **values)
    old = make_job(session, "closed", eventservice=1, modificationtime=now - timedelta(days=91))
    session.add(JobsArchived(pandaid=closed, jobstatus="merging", eventservice=1, **values))
    for pandaid in (closed, jumbo, done, old):
        make_old(session, Is.DONE, pandaid=pandaid)

    put(session, new_job(f"es:input.0/20/10^{flags}"))

    states = select(JobsArchived4.pandaid, JobsArchived4.jobstatus)
    assert dict(map(tuple, session.execute(states))) == {
        closed: state, jumbo: "closed", done: "finished", old: "closed",
    }  # fmt: skip
    (archived,) = session.scalars(select(JobsArchived)).all()
    if not flags:
        failed = session.scalars(select(JobsArchived4).filter_by(pandaid=closed)).one()
        assert failed.jobsubstatus == archived.jobsubstatus == "es_discard"
        assert archived.jobstatus == "failed"
        assert failed.statechangetime is not None
        assert failed.statechangetime >= now
    else:
        assert archived.jobstatus == "merging"


def test_a_new_job_set_follows_the_old_one(session: Session) -> None:
    make_files(session)
    (old,) = put(session, new_job("es:1:input.0/20/10^"))

    (new,) = put(session, new_job("es:1:input.0/20/10^,rs", old=[old.pandaid]))

    assert history(session) >= {
        (old.pandaid, new.pandaid, "retry"),
        (new.jobsetid, new.pandaid, "jobset_id"),
        (old.jobsetid, new.jobsetid, "jobset_retry"),
        (new.pandaid, new.jobsetid, "jobset_map"),
    }
    assert len(history(session)) == 5


def test_a_job_that_is_not_of_jedi_has_a_job_set_and_no_ranges(session: Session) -> None:
    make_files(session)

    (job,) = put(session, new_job("es:input.0/20/10^", lockedby=None))

    assert job.jobsetid is not None
    assert ranges(session, "pandaid") == []


def test_the_number_of_the_job_set_goes_into_names(session: Session) -> None:
    make_files(session)
    output = {"type": "output", "lfn": "out.$JOBSETID"}
    new = new_job("es:input.0/20/10^", [file(), output], prodsourcelabel="user")

    (job,) = put(session, new)

    named = select(FilesTable4.lfn).where(FilesTable4.type == "output")
    assert session.scalars(named).all() == [f"out.{job.jobsetid:06d}"]


def test_only_the_first_job_of_a_job_set_queues_its_input(session: Session) -> None:
    make_files(session)
    known: dict[str, int] = {}
    put(session, new_job("es:1:input.1/20/10^", [file(1)]), jobsets=known)

    put(session, new_job("es:1:input.0/20/10^"), jobsets=known)

    asked = select(JediDatasetContents.proc_status).order_by(JediDatasetContents.fileid)
    assert session.scalars(asked).all() == [None, "queued"]


def test_files_that_a_job_has_several_times_are_noted_as_ranges(session: Session) -> None:
    make_files(session, 3)
    same = [file(n, lfn="pseudo", type="pseudo_input") for n in range(3)]

    (job,) = put(session, new_job("dy", same))

    rows = session.execute(select(FilesTable4.row_id, FilesTable4.fileid)).all()
    ((row_id, fileid),) = rows
    assert fileid == 0
    names = ("fileid", "pandaid", "job_processid", "attemptnr", "status", "processed_upto_eventid")
    noted = (job.pandaid, row_id, 1, Is.DISCARDED, -1)
    assert ranges(session, *names) == [(1, *noted), (2, *noted)]
    assert ranges(session, "def_min_eventid", "event_offset") == [(0, None)] * 2
    row = JediDatasetContents
    used = select(row.status, row.pandaid, row.proc_status).order_by(row.fileid)
    taken = ("running", job.pandaid)
    assert session.execute(used).all() == [(*taken, "queued"), (*taken, None), (*taken, None)]


def test_a_jumbo_job_needs_ranges_to_take(session: Session) -> None:
    make_files(session)
    jumbo = new_job("eventservice", eventservice=4)
    with pytest.raises(InvalidValue, match=r"job 1 of 1: task 7 has no range of events"):
        put(session, jumbo)

    make_old(session, Is.READY)

    (job,) = put(session, jumbo)
    assert job.eventservice == 4


def test_a_malformed_entry_names_the_job(session: Session) -> None:
    make_files(session)
    with pytest.raises(InvalidValue, match=r"job 2 of 2: specialhandling has 'f/1' for a file"):
        put(session, new_job("es:input.0/20/10^"), new_job("es:f/1^"))
    assert ranges(session, "pandaid") == []


def make_old(session: Session, *statuses: Is, pandaid: int = 1, **columns: Any) -> None:
    """Make older ranges of the first file, ten events each."""
    for number, status in enumerate(statuses):
        key = {
            "jeditaskid": TASK,
            "pandaid": pandaid,
            "fileid": 0,
            "job_processid": 10 * number + 1,
        }
        values = {"attemptnr": 3, "processed_upto_eventid": 0, "event_offset": 1, **columns}
        session.add(JediEvents(**key, datasetid=DATASET, status=status, **values))
    session.flush()
