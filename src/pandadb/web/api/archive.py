"""The archive and the partitions as JSON."""

from dataclasses import asdict
from datetime import date
from typing import Any

from pandadb.services import archive, coverage
from pandadb.web.accounts.roles import api_for
from pandadb.web.accounts.users import Role
from pandadb.web.request_state import Options, TheArchive, TheDatabase

reading = api_for(Role.READER)


@reading.get("/archive")
def get_status(database: TheDatabase, other: TheArchive, options: Options) -> dict[str, Any]:
    """Return the state of the archive, with days that are put off and why."""
    return asdict(archive.status(database, options.policies, archive=other, waits=options.waits))


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
def get_coverage(database: TheDatabase, options: Options) -> dict[str, Any]:
    """Return the partitions of all tables, and problems."""
    return asdict(coverage.coverage(database, options.policies))
