"""Columns and files of jobs that their payloads need, and the tails of their output, JOBSDEBUG."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Select, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from pandadb.core.jobs.files.file_status import OUTPUTS
from pandadb.core.sql.id_arrays import array, unnested
from pandadb.models import FilesTable4, JobControl, JobLease, JobsActive4, JobsDebug
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.queue.leases import Lease
    from pandadb.core.sql.transaction import Transaction

LEASE, CONTROL, JOB, FILE = (
    model.__table__.c for model in (JobLease, JobControl, JobsActive4, FilesTable4)
)
LIMITS = (
    "corecount", "maxcpucount", "minramcount", "minramunit", "maxdiskcount", "maxdiskunit",
    "maxwalltime",
)  # fmt: skip
"""Columns of a job that limit its payload."""
TAIL = 2048
"""Characters of `stdout` of JOBSDEBUG."""
STDERR_MARK = "[stderr]\n"
"""The line between the standard output and the standard error there."""


@dataclass(frozen=True)
class PayloadNeeds:
    """The needs of the payload of a job beside its parameters."""

    columns: Mapping[str, Any] = field(default_factory=dict)
    """The columns that limit it, by their names."""
    resources: Mapping[str, Any] | None = None
    """The resources that were asked for with the job."""
    outputs: Sequence[str] = ()
    """Names of the outputs and logs that the job has in FILESTABLE4."""


@cache
def _needs() -> Select[Any]:
    given = unnested("given", pandaid=array("pandaids"))
    names = (
        select(func.array_agg(FILE.lfn))
        .where(
            FILE.pandaid == given.c.pandaid,
            FILE.modificationtime == EPOCH,
            FILE.type.in_(OUTPUTS),
        )
        .scalar_subquery()
    )
    return (
        select(
            given.c.pandaid,
            *(JOB[name] for name in LIMITS),
            CONTROL.details["resources"].label("resources"),
            names.label("outputs"),
        )
        .select_from(given)
        .join(JobsActive4.__table__, JOB.pandaid == given.c.pandaid)
        .join(JobControl.__table__, CONTROL.pandaid == given.c.pandaid)
    )


def payload_needs(session: Transaction, leases: Sequence[Lease]) -> dict[int, PayloadNeeds]:
    """Return the needs of the payloads of jobs; a job that has ended is missing."""
    rows = session.execute(_needs(), {"pandaids": [one.pandaid for one in leases]})
    return {
        row.pandaid: PayloadNeeds(
            {name: value for name in LIMITS if (value := getattr(row, name)) is not None},
            row.resources,
            row.outputs or (),
        )
        for row in rows
    }


@cache
def _storing_tails() -> Any:
    texts = bindparam("texts", type_=ARRAY(Text))
    given = unnested("given", pandaid=array("pandaids"), token=array("tokens"), stdout=texts)
    held = (
        select(given.c.pandaid, given.c.stdout)
        .join(
            JobLease.__table__,
            (LEASE.pandaid == given.c.pandaid) & (LEASE.token == given.c.token),
        )
        .order_by(given.c.pandaid)
    )
    new = insert(JobsDebug.__table__).from_select(["pandaid", "stdout"], held)
    return new.on_conflict_do_update(
        index_elements=["pandaid"], set_={"stdout": new.excluded.stdout}
    )


def store_tails(session: Transaction, tails: Sequence[tuple[Lease, str]]) -> None:
    """Store the tails of the output of payloads; those of lost leases are left out."""
    session.execute(
        _storing_tails(),
        {
            "pandaids": [one.pandaid for one, _ in tails],
            "tokens": [one.token for one, _ in tails],
            "texts": [text.replace("\0", "")[-TAIL:] for _, text in tails],
        },
    )
