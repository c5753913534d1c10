"""The ops of the judge's golden files by the gateway: see its `replay.py` and `README.md`.

The broker is a list: messages are handed to the intake, and acknowledged once it has returned; the
relay of the outbox fills another list. A worker's slots run the jobs. Runs are reduced at once in
the generation of 2021, as there; in the others they are claimed, and end in `end_runs`.

The records of 2020 are those of the database's side, which hears of ends when messages are passed
on. Ours change with the end itself; those of the runs that have ended, and the versions that they
are tried again as, are shown when the messages are passed on, so that rows are compared with rows.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import text, update

from pandadb.database import Database
from pandadb.errors import InvalidInput
from pandadb.gateway import operators
from pandadb.gateway.broker.backoff import connected
from pandadb.gateway.intake import Delivery, receive
from pandadb.gateway.operators import RawData
from pandadb.gateway.settings import Broker, GatewaySettings
from pandadb.models import GatewayRun, GatewayVariable
from pandadb.services import gateway, queue
from pandadb.services.gateway import CancelRequest, RunKey
from pandadb.worker.handlers import load_handlers
from pandadb.worker.held_jobs import HeldJob
from pandadb.worker.payload.process import PayloadProcess
from pandadb.worker.slot import Slot
from pandadb.worker.worker_options import WorkerOptions

if TYPE_CHECKING:
    from pandadb.services.gateway import Run
    from pandadb.worker.job_run import JobRun
    from pandadb.worker.quick_calls import QuickCall

RUN = GatewayRun.__table__
MODULES = ("pandadb.gateway.reduction.handlers",)
QUEUE = "reduction"
EMPTIED = (
    "doma_panda.jobsdefined4",
    "doma_panda.jobsactive4",
    "doma_panda.jobsarchived4",
    "doma_panda.jobparamstable",
    "doma_panda.metatable",
    "doma_panda.jobs_statuslog",
    "doma_panda.jobsdebug",
    "pandadb.job_control",
    "pandadb.job_lease",
    "pandadb.job_group",
    "pandadb.job_group_member",
    "pandadb.outbox",
    "pandadb.gateway_message",
    "pandadb.gateway_delivery",
    "pandadb.gateway_dead_letter",
    "pandadb.gateway_run",
    "pandadb.gateway_cancel",
    "pandadb.gateway_instrument",
    "pandadb.gateway_variable",
)
SCRIPTS = "data-archive/NDX{instrument}/user/scripts/autoreduction"
REDUCED = "reduced-data/{instrument}/RB{rb_number}/autoreduced"
CEPH = "instrument/{instrument}/RBNumber/RB{rb_number}/autoreduced"
OLD_LOGS = {
    "script_log": "RB{rb_number}Run{run_number}Script.out",
    "error_log": "RB{rb_number}Run{run_number}Mantid.log",
}
FOLDERS: dict[str, dict[str, Any]] = {
    "2021": {
        "result": f"{REDUCED}/{{run_number}}",
        "versioned": "run-version-{run_version}",
        "flat": REDUCED,
    },
    "2020": {
        "result": f"{REDUCED}/{{run_number}}",
        "versioned": "{run_version}",
        "flat": REDUCED,
        **OLD_LOGS,
    },
    "2020-05": {
        "result": f"{REDUCED}/{{run_number}}",
        "versioned": "",
        "flat": REDUCED,
        **OLD_LOGS,
    },
    "2017": {
        "result": "isis/NDX{instrument}/Instrument/data/cycle_{cycle}/autoreduced"
        "/{rb_number}/{run_number}",
        "versioned": "",
        "ceph": f"{CEPH}/{{run_number}}",
        "excitation": CEPH,
        **OLD_LOGS,
    },
}
"""Folders of each generation, as the judge's README has them."""


class KilledJob(HeldJob):
    """A job whose processes are killed as soon as they have begun."""

    def begin(self, run: JobRun | QuickCall) -> None:
        super().begin(run)
        process = getattr(run, "running", None)
        assert isinstance(process, PayloadProcess)
        assert process.pid
        os.kill(process.pid, signal.SIGKILL)


