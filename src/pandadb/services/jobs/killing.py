"""Killing jobs: one, or many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core import kills
from pandadb.core.kills import Killed
from pandadb.core.refusals import Refused
from pandadb.services.jobs.verbs import USUAL, How, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandadb.database import Database

__all__ = ["Killed", "kill"]


def kill(
    database: Database,
    pandaids: int | Iterable[int],
    *,
    by: str,
    code: int = 9,
    how: How = USUAL,
    hard: bool = False,
) -> Killed:
    """End jobs as a kill code says; running ones are told to end, unless `hard` or the code forces.

    Raises:
        Refused: It was one PandaID, and the job cannot be killed.
        UnknownCode: There is no such code.
        BadValue: `by`, who wants it or what JEDI says of it, has a character that no text can have.
        JobsLocked: Somebody else had a job for longer than we wanted to wait.
    """
    jobs = [pandaids] if isinstance(pandaids, int) else [*pandaids]
    with transaction(database, how) as connection:
        killed = kills.kill(
            connection, jobs, code=code, by=by, host=how.host, lock=how.lock, hard=hard
        )
        if isinstance(pandaids, int) and killed.refused:
            raise Refused(killed.refused[pandaids])
    return killed
