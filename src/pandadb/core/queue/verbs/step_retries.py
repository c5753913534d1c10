"""Retries of a step: the same attempt goes on after its worker could not stage, submit or fetch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import null, update

from pandadb.core.control import notices
from pandadb.core.queue.verbs import outcomes, refused
from pandadb.core.queue.verbs.standings import RETRY
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.transaction import Lock
from pandadb.models import JobControl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.queue.verbs.outcomes import VerbOutcome
    from pandadb.core.sql.transaction import Transaction

CONTROL = JobControl.__table__.c


def retry(session: Transaction, pandaids: Sequence[int], *, how: Lock = Lock.WAIT) -> VerbOutcome:
    """Try the present step of jobs again at once: its failed attempts are forgotten.

    A job with a step that has failed for good goes on in its present state. Flows are not locked.

    Raises:
        JobsLocked: The session's `lock_timeout` has passed.
    """
    chosen = outcomes.choose(session, pandaids, RETRY, how, in_flow=False, alone=True)
    over = [job for job, one in chosen.jobs.items() if one.has_ended]
    words = "was given up with the step that failed: there is nothing to go on with, only a rerun"
    chosen.refuse({job: refused.guarded(job, words) for job in over})
    mine = update(JobControl.__table__).where(is_among(CONTROL.pandaid, chosen.ids))
    fresh = {"suspended": False, "step_attempts": 0, "step_error": null(), "run_after": null()}
    session.execute(mine.values(**fresh, last_changed=now()))
    if chosen.jobs:
        notices.wake(session)
    return outcomes.report(session, chosen.outcome, chosen.jobs)