class RefusingBroker:
    """A broker that ends some connections, and takes the next one."""

    def __init__(self, failures: int) -> None:
        self.failures, self.waits = failures, list[float]()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"stomp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.thread.join(30)
        self.link.close()
        self.listener.close()

    def serve(self) -> None:
        last = time.monotonic()
        for number in range(self.failures + 1):
            link, _ = self.listener.accept()
            self.waits.append(time.monotonic() - last)
            last = time.monotonic()
            if number < self.failures:
                link.close()
        received = b""
        while b"\0" not in received:
            received += link.recv(65536)
        link.sendall(b"CONNECTED\nversion:1.2\n\n\0\n")
        self.link = link


class Gateway:
    """The gateway, a worker, and a broker that hands messages over."""

    def __init__(self, url: str, root: str) -> None:
        self.database, self.root = Database(url), Path(root)
        for module in MODULES:  # another worker of the tests has forgotten its handlers
            sys.modules.pop(module, None)
        load_handlers(MODULES)
        self.options = WorkerOptions(
            [QUEUE], self.root / ".work", modules=MODULES, grace=2.0, keep=False
        )
        self.sent: list[dict[str, Any]] = []
        self.acked: list[str] = []

    def close(self) -> None:
        self.database.close()

    def begin(self, given: dict[str, Any]) -> None:
        """Empty the database, and make what is given."""
        self.generation = given["generation"]
        with self.database.transaction() as connection:
            connection.execute(text(f"TRUNCATE {', '.join(EMPTIED)} RESTART IDENTITY"))
        for name in (".tmp", "working", "data-archive", "reduced-data"):
            (self.root / name).mkdir(exist_ok=True)
        self.sent, self.acked = [], []
        self.frames: dict[str, Delivery] = {}
        self.held: list[HeldJob] = []
        self.is_up, self.is_fresh = True, False
        self.passed: set[int | None] = set()
        self.rows: dict[str, Any] = {}
        self.unheard: dict[str, Any] = {}
        self.catalogue = list(given.get("icat", []))
        merged = {name: value for one in given.get("setting", []) for name, value in one.items()}
        self.settings = self.configured(merged)
        for one in given.get("instrument", []):
            gateway.set_instrument(self.database, **one)
        self.given_variables(given.get("variable", []))
        for one in given.get("run", []):
            self.given_run(**one)

    def configured(self, given: dict[str, Any]) -> GatewaySettings:
        """Return the settings of a generation."""
        rules: dict[str, Any] = {"working": self.root / "working"}
        if "timeout" in given:
            rules["timeout"] = given["timeout"]
        if "mantid" in given:
            rules["software"] = f"Mantid-{given['mantid']}"
        return GatewaySettings.model_validate({
            "source": "golden",
            "reduction": rules,
            "folders": {
                "root": self.root,
                "scripts": SCRIPTS,
                "data": [],
                "temporary": self.root / ".tmp",
                **FOLDERS[self.generation],
            },
            "ceph_instruments": given.get("ceph_instruments", []),
            "excitation_instruments": given.get("excitation_instruments", []),
        })  # fmt: skip

    def given_variables(self, rows: list[dict[str, Any]]) -> None:
        with self.database.transaction() as connection:
            for row in rows:
                connection.execute(GatewayVariable.__table__.insert().values(row))

    def given_run(
        self,
        instrument: str,
        rb_number: int,
        run_number: int,
        run_version: int,
        status: str,
        data: str,
        script: str,
        variables: list[str] | None = None,
    ) -> None:
        key = RunKey(instrument, rb_number, run_number)
        mine = {
            one.name: [one.type, one.value]
            for one in gateway.list_variables(self.database, instrument)
            if one.name in (variables or ())
        }
        row = {
            "facility": "ISIS",
            **key.__dict__,
            "run_version": run_version,
            "status": status,
            "source": "golden",
            "body": {
                "facility": "ISIS",
                **key.__dict__,
                "run_version": run_version,
                "data": data,
                "reduction_script": script,
            },
            "destinations": {},
            "data": [data],
            "reduced": [],
            "script": script,
            "variables": {"standard_vars": mine} if mine else {},
        }
        with self.database.transaction() as connection:
            connection.execute(RUN.insert().values(row))

    # ------------------------------------------------------------ messages

    def deliver(
        self,
        queue: str,
        message: dict[str, Any] | None = None,
        text: str | None = None,
        id: str | None = None,
        priority: str = "4",
    ) -> None:
        name = id or f"message {len(self.frames) + 1}"
        body = json.dumps(message) if text is None else text
        headers = {"destination": f"/queue/{queue}", "priority": priority, "message-id": name}
        self.frames[name] = Delivery(f"/queue/{queue}", name, headers, body.encode())
        self.redeliver(name)

    def redeliver(self, id: str) -> None:
        frame = self.frames[id]
        receipt = receive(self.database, self.settings, frame)
        self.acked.append(id)
        if self.generation == "2021":
            while self.claim():
                self.end_runs()
        elif frame.destination == "/queue/ReductionPending":
            self.passed.add(receipt.pandaid)
            self.begin_runs()
        else:
            self.is_fresh = True

    def pass_on(self) -> None:
        """Workers take what is new; what has waited for a place is begun by `begin_runs`."""
        self.unheard = {}
        if self.is_fresh:
            self.claim()
        self.is_fresh = False
        known = gateway.list_runs(self.database, limit=1000)
        self.passed = {run.pandaid for run in known}

    def begin_runs(self) -> None:
        """Workers do not know what is not passed on yet: such jobs are given back."""
        before = {job.lease.pandaid for job in self.held}
        self.claim()
        if self.is_fresh:
            early = [
                job.lease
                for job in self.held
                if job.lease.pandaid not in before and job.lease.pandaid not in self.passed
            ]
            queue.give_back(self.database, early)
            self.held = [job for job in self.held if job.lease not in early]

    def broker(self, up: bool) -> None:
        self.is_up = up

    def restart(self) -> None:
        """Everything is in the database: a new gateway goes on where the old one was."""
        url = self.database.engine.url
        self.database.close()
        self.database = Database(url.render_as_string(hide_password=False))

    def disconnect(self, failures: int) -> dict[str, Any]:
        """The broker is gone for so many tries: a broker of one connection refuses the others."""
        with RefusingBroker(failures) as broker:
            settings = Broker(urls=[broker.url], reconnect_after=0.05, reconnect_limit=0.2)
            connection = connected(settings, threading.Event())
            assert connection is not None
            try:
                return {"connected": not connection.is_lost, "slept": broker.waits}
            finally:
                connection.abort()

    def relay(self) -> None:
        def keep(event: queue.Event) -> None:
            if not self.is_up:
                raise ConnectionError("the broker is away")
            sent = event.payload
            self.sent.append(
                {
                    "to": f"/queue/{sent['destination']}",
                    "headers": sent["headers"],
                    "body": self.worded(sent["body"]),
                }
            )

        waiting = queue.events(self.database, "waiting", limit=1000)
        queue.send_again(self.database, [one.event_id for one in waiting])
        queue.send_events(self.database, keep, kinds=gateway.EVENT_KINDS)

    @staticmethod
    def worded(body: dict[str, Any]) -> dict[str, Any]:
        return body | ({"information": "host"} if body.get("information") else {})

    # ------------------------------------------------------------ runs

    def claim(self) -> bool:
        leases = queue.claim(self.database, QUEUE, 100, owner="golden", lease=600)
        self.held += [HeldJob(lease) for lease in leases]
        return bool(leases)

    def end_runs(self) -> None:
        self.work(self.held)

    def kill_runs(self) -> None:
        self.work([KilledJob(job.lease) for job in self.held])

    def work(self, jobs: list[HeldJob]) -> None:
        self.held = []
        before = self.current()
        for job in jobs:
            beat = queue.heartbeat(self.database, [job.lease], 600)[job.lease.pandaid]
            if beat.cancel_requested:
                job.cancel()
            Slot(self.database, self.options, job, lambda _: True).work()
            self.relay()  # it goes on meanwhile; each batch has one event of a job
        if self.generation.startswith("2020"):
            after = self.current()
            changed = {name for name in after if after[name] != before.get(name)}
            self.unheard |= {name: self.rows.get(name) for name in changed}

    def cancel_run(self, run_number: int, run_version: int) -> None:
        gateway.cancel(self.database, CancelRequest(run_number, run_version), by="user")

    def rerun(
        self,
        run_number: int,
        run_version: int,
        script: str | None = None,
        variables: dict[str, Any] | None = None,
        overwrite: bool | None = None,
        description: str = "",
    ) -> None:
        (run,) = [
            one
            for one in gateway.list_runs(self.database, run_number=run_number)
            if one.run_version == run_version
        ]
        operators.rerun(
            self.database,
            self.settings,
            run.key,
            run_version=run_version,
            script=script,
            variables=variables,
            overwrite=overwrite,
            description=description,
            started_by=7,
        )
        self.is_fresh = True

    def edit_run(
        self,
        run_number: int,
        run_version: int,
        status: str | None = None,
        run_version_new: int | None = None,
        **columns: Any,
    ) -> dict[str, int]:
        if status is not None:
            columns["status"] = status
        if run_version_new is not None:
            columns["run_version"] = run_version_new
        mine = update(RUN).where(RUN.c.run_number == run_number, RUN.c.run_version == run_version)
        with self.database.transaction() as connection:
            return {"rows": connection.execute(mine.values(columns)).rowcount}

    def submit(self, instrument: str, first_run: int, last_run: int | None = None) -> None:
        operators.submit(
            self.database,
            self.settings,
            instrument,
            first_run,
            last_run=last_run,
            find=self.in_catalogue,
        )

    def in_catalogue(self, instrument: str, run_number: int) -> RawData | None:
        for one in self.catalogue:
            short = one.get("instruments", {}).get(instrument, instrument)
            names = [
                f"{name}{run_number:0{n}d}.nxs" for name in (short, instrument) for n in (5, 8)
            ]
            for found in (one.get("datafiles", {}).get(name) for name in names):
                if found:
                    return RawData(found["location"], found["rb_number"])
        return None

    def remove_runs(self, instrument: str, first_run: int, last_run: int | None = None) -> None:
        gateway.remove_runs(self.database, instrument, first_run, last_run)

    # ------------------------------------------------------------ instruments and variables

    def set_instrument(self, name: str, **settings: bool) -> None:
        gateway.set_instrument(self.database, name, **settings)

    def set_variables(
        self,
        instrument: str,
        standard_vars: dict[str, Any] | None = None,
        advanced_vars: dict[str, Any] | None = None,
        start_run: int | None = None,
        experiment_reference: int | None = None,
    ) -> None:
        operators.set_variables(
            self.database,
            self.settings,
            instrument,
            {"standard_vars": standard_vars or {}, "advanced_vars": advanced_vars or {}},
            start_run=start_run,
            experiment_reference=experiment_reference,
        )

    # ------------------------------------------------------------ what is seen

    def observe(self) -> dict[str, Any]:
        self.relay()
        known = gateway.list_runs(self.database, limit=1000)
        rows = {name: row for name, row in (self.current() | self.unheard).items() if row}
        self.rows = rows
        names = {run.pandaid: name_of(run) for run in known if run.pandaid}
        return {
            "sent": list(self.sent),
            "acked": list(self.acked),
            "running": [names[job.lease.pandaid] for job in self.held],
            "runs": dict(self.rows),
            "instruments": {
                one.name: self.instrument(one) for one in gateway.list_instruments(self.database)
            },
            "variables": [
                {name: value for name, value in vars(one).items() if name != "variable_id"}
                for one in gateway.list_variables(self.database)
            ],
        }

    def current(self) -> dict[str, Any]:
        """Return the rows of all runs, by name."""
        known = gateway.list_runs(self.database, limit=1000)
        by_id = {run.run_id: run for run in known}
        return {name_of(run): self.row(run, by_id) for run in known}

    def instrument(self, one: gateway.Instrument) -> dict[str, bool]:
        columns = ["is_active", "is_paused"]
        if self.generation == "2021":
            columns.append("is_flat_output")
        return {name: getattr(one, name) for name in columns}

    def row(self, run: Run, by_id: dict[int, Run]) -> dict[str, Any]:
        retry = by_id.get(run.retry_run or 0)
        seen = {
            "status": run.status,
            "message": run.message,
            "reduction_log": run.reduction_log,
            "admin_log": run.admin_log,
            "started_by": run.started_by,
            "script": run.script,
            "software": run.software,
            "overwrite": run.overwrite,
            "retry_when": run.retry_when,
            "retry_run": retry and retry.run_version,
            "created": run.created_at,
            "started": run.started_at,
            "finished": run.finished_at,
            "data": run.data,
            "reduced": run.reduced,
            "variables": run.variables,
        }
        if self.generation == "2021":
            return seen | {"description": run.description, "host": "set" if run.host else ""}
        return seen | {"cancel": run.cancelled}


def name_of(run: Run) -> str:
    return f"RB{run.rb_number} {run.instrument} {run.run_number} version {run.run_version}"


__all__ = ["Gateway", "InvalidInput"]
