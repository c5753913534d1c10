"""The archive and the partitions as JSON."""

from dataclasses import asdict
from datetime import date

from fastapi import Request

from pandadb.services import archive, coverage, failures
from pandadb.services.archive.explanations.day import ExplainedDay
from pandadb.web.accounts.roles import api_for
from pandadb.web.accounts.users import Role
from pandadb.web.api.answers import JSONAnswer
from pandadb.web.api.dataclass_schemas import schema_of_class
from pandadb.web.request_state import (
    Options,
    TheArchive,
    TheDatabase,
    archive_status,
    read_coverage,
)

reading = api_for(Role.READER)
Partitions = schema_of_class(
    coverage.Coverage,
    failed=(list[schema_of_class(failures.Failure)], "Tables that cannot be read"),  # type: ignore[misc]
)


@reading.get("/archive", response_model=schema_of_class(archive.Status))
def get_status(request: Request) -> JSONAnswer:
    """Return the state of the archive, with days that are put off and why."""
    return JSONAnswer(archive_status(request))


@reading.get("/archive/{day}", response_model=schema_of_class(ExplainedDay))
def explain_day(
    database: TheDatabase, other: TheArchive, options: Options, day: date
) -> JSONAnswer:
    """Return where the rows of a day are, why they stay there, and their proofs."""
    found = archive.explain_day(
        database, day, options.policies, archive=other, exports=options.exports, waits=options.waits
    )
    return JSONAnswer(found)


@reading.get("/partitions", response_model=Partitions)
def get_coverage(request: Request) -> JSONAnswer:
    """Return the partitions of all tables, and problems, with tables that cannot be read."""
    found, failed = read_coverage(request)
    return JSONAnswer(asdict(found) | {"failed": [asdict(one) for one in failed]})
