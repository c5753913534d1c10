"""Reports of jobs on their ranges of events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from pandadb.core.events.refusals import RangeRefusalReason as Why
from pandadb.core.events.states import EventStatus as Is
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import FilesTable4, JediEvents, JediTasks, JobOutputReport, JobsActive4
from pandadb.services import events
from pandadb.services.events import ArchiveFile, RangeReport, RangeRequest, VerbOptions
from pandadb.services.jobs import Heartbeat, heartbeat
from tests.event_tasks import (
    EVENT,
    JOBSET,
    TASK,
    holders,
    make_consumer,
    make_event_task,
    make_ranges,
)

if TYPE_CHECKING:
    from pandadb.database import Database
    from pandadb.services.events import StoredReports


def give(database: Database, ranges: int = 2, **columns: Any) -> tuple[int, list[str]]:
    """Make a job that has taken ranges; return it, and their ids."""
    with database.session() as session:
        make_event_task(session, ranges)
        job = make_consumer(session)
    ids = [str(one.id) for one in events.take(database, RangeRequest(job, ranges)).ranges[job]]
    with database.session() as session:
        if columns:
            session.execute(update(JobsActive4).values(**columns))
    return job, ids


def say(database: Database, *said: tuple[str, str], **options: Any) -> StoredReports:
    return events.report(database, [RangeReport(*one) for one in said], **options)


def job_of(database: Database, pandaid: int) -> JobsActive4:
    with database.session() as session:
        return session.get_one(JobsActive4, pandaid)


def test_ranges_are_finished_or_failed_by_their_job(database: Database) -> None:
    job, (first, second) = give(database)
    failed = RangeReport(second, "failed", 7, 1099, "x" * 600, 2)

    done = events.report(database, [RangeReport(first, "finished"), failed])

    assert (done.outcomes, done.refused, done.commands) == (["stored"] * 2, {}, {job: None})
    assert holders(database) == {1: (job, Is.FINISHED, 3), 11: (job, Is.FAILED, 3)}
    with database.session() as session:
        one = session.scalars(select(JediEvents).filter_by(job_processid=11)).one()
        assert (one.objstore_id, one.error_code, one.error_diag, one.path_convention) == (
            7, 1099, "x" * 500, 2,
        )  # fmt: skip


def test_a_fatal_range_has_no_other_attempt(database: Database) -> None:
    job, (first, _) = give(database)

    say(database, (first, "fatal"))

    assert holders(database)[1] == (job, Is.FAILED, 1)


@pytest.mark.parametrize(
    ("splitrule", "nevents"), [(None, 2), ("ES=10,SE=5", 20), ("AES=7,TW=2", 2), ("SE=5,ES=3", 6)]
)
def test_a_job_counts_the_events_that_it_has_processed(
    database: Database, splitrule: str | None, nevents: int
) -> None:
    """The server takes the number of another rule that ends with the same letters."""
    job, ids = give(database, 3)
    with database.session() as session:
        session.execute(update(JediTasks).values(splitrule=splitrule))

    say(database, (ids[0], "finished"), (ids[1], "failed"), (ids[2], "finished"))

    assert job_of(database, job).nevents == nevents


def test_states_that_are_not_stored_are_skipped(database: Database) -> None:
    _job, (first, second) = give(database)

    done = say(database, (first, "running"), (second, "transferring"))

    assert (done.outcomes, done.commands) == (["skipped"] * 2, {})
    assert {status for _, status, _ in holders(database).values()} == {Is.SENT}


def test_a_second_report_is_refused(database: Database) -> None:
    job, (first, _) = give(database)
    say(database, (first, "failed"))

    done = say(database, (first, "finished"))

    assert done.refused[0].reason is Why.STATE
    assert done.refused[0].sentence == f"Range {first} is failed already"
    assert holders(database)[1] == (job, Is.FAILED, 3)
    assert job_of(database, job).nevents == 0


def test_of_two_reports_in_a_call_the_first_counts(database: Database) -> None:
    _, (first, _) = give(database)

    done = say(database, (first, "finished"), (first, "failed"))

    assert done.outcomes == ["stored", "refused"]
    assert holders(database)[1][1] == Is.FINISHED


def test_a_report_on_a_range_that_went_back_is_refused(database: Database) -> None:
    _job, (first, _) = give(database)
    with database.session() as session:
        session.execute(update(JediEvents).values(pandaid=JOBSET, status=Is.READY, attemptnr=2))

    done = say(database, (first, "finished"))

    assert done.refused[0].reason is Why.UNKNOWN
    assert "does not have it" in done.refused[0].sentence
    assert holders(database)[1] == (JOBSET, Is.READY, 2)


def test_a_report_of_an_earlier_attempt_is_refused(database: Database) -> None:
    _job, (first, _) = give(database)
    with database.session() as session:
        session.execute(update(JediEvents).values(attemptnr=2))

    done = say(database, (first, "finished"))

    assert done.refused[0].reason is Why.ATTEMPT
    assert done.refused[0].sentence == f"Range {first} is at attempt 2"


@pytest.mark.parametrize("state", ["holding", "activated"])
def test_jobs_in_other_states_report_nothing(database: Database, state: str) -> None:
    job, (first, _) = give(database, jobstatus=state)

    done = say(database, (first, "finished"))

    assert (done.refused[0].reason, done.commands) == (Why.STATE, {job: None})
    assert holders(database)[1][1] == Is.SENT


def test_a_job_that_has_ended_is_told_to_end(database: Database) -> None:
    done = say(database, ("7-99-0-1-3", "finished"))

    assert (done.refused[0].reason, done.commands) == (Why.UNKNOWN, {99: "tobekilled"})


@pytest.mark.parametrize(
    ("columns", "command"),
    [
        ({"commandtopilot": "tobekilled"}, "tobekilled"),
        ({"commandtopilot": "tobekilled", "superrorcode": 122}, "softkill"),
        ({"superrorcode": 122}, None),
    ],
)
def test_the_answer_has_the_command_for_the_pilot(
    database: Database, columns: dict[str, Any], command: str | None
) -> None:
    job, (first, _) = give(database, **columns)

    assert say(database, (first, "finished")).commands == {job: command}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (RangeReport("1-2-3-4", "finished"), "the id of a range has to be jediTaskID-pandaID-"),
        (RangeReport("1-2-3-4-x", "finished"), "not '1-2-3-4-x'"),
        (RangeReport("1-2-3-4-5", "finnished"), "no range is 'finnished': is it finished?"),
        (RangeReport("1-2-3-4-5", "failed", error_code="x"), "error_code has to be"),
        (
            RangeReport("1-2-3-4-5", "failed", path_convention=70_000),
            "path_convention is too large",
        ),
        (RangeReport("1-2-3-4-5", "failed", error_diag=5), "error_diag has to be text"),
        (RangeReport("1-2-3-4-5", "finished", archive=ArchiveFile("", 1)), "has to have lfn"),
    ],
)
def test_a_malformed_report_is_refused_by_itself(
    database: Database, given: RangeReport, words: str
) -> None:
    job, (first, _) = give(database)

    done = events.report(database, [given, RangeReport(first, "finished")])

    assert done.outcomes == ["refused", "stored"]
    assert done.refused[0].reason is Why.INVALID
    assert words in done.refused[0].sentence
    assert holders(database)[1] == (job, Is.FINISHED, 3)


def test_an_archive_file_is_registered_once(database: Database) -> None:
    job, (first, second) = give(database)
    archive = ArchiveFile("out.zip", 5, 1000, "deadbeef", 1, 20)

    for one in (first, second):
        events.report(database, [RangeReport(one, "finished", archive=archive)])

    with database.session() as session:
        (file,) = session.scalars(select(FilesTable4).filter_by(type="zipoutput")).all()
        assert {*session.scalars(select(EVENT.ziprow_id))} == {file.row_id}
        assert (file.pandaid, file.jeditaskid, file.lfn, file.fsize) == (job, TASK, "out.zip", 1000)
        assert (file.checksum, file.destinationse) == ("ad:deadbeef", "5/1")
        assert (file.dispatchdblocktoken, file.status) == ("20", "ready")
        assert len(file.guid or "") == 36
        assert session.scalars(select(JobOutputReport)).all() == []


def test_jobs_with_archive_files_of_one_name_have_their_own(database: Database) -> None:
    """The server gives all ranges of a call the row of the first job."""
    job, (first,) = give(database, 1)
    with database.session() as session:
        other = make_consumer(session)
        make_ranges(session, 1, fileid=9)
    (range_of_other,) = events.take(database, RangeRequest(other, 1)).ranges[other]
    archive = ArchiveFile("out.zip", 5)

    events.report(
        database,
        [RangeReport(one, "finished", archive=archive) for one in (first, range_of_other.id)],
    )

    with database.session() as session:
        of_file = EVENT.ziprow_id == FilesTable4.row_id
        rows = select(FilesTable4.pandaid, EVENT.pandaid).join(EVENT.fileid.table, of_file)
        found = session.execute(rows).all()
        assert {*map(tuple, found)} == {(job, job), (other, other)}


def test_a_refused_report_registers_no_archive_file(database: Database) -> None:
    _job, (first, _) = give(database)
    say(database, (first, "failed"))

    events.report(database, [RangeReport(first, "finished", archive=ArchiveFile("out.zip", 5))])

    with database.session() as session:
        assert session.scalars(select(FilesTable4).filter_by(type="zipoutput")).all() == []


def test_the_registration_of_archive_files_does_not_hide_the_end_of_the_job(
    database: Database,
) -> None:
    job, (first, _) = give(database, specialhandling="eventservice,re", attemptnr=0)
    archive = ArchiveFile("out.zip", 5)

    events.report(database, [RangeReport(first, "finished", archive=archive)])

    with database.session() as session:
        (asked,) = session.scalars(select(JobOutputReport)).all()
        assert (asked.pandaid, asked.jobstatus, asked.attemptnr) == (job, "esregister", 0)
    heartbeat(database, [Heartbeat(job, "finished", report="{}")])
    with database.session() as session:
        (said,) = session.scalars(select(JobOutputReport)).all()
        assert (said.jobstatus, said.data) == ("finished", "{}")


def test_fine_grained_ranges_can_be_processed_before_a_job_takes_them(database: Database) -> None:
    with database.session() as session:
        make_event_task(session, 2)
        first, second = (
            make_consumer(session, state, eventservice=6, specialhandling="")
            for state in ("activated", "running")
        )
    of_set = f"{TASK}-{JOBSET}-0-1-3"

    assert say(database, (of_set, "finished")).refused[0].reason is Why.UNKNOWN
    done = say(database, (of_set, "finished"), fine_grained=True)

    assert done.outcomes == ["stored"]
    assert holders(database)[1] == (JOBSET, Is.FINISHED, 3)
    assert [job_of(database, one).nevents for one in (first, second)] == [1, 1]


def test_a_dry_run_stores_nothing(database: Database) -> None:
    _, (first, _) = give(database)

    done = say(database, (first, "finished"), options=VerbOptions(dry_run=True))

    assert done.outcomes == ["stored"]
    assert holders(database)[1][1] == Is.SENT


def test_no_report_is_no_work(database: Database) -> None:
    assert events.report(database, []).outcomes == []
    assert events.report(database, [], fine_grained=True).outcomes == []


@pytest.mark.any_server
def test_reports_are_read_as_pilots_send_them() -> None:
    plain = {"eventRangeID": "1-2-3-4-5", "eventStatus": "failed", "errorCode": "1099",
             "objstoreID": 5, "coreCount": 8, "errorDiag": "no"}  # fmt: skip
    archive = {"lfn": "f", "objstoreID": 5, "fsize": "10", "adler32": "ab", "numEvents": 3}
    packed = {"zipFile": archive, "eventRanges": [{"eventRangeID": "a", "eventStatus": "finished"}]}

    first, second = events.read(json.dumps([plain, packed]))

    assert first == RangeReport("1-2-3-4-5", "failed", 5, 1099, "no")
    assert second == RangeReport("a", "finished", archive=ArchiveFile("f", 5, 10, "ab", None, 3))


@pytest.mark.any_server
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[", "the reports are not JSON"),
        ("{}", "have to be a JSON array"),
        ("[1]", "report 1: this has to be a JSON object, not 1"),
        ("[{}]", "report 1: eventRangeID has to be text, not None"),
        ('[{"eventRanges": 5}]', "report 1: eventRanges has to be a list"),
        ('[{"zipFile": 5}]', "report 1: this has to be a JSON object, not 5"),
    ],
)
def test_a_text_that_is_no_report_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidValue, match=words):
        events.read(text)
