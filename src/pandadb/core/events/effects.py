"""Effects and guards of the transitions of ranges of events.

A row has the columns of JEDI_EVENTS as they were; `jobset`, the job set that its ranges go back to;
`is_free`, whether that costs no attempt; `job`, the one that takes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, literal_column

from pandadb.core.statemachine.effects import Effect, Guard

if TYPE_CHECKING:
    from pandadb.core.statemachine.effects import Columns

LAST_ATTEMPT = 1
IS_JUMBO = 1
"""The value of `is_jumbo` of ranges that a jumbo job has taken."""


def _less(row: Columns) -> Any:
    return row["attemptnr"] - literal_column("1")


ONE_LESS = Effect("- 1", lambda row, _column: _less(row))
ONE_LESS_UNLESS_FREE = Effect(
    "- 1, unless only failed ranges cost attempts",
    lambda row, _column: case((row["is_free"], row["attemptnr"]), else_=_less(row)),
)
TO_FIRST_JOBSET = Effect(
    "`event_offset`: the job set that it was made for", lambda row, _column: row["event_offset"]
)
TO_JOBSET = Effect(
    "the job set of its job", lambda row, _column: func.coalesce(row["jobset"], row["event_offset"])
)
TO_JOB = Effect("the job's", lambda row, _column: row["job"])
TO_NO_JOB = Effect("0", lambda _row, _column: literal_column("0"))

IS_OPEN = Guard(
    "an attempt is left",
    lambda row: row["attemptnr"] > literal_column("0"),
    "its attempts are used up",
)
HAS_ATTEMPTS = Guard(
    "an attempt is left after this one",
    lambda row: row["attemptnr"] > LAST_ATTEMPT,
    "its attempts are used up",
)
IS_LAST = Guard(
    "this was its last attempt",
    lambda row: func.coalesce(row["attemptnr"], 0) <= LAST_ATTEMPT,
    "it has attempts left",
)
IS_SPENT = Guard(
    "no attempt is left",
    lambda row: row["attemptnr"] == literal_column("0"),
    "it has attempts left",
)
