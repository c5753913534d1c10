"""The states of a queued job as its user sees them, and the verbs that each state allows: data.

A state of PanDA is divided further by the control row: paused jobs, and jobs with a step that has
failed for good; and by `jobsubstatus`: jobs of a batch process.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pandadb.core.sql.validation import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Mapping

BATCH_SUBSTATUS = "batch"
"""The `jobsubstatus` of jobs that a batch process has, or is to fetch."""
STAGED_SUBSTATUS = "staged"
"""The `jobsubstatus` of a job with its files at its worker's, before it is submitted."""


class Standing(StrEnum):
    """A state of a queued job."""

    WAITING = "waiting"
    READY = "ready"
    THROTTLED = "throttled"
    PAUSED = "paused"
    CLAIMED = "claimed"
    STAGED = "staged"
    SUBMITTED = "submitted"
    RUNNING = "running"
    HOLDING = "holding"
    TRANSFERRING = "transferring"
    BATCHED = "batched"
    BATCH = "batch"
    SUSPENDED = "suspended"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    CLOSED = "closed"


S = Standing
MEANINGS: Mapping[Standing, str] = {
    S.WAITING: "it waits for parents or its time",
    S.READY: "a worker may take it",
    S.THROTTLED: "its group is full",
    S.PAUSED: "a user has paused it",
    S.CLAIMED: "a worker has it",
    S.STAGED: "its files are where it is to run",
    S.SUBMITTED: "a batch system has it",
    S.RUNNING: "its payload runs",
    S.HOLDING: "its payload has ended",
    S.TRANSFERRING: "its outputs are here, or on their way",
    S.BATCHED: "a batch process is to fetch it",
    S.BATCH: "a batch process has it",
    S.SUSPENDED: "a step of its worker has failed for good",
    S.FINISHED: "it has succeeded",
    S.FAILED: "its payload has failed",
    S.CANCELLED: "a user has stopped it",
    S.CLOSED: "it was given up, with a parent or its flow",
}
STATUSES: Mapping[str, Standing] = {
    "pending": S.WAITING,
    "activated": S.READY,
    "throttled": S.THROTTLED,
    "sent": S.CLAIMED,
    "starting": S.SUBMITTED,
    "stagein": S.RUNNING,
    "running": S.RUNNING,
    "stageout": S.RUNNING,
    "holding": S.HOLDING,
    "transferring": S.TRANSFERRING,
    "finished": S.FINISHED,
    "failed": S.FAILED,
    "cancelled": S.CANCELLED,
    "closed": S.CLOSED,
}
"""The standing of each state of PanDA that a queued job may be in, without anything further."""

NOT_BEGUN = (S.WAITING, S.READY, S.THROTTLED, S.PAUSED)
IN_FLIGHT = (S.CLAIMED, S.STAGED, S.SUBMITTED, S.RUNNING, S.HOLDING, S.TRANSFERRING)
"""States of a job that a worker has, and no batch process."""
BATCHES = (S.BATCHED, S.BATCH)
ENDED = (S.FINISHED, S.FAILED, S.CANCELLED, S.CLOSED)
MAY_WAIT_AGAIN = NOT_BEGUN
"""States of a child that a rerun of its parent may take back without force."""


def standing(status: str, substatus: str | None, *, held: bool, suspended: bool) -> Standing:
    """Return the standing of a job."""
    if suspended:
        return S.SUSPENDED
    if held and status in ("pending", "activated", "throttled"):
        return S.PAUSED
    if substatus == BATCH_SUBSTATUS and status in ("starting", "running"):
        return S.BATCH if status == "running" else S.BATCHED
    if substatus == STAGED_SUBSTATUS and status == "starting":
        return S.STAGED
    return STATUSES.get(status, S.WAITING)


def standing_of(name: str) -> Standing:
    """Return the standing with a name.

    Raises:
        InvalidValue: There is none.
    """
    if name not in [*Standing]:
        raise InvalidValue(f"There is no state {name!r}: there are {', '.join(Standing)}")
    return Standing(name)


AGAIN = "ready, or waiting for a parent"
SAME = "as it was, its step tried at once"
RERUN, FORCED_RERUN, RETRY, PAUSE, RESUME = "rerun", "rerun by force", "retry", "pause", "resume"
STOP, DELETE, SET_STATE = "stop", "delete", "set state"
SET_PRIORITY, SET_PROPERTIES = "set priority", "set properties"
OUTCOMES: Mapping[str, Mapping[Standing, str]] = {
    RERUN: dict.fromkeys((*IN_FLIGHT, S.SUSPENDED, S.FAILED), AGAIN),
    FORCED_RERUN: dict.fromkeys((S.PAUSED, *IN_FLIGHT, *BATCHES, S.SUSPENDED, *ENDED), AGAIN),
    RETRY: {**dict.fromkeys((*IN_FLIGHT, *BATCHES), SAME), S.SUSPENDED: "in the state before"},
    PAUSE: dict.fromkeys((S.WAITING, S.READY, S.THROTTLED), "paused"),
    RESUME: dict.fromkeys((S.PAUSED, S.CANCELLED, S.CLOSED), AGAIN),
    STOP: dict.fromkeys((S.READY, S.THROTTLED, *IN_FLIGHT, *BATCHES), "cancelled"),
    DELETE: dict.fromkeys((*NOT_BEGUN, S.SUSPENDED, *ENDED), "deleted"),
    SET_STATE: dict.fromkeys(Standing, "the given state"),
    SET_PRIORITY: dict.fromkeys(Standing, "as it was"),
    SET_PROPERTIES: dict.fromkeys((*NOT_BEGUN, S.SUSPENDED, *ENDED), "as it was"),
}
"""The matrix: each verb with the states that it is for, and the state of the job after it."""
RESETS = (*IN_FLIGHT,)
"""States from which a rerun is a mere reset: no child can have begun."""


def allowed(verb: str, state: Standing) -> bool:
    """Return whether a verb is for jobs in a state."""
    return state in OUTCOMES[verb]


def verbs_of(state: Standing) -> list[str]:
    """Return the verbs that a state allows."""
    return [verb for verb, states in OUTCOMES.items() if state in states]
