"""pandadb's side of the comparison: does what lines of JSON on stdin ask for, answers on stdout.

A request is `{"op": "activate", "pandaids": [1, 2]}`, its answer `{"value": ...}` or
`{"error": "..."}`. It runs in pandadb's environment, whatever the caller's is.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

# The caller's environment hides PYTHONPATH, and the environment may have another checkout's code.
sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

from sqlalchemy import text

from pandadb.database import Database
from pandadb.demo.tour import put_away
from pandadb.services import archive, jobs
from pandadb.services.jobs import DispatchRequest, Heartbeat, NewJob, VerbOptions


class Worker:
    """The operations, each by a verb."""

    def __init__(self, url: str, host: str) -> None:
        self.database = Database(url, waiting_table="jobsdefined4")  # as beside a current server
        self.options = VerbOptions(host=host)

    def submit(self, jobstatus: str, jobs_: list[dict[str, Any]]) -> Any:
        new = [
            NewJob(
                _times(job["columns"]),
                [_times(file) for file in job["files"]],
                job["parameters"],
                job["metadata"],
                job["replaces"],
            )
            for job in jobs_
        ]
        offset = new[0].columns.get("assignedpriority", 0)  # as the server's side has it
        return jobs.submit(
            self.database, new, jobstatus=jobstatus, options=self.options, priority_offset=offset
        )

    def advance(self, verb: str, pandaids: list[int], values: dict[str, Any]) -> Any:
        files = self.reported(pandaids) if verb in ("finish", "transfer", "merge") else None
        moved = jobs.advance(
            self.database, verb, pandaids, self.options, files=files, **_times(values)
        )
        return {
            "moved": [*moved.jobs],
            "merged": [*moved.merged],
            "refused": _sentences(moved.refused),
        }

    def reported(self, pandaids: list[int]) -> dict[int, Any]:
        """What the server's Adder takes from reports: of production, the job's number of events."""
        asked = text(
            "SELECT j.pandaid, j.nevents FROM doma_panda.jobsactive4 j"
            " JOIN doma_panda.job_output_report r USING (pandaid, attemptnr)"
            " WHERE j.pandaid = ANY(:pandaids) AND r.jobstatus = 'finished' AND j.nevents > 0"
            " AND j.prodsourcelabel = 'managed' AND NOT EXISTS"
            " (SELECT FROM doma_panda.metatable m WHERE m.pandaid = j.pandaid)"
        )
        with self.database.session() as session:
            rows = session.execute(asked, {"pandaids": pandaids}).all()
        return {pandaid: {"output": {"nevents": nevents}} for pandaid, nevents in rows}

    def dispatch(self, site: str, njobs: int, worker: Any, values: dict[str, Any]) -> Any:
        wanted, node = DispatchRequest(site, njobs), VerbOptions(host="wn001.example.org")
        whose = worker and tuple(worker)
        taken = jobs.dispatch(self.database, wanted, worker=whose, options=node, **values)
        return [job.pandaid for job in taken]

    def heartbeat(self, pandaid: int, values: dict[str, Any], **given: Any) -> Any:
        beat = Heartbeat(pandaid, values=_times(values), **given)
        answer = jobs.heartbeat(self.database, [beat], self.options)[pandaid]
        return {"command": answer.command, "ignored": answer.ignored}

    def kill(self, pandaids: list[int], by: str, code: Any) -> Any:
        killed = jobs.kill(self.database, pandaids, by=by, code=code, options=self.options)
        refused = _sentences(killed.refused)
        return {"ended": [*killed.jobs], "told": killed.told, "refused": refused}

    def retry(self, pandaids: list[int], same: bool) -> Any:
        retried = jobs.retry(self.database, pandaids, self.options, same=same)
        return {"new": dict(retried.jobs), "refused": _sentences(retried.refused)}

    def expire(self, rules: Any) -> Any:
        ended = jobs.expire(self.database, rules=rules, options=self.options)
        return [[one.rule, sorted(one.jobs), one.told] for one in ended]

    def sql(self, statement: str, values: dict[str, Any]) -> None:
        """Do what a user of pandadb's session does where there is no verb."""
        with self.database.session() as session:
            session.execute(text(statement), values)

    def archive(self, day: str) -> Any:
        """Take a day to the archive whatever its age; return the proven rows of each table."""
        return put_away(self.database, dt.date.fromisoformat(day)).rows

    def restore(self, pandaids: list[int]) -> Any:
        return str(archive.restore_jobs(self.database, pandaids=pandaids))[:500]

    def get(self, pandaid: int) -> Any:
        return str(jobs.get(self.database, pandaid)["jobstatus"])


def _times(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with times as such: they come as `{"time": "2026-..."}`."""
    return {
        name: dt.datetime.fromisoformat(value["time"]) if isinstance(value, dict) else value
        for name, value in values.items()
    }


def _sentences(refused: dict[int, Any]) -> dict[int, str]:
    return {pandaid: str(why) for pandaid, why in refused.items()}


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)


def main() -> None:
    """Answer until the caller closes its end."""
    worker = Worker(*sys.argv[1:3])
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = {"value": getattr(worker, asked.pop("op"))(**asked)}
        except Exception as error:  # noqa: BLE001 - a refusal is an answer like any other
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, default=_plain), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
