"""The archive and the partitions as JSON."""

from datetime import date

from pandadb.services import archive, coverage
from pandadb.web.accounts.roles import api_for
from pandadb.web.accounts.users import Role
from pandadb.web.request_state import Options, TheArchive, TheDatabase

reading = api_for(Role.READER)


@reading.get("/archive")
def get_status(database: TheDatabase, other: TheArchive, options: Options) -> archive.Status:
    """Return the state of the archive, with days that are put off and why."""
    return archive.status(database, options.policies, archive=other, waits=options.waits)


@reading.get("/archive/{day}")
def explain_day(
    database: TheDatabase, other: TheArchive, options: Options, day: date
) -> archive.ExplainedDay:
    """Return where the rows of a day are, why they stay there, and their proofs."""
    return archive.explain_day(
        database, day, options.policies, archive=other, exports=options.exports, waits=options.waits
    )


@reading.get("/partitions")
def get_coverage(database: TheDatabase, options: Options) -> coverage.Coverage:
    """Return the partitions of all tables, and problems."""
    return coverage.coverage(database, options.policies)
