"""Records of runs: a row for each version of a run."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, func, insert, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import distinct_on

from pandadb.core.gateway.requests import RunKey
from pandadb.core.gateway.run_events import without_nul
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import array, is_among, unnested
from pandadb.models import GatewayRun
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from pandadb.core.gateway.requests import CancelRequest, RunRequest
    from pandadb.core.sql.transaction import Transaction

RUN = GatewayRun.__table__.c
QUEUED, PROCESSING, COMPLETED, ERROR, SKIPPED = (
    "Queued",
    "Processing",
    "Completed",
    "Error",
    "Skipped",
)
LIVE = (QUEUED, PROCESSING)
STATUSES = (*LIVE, COMPLETED, ERROR, SKIPPED)
SERVICE = -1
"""The user of runs that the service starts itself."""


@dataclass(frozen=True)
class Run:
    """The record of a version of a run; times are naive UTC."""

    run_id: int
    facility: str
    instrument: str
    rb_number: int
    run_number: int
    run_version: int
    status: str
    pandaid: int | None
    source: str
    body: dict[str, Any]
    destinations: dict[str, Any]
    data: list[str]
    reduced: list[str]
    script: str | None
    variables: dict[str, dict[str, list[str]]]
    overwrite: bool | None
    description: str
    started_by: int | None
    message: str | None
    reduction_log: str
    admin_log: str
    software: str | None
    host: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    retry_when: datetime | None
    retry_run: int | None
    cancelled: bool

    @property
    def key(self) -> RunKey:
        """Return the name that its versions have in common."""
        return RunKey(self.instrument, self.rb_number, self.run_number)


COLUMNS = [RUN[name] for name in Run.__dataclass_fields__]


def highest_version(session: Transaction, key: RunKey) -> int | None:
    """Return the highest version of a run; None if there is none."""
    return highest_versions(session, [key]).get(key)


def highest_versions(session: Transaction, keys: Collection[RunKey]) -> dict[RunKey, int]:
    """Return the highest version of each run that has one."""
    name = RUN.instrument, RUN.rb_number, RUN.run_number
    wanted = [(key.instrument, key.rb_number, key.run_number) for key in keys]
    rows = select(*name, func.max(RUN.run_version)).where(tuple_(*name).in_(wanted)).group_by(*name)
    return {RunKey(*row[:3]): row[3] for row in session.execute(rows)}


def _is(key: RunKey) -> list[Any]:
    return [
        RUN.run_number == key.run_number,
        RUN.instrument == key.instrument,
        RUN.rb_number == key.rb_number,
    ]


def new_row(
    wanted: RunRequest,
    run_version: int,
    variables: Mapping[str, Any],
    *,
    body: Mapping[str, Any],
    source: str,
    destinations: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the record of a version of a run, queued, for `add`."""
    return {
        "facility": wanted.facility,
        "instrument": wanted.key.instrument,
        "rb_number": wanted.key.rb_number,
        "run_number": wanted.key.run_number,
        "run_version": run_version,
        "status": QUEUED,
        "source": source,
        "body": body,
        "destinations": dict(destinations),
        "data": list(wanted.data),
        "reduced": [],
        "script": wanted.script,
        "variables": variables,
        "overwrite": wanted.overwrite,
        "description": wanted.description,
        "started_by": wanted.started_by,
        "host": socket.gethostname(),
    }


def add(session: Transaction, rows: Sequence[Mapping[str, Any]]) -> list[Run]:
    """Add records of runs; return them in the same order."""
    new = insert(GatewayRun.__table__).returning(*COLUMNS, sort_by_parameter_order=True)
    return [Run(*row) for row in session.execute(new, [*rows])]


def again(session: Transaction, run: Run, run_version: int, started_by: int | None = None) -> int:
    """Add the record of a further version of a run, queued for the same job and the same user."""
    given = (
        "facility", "instrument", "rb_number", "run_number", "pandaid", "source", "destinations",
        "data", "script", "variables", "overwrite", "description",
    )  # fmt: skip
    row = {name: getattr(run, name) for name in given}
    row |= {"status": QUEUED, "run_version": run_version, "reduced": []}
    known = run.started_by if started_by is None else started_by
    row["started_by"] = SERVICE if known is None else known
    row["body"] = {**run.body, "run_version": run_version}
    new = insert(GatewayRun.__table__).values(row).returning(RUN.run_id)
    found: int = session.scalars(new).one()
    return found


def change(session: Transaction, run_id: int, values: Mapping[str, Any]) -> None:
    """Change columns of a record."""
    session.execute(update(GatewayRun.__table__).where(RUN.run_id == run_id).values(values))


def note_jobs(session: Transaction, jobs: Mapping[int, int]) -> None:
    """Note the jobs of runs, by the numbers of their records."""
    given = unnested("given", run_id=array("runs"), pandaid=array("jobs"))
    mine = update(GatewayRun.__table__).where(RUN.run_id == given.c.run_id)
    session.execute(
        mine.values(pandaid=given.c.pandaid), {"runs": [*jobs], "jobs": [*jobs.values()]}
    )


