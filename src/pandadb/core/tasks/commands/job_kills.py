"""Jobs of tasks that are killed, finished or reassigned: ended by a kill code (semantics 2.9).

How far a command goes, `soft` or `nokill`, is said by words in its comment. PRODSYS_COMM has no
column for it, and PanDA's clients and server write and look for just these words (semantics 3.3).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pandadb.core.jobs.ending import kills
from pandadb.core.tasks import task_jobs
from pandadb.core.tasks.commands.catalog import COMMANDS
from pandadb.core.tasks.commands.reassignments import KEEPS_JOBS, SOFT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.tasks.commands.acceptance import Accepted

SOFT_FINISH = "soft finish"
"""Words in the comment of finish: jobs that are at work are waited for."""
UNFORCED = 50
BY_LENGTH = 250
"""Characters of a comment that fit into the diagnostics of a job."""


def end_jobs(session: Transaction, accepted: Sequence[Accepted], host: str) -> dict[int, list[int]]:
    """End the jobs of tasks as far as their commands want it; return those that are left, by task.

    A task that is not there is to be waited for no longer. Running jobs get a command to end, and
    are left until they do. After a soft finish, jobs count as left until the next run.
    """
    concerned = [one for one in accepted if not _keeps(one)]
    found = _jobs(session, concerned)
    killed: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    soft = [one for one in concerned if _is_soft_finish(one)]
    queued = task_jobs.live_jobs(session, [one.task for one in soft], queued=True)
    for one in concerned:
        jobs = (queued if one in soft else found).get(one.task, [])
        killed[_code(one), by(one)] += jobs
    for (code, words), chosen in sorted(killed.items()):
        if chosen:
            kills.kill(session, chosen, code=code, by=words, host=host)
    again = [one for one in concerned if one not in soft and one.task in found]
    left = _jobs(session, again)
    return {**{one.task: found[one.task] for one in soft if one.task in found}, **left}


def by(accepted: Accepted) -> str:
    """Return the words about a command for the diagnostics of jobs."""
    return (accepted.comment or accepted.command)[:BY_LENGTH]


def _jobs(session: Transaction, accepted: Sequence[Accepted]) -> Mapping[int, list[int]]:
    """Return the jobs that commands have to end: all, or those that are not at work."""
    queued = [one.task for one in accepted if _has(one, "reassign", SOFT)]
    rest = [one.task for one in accepted if not _has(one, "reassign", SOFT)]
    return {
        **task_jobs.live_jobs(session, queued, queued=True),
        **task_jobs.live_jobs(session, rest),
    }


def _code(accepted: Accepted) -> int:
    return COMMANDS[accepted.command].kill_code or UNFORCED


def _keeps(accepted: Accepted) -> bool:
    return _has(accepted, "reassign", KEEPS_JOBS)


def _is_soft_finish(accepted: Accepted) -> bool:
    return _has(accepted, "finish", SOFT_FINISH)


def _has(accepted: Accepted, command: str, words: str) -> bool:
    return accepted.command == command and words in (accepted.comment or "")
