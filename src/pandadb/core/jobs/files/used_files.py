"""Files of tasks that new jobs use, and how many wait for a co-jumbo job: semantics 2.1."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    not_,
    null,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on

from pandadb.core.events.creation import NO_EVENT
from pandadb.core.events.kinds import WAITING_SITE, JobKind
from pandadb.core.jobs import lock_order
from pandadb.core.jobs.files.file_status import KEY, OUTPUTS, same_dataset, same_file
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import constant
from pandadb.models import FilesTable4, JediDatasetContents, JediDatasets, JediEvents
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import CTE, ColumnElement, Update

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.effects import Columns

FILE, CONTENTS = FilesTable4.__table__.c, JediDatasetContents.__table__.c
DATASET, EVENT = JediDatasets.__table__.c, JediEvents.__table__.c


def use(
    session: Transaction,
    jobs: Iterable[Mapping[str, Any]],
    *,
    queues_inputs: bool = True,
    consumers: Collection[int] = (),
    repeated: bool = False,
) -> None:
    """Mark the files of tasks that new jobs use as in use, those of JEDI (`lockedby`) only.

    Files of other jobs are never given back. Of two jobs with the same file the one with the lower
    PandaID has it. Inputs of co-jumbo jobs stay picked, for their jobset, and are counted as
    waiting in their dataset until another job takes them, of this call or of a later one.

    With `queues_inputs` the `proc_status` of master inputs becomes queued, but for jumbo jobs,
    which take over inputs of others, and for `consumers`, PandaIDs of jobs that take ranges of
    events of a job set that is there already. With `repeated` some of the jobs have files several
    times, noted with the ranges of events.
    """
    owned = [job for job in jobs if job.get("lockedby") == "jedi"]
    if owned:
        given = {f"{name}s": [job.get(name) for job in owned] for name in ("pandaid", "jobsetid")}
        given["waits"] = [job.get("computingsite") == WAITING_SITE for job in owned]
        given["unqueued"] = [
            not queues_inputs
            or job.get("eventservice") == JobKind.JUMBO
            or job["pandaid"] in consumers
            for job in owned
        ]
        # By itself, as what others have counted while we wait has to be seen.
        session.execute(lock_order.waiting_datasets(), given | {"any_waits": any(given["waits"])})
        session.execute(_use(repeated=repeated), given)


@cache
def _use(*, repeated: bool) -> Update:
    files = _files(repeated=repeated)
    used = (
        select(
            *(CONTENTS[name] for name in KEY),
            CONTENTS.is_waiting,
            *(files.c[name] for name in ("pandaid", "type", "is_first")),
        )
        .join(files, same_file(CONTENTS, files.c))
        .where(
            CONTENTS.attemptnr == files.c.attemptnr,
            CONTENTS.status.in_(("picked", "defined")),
            CONTENTS.keeptrack == 1,
        )
        .order_by(*(CONTENTS[name] for name in KEY), files.c.pandaid)
        .with_for_update(of=JediDatasetContents.__table__)
        .cte("used")
    )
    first = _first(used)
    waits = first.c.waits
    return (
        update(JediDatasetContents.__table__)
        .add_cte(_counted(first))
        .where(same_file(CONTENTS, first.c))
        .values(
            status=case((waits, "picked"), else_="running"),
            pandaid=case((waits, first.c.jobsetid), else_=first.c.pandaid),
            jobsetid=first.c.jobsetid,
            outpandaid=case((first.c.is_output, first.c.pandaid), else_=CONTENTS.outpandaid),
            proc_status=case(
                (and_(first.c.queues, _is_queued(CONTENTS)), "queued"), else_=CONTENTS.proc_status
            ),
            is_waiting=case((waits, "Y"), else_=null()),
        )
    )


def _files(*, repeated: bool) -> CTE:
    """Select the files of the jobs, and those that a job has several times: these never queue."""
    columns = (*KEY, "attemptnr", "pandaid", "type")
    files = select(*(FILE[name] for name in columns), true().label("is_first")).where(
        id_arrays.is_given(FILE.pandaid), FILE.modificationtime == EPOCH
    )
    if not repeated:
        return files.cte("files")
    others = select(
        *(EVENT[name] for name in KEY),
        EVENT.attemptnr - 1,
        EVENT.pandaid,
        constant("pseudo_input"),
        false(),
    ).where(id_arrays.is_given(EVENT.pandaid), EVENT.processed_upto_eventid == NO_EVENT)
    return files.union_all(others).cte("files").prefix_with("MATERIALIZED")


def _first(used: CTE) -> CTE:
    """Select the job that has each file: the first one, or the first that does not wait."""
    key = [used.c[name] for name in KEY]
    columns = {name: id_arrays.array(f"{name}s") for name in ("pandaid", "jobsetid")}
    flags = {name: bindparam(name, type_=ARRAY(Boolean)) for name in ("waits", "unqueued")}
    job = id_arrays.unnested("job", **columns, **flags).c
    is_output = func.coalesce(used.c.type.in_(OUTPUTS), false())
    waits = and_(job.waits, not_(is_output))
    return (
        select(
            *(one for one in used.c if one.name not in {"type", "is_first"}),
            job.jobsetid,
            is_output.label("is_output"),
            waits.label("waits"),
            and_(used.c.is_first, not_(job.waits), not_(job.unqueued)).label("queues"),
        )
        .join(job.pandaid.table, job.pandaid == used.c.pandaid)
        .ext(distinct_on(*key))
        .order_by(*key, waits, used.c.pandaid)
        .cte("first")
    )


def _counted(first: CTE) -> CTE:
    """Count in their datasets the inputs that wait from now on, and those that do no longer."""
    more = func.count().filter(first.c.waits) - func.count(first.c.is_waiting)
    sums = (
        select(first.c.jeditaskid, first.c.datasetid, more.label("more"))
        .where(not_(first.c.is_output))
        .group_by(first.c.jeditaskid, first.c.datasetid)
        .having(more != 0)
        .cte("waiting")
    )
    return (
        update(JediDatasets.__table__)
        .where(same_dataset(DATASET, sums.c))
        .values(nfileswaiting=func.coalesce(DATASET.nfileswaiting, 0) + sums.c.more)
        .cte("counted")
    )


def _is_queued(file: Columns) -> ColumnElement[bool]:
    """Return whether `proc_status` becomes queued: that of master inputs, unless it is beyond."""
    is_master = exists().where(
        same_dataset(DATASET, file),
        DATASET.type.in_(("input", "pseudo_input")),
        DATASET.masterid.is_(None),
    )
    before = func.coalesce(file["proc_status"], "ready")
    return and_(is_master, before.in_(("ready", "starting", "running")))
