"""Pilots that report and movers that end the same jobs at once: nothing of a job stays behind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, insert, select, union_all

from pandadb.models import FilesTable4, JobParamsTable, JobsArchived4, MetaTable
from pandadb.models.jobs.all_tables import SATELLITES
from pandadb.models.types import EPOCH
from pandadb.services import jobs
from pandadb.services.jobs import Heartbeat
from tests.factories import make_job

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pandadb.database import Database

pytestmark = pytest.mark.any_server

JOBS, BATCH = 400, 5


@pytest.mark.slow
def test_nothing_stays_behind_of_jobs_that_end_while_their_pilots_report(
    database: Database,
) -> None:
    with database.session() as session:
        ids = [make_job(session, "running") for _ in range(JOBS)]
        rows = [{"pandaid": pandaid} for pandaid in ids]
        session.execute(insert(JobParamsTable.__table__), rows)
        session.execute(insert(FilesTable4.__table__), [{**row, "row_id": n} for n, row in
                                                        enumerate(rows, start=1)])  # fmt: skip
    batches = [ids[start : start + BATCH] for start in range(0, JOBS, BATCH)]
    begin = Barrier(4)

    def report(batch: Sequence[int], state: str) -> None:
        jobs.heartbeat(database, [Heartbeat(one, state, report="", metadata="m") for one in batch])

    def work(does: Callable[[Sequence[int]], object]) -> None:
        for batch in batches:
            begin.wait()
            does(batch)

    with ThreadPoolExecutor(4) as pool:
        for done in [
            pool.submit(work, lambda batch: report(batch, "finished")),
            pool.submit(work, lambda batch: report(batch[::-1], "failed")),
            pool.submit(work, lambda batch: jobs.finish(database, batch)),
            pool.submit(work, lambda batch: [jobs.fail(database, [one]) for one in batch]),
        ]:
            done.result()

    with database.session() as session:
        ended = select(JobsArchived4.pandaid)
        assert session.scalar(select(func.count()).select_from(ended.subquery())) == JOBS
        left = union_all(
            *(select(table.pandaid).where(table.modificationtime == EPOCH) for table in SATELLITES)
        )
        assert session.scalars(left).all() == []
        late = select(func.count()).where(MetaTable.pandaid.in_(ended))
        assert session.scalar(late), "no pilot was in time: nothing was tried"
