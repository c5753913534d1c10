"""Invented tasks with jobs to run, in the form of JEDI; reproducible by seed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from pandadb.core.jobs.creation.submission import NewJob
from pandadb.core.jobs.csv_import import insertion
from pandadb.core.sql.expressions import now
from pandadb.demo.sample_records import SITES
from pandadb.models import HarvesterInstances, JediDatasetContents, JediDatasets, JediTasks
from pandadb.models.schemas.deft import PRODSYS2_TASK_SEQ

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

FIRST_TASK = 2_000_000
"""Ids of these tasks and jobs are larger, apart from those of records."""

HARVESTER = "demo"
"""The Harvester instance of the jobs' workers."""

ROLES = ("input", "output", "log")
EVENTS = 1000
KINDS = (
    {"prodsourcelabel": "managed", "gshare": "Simulation", "produsername": "production"},
    {"prodsourcelabel": "managed", "gshare": "Reconstruction", "produsername": "production"},
    {"prodsourcelabel": "user", "gshare": "User Analysis", "produsername": "ada"},
)
PRIORITIES = (500, 600, 1000)


def make(session: Session, files: int) -> int:
    """Create a running task: a dataset of `files` inputs, and empty ones for outputs and logs."""
    insertion.raise_sequences(session, FIRST_TASK, FIRST_TASK)
    jeditaskid = session.scalars(select(PRODSYS2_TASK_SEQ.next_value())).one()
    when = session.scalars(select(now())).one()
    task = JediTasks(
        jeditaskid=jeditaskid,
        taskname=f"demo.{jeditaskid}",
        status="running",
        username="demo",
        creationdate=when,
        starttime=when,
        modificationtime=when,
    )
    session.add_all([task, *(_dataset(jeditaskid, role, when) for role in ROLES)])
    harvester = insert(HarvesterInstances).values(harvester_id=HARVESTER, starttime=when)
    session.execute(harvester.on_conflict_do_nothing())
    dataset = _datasets(session, jeditaskid)["input"]
    inputs = [f"demo.{jeditaskid}.{n:04d}.input" for n in range(1, files + 1)]
    _add_files(session, dataset, inputs, when, status="ready", maxattempt=1, nevents=EVENTS)
    _count(session, dataset, nfiles=files, nfilestobeused=files)
    return jeditaskid


def _dataset(jeditaskid: int, role: str, when: datetime) -> JediDatasets:
    return JediDatasets(
        jeditaskid=jeditaskid,
        type=role,
        status="ready" if role == "input" else "defined",
        datasetname=f"demo.{jeditaskid}.{role}",
        creationtime=when,
        modificationtime=when,
        **dict.fromkeys(("nfiles", "nfilesused", "nfilesfinished", "nfilesfailed"), 0),
    )


def next_jobs(session: Session, jeditaskid: int, njobs: int, seed: int = 4) -> list[NewJob]:
    """Create jobs for the next inputs of the task, one for each, at most `njobs`."""
    datasets = _datasets(session, jeditaskid)
    used = datasets["input"].nfilesused
    inputs = _pick(session, datasets["input"], njobs)
    when = session.scalars(select(now())).one()
    files = {"input": inputs}
    for role in ROLES[1:]:
        names = [file.lfn.replace("input", role) for file in inputs]
        files[role] = _add_files(session, datasets[role], names, when, status="defined")
        counters = ("nfiles", "nfilestobeused", "nfilesused")
        _count(session, datasets[role], **dict.fromkeys(counters, len(names)))
    chance = random.Random(f"{seed} {used}")  # noqa: S311 - nothing here is secret
    return [
        NewJob(
            {"jeditaskid": jeditaskid, **_columns(chance)},
            [_file(datasets[file.type], file) for file in trio],
            f"--input {trio[0].lfn} --output {trio[1].lfn} --events {EVENTS}",
        )
        for trio in zip(*files.values(), strict=True)
    ]


def _datasets(session: Session, jeditaskid: int) -> dict[str, JediDatasets]:
    found = session.scalars(select(JediDatasets).where(JediDatasets.jeditaskid == jeditaskid))
    return {dataset.type: dataset for dataset in found}


def _pick(session: Session, dataset: JediDatasets, njobs: int) -> Sequence[JediDatasetContents]:
    """Pick the next inputs; the dataset counts them as used from now on."""
    contents = JediDatasetContents
    inputs = session.scalars(
        select(contents)
        .where(
            contents.jeditaskid == dataset.jeditaskid,
            contents.datasetid == dataset.datasetid,
            contents.status == "ready",
        )
        .order_by(contents.fileid)
        .limit(njobs)
    ).all()
    for file in inputs:
        file.status = "picked"
    _count(session, dataset, nfilesused=len(inputs))
    return inputs


def _add_files(
    session: Session, dataset: JediDatasets, lfns: Sequence[str], when: datetime, **columns: Any
) -> list[JediDatasetContents]:
    key = {"jeditaskid": dataset.jeditaskid, "datasetid": dataset.datasetid, "type": dataset.type}
    given = {**key, "keeptrack": 1, "attemptnr": 0, "creationdate": when, **columns}
    files = [JediDatasetContents(**given, lfn=lfn) for lfn in lfns]
    session.add_all(files)
    session.flush()
    return files


def _count(session: Session, dataset: JediDatasets, **more: int) -> None:
    """Add to counters of a dataset in the database: jobs of the task may end concurrently."""
    columns = JediDatasets.__table__.columns
    session.execute(
        update(JediDatasets)
        .where(
            JediDatasets.jeditaskid == dataset.jeditaskid,
            JediDatasets.datasetid == dataset.datasetid,
        )
        .values({name: func.coalesce(columns[name], 0) + n for name, n in more.items()})
        .execution_options(synchronize_session=False)
    )


def _columns(chance: random.Random) -> Mapping[str, Any]:
    cores = chance.choice((1, 8))
    return {
        **chance.choice(KINDS),
        "lockedby": "jedi",
        "computingsite": chance.choices([*SITES], [share for share, _ in SITES.values()])[0],
        "assignedpriority": chance.choice(PRIORITIES),
        "corecount": cores,
        "minramcount": 2000 * cores,
        "nevents": EVENTS,
    }


def _file(dataset: JediDatasets, file: JediDatasetContents) -> dict[str, Any]:
    key = ("jeditaskid", "datasetid", "fileid", "attemptnr", "lfn", "type")
    role = "proddblock" if file.type == "input" else "destinationdblock"
    values = {name: getattr(file, name) for name in key}
    return {**values, "dataset": dataset.datasetname, role: dataset.datasetname}
