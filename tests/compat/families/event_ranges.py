"""Ranges of events: made with jobs, taken, reported, released."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from pandadb.core.events import changes
from pandadb.core.events.changes import EventJob
from pandadb.core.events.reports import corruptions
from pandadb.services import events, jobs
from pandadb.services.events import RangeRequest, Sample
from pandadb.services.jobs import Heartbeat, NewJob
from tests.compat.families.part import Part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SERVER = jobs.VerbOptions(host="families.example.org")


class EventRanges(Part):
    """Ranges of events."""

    def given_later(self, sql: str) -> None:
        """Change rows as the input says: no verb is judged by that."""
        with self.database.transaction() as connection:
            connection.execute(text(sql))

    def store_event_jobs(
        self,
        jobs: Sequence[Mapping[str, Any]],
        user: str = "someone",
        bulk: bool = False,  # noqa: ARG002 - how the server inserts them
        old: Sequence[Sequence[int]] | None = None,
    ) -> dict[str, Any]:
        name = {"produserid": f"/DC=ch/DC=cern/OU=Users/CN={user}", "produsername": user}
        replaced = old or [()] * len(jobs)
        new = [
            NewJob(
                {"vo": "wlcg", **name, **one["columns"]},
                one["files"],
                one.get("parameters", " "),
                replaces=[*before],
            )
            for one, before in zip(jobs, replaced, strict=True)
        ]
        return {"jobs": submit(self, new)}

    def take(  # noqa: PLR0917 - the arguments of the op
        self,
        job: int,
        jobset: int,
        n: int,
        task: int | None = None,  # noqa: ARG002 - that of the job
        scattered: bool = False,
        segment: int | None = None,
    ) -> dict[str, Any]:
        asked = RangeRequest(job, n, jobset, segment, scattered)
        taken = events.take(self.database, asked, SERVER).ranges.get(job, [])
        return {"ranges": sorted([str(one.id), one.start, one.last, one.lfn] for one in taken)}

    def report(self, reports: Sequence[Mapping[str, Any]], version: int = 0) -> dict[str, Any]:
        given = events.read(json.dumps(reports))
        done = events.report(self.database, given, SERVER, fine_grained=version == 2)
        return {"commands": {str(job): command for job, command in done.commands.items()}}

    def available(self, job: int, jobset: int, task: int) -> dict[str, Any]:  # noqa: ARG002
        return {"n": events.available(self.database, RangeRequest(job, jobset=jobset))[job]}

    def statuses(self, jobs: Sequence[tuple[int, int]]) -> dict[str, Any]:
        found = events.states(self.database, [(task, job) for task, job in jobs])
        return {
            "found": {
                job: {name: one._asdict() for name, one in ranges.items()}
                for job, ranges in found.items()
            }
        }

    def beat(
        self,
        job: int,
        status: str,
        values: Mapping[str, Any] | None = None,
        corrupted: Sequence[str] = (),
    ) -> dict[str, Any]:
        said = Heartbeat(job, status, values=dict(values or {}), corrupted_files=[*corrupted])
        answer = jobs.heartbeat(self.database, [said], SERVER)[job]
        return {"words": answer.command}

    def release_samples(self, task: int, job: int) -> None:
        self._release("release samples", EventJob(task, job))

    def release_jumbo(self, task: int, job: int, free: bool) -> None:
        self._release("release", EventJob(task, job, is_free=free))

    def release_segment(self, task: int, job: int, jobset: int) -> None:
        self._release("release segment", EventJob(task, job, jobset))

    def _release(self, verb: str, job: EventJob) -> None:
        with self.database.transaction() as connection:
            changes.of_jobs(connection, verb, [job])

    def corrupt(self, task: int, job: int) -> None:  # noqa: ARG002 - that of the job
        with self.database.transaction() as connection:
            corruptions.corrupt(connection, [job])

    def add_samples(self, task: int, samples: Sequence[tuple[int, str]]) -> None:
        events.add_samples(self.database, task, [Sample(*one) for one in samples])


def submit(part: Part, new: Sequence[NewJob]) -> list[int]:
    """Submit jobs; beside the class, where `jobs` is the argument of an op."""
    return jobs.submit(part.database, new, jobstatus="pending", options=SERVER)
