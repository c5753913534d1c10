"""States of workers, and how long the last one holds against later reports: semantics 9."""

from __future__ import annotations

from sqlalchemy import Interval, literal_column

LIVE_STATES = ("submitted", "ready", "running", "idle")
"""States of a worker that its batch system has or will have."""
FINAL_STATES = ("finished", "failed", "cancelled", "missed")
"""States of a worker that has ended; it keeps them for a while."""
STATES = (*LIVE_STATES, *FINAL_STATES)
KEPT = literal_column("interval '3 hours'", Interval())
"""How long a worker that has ended keeps its state, since its last update."""
