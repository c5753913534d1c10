"""Rows at 1970-01-01 of jobs that have ended, for reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from typing_extensions import override

from pandadb.core.jobs import stragglers
from pandadb.services.archive.transactions import lift_timeouts
from pandadb.services.grants import act_as_owner

if TYPE_CHECKING:
    from pandadb.core.jobs.search.lookup import Found
    from pandadb.core.jobs.stragglers import Rows
    from pandadb.database import Database

EXAMPLES = 5


@dataclass(frozen=True)
class Stragglers:
    """Files, parameters and metadata at 1970-01-01 of jobs that have ended."""

    rows: Rows
    """How many of each table."""
    jobs: list[int]
    """The jobs that they belong to, in JOBSARCHIVED4 or the archive."""
    unknown: list[int] = field(default_factory=list)
    """PandaIDs of other rows at 1970-01-01, without a job in any table of this database."""

    @override
    def __str__(self) -> str:
        """Return a sentence with the remedy; an empty string if there are none."""
        if not self.jobs:
            return ""
        rows = ", ".join(f"{table} {number:,}" for table, number in self.rows.items())
        some = ", ".join(map(str, self.jobs[:EXAMPLES])) + (", …" if self.jobs[EXAMPLES:] else "")
        return (
            f"Of {len(self.jobs):,} jobs that have ended, rows are still at 1970-01-01 ({rows}): "
            f"{some}. pandadb archive mend gives them the times of their jobs"
        )


def find(database: Database) -> Stragglers:
    """Return the stragglers. It reads the rows of all live jobs, and locks nothing."""
    rows, ended = look(database)
    jobs = [pandaid for pandaid in rows if pandaid in ended]
    unknown = [pandaid for pandaid in rows if pandaid not in ended]
    return Stragglers(stragglers.tally(rows, jobs), jobs, unknown)


def look(database: Database) -> tuple[dict[int, Rows], dict[int, Found]]:
    """Return the rows of jobs that do not live, and those of the jobs that have ended."""
    with database.session() as session:
        act_as_owner(session.connection(), local=True)
        lift_timeouts(session)
        found = stragglers.find(session)
        return found, stragglers.ends(session, found)
