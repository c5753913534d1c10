"""Flows that are stopped, resumed, refreshed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pandadb.core.queue.flows import flow_rows, refreshes, resumes
from pandadb.core.queue.flows import stops as closing
from pandadb.core.sql import validation
from pandadb.services.queue.attempts import repeated
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from pandadb.database import Database
    from pandadb.services.jobs.verbs import PandaIDs


@dataclass(frozen=True)
class FlowOutcome:
    """The result of a verb on a flow."""

    jobs: dict[int, str] = field(default_factory=dict)
    """The jobs that have changed, each with its state of PanDA now."""

    @property
    def number(self) -> int:
        """Return how many jobs have changed."""
        return len(self.jobs)


@repeated
def stop(database: Database, flow: int, options: VerbOptions = DEFAULT_OPTIONS) -> FlowOutcome:
    """Close all jobs of a flow that no worker has and no user has paused.

    Jobs that run go on. Jobs that are added to the flow are closed, too, until it is resumed.

    Raises:
        FlowNotFound: There is no such flow.
        FlowLocked, ControlLocked, JobsLocked: The flow or a job was locked for longer
            than the lock timeout.
    """
    with transaction(database, options) as connection:
        flow_rows.lock_one(connection, flow)
        return FlowOutcome(closing.stop(connection, flow, host=options.host))


@repeated
def stop_children(
    database: Database, pandaids: PandaIDs, options: VerbOptions = DEFAULT_OPTIONS
) -> FlowOutcome:
    """Close the children of jobs, of one level, that no worker has and no user has paused.

    Raises:
        FlowLocked, ControlLocked, JobsLocked: A flow or a job was locked for longer
            than the lock timeout.
    """
    jobs = validation.ids(pandaids)
    with transaction(database, options) as connection:
        closing.lock_flows(connection, jobs)
        return FlowOutcome(closing.stop_children(connection, jobs, host=options.host))


@repeated
def resume(database: Database, flow: int, options: VerbOptions = DEFAULT_OPTIONS) -> FlowOutcome:
    """Resume the paused and stopped jobs of a flow, all or none.

    Raises:
        FlowNotFound: There is no such flow.
        FlowNotAllowed: The flow is neither stopped nor paused.
        FlowLocked, ControlLocked, JobsLocked: The flow or a job was locked for longer
            than the lock timeout.
    """
    with transaction(database, options) as connection:
        return FlowOutcome(resumes.resume(connection, flow, host=options.host))


@repeated
def refresh(database: Database, flow: int, options: VerbOptions = DEFAULT_OPTIONS) -> FlowOutcome:
    """Make those jobs of a flow ready that wait for nothing; normally there is none.

    Raises:
        FlowNotFound: There is no such flow.
        FlowLocked, ControlLocked, JobsLocked: The flow or a job was locked for longer
            than the lock timeout.
    """
    with transaction(database, options) as connection:
        return FlowOutcome(refreshes.refresh(connection, flow, host=options.host))
