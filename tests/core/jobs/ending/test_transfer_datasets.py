"""Dispatch blocks are marked when their jobs fail; parts of datasets that stay empty are closed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from pandadb.core.jobs import advances
from pandadb.models import Datasets, FilesTable4
from tests.factories import ROW_IDS, make_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

BLOCK, PART, WHOLE = "panda.1_dis0", "user.u.out_sub12", "user.u.out"


def make_dataset(session: Session, name: str, **columns: Any) -> None:
    when = datetime(2026, 1, 1)
    row = {"vuid": name, "modificationdate": when, "status": "running", **columns}
    session.add(Datasets(name=name, **row))
    session.flush()


def make_file(session: Session, job: int, kind: str, **columns: Any) -> int:
    session.add(FilesTable4(row_id=next(ROW_IDS), pandaid=job, type=kind, **columns))
    session.flush()
    return job


def dispatched(session: Session, label: str = "managed") -> int:
    job = make_job(session, "running", prodsourcelabel=label, dispatchdblock=BLOCK)
    return make_file(session, job, "input", dispatchdblock=BLOCK)


def status(session: Session, name: str) -> str | None:
    return session.scalar(select(Datasets.status).where(Datasets.name == name))


@pytest.mark.parametrize(
    ("verb", "label", "before", "after"),
    [
        ("fail", "managed", 0, 1),
        ("fail", "test", 0, 1),
        ("fail", "managed", 1, 1),
        ("fail", "user", 0, 0),
        ("finish", "managed", 0, 0),
        ("kill hard", "managed", 0, 0),
    ],
)
def test_the_first_production_job_that_fails_marks_its_block(
    session: Session, verb: str, label: str, before: int, after: int
) -> None:
    make_dataset(session, BLOCK, currentfiles=before)
    make_dataset(session, "panda.2_dis0", currentfiles=0)
    jobs = [dispatched(session, label) for _ in range(3)]

    advances.advance(session, verb, jobs, host="here")

    marks = select(Datasets.currentfiles).order_by(Datasets.name)
    assert session.scalars(marks).all() == [after, 0]


def end_of_build(session: Session, **columns: Any) -> None:
    build = make_job(session, "running", prodsourcelabel="panda")
    make_file(session, build, "output", lfn="a.lib.tgz")
    waiting = make_job(session, "defined", prodsourcelabel="user", **columns)
    make_file(session, waiting, "input", lfn="a.lib.tgz")
    make_file(session, waiting, "output", lfn="b", destinationdblock=PART)
    make_file(session, waiting, "log", lfn="c", destinationdblock="user.u.log_sub12")
    for name in (PART, WHOLE, "user.u.log_sub12"):
        make_dataset(session, name)
    advances.advance(session, "fail", [build], host="here")


@pytest.mark.parametrize(
    ("columns", "whole"),
    [
        ({}, "tobeclosed"),
        ({"processingtype": "hammercloud-fax"}, "completed"),
        ({"lockedby": "jedi"}, "running"),
    ],
)
def test_parts_of_datasets_are_closed_when_their_jobs_have_no_library(
    session: Session, columns: dict[str, str], whole: str
) -> None:
    end_of_build(session, **columns)

    assert status(session, PART) == "tobeclosed"
    assert status(session, WHOLE) == whole
    assert status(session, "user.u.log_sub12") == "running"


def test_a_dataset_that_is_no_part_is_not_closed(session: Session) -> None:
    make_dataset(session, "out")
    session.execute(update(Datasets).values(status="running"))
    build = make_file(session, make_job(session, "running", prodsourcelabel="panda"), "output")
    session.execute(update(FilesTable4).values(lfn="a.lib.tgz"))
    waiting = make_file(session, make_job(session, "defined"), "input", lfn="a.lib.tgz")
    make_file(session, waiting, "output", lfn="b", destinationdblock="out")

    advances.advance(session, "fail", [build], host="here")

    assert status(session, "out") == "running"
