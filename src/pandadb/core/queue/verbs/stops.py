"""Stops: jobs that are ready or in flight are cancelled, as a user asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.queue import cancels
from pandadb.core.queue.verbs import outcomes, refused
from pandadb.core.queue.verbs.standings import STOP
from pandadb.core.sql.transaction import Lock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.queue.verbs.outcomes import VerbOutcome
    from pandadb.core.sql.transaction import Transaction


def stop(
    session: Transaction, pandaids: Sequence[int], *, by: str, host: str, how: Lock = Lock.WAIT
) -> VerbOutcome:
    """Cancel jobs that are ready or in flight; children that may miss them are ready then.

    A job with a payload at a worker ends when the worker has ended that.

    Raises:
        InvalidValue: `by` does not fit its column.
        FlowLocked, JobsLocked: The session's `lock_timeout` has passed.
    """
    chosen = outcomes.choose(session, pandaids, STOP, how)
    if chosen.jobs:
        done = cancels.cancel(session, chosen.ids, by=by, host=host)
        chosen.refuse({job: refused.guarded(job, said) for job, said in done.refused.items()})
    return outcomes.report(session, chosen.outcome, chosen.jobs)
