"""The ops of the judge's golden files by the public verbs: see its `replay.py` and `README.md`.

An adapter calls verbs, names jobs and states, and adds nothing to them. Names: the control row of
a job has its name and its index (1, and n for the nth replacement); a further attempt takes the
row along, so the row's PandaID is always that of the newest attempt. States: table A.2.
"""

from __future__ import annotations

import importlib.util
import json
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text

from pandadb.controller import (
    JobController,
    JobFilter,
    NotAllowed,
    NotFound,
    TooMany,
    VerbReport,
    in_standing,
)
from pandadb.core.jobs.refusals import JobsLocked
from pandadb.core.jobs.search.pages import UnknownJob
from pandadb.core.sql.transaction import Lock
from pandadb.database import Database
from pandadb.errors import InvalidInput
from pandadb.models import (
    JobControl,
    JobDependency,
    JobParams,
    Jobs,
    JobsStatusLog,
)
from pandadb.services import jobs, queue
from pandadb.services.queue import FlowLocked, VerbOptions, flows
from pandadb.services.selection import count_jobs, list_jobs
from tests.compat.jobcontroller_flows import FlowOps

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement

CONTROL, EDGE, JOB = (model.__table__.c for model in (JobControl, JobDependency, Jobs))
LOG, PARAMS = JobsStatusLog.__table__.c, JobParams.__table__.c
JUDGE = Path(__file__).parents[3] / "shared" / "compat" / "jobcontroller"
QUEUES = ("near", "near2", "far", "batch")
"""The workers that are known beforehand."""
STATES = {
    "pending": "WAITING",
    "activated": "READY",
    "throttled": "READY",
    "sent": "CHECKED_OUT",
    "running": "RUNNING",
    "holding": "RUN_FINISHED",
    "transferring": "DOWNLOADED",
    "finished": "COMPLETED",
    "failed": "FAILED",
    "closed": "STOPPED",
    "cancelled": "USER_STOPPED",
}
SUBSTATES = {
    ("starting", "staged"): "UPLOADED",
    ("starting", "submitted"): "SUBMITTED",
    ("starting", "batch"): "BATCH_SUBMITTED",
    ("running", "batch"): "BATCH_RUNNING",
}
"""States of PanDA with the `jobsubstatus` that tells them apart."""
STANDINGS = {
    "WAITING": ("waiting",),
    "READY": ("ready", "throttled"),
    "CHECKED_OUT": ("claimed",),
    "UPLOADED": ("staged",),
    "SUBMITTED": ("submitted",),
    "RUNNING": ("running",),
    "RUN_FINISHED": ("holding",),
    "DOWNLOADED": ("transferring",),
    "REMOTE_ERROR": ("suspended",),
    "COMPLETED": ("finished",),
    "FAILED": ("failed",),
    "PAUSED": ("paused",),
    "STOPPED": ("closed",),
    "USER_STOPPED": ("cancelled",),
    "BATCH_SUBMITTED": ("batched",),
    "BATCH_RUNNING": ("batch",),
}
"""States of table A.2, each with ours."""
ORDERS = {
    "name": "jobname",
    "created": "creationtime",
    "updated": "updated",
    "priority": "currentpriority",
    "flow": "jeditaskid",
}
LOCKS_AT_ONCE = 64
PATIENCE = 0.05
"""Seconds that a verb waits for a lock."""
AT_ONCE = VerbOptions(Lock.NOWAIT)
HELD = "PAUSED"
SUSPENDED = "REMOTE_ERROR"
FINAL = ("finished", "failed", "cancelled", "closed")
BEGUN = ("running", "holding", "transferring", *FINAL)
"""States from which on the start of the payload is known; PanDA notes the dispatch before."""
EMPTIED = (
    "doma_panda.jobsdefined4",
    "doma_panda.jobswaiting4",
    "doma_panda.jobsactive4",
    "doma_panda.jobsarchived4",
    "doma_panda.jobparamstable",
    "doma_panda.metatable",
    "doma_panda.filestable4",
    "doma_panda.jobs_statuslog",
    "doma_panda.jedi_job_retry_history",
    "doma_panda.jedi_tasks",
    "doma_panda.tasks_statuslog",
    "doma_panda.jedi_datasets",
    "doma_panda.jedi_dataset_contents",
    "doma_panda.jedi_taskparams",
    "doma_panda.harvester_workers",
    "doma_panda.harvester_rel_jobs_workers",
    "doma_panda.config",
    "pandadb.job_control",
    "pandadb.job_lease",
    "pandadb.job_dependency",
    "pandadb.job_group",
    "pandadb.job_group_member",
    "pandadb.outbox",
    "pandadb.worker",
)


