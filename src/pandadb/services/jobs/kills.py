"""Killing jobs: one, or many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.jobs.ending import kills
from pandadb.core.jobs.ending.kills import KillResult
from pandadb.core.jobs.refusals import Refused
from pandadb.core.sql import validation
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandadb.database import Database

__all__ = ["KillResult", "close", "kill"]

EXPIRED_CODE = 2


def kill(
    database: Database,
    pandaids: int | Iterable[int],
    *,
    by: str,
    code: int = 9,
    options: VerbOptions = DEFAULT_OPTIONS,
    hard: bool = False,
    production: bool = True,
    keep_unmerged: bool = False,
) -> KillResult:
    """End jobs by a kill code; running jobs get a command to end, unless `hard` or the code forces.

    `production` is the role of the caller: with it code 99 forces, and codes 3, 55 and 60 are not
    for jobs of users. The right to kill another user's job without it is the caller's to check.
    `keep_unmerged` leaves the inputs of a killed merge job for another one.

    Raises:
        Refused: It was one PandaID, and the job cannot be killed.
        UnknownCode: There is no such code.
        InvalidValue: `by` has a character that no text can have; or a PandaID is no number.
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    jobs = validation.ids(pandaids)
    with transaction(database, options) as connection:
        killed = kills.kill(
            connection,
            jobs,
            code=code,
            by=by,
            host=options.host,
            lock=options.lock,
            hard=hard,
            production=production,
            keep_unmerged=keep_unmerged,
        )
        if isinstance(pandaids, int) and killed.refused:
            raise Refused(killed.refused[pandaids])
    return killed


def close(
    database: Database,
    pandaids: int | Iterable[int],
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    code: int = EXPIRED_CODE,
    by: str = "pandadb",
) -> KillResult:
    """Give jobs up, as the system does: `kill` with a code that closes them.

    Raises:
        InvalidValue: The code does not close jobs.
        Refused, UnknownCode, JobsLocked: See `kill`.
    """
    if kills.known(code).target != "closed":
        closing = ", ".join(str(one.code) for one in kills.CODES.values() if one.target == "closed")
        raise validation.InvalidValue(f"Kill code {code} does not close jobs: these do: {closing}")
    return kill(database, pandaids, by=by, code=code, options=options)
