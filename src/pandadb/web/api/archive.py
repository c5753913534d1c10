"""The archive and the partitions as JSON."""

from dataclasses import asdict
from datetime import date
from typing import Any

from fastapi import Request

from pandadb.services import archive
from pandadb.web.accounts.roles import api_for
from pandadb.web.accounts.users import Role
from pandadb.web.request_state import (
    Options,
    TheArchive,
    TheDatabase,
    archive_status,
    read_coverage,
)

reading = api_for(Role.READER)


@reading.get("/archive")
def get_status(request: Request) -> dict[str, Any]:
    """Return the state of the archive, with days that are put off and why."""
    return asdict(archive_status(request))


@reading.get("/archive/{day}")
def explain_day(
    database: TheDatabase, other: TheArchive, options: Options, day: date
) -> dict[str, Any]:
    """Return where the rows of a day are, why they stay there, and their proofs."""
    found = archive.explain_day(
        database, day, options.policies, archive=other, exports=options.exports, waits=options.waits
    )
    return asdict(found)


@reading.get("/partitions")
def get_coverage(request: Request) -> dict[str, Any]:
    """Return the partitions of all tables, and problems, with tables that cannot be read."""
    found, failed = read_coverage(request)
    return asdict(found) | {"failed": [asdict(one) for one in failed]}
