"""Datasets in which files of jobs are moved, as jobs end: rows of DATASETS, semantics 2.8.

A dispatch block moves inputs of production to a site; it is marked when a job of it fails. Outputs
are moved in parts of their dataset (`_sub<n>`); parts are closed that will have no files any more.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, literal, or_, select, update

from pandadb.core.jobs.files.file_accounting import moved_files, moved_jobs
from pandadb.core.jobs.files.file_reset import SUB_SUFFIX
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import constant, now
from pandadb.models import Datasets, FilesTable4, JobsArchived4

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import CTE, ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction

PRODUCTION_LABELS = ("managed", "test")
TO_BE_CLOSED, COMPLETED = "tobeclosed", "completed"
SITE_TESTS = ("gangarobot", "hammercloud")
"""Beginnings of the `processingtype` of tests of sites: their datasets need no closing."""

DATASET, FILE, JOB = (model.__table__.c for model in (Datasets, FilesTable4, JobsArchived4))


def mark(session: Transaction, pandaids: Sequence[int]) -> None:
    """Mark the dispatch blocks of production jobs that have just failed; once is enough."""
    session.execute(_mark(), {"pandaids": [*pandaids]})


@cache
def _mark() -> Select[Any]:
    blocks = (
        select(FILE.dispatchdblock)
        .join(JOB.pandaid.table, JOB.pandaid == FILE.pandaid)
        .where(
            id_arrays.is_given(FILE.pandaid),
            id_arrays.is_given(JOB.pandaid),
            moved_files("failed"),
            moved_jobs("failed"),
            FILE.type == "input",
            JOB.prodsourcelabel.in_(PRODUCTION_LABELS),
        )
    )
    unmarked = _locked(and_(DATASET.name.in_(blocks), DATASET.currentfiles == 0))
    marked = (
        update(Datasets.__table__)
        .where(_same(unmarked))
        .values(currentfiles=DATASET.currentfiles + 1)
        .cte("marked")
    )
    return select(literal(1)).add_cte(marked)


def close_parts(session: Transaction, pandaids: Sequence[int]) -> None:
    """Close the parts of datasets for the outputs of jobs that have just been cancelled.

    The whole dataset is closed with them if the jobs are not JEDI's.
    """
    session.execute(_close(), {"pandaids": [*pandaids]})


@cache
def _close() -> Select[Any]:
    part = (
        select(
            FILE.destinationdblock.label("name"),
            func.regexp_replace(FILE.destinationdblock, constant(SUB_SUFFIX), "").label("whole"),
            (func.coalesce(JOB.lockedby, "") != "jedi").label("closes_whole"),
            or_(*(JOB.processingtype.startswith(kind) for kind in SITE_TESTS)).label("is_test"),
        )
        .join(JOB.pandaid.table, JOB.pandaid == FILE.pandaid)
        .where(
            id_arrays.is_given(FILE.pandaid),
            id_arrays.is_given(JOB.pandaid),
            moved_files("cancelled"),
            moved_jobs("cancelled"),
            FILE.type == "output",
            FILE.destinationdblock.regexp_match(constant(SUB_SUFFIX)),
        )
        .cte("part")
    )
    wholes = select(part.c.whole).where(part.c.closes_whole)
    done = wholes.where(func.coalesce(part.c.is_test, False))
    found = _locked(or_(DATASET.name.in_(select(part.c.name)), DATASET.name.in_(wholes)))
    closed = (
        update(Datasets.__table__)
        .where(_same(found))
        .values(
            status=case((found.c.name.in_(done), COMPLETED), else_=TO_BE_CLOSED),
            modificationdate=now(),
        )
        .cte("closed")
    )
    return select(literal(1)).add_cte(closed)


def _locked(chosen: ColumnElement[bool]) -> CTE:
    return (
        select(DATASET.vuid, DATASET.modificationdate, DATASET.name)
        .where(chosen)
        .order_by(DATASET.name, DATASET.vuid)
        .with_for_update()
        .cte("dataset")
        .prefix_with("MATERIALIZED")
    )


def _same(dataset: CTE) -> ColumnElement[bool]:
    return and_(
        DATASET.vuid == dataset.c.vuid, DATASET.modificationdate == dataset.c.modificationdate
    )
