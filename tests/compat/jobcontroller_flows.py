"""The ops of the judge on flows, dynamic jobs and the runner's steps: a part of the adapter."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from pandadb.core.control.locks import ControlLocked
from pandadb.core.jobs.refusals import JobsLocked
from pandadb.core.queue.flows import new_flows
from pandadb.core.queue.steps.step_failures import StepFailure
from pandadb.models import FlowJobs, Flows, JediTaskParams, JobControl, Jobs, Outbox
from pandadb.services import queue
from pandadb.services.queue import LeaseLost, NewQueueJob, batches, flows, steps
from pandadb.services.queue.flows import FlowFilter, FlowLocked, Graph, NewFlow, Response
from pandadb.services.transaction import VerbOptions
from tests.compat.jobcontroller_order import in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pandadb.core.queue.leases import Lease
    from pandadb.database import Database

CONTROL, JOB, FLOW, MEMBER = (one.__table__.c for one in (JobControl, Jobs, Flows, FlowJobs))
PARAMS = JediTaskParams.__table__.c
PATIENT = VerbOptions(patience=0.2)
OWNER = "golden"
SECONDS = 3600.0
UNKNOWN = 10**15
SETTINGS = ("priority", "worker", "resources", "exec_config")
"""What jobflow calls the manager configuration of a job."""
FAR, BATCH = "far", "batch"
POLLED = ("SUBMITTED", "RUNNING")
"""States in which the runner asks a batch system: whatever fails then is tried again."""
NEXT_STEPS = {
    "CHECKED_OUT": "staged",
    "UPLOADED": "submitted",
    "SUBMITTED": "running",
    "RUNNING": "fetched",
    "RUN_FINISHED": "fetched",
    "BATCH_RUNNING": "fetched",
}
EXCUSED = ("none", "pass")
ERRORS = {
    "FlowNotFound": "not found",
    "FlowExists": "twice",
    "FlowNotAllowed": "not allowed",
    "FlowLocked": "flow locked",
    "ControlLocked": "job locked",
    "JobsLocked": "job locked",
    "TooManyFlows": "too many",
    "ParentOutside": "bad input",
    "UnknownParent": "bad input",
    "InvalidValue": "bad input",
}


class ConnectionLostError(Exception):
    """The connection was lost, as a scenario wants it."""


class FlowOps:
    """Ops that the class `Controller` inherits; it has the database, names and `state_of`."""

    if TYPE_CHECKING:
        database: Database

        def pandaid(self, job: str) -> int: ...
        def keys(self) -> dict[int, str]: ...
        def state_of(self, job: str) -> str | None: ...
        def locked_flows(self) -> set[int]: ...
        def set_state(self, job: str, state: str) -> list[str]: ...

    def begin_flows(self) -> None:
        """Forget what an earlier scenario left in the adapter."""
        self.leases: dict[int, Lease] = {}
        self.batches: dict[str, int] = {}
        self.heard: int | None = None
        self.settings: dict[str, dict[str, Any]] = {}
        self.overdue: set[int] = set()
        """Jobs whose back-off is over, while another session has the row that says so."""

    def flow_kind(self, error: Exception) -> str | None:
        """Return the kind of an error in the judge's words."""
        return ERRORS.get(type(error).__name__)

    # ------------------------------------------------------------ what is seen

    def flow_lines(self, keys: dict[int, str]) -> dict[str, dict[str, Any]]:
        """Return what is seen of flows; `keys` are those of jobs by PandaID."""
        locked = self.locked_flows()
        found = select(FLOW.jeditaskid, FLOW.name, FLOW.state, FLOW.changed_at, PARAMS.taskparams)
        found = found.outerjoin(PARAMS.jeditaskid.table, PARAMS.jeditaskid == FLOW.jeditaskid)
        members: dict[int, list[str]] = {}
        with self.database.transaction() as connection:
            rows = connection.execute(found).all()
            for job, flow in connection.execute(select(MEMBER.pandaid, MEMBER.jeditaskid)):
                members.setdefault(flow, []).append(keys[job])
        return {
            row.name: {
                "state": row.state.upper(),
                "jobs": sorted(members.get(row.jeditaskid, ())),
                "metadata": json.loads(row.taskparams or "{}").get("metadata"),
                "locked": row.jeditaskid in locked,
                "updated": row.changed_at,
            }
            for row in rows
        }

    def batch_lines(self, keys: dict[int, str]) -> dict[str, dict[str, Any]]:
        """Return what is seen of batch processes."""
        found = batches.listed(self.database, statuses=("submitted", "running", "finished"))
        known = {one.number: one for one in found}
        return {
            name: {
                "state": known[number].status.upper(),
                "worker": known[number].queue,
                "process": known[number].process,
                "jobs": sorted(keys[job] for job in known[number].jobs if job in keys),
                "started": bool(known[number].starttime),
                "ended": bool(known[number].endtime),
            }
            for name, number in self.batches.items()
            if number in known
        }

    # ------------------------------------------------------------ names

    def flows(self) -> dict[str, int]:
        """Return all flows by name."""
        with self.database.transaction() as connection:
            return dict(connection.execute(select(FLOW.name, FLOW.jeditaskid)).all())

    def flow_number(self, flow: str | None = None, job: str | None = None) -> int:
        """Return the number of a flow, by its name or by a job; 0 if there is none."""
        if flow is not None and flow.startswith("id "):
            job, flow = flow, None
        if flow is not None:
            return self.flows().get(flow, 0)
        return flows.of_job(self.database, self.pandaid(str(job))) or 0

    def keys_of(self, jobs: Iterable[int]) -> list[str]:
        """Return the keys of jobs."""
        keys = self.keys()
        return sorted(keys[job] for job in jobs)

    # ------------------------------------------------------------ flows

    def add_flow(
        self,
        flow: str,
        jobs: Sequence[dict[str, Any]],
        *,
        worker: str = "near",
        external: bool = False,
        crash: bool = False,
        **given: Any,
    ) -> list[str]:
        """Submit a flow; with `crash` the connection is lost in the middle."""
        new = NewFlow(flow, queue=worker, allows_outer_parents=external, is_unique=True, **given)
        own = {one["name"] for one in jobs}
        made = [self.new_job(one, own) for one in in_order(jobs)]
        self.settings |= {one["name"]: self.own_settings(one) for one in jobs}
        if crash:
            with self.database.transaction() as connection:
                new_flows.submit(connection, new, made, "golden")
                raise ConnectionLostError
        return self.keys_of(queue.submit(self.database, made, flow=new).pandaids)

    @staticmethod
    def own_settings(one: dict[str, Any]) -> dict[str, Any]:
        """Return the settings that a job of a graph has of its own."""
        return {name: one[name] for name in SETTINGS if name in one}

    def new_job(self, one: dict[str, Any], own: set[str]) -> NewQueueJob:
        """Return a job of a graph."""
        missing = one.get("missing", "error")
        return NewQueueJob(
            queue=one.get("worker", ""),
            name=one["name"],
            parents=[
                parent if parent in own else self.pandaid(parent)
                for parent in one.get("parents", ())
            ],
            on_failure="ignore" if missing in EXCUSED else "block",
            arguments={"missing": missing} if missing in EXCUSED else {},
            handler="golden",
            **{
                name: one[name]
                for name in ("metadata", "priority", "resources", "exec_config")
                if name in one
            },
        )

    def graph(self, given: dict[str, Any], maker: str) -> Graph:
        """Return a graph of a response: jobflow passes the settings of its maker to all its jobs.

        If the maker has none, each job has its own.
        """
        passed = self.settings.get(maker) or {}
        jobs = [given["job"]] if "job" in given else given["jobs"]
        if passed:
            plain = ({k: v for k, v in one.items() if k not in SETTINGS} for one in jobs)
            jobs = [{**one, **passed} for one in plain]
        own = {one["name"] for one in jobs}
        self.settings |= {one["name"]: self.own_settings(one) for one in jobs}
        made = [self.new_job(one, own) for one in in_order(jobs)]
        return Graph(made, given.get("output"))

    def replaced(self, given: dict[str, Any], maker: str) -> Graph | NewQueueJob:
        """Return what replaces its maker, a job or a graph; note the settings of the successor."""
        graph = self.graph(given, maker)
        name, _, index = maker.partition("#")
        successor = f"{name}#{int(index or 1) + 1}"
        self.settings[successor] = self.settings.get(maker) or (
            self.settings[given["job"]["name"]] if "job" in given else {}
        )
        return graph.jobs[0] if "job" in given else graph

    def get_flow(self, flow: str) -> dict[str, Any] | None:
        """Return the state and the jobs of a flow."""
        number = self.flow_number(flow)
        if not number:
            return None
        graph = flows.get(self.database, number)
        jobs = self.keys_of(job["pandaid"] for job in graph.jobs)
        return {"state": graph.flow["state"].upper(), "jobs": jobs}

    def list_flows(
        self,
        filter: dict[str, Any] | None = None,
        sort: Sequence[tuple[str, str]] | None = None,
        limit: int = 0,
    ) -> list[str]:
        """Return the names of flows that match."""
        key, way = (sort or [("flow", "up")])[0]
        page = flows.find(
            self.database,
            self.flow_filter(filter),
            sort={"flow": "name"}.get(key, key),
            descending=way == "down",
            limit=limit or 1000,
        )
        return [row["name"] for row in page.flows]

    def found_flows(self, filter: dict[str, Any] | None = None) -> list[int]:
        """Return the numbers of flows that match."""
        page = flows.find(self.database, self.flow_filter(filter), limit=1000)
        return [row["jeditaskid"] for row in page.flows]

    def count_flows(self, filter: dict[str, Any] | None = None) -> int:
        """Return the number of flows that match."""
        return sum(flows.count(self.database, self.flow_filter(filter)).values())

    def count_flow_states(self, states: Sequence[str]) -> dict[str, int]:
        """Return the numbers of flows in states."""
        found = flows.count(self.database)
        return {state: found.get(state.lower(), 0) for state in sorted(states)}

    def flow_filter(self, given: dict[str, Any] | None) -> FlowFilter:
        """Return a filter of flows, where what is empty is no condition."""
        asked = {name: value for name, value in (given or {}).items() if value}
        names = ("name", "metadata")
        wanted: dict[str, Any] = {name: asked[name] for name in names if name in asked}
        for name in ("since", "until"):
            if name in asked:
                time: datetime = asked[name]
                wanted[name] = time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
        if "jobs" in asked:
            wanted["jobs"] = [self.pandaid(job) for job in asked["jobs"]]
        if "states" in asked:
            wanted["states"] = [state.lower() for state in asked["states"]]
        if asked.get("locked"):
            wanted["locked"] = True
        by_number = [f"id {job}" for job in asked.get("numbers", ())]
        named = [names for names in (asked.get("flows"), by_number) if names]
        if named:
            found = ({self.flow_number(one) for one in names} for names in named)
            wanted["flows"] = sorted(set.intersection(*found))
        return FlowFilter(**wanted)

    def refresh_flow(self, flow: str) -> list[str]:
        """Make jobs ready that wait for nothing."""
        number = self.flow_number(flow)
        return self.keys_of(flows.refresh(self.database, number, PATIENT).jobs) if number else []

    def flow_state(self, states: dict[str, str]) -> str:
        """Set states of jobs, and return the state of their flow."""
        for job, state in states.items():
            self.set_state(job, state)
        number = self.flow_number(job=next(iter(states)))
        return str(flows.get(self.database, number).flow["state"]).upper()

    def ping_flow(self, flow: str) -> None:
        """Do nothing: the time of the last change of a flow is that of its jobs."""

    def stop_children(self, job: str) -> int:
        """Stop the children of a job, which are those of its newest index."""
        pandaid = self.pandaid(job.partition("#")[0])
        return flows.stop_children(self.database, pandaid, PATIENT).number if pandaid else 0

    def stop_flow(self, flow: str | None = None, job: str | None = None) -> int:
        """Stop a flow."""
        if (flow is None) == (job is None):
            raise queue.UnknownParent("a flow is chosen by its name or by one job")
        number = self.flow_number(flow, job)
        return flows.stop(self.database, number, PATIENT).number if number else 0

    def resume_flow(
        self, flow: str | None = None, job: str | None = None, *, break_lock: bool = False
    ) -> int:
        """Resume a flow."""
        if (flow is None) == (job is None):
            raise queue.UnknownParent("a flow is chosen by its name or by one job")
        number = self.flow_number(flow, job)
        if not break_lock:
            return flows.resume(self.database, number, PATIENT).number
        try:
            return flows.resume(self.database, number, PATIENT).number
        except FlowLocked:
            queue.break_locks(self.database, [], [number])
        except JobsLocked:
            jobs = [one["pandaid"] for one in flows.get(self.database, number).jobs]
            queue.break_locks(self.database, jobs, [])
        return self.resume_flow(flow, job, break_lock=True)

    def delete_flow(self, flow: str, *, break_lock: bool = False, **_: Any) -> bool:
        """Delete a flow, with what its jobs have made."""
        number = self.flow_number(flow)
        if break_lock:
            jobs = [job["pandaid"] for job in flows.get(self.database, number).jobs]
            queue.break_locks(self.database, jobs, [number])
        return bool(flows.delete(self.database, number, PATIENT, cancel=True))

    def delete_flows(
        self,
        flows: Sequence[str] | None = None,
        *,
        limit: int = 10,
        raise_on_error: bool = False,
        **_: Any,
    ) -> list[str]:
        """Delete flows, or all; an unknown one has a number that no flow has."""
        known = self.flows()
        names = known if flows is None else flows
        chosen = [known.get(name, UNKNOWN + place) for place, name in enumerate(names)]
        rules: dict[str, Any] = {"on_error": "abort" if raise_on_error else "skip"}
        gone = {*delete(self.database, chosen, PATIENT, limit=limit or None, cancel=True, **rules)}
        return sorted(name for name, number in known.items() if number in gone)

    def reset(self, *, limit: int = 25, validation: str = "", **_: Any) -> bool:
        """Delete everything."""
        today = datetime.now(UTC).date()
        is_today = validation in ("today", today.isoformat())
        try:
            flows.reset(self.database, PATIENT, limit=limit, today=today if is_today else None)
        except flows.TooManyFlows:
            return False
        return True

    # ------------------------------------------------------------ the runner

    def checkout(self, job: str | None = None, flow: str | None = None) -> str | None:
        """Claim a job: that one, one of the flow, or any."""
        if job is not None:
            chosen = [self.pandaid(job)]
        elif flow is not None:
            number = self.flow_number(flow)
            graph = flows.get(self.database, number) if number else None
            chosen = [one["pandaid"] for one in graph.jobs] if graph else []
        else:
            chosen = [*self.keys()]
        claimed = steps.claim_jobs(self.database, chosen, 1, owner=OWNER, lease=SECONDS)
        if not claimed:
            return None
        (lease,) = claimed
        self.leases[lease.pandaid] = lease
        return self.keys()[lease.pandaid]

    def lease(self, job: str) -> Lease | None:
        """Return the lease of a job whose next step is due; None if there is none."""
        pandaid = self.pandaid(job)
        if pandaid in self.overdue:
            self.backoff_over(job)
        workers = ("near", "near2", FAR, BATCH)
        taken = steps.take(self.database, workers, owner=OWNER, pandaids=[pandaid], lease=SECONDS)
        if taken:
            self.leases[pandaid] = taken[0]
        return self.leases.get(pandaid)

    def advance(self, job: str, *, fail: str | None = None, gone: bool = False) -> str | None:
        """Do the next step of the runner, which may fail; under a lock nothing happens."""
        state, lease = self.state_of(job), self.lease(job)
        with suppress(LeaseLost, JobsLocked, ControlLocked):
            if lease is not None:
                self.step(lease, str(state), fail, gone=gone)
        return self.state_of(job)

    def step(self, lease: Lease, state: str, fail: str | None, *, gone: bool) -> None:
        """Do a step of a job in a state; only the fetch of its files misses a file."""
        if fail == "missing" and state in POLLED:
            self.poll(lease, state)
            return
        fail = None if fail == "missing" and state != "RUN_FINISHED" else fail
        if fail and state in (*POLLED, "CHECKED_OUT", "UPLOADED", "RUN_FINISHED"):
            retryable = fail == "retry" or state in POLLED
            steps.fail(self.database, StepFailure(lease, f"it fails: {fail}", retryable), PATIENT)
        elif state == "UPLOADED" and lease.queue == BATCH:
            steps.advance(self.database, lease, "queued in batch", PATIENT)
        elif state == "BATCH_SUBMITTED":
            batches.fetch(self.database, self.live_batch(), [lease], PATIENT)
        elif state == "BATCH_RUNNING" and gone:
            batches.end(self.database, self.live_batch())
        elif state in NEXT_STEPS:
            self.plain_step(lease, state, gone=gone)

    def poll(self, lease: Lease, state: str) -> None:
        """See that a job is where it was: failed attempts to see that are forgotten."""
        tries = select(CONTROL.step_attempts).where(CONTROL.pandaid == lease.pandaid)
        with self.database.transaction() as connection:
            has_failed = bool(connection.execute(tries).scalar())
        if has_failed:
            steps.advance(self.database, lease, state.lower(), PATIENT)

    def plain_step(self, lease: Lease, state: str, *, gone: bool) -> None:
        """Do a step that succeeds."""
        step = NEXT_STEPS[state]
        if state in ("RUNNING", "SUBMITTED") and (gone or state == "RUNNING"):
            step = "ended" if lease.queue == FAR else "fetched"
        details = {
            "CHECKED_OUT": {"run_dir": f"/run/{lease.pandaid}"},
            "UPLOADED": {"process": str(1000 + lease.pandaid)},
        }.get(state, {})
        steps.advance(self.database, lease, step, PATIENT, **details)

    def live_batch(self) -> int:
        """Return a live batch process; one is made if there has been none."""
        if not self.batches:
            self.add_batch("b1", "9001")
        return batches.listed(self.database)[0].number

    def complete(
        self,
        job: str,
        output: Any = None,
        stored: Any = None,
        error: str | None = None,
        file: str | None = None,
        **response: Any,
    ) -> str | None:
        """End a job whose outputs are there; `file` is what is wrong with these."""
        lease = self.lease(job) if self.state_of(job) == "DOWNLOADED" else None
        if lease is None:
            return self.state_of(job)
        if file == "broken":
            steps.fail(self.database, StepFailure(lease, "the file is broken", False), PATIENT)
        elif error or file:
            failure = queue.Failure(lease, error or f"its file: {file}", retryable=False)
            queue.fail(self.database, failure, PATIENT)
        else:
            graphs = ("replace", "detour", "addition")
            mine = self.keys()[lease.pandaid]
            made = {
                name: (self.replaced if name == "replace" else self.graph)(response[name], mine)
                for name in graphs
                if name in response
            }
            changes = Response(
                **made,
                stop_children=response.get("stop_children", False),
                stop_flow=response.get("stop_jobflow", False),
            )
            success = queue.Success(lease, output, changes, stored)
            queue.finish(self.database, success, PATIENT)
        key = self.keys()[lease.pandaid]
        return self.state_of(key if "#" in key else f"{key}#1")

    def backoff_over(self, job: str) -> None:
        """Let the time of the next attempt of a step pass."""
        past = func.clock_timestamp().op("AT TIME ZONE")("UTC")
        pandaid = self.pandaid(job)
        row = select(CONTROL.run_after).where(CONTROL.pandaid == pandaid)
        mine = update(JobControl.__table__).where(CONTROL.pandaid == pandaid)
        self.overdue.add(pandaid)
        with self.database.transaction() as connection:
            found = connection.execute(row.with_for_update(skip_locked=True)).first()
            if found is None:
                return
            if found.run_after is not None:
                connection.execute(mine.values(run_after=past))
        self.overdue.discard(pandaid)

    # ------------------------------------------------------------ batch processes, queue processes

    def add_batch(self, batch: str, process: str, worker: str = BATCH) -> None:
        """Register a batch process."""
        self.batches[batch] = batches.register(self.database, process, worker)

    def batch_started(self, batch: str) -> None:
        """See a batch process running."""
        batches.start(self.database, self.batches[batch])

    def batch_ended(self, batch: str) -> None:
        """See that a batch process has ended."""
        batches.end(self.database, self.batches[batch])

    def list_batches(
        self,
        worker: str | None = None,
        states: Sequence[str] = ("SUBMITTED", "RUNNING", "FINISHED"),
    ) -> list[str]:
        """Return the names of batch processes."""
        found = batches.listed(
            self.database, queues=worker, statuses=[state.lower() for state in states]
        )
        numbers = {one.number for one in found}
        return sorted(name for name, number in self.batches.items() if number in numbers)

    def queue_deaf(self) -> None:
        """Let the batch system refuse to cancel from now on."""
        self.heard = self.cancelled_processes()

    def cancelled_processes(self) -> int:
        """Return how many processes have been cancelled."""
        if self.heard is not None:
            return self.heard
        found = select(func.count()).where(Outbox.kind == "cancel process")
        with self.database.transaction() as connection:
            return connection.execute(found).scalar_one()


delete = flows.delete  # the op has a parameter `flows`
__all__ = ["FlowLocked", "FlowOps"]
