"""Harvester: instances, workers, numbers, commands, messages, metrics and slots."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pandadb.core.sql.transaction import Lock
from pandadb.errors import PandaDBError
from pandadb.services import harvester as services
from pandadb.services.harvester import HarvesterCommand, PilotState, Slots
from pandadb.services.transaction import VerbOptions
from tests.compat.families.part import Part

DN = "/DC=ch/DC=cern/OU=Users/CN="
NOWAIT = VerbOptions(lock=Lock.NOWAIT)


class Harvester(Part):
    """Harvester: instances, workers, numbers, commands, messages, metrics and slots."""

    command_ids: list[int]

    def harvester_alive(
        self, harvester: str, user: str, host: str, data: dict[str, Any]
    ) -> dict[str, Any]:
        try:
            is_new = services.hear(self.database, harvester, DN + user, host, data)
        except PandaDBError:
            return {"text": None}
        return {"text": "new" if is_new else "known"}

    def update_workers(self, harvester: str, workers: list[dict[str, Any]]) -> dict[str, Any]:
        done = services.update_workers(self.database, harvester, workers)
        return {"done": [place not in done.refused for place in range(len(workers))]}

    def pilot_status(
        self, harvester: str, worker: int, status: str, node: str | None
    ) -> dict[str, Any]:
        """The server's answer is yes if it could write, be the worker known or not."""
        try:
            services.note_pilots(self.database, harvester, [PilotState(worker, status, node)])
        except PandaDBError:
            return {"done": False}
        return {"done": True}

    def report_worker_stats(
        self, harvester: str, site: str, stats: dict[str, Any]
    ) -> dict[str, Any]:
        refused = services.report_counts(self.database, harvester, {site: stats}, options=NOWAIT)
        return {"done": site not in refused, "text": refused.get(site, "OK")}

    def worker_stats(self) -> dict[str, Any]:
        return {"stats": services.worker_counts_of(self.database)}

    def service_metrics(self, harvester: str, metrics: list[Any]) -> dict[str, Any]:
        refused = services.add_metrics(self.database, harvester, metrics)
        return {"done": None if refused else [True]}

    def dialogs(self, harvester: str, dialogs: list[Any]) -> dict[str, Any]:
        return {"done": not services.add_dialogs(self.database, harvester, dialogs)}

    def command_harvester(
        self,
        harvester: str,
        command: str,
        params: Any = None,
        *,
        ack: bool = True,
        lock_minutes: int | None = None,
        interval_minutes: int | None = None,
    ) -> dict[str, Any]:
        lock, interval = (
            None if one is None else timedelta(minutes=one)
            for one in (lock_minutes, interval_minutes)
        )
        wanted = HarvesterCommand(harvester, command, params, ack, lock, interval)
        try:
            (number,) = services.send_commands(self.database, wanted)
        except PandaDBError:
            return {"done": False}
        return {"done": number is not None}

    def take_commands(self, harvester: str, n: int) -> dict[str, Any]:
        taken = services.take_commands(self.database, harvester, n)
        self.command_ids = [one.command_id for one in taken]
        names = ("command", "params", "ack_requested")
        return {
            "code": 0,
            "commands": [{name: getattr(one, name) for name in names} for one in taken],
        }

    def acknowledge(self) -> dict[str, Any]:
        services.acknowledge(self.database, self.command_ids)
        return {"code": 0}

    def command_locks(
        self, harvester: str, command: str, by: str, lock_minutes: int, interval_minutes: int
    ) -> dict[str, Any]:
        taken = services.take_locks(
            self.database,
            harvester,
            command,
            by,
            lock_minutes=lock_minutes,
            interval_minutes=interval_minutes,
        )
        return {"locks": taken}

    def release_lock(
        self, harvester: str, command: str, site: str, resource_type: str, by: str
    ) -> dict[str, Any]:
        """The server's answer is yes if it could write, be the lock the caller's or not."""
        services.release_lock(
            self.database, harvester, command, queue=site, kind=resource_type, by=by
        )
        return {"done": True}

    def set_slots(
        self,
        queue: str,
        slots: int,
        share: str | None = None,
        resource_type: str | None = None,
        days: int | None = None,
    ) -> dict[str, Any]:
        try:
            services.set_slots(self.database, Slots(queue, slots, share, resource_type, days))
        except PandaDBError as error:
            return {"code": 1, "text": str(error)}
        return {"code": 0, "text": "set"}
