"""Flows of the job controller: `JobController.flows`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.services import queue
from pandadb.services.queue import flows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from pandadb.database import Database
    from pandadb.services.queue import NewQueueJob, Submitted
    from pandadb.services.queue.flows import FlowFilter, FlowGraph, FlowOutcome, FlowPage, NewFlow
    from pandadb.services.transaction import VerbOptions


class FlowController:
    """Verbs and reads on flows, each by its number; each verb is one transaction."""

    def __init__(self, database: Database, options: VerbOptions) -> None:
        self.database = database
        self.options = options

    def submit(
        self, flow: NewFlow | int | str, jobs: Sequence[NewQueueJob], **given: Any
    ) -> Submitted:
        """Submit jobs as a new flow, or add them to one, all or none: see `queue.submit`."""
        return queue.submit(self.database, jobs, self.options, flow=flow, **given)

    def get(self, flow: int) -> FlowGraph:
        """Return a flow with its state, its jobs and their dependencies: see `flows.get`."""
        return flows.get(self.database, flow)

    def of_job(self, pandaid: int) -> int | None:
        """Return the flow of a job; None if it has none."""
        return flows.of_job(self.database, pandaid)

    def list(self, chosen: FlowFilter | None = None, **page: Any) -> FlowPage:
        """Return a page of flows: see `flows.find`."""
        return flows.find(self.database, chosen or flows.FlowFilter(), **page)

    def count(self, chosen: FlowFilter | None = None) -> dict[str, int]:
        """Return the numbers of flows by state: see `flows.count`."""
        return flows.count(self.database, chosen or flows.FlowFilter())

    def stop(self, flow: int) -> FlowOutcome:
        """Close the jobs of a flow that have not begun: see `flows.stop`."""
        return flows.stop(self.database, flow, self.options)

    def stop_children(self, pandaids: Sequence[int] | int) -> FlowOutcome:
        """Close the children of jobs that have not begun: see `flows.stop_children`."""
        return flows.stop_children(self.database, pandaids, self.options)

    def resume(self, flow: int) -> FlowOutcome:
        """Resume the paused and stopped jobs of a flow: see `flows.resume`."""
        return flows.resume(self.database, flow, self.options)

    def refresh(self, flow: int) -> FlowOutcome:
        """Make jobs of a flow ready that wait for nothing: see `flows.refresh`."""
        return flows.refresh(self.database, flow, self.options)

    def delete(self, chosen: int | Sequence[int], **rules: Any) -> Sequence[int]:
        """Delete flows with their jobs: see `flows.delete`."""
        return flows.delete(self.database, chosen, self.options, **rules)

    def reset(self, *, limit: int, today: date | None = None) -> int:
        """Delete all flows, if there are few, or the day is given: see `flows.reset`."""
        return flows.reset(self.database, self.options, limit=limit, today=today)
