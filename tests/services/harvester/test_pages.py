"""Pages of instances and workers: few statements, no credentials."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, update

from pandadb.core.sql.validation import InvalidValue
from pandadb.models import HarvesterWorkers
from pandadb.services import harvester
from pandadb.services.harvester import HarvesterCommand, UnknownInstance, WorkerFilter
from tests.harvester_workers import report

if TYPE_CHECKING:
    from pandadb.database import Database

SECRETS = "s3cr3t"


@pytest.fixture
def filled(database: Database) -> Database:
    """Two instances, one not registered, with workers, jobs and commands."""
    harvester.register(database, "H1")
    states = ["running", "running", "submitted", "failed"]
    reports = [
        report(n, status, computingSite=f"Q{n % 2}", pandaid_list=[n, 100 + n])
        for n, status in enumerate(states * 5)
    ]
    harvester.update_workers(database, "H1", reports)
    harvester.update_workers(database, "H2", [report(1)])
    harvester.send_commands(database, [HarvesterCommand("H1", f"C{n}") for n in range(3)])
    harvester.take_commands(database, "H1", 1)
    return database


def test_a_harvester_with_its_workers_takes_three_statements(filled: Database) -> None:
    sent: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(filled.engine, "before_cursor_execute", note)
    page = harvester.page(filled, "H1", WorkerFilter("running"), limit=5)
    event.remove(filled.engine, "before_cursor_execute", note)

    assert len(sent) <= 3
    assert page.state.states == {"running": 10, "submitted": 5, "failed": 5}
    assert page.state.counts["Q0"] == {"running": 5, "submitted": 5}
    assert page.state.commands == {"new": 2, "retrieved": 1}
    assert [one["workerid"] for one in page.page.workers] == [17, 16, 13, 12, 9]
    assert page.page.workers[0]["pandaids"] == [17, 117]


def test_pages_follow_each_other(filled: Database) -> None:
    seen, before = [], None
    while True:
        page = harvester.find_workers(filled, "H1", limit=7, before=before)
        seen += [one["workerid"] for one in page.workers]
        before = page.next
        if before is None:
            break

    assert seen == [*range(19, -1, -1)]


def test_an_instance_that_is_not_registered_is_listed_with_its_workers(filled: Database) -> None:
    one, two = harvester.status(filled)

    assert (one.harvester, two.harvester, two.instance) == ("H1", "H2", None)
    assert two.states == {"running": 1}
    with pytest.raises(UnknownInstance, match=r"'H3' is not registered.*there are H1"):
        harvester.status(filled, "H3")


def test_workers_that_have_not_changed_for_long_do_not_count(filled: Database) -> None:
    with filled.session() as session:
        old = HarvesterWorkers.lastupdate - timedelta(hours=25)
        session.execute(update(HarvesterWorkers).values(lastupdate=old))

    assert harvester.status(filled, "H1")[0].states == {}
    assert harvester.status(filled, "H1", hours=26)[0].states["running"] == 10


def test_credentials_are_masked_in_whatever_is_shown(database: Database) -> None:
    harvester.update_workers(
        database,
        "H1",
        [
            report(
                1,
                stdOut=f"https://user:{SECRETS}@host/out?token={SECRETS}",
                stdErr=f"https://host/err?X-Amz-Signature={SECRETS}&a=b",
                diagMessage=f"401 for Authorization: Bearer {SECRETS}",
                jdl=f"password = '{SECRETS}'",
            )
        ],
    )
    params = {"proxy_token": SECRETS, "queues": ["Q"], "url": f"http://u:{SECRETS}@h"}
    harvester.send_commands(database, HarvesterCommand("H1", "A", params))

    shown = [harvester.page(database, "H1").page.workers, harvester.find_commands(database, "H1")]

    assert SECRETS not in json.dumps(shown, default=str)
    assert shown[1][0]["params"]["queues"] == ["Q"]
    (taken,) = harvester.take_commands(database, "H1", 1)
    assert taken.params == params


@pytest.mark.parametrize(
    ("limit", "before"), [(0, None), (100_001, None), (1, "x"), (1, 2**63), ("5", None)]
)
def test_limits_that_cannot_be_are_refused(database: Database, limit: Any, before: Any) -> None:
    with pytest.raises(InvalidValue):
        harvester.find_workers(database, "H1", limit=limit, before=before)


def test_commands_are_listed_by_state(filled: Database) -> None:
    newest = harvester.find_commands(filled, status="new")

    assert [one["command"] for one in newest] == ["C2", "C1"]
    assert harvester.find_commands(filled, "H2") == []
