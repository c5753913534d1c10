"""Files picked, and jobs generated."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from pandadb.core.generation.slices import Queue
from pandadb.services import errors
from pandadb.services.tasks import generation
from pandadb.services.tasks.min_task_ids import refresh_min_task_ids
from pandadb.services.tasks.picking import pick_files, put_back_files
from tests.compat.families.job_ends import VERBS
from tests.compat.families.part import OPTIONS, Part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.generation.slices import Chunk

GENERATOR = "families"
"""The name of the server's process in the golden files."""
JOB_HOST = "families.example.org"
"""The log of jobs in the golden files has the host of the server, that of tasks JEDI's."""
ENTERED = text("UPDATE doma_panda.jobsdefined4 SET jobstatus = :status WHERE pandaid = :job")
LEFT = text("DELETE FROM doma_panda.jobsdefined4 WHERE pandaid = :job")
COLUMNS = text(
    "SELECT string_agg(column_name, ', ') FROM information_schema.columns"
    " WHERE (table_schema, table_name) = ('doma_panda', 'jobsactive4')"
)
FIND = text(
    "SELECT max(f.pandaid) FROM doma_panda.filestable4 f JOIN doma_panda.jobsdefined4 USING"
    " (pandaid) WHERE f.jeditaskid = :task AND f.lfn LIKE :lfn"
)
PASSED = text(
    "UPDATE doma_panda.jedi_tasks SET modificationtime ="
    " clock_timestamp() AT TIME ZONE 'UTC' - make_interval(mins => :minutes)"
    " WHERE jeditaskid = :task"
)


class Generation(Part):
    """Files picked, and jobs generated."""

    chunks: Sequence[Chunk] = ()
    """Those picked last."""

    def pick_files(self, *, task: int, nfiles: int, **_: str) -> dict[str, Any]:
        refresh_min_task_ids(self.database)
        self.chunks = pick_files(
            self.database, task, nfiles=nfiles, generator=GENERATOR, options=OPTIONS
        )
        names = [
            [chunk.task["jeditaskid"], sorted(file["lfn"] for file in chunk.master.files)]
            for chunk in self.chunks
        ]
        return {"tasks": names}

    def put_back(self) -> None:
        put_back_files(self.database, self.chunks, options=OPTIONS)

    def end_job(
        self,
        job: int,
        status: str,
        values: Mapping[str, Any] | None = None,
        files: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> dict[str, Any]:
        """See JobEnds: the part that comes before this one has the method."""
        raise NotImplementedError

    def generate_jobs(
        self,
        *,
        vo: str,
        label: str,
        task: int,
        nfiles: int = 100,
        sites: Mapping[str, Mapping[str, Any]] | None = None,
        cloud: str = "WORLD",
    ) -> dict[str, Any]:
        found = generation.generate_waiting(
            self.database,
            [Queue(name, **values) for name, values in (sites or {"QUEUE_A": {}}).items()],
            vo=vo,
            label=label,
            cloud=cloud,
            beside=task,
            nfiles=nfiles,
            random=random.Random(1),
            job_host=JOB_HOST,
            options=OPTIONS,
        )
        one = next((one for one in found if one.jeditaskid == task), None)
        one = one or generation.state(self.database, task)
        jobs = [
            {
                "inputs": [
                    file.name
                    if file.first_event is None
                    else [file.name, file.first_event, file.last_event]
                    for file in job.inputs
                ],
                "outputs": job.outputs,
            }
            for job in one.jobs
        ]
        return {"jobs": jobs, "task": one.status, "text": one.text}

    def time_passes(self, task: int, minutes: int = 60) -> None:
        with self.database.transaction() as connection:
            connection.execute(PASSED, {"task": task, "minutes": minutes})

    def unmerged_ended(self, task: int, file: str) -> dict[str, Any]:
        generation.release_unmerged(self.database, task, file, options=OPTIONS)
        return {"done": True}

    def jobs_ended(self, task: int, jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        done = []
        for one in jobs:
            job = self._activate(task, one["file"], one["status"])
            ended = self.end_job(job, one["status"], one.get("values"), one.get("files"))
            done.append(ended["done"])
            if one.get("retry_rules"):
                errors.apply_rules(self.database, job)
        return {"done": done}

    def _activate(self, task: int, file: str, end: str) -> int:
        """Move the youngest job with a file to the active ones, as it is; return it.

        It is activated, or runs where our verb to its end starts from there: what is between is
        not of interest.
        """
        status = "running" if end in VERBS else "activated"
        lfn = file.replace("_", "\\_").replace("*", "%")
        with self.database.transaction() as connection:
            job = connection.scalar(FIND, {"task": task, "lfn": lfn})
            connection.execute(ENTERED, {"job": job, "status": status})
            columns = connection.scalar(COLUMNS)
            move = (
                f"INSERT INTO doma_panda.jobsactive4 ({columns})"
                f" SELECT {columns} FROM doma_panda.jobsdefined4 WHERE pandaid = :job"
            )
            connection.execute(text(move), {"job": job})
            connection.execute(LEFT, {"job": job})
        return int(job)
