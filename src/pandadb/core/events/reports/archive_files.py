"""Archive files that hold the outputs of ranges of events: rows of FILESTABLE4, semantics 2.13."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, String, and_, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from pandadb.core.events.special_handling import Flag, has
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import now
from pandadb.core.sql.validation import InvalidValue, check_columns, shown
from pandadb.models import FilesTable4, JobOutputReport
from pandadb.models.jobs.satellites import FILESTABLE4_ROW_SEQ

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction

    Archives = Mapping[tuple[int, str], tuple[int, "ArchiveFile"]]

FILE = FilesTable4.__table__.c
REGISTER = "esregister"
"""The state in JOB_OUTPUT_REPORT that asks the server's Adder to register archive files."""


@dataclass(frozen=True)
class ArchiveFile:
    """An archive file with outputs of ranges."""

    lfn: str
    objstore_id: int | str
    """The object store that has it."""
    fsize: int = 0
    """In bytes."""
    adler32: str | None = None
    path_convention: int | str | None = None
    events: int | str | None = None
    """The number of events in it."""

    @property
    def columns(self) -> dict[str, Any]:
        """Its columns in FILESTABLE4."""
        place = [self.objstore_id, self.path_convention]
        return {
            "lfn": self.lfn,
            "fsize": self.fsize,
            "checksum": None if self.adler32 is None else f"ad:{self.adler32}",
            "dispatchdblocktoken": None if self.events is None else str(self.events),
            "destinationse": "/".join(str(part) for part in place if part is not None),
            "type": "zipoutput",
            "status": "ready",
        }


def check(file: ArchiveFile) -> None:
    """See that an archive file is well-formed.

    Raises:
        InvalidValue: It is not.
    """
    if not isinstance(file, ArchiveFile):
        raise InvalidValue(f"this is no archive file, but {shown(file)}")
    if not file.lfn or file.objstore_id in {None, ""}:
        raise InvalidValue("an archive file has to have lfn and objstore_id")
    check_columns(FilesTable4, file.columns)


def store(
    session: Transaction, archives: Archives, jobs: Mapping[int, Mapping[str, Any]]
) -> dict[tuple[int, str], int]:
    """Store archive files of jobs; return the row of each, also of those that were there before."""
    if not archives:
        return {}
    known = _known(session, archives)
    new = {key: one for key, one in archives.items() if key not in known}
    rows = [_row(pandaid, *new[pandaid, lfn]) for pandaid, lfn in new]
    if rows:
        stored = insert(FilesTable4.__table__).values(row_id=FILESTABLE4_ROW_SEQ.next_value())
        session.execute(stored, rows)
        known = _known(session, archives)
    _register(session, [jobs[pandaid] for pandaid in {pandaid for pandaid, _ in new}])
    return known


def _row(pandaid: int, task: int, file: ArchiveFile) -> dict[str, Any]:
    own = {"pandaid": pandaid, "jeditaskid": task, "guid": str(uuid.uuid4())}
    return {**own, **file.columns}


def _known(session: Transaction, archives: Archives) -> dict[tuple[int, str], int]:
    pandaids, names = zip(*archives, strict=True)
    given = {"pandaids": [*pandaids], "names": [*names]}
    return {(row.pandaid, row.lfn): row.row_id for row in session.execute(_there(), given)}


@cache
def _there() -> Select[Any]:
    names = bindparam("names", type_=ARRAY(String))
    given = id_arrays.unnested("given", pandaid=id_arrays.array("pandaids"), lfn=names).c
    is_same = and_(FILE.pandaid == given.pandaid, FILE.lfn == given.lfn)
    return (
        select(FILE.pandaid, FILE.lfn, func.min(FILE.row_id).label("row_id"))
        .join(given.pandaid.table, is_same)
        .group_by(FILE.pandaid, FILE.lfn)
    )


def _register(session: Transaction, jobs: list[Mapping[str, Any]]) -> None:
    """Ask the server's Adder to register new archive files of jobs that are to."""
    rows = [
        {
            "pandaid": job["pandaid"],
            "attemptnr": job["attemptnr"] or 0,
            "prodsourcelabel": job["prodsourcelabel"],
            "jobstatus": REGISTER,
        }
        for job in jobs
        if has(job["specialhandling"], Flag.REGISTERS_ARCHIVES)
    ]
    if rows:
        new = insert(JobOutputReport.__table__).values(timestamp=now())
        session.execute(new.on_conflict_do_nothing(), rows)
