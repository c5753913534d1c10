"""Sequences behind their tables: found, mended, and no number given twice."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text

from pandadb.core.jobs.attempts import retries
from pandadb.core.jobs.creation.issued_ids import NumberTaken
from pandadb.core.jobs.creation.submission import NewJob, submit
from pandadb.core.sql import sequences
from pandadb.models import (
    ArchiveRange,
    FilesTable4,
    JediDatasetContents,
    JobsDefined4,
    JobsStatusLog,
    Users,
)
from tests.factories import make_archived, make_job, make_satellites, make_task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

JOBS = "doma_panda.jobsdefined4_pandaid_seq"


@pytest.fixture(autouse=True)
def _as_before(session: Session) -> Iterator[None]:
    """Leave the sequences to other tests as they were: no rollback does that."""
    before = {name: session.execute(text(f"SELECT last_value, is_called FROM {name}")).one()
              for name in sequences.fed()}  # fmt: skip
    yield
    for name, (number, is_called) in before.items():
        restart(session, name, number, is_called=is_called)


def restart(session: Session, name: str, number: int, *, is_called: bool = False) -> None:
    """Set a sequence back, as a restore of the tables alone leaves it."""
    given = {"name": name, "number": number, "is_called": is_called}
    session.execute(text("SELECT setval(:name, :number, :is_called)"), given)


@pytest.fixture
def restored(session: Session) -> Session:
    """A session in which the sequence of PandaIDs gives 7,000,000 next."""
    restart(session, JOBS, 7_000_000)
    return session


@pytest.mark.parametrize(
    "state", ["defined", "waiting", "activated", "running", "finished", "cancelled"]
)
def test_a_pandaid_that_a_job_has_is_not_given_to_another(restored: Session, state: str) -> None:
    make_job(restored, state, 7_000_004)

    with pytest.raises(NumberTaken, match=r"PandaID 7000004 is taken already: .* fix-sequences"):
        submit(restored, [NewJob({})] * 5, "defined", "here")

    log = select(func.count()).select_from(JobsStatusLog)
    assert restored.scalar(log.where(JobsStatusLog.pandaid >= 7_000_000)) == 0


def test_a_pandaid_that_is_in_the_archive_only_is_not_given_to_another(restored: Session) -> None:
    day, next_day = datetime(2026, 1, 1), datetime(2026, 1, 2)
    archived = make_archived(restored, "finished", modificationtime=day)
    restored.add(
        ArchiveRange(
            table_name="jobsarchived",
            lower_bound=day,
            upper_bound=next_day,
            least_pandaid=archived,
            greatest_pandaid=archived,
        )
    )
    restored.flush()
    restart(restored, JOBS, archived - 1)

    with pytest.raises(NumberTaken, match=f"PandaID {archived} is taken"):
        submit(restored, [NewJob({})] * 2, "defined", "here")


def test_jobs_that_were_submitted_later_are_in_nobodys_way(restored: Session) -> None:
    make_job(restored, "finished", 7_000_005)

    assert submit(restored, [NewJob({})] * 5, "defined", "here") == [*range(7_000_000, 7_000_005)]


def test_a_retry_takes_no_number_of_another_job_either(restored: Session) -> None:
    failed = make_job(restored, "failed", 7_000_000)

    with pytest.raises(NumberTaken, match="PandaID 7000000 is taken"):
        retries.again(restored, [failed], "here")


def test_a_number_of_a_file_is_not_given_to_another(session: Session) -> None:
    make_satellites(session, make_job(session, "finished"))
    row_id = session.scalar(select(func.max(FilesTable4.row_id)))
    restart(session, "doma_panda.filestable4_row_id_seq", row_id)

    with pytest.raises(NumberTaken, match=f"row_id of a file, {row_id} is taken"):
        submit(session, [NewJob({}, [{"type": "log"}])], "defined", "here")


def test_each_sequence_that_feeds_a_column_is_known() -> None:
    declared = {*sequences.fed()}
    others = {"group_jobid_seq", "subcounter_subid_seq", "all_requests_seq"}
    unknown = {
        name.rpartition(".")[2]
        for name in sequences.Base.metadata._sequences
        if name not in declared
    }
    assert unknown == others


def test_sequences_behind_their_tables_are_named_and_mended(session: Session) -> None:
    make_task(session, 9_000_000, files=2)
    ended = make_job(session, "finished", 8_000_000)
    session.add(Users(id=77, name="somebody"))
    session.flush()
    for name in (JOBS, "doma_deft.prodsys2_task_id_seq", "doma_pandameta.users_id_seq"):
        restart(session, name, 5)

    found = {one.sequence: one for one in sequences.behind(session)}

    assert found[JOBS].highest == ended
    assert str(found[JOBS]).startswith(
        f"sequence {JOBS} gives 5 next, but doma_panda.jobsarchived4"
    )
    assert found["doma_deft.prodsys2_task_id_seq"].column == "jeditaskid"
    assert found["doma_pandameta.users_id_seq"].highest == 77
    for one in found.values():
        sequences.raise_to(session, one.sequence, one.highest)
    assert sequences.behind(session) == []
    assert submit(session, [NewJob({})], "defined", "here") == [ended + 1]


def test_a_sequence_that_has_never_been_used_is_behind_a_row_with_its_first_number(
    session: Session,
) -> None:
    restart(session, JOBS, 1)
    make_job(session, "defined", 1)

    assert [one.highest for one in sequences.behind(session) if one.sequence == JOBS] == [1]


def test_an_absurd_number_does_not_use_up_a_sequence(session: Session) -> None:
    make_job(session, "defined", 2**63 - 1)

    assert [one for one in sequences.behind(session) if one.sequence == JOBS] == []


def test_a_sequence_is_never_set_back(session: Session) -> None:
    restart(session, JOBS, 7_000_000)

    sequences.raise_to(session, JOBS, 5)

    assert submit(session, [NewJob({})], "defined", "here") == [7_000_000]


def test_files_of_tasks_count_although_no_index_begins_with_their_number(
    session: Session,
) -> None:
    make_task(session, 7, files=1)
    session.get_one(JediDatasetContents, (7, 70, 0))
    session.execute(
        text("UPDATE doma_panda.jedi_dataset_contents SET fileid = 5000000 WHERE jeditaskid = 7")
    )
    restart(session, "doma_panda.jedi_dataset_cont_fileid_seq", 5)

    assert 5_000_000 in {one.highest for one in sequences.behind(session)}
    assert session.scalar(select(func.count(JobsDefined4.pandaid))) == 0
