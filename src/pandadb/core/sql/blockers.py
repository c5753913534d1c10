"""The sessions that a session waits for, as pg_stat_activity shows them to our role."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text
from typing_extensions import override

if TYPE_CHECKING:
    from sqlalchemy import Connection

BLOCKERS = text("""
SELECT b.pid, a.usename, a.application_name, a.state,
       to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
       extract(epoch FROM clock_timestamp() - a.xact_start),
       a.query
  FROM pg_stat_activity AS waits
 CROSS JOIN LATERAL (SELECT DISTINCT unnest(pg_blocking_pids(waits.pid)) AS pid) AS b
  LEFT JOIN pg_stat_activity AS a ON a.pid = b.pid
 WHERE waits.pid = :pid AND waits.wait_event_type = 'Lock'
 ORDER BY a.xact_start NULLS LAST, b.pid
""")
"""Only sessions that wait are looked up in the table of locks, which other sessions need."""
SHOWN = 100
"""Characters of a query: enough for its verb and its table."""


@dataclass(frozen=True)
class Blocker:
    """A session that keeps another one waiting for a lock, or is before it in the queue."""

    pid: int
    """0 for a prepared transaction, which has no session."""
    user: str | None
    application: str | None
    state: str | None
    """The state in pg_stat_activity, such as `idle in transaction`; None without the right to see
    it.
    """
    since: str | None
    """When its transaction began, in UTC; None if our role may not see that."""
    seconds: float | None
    """How long that is ago."""
    query: str | None
    """Its last statement, without any value, see `shortened`."""

    @override
    def __str__(self) -> str:
        """Return it as part of a sentence."""
        if not self.pid:
            return "a prepared transaction (see pg_prepared_xacts)"
        words = [f"pid {self.pid}", f"user {self.user or 'unknown'}"]
        words += [f"application {self.application}"] if self.application else []
        if self.since is None:
            return f"{', '.join(words)} (pg_monitor sees since when, and the query)"
        words.append(f"in a transaction since {self.since} UTC ({self.seconds:.0f} s)")
        words += [self.state] if self.state not in (None, "active") else []
        return f"{', '.join(words)}: {self.query or 'no query'}"


def blockers(connection: Connection, pid: int) -> list[Blocker]:
    """Return the sessions that a session of this server waits for now, the oldest first.

    Empty if it waits for no lock. `connection` is another one than that of the session.
    """
    return [
        Blocker(pid, user, application, state, since, seconds, shortened(query or ""))
        for pid, user, application, state, since, seconds, query in connection.execute(
            BLOCKERS, {"pid": pid}
        )
    ]


def shortened(query: str) -> str:
    """Return the beginning of a query in one line, up to the first text: that may be a secret."""
    line = " ".join(query[: 10 * SHOWN].split())
    found = re.search(r"'|\$\w*\$", line)
    line = f"{line[: found.start()]}…" if found else line
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"
