"""A task whose files jobs are made of, as JEDI makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update

from pandadb.models import JediDatasetContents, JediDatasets
from pandadb.services.jobs import NewJob
from tests.factories import ROLES

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.database import Database


def new_jobs(database: Database, jeditaskid: int, number: int) -> list[NewJob]:
    """Return jobs for files of the task that may be tried; the files are picked for them."""
    with database.session() as session:
        return [
            _job(session, jeditaskid, fileid, n) for fileid, n in _pick(session, jeditaskid, number)
        ]


def _pick(session: Session, jeditaskid: int, number: int) -> list[tuple[int, int]]:
    dataset = session.execute(
        select(JediDatasets.datasetid)
        .where(JediDatasets.jeditaskid == jeditaskid, JediDatasets.type == "input")
        .with_for_update()
    ).scalar_one()
    file = JediDatasetContents
    chosen = (
        select(file.fileid)
        .where(
            file.jeditaskid == jeditaskid,
            file.datasetid == dataset,
            file.status == "ready",
            file.attemptnr < file.maxattempt,
            func.coalesce(file.maxfailure, 99) > func.coalesce(file.failedattempt, 0),
        )
        .order_by(file.fileid)
        .limit(number)
    )
    picked = session.execute(
        update(file.__table__)
        .where(file.__table__.c.fileid.in_(chosen), file.__table__.c.datasetid == dataset)
        .values(status="picked")
        .returning(file.__table__.c.fileid, file.__table__.c.attemptnr)
    ).all()
    used = func.coalesce(JediDatasets.nfilesused, 0) + len(picked)
    session.execute(
        update(JediDatasets).where(JediDatasets.datasetid == dataset).values(nfilesused=used)
    )
    return [(fileid, attempt) for fileid, attempt in picked]


def _job(session: Session, jeditaskid: int, fileid: int, attempt: int) -> NewJob:
    files: list[dict[str, Any]] = []
    for place, role in enumerate(ROLES):
        key = {"jeditaskid": jeditaskid, "datasetid": jeditaskid * 10 + place}
        number = fileid if role == "input" else fileid * 1000 + attempt
        if role != "input":
            made = {"status": "defined", "attemptnr": 0, "lfn": role, "type": role, "keeptrack": 1}
            row = {**key, "fileid": number, **made, "creationdate": func.now()}
            session.execute(insert(JediDatasetContents.__table__).values(row))
        known = {"fileid": number, "attemptnr": attempt if role == "input" else 0}
        files.append({"type": role, **key, **known})
    columns = {
        "jeditaskid": jeditaskid, "lockedby": "jedi", "computingsite": "CERN",
        "prodsourcelabel": "managed", "meancorecount": 7.5,
    }  # fmt: skip
    return NewJob(columns, files, "-n 1", "{}")
