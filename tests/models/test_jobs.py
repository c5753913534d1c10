"""The tables of jobs: one set of columns for all five, and so for what belongs to a job."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from pandadb.models import (
    FilesTable4,
    FilesTableArch,
    JobParamsTable,
    JobParamsTableArch,
    JobsActive4,
    JobsArchived,
    JobsArchived4,
    JobsDefined4,
    JobsWaiting4,
    MetaTable,
    MetaTableArch,
)
from pandadb.models.base import Base
from pandadb.models.jobs import columns

JOBS = (JobsDefined4, JobsWaiting4, JobsActive4, JobsArchived4, JobsArchived)
PAIRS = (
    (FilesTable4, FilesTableArch),
    (MetaTable, MetaTableArch),
    (JobParamsTable, JobParamsTableArch),
)
EPOCH = dt.datetime(1970, 1, 1)


def shape(model: type[Base]) -> dict[str, tuple[str, str | None]]:
    """Return type and comment of each column; their order is no contract."""
    return {c.name: (str(c.type), c.comment) for c in model.__table__.columns}


@pytest.mark.parametrize("job", JOBS)
def test_all_tables_of_jobs_have_the_same_columns(job: type[Base]) -> None:
    assert shape(job) == shape(JobsActive4)


@pytest.mark.parametrize(("live", "archived"), PAIRS)
def test_a_satellite_has_the_columns_of_its_archive(live: type[Base], archived: type[Base]) -> None:
    assert shape(live) == shape(archived)


@pytest.mark.parametrize("model", [*JOBS, *(model for pair in PAIRS for model in pair)])
def test_the_database_has_the_columns_of_the_model(model: type[Base], session: Session) -> None:
    found = session.scalars(
        text(
            "SELECT attname FROM pg_attribute WHERE attrelid = CAST(:name AS regclass)"
            " AND attnum > 0 AND NOT attisdropped"
        ),
        {"name": model.__table__.fullname},
    )

    assert {*found} == shape(model).keys()


def test_each_column_of_a_job_is_in_exactly_one_group() -> None:
    groups = columns.JobColumns.__bases__
    names = [name for group in groups for name in group.__annotations__]

    assert len(names) == len({*names}) == len(shape(JobsActive4))


def test_each_table_has_its_own_state_by_default(session: Session) -> None:
    states = {}
    for job in JOBS:
        made = job(pandaid=1, modificationtime=EPOCH)
        session.add(made)
        session.flush()
        states[job.__tablename__] = made.jobstatus

    assert states == {
        "jobsdefined4": "defined",
        "jobswaiting4": "waiting",
        "jobsactive4": "activated",
        "jobsarchived4": "activated",
        "jobsarchived": "unknown",
    }


def test_pandaids_come_from_the_one_sequence_of_jobs(session: Session) -> None:
    jobs = [JobsDefined4(), JobsActive4()]
    session.add_all(jobs)
    session.flush()

    assert jobs[1].pandaid == jobs[0].pandaid + 1 or jobs[0].pandaid == jobs[1].pandaid + 1


def test_satellites_of_a_live_job_are_in_the_live_partition_and_leave_it_when_it_ends(
    session: Session,
) -> None:
    session.add(FilesTable4(pandaid=1, lfn="a"))
    session.flush()
    where = text("SELECT tableoid::regclass::text FROM doma_panda.filestable4")
    assert session.scalar(where) == "doma_panda.filestable4_live"

    file = session.scalars(select(FilesTable4)).one()
    assert file.modificationtime == EPOCH
    session.execute(text("UPDATE doma_panda.filestable4 SET modificationtime = '2026-11-20'"))

    assert session.scalar(where) == "doma_panda.filestable4_default"


@pytest.mark.parametrize(("live", "archived"), [(JobsArchived4, JobsArchived), *PAIRS])
def test_a_partition_can_be_attached_to_the_archive_as_it_is(
    live: type[Base], archived: type[Base], session: Session
) -> None:
    source, target = live.__table__, archived.__table__
    day = f"{source.fullname}_p2026_11_20"
    bounds = "FOR VALUES FROM ('2026-11-20') TO ('2026-11-21')"
    for statement in (
        f"CREATE TABLE {day} PARTITION OF {source.fullname} {bounds}",
        f"ALTER TABLE {source.fullname} DETACH PARTITION {day}",
        f"ALTER TABLE {target.fullname} ATTACH PARTITION {day} {bounds}",
    ):
        session.execute(text(statement))

    attached = text(
        "SELECT relispartition FROM pg_class WHERE oid = CAST(:name AS regclass)"
    ).bindparams(name=day)
    assert session.scalar(attached)
