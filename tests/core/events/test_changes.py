"""Ranges of events carried through transitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from pandadb.core.events import changes
from pandadb.core.events.changes import EventFile, EventJob
from pandadb.core.events.states import EventStatus as Is
from pandadb.core.statemachine.machine import UnknownVerb
from pandadb.models import JediEvents

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TASK, DATASET, JOBSET, JOB = 7, 70, 555, 556
Made = tuple[int, int, int | None]
"""PandaID, state and attempts of a range."""


def make_ranges(session: Session, *statuses: Is, pandaid: int = JOB, **columns: Any) -> None:
    """Make a range for each state, numbered from 1."""
    values = {
        "jeditaskid": TASK, "datasetid": DATASET, "fileid": 1, "pandaid": pandaid, "attemptnr": 3,
        "processed_upto_eventid": 0, "event_offset": JOBSET, **columns,
    }  # fmt: skip
    for number, status in enumerate(statuses, start=1):
        session.add(JediEvents(job_processid=number, status=status, **values))
    session.flush()


def ranges(session: Session) -> dict[int, Made]:
    """Return the ranges by their numbers."""
    event = JediEvents.__table__.c
    asked = select(event.job_processid, event.pandaid, event.status, event.attemptnr)
    asked = asked.order_by(event.job_processid)
    return {
        number: (pandaid, status, left) for number, pandaid, status, left in session.execute(asked)
    }


def test_what_a_job_has_not_processed_goes_back_to_its_jobset_when_it_ends(
    session: Session,
) -> None:
    make_ranges(session, Is.FINISHED, Is.SENT, Is.RUNNING, Is.FAILED, Is.CANCELLED)

    changed = changes.of_jobs(session, "end", [EventJob(TASK, JOB, JOBSET)])

    assert changed == {JOB: {Is.DONE: 1, Is.READY: 2}}
    assert ranges(session) == {
        1: (JOB, Is.DONE, 3),
        2: (JOBSET, Is.READY, 2),
        3: (JOBSET, Is.READY, 2),
        4: (JOB, Is.FAILED, 3),
        5: (JOB, Is.CANCELLED, 3),
    }


def test_with_df_only_failed_ranges_cost_attempts(session: Session) -> None:
    make_ranges(session, Is.SENT)

    changes.of_jobs(session, "end", [EventJob(TASK, JOB, JOBSET, is_free=True)])

    assert ranges(session) == {1: (JOBSET, Is.READY, 3)}


def test_ranges_of_a_jumbo_job_go_back_to_the_jobsets_they_were_made_for(session: Session) -> None:
    make_ranges(session, Is.SENT, Is.FINISHED, is_jumbo=1)

    changes.of_jobs(session, "release", [EventJob(TASK, JOB)])

    assert ranges(session) == {1: (JOBSET, Is.READY, 2), 2: (JOB, Is.FINISHED, 3)}


@pytest.mark.parametrize(
    ("verb", "goals"),
    [
        ("discard", {Is.FINISHED: Is.DISCARDED, Is.DONE: Is.DISCARDED, Is.SENT: Is.CANCELLED}),
        ("keep", {Is.FINISHED: Is.DONE, Is.DONE: Is.DONE, Is.READY: Is.CANCELLED}),
        ("cancel open", {Is.FINISHED: Is.FINISHED, Is.RUNNING: Is.CANCELLED}),
        ("cancel", {Is.READY: Is.CANCELLED, Is.SENT: Is.SENT}),
        ("merge", {Is.DONE: Is.MERGED, Is.FINISHED: Is.FINISHED}),
        ("corrupt", {Is.DONE: Is.CORRUPTED}),
    ],
)
def test_each_range_takes_the_step_of_its_state(
    session: Session, verb: str, goals: dict[Is, Is]
) -> None:
    make_ranges(session, *goals, Is.FAILED, Is.CORRUPTED)

    changes.of_jobs(session, verb, [EventJob(TASK, JOB)])

    assert [status for _, status, _ in ranges(session).values()] == [
        *goals.values(), Is.FAILED, Is.CORRUPTED,
    ]  # fmt: skip


def test_samples_of_hyperparameters_go_back_while_they_have_attempts(session: Session) -> None:
    make_ranges(session, Is.SENT, Is.FINISHED)
    make_ranges(session, Is.RUNNING, fileid=2, attemptnr=1)

    changes.of_jobs(session, "release samples", [EventJob(TASK, JOB)])

    event = JediEvents.__table__.c
    asked = select(event.fileid, event.pandaid, event.status, event.attemptnr)
    assert sorted(session.execute(asked).all()) == [
        (1, 0, Is.READY, 2),
        (1, JOB, Is.FINISHED, 3),
        (2, JOB, Is.FAILED, 0),
    ]


def test_ranges_of_files_leave_those_alone_that_a_jumbo_job_processes(session: Session) -> None:
    make_ranges(session, Is.SENT, Is.FINISHED, is_jumbo=1)
    make_ranges(session, Is.SENT, pandaid=JOB + 1)

    changes.of_files(session, "keep", [EventFile(TASK, DATASET, 1)])

    event = JediEvents.__table__.c
    asked = select(event.pandaid, event.job_processid, event.status)
    assert sorted(session.execute(asked).all()) == [
        (JOB, 1, Is.SENT),
        (JOB, 2, Is.DONE),
        (JOB + 1, 1, Is.CANCELLED),
    ]


def test_ranges_of_a_file_can_be_those_of_one_job_or_of_jumbo_jobs(session: Session) -> None:
    make_ranges(session, Is.DONE)
    make_ranges(session, Is.DONE, pandaid=JOB + 1)
    make_ranges(session, Is.DONE, pandaid=JOB + 2, is_jumbo=1)

    one = changes.of_files(session, "discard", [EventFile(TASK, DATASET, 1, JOB)])
    jumbo = changes.of_files(session, "merge", [EventFile(TASK, DATASET, 1)], jumbo_only=True)

    assert (one, jumbo) == ({JOB: {Is.DISCARDED: 1}}, {JOB + 2: {Is.MERGED: 1}})


def test_failed_ranges_are_copied_once(session: Session) -> None:
    make_ranges(session, Is.FAILED, Is.DONE)
    job = EventJob(TASK, JOB, JOBSET)

    assert [changes.copy_failed(session, [job]) for _ in range(2)] == [1, 0]

    event = JediEvents.__table__.c
    asked = select(event.pandaid, event.status, event.attemptnr, event.processed_upto_eventid)
    assert sorted(session.execute(asked.where(event.job_processid == 1)).all()) == [
        (JOBSET, Is.READY, 2, 0),
        (JOB, Is.FAILED, 3, None),
    ]


def test_an_unknown_verb_is_refused(session: Session) -> None:
    with pytest.raises(UnknownVerb, match="no verb 'eat'"):
        changes.of_jobs(session, "eat", [EventJob(TASK, JOB)])


def test_no_job_and_no_file_change_nothing(session: Session) -> None:
    assert changes.of_jobs(session, "end", []) == changes.of_files(session, "keep", []) == {}
    assert changes.copy_failed(session, []) == 0
