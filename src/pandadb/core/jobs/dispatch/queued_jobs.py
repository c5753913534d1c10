"""Jobs of the job queue that become ready, with the places of their groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.control import groups, notices
from pandadb.core.jobs import states
from pandadb.core.jobs.mover import move

if TYPE_CHECKING:
    from collections.abc import Collection

    from pandadb.core.sql.transaction import Transaction


def go_on(
    session: Transaction,
    ready: Collection[int],
    freed: Collection[str] = (),
    *,
    host: str,
    wakes: bool = True,
) -> dict[int, str]:
    """Make pending jobs ready, and admit jobs to groups with free places; return the new states.

    A job whose group is full is throttled until a place is free. With `wakes` the workers are
    notified.
    """
    joined = groups.join(session, ready) if ready else set()
    admitted = {*groups.admit(session, {*freed, *joined})}
    waiting = groups.waiting(session, ready) if joined else set()
    done: dict[int, str] = {}
    for verb, target, jobs in (
        (states.READY, "activated", sorted({*ready} - waiting)),
        (states.READY, "throttled", sorted(waiting)),
        ("release", "activated", sorted(admitted - {*ready})),
    ):
        if jobs:
            moved, _ = move(session, states.transitions(verb, target), jobs, host=host)
            done |= moved.jobs
    if wakes and "activated" in done.values():
        notices.wake(session)
    return done
