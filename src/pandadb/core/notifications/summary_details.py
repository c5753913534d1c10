"""The details of an ended job set or task: partial successes, sites, datasets, parameters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, select, union_all

from pandadb.core.datasets.dataset_types import INPUTS
from pandadb.core.notifications import targets
from pandadb.core.sql.expressions import constant, constants
from pandadb.core.sql.id_arrays import is_among
from pandadb.models import (
    FilesTable4,
    FilesTableArch,
    JediDatasets,
    JediTaskParams,
    JobParamsTable,
    JobParamsTableArch,
)

if TYPE_CHECKING:
    from pandadb.core.notifications.targets import Chosen
    from pandadb.core.sql.transaction import Transaction

DATASET, PARAMS = JediDatasets.__table__.c, JediTaskParams.__table__.c
FILES = (FilesTable4, FilesTableArch)
SKIPPED = "skipped"
COLUMNS = ("jobstatus", "computingsite", "jobdefinitionid", "prodsourcelabel", "produsername")


def read(session: Transaction, chosen: Chosen, finished: int) -> dict[str, Any]:
    """Return the values that only the summary of an ended target has; `finished` are its jobs."""
    job = targets.newest(chosen, COLUMNS).c
    rows = session.execute(
        select(job.jobdefinitionid, job.computingsite)
        .distinct()
        .where(job.computingsite.is_not(None))
        .order_by(job.jobdefinitionid, job.computingsite)
    ).all()
    partial = _partial(session, chosen)
    datasets = _datasets(session, chosen)
    details: dict[str, Any] = {
        "succeeded": finished - partial,
        "partial": partial,
        "sites": tuple(sorted({site for _, site in rows})),
        "job_sites": tuple((number or 0, site) for number, site in rows),
        "inputs": datasets.get("input", ()),
        "outputs": datasets.get("output", ()),
        "logs": datasets.get("log", ()),
        "parameters": _parameters(session, chosen),
        **_inputs(session, chosen),
    }
    if not chosen.tasks:
        owner = session.execute(
            select(job.produsername, job.prodsourcelabel).order_by(job.pandaid).limit(1)
        ).one()
        details |= {"username": owner.produsername, "prodsourcelabel": owner.prodsourcelabel}
    return details


def _partial(session: Transaction, chosen: Chosen) -> int:
    """Return how many finished jobs had an input file that was skipped."""
    job = targets.newest(chosen, COLUMNS).c
    skipped = [
        exists().where(
            file.__table__.c.pandaid == job.pandaid,
            file.__table__.c.type == constant("input"),
            file.__table__.c.status == constant(SKIPPED),
        )
        for file in FILES
    ]
    number = select(func.count()).where(
        job.jobstatus == constant("finished"), skipped[0] | skipped[1]
    )
    return int(session.execute(number).scalar_one())


def _datasets(session: Transaction, chosen: Chosen) -> dict[str, tuple[str, ...]]:
    """Return the datasets of the files of the jobs, by the type of file."""
    job = targets.newest(chosen, ("jobstatus",)).c
    rows = [
        select(file.__table__.c.type, file.__table__.c.dataset)
        .join_from(job.pandaid.table, file.__table__, file.__table__.c.pandaid == job.pandaid)
        .where(
            file.__table__.c.type.in_(constants(("input", "output", "log"))),
            file.__table__.c.dataset.is_not(None),
        )
        for file in FILES
    ]
    every = union_all(*rows).subquery("every").c
    query = select(every.type, every.dataset).distinct().order_by(every.type, every.dataset)
    found: dict[str, tuple[str, ...]] = {}
    for kind, dataset in session.execute(query):
        found[kind] = (*found.get(kind, ()), dataset)
    return found


def _inputs(session: Transaction, chosen: Chosen) -> dict[str, int]:
    """Return the numbers of input files of JEDI's tasks: all, processed, failed."""
    tasks = [task.jeditaskid for task in chosen.tasks if task.status != targets.FLOW]
    if not tasks:
        return {}
    counts = (DATASET.nfiles, DATASET.nfilesfinished, DATASET.nfilesfailed)
    row = session.execute(
        select(*(func.coalesce(func.sum(count), 0) for count in counts)).where(
            is_among(DATASET.jeditaskid, tasks),
            DATASET.type.in_(constants(INPUTS)),
            DATASET.masterid.is_(None),
        )
    ).one()
    names = ("ninputs", "ninputs_succeeded", "ninputs_failed")
    return {name: int(value) for name, value in zip(names, row, strict=True)}


def _parameters(session: Transaction, chosen: Chosen) -> str:
    """Return the parameters as the user gave them: of the task, else of the first job with some."""
    tasks = [task.jeditaskid for task in chosen.tasks]
    given = select(PARAMS.taskparams).where(is_among(PARAMS.jeditaskid, tasks)).limit(1)
    text = session.execute(given).scalar() if tasks else None
    if text and (words := _command(text)):
        return words
    job = targets.newest(chosen, ("jobstatus",)).c
    rows = [
        select(table.__table__.c.pandaid, table.__table__.c.jobparameters).join_from(
            job.pandaid.table, table.__table__, table.__table__.c.pandaid == job.pandaid
        )
        for table in (JobParamsTable, JobParamsTableArch)
    ]
    every = union_all(*rows).subquery("every").c
    first = select(every.jobparameters).order_by(every.pandaid).limit(1)
    return _in_line(session.execute(first).scalar() or "")


def _command(taskparams: str) -> str:
    """Return the command line of the client, if the parameters of a task have it."""
    try:
        found = json.loads(taskparams)
    except ValueError:
        return ""
    words = found.get("cliParams") if isinstance(found, dict) else None
    return _in_line(words) if isinstance(words, str) else ""


def _in_line(text: str) -> str:
    return " ".join(text.split())
