"""The phases of a scenario: what happens to its processes and to the server meanwhile."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from tests.chaos.fleet import FORK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.chaos.fleet import Fleet
    from tests.servers import PrivateServer

SCANNED = ("jobsactive4", "jobsdefined4", "jobsarchived4", "jobs_statuslog")
TERMINATE = """
SELECT pg_terminate_backend(pid) FROM (
  SELECT pid FROM pg_stat_activity
   WHERE datname = current_database() AND pid <> pg_backend_pid()
     AND backend_type = 'client backend'
   ORDER BY random() LIMIT 2) AS chosen
"""
MIXED = ("mixed 1", "mixed 2", "mixed 3", "mixed 4")


@dataclass
class Stage:
    """What a phase acts on, and how long it lasts (seconds)."""

    fleet: Fleet
    server: PrivateServer
    url: str
    seconds: float


def nothing(stage: Stage) -> None:
    """Let time pass."""
    time.sleep(stage.seconds)


def worker_killed(stage: Stage) -> None:
    """Kill a worker; start it again after half of the time."""
    stage.fleet.kill(0)
    time.sleep(stage.seconds / 2)
    stage.fleet.restart(0)
    time.sleep(stage.seconds / 2)


def worker_killed_often(stage: Stage) -> None:
    """Kill a worker and start it again, six times."""
    for _ in range(6):
        stage.fleet.kill(0)
        stage.fleet.restart(0)
        time.sleep(stage.seconds / 6)


def server_killed(stage: Stage) -> None:
    """Kill PostgreSQL as a power cut does; start it again after a third of the time."""
    began = time.monotonic()
    stage.server.kill()
    time.sleep(stage.seconds / 3)
    stage.server.revive()
    time.sleep(max(0, stage.seconds - (time.monotonic() - began)))


def backends_terminated(stage: Stage) -> None:
    """Terminate two random connections a second."""
    with psycopg.connect(stage.url, autocommit=True) as connection:
        end = time.monotonic() + stage.seconds
        while time.monotonic() < end:
            connection.execute(TERMINATE)
            time.sleep(1)


def all_terminated(stage: Stage) -> None:
    """Terminate all connections every two seconds."""
    with psycopg.connect(stage.url, autocommit=True) as connection:
        end = time.monotonic() + stage.seconds
        while time.monotonic() < end:
            connection.execute(TERMINATE.replace("LIMIT 2", ""))
            time.sleep(2)


def connections_exhausted(stage: Stage) -> None:
    """Hold up to 300 idle connections, or as many as the server lets in."""
    with ExitStack() as held:
        with suppress(psycopg.OperationalError):
            for _ in range(300):
                held.enter_context(psycopg.connect(stage.url, autocommit=True))
        time.sleep(stage.seconds)


def held_open(begin: str) -> Callable[[Stage], None]:
    """Return a phase in which a transaction is held open, idle."""

    def hold(stage: Stage) -> None:
        """Hold a transaction open, idle, that has written or has a snapshot."""
        with psycopg.connect(stage.url, autocommit=True) as connection:
            connection.execute(begin)
            connection.execute("SELECT pg_current_xact_id(), count(*) FROM pandadb.job_lease")
            time.sleep(stage.seconds)
            connection.execute("ROLLBACK")

    return hold


def overload(stage: Stage) -> None:
    """Submit ten times as many jobs, more than the workers can do."""
    stage.fleet.load.shared.value = 10.0
    time.sleep(stage.seconds)
    stage.fleet.load.shared.value = 1.0


def tables_read(stage: Stage) -> None:
    """Let four sessions scan the tables of jobs again and again, each in one snapshot."""
    reader = FORK.Process(target=_read, args=(stage.url,), daemon=True)
    reader.start()
    time.sleep(stage.seconds)
    reader.kill()
    reader.join()


def _read(url: str) -> None:
    with _readers(url) as readers:
        while True:
            for reader in readers:
                for table in SCANNED:
                    reader.execute(f"SELECT count(*), max(pandaid) FROM doma_panda.{table}")


@contextmanager
def _readers(url: str) -> Iterator[list[psycopg.Connection]]:
    with ExitStack() as stack:
        readers = [stack.enter_context(psycopg.connect(url)) for _ in range(4)]
        for reader in readers:
            reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        yield readers


@dataclass(frozen=True)
class Scenario:
    """A scenario of the comparison: one phase between two quiet ones."""

    name: str
    act: Callable[[Stage], None]
    seconds: float = 6
    queues: tuple[str, ...] = ("chaos",)
    payload: float = 0.0
    kind: str = "chaos"

    @property
    def words(self) -> str:
        """Return what happens, for the table."""
        return " ".join((self.act.__doc__ or "").split("\n")[0].split())


WRITER, READER = "BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ"
SCENARIOS = (
    Scenario("worker killed", worker_killed),
    Scenario("worker killed often", worker_killed_often, 12),
    Scenario("PostgreSQL killed", server_killed),
    Scenario("connections terminated", backends_terminated),
    Scenario("all connections terminated", all_terminated),
    Scenario("connections exhausted", connections_exhausted),
    Scenario("transaction held open", held_open(WRITER), 8, kind="pressure"),
    Scenario("snapshot held", held_open(READER), 8, kind="pressure"),
    Scenario("overload", overload, 6, payload=0.1, kind="pressure"),
    Scenario("readers", tables_read, 8, kind="pressure"),
    Scenario("mixed queues", nothing, 6, MIXED, kind="pressure"),
)
