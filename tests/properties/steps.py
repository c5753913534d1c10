"""Steps of jobs' lives, as those who do them at once take them: whichever jobs there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from pandadb.models import JobsActive4, JobsDefined4
from pandadb.services import jobs
from pandadb.services.jobs import DispatchRequest, Heartbeat
from tests.properties.tasks import new_jobs

if TYPE_CHECKING:
    import random

    from pandadb.database import Database

TASK = 7


def submit(database: Database, chance: random.Random) -> None:
    jobs.submit(database, new_jobs(database, TASK, chance.randint(1, 8)))


def activate(database: Database, chance: random.Random) -> None:
    jobs.activate(database, some(database, JobsDefined4, "defined"))


def dispatch(database: Database, chance: random.Random) -> None:
    jobs.dispatch(database, DispatchRequest("CERN", chance.randint(1, 8)))


def run(database: Database, chance: random.Random) -> None:
    sent = some(database, JobsActive4, "sent")
    jobs.heartbeat(database, [Heartbeat(job, "running") for job in sent])


def end(database: Database, chance: random.Random) -> None:
    verb = chance.choice((jobs.finish, jobs.fail, jobs.transfer))
    verb(database, some(database, JobsActive4, chance.choice(("running", "transferring"))))


def kill(database: Database, chance: random.Random) -> None:
    jobs.kill(database, some(database, JobsActive4, "activated")[:2], by="test")


def some(database: Database, table: type[JobsActive4 | JobsDefined4], state: str) -> list[int]:
    """Return up to ten jobs in a state, any."""
    with database.session() as session:
        found = select(table.pandaid).where(table.jobstatus == state)
        return [*session.scalars(found.order_by(func.random()).limit(10))]


STEPS = (submit, activate, dispatch, run, end, end, kill)
