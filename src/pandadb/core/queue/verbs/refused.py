"""Refusals of verbs on queued jobs, and the errors that they are if nothing else was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.jobs.refusals import Refusal, RefusalReason
from pandadb.core.queue.verbs.standings import MEANINGS, OUTCOMES, verbs_of

if TYPE_CHECKING:
    from datetime import date

    from pandadb.core.queue.verbs.standings import Standing


def unknown(pandaid: int) -> Refusal:
    """Refuse a job that there is not, or that is not of a job queue."""
    sentence = f"Job {pandaid} is unknown: no job of a queue has that PandaID now"
    return Refusal(RefusalReason.UNKNOWN, sentence)


def archived(pandaid: int, day: date | None) -> Refusal:
    """Refuse a job in the archive; without a day its rows have left this database."""
    if day is None:
        sentence = (
            f"Job {pandaid} was archived, and its rows have left this database: see the other one,"
            " or pandadb archive import"
        )
    else:
        sentence = (
            f"Job {pandaid} is in the archive schema since its end on {day:%Y-%m-%d}: restore it"
            f" first (pandadb archive restore --pandaid {pandaid})"
        )
    return Refusal(RefusalReason.UNKNOWN, sentence)


def not_allowed(pandaid: int, state: Standing, verb: str) -> Refusal:
    """Refuse a job in a state that a verb is not for."""
    allowed = ", ".join(OUTCOMES[verb])
    others = ", ".join(verbs_of(state))
    return Refusal(
        RefusalReason.STATE,
        f"Job {pandaid} is {state} ({MEANINGS[state]}), and {verb} is for jobs that are "
        f"{allowed}; a {state} job allows {others}",
    )


def locked(pandaid: int) -> Refusal:
    """Refuse a job that another transaction has locked."""
    sentence = f"Job {pandaid} is locked by another transaction"
    return Refusal(RefusalReason.LOCKED, sentence)


def guarded(pandaid: int, words: str) -> Refusal:
    """Refuse a job for another reason than its state."""
    return Refusal(RefusalReason.GUARD, f"Job {pandaid} {words}")
