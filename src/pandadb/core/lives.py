"""A step in the life of jobs, with all that follows from it for their task's files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core import checks, states
from pandadb.core.moves import move
from pandadb.core.routes import Lock
from pandadb.models import JobsActive4

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from pandadb.core.moves import Moved


def advance(
    session: Session,
    verb: str,
    pandaids: Sequence[int],
    *,
    host: str,
    target: str | None = None,
    values: Mapping[str, Any] | None = None,
    lock: Lock = Lock.WAIT,
) -> Moved:
    """Take jobs through a verb; where it leads to more than one state, through one of those.

    Raises:
        UnknownWord: There is no such verb, or it does not lead to the target.
        BadValue: A value does not fit its column.
        JobsLocked: See `move`.
    """
    steps = states.transitions(verb, target)
    checks.check_columns(JobsActive4, values or {})
    return move(session, steps, pandaids, host=host, values=values, lock=lock)
