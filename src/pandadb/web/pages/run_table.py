"""The table of the last runs of commands for cron."""

from collections.abc import Sequence

from pandadb.services.maintenance import LastRun
from pandadb.web.tables import Column, Table, rows_of

COLUMNS = (
    Column("command", "Command", "code"),
    Column("outcome", "Outcome"),
    Column("why", "Why"),
    Column("began_at", "Began", "time"),
    Column("ended_at", "Ended", "time"),
    Column("good_at", "Last good", "time"),
    Column("run_by", "By"),
    Column("host", "Host"),
)


def run_table(runs: Sequence[LastRun], empty: str) -> Table:
    """Return the last run of each command."""
    return Table("Last runs", COLUMNS, rows_of(runs), empty=empty)