def close(session: Transaction, run_id: int, status: str, values: Mapping[str, Any]) -> None:
    """Note the end of a version of a run."""
    change(session, run_id, {"status": status, "finished_at": now(), **without_nul(dict(values))})


def of_jobs(session: Transaction, jobs: Collection[int]) -> list[Run]:
    """Return the records of runs that jobs reduce and that have not ended, by job, locked."""
    rows = select(*COLUMNS).where(is_among(RUN.pandaid, jobs), RUN.status.in_(LIVE))
    locked = rows.order_by(RUN.pandaid, RUN.run_id).with_for_update()
    return [Run(*row) for row in session.execute(locked)]


def to_cancel(session: Transaction, wanted: CancelRequest) -> list[Run]:
    """Return the records that a cancel is for, the newest first."""
    same = [RUN.run_number == wanted.run_number, RUN.run_version == wanted.run_version]
    if wanted.instrument is not None:
        same += [RUN.instrument == wanted.instrument]
    if wanted.rb_number is not None:
        same += [RUN.rb_number == wanted.rb_number]
    rows = select(*COLUMNS).where(*same).order_by(RUN.run_id.desc()).limit(100)
    return [Run(*row) for row in session.execute(rows)]


def newest(
    session: Transaction, key: RunKey, run_version: int | None = None, *, locked: bool = True
) -> Run | None:
    """Return the record of a version of a run, or of its highest version, locked or not.

    Records are locked after the jobs of runs and their groups, as at the ends of jobs.
    """
    rows = select(*COLUMNS).where(*_is(key))
    if locked:
        rows = rows.with_for_update()
    if run_version is not None:
        rows = rows.where(RUN.run_version == run_version)
    order = RUN.run_version.desc(), RUN.run_id.desc()
    found = session.execute(rows.order_by(*order).limit(1)).first()
    return None if found is None else Run(*found)


def named(
    session: Transaction, instrument: str | None, rb_number: int, run_number: int
) -> RunKey | None:
    """Return the name of a run; without an instrument that of the only run with its numbers."""
    if instrument is not None:
        return RunKey(instrument, rb_number, run_number)
    mine = RUN.rb_number == rb_number, RUN.run_number == run_number
    found = session.scalars(select(RUN.instrument).where(*mine).distinct().limit(2)).all()
    return RunKey(found[0], rb_number, run_number) if len(found) == 1 else None


def by_id(session: Transaction, run_id: int) -> Run | None:
    """Return a record by its number."""
    found = session.execute(select(*COLUMNS).where(RUN.run_id == run_id)).first()
    return None if found is None else Run(*found)


def latest(session: Transaction, run: Run) -> Run:
    """Return the record that a run is tried or done again as, if it has ended; else itself."""
    while run.status not in LIVE and run.retry_run is not None:
        later = by_id(session, run.retry_run)
        if later is None:
            break
        run = later
    return run


def listed(
    session: Transaction,
    *,
    instrument: str | None = None,
    rb_number: int | None = None,
    run_number: int | None = None,
    status: str | None = None,
    limit: int = 100,
    after: int = 0,
    before: int | None = None,
) -> list[Run]:
    """Return records with numbers above one, in their order; with `before` the newest below it."""
    wanted = {
        RUN.instrument: instrument,
        RUN.rb_number: rb_number,
        RUN.run_number: run_number,
        RUN.status: status,
    }
    chosen = [column == value for column, value in wanted.items() if value is not None]
    rows = select(*COLUMNS).where(RUN.run_id > after, *chosen)
    if before is None:
        rows = rows.order_by(RUN.run_id)
    else:
        rows = rows.where(RUN.run_id < before).order_by(RUN.run_id.desc())
    return [Run(*row) for row in session.execute(rows.limit(limit))]


def first_of_range(
    session: Transaction, instrument: str, first_run: int, last_run: int
) -> dict[int, Run]:
    """Return the first version of each run of a range that has a record."""
    rows = (
        select(*COLUMNS)
        .ext(distinct_on(RUN.run_number))
        .where(RUN.instrument == instrument, RUN.run_number.between(first_run, last_run))
        .order_by(RUN.run_number, RUN.run_version, RUN.run_id)
    )
    return {run.run_number: run for run in (Run(*row) for row in session.execute(rows))}


def remove(session: Transaction, instrument: str, first_run: int, last_run: int) -> int:
    """Remove records of runs of an instrument, but for those with live jobs; return how many."""
    is_held = or_(*(exists().where(job.pandaid == RUN.pandaid) for job in LIVE_TABLES))
    gone = delete(GatewayRun.__table__).where(
        RUN.instrument == instrument,
        RUN.run_number.between(first_run, last_run),
        or_(RUN.status.not_in(LIVE), ~is_held),
    )
    return len(session.scalars(gone.returning(RUN.run_id)).all())
