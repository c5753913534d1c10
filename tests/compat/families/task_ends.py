"""Retries, attempts and ends of tasks."""

from __future__ import annotations

from typing import Any

from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks.search.pages import TaskNotFound
from pandadb.services.tasks import ends, retries
from pandadb.services.tasks.min_task_ids import refresh_min_task_ids
from pandadb.services.tasks.retries import TaskRefused
from tests.compat.families.part import OPTIONS, Part


class TaskEnds(Part):
    """Retries, attempts and ends of tasks."""

    def retry_task(self, task: int, command: str = "retry", **options: bool) -> dict[str, Any]:
        try:
            done = retries.retry(self.database, task, command, OPTIONS, **options)
        except TaskNotFound:
            return {"done": True, "status": None, "tasks": []}
        except InvalidValue:
            return {"done": False, "status": None, "tasks": []}
        except TaskRefused:
            return {"done": None, "status": None, "tasks": []}
        return {"done": True, "status": done.tasks[task], "tasks": done.retried}

    def increase_attempts(self, task: int, by: int) -> dict[str, Any]:
        try:
            retries.increase_attempts(self.database, task, by, OPTIONS)
        except TaskNotFound:
            return {"code": 1}
        except TaskRefused:
            return {"code": 2}
        return {"code": 0}

    def reactivate(self, task: int, keep_attempts: bool = False) -> dict[str, Any]:
        retries.reactivate(self.database, task, OPTIONS, keep_attempts=keep_attempts)
        return {"code": 0}

    def attempt_starts(self, task: int) -> None:
        retries.start_attempts(self.database, task, OPTIONS)

    def attempt_ends(self, task: int) -> None:
        retries.end_attempts(self.database, task, OPTIONS)

    def prepare_end(self, vo: str, label: str) -> dict[str, Any]:
        refresh_min_task_ids(self.database, OPTIONS)
        return {"tasks": sorted(ends.prepare_ends(self.database, vo, label, OPTIONS))}

    def end_tasks(self, vo: str, label: str) -> dict[str, Any]:
        refresh_min_task_ids(self.database, OPTIONS)
        done = ends.end_tasks(self.database, vo, label, OPTIONS, may_exhaust=False)
        return {"tasks": sorted(done.ended)}
