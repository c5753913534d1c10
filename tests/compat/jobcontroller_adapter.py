"""The ops of the judge's golden files by the public verbs: see its `replay.py` and `README.md`.

An adapter calls verbs, names jobs and states, and adds nothing to them. Names: the control row of
a job has its name and its index (1, and n for the nth replacement); a further attempt takes the
row along, so the row's PandaID is always that of the newest attempt. States: table A.2.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text

from pandadb.database import Database
from pandadb.models import (
    JobControl,
    JobDependency,
    Jobs,
    JobsStatusLog,
)
from pandadb.services import queue
from tests.compat.jobcontroller_flows import FlowOps

if TYPE_CHECKING:
    from datetime import datetime

CONTROL, EDGE, JOB = (model.__table__.c for model in (JobControl, JobDependency, Jobs))
LOG = JobsStatusLog.__table__.c
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


class Controller(FlowOps):
    """All ops: those on jobs here, those on flows and the runner's steps in FlowOps."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)

    def begin(self) -> None:
        """Empty the database; make the queues known that scenarios name."""
        with self.database.transaction() as connection:
            connection.execute(text(f"TRUNCATE {', '.join(EMPTIED)}"))
        for name in QUEUES:
            queue.register(self.database, f"golden:{name}", [name], 1)
        self.begin_flows()

    def now(self) -> datetime:
        """Return the database's clock."""
        with self.database.transaction() as connection:
            clock = func.clock_timestamp().op("AT TIME ZONE")("UTC")
            time: datetime = connection.execute(select(clock)).scalar_one()
            return time

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

    def rows(self) -> list[dict[str, Any]]:
        """Return the control rows with what is needed of their jobs."""
        logged = select(func.max(LOG.modiftime_extended)).where(LOG.pandaid == CONTROL.pandaid)
        columns = (
            JOB.jobstatus,
            JOB.jobsubstatus,
            JOB.jobname,
            JOB.currentpriority,
            JOB.starttime,
            JOB.endtime,
            JOB.exeerrordiag,
            JOB.jeditaskid,
        )
        now = func.clock_timestamp().op("AT TIME ZONE")("UTC")
        found = select(
            *JobControl.__table__.c,
            *columns,
            logged.scalar_subquery().label("logged"),
            now.label("now"),
        ).join(Jobs.__table__, JOB.pandaid == CONTROL.pandaid)
        with self.database.transaction() as connection:
            return [dict(row) for row in connection.execute(found).mappings()]

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
                live not in ("WAITING", "READY")
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
            "missing": details.get("missing"),
            "called": None if row["jobname"] == row["name"] else row["jobname"],
            "locked": row["pandaid"] in locked,
            "updated": max(time for time in (row["logged"], row["last_changed"]) if time),
        }

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
        found = self.get_job(job)
        return found and found["state"]

    def kind(self, error: Exception) -> str | None:
        """Return the kind of an error in the judge's words."""
        words = re.sub(r"(?<!^)(?=[A-Z])", " ", type(error).__name__).lower()
        return {"too many": "too many", "not found": "not found"}.get(words)

    # ------------------------------------------------------------ reads

    def get_job(self, job: str) -> dict[str, Any] | None:
        """Return the key and the state of a job."""
        pandaid = self.pandaid(job)
        row = next((one for one in self.rows() if one["pandaid"] == pandaid), None)
        return row and {"job": self.key(row["name"], row["index_number"]), "state": self.named(row)}

    def locked_jobs(self) -> set[int]:
        """Return the jobs whose control rows another transaction has locked."""
        return set()
