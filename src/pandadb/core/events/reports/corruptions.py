"""Archive files that merge jobs cannot read: the ranges in them are to be processed again.

Semantics 2.7 and 2.13. A merge job reports the names of such files; when it fails, `corrupt` finds
the jobs that wrote them, and their done ranges become corrupted.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    String,
    and_,
    bindparam,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    union,
    update,
)

from pandadb.core.datasets.dataset_types import INPUTS
from pandadb.core.datasets.file_keys import same_file
from pandadb.core.events.states import KEY, EventStatus
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import constant, constants, now
from pandadb.core.sql.validation import check_columns
from pandadb.models import FilesTable4, JediEvents, JobsActive4, JobsArchived, JobsArchived4
from pandadb.models.jobs.satellites import FILESTABLE4_ROW_SEQ
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import CTE, Insert, Select

    from pandadb.core.sql.transaction import Transaction

WRITTEN, READ, CORRUPTED = "zipoutput", "zipinput", "corrupted"
OLDEST = timedelta(days=90)
"""The greatest age of jobs that are looked at for their `jobmetrics`."""
FILE, EVENT, JOB = (model.__table__.c for model in (FilesTable4, JediEvents, JobsActive4))


def note(session: Transaction, names: Mapping[int, Sequence[str]]) -> None:
    """Note the names of files that merge jobs cannot read, each once.

    Raises:
        InvalidValue: A name does not fit its column.
    """
    pairs = sorted({(job, name.strip()) for job, several in names.items() for name in several})
    pairs = [(job, name) for job, name in pairs if name]
    for _, name in pairs:
        check_columns(FilesTable4, {"lfn": name})
    if pairs:
        pandaids, lfns = zip(*pairs, strict=True)
        session.execute(_noted(), {"pandaids": [*pandaids], "names": [*lfns]})


def corrupt(session: Transaction, pandaids: Sequence[int]) -> int:
    """Mark the done ranges in the files that these merge jobs cannot read; return how many.

    A file is of the jobs that have it among their archive files; else of those of the same input
    with `jobmetrics` that have it as `outputZipName`.
    """
    if not pandaids:
        return 0
    return len(session.execute(_corrupted(), {"pandaids": [*pandaids]}).all())


@cache
def _noted() -> Insert:
    names = bindparam("names", type_=ARRAY(String))
    given = id_arrays.unnested("given", pandaid=id_arrays.array("pandaids"), lfn=names).c
    known = FilesTable4.__table__.alias("known").c
    is_known = exists().where(
        known.pandaid == given.pandaid,
        known.lfn == given.lfn,
        known.type == READ,
        known.modificationtime == EPOCH,
    )
    rows = (
        select(
            FILESTABLE4_ROW_SEQ.next_value(),
            given.pandaid,
            given.lfn,
            literal(READ),
            literal(CORRUPTED),
            JOB.jeditaskid,
            literal(0),
        )
        .join(JOB.pandaid.table, JOB.pandaid == given.pandaid)
        .where(~is_known)
    )
    columns = ["row_id", "pandaid", "lfn", "type", "status", "jeditaskid", "fsize"]
    return insert(FilesTable4.__table__).from_select(columns, rows)


@cache
def _corrupted() -> Any:
    """Return the statement that marks the ranges in unreadable files."""
    bad = _bad_files()
    writers = union(
        _by_file(bad), *(_by_metrics(bad, table) for table in (JobsArchived4, JobsArchived))
    ).cte("writers")
    is_in_file = or_(writers.c.row_id.is_(None), EVENT.ziprow_id == writers.c.row_id)
    ranges = (
        select(*(EVENT[name] for name in KEY))
        .join(writers, and_(EVENT.pandaid == writers.c.pandaid, is_in_file))
        .where(
            EVENT.jeditaskid == writers.c.jeditaskid,
            EVENT.status == constants([EventStatus.DONE.value])[0],
        )
        .order_by(*(EVENT[name] for name in KEY))
        .with_for_update(of=JediEvents.__table__)
        .cte("ranges")
        .prefix_with("MATERIALIZED")
    )
    return (
        update(JediEvents.__table__)
        .where(*(EVENT[name] == ranges.c[name] for name in KEY))
        .values(status=constants([EventStatus.CORRUPTED.value])[0])
        .returning(EVENT.job_processid)
    )


def _bad_files() -> CTE:
    return (
        select(FILE.pandaid, FILE.lfn, FILE.jeditaskid)
        .where(id_arrays.is_given(FILE.pandaid), FILE.type == READ, FILE.status == CORRUPTED)
        .cte("bad")
        .prefix_with("MATERIALIZED")
    )


def _by_file(bad: CTE) -> Select[Any]:
    """Select the jobs that have the files among their archive files."""
    written = FilesTable4.__table__.alias("written").c
    is_same = and_(written.lfn == bad.c.lfn, written.type == WRITTEN)
    return select(bad.c.jeditaskid, written.pandaid, written.row_id).join(bad, is_same)


def _by_metrics(bad: CTE, table: type[JobsArchived4 | JobsArchived]) -> Select[Any]:
    """Select jobs of the same input that name the files in `jobmetrics`; no row has the others."""
    written = FilesTable4.__table__.alias("known").c
    is_written = exists().where(written.lfn == bad.c.lfn, written.type == WRITTEN)
    own = FilesTable4.__table__.alias("own").c
    job = table.__table__.c
    name = func.concat(constant("(^|[[:space:]])outputZipName="), _quoted(bad.c.lfn))
    return (
        select(bad.c.jeditaskid, EVENT.pandaid, literal(None, FILE.row_id.type))
        .join(own.pandaid.table, own.pandaid == bad.c.pandaid)
        .join(EVENT.fileid.table, same_file(EVENT, own))
        .join(job.pandaid.table, job.pandaid == EVENT.pandaid)
        .where(
            own.type.in_(INPUTS),
            ~is_written,
            job.modificationtime > now() - OLDEST,
            job.jobmetrics.regexp_match(func.concat(name, constant("([[:space:]]|$)"))),
        )
    )


def _quoted(lfn: Any) -> Any:
    """Return a name as a regular expression that matches it only."""
    return func.regexp_replace(lfn, constant("([^a-zA-Z0-9_])"), constant(r"\\\1"), constant("g"))
