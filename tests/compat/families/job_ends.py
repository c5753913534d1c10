"""Jobs of tasks that end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.services import jobs
from pandadb.services.transaction import VerbOptions
from tests.compat.families.part import Part

if TYPE_CHECKING:
    from collections.abc import Mapping

VERBS = {
    "finished": jobs.finish,
    "failed": jobs.fail,
    "transferring": jobs.transfer,
    "merging": jobs.merge,
}
"""Verbs to the states of jobs in which files may be reported."""
SERVER = VerbOptions(host="families.example.org")
"""The status log of jobs has the host of the server."""


class JobEnds(Part):
    """Jobs of tasks that end."""

    def end_job(
        self,
        job: int,
        status: str,
        values: Mapping[str, Any] | None = None,
        files: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> dict[str, Any]:
        given = dict(values or {})
        try:
            if status in VERBS:
                VERBS[status](self.database, job, SERVER, files=files, **given)
            elif status in ("cancelled", "closed"):
                killed = jobs.kill if status == "cancelled" else jobs.close
                killed(self.database, job, by="families", options=SERVER)
            else:
                beat = jobs.Heartbeat(job, status, values=given)
                answer = jobs.heartbeat(self.database, [beat], SERVER)[job]
                return {"done": not answer.ignored}
        except jobs.Refused:
            return {"done": False}
        return {"done": True}