def plain_name(status: str, substatus: str | None) -> str:
    """Return the name in table A.2 of a state of PanDA."""
    return SUBSTATES.get((status, substatus or "")) or STATES.get(status) or "SUBMITTED"


def judge(name: str) -> Any:
    """Return a module of the judge, beside the project; others there have the same names."""
    spec = importlib.util.spec_from_file_location(f"jobcontroller_{name}", JUDGE / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Controller(FlowOps, judge("frame").Layer):  # type: ignore[misc]
    """All ops: those on jobs here, those on flows and the runner's steps in FlowOps."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.others = Database(url, pool_size=LOCKS_AT_ONCE)
        """The database of others, which hold locks: each takes a connection."""
        options = VerbOptions(patience=PATIENCE)
        self.controller = JobController(self.database, user="user", options=options)
        self.locks: list[ExitStack] = []

    def close(self) -> None:
        """End all connections."""
        self.release_locks()
        self.others.close()
        self.database.close()

    def begin(self) -> None:
        """Empty the database; make the queues known that scenarios name."""
        self.release_locks()
        with self.database.transaction() as connection:
            connection.execute(text(f"TRUNCATE {', '.join(EMPTIED)}"))
        for name in QUEUES:
            queue.register(self.database, f"golden:{name}", [name], 1)
        queue.set_exec_config(self.database, "plain", {"pre_run": "true"})
        self.begin_flows()

    def now(self) -> datetime:
        """Return the database's clock."""
        with self.database.transaction() as connection:
            time: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
            return time.astimezone(UTC)

    # ------------------------------------------------------------ names

    @staticmethod
    def key(name: str, index: int) -> str:
        """Return `A`, or `A#2` for its second index."""
        return name if index == 1 else f"{name}#{index}"

    def keys(self) -> dict[int, str]:
        """Return the keys of all jobs by the PandaIDs of their newest attempts."""
        found = select(CONTROL.pandaid, CONTROL.name, CONTROL.index_number)
        with self.database.transaction() as connection:
            return {job: self.key(name, n) for job, name, n in connection.execute(found)}

    def pandaid(self, job: str) -> int:
        """Return the PandaID of `A` (its newest index), `A#1` or `id A#1`; 0 if there is none."""
        by_number = job.startswith("id ")
        name, _, index = job.removeprefix("id ").partition("#")
        number = int(index) if index else 1 if by_number else None
        found = select(CONTROL.pandaid).where(CONTROL.name == name)
        if number is not None:
            found = found.where(CONTROL.index_number == number)
        with self.database.transaction() as connection:
            newest = found.order_by(CONTROL.index_number.desc(), CONTROL.pandaid.desc()).limit(1)
            return connection.execute(newest).scalar() or 0

    # ------------------------------------------------------------ what is seen

    def state(self) -> dict[str, Any]:
        """Return all jobs, flows and batch processes."""
        rows = self.rows()
        keys = {row["pandaid"]: self.key(row["name"], row["index_number"]) for row in rows}
        parents = self.parents()
        locked = self.locked_jobs()
        return {
            "jobs": {keys[row["pandaid"]]: self.line(row, parents, locked) for row in rows},
            "flows": self.flow_lines(keys),
            "batches": self.batch_lines(keys),
        }

    def rows(self, *chosen: ColumnElement[bool]) -> list[dict[str, Any]]:
        """Return the control rows with what is needed of their jobs; all, or those that match."""
        logged = select(func.max(LOG.modiftime_extended)).where(LOG.pandaid == CONTROL.pandaid)
        columns = (
            JOB.jobstatus,
            JOB.jobsubstatus,
            JOB.jobname,
            JOB.creationtime,
            JOB.currentpriority,
            JOB.starttime,
            JOB.endtime,
            JOB.exeerrordiag,
            JOB.jeditaskid,
        )
        parameters = select(PARAMS.jobparameters).where(PARAMS.pandaid == CONTROL.pandaid).limit(1)
        now = func.clock_timestamp().op("AT TIME ZONE")("UTC")
        found = select(
            *JobControl.__table__.c,
            *columns,
            logged.scalar_subquery().label("logged"),
            now.label("now"),
            parameters.scalar_subquery().label("parameters"),
        ).select_from(JobControl.__table__.join(Jobs.__table__, JOB.pandaid == CONTROL.pandaid))
        with self.database.transaction() as connection:
            mine = connection.execute(found.where(*chosen)).mappings()
            rows = [dict(row) for row in mine]
        for row in rows:
            row["updated"] = max(time for time in (row["logged"], row["last_changed"]) if time)
        return rows

    def parents(self) -> dict[int, dict[str, str]]:
        """Return the names of the parents of each job, with what becomes of it if one fails."""
        names = select(EDGE.child, CONTROL.name, EDGE.on_failure)
        found: dict[int, dict[str, str]] = {}
        with self.database.transaction() as connection:
            joined = names.join(JobControl.__table__, CONTROL.pandaid == EDGE.parent)
            for child, name, on_failure in connection.execute(joined):
                found.setdefault(child, {})[name] = on_failure
        return found

    def line(
        self, row: dict[str, Any], parents: dict[int, dict[str, str]], locked: set[int]
    ) -> dict[str, Any]:
        """Return the line of a job."""
        status, details = row["jobstatus"], row["details"] or {}
        config = details.get("exec_config")
        state = self.named(row)
        live = plain_name(status, row["jobsubstatus"]) if status not in FINAL else None
        return {
            "state": state,
            "previous": live if state == SUSPENDED else None,
            "parents": sorted(parents.get(row["pandaid"], ())),
            "worker": row["queue"],
            "priority": row["currentpriority"],
            "attempts": row["step_attempts"],
            "backoff": bool(
                row["pandaid"] not in self.overdue
                and live not in ("WAITING", "READY")
                and row["run_after"]
                and row["run_after"] > row["now"]
            ),
            "step_error": bool(row["step_error"]),
            "error": status == "failed" and bool(row["exeerrordiag"]),
            "process": bool(details.get("process")),
            "run_dir": bool(details.get("run_dir")),
            "started": bool(row["starttime"]) and status in BEGUN,
            "ended": bool(row["endtime"]) and status in ("finished", "failed"),
            "stored": details.get("stored"),
            "metadata": details.get("metadata"),
            "resources": details.get("resources"),
            "exec_config": {name: value for name, value in config.items() if value}
            if isinstance(config, dict)
            else config,
            "missing": self.missing(row, parents.get(row["pandaid"], {})),
            "called": None if row["jobname"] == row["name"] else row["jobname"],
            "locked": row["pandaid"] in locked,
            "updated": row["updated"],
        }

    @staticmethod
    def missing(row: dict[str, Any], parents: dict[str, str]) -> str | None:
        """Return whether a job may miss parents, in the word that it was submitted with."""
        arguments = json.loads(row["parameters"] or "{}").get("arguments", {})
        excused = "none" if "ignore" in parents.values() else None
        return arguments.get("missing", excused)

    @staticmethod
    def named(row: dict[str, Any]) -> str:
        """Return the name in table A.2 of the state of a job."""
        if row["suspended"]:
            return SUSPENDED
        if row["held"] and row["jobstatus"] in ("pending", "throttled"):
            return HELD
        return plain_name(row["jobstatus"], row["jobsubstatus"])

    def state_of(self, job: str) -> str | None:
        """Return the state of a job."""
        found = self.seen(self.pandaid(job))
        return found and found["state"]

    def kind(self, error: Exception) -> str | None:
        """Return the kind of an error in the judge's words."""
        kinds = (
            (FlowLocked, "flow locked"),
            (JobsLocked, "job locked"),
            (NotFound, "not found"),
            (UnknownJob, "not found"),
            (NotAllowed, "not allowed"),
            (TooMany, "too many"),
            (InvalidInput, "bad input"),
        )
        of_flow = self.flow_kind(error)
        return of_flow or next((word for kind, word in kinds if isinstance(error, kind)), None)

    # ------------------------------------------------------------ reads

    def get_job(self, job: str) -> dict[str, Any] | None:
        """Return the key and the state of a job."""
        return self.seen(self.pandaid(job))

    def seen(self, pandaid: int | None) -> dict[str, Any] | None:
        """Return the key and the state of a job by its PandaID."""
        row = next(iter(self.rows(CONTROL.pandaid == pandaid)), None)
        return row and {"job": self.key(row["name"], row["index_number"]), "state": self.named(row)}

    def get_job_by_process(self, job: str) -> dict[str, Any] | None:
        """Return the job with the process of this one."""
        pandaid = self.pandaid(job)
        (row,) = self.rows(CONTROL.pandaid == pandaid)
        process = (row["details"] or {}).get("process")
        found = self.controller.with_process(process) if process else []
        return self.seen(found[0]) if found else None

    def list_jobs(
        self,
        filter: dict[str, Any] | None = None,
        sort: list[list[str]] | None = None,
        limit: int = 0,
    ) -> list[str]:
        """Return the keys of jobs, in an order, or by name."""
        chosen = {row["pandaid"] for row in self.found(filter)}
        rows = [row for row in self.rows() if row["pandaid"] in chosen]
        if not sort:
            return sorted(self.key(row["name"], row["index_number"]) for row in rows)
        for name, way in reversed(sort):
            rows.sort(key=lambda row: row[ORDERS[name]], reverse=way == "down")
        keys = [self.key(row["name"], row["index_number"]) for row in rows]
        return keys[:limit] if limit else keys

    def found(self, filter: dict[str, Any] | None) -> list[dict[str, Any]]:
        """Return the jobs that match a filter."""
        return list_jobs(self.database, self.picked(filter), limit=10_000).jobs

    def count_jobs(self, filter: dict[str, Any] | None = None) -> int:
        """Return the number of jobs."""
        return count_jobs(self.database, self.picked(filter))

    def count_job_states(self, states: list[str]) -> dict[str, int]:
        """Return the number of jobs in each of some states."""
        numbers = {one: count_jobs(self.database, self.in_states([one])) for one in states}
        return dict(sorted(numbers.items()))

    def get_output(self, job: str) -> Any:
        """Return the result of a job that has ended well."""
        mine = jobs.get(self.database, self.pandaid(job))
        if mine["jobstatus"] != "finished":
            raise UnknownJob(f"Job {job} has no output")
        return json.loads(mine["metadata"]) if mine.get("metadata") else None

    # ------------------------------------------------------------ filters

    def picked(self, filter: dict[str, Any] | None) -> JobFilter:
        """Return the filter of jobs of the judge's words, where what is empty is no condition."""
        given = {name: value for name, value in (filter or {}).items() if value}
        chosen = JobFilter(controlled=True)
        if "jobs" in given:
            names = (job if "#" in job else f"{job}#1" for job in given.pop("jobs"))
            chosen &= JobFilter(pandaids=[self.pandaid(job) for job in names])
        if "numbers" in given:
            numbers = [self.pandaid(f"id {job}") for job in given.pop("numbers")]
            chosen &= JobFilter(pandaids=numbers)
        if "flows" in given:
            chosen &= JobFilter(tasks=[self.flow_number(flow) for flow in given.pop("flows")])
        if states := given.pop("states", None):
            chosen &= self.in_states(states)
        if workers := given.pop("workers", None):
            chosen &= JobFilter(next_queue=workers)
        if given.pop("locked", False):
            chosen &= JobFilter(pandaids=sorted(self.locked_jobs()))
        for name in ("since", "until"):
            if moment := given.get(name):
                given[name] = moment.replace(tzinfo=None)
        return chosen & JobFilter(**given)

    @staticmethod
    def in_states(states: list[str]) -> JobFilter:
        """Return the filter of jobs in some states of table A.2."""
        return in_standing(*(one for state in states for one in STANDINGS[state]))

    # ------------------------------------------------------------ verbs of users

    def answered(self, verb: Callable[[], VerbReport]) -> list[str]:
        """Do a verb; return the keys of the jobs that it has changed."""
        keys = self.keys()
        report = verb()
        return sorted(keys[job] for job in (*report.states, *report.related))

    def rerun(self, job: str, force: bool = False, break_lock: bool = False) -> list[str]:
        given = {"force": force, "break_locks": break_lock}
        return self.answered(lambda: self.controller.rerun(self.pandaid(job), **given))

    def retry(self, job: str, break_lock: bool = False) -> list[str]:
        mine = self.pandaid(job)
        return self.answered(lambda: self.controller.retry(mine, break_locks=break_lock))

    def pause(self, job: str) -> list[str]:
        return self.answered(lambda: self.controller.pause(self.pandaid(job)))

    def resume(self, job: str, break_lock: bool = False) -> list[str]:
        mine = self.pandaid(job)
        return self.answered(lambda: self.controller.resume(mine, break_locks=break_lock))

    def stop(self, job: str, break_lock: bool = False) -> list[str]:
        mine = self.pandaid(job)
        return self.answered_only(lambda: self.controller.stop(mine, break_locks=break_lock))

    def answered_only(self, verb: Callable[[], VerbReport]) -> list[str]:
        """Do a verb; return the keys of the chosen jobs that it has changed."""
        keys = self.keys()
        return sorted(keys[job] for job in verb().states)

    def delete(self, job: str, output: bool = False, break_lock: bool = False) -> list[str]:
        mine = self.pandaid(job)
        return self.answered_only(
            lambda: self.controller.delete(mine, cancel=True, break_locks=break_lock)
        )

    def set_state(self, job: str, state: str, break_lock: bool = False) -> list[str]:
        mine, wanted = self.pandaid(job), STANDINGS[state][0]
        return self.answered_only(
            lambda: self.controller.set_state(mine, wanted, break_locks=break_lock)
        )

    def rerun_all(
        self, filter: dict[str, Any], force: bool = False, raise_on_error: bool = True
    ) -> list[str]:
        given = {"force": force, **self.rules(raise_on_error)}
        return self.answered(lambda: self.controller.rerun(self.picked(filter), **given))

    def retry_all(self, filter: dict[str, Any], raise_on_error: bool = True) -> list[str]:
        given = self.rules(raise_on_error)
        return self.answered(lambda: self.controller.retry(self.picked(filter), **given))

    def pause_all(self, filter: dict[str, Any], raise_on_error: bool = True) -> list[str]:
        given = self.rules(raise_on_error)
        return self.answered(lambda: self.controller.pause(self.picked(filter), **given))

    def resume_all(self, filter: dict[str, Any], raise_on_error: bool = True) -> list[str]:
        given = self.rules(raise_on_error)
        return self.answered(lambda: self.controller.resume(self.picked(filter), **given))

    def stop_all(self, filter: dict[str, Any], raise_on_error: bool = True) -> list[str]:
        given = self.rules(raise_on_error)
        return self.answered_only(lambda: self.controller.stop(self.picked(filter), **given))

    def set_state_all(
        self, filter: dict[str, Any], state: str, raise_on_error: bool = True
    ) -> list[str]:
        given, wanted = self.rules(raise_on_error), STANDINGS[state][0]
        return self.answered_only(
            lambda: self.controller.set_state(self.picked(filter), wanted, **given)
        )

    def delete_all(
        self, filter: dict[str, Any], limit: int = 10, raise_on_error: bool = True
    ) -> list[str]:
        given = {"limit": limit, "cancel": True, **self.rules(raise_on_error)}
        return self.answered_only(lambda: self.controller.delete(self.picked(filter), **given))

    def set_run_properties(
        self,
        filter: dict[str, Any],
        worker: str | None = None,
        priority: int | None = None,
        resources: dict[str, Any] | None = None,
        exec_config: Any = None,
        update: bool = True,
        raise_on_error: bool = True,
    ) -> list[str]:
        columns = {"queue": worker, "priority": priority}
        given = {name: value for name, value in columns.items() if value is not None}
        return self.answered_only(
            lambda: self.controller.update(
                self.picked(filter),
                resources=resources,
                exec_config=exec_config,
                merge=update,
                **given,
                **self.rules(raise_on_error),
            )
        )

    @staticmethod
    def rules(raise_on_error: bool) -> dict[str, Any]:
        """Return the rule of a verb for jobs that are refused."""
        return {"on_error": "abort" if raise_on_error else "skip"}

    # ------------------------------------------------------------ locks

    def lock_job(self, job: str) -> None:
        """Let somebody else lock a job, unless somebody has."""
        with suppress(JobsLocked):
            self.locks.append(self.keep(queue.lock_jobs(self.others, self.pandaid(job), AT_ONCE)))

    def lock_flow(self, flow: str) -> None:
        """Let somebody else lock a flow, unless somebody has."""
        number = self.flow_number(flow)
        with suppress(FlowLocked):
            self.locks.append(self.keep(queue.lock_flows(self.others, [number], AT_ONCE)))

    @staticmethod
    def keep(lock: AbstractContextManager[Any]) -> ExitStack:
        """Enter a lock, and keep it."""
        stack = ExitStack()
        stack.enter_context(lock)
        return stack

    def release_locks(self) -> None:
        """End what somebody else does; a session that was ended has rolled back already."""
        for lock in self.locks:
            with suppress(Exception):
                lock.close()
        self.locks.clear()

    def unlock_jobs(self, filter: dict[str, Any] | None = None) -> int:
        """Break the locks of jobs; return how many."""
        mine = [row["pandaid"] for row in self.found(filter)]
        return len(self.controller.break_locks(mine, flows=[]).jobs) if mine else 0

    def unlock_flows(self, filter: dict[str, Any] | None = None) -> int:
        """Break the locks of flows; return how many."""
        found = flows.find(self.database, self.flow_filter(filter), limit=1000).flows
        mine = [row["jeditaskid"] for row in found]
        return len(self.controller.break_locks([], flows=mine).flows) if mine else 0

    def locked_jobs(self) -> set[int]:
        """Return the jobs that another transaction has locked."""
        return {one.locked for one in self.controller.locks().jobs}

    def locked_flows(self) -> set[int]:
        """Return the flows that another transaction has locked."""
        return {one.locked for one in self.controller.locks().flows}
