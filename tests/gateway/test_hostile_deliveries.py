"""Deliveries that meet others, or that are made to do harm: none is lost, none leads elsewhere."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from pandadb.gateway.broker.poison import note_failure
from pandadb.gateway.deliveries import Delivery
from pandadb.gateway.replay import replay
from pandadb.models import GatewayDelivery
from pandadb.services import gateway
from tests.gateway.sites import Site

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.database import Database

pytestmark = pytest.mark.any_server


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return Site(database, tmp_path)


def test_33_a_run_and_its_cancel_at_once_leave_no_run(site: Site) -> None:
    runs = range(1000, 1008)
    for run in runs:
        begin = threading.Barrier(2)

        def deliver(message: dict[str, Any], begin: threading.Barrier = begin) -> None:
            begin.wait()
            site.deliver(message, "ReductionPending")

        messages = site.pending(run), {"run_number": run, "run_version": 0, "cancel": True}
        threads = [threading.Thread(target=deliver, args=(one,)) for one in messages]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [(run.run_number, run.message) for run in site.runs()] == [
        (run, "cancelled") for run in runs
    ]


@pytest.mark.parametrize("name", ["ID:1", 400 * "x"])
def test_another_message_with_the_id_of_one_is_not_lost(site: Site, name: str) -> None:
    first, other = (site.deliver(site.ready(run), name=name) for run in (101, 102))
    again = [site.deliver(site.ready(run), name=name) for run in (101, 102)]
    assert (first.kind, other.kind) == ("job", "job")
    assert [(one.kind, one.pandaid) for one in again] == [
        ("repeated", first.pandaid),
        ("repeated", other.pandaid),
    ]


def test_a_message_that_was_committed_before_has_no_failed_deliveries(site: Site) -> None:
    site.deliver(site.ready(), name="a")
    note_failure(site.database, site.settings, Delivery("/queue/DataReady", "a"), "not confirmed")
    assert site.deliver(site.ready(), name="a").kind == "repeated"
    with site.database.transaction() as connection:
        number = select(func.count()).select_from(GatewayDelivery)
        assert connection.execute(number).scalar_one() == 0


def test_a_dead_letter_is_replayed_once_though_its_id_is_forgotten(site: Site) -> None:
    site.deliver(site.ready(instrument=None), name="bad")
    (letter,) = gateway.dead_letters(site.database)
    found = gateway.dead_letter(site.database, letter.dead_letter_id)
    kinds = [replay(site.database, site.settings, found).kind]
    gateway.forget_messages(site.database, days=0)
    found = gateway.dead_letter(site.database, letter.dead_letter_id)
    kinds += [replay(site.database, site.settings, found).kind]
    assert kinds == ["error", "repeated"]


def test_a_facility_leads_to_no_other_folder(site: Site) -> None:
    receipt = site.deliver(site.ready(facility="../../../other"))
    assert (receipt.kind, receipt.reason) == ("error", "facility: a name without / is needed")


def test_a_variable_with_a_huge_number_is_one(site: Site) -> None:
    site.script("def main(a, b): pass\n", "standard_vars = {'width': 5}\n")
    given = {"standard_vars": {"width": 1000 * "9"}}
    assert site.deliver(site.ready(reduction_arguments=given)).kind == "job"
