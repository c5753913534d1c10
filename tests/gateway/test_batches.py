"""Messages that are received together: the same as one by one, in few transactions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, func, select, text

from pandadb.gateway.deliveries import Delivery
from pandadb.gateway.intake import as_received, receive, receive_all
from pandadb.models import GatewayDelivery
from pandadb.services import gateway
from tests.gateway.brokers import activemq, post
from tests.gateway.gateway_threads import running
from tests.gateway.instrument_runs import READY, message, wish
from tests.gateway.sites import Site
from tests.worker.payloads import until

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.database import Database

pytestmark = pytest.mark.any_server
TRANSACTIONS = text("SELECT count(DISTINCT xmin::text) FROM pandadb.gateway_message")


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    made = Site(database, tmp_path)
    made.script("def main(a, b):\n    pass\n", 'standard_vars = {"width": 5}\n')
    return made


def deliveries(*messages: Any) -> list[Delivery]:
    """Return messages of new data; a text is a queue's name for the next one."""
    found, place = [], READY
    for number, one in enumerate(messages):
        if isinstance(one, str):
            place = f"/queue/{one}"
            continue
        body = one if isinstance(one, bytes) else json.dumps(one).encode()
        found.append(Delivery(place, f"m{number}", {"priority": str(number % 10)}, body))
    return found


def number_of(database: Database, statement: Any) -> int:
    with database.transaction() as connection:
        return int(connection.execute(statement).scalar_one())


def given(width: int) -> dict[str, Any]:
    return {"standard_vars": {"width": width}}


def of_all_kinds(site: Site) -> list[Delivery]:
    """Return messages that meet each other: versions, a cancel, skipped, wrong and bad ones."""
    return deliveries(
        site.ready(101, reduction_arguments=given(7)),
        site.ready(101),
        site.ready(102, reduction_arguments=given(8)),
        site.ready(103, rb_number="calibration"),
        site.ready(104, reduction_arguments={"standard_vars": {"height": 1}}),
        b"{",
        "ReductionPending",
        {"run_number": 105, "run_version": 0, "cancel": True},
        site.pending(105),
        site.pending(101, run_version=7),
        "DataReady",
        site.ready(101),
        site.ready(106, rb_number=7654321, instrument="wish"),
        site.ready(107),
    )


def facts(site: Site) -> list[Any]:
    """Return what the gateway has made of messages, without numbers and times."""
    records = [
        (one.run_number, one.run_version, one.status, one.message, one.variables, one.body)
        for one in site.runs()
    ]
    statement = text(
        "SELECT jobname, currentpriority, p.jobparameters FROM doma_panda.jobsactive4"
        " JOIN doma_panda.jobparamstable p USING (pandaid) UNION ALL"
        " SELECT jobname, currentpriority, p.jobparameters FROM doma_panda.jobsdefined4"
        " JOIN doma_panda.jobparamstable p USING (pandaid) ORDER BY 1"
    )
    with site.database.transaction() as connection:
        jobs = [tuple(row) for row in connection.execute(statement)]
    variables = [
        (one.name, one.value, one.start_run, one.tracks_script)
        for one in gateway.list_variables(site.database)
    ]
    return [records, jobs, variables, sorted(map(str, site.events()))]


def test_a_batch_is_the_same_as_its_messages_one_by_one(site: Site, there: Database) -> None:
    alone = [receive(site.database, site.settings, one) for one in of_all_kinds(site)]
    first = facts(site)
    site.database = there
    together = [*receive_all(site.database, site.settings, of_all_kinds(site))]
    assert [(one.kind, one.reason, one.warnings) for one in together] == [
        (one.kind, one.reason, one.warnings) for one in alone
    ]
    assert facts(site) == first
    again = [*receive_all(site.database, site.settings, of_all_kinds(site))]
    assert {one.kind for one in again} == {"repeated"}
    assert [one.pandaid for one in again] == [one.pandaid for one in together]


def test_runs_that_follow_each_other_are_one_transaction_of_few_statements(site: Site) -> None:
    sent: list[str] = []

    def keep(*given: Any) -> None:
        sent.append(given[2])

    messages = [site.ready(run, rb_number=1_000_000 + run % 7) for run in range(1, 41)]
    event.listen(site.database.engine, "before_cursor_execute", keep)
    found = [*receive_all(site.database, site.settings, deliveries(*messages))]
    event.remove(site.database.engine, "before_cursor_execute", keep)
    assert {one.kind for one in found} == {"job"}
    assert number_of(site.database, TRANSACTIONS) == 1
    assert len(sent) < 3 * len(messages)


def test_one_that_was_received_before_is_no_second_job_and_the_others_are(site: Site) -> None:
    first, second, third = deliveries(site.ready(101), site.ready(102), site.ready(103))
    receive(site.database, site.settings, second)
    gateway.note_failure(site.database, _received(site, third), "the gateway was killed")
    found = [*receive_all(site.database, site.settings, [first, second, first, third])]
    assert [one.kind for one in found] == ["job", "repeated", "repeated", "job"]
    assert sorted(run.run_number for run in site.runs()) == [101, 102, 103]
    number = select(func.count()).select_from(GatewayDelivery)
    assert number_of(site.database, number) == 0


def _received(site: Site, delivery: Delivery) -> gateway.Received:
    return as_received(site.settings, delivery)


@pytest.mark.slow
def test_a_broker_hands_over_messages_that_become_jobs_together(
    database: Database, tmp_path: Path
) -> None:
    with activemq() as broker:
        settings = wish(broker, tmp_path)
        bad = [b"\xff", b"[1]"]
        runs = [message(settings, run) for run in range(1, 121)]
        post(broker, READY, *runs[:60], *bad, *runs[60:])
        with running(database, settings) as loop:
            until(lambda: loop.activity.received == 122)
    assert [run.run_number for run in gateway.list_runs(database, limit=1000)] == [*range(1, 121)]
    assert len(gateway.dead_letters(database)) == 2
    assert number_of(database, TRANSACTIONS) < 30
